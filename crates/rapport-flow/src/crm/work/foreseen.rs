//! What work is about to ask for, read for many records at once.

use super::{Key, Work};
use crate::crm::read;
use crate::shared::Shared;
use crate::writer::Writer;
use rapport_core::crm::{Property, RecordNo, TypeId, Value};
use rapport_store::Result;
use rapport_store::records::{Linked, Links};
use std::collections::{BTreeMap, BTreeSet};

/// Links of a record that are read ahead at most; records with more are asked one by one.
pub(super) const FEW: usize = 64;

/// What a record is linked to of a type, with the kinds of the links, if its links were read ahead.
pub(super) fn far(
    foreseen: &BTreeMap<Key, Vec<Linked>>,
    from: Key,
    to: TypeId,
) -> Option<impl Iterator<Item = (RecordNo, u32)>> {
    let links = foreseen.get(&from)?.iter();
    let of_type = links.filter(move |link| link.object == to.0);
    Some(of_type.map(|link| (RecordNo(link.id), link.kind)))
}

impl Work {
    /// Reads whose these unique values are, in one read; the records that have one.
    pub async fn foresee_owners(
        &mut self,
        shared: &Shared,
        object: TypeId,
        property: &Property,
        values: BTreeSet<Box<str>>,
    ) -> Result<Vec<RecordNo>> {
        let values: Vec<Value> = values.into_iter().map(Value::Text).collect();
        let found = read::find(shared, object, property.no, &values).await?;
        let known = found.iter().copied().flatten().collect();
        for (value, owner) in values.iter().zip(found) {
            let key = (object, property.no, Box::from(value.spelled()));
            self.owners.entry(key).or_insert(owner);
        }
        Ok(known)
    }

    /// Reads the links of these records, in one read for each type.
    pub async fn foresee(
        &mut self,
        writer: &Writer,
        keys: impl IntoIterator<Item = Key>,
    ) -> Result<()> {
        let mut wanted: BTreeMap<TypeId, BTreeSet<RecordNo>> = BTreeMap::new();
        for (object, survivor) in keys {
            for number in writer.numbers_of(object, survivor) {
                let own = (object, number);
                if !self.makes(own) && !self.foreseen.contains_key(&own) {
                    wanted.entry(object).or_default().insert(number);
                }
            }
        }
        for (object, numbers) in wanted {
            let links = Links {
                from: object.0,
                ids: numbers.iter().map(|number| number.0).collect(),
                to: None,
                after: None,
                limit: FEW + 1,
            };
            let pages = writer.shared.roles.state.links(links).await?;
            for (number, page) in numbers.into_iter().zip(pages) {
                if page.len() <= FEW {
                    self.foreseen.insert((object, number), page);
                }
            }
        }
        Ok(())
    }

    /// Whether the links of a record were read ahead, all of them.
    pub fn foresees(&self, writer: &Writer, (object, survivor): Key) -> bool {
        let mut numbers = writer.numbers_of(object, survivor).into_iter();
        numbers.all(|number| {
            self.makes((object, number)) || self.foreseen.contains_key(&(object, number))
        })
    }
}
