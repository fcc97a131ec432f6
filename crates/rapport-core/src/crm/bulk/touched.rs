//! What a bulk did to one record, and what takes that back.

use super::{ARCHIVED, input};
use crate::crm::derived;
use crate::crm::write::Change;
use crate::crm::{ObjectType, Property, PropertyNo, Record, RecordInput, RecordNo, Value, Verb};
use crate::position::Position;
use crate::time::Millis;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// What a bulk did to one record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touched {
    /// The entry that did it, and which of its inputs.
    pub place: Position,
    /// Properties with what they were and what they are, as the API spells it.
    pub fields: Vec<Field>,
    /// Since when it was archived, and is; `None` where that is as it was.
    pub archived: Option<(Option<Millis>, Option<Millis>)>,
    /// Properties that an undo left as they are.
    pub kept: Vec<PropertyNo>,
    /// Why nothing was done.
    pub refused: Option<Box<str>>,
    /// Moments that nobody sets and that followed: when it was won, when it came to its stage.
    pub followed: Vec<Field>,
}

/// A property that was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Which.
    pub no: PropertyNo,
    /// What it was.
    pub old: Option<Box<str>>,
    /// What it is.
    pub new: Option<Box<str>>,
}

impl Field {
    /// Whether a record has it as spelled.
    fn is(&self, record: &Record, text: &Option<Box<str>>) -> bool {
        let value = record.values.get(&self.no).map(Value::spelled);
        value.as_deref() == text.as_deref()
    }
}

/// What there is to tell of a record that is not as it was to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Problem {
    /// Why nothing was done.
    Refused(Box<str>),
    /// What an undo left as it is.
    Kept(Vec<PropertyNo>),
}

impl Touched {
    /// What is another way between a record and what became of it. Of what cannot be set, moments
    /// are among it: the rest follows again.
    #[must_use]
    pub fn between(
        object: &ObjectType,
        place: Position,
        before: &Record,
        after: &Record,
    ) -> Touched {
        let (mut fields, mut followed) = (Vec::new(), Vec::new());
        for (no, property) in &object.properties {
            let (was, is) = (before.values.get(no), after.values.get(no));
            if was == is {
                continue;
            }
            let spelled = |value: &Value| Box::from(value.spelled());
            let field = Field {
                no: *no,
                old: was.map(spelled),
                new: is.map(spelled),
            };
            let is_moment = [was, is]
                .into_iter()
                .flatten()
                .all(|value| matches!(value, Value::Instant(_)));
            match property.is_writable() {
                true => fields.push(field),
                false if is_moment && property.calculated.is_none() => followed.push(field),
                false => {}
            }
        }
        let archived = (before.archived, after.archived);
        Touched {
            place,
            fields,
            archived: (archived.0 != archived.1).then_some(archived),
            followed,
            ..Touched::default()
        }
    }

    /// Whether the record was changed.
    #[must_use]
    pub fn is_change(&self) -> bool {
        !self.fields.is_empty() || self.archived.is_some()
    }

    /// The input that takes back what was set, whatever happened since and followed from it: what
    /// whoever undoes must be allowed.
    #[must_use]
    pub fn asked(
        &self,
        object: &ObjectType,
        record: RecordNo,
        sets: &BTreeSet<PropertyNo>,
    ) -> RecordInput {
        match self.archived {
            Some((before, _)) => input(record, verb(before), BTreeMap::new()),
            None => {
                let olds = self.olds(object, |field| sets.contains(&field.no));
                input(record, Verb::Write, olds)
            }
        }
    }

