//! Columns of records: made in the transaction of the first row that needs them.

use super::Writer;
use rapport_core::crm::{ObjectType, TypeId};
use rapport_store::Result;
use rapport_store::records::{Form, RecordWrite, column};
use rapport_store::state::State;
use std::collections::{BTreeMap, BTreeSet};

/// Which columns there are, as of the transaction under way.
#[derive(Debug, Default)]
pub(super) struct Columns {
    defined: BTreeMap<TypeId, BTreeMap<u16, (Form, bool)>>,
    /// Types whose columns are those that are defined.
    settled: BTreeSet<TypeId>,
}

impl Columns {
    /// Those of a state.
    pub async fn read(state: &dyn State) -> Result<Columns> {
        let mut columns = Columns::default();
        for (object, defined) in state.objects().await? {
            let defined = defined.into_iter();
            let defined = defined.map(|one| (one.column, (one.form, one.unique)));
            let all = columns.defined.entry(TypeId(object)).or_default();
            all.extend(defined);
        }
        Ok(columns)
    }
}

impl Writer {
    /// Makes the columns of a type that its definition asks for and that are not there yet.
    pub fn settle_columns(&mut self, object: &ObjectType) {
        let id = object.id();
        if self.columns.settled.contains(&id) {
            return;
        }
        let known = self.columns.defined.entry(id).or_default();
        for property in object.properties.values() {
            let Some(number) = property.column().filter(|number| *number >= column::FIRST) else {
                continue;
            };
            let asked = (crate::crm::cells::form(property.form()), property.unique);
            let before = known.insert(number, asked);
            if before.is_some_and(|(form, _)| form != asked.0) {
                self.records.push(RecordWrite::Undefine {
                    object: id.0,
                    column: number,
                });
            }
            if before != Some(asked) {
                self.records.push(RecordWrite::Define {
                    object: id.0,
                    column: number,
                    form: asked.0,
                    unique: asked.1,
                });
            }
        }
        self.columns.settled.insert(id);
    }

    /// Looks at the columns of a type again before its next row: its definition changed.
    pub fn unsettle_columns(&mut self, object: TypeId) {
        self.columns.settled.remove(&object);
    }
}
