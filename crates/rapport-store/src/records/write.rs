//! Changes of one commit: keys of tables, and rows.

use super::{Cell, Form};
use crate::state::Write;

/// Everything one commit changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// Keys of the state's tables.
    pub writes: Vec<Write>,
    /// Records, applied in this order.
    pub records: Vec<RecordWrite>,
}

impl From<Vec<Write>> for Changes {
    fn from(writes: Vec<Write>) -> Changes {
        Changes {
            writes,
            records: Vec::new(),
        }
    }
}

/// One change of records, their columns or their links.
#[derive(Clone, Debug, PartialEq)]
pub enum RecordWrite {
    /// There is a column from now on, empty in every row. Defining it again in the same form
    /// changes whether it is unique, and no row; in another form the commit is refused.
    Define {
        /// The type of record.
        object: u32,
        /// The column's number, at least [`FIRST`](super::column::FIRST).
        column: u16,
        /// What it holds.
        form: Form,
        /// Whether every write asks [`find`](super::Records::find) for its values. The engine
        /// refuses no second row: who writes has asked.
        unique: bool,
    },
    /// The column is gone with its values; defined again it is empty, and of any form.
    Undefine {
        /// The type of record.
        object: u32,
        /// The column's number.
        column: u16,
    },
    /// Sets cells of a row, and makes the row where there is none. Cells not named stay.
    Put {
        /// The type of record.
        object: u32,
        /// The record, below 2^63.
        id: u64,
        /// Columns and their new values; null clears.
        cells: Vec<(u16, Cell)>,
    },
    /// Removes a row and what it is found by. Its links are removed by links.
    Delete {
        /// The type of record.
        object: u32,
        /// The record.
        id: u64,
    },
    /// Puts a link. The other direction is a link of its own.
    Link(Link),
    /// Removes a link, if it is there.
    Unlink(Link),
    /// What a row is found by from now on: its searchable values with spaces between; an empty
    /// text is found by nothing. Makes no row: where there is none it is forgotten.
    Search {
        /// The type of record.
        object: u32,
        /// The record.
        id: u64,
        /// The text.
        text: Box<str>,
    },
}

/// One direction of an association, of one type or label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Link {
    /// Type and number of the record it leads from.
    pub from: (u32, u64),
    /// Type and number of the record it leads to.
    pub to: (u32, u64),
    /// The association's type id.
    pub kind: u32,
}
