//! Work under way: the records, unique values and links one transaction reads and changes, so that
//! each step of it sees what the one before did.

use super::contact::difference;
use super::hearing::Hearing;
use super::read;
use crate::rows;
use crate::shared::Shared;
use crate::writer::Writer;
use rapport_core::crm::calculate::{self, Related};
use rapport_core::crm::history::{self, Origin};
use rapport_core::crm::write::Change;
use rapport_core::crm::{
    Definitions, ObjectType, Property, PropertyNo, Record, RecordNo, TypeId, Value,
};
use rapport_core::position::Position;
use rapport_core::time::Millis;
use rapport_store::Result;
use rapport_store::records::{Link, Linked, RecordWrite};
use rapport_store::state::{Table, Write};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

mod bin;
mod foreseen;
mod heard;

/// A record of a type.
pub(crate) type Key = (TypeId, RecordNo);

/// Where a change comes from.
#[derive(Clone, Debug)]
pub(crate) struct Cause {
    pub place: Position,
    pub received: Millis,
    pub origin: Origin,
}

/// What a transaction does to records.
#[derive(Clone)]
pub(crate) struct Work {
    pub definitions: Arc<Definitions>,
    held: BTreeMap<Key, Held>,
    /// Who has a unique value, where that was asked or changed.
    owners: BTreeMap<(TypeId, PropertyNo, Box<str>), Option<RecordNo>>,
    pairs: BTreeMap<(Key, Key), BTreeSet<u32>>,
    /// All links of records that have few, as they are stored.
    foreseen: BTreeMap<Key, Vec<Linked>>,
    links: Vec<RecordWrite>,
    writes: Vec<Write>,
    /// Records whose links or values others may follow from.
    moved: BTreeMap<Key, Moved>,
    /// What is told of it, where somebody wants to hear.
    hearing: Option<Hearing>,
}

/// What moved of a record.
#[derive(Clone, Debug, Default)]
pub(super) struct Moved {
    /// Its values; `None` where it was made, archived or restored, or is not what it was.
    pub change: Option<Change>,
    /// The types of records that it was linked to, or unlinked from.
    pub linked: BTreeSet<TypeId>,
}

#[derive(Clone, Debug)]
struct Held {
    before: Option<Record>,
    now: Option<Record>,
    /// A contact as its profile says it is by now, where that was asked: it is told already.
    drawn: Option<Record>,
}

impl Work {
    /// None yet.
    pub fn new(definitions: &Arc<Definitions>) -> Work {
        Work {
            definitions: Arc::clone(definitions),
            held: BTreeMap::new(),
            owners: BTreeMap::new(),
            pairs: BTreeMap::new(),
            foreseen: BTreeMap::new(),
            links: Vec::new(),
            writes: Vec::new(),
            moved: BTreeMap::new(),
            hearing: None,
        }
    }

    /// Reads records that were not read yet.
    pub async fn load(
        &mut self,
        shared: &Shared,
        object: TypeId,
        numbers: &[RecordNo],
    ) -> Result<()> {
        let is_new = |number: &&RecordNo| !self.held.contains_key(&(object, **number));
        let wanted: BTreeSet<RecordNo> = numbers.iter().filter(is_new).copied().collect();
        let Some(definition) = self
            .definitions
            .types
            .get(&object)
            .filter(|_| !wanted.is_empty())
        else {
            return Ok(());
        };
        let ids: Vec<u64> = wanted.iter().map(|number| number.0).collect();
        let found = read::rows(shared, definition, &ids).await?;
        for (number, record) in wanted.into_iter().zip(found) {
            let held = Held {
                before: record.clone(),
                now: record,
                drawn: None,
            };
            self.held.insert((object, number), held);
        }
        Ok(())
    }

    /// A record as it is now, if it is there.
    pub fn get(&self, key: Key) -> Option<&Record> {
        self.held.get(&key)?.now.as_ref()
    }

