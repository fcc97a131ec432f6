//! Records: rows of typed columns beside the state's tables, changed by the same commits.
//!
//! An engine knows objects (a type of record), columns and cells by number. What a column means,
//! who may see it and which values it takes is decided above; rights arrive as one more filter.
//! A row has the columns that were given a value; every other one is [`Cell::Null`].

pub mod cell;
pub mod filter;
pub mod query;
pub mod write;

pub use cell::{Cell, Form};
pub use filter::{Comparison, Filter, Test};
pub use query::{
    After, Answer, Count, Direction, Group, Linked, Links, Query, Row, Sort, Sums, Total,
};
pub use write::{Changes, Link, RecordWrite};

use crate::Result;
use async_trait::async_trait;

/// Columns that every object has, defined from the start. Numbers below [`column::FIRST`] that
/// are not named here are kept free.
pub mod column {
    use super::Form;

    /// When the record was made, in milliseconds.
    pub const CREATED: u16 = 0;
    /// When a property of it last changed, in milliseconds.
    pub const UPDATED: u16 = 1;
    /// Whether it is archived: 0 or 1. Always given by who makes a row.
    pub const ARCHIVED: u16 = 2;
    /// When it was archived, in milliseconds.
    pub const ARCHIVED_AT: u16 = 3;
    /// The member who owns it.
    pub const OWNER: u16 = 4;
    /// The team of its owner with all teams above: `/1/7/`.
    pub const TEAM: u16 = 5;
    /// Where the record number is that this one was merged into, if it was.
    pub const MERGED_INTO: u16 = 6;
    /// The first number of a property's column.
    pub const FIRST: u16 = 16;

    /// The columns that need no definition.
    pub const ALWAYS: [(u16, Form); 7] = [
        (CREATED, Form::Integer),
        (UPDATED, Form::Integer),
        (ARCHIVED, Form::Integer),
        (ARCHIVED_AT, Form::Integer),
        (OWNER, Form::Integer),
        (TEAM, Form::Text),
        (MERGED_INTO, Form::Integer),
    ];
}

/// A column of an object, as it was defined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Defined {
    /// Its number.
    pub column: u16,
    /// What it holds.
    pub form: Form,
    /// Whether [`Records::find`] is asked for it by every write: it is kept findable.
    pub unique: bool,
}

/// One row with everything it has, for dumps.
#[derive(Clone, Debug, PartialEq)]
pub struct Whole {
    /// The record.
    pub id: u64,
    /// Its cells that are not null, by column, of defined columns only.
    pub cells: Vec<(u16, Cell)>,
    /// What it is found by.
    pub search: Option<Box<str>>,
}

/// Reads of records; [`State::commit`](crate::state::State::commit) changes them.
///
/// Each call answers from what was committed when it began or later, so whoever saw a commit
/// return reads what it wrote. Objects and columns that nobody defined read as empty.
#[async_trait]
pub trait Records: Send + Sync {
    /// These columns of these rows, in the order asked; the cells of a row are in the order of
    /// `columns`.
    async fn rows(&self, object: u32, ids: &[u64], columns: &[u16]) -> Result<Vec<Option<Row>>>;

    /// For each cell the lowest id of a row that holds exactly it (case included) in `column`.
    /// Archived rows count; nothing is found by [`Cell::Null`].
    async fn find(&self, object: u32, column: u16, cells: &[Cell]) -> Result<Vec<Option<u64>>>;

    /// A page of the rows that a filter and a search leave, in order.
    async fn query(&self, query: Query) -> Result<Answer>;

    /// Counts and sums of the rows that a filter leaves, by the values of one column, ascending;
    /// rows without a value come last. Without a column there is one group at most.
    async fn sums(&self, sums: Sums) -> Result<Vec<Group>>;

    /// For each id a page of what it is linked to, ascending.
    async fn links(&self, links: Links) -> Result<Vec<Vec<Linked>>>;

    /// Every object with rows or definitions, ascending, and its defined columns, ascending;
    /// those of [`column::ALWAYS`] are left out.
    async fn objects(&self) -> Result<Vec<(u32, Vec<Defined>)>>;

    /// Whole rows of an object behind an id, ascending, archived ones too: for dumps and sweeps.
    async fn walk(&self, object: u32, after: Option<u64>, limit: usize) -> Result<Vec<Whole>>;

    /// All links behind one, ascending: for dumps.
    async fn walk_links(&self, after: Option<Link>, limit: usize) -> Result<Vec<Link>>;
}
