//! The state: what the fold has made of every entry so far, in tables of keys and values.
//!
//! The shapes of keys and values are owned by the flow and are the same in every engine; an
//! engine only keeps them, in key order, and applies a set of changes whole or not at all.

use crate::Result;
use crate::records::{Changes, Records};
use async_trait::async_trait;
use rapport_core::position::Position;

/// A table of the state. The number is stored: never renumber.
///
/// Keys of *numbered* tables are eight bytes, a big-endian `u64`, so an engine may keep them as
/// an integer row id. Keys of the others are any bytes up to 512.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Table {
    /// Facts about the state itself, by word: next numbers, secrets, formats.
    Meta = 1,
    /// Configuration in force, by kind and key.
    Config = 2,
    /// Profiles by number (numbered).
    Profile = 3,
    /// Survivor of an absorbed profile, by its number (numbered).
    Redirect = 4,
    /// Owners of identifiers, by the first eight bytes of the identifier's hash (numbered).
    Identifier = 5,
    /// Merges, refusals and undos by journal number (numbered).
    Journal = 6,
    /// Journal numbers of a profile: profile number and journal number, both big-endian.
    JournalOfProfile = 7,
    /// When a profile must be looked at though nothing happens: moment and profile number.
    Timer = 8,
    /// Members of segments: segment number and chunk number, to a roaring bitmap.
    Members = 9,
    /// Companies, by hash of their id (numbered).
    Company = 10,
    /// Messages that wait to leave, by sequence (numbered).
    Outbox = 11,
    /// Messages a destination refused for good, by sequence (numbered).
    DeadLetter = 12,
    /// Rejected events kept for inspection and re-drive, by position.
    Rejected = 13,
    /// Counters of outcomes, by source, outcome and reason.
    Outcome = 14,
    /// Outcomes and origins of folded requests whose events are not in a history file yet, by
    /// the first request number of the batch (numbered).
    Tail = 15,
    /// Live files of history and of the seen ids: the manifest.
    File = 16,
    /// Events whose person an undo changed: origin and position, to profile number.
    Moved = 17,
    /// Counts of refusals of identifiers, by hash (numbered).
    Shared = 18,
    /// Commands whose entries are not in a history file yet, by position.
    Command = 19,
    /// Segment sizes over time, destinations' delivery counts and other small series.
    Series = 20,
    /// Every change of the rules of the fold, by position: what a refold meets on its way.
    Revision = 21,
    /// Which events and properties a source sends: source number, type and name of the event.
    Discovered = 22,
    /// Events that were not as planned, kept for a while, by position.
    Violation = 23,
    /// Counts of violations, by source, event, field and what is wrong.
    Violations = 24,
    /// People whom a group call linked to a company: the first eight bytes of the hash of its id,
    /// and the profile's number. Whoever left since is found out by looking at the profile.
    CompanyPeople = 25,
    /// Who entered and left which segment, kept for a while: segment number, moment, profile
    /// number, and whether they left.
    Change = 26,
    /// How many entered and left which segment in an hour: segment number and hour.
    Turnover = 27,
    /// Members of frozen segments who wait to be put on a list: the position of the entry, list
    /// number and chunk number, to a roaring bitmap.
    Frozen = 28,
    /// Every change of a property of a record: type (`u32`), record (`u64`), property (`u16`) and
    /// position, big-endian; who changed it, when, from what and to what.
    PropertyHistory = 29,
    /// Who is signed in, by the hash of the session's id.
    Session = 30,
    /// The audit, by record number (numbered).
    Audit = 31,
    /// What members said of contacts: profile number as given then, and position.
    Edit = 40,
    /// Records that events linked to people: profile number as given then, position, type and
    /// number of the record.
    Attached = 41,
    /// Survivor of a record that was merged into another: type and number of the absorbed one.
    MergedRecord = 42,
    /// Changes of many records, by the position of the entry that began each.
    Bulk = 43,
    /// What they did to each record: the position of the entry that began it, and record number.
    BulkRecord = 44,
    /// What was begun with each of them, by the position of that entry; written once.
    BulkDraft = 45,
}

