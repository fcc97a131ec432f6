//! Filters: which rows a question is about.

use super::Cell;
use std::cmp::Ordering;

/// A condition on a row. It holds or does not; there is no third answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Filter {
    /// All of these hold; of none, every row.
    All(Vec<Filter>),
    /// One of these holds; of none, no row.
    Any(Vec<Filter>),
    /// It does not hold.
    Not(Box<Filter>),
    /// The value of a column passes a test.
    Column(u16, Test),
    /// The row is linked to a record, by one of these types of association, or by any if empty.
    /// Found by the links that lead *from* that record.
    Linked {
        /// Type and number of that record.
        to: (u32, u64),
        /// The associations' type ids.
        kinds: Vec<u32>,
    },
    /// It is one of these rows.
    Ids(Vec<u64>),
    /// No row.
    Never,
    /// Its number is not below the first and not above the second.
    Numbered(u64, u64),
}

/// A test of one value. Only [`Test::HasNot`] holds where there is no value: whoever means
/// "another or none" says `Not`.
///
/// Text compares as rows are sorted by it: ASCII capitals are small letters. Numbers of both kinds
/// are one kind; values of different kinds are not equal, and neither is above the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Test {
    /// There is a value.
    Has,
    /// There is none.
    HasNot,
    /// It compares so with a cell.
    Compare(Comparison, Cell),
    /// It is one of these.
    In(Vec<Cell>),
    /// It is a value, and none of these.
    NotIn(Vec<Cell>),
    /// It is not below the first and not above the second.
    Between(Cell, Cell),
    /// A text that begins so.
    Prefix(Box<str>),
    /// A text with a word like this, in any case; `*` stands for any letters. Words are letters
    /// and digits; where the pattern is several they must follow each other.
    Token(Box<str>),
    /// A value without such a word.
    NoToken(Box<str>),
    /// A text that lists values with `;` between, one of which is one of these.
    Option(Vec<Box<str>>),
}

/// How two values may compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// They are equal.
    Equal,
    /// They are both there, and differ.
    NotEqual,
    /// The value is below.
    Below,
    /// The value is below or equal.
    AtMost,
    /// The value is above.
    Above,
    /// The value is above or equal.
    AtLeast,
}

impl Filter {
    /// The value of a column equals a cell.
    #[must_use]
    pub fn equal(column: u16, cell: Cell) -> Filter {
        Filter::Column(column, Test::Compare(Comparison::Equal, cell))
    }

    /// Every row.
    #[must_use]
    pub fn every() -> Filter {
        Filter::All(Vec::new())
    }

    /// Both hold.
    #[must_use]
    pub fn and(self, other: Filter) -> Filter {
        match self {
            Filter::All(mut all) => {
                all.push(other);
                Filter::All(all)
            }
            one => Filter::All(vec![one, other]),
        }
    }

    /// Whether it holds for a row: `cell` gives the value of a column, `linked` whether the row is
    /// linked to a record by one of these kinds.
    pub fn holds(
        &self,
        id: u64,
        cell: &impl Fn(u16) -> Cell,
        linked: &impl Fn((u32, u64), &[u32]) -> bool,
    ) -> bool {
        match self {
            Filter::All(all) => all.iter().all(|one| one.holds(id, cell, linked)),
            Filter::Any(any) => any.iter().any(|one| one.holds(id, cell, linked)),
            Filter::Not(one) => !one.holds(id, cell, linked),
            Filter::Column(column, test) => test.holds(&cell(*column)),
            Filter::Linked { to, kinds } => linked(*to, kinds),
            Filter::Ids(ids) => ids.contains(&id),
            Filter::Never => false,
            Filter::Numbered(low, high) => (*low..=*high).contains(&id),
        }
    }

