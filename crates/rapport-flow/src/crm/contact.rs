//! Contacts' rows: drawn from profiles, in the transaction that changes them.

use super::cells;
use super::hearing::Turn;
use super::work::{Cause, search_text};
use crate::writer::Writer;
use rapport_core::crm::contact::project;
use rapport_core::crm::property::Fact;
use rapport_core::crm::{Cell, Definitions, ObjectType, Record, RecordNo, TypeId, Value};
use rapport_core::fold::watch::Seen;
use rapport_core::identity::ProfileNo;
use rapport_core::profile::Profile;
use rapport_store::Result;
use rapport_store::records::RecordWrite;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl Writer {
    /// Adds the writes of the rows of contacts that are new, changed or gone, and lets apps hear of
    /// it: of what events did entry by entry, as they were `seen`. Nothing is under way.
    pub async fn contacts(&mut self, changed: &BTreeSet<ProfileNo>, seen: &[Seen]) -> Result<()> {
        debug_assert!(!self.is_underway(), "rows are read from the disk");
        if changed.is_empty() {
            return Ok(());
        }
        let definitions = Arc::clone(&self.configuration.crm);
        let Some(object) = definitions.types.get(&TypeId::CONTACT) else {
            return Ok(());
        };
        self.settle_columns(object);
        let columns = cells::columns(object);
        let ids: Vec<u64> = changed.iter().map(|number| number.0).collect();
        let state = Arc::clone(&self.shared.roles.state);
        let stored = state.rows(TypeId::CONTACT.0, &ids, &columns).await?;
        let mut told = Told::default();
        for (number, row) in changed.iter().zip(stored) {
            let before = row.map(|row| cells::record(object, &columns, row));
            let profile = self.people.profile(*number);
            let drawn = |profile| drawn(&definitions, object, profile, before.as_ref());
            let after = profile.and_then(drawn);
            if self.listens() {
                told.insert(*number, (before.clone(), after.clone()));
            }
            self.records.extend(difference(object, before, after));
        }
        self.hear_of_contacts(&definitions, object, told, seen);
        Ok(())
    }

    /// What apps hear of contacts: what each event did to them, and what else became of them since.
    fn hear_of_contacts(
        &mut self,
        definitions: &Definitions,
        object: &ObjectType,
        mut told: Told,
        seen: &[Seen],
    ) {
        for one in seen {
            let Some((before, _)) = told.get_mut(&one.number) else {
                continue;
            };
            let profile = one.profile.as_ref();
            let after =
                profile.and_then(|profile| drawn(definitions, object, profile, before.as_ref()));
            let cause = Cause {
                place: one.position,
                received: one.received,
                origin: super::told::origin(self, one.source),
            };
            let turn = Turn {
                number: RecordNo(one.number.0),
                before: before.as_ref(),
                after: after.as_ref(),
                survivor: RecordNo(one.survivor.0),
                comes_back: false,
            };
            self.heard.extend(turn.happened(&cause));
            *before = after;
        }
        let Some(cause) = self.cause.clone() else {
            return;
        };
        for (number, (before, after)) in &told {
            let number = RecordNo(number.0);
            let turn = Turn {
                number,
                before: before.as_ref(),
                after: after.as_ref(),
                survivor: self.survivor_of(TypeId::CONTACT, number),
                comes_back: {
                    let merged = self.shared.merged();
                    merged.leads_to(TypeId::CONTACT, number).is_some()
                },
            };
            let happened = turn.happened(&cause);
            self.heard.extend(happened);
        }
    }
}

/// Contacts as they were and as they are.
type Told = BTreeMap<ProfileNo, (Option<Record>, Option<Record>)>;

/// A profile as a contact, if it is one. What follows from its links stays as it was before.
pub(crate) fn drawn(
    definitions: &Definitions,
    object: &ObjectType,
    profile: &Profile,
    before: Option<&Record>,
) -> Option<Record> {
    let contact = profile.contact?;
    let mut record = Record {
        no: RecordNo(profile.number.0),
        created: contact.since,
        updated: contact.updated,
        archived: contact.archived,
        team_path: before.map_or_else(|| "".into(), |before| before.team_path.clone()),
        values: project(object, profile),
    };
    let mut properties = object.properties.values();
    let owned = properties.find(|property| property.fact == Some(Fact::Owner));
    if let Some((owned, owner)) = owned.zip(contact.owner) {
        let owner = Value::Text(owner.to_string().into());
        record.values.insert(owned.no, owner);
    }
    for property in object.properties.values() {
        let kept = before.and_then(|before| before.values.get(&property.no));
        if property.calculated.is_some()
            && let Some(kept) = kept
        {
            record.values.insert(property.no, kept.clone());
        }
    }
    super::work::calculate(definitions, object, &mut record);
    Some(record)
}

/// The writes that make one row of another.
pub(crate) fn difference(
    object: &ObjectType,
    before: Option<Record>,
    after: Option<Record>,
) -> Vec<RecordWrite> {
    let id = object.id().0;
    let Some(after) = after else {
        let gone = before.map(|before| RecordWrite::Delete {
            object: id,
            id: before.no.0,
        });
        return gone.into_iter().collect();
    };
    let was: BTreeMap<u16, Cell> = match &before {
        Some(before) => before.cells(object).into_iter().collect(),
        None => BTreeMap::new(),
    };
    let is: BTreeMap<u16, Cell> = after.cells(object).into_iter().collect();
    let gone = was.keys().filter(|column| !is.contains_key(column));
    let mut cells: Vec<(u16, Cell)> = gone.map(|column| (*column, Cell::Null)).collect();
    for (column, cell) in &is {
        if was.get(column).unwrap_or(&Cell::Null) != cell || before.is_none() {
            cells.push((*column, cell.clone()));
        }
    }
    let mut writes = Vec::new();
    if !cells.is_empty() {
        cells.sort_by_key(|(column, _)| *column);
        let cells = cells.into_iter();
        writes.push(RecordWrite::Put {
            object: id,
            id: after.no.0,
            cells: cells
                .map(|(column, cell)| (column, cells::to_engine(cell)))
                .collect(),
        });
    }
    let text = search_text(object, &after);
    let known = before.map(|before| search_text(object, &before));
    if known.unwrap_or_default() != text {
        writes.push(RecordWrite::Search {
            object: id,
            id: after.no.0,
            text: text.into(),
        });
    }
    writes
}