impl Table {
    /// Every table, ascending.
    pub const ALL: [Table; 37] = [
        Table::Meta,
        Table::Config,
        Table::Profile,
        Table::Redirect,
        Table::Identifier,
        Table::Journal,
        Table::JournalOfProfile,
        Table::Timer,
        Table::Members,
        Table::Company,
        Table::Outbox,
        Table::DeadLetter,
        Table::Rejected,
        Table::Outcome,
        Table::Tail,
        Table::File,
        Table::Moved,
        Table::Shared,
        Table::Command,
        Table::Series,
        Table::Revision,
        Table::Discovered,
        Table::Violation,
        Table::Violations,
        Table::CompanyPeople,
        Table::Change,
        Table::Turnover,
        Table::Frozen,
        Table::PropertyHistory,
        Table::Session,
        Table::Audit,
        Table::Edit,
        Table::Attached,
        Table::MergedRecord,
        Table::Bulk,
        Table::BulkRecord,
        Table::BulkDraft,
    ];

    /// Whether its keys are numbers.
    #[must_use]
    pub fn is_numbered(self) -> bool {
        matches!(
            self,
            Table::Profile
                | Table::Redirect
                | Table::Identifier
                | Table::Journal
                | Table::Company
                | Table::Outbox
                | Table::DeadLetter
                | Table::Tail
                | Table::Shared
                | Table::Audit
        )
    }
}

/// A key of a table.
pub type Key = Box<[u8]>;
/// A value of a table.
pub type Value = Vec<u8>;

/// The key of a numbered table.
#[must_use]
pub fn number_key(number: u64) -> Key {
    Box::new(number.to_be_bytes())
}

/// How far the state is, and which commit made it so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Position of the last entry folded: its request, and the commands applied behind it.
    pub position: Position,
    /// Grows by one with every commit; what a commit expects.
    pub version: u64,
}

/// One change of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// The table.
    pub table: Table,
    /// The key.
    pub key: Key,
    /// The new value, or `None` to remove the key.
    pub value: Option<Value>,
}

/// A range of keys of one table, read page by page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The table.
    pub table: Table,
    /// First key, included; empty is from the start.
    pub from: Key,
    /// The key behind the last; `None` is to the end.
    pub to: Option<Key>,
    /// At most this many.
    pub limit: usize,
    /// In which order, and which end the limit keeps.
    pub order: Order,
}

/// The order of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Ascending keys.
    Ascending,
    /// Descending keys.
    Descending,
}

/// Profiles, identifiers, merges, memberships, timers, outbox, configuration and records.
#[async_trait]
pub trait State: Records {
    /// How far the state is.
    async fn head(&self) -> Result<Head>;

    /// The values of these keys of one table, in the order asked, from one snapshot.
    async fn load(&self, table: Table, keys: &[Key]) -> Result<Vec<Option<Value>>>;

    /// A page of a table.
    async fn scan(&self, page: Page) -> Result<Vec<(Key, Value)>>;

    /// Applies all changes in one transaction, on disk when it returns, and moves the head to
    /// `position`. Returns the new head.
    ///
    /// Later writes of a key win over earlier ones of the same call; changes of records apply in
    /// their order.
    ///
    /// # Errors
    /// [`Error::Conflict`](crate::Error::Conflict) where the version is not `expected`; then
    /// nothing is written. [`Error::Full`](crate::Error::Full) where the disk is. Another where a
    /// cell does not fit its column or nobody defined it, and nothing is written.
    async fn commit(&self, expected: u64, position: Position, changes: Changes) -> Result<Head>;

    /// Bytes the state takes on disk.
    async fn size_bytes(&self) -> Result<u64>;

    /// Copies the state as of one commit into `target` while serving; returns that commit's head.
    async fn back_up(&self, target: &std::path::Path) -> Result<Head>;

    /// Checks the engine's own structures; an empty list is a clean bill.
    async fn check(&self) -> Result<Vec<String>>;
}
