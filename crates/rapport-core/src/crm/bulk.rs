//! Bulk changes: one change of many records, made in steps, and remembered so that it can be taken
//! back.
//!
//! A step is one entry and one transaction: the records it changes, what each of them was, and how
//! far the whole is. So a bulk goes on where it was, whatever happens in between. Records come in
//! the order of their numbers, each once; one that is made after the beginning is not among them.

use super::derived;
use super::query::Search;
use super::write::Change;
use super::{
    Definitions, ObjectType, PropertyNo, Record, RecordInput, RecordNo, RecordReference, Refused,
    TypeId, Value, Verb,
};
use crate::member::MemberNo;
use crate::position::Position;
use crate::time::{DAY_MS, Millis};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Most records that are named one by one.
pub const NAMED_MAX: usize = 10_000;
/// Bulks that are under way at once.
pub const UNDER_WAY_MAX: usize = 20;
/// How long it is remembered what a bulk did, and so how long it can be taken back.
pub const KEPT_MS: i64 = 30 * DAY_MS;
/// Records whose past is forgotten at once.
pub const FORGOTTEN_MAX: usize = 1_000;
/// Most problems that are told together; each is told with its record.
pub const PROBLEMS_MAX: usize = 100;

/// What stands for whether a record is archived: the engine's own column.
pub const ARCHIVED: PropertyNo = PropertyNo(2);

/// What is done to each record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// It gets these values.
    Set(BTreeMap<Box<str>, Box<str>>),
    /// It is archived.
    Archive,
    /// It is taken out of the archive.
    Restore,
    /// It gets back what a bulk took, where nobody changed the same since.
    Undo(Position),
}

/// Which records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// These, ascending.
    Named(Vec<RecordNo>),
    /// Those that a search finds when it is their turn.
    Found(Search),
    /// Those that the bulk changed which is undone.
    Changed,
}

/// By whose rights it is done, which are asked for again at each step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Those of a token, by its hash.
    Token(Box<str>),
    /// Those of a member.
    Member(MemberNo),
}

/// What is to be begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Records of this type.
    pub object: TypeId,
    /// Which of them.
    pub which: Which,
    /// What is done to each.
    pub act: Act,
    /// The last number there is: what is made later is not among them.
    pub until: RecordNo,
    /// How many there are, as far as can be told.
    pub expected: u64,
    /// By whose rights.
    pub by: By,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The entry that began the bulk.
    pub bulk: Position,
    /// How far it was before.
    pub from: RecordNo,
    /// How far it is afterwards.
    pub to: RecordNo,
    /// Whether nothing is left then.
    pub is_last: bool,
    /// The records that are changed, ascending.
    pub records: Vec<RecordNo>,
    /// Those that the rights do not reach, and why.
    pub denied: Vec<(RecordNo, Box<str>)>,
}

/// An end before everything is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// The entry that began the bulk.
    pub bulk: Position,
    /// Why.
    pub reason: Box<str>,
}

/// A step of forgetting a bulk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forgetting {
    /// The entry that began the bulk.
    pub bulk: Position,
}

/// Where a bulk stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// It goes on.
    Running,
    /// Everything is done.
    Done,
    /// It ended before that.
    Stopped(Box<str>),
}

/// A bulk, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bulk {
    /// The entry that began it.
    pub id: Position,
    /// What was begun.
    pub draft: Draft,
    /// Who asked.
    pub actor: Box<str>,
    /// When.
    pub began: Millis,
    /// When it ended.
    pub ended: Option<Millis>,
    /// Where it stands.
    pub standing: Standing,
    /// The last number it has come to.
    pub at: RecordNo,
    /// What became of the records so far.
    pub counts: Counts,
    /// The first problems.
    pub problems: Vec<(RecordNo, Box<str>)>,
    /// The entry that began to take it back.
    pub undone_by: Option<Position>,
    /// Whether it takes one back; one that takes such a one back does not.
    pub takes_back: bool,
}

/// What became of records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// They are another way now.
    pub changed: u64,
    /// They were that way.
    pub unchanged: u64,
    /// They could not be changed.
    pub refused: u64,
    /// Fields that an undo left as they are: somebody changed them since.
    pub kept: u64,
}

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

