//! Bulk changes: one change of many records, made in steps, and remembered so that it can be taken
//! back.
//!
//! A step is one entry and one transaction: the records it changes, what each of them was, and how
//! far the whole is. So a bulk goes on where it was, whatever happens in between. Records come in
//! the order of their numbers, each once; one that is made after the beginning is not among them.

use super::query::Search;
use super::{
    Definitions, ObjectType, PropertyNo, RecordInput, RecordNo, RecordReference, Refused, TypeId,
    Value, Verb,
};
use crate::member::MemberNo;
use crate::position::Position;
use crate::time::{DAY_MS, Millis};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

pub use touched::{Field, Problem, Touched};

/// Most records that are named one by one.
pub const NAMED_MAX: usize = 10_000;
/// Bulks that are under way at once.
pub const UNDER_WAY_MAX: usize = 20;
/// The same of one member or token, so that nobody keeps the others waiting.
pub const UNDER_WAY_OF_ONE_MAX: usize = 5;
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

/// Whether a bulk goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Course {
    /// It goes on.
    Running,
    /// Everything is done.
    Done,
    /// It ended before that.
    Stopped(Box<str>),
}

/// What a bulk does, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Does {
    /// It sets values.
    Set,
    /// It archives.
    Archive,
    /// It takes out of the archive.
    Restore,
    /// It takes back what another did.
    Undo(Position),
}

/// How far a bulk is. It is kept anew with each step; what was begun is kept beside it, once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bulk {
    /// The entry that began it.
    pub id: Position,
    /// The type of its records.
    pub object: TypeId,
    /// What it does.
    pub does: Does,
    /// The properties that are set, or that were by the bulk which is taken back: what whoever
    /// does so must be allowed to set.
    pub sets: BTreeSet<PropertyNo>,
    /// How many records there are, as far as can be told.
    pub expected: u64,
    /// By whose rights.
    pub by: By,
    /// Who asked.
    pub actor: Box<str>,
    /// When.
    pub began: Millis,
    /// When it ended.
    pub ended: Option<Millis>,
    /// Whether it goes on.
    pub course: Course,
    /// The last number it has come to.
    pub at: RecordNo,
    /// What became of the records so far.
    pub counts: Counts,
    /// The first problems.
    pub problems: Vec<(RecordNo, Problem)>,
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

impl Bulk {
    /// One that begins.
    #[must_use]
    pub fn new(
        id: Position,
        object: &ObjectType,
        draft: &Draft,
        actor: &str,
        began: Millis,
    ) -> Bulk {
        let (does, sets) = match &draft.act {
            Act::Set(values) => {
                let set = values.keys().filter_map(|name| object.property(name));
                (Does::Set, set.map(|property| property.no).collect())
            }
            Act::Archive => (Does::Archive, BTreeSet::new()),
            Act::Restore => (Does::Restore, BTreeSet::new()),
            Act::Undo(of) => (Does::Undo(*of), BTreeSet::new()),
        };
        Bulk {
            id,
            object: draft.object,
            does,
            sets,
            expected: draft.expected,
            by: draft.by.clone(),
            actor: actor.into(),
            began,
            ended: None,
            course: Course::Running,
            at: RecordNo(0),
            counts: Counts::default(),
            problems: Vec::new(),
            undone_by: None,
            takes_back: false,
        }
    }

    /// Makes it one that takes another one back.
    pub fn take_back(&mut self, undone: &mut Bulk) {
        self.sets.clone_from(&undone.sets);
        self.takes_back = !undone.takes_back;
        undone.undone_by = Some(self.id);
    }

    /// Whether it goes on.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.course == Course::Running
    }

    /// Whether it ended so long ago that it cannot be taken back any more.
    #[must_use]
    pub fn is_past(&self, now: Millis) -> bool {
        self.ended.is_some_and(|ended| ended.plus(KEPT_MS) <= now)
    }

    /// Whether all it was to do is done.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.course == Course::Done && self.counts.refused == 0 && self.counts.kept == 0
    }

    /// The type of its records, while that is in use.
    #[must_use]
    pub fn object_type<'a>(&self, definitions: &'a Definitions) -> Option<&'a ObjectType> {
        definitions.get(self.object)
    }

    /// Counts what became of a record.
    pub fn count(&mut self, record: RecordNo, touched: &Touched) {
        let counts = &mut self.counts;
        match (&touched.refused, touched.is_change()) {
            (Some(_), _) => counts.refused += 1,
            (None, true) => counts.changed += 1,
            (None, false) => counts.unchanged += 1,
        }
        counts.kept += touched.kept.len() as u64;
        if let Some(problem) = touched.problem()
            && self.problems.len() < PROBLEMS_MAX
        {
            self.problems.push((record, problem));
        }
    }
}

#[cfg(test)]
mod tests;
mod touched;