    /// Adds the columns it looks at.
    pub fn columns(&self, into: &mut Vec<u16>) {
        match self {
            Filter::All(filters) | Filter::Any(filters) => {
                filters.iter().for_each(|filter| filter.columns(into));
            }
            Filter::Not(filter) => filter.columns(into),
            Filter::Column(column, _) if !into.contains(column) => into.push(*column),
            Filter::Column(..)
            | Filter::Linked { .. }
            | Filter::Ids(_)
            | Filter::Never
            | Filter::Numbered(..) => {}
        }
    }
}

impl Test {
    /// Whether a value passes.
    #[must_use]
    pub fn holds(&self, value: &Cell) -> bool {
        let is = |cell: &Cell| value.compare(cell) == Some(Ordering::Equal);
        match self {
            Test::HasNot => value.is_null(),
            _ if value.is_null() => false,
            Test::Has => true,
            Test::Compare(comparison, cell) => comparison.holds(value.compare(cell)),
            Test::In(cells) => cells.iter().any(is),
            Test::NotIn(cells) => !cells.iter().any(is),
            Test::Between(low, high) => {
                value.compare(low).is_some_and(Ordering::is_ge)
                    && value.compare(high).is_some_and(Ordering::is_le)
            }
            Test::Prefix(prefix) => text(value).is_some_and(|text| begins(text, prefix)),
            Test::Token(pattern) => text(value).is_some_and(|text| has_token(text, pattern)),
            Test::NoToken(pattern) => !text(value).is_some_and(|text| has_token(text, pattern)),
            Test::Option(options) => text(value).is_some_and(|text| {
                let mut listed = text.split(';');
                listed.any(|one| {
                    options
                        .iter()
                        .any(|wanted| wanted.eq_ignore_ascii_case(one))
                })
            }),
        }
    }
}

impl Comparison {
    fn holds(self, order: Option<Ordering>) -> bool {
        match self {
            Comparison::Equal => order == Some(Ordering::Equal),
            Comparison::NotEqual => order != Some(Ordering::Equal),
            Comparison::Below => order.is_some_and(Ordering::is_lt),
            Comparison::AtMost => order.is_some_and(Ordering::is_le),
            Comparison::Above => order.is_some_and(Ordering::is_gt),
            Comparison::AtLeast => order.is_some_and(Ordering::is_ge),
        }
    }
}

fn text(value: &Cell) -> Option<&str> {
    match value {
        Cell::Text(text) => Some(text),
        Cell::Null | Cell::Number(_) | Cell::Integer(_) => None,
    }
}

fn begins(text: &str, prefix: &str) -> bool {
    text.as_bytes()
        .get(..prefix.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
}

/// Whether the words of the pattern follow each other somewhere in the text.
fn has_token(text: &str, pattern: &str) -> bool {
    let wanted = words(pattern, |letter| letter.is_alphanumeric() || letter == '*');
    if wanted.is_empty() {
        return false;
    }
    words(text, char::is_alphanumeric)
        .windows(wanted.len())
        .any(|found| {
            found
                .iter()
                .zip(&wanted)
                .all(|(word, like)| is_like(word, like))
        })
}

fn words(text: &str, is_part: impl Fn(char) -> bool) -> Vec<Vec<char>> {
    text.split(|letter| !is_part(letter))
        .filter(|word| !word.is_empty())
        .map(|word| word.chars().flat_map(char::to_lowercase).collect())
        .collect()
}

/// Whether a word is like a pattern in which `*` stands for any letters, in time bounded by the
/// product of their lengths.
fn is_like(word: &[char], pattern: &[char]) -> bool {
    let (mut at, mut of) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while at < word.len() {
        if pattern.get(of) == Some(&'*') {
            star = Some((of, at));
            of += 1;
        } else if pattern.get(of) == Some(&word[at]) {
            at += 1;
            of += 1;
        } else if let Some((behind, from)) = star {
            star = Some((behind, from + 1));
            at = from + 1;
            of = behind + 1;
        } else {
            return false;
        }
    }
    pattern[of..].iter().all(|letter| *letter == '*')
}
