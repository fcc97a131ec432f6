//! What is asked of records, and what is answered.

use super::{Cell, Filter};
use std::cmp::Ordering;

/// A row as asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The record.
    pub id: u64,
    /// Its cells in the order of the columns asked for.
    pub cells: Vec<Cell>,
}

/// A question for a page of rows.
#[derive(Clone, Debug)]
pub struct Query {
    /// The type of record.
    pub object: u32,
    /// Which rows.
    pub filter: Filter,
    /// Words that must all begin some word of the row's search text, whatever their case or
    /// accents; a text without any letter or digit finds nothing.
    pub search: Option<String>,
    /// In which order: by the first, ties by the next, ties of all by id in the direction of the
    /// first. Rows without a value come last in either direction. None is by id.
    pub sort: Vec<Sort>,
    /// Where to begin.
    pub after: After,
    /// At most this many rows.
    pub limit: usize,
    /// Which cells of each row.
    pub columns: Vec<u16>,
    /// Whether to count all that match.
    pub count: Count,
}

/// One column of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// The column.
    pub column: u16,
    /// Which way.
    pub direction: Direction,
}

/// A way to sort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Smallest first.
    Ascending,
    /// Greatest first.
    Descending,
}

/// Where a page begins.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum After {
    /// At the first row.
    #[default]
    Start,
    /// Behind a row, of which these are the cells of the sort and the id. It need not be there
    /// any more.
    Key(Vec<Cell>, u64),
    /// Behind so many rows.
    Offset(u64),
}

/// Whether to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Not at all.
    No,
    /// Up to this many.
    Capped(u64),
    /// To the last.
    Exact,
}

/// A page of rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The rows in order.
    pub rows: Vec<Row>,
    /// Where the next page begins: a key always. `None` behind the last row.
    pub next: Option<After>,
    /// How many match in all, where it was asked.
    pub total: Option<Total>,
}

/// How many rows match, wherever the page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Total {
    /// So many, or at least so many.
    pub count: u64,
    /// Whether there are no more.
    pub exact: bool,
}

/// A question for counts and sums.
#[derive(Clone, Debug)]
pub struct Sums {
    /// The type of record.
    pub object: u32,
    /// Which rows.
    pub filter: Filter,
    /// Grouped by the values of this column.
    pub by: Option<u16>,
    /// The columns to sum.
    pub columns: Vec<u16>,
}

/// Rows with one value in the grouping column.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The value; null of rows without one, and where nothing is grouped.
    pub cell: Cell,
    /// How many rows.
    pub count: u64,
    /// The sum of each column asked for; rows without a number add nothing.
    pub sums: Vec<f64>,
}

/// A question for links of some records.
#[derive(Clone, Debug)]
pub struct Links {
    /// The type of the records they lead from.
    pub from: u32,
    /// Those records.
    pub ids: Vec<u64>,
    /// The type of the records they lead to; `None` is any.
    pub to: Option<u32>,
    /// Behind this one, for each of the records.
    pub after: Option<Linked>,
    /// At most this many for each.
    pub limit: usize,
}

/// The far end of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Linked {
    /// The type of record.
    pub object: u32,
    /// The record.
    pub id: u64,
    /// The association's type id.
    pub kind: u32,
}

/// Words a search looks for at most; further ones are let be.
const WORDS_MAX: usize = 32;

impl Query {
    /// Every row of an object by id, without cells: what other questions are spelled from.
    #[must_use]
    pub fn all(object: u32) -> Query {
        Query {
            object,
            filter: Filter::every(),
            search: None,
            sort: Vec::new(),
            after: After::Start,
            limit: usize::MAX,
            columns: Vec::new(),
            count: Count::No,
        }
    }

    /// Which of two rows comes first: of each the cells of the sort, and the id.
    #[must_use]
    pub fn in_order(&self, left: (&[Cell], u64), right: (&[Cell], u64)) -> Ordering {
        for (by, (left, right)) in self.sort.iter().zip(left.0.iter().zip(right.0)) {
            let order = match (left.is_null(), right.is_null()) {
                (true, true) => Ordering::Equal,
                (false, false) => by.direction.of(left.compare(right)),
                (left, right) => left.cmp(&right),
            };
            if order.is_ne() {
                return order;
            }
        }
        self.direction().of(Some(left.1.cmp(&right.1)))
    }

    /// The direction of its first sort, which is that of ids too.
    #[must_use]
    pub fn direction(&self) -> Direction {
        let first = self.sort.first();
        first.map_or(Direction::Ascending, |by| by.direction)
    }

    /// The words of its search in small letters; `None` where it does not search.
    #[must_use]
    pub fn words(&self) -> Option<Vec<String>> {
        let text = self.search.as_ref()?;
        let words = text.split(|letter: char| !letter.is_alphanumeric());
        let words = words.filter(|word| !word.is_empty()).map(str::to_lowercase);
        Some(words.take(WORDS_MAX).collect())
    }
}

impl Direction {
    fn of(self, order: Option<Ordering>) -> Ordering {
        let order = order.unwrap_or(Ordering::Equal);
        match self {
            Direction::Ascending => order,
            Direction::Descending => order.reverse(),
        }
    }
}

impl Total {
    /// A total as the question wants it.
    #[must_use]
    pub fn of(count: u64, wanted: Count) -> Option<Total> {
        match wanted {
            Count::No => None,
            Count::Exact => Some(Total { count, exact: true }),
            Count::Capped(most) => Some(Total {
                count: count.min(most),
                exact: count <= most,
            }),
        }
    }
}