    /// Whose a unique value is now.
    pub async fn owner(
        &mut self,
        shared: &Shared,
        object: TypeId,
        property: &Property,
        value: &Value,
    ) -> Result<Option<RecordNo>> {
        let key = (object, property.no, Box::from(value.spelled()));
        if let Some(known) = self.owners.get(&key) {
            return Ok(*known);
        }
        let found = read::find(shared, object, property.no, std::slice::from_ref(value)).await?;
        let found = found.into_iter().next().flatten();
        self.owners.insert(key, found);
        Ok(found)
    }

    /// Puts a record in the place of what it was, and notes what changed in its history.
    pub fn put(&mut self, object: &ObjectType, record: Record, change: &Change, cause: &Cause) {
        let key = (object.id(), record.no);
        let held = self.held.entry(key).or_insert(Held {
            before: None,
            now: None,
            drawn: None,
        });
        let nothing = BTreeMap::new();
        let was = held.now.as_ref();
        if let Some(hearing) = &mut self.hearing {
            hearing.put(object, was, &record, change, cause);
        }
        let values = was.map_or(&nothing, |was| &was.values);
        if was.is_none() {
            self.writes.push(history_row(
                key,
                &history::Row {
                    property: PropertyNo(0),
                    old: None,
                    new: None,
                    at: cause.received,
                    origin: cause.origin.clone(),
                },
                cause.place,
            ));
        } else {
            for row in history::rows(values, change, cause.received, &cause.origin) {
                self.writes.push(history_row(key, &row, cause.place));
            }
        }
        for (no, value) in &change.values {
            let property = object.properties.get(no).filter(|property| property.unique);
            let Some(property) = property else { continue };
            let owner = |value: &Value| (object.id(), property.no, Box::from(value.spelled()));
            if let Some(old) = values.get(no) {
                self.owners.insert(owner(old), None);
            }
            if let Some(new) = value {
                self.owners.insert(owner(new), Some(record.no));
            }
        }
        let is_new = held.now.is_none();
        held.now = Some(record);
        self.note(key, (!is_new).then(|| change.clone()));
    }

    /// Whether a record was read.
    pub fn holds(&self, key: Key) -> bool {
        self.held.contains_key(&key)
    }

    /// Takes a contact as its profile says it is by now.
    pub fn draw(&mut self, key: Key, record: Option<Record>) {
        if let Some(held) = self.held.get_mut(&key) {
            held.drawn.clone_from(&record);
            held.now = record;
        }
    }

    /// Changes a record without a word in its history: it follows from something else.
    pub fn settle(&mut self, key: Key, change: Change) {
        if let Some(record) = self.held.get_mut(&key).and_then(|held| held.now.as_mut()) {
            change.apply(record);
            self.note(key, Some(change));
        }
    }

    /// Takes a record away for good: its number leads elsewhere.
    pub fn remove(&mut self, key: Key) {
        let Some(held) = self.held.get_mut(&key) else {
            return;
        };
        let Some(gone) = held.now.take() else { return };
        if let Some(object) = self.definitions.types.get(&key.0) {
            for (no, value) in &gone.values {
                if object
                    .properties
                    .get(no)
                    .is_some_and(|property| property.unique)
                {
                    let owner = (key.0, *no, Box::from(value.spelled()));
                    self.owners.insert(owner, None);
                }
            }
        }
    }

    /// Notes that values of a record changed; with `None`, that anything of it may have.
    fn note(&mut self, key: Key, change: Option<Change>) {
        let moved = self.noted(key);
        match (&mut moved.change, change) {
            (Some(noted), Some(change)) => noted.then(change),
            (noted, _) => *noted = None,
        }
    }

    fn noted(&mut self, key: Key) -> &mut Moved {
        self.moved.entry(key).or_insert_with(|| Moved {
            change: Some(Change::default()),
            linked: BTreeSet::new(),
        })
    }

    /// Notes that a record was made, archived or restored, or is not what it was.
    pub fn touch(&mut self, key: Key) {
        self.note(key, None);
    }