    /// The input that takes it back where nobody changed the same since, and the properties that
    /// stay as they are. `is_later` says whether a property was written after this. What is as it
    /// was before needs neither: so an undo that was stopped can be asked for again.
    #[must_use]
    pub fn back(
        &self,
        object: &ObjectType,
        record: &Record,
        is_later: impl Fn(PropertyNo) -> bool,
    ) -> (Option<RecordInput>, Vec<PropertyNo>) {
        if let Some((before, after)) = self.archived {
            if record.archived.is_some() == before.is_some() {
                return (None, Vec::new());
            }
            let same = record.archived == after && !is_later(ARCHIVED);
            let back = same.then(|| input(record.no, verb(before), BTreeMap::new()));
            let kept = (!same).then_some(ARCHIVED);
            return (back, kept.into_iter().collect());
        }
        let other = self.fields.iter();
        let other = other.filter(|field| !field.is(record, &field.old));
        let (back, kept): (Vec<_>, Vec<_>) =
            other.partition(|field| field.is(record, &field.new) && !is_later(field.no));
        let kept = kept.into_iter().map(|field| field.no).collect();
        let input = (!back.is_empty()).then(|| {
            let olds = self.olds(object, |field| back.contains(&field));
            input(record.no, Verb::Write, olds)
        });
        (input, kept)
    }

    /// Everything that stays as it is where none of it is taken back.
    #[must_use]
    pub fn all(&self) -> Vec<PropertyNo> {
        let fields = self.fields.iter().map(|field| field.no);
        fields.chain(self.archived.map(|_| ARCHIVED)).collect()
    }

    /// Takes out of the change that takes it back what only follows from that: a close date, where
    /// the bulk touched none, stays as it is. Moments that nobody sets are what they were.
    pub fn narrow(
        &self,
        object: &ObjectType,
        record: &Record,
        input: &RecordInput,
        change: &mut Change,
    ) {
        let is_named = |name: &str| input.properties.contains_key(name);
        change.values.retain(|no, _| {
            let property = object.properties.get(no);
            property.is_none_or(|property| !property.is_writable() || is_named(&property.name))
        });
        for field in &self.followed {
            let Some(property) = object.properties.get(&field.no) else {
                continue;
            };
            let needs = derived::needs(object, property);
            let comes_back = needs.own.iter().any(|name| is_named(name));
            if !comes_back || !field.is(record, &field.new) {
                continue;
            }
            let old = field.old.as_deref();
            let old = old.map(|text| Value::parse(property, text));
            if let Ok(old) = old.transpose() {
                change.values.insert(field.no, old.flatten());
            }
        }
    }

    /// What there is to tell of it.
    #[must_use]
    pub fn problem(&self) -> Option<Problem> {
        if let Some(refused) = &self.refused {
            return Some(Problem::Refused(refused.clone()));
        }
        let is_kept = !self.kept.is_empty();
        is_kept.then(|| Problem::Kept(self.kept.clone()))
    }

    fn olds(
        &self,
        object: &ObjectType,
        wanted: impl Fn(&Field) -> bool,
    ) -> BTreeMap<Box<str>, Box<str>> {
        let fields = self.fields.iter().filter(|field| wanted(field));
        let olds = fields.filter_map(|field| {
            let name = &object.properties.get(&field.no)?.name;
            Some((name.clone(), field.old.clone().unwrap_or_default()))
        });
        olds.collect()
    }
}

fn verb(archived: Option<Millis>) -> Verb {
    match archived {
        Some(_) => Verb::Archive,
        None => Verb::Restore,
    }
}

impl Problem {
    /// How it is told to somebody who knows of some properties; the others are not named.
    #[must_use]
    pub fn told(&self, object: Option<&ObjectType>, knows: impl Fn(&Property) -> bool) -> String {
        let kept = match self {
            Problem::Refused(why) => return why.to_string(),
            Problem::Kept(kept) => kept,
        };
        let names = kept.iter().filter_map(|no| {
            if *no == ARCHIVED {
                return Some("archived");
            }
            let property = object?.properties.get(no)?;
            knows(property).then_some(&*property.name)
        });
        let names: Vec<&str> = names.collect();
        let told = "changed since, and left as it is";
        match names.is_empty() {
            true => told.to_owned(),
            false => format!("{told}: {}", names.join(", ")),
        }
    }
}