/// Why a bulk is not begun.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// Nothing is to be done.
    #[error("there is nothing to set")]
    Nothing,
    /// Too many records are named.
    #[error("{NAMED_MAX} records at most are named one by one: say with a filter which are meant")]
    TooMany,
    /// Numbers are not ascending.
    #[error("records are named once, ascending")]
    Order,
    /// A value is not one that records of this type may have.
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl Draft {
    /// Checks what can be checked before the first record.
    ///
    /// # Errors
    /// [`Error`].
    pub fn check(&self, object: &ObjectType) -> Result<(), Error> {
        if let Which::Named(records) = &self.which {
            if records.len() > NAMED_MAX {
                return Err(Error::TooMany);
            }
            if !records.is_sorted_by(|one, next| one < next) {
                return Err(Error::Order);
            }
        }
        let Act::Set(values) = &self.act else {
            return Ok(());
        };
        if values.is_empty() {
            return Err(Error::Nothing);
        }
        for (name, text) in values {
            let property = object.property(name);
            let property = property.ok_or_else(|| Refused::PropertyDoesntExist {
                property: name.clone(),
            })?;
            Value::parse(property, text).map_err(|invalid| Refused::value(name, invalid))?;
        }
        Ok(())
    }
}

impl Act {
    /// What it makes of one record; `None` for an undo, which looks at what the record was.
    #[must_use]
    pub fn input(&self, record: RecordNo) -> Option<RecordInput> {
        let (verb, properties) = match self {
            Act::Set(values) => (Verb::Write, values.clone()),
            Act::Archive => (Verb::Archive, BTreeMap::new()),
            Act::Restore => (Verb::Restore, BTreeMap::new()),
            Act::Undo(_) => return None,
        };
        Some(input(record, verb, properties))
    }
}

fn input(record: RecordNo, verb: Verb, properties: BTreeMap<Box<str>, Box<str>>) -> RecordInput {
    RecordInput {
        reference: RecordReference::Id(record),
        upsert: false,
        verb,
        properties,
        associations: Vec::new(),
    }
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

    /// The input that takes it all back, whatever happened since: what whoever undoes must be
    /// allowed.
    #[must_use]
    pub fn whole(&self, object: &ObjectType, record: RecordNo) -> RecordInput {
        match self.archived {
            Some((before, _)) => input(record, standing(before), BTreeMap::new()),
            None => input(record, Verb::Write, self.olds(object, |_| true)),
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
            let same = record.archived == after;
            let back = same.then(|| input(record.no, standing(before), BTreeMap::new()));
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

fn standing(archived: Option<Millis>) -> Verb {
    match archived {
        Some(_) => Verb::Archive,
        None => Verb::Restore,
    }
}

impl Bulk {
    /// One that begins.
    #[must_use]
    pub fn new(id: Position, draft: Draft, actor: &str, began: Millis) -> Bulk {
        Bulk {
            id,
            draft,
            actor: actor.into(),
            began,
            ended: None,
            standing: Standing::Running,
            at: RecordNo(0),
            counts: Counts::default(),
            problems: Vec::new(),
            undone_by: None,
            takes_back: false,
        }
    }

    /// Whether it goes on.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.standing == Standing::Running
    }

    /// Whether it ended so long ago that it cannot be taken back any more.
    #[must_use]
    pub fn is_past(&self, now: Millis) -> bool {
        self.ended.is_some_and(|ended| ended.plus(KEPT_MS) <= now)
    }

    /// Whether all it was to do is done.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.standing == Standing::Done && self.counts.refused == 0 && self.counts.kept == 0
    }

    /// The type of its records, while that is in use.
    #[must_use]
    pub fn object<'a>(&self, definitions: &'a Definitions) -> Option<&'a ObjectType> {
        definitions.get(self.draft.object)
    }

    /// Counts what became of a record.
    pub fn count(&mut self, object: &ObjectType, record: RecordNo, touched: &Touched) {
        let counts = &mut self.counts;
        match (&touched.refused, touched.is_change()) {
            (Some(_), _) => counts.refused += 1,
            (None, true) => counts.changed += 1,
            (None, false) => counts.unchanged += 1,
        }
        counts.kept += touched.kept.len() as u64;
        if let Some(problem) = touched.problem(object)
            && self.problems.len() < PROBLEMS_MAX
        {
            self.problems.push((record, problem));
        }
    }
}

impl Touched {
    /// What there is to tell of a record that is not as it was to be.
    #[must_use]
    pub fn problem(&self, object: &ObjectType) -> Option<Box<str>> {
        if let Some(refused) = &self.refused {
            return Some(refused.clone());
        }
        if self.kept.is_empty() {
            return None;
        }
        let names = self.kept.iter().map(|no| {
            let property = object.properties.get(no);
            property.map_or("archived", |property| &*property.name)
        });
        let names = names.collect::<Vec<_>>().join(", ");
        Some(format!("changed since, and left as it is: {names}").into())
    }
}

#[cfg(test)]
mod tests;