    /// Notes that two records were linked or unlinked.
    fn touch_both(&mut self, from: Key, to: Key) {
        self.noted(from).linked.insert(to.0);
        self.noted(to).linked.insert(from.0);
    }

    /// What moved since the last call, and how.
    pub(super) fn take_moved(&mut self) -> BTreeMap<Key, Moved> {
        std::mem::take(&mut self.moved)
    }

    /// Whether nothing moved since.
    pub fn is_settled(&self) -> bool {
        self.moved.is_empty()
    }

    /// How two records are linked, by the numbers the link has.
    async fn pair(&mut self, shared: &Shared, from: Key, to: Key) -> Result<&mut BTreeSet<u32>> {
        // Nobody is asked about a record that this transaction makes.
        let is_new = self.makes(from) || self.makes(to);
        Ok(match self.pairs.entry((from, to)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) if is_new => place.insert(BTreeSet::new()),
            Entry::Vacant(place) => match foreseen::far(&self.foreseen, from, to.0) {
                Some(far) => {
                    let of_it = far.filter(|(number, _)| *number == to.1);
                    place.insert(of_it.map(|(_, kind)| kind).collect())
                }
                None => place.insert(super::links::between(shared, from, to).await?),
            },
        })
    }

    /// Whether this transaction makes a record. Contacts are made elsewhere, and may have had links
    /// before they were contacts.
    fn makes(&self, key: Key) -> bool {
        let held = self.held.get(&key).filter(|_| key.0 != TypeId::CONTACT);
        held.is_some_and(|held| held.before.is_none() && held.now.is_some())
    }

    /// How two records are linked, by whichever of their numbers.
    pub async fn kinds(&mut self, writer: &Writer, from: Key, to: Key) -> Result<BTreeSet<u32>> {
        let mut kinds = BTreeSet::new();
        for own in writer.numbers_of(from.0, from.1) {
            for far in writer.numbers_of(to.0, to.1) {
                let pair = self
                    .pair(&writer.shared, (from.0, own), (to.0, far))
                    .await?;
                kinds.extend(pair.iter().copied());
            }
        }
        Ok(kinds)
    }

    /// What a record is linked to of a type, each with the kinds of its links; `None` where that
    /// is more than `most`.
    pub async fn linked(
        &self,
        writer: &Writer,
        from: Key,
        to: TypeId,
        most: usize,
    ) -> Result<Option<BTreeMap<RecordNo, BTreeSet<u32>>>> {
        let mut found: BTreeMap<RecordNo, BTreeSet<u32>> = BTreeMap::new();
        for own in writer.numbers_of(from.0, from.1) {
            let own = (from.0, own);
            let foreseen = foreseen::far(&self.foreseen, own, to);
            let stored = match foreseen.filter(|_| most >= foreseen::FEW) {
                _ if self.makes(own) => Some(Vec::new()),
                Some(far) => Some(far.collect()),
                None => super::links::stored(&writer.shared, own, to, most).await?,
            };
            let Some(stored) = stored else {
                return Ok(None);
            };
            let mut links: BTreeMap<RecordNo, BTreeSet<u32>> = BTreeMap::new();
            for (number, kind) in stored {
                links.entry(number).or_default().insert(kind);
            }
            let first = (own, (to, RecordNo(0)))..=(own, (to, RecordNo(u64::MAX)));
            for ((_, (_, number)), kinds) in self.pairs.range(first) {
                links.insert(*number, kinds.clone());
            }
            for (number, kinds) in links.into_iter().filter(|(_, kinds)| !kinds.is_empty()) {
                let survivor = writer.survivor_of(to, number);
                found.entry(survivor).or_default().extend(kinds);
            }
        }
        Ok((found.len() <= most).then_some(found))
    }

    /// Links two records, in both directions; whether they were not linked so.
    pub async fn link(
        &mut self,
        writer: &Writer,
        from: Key,
        to: Key,
        kinds: (u32, u32),
    ) -> Result<bool> {
        if self.kinds(writer, from, to).await?.contains(&kinds.0) {
            return Ok(false);
        }
        let shared = &writer.shared;
        self.pair(shared, from, to).await?.insert(kinds.0);
        self.pair(shared, to, from).await?.insert(kinds.1);
        self.touch_both(from, to);
        self.relinked(both(from, to, kinds), false);
        Ok(true)
    }

    /// Takes a link away, in both directions and whichever numbers it has; whether there was one.
    pub async fn unlink(
        &mut self,
        writer: &Writer,
        from: Key,
        to: Key,
        kinds: (u32, u32),
    ) -> Result<bool> {
        let mut was = false;
        let shared = &writer.shared;
        for own in writer.numbers_of(from.0, from.1) {
            for far in writer.numbers_of(to.0, to.1) {
                let (own, far) = ((from.0, own), (to.0, far));
                if self.pair(shared, own, far).await?.remove(&kinds.0) {
                    self.pair(shared, far, own).await?.remove(&kinds.1);
                    self.relinked(both(own, far, kinds), true);
                    was = true;
                }
            }
        }
        if was {
            self.touch_both(from, to);
        }
        Ok(was)
    }

    /// Lets a link of a record lead to another contact's number, or to none.
    pub async fn redirect(
        &mut self,
        writer: &Writer,
        record: Key,
        (before, after): (Key, Option<Key>),
        kinds: (u32, u32),
    ) -> Result<()> {
        let shared = &writer.shared;
        if !self.pair(shared, record, before).await?.remove(&kinds.0) {
            return Ok(());
        }
        self.pair(shared, before, record).await?.remove(&kinds.1);
        self.relinked(both(record, before, kinds), true);
        self.touch(record);
        self.touch(before);
        let Some(after) = after else { return Ok(()) };
        if self.pair(shared, record, after).await?.insert(kinds.0) {
            self.pair(shared, after, record).await?.insert(kinds.1);
            self.relinked(both(record, after, kinds), false);
            self.touch(after);
        }
        Ok(())
    }

    /// Adds a write of its own.
    pub fn write(&mut self, write: Write) {
        self.writes.push(write);
    }

    /// Hands everything that changed to the writer's transaction.
    pub fn finish(mut self, writer: &mut Writer, writes: &mut Vec<Write>) {
        for ((object, _), held) in self.held {
            let Some(object) = self.definitions.types.get(&object) else {
                continue;
            };
            if let Some(hearing) = &mut self.hearing {
                let told = held.drawn.as_ref().or(held.before.as_ref());
                hearing.follows(object, told, held.now.as_ref());
            }
            let changed = difference(object, held.before, held.now);
            if !changed.is_empty() {
                writer.settle_columns(object);
                writer.records.extend(changed);
            }
        }
        writer.records.extend(self.links);
        writes.extend(self.writes);
        if let Some(hearing) = self.hearing {
            hearing.finish(writer);
        }
    }
}

fn both(from: Key, to: Key, kinds: (u32, u32)) -> [Link; 2] {
    let end = |key: Key| (key.0.0, key.1.0);
    let there = Link {
        from: end(from),
        to: end(to),
        kind: kinds.0,
    };
    let back = Link {
        from: end(to),
        to: end(from),
        kind: kinds.1,
    };
    [there, back]
}

fn history_row(key: Key, row: &history::Row, place: Position) -> Write {
    let key = rows::property_history_key((key.0.0, key.1.0), row.property.0, place);
    rows::put(Table::PropertyHistory, key, row)
}

/// Calculates what follows from a record's own values.
pub(crate) fn calculate(definitions: &Definitions, object: &ObjectType, record: &mut Record) {
    calculate::settle(definitions, object, record, &Related::new());
}

/// What a record is found by.
pub(crate) fn search_text(object: &ObjectType, record: &Record) -> String {
    let named = object.head.searchable.iter();
    let texts: Vec<String> = named
        .filter_map(|name| record.named(object, name))
        .map(|value| value.spelled())
        .collect();
    texts.join(" ")
}
