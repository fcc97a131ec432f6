//! Records: how the writer keeps them in step with people, and how they are read.
//!
//! A contact's row is drawn from its profile (`contact`); rows of companies and orders follow
//! what group calls and orders say (`told`); everything else is written by commands
//! ([`commands::crm`](crate::commands)). Links keep the number a record had when they were made:
//! a merge moves none, and an undo finds each where it was.

use rapport_core::crm::history::Origin;
use rapport_core::crm::{PropertyNo, Record, RecordNo, TypeId, Value};
use rapport_core::position::Position;
use rapport_core::time::Millis;
use rapport_store::history::Row;
use rapport_store::records::{After, Count, Filter, Sort, Total};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) mod bulk;
pub(crate) mod cells;
pub(crate) mod company;
pub(crate) mod contact;
pub(crate) mod follow;
pub(crate) mod hearing;
pub(crate) mod history;
pub(crate) mod links;
pub(crate) mod merged;
mod order;
pub(crate) mod read;
pub(crate) mod stayed;
pub(crate) mod sweep;
pub(crate) mod timeline;
pub(crate) mod told;
pub(crate) mod undo;
pub(crate) mod work;

/// Which records are asked for, and in which order. Columns are those of the properties
/// ([`Property::column`](rapport_core::crm::Property::column)).
#[derive(Clone, Debug)]
pub struct Query {
    /// Their type.
    pub object: TypeId,
    /// What they must fulfil, what the asker may see included. A record they are linked to is
    /// named by any of the numbers that lead to it.
    pub filter: Filter,
    /// Words they must contain somewhere.
    pub search: Option<Box<str>>,
    /// In which order; ties by number.
    pub sort: Vec<Sort>,
    /// Where the page begins.
    pub after: After,
    /// How many at most.
    pub limit: usize,
    /// How exactly the total is counted.
    pub count: Count,
}

/// A page of records.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The records, with all properties that are set.
    pub records: Vec<Record>,
    /// How many there are in all, as far as it was counted.
    pub total: Option<Total>,
    /// Where the next page begins; `None` where there is none.
    pub next: Option<After>,
}

/// What a board asks for.
#[derive(Clone, Debug)]
pub struct Sums {
    /// The type of the records.
    pub object: TypeId,
    /// Which of them.
    pub filter: Filter,
    /// Whose values the groups are.
    pub by: PropertyNo,
    /// What is summed in each.
    pub of: Vec<PropertyNo>,
}

/// The records that have one value of a property.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The value; `None` where they have none.
    pub value: Option<Value>,
    /// How many.
    pub count: u64,
    /// What they come to, in the order asked.
    pub sums: Vec<f64>,
}

/// One value a property had.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// The value; `None` where it was cleared.
    pub value: Option<Value>,
    /// Since when.
    pub at: Millis,
    /// The entry.
    pub position: Position,
    /// By whom or what.
    pub origin: Origin,
}

/// What a record is linked to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Associated {
    /// The records, ascending by number, each with the kinds of its links.
    pub to: Vec<(RecordNo, Vec<u32>)>,
    /// Behind which number the next page begins; `None` where there is none.
    pub next: Option<RecordNo>,
}

/// The place of an entry in a timeline: when, and which of that moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Placed {
    /// When it happened.
    pub at: Millis,
    /// The entry it comes from.
    pub position: Position,
    /// Which of that entry's.
    pub nth: u64,
}

/// A page of a timeline.
#[derive(Clone, Debug, Default)]
pub struct TimelinePage {
    /// What happened, newest first.
    pub happened: Vec<(Placed, Happened)>,
    /// What the next page is before; `None` where there is none.
    pub next: Option<Placed>,
}

/// Something in the timeline of a record.
#[derive(Clone, Debug)]
pub enum Happened {
    /// The record was made.
    Created {
        /// By whom.
        origin: Origin,
    },
    /// Properties of the record changed.
    Changed {
        /// By whom.
        origin: Origin,
        /// Each with what it was and what it is.
        properties: BTreeMap<PropertyNo, (Option<Value>, Option<Value>)>,
    },
    /// An activity it is linked to, of its type: a call, an e-mail, a meeting, a note, a task, a
    /// message.
    Activity(TypeId, Box<Record>),
    /// Something the contact did.
    Event(Arc<Row>),
}

/// Which linked records the asker of a timeline may see, by type; of a type that is not here none
/// are shown.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// What records of a type must fulfil.
    pub filters: BTreeMap<TypeId, Filter>,
    /// Whether the contact's events are shown.
    pub events: bool,
}
