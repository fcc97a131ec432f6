//! A record on its way: what it was, what an input says, and what follows.

use crate::crm::PropertyNo;
use crate::crm::RecordNo;
use crate::crm::history::Origin;
use crate::crm::object::ObjectType;
use crate::crm::record::Record;
use crate::crm::refused::Refused;
use crate::crm::value::Value;
use crate::crm::write::{Change, values};
use crate::time::Millis;
use std::collections::{BTreeMap, BTreeSet};

/// A record on its way.
#[derive(Clone, Debug)]
pub struct Draft<'a> {
    /// Its type.
    pub object: &'a ObjectType,
    /// When it is written.
    pub at: Millis,
    /// By whom.
    pub origin: &'a Origin,
    before: Option<&'a Record>,
    after: Record,
    given: BTreeSet<PropertyNo>,
}

impl<'a> Draft<'a> {
    /// A record as it is, or a new one with what a new one has.
    #[must_use]
    pub fn new(
        object: &'a ObjectType,
        before: Option<&'a Record>,
        at: Millis,
        origin: &'a Origin,
    ) -> Draft<'a> {
        let mut draft = Draft {
            object,
            at,
            origin,
            before,
            after: before
                .cloned()
                .unwrap_or_else(|| Record::new(RecordNo(0), at)),
            given: BTreeSet::new(),
        };
        if before.is_none() {
            draft.begin();
        }
        draft
    }

    fn begin(&mut self) {
        for property in self.object.in_use() {
            if let Some(value) = Value::initial(property, self.at) {
                self.after.values.insert(property.no, value);
            }
        }
    }

    /// Takes what an input says.
    ///
    /// # Errors
    /// [`Refused`] at the first value that cannot be taken.
    pub fn say(&mut self, properties: &BTreeMap<Box<str>, Box<str>>) -> Result<(), Refused> {
        let said = values::read(self.object, &self.after, properties)?;
        for (no, value) in said {
            self.given.insert(no);
            self.put(no, value);
        }
        Ok(())
    }

    /// Takes a value, also one that no input may set. Nothing happens where the type has no such
    /// property.
    pub fn set(&mut self, name: &str, value: Option<Value>) {
        if let Some(property) = self.object.property(name) {
            self.put(property.no, value);
        }
    }

    /// The same, for what is said rather than follows.
    pub fn give(&mut self, name: &str, value: Option<Value>) {
        if let Some(property) = self.object.property(name) {
            self.given.insert(property.no);
            self.put(property.no, value);
        }
    }

    fn put(&mut self, no: PropertyNo, value: Option<Value>) {
        match value {
            Some(value) => self.after.values.insert(no, value),
            None => self.after.values.remove(&no),
        };
    }

    /// Whether the record is new.
    #[must_use]
    pub fn is_new(&self) -> bool {
        self.before.is_none()
    }

    /// What it has for a property, as things stand.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<Value> {
        self.after.named(self.object, name)
    }

    /// The same, as text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<Box<str>> {
        self.value(name).map(|value| value.spelled().into())
    }

    /// What it had before.
    #[must_use]
    pub fn was(&self, name: &str) -> Option<Value> {
        self.before?.named(self.object, name)
    }

    /// Whether it has another value now.
    #[must_use]
    pub fn moves(&self, name: &str) -> bool {
        self.value(name) != self.was(name)
    }

    /// Whether the input says something of a property.
    #[must_use]
    pub fn is_given(&self, name: &str) -> bool {
        let property = self.object.property(name);
        property.is_some_and(|property| self.given.contains(&property.no))
    }

    /// The record as it is to be.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.after
    }

    /// What is another way now.
    #[must_use]
    pub fn change(&self) -> Change {
        let nothing = BTreeMap::new();
        let before = self.before.map_or(&nothing, |record| &record.values);
        Change::between(before, &self.after.values)
    }
}
