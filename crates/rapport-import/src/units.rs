//! Units: what is taken or rejected whole. A row is one, or the rows that are lines of one order.

use crate::error::Result;
use crate::mapping::item::Made;
use crate::plan::Plan;
use crate::rows::{Read, Rejected, Row, Rows};
use crate::value;
use rapport_core::outcome::Reason;
use rapport_core::time::Millis;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// The most lines of one order.
const LINES_MAX: usize = 5_000;
/// The most bytes of them: far more than an event may have.
const LINES_BYTES_MAX: usize = 4 << 20;
/// The longest id a column may give; a longer one is known by its hash.
const ID_CHARS_MAX: usize = 90;

/// Items of one row or order, and what they are known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unit {
    /// Its first row.
    pub first: u64,
    /// Its last row.
    pub last: u64,
    /// How many rows it has.
    pub rows: u64,
    /// The row, or the first of the rows, to be shown where it is rejected later.
    pub raw: String,
    /// The order, where it is one.
    pub order: Option<String>,
    made: Made,
    content: [u8; 32],
}

impl Unit {
    /// What repeats of this unit are told by.
    #[must_use]
    pub fn key(&self) -> u64 {
        match &self.order {
            Some(order) => short(&Sha256::digest(order.as_bytes()).into()),
            None => short(&self.content),
        }
    }

    /// Whether the file gives it an id.
    #[must_use]
    pub fn has_id(&self) -> bool {
        self.made.id.is_some()
    }

    /// Its items with their message ids; `occurrence` counts the same content in one file from 1.
    /// Each comes with its id.
    #[must_use]
    pub fn items(&self, occurrence: u64) -> Vec<(String, Box<str>)> {
        let id = match &self.made.id {
            Some(id) if id.chars().count() <= ID_CHARS_MAX => id.clone(),
            Some(id) => hashed(id.as_bytes(), 1),
            None => hashed(&self.content, occurrence),
        };
        let count = self.made.items.len();
        let items = self.made.items.iter().enumerate();
        items
            .map(|(place, item)| {
                // What a row says of the person beside its event comes first.
                let id = if place + 1 < count {
                    format!("{id}-who")
                } else {
                    id.clone()
                };
                let open = item.strip_suffix('}').unwrap_or(item);
                let comma = if open.ends_with('{') { "" } else { "," };
                let item = format!("{open}{comma}\"messageId\":{}}}", value::quoted(&id));
                (item, id.into_boxed_str())
            })
            .collect()
    }
}

fn short(hash: &[u8; 32]) -> u64 {
    hash.iter()
        .take(8)
        .fold(0, |key, byte| key << 8 | u64::from(*byte))
}

fn hashed(content: &[u8], occurrence: u64) -> String {
    let mut hash = Sha256::new();
    hash.update(content);
    hash.update(occurrence.to_be_bytes());
    let hash = hash.finalize();
    let digits: String = hash
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("row-{digits}")
}

/// What a file's next rows are: a unit, or rejected.
pub type Taken = std::result::Result<Unit, Rejected>;

/// A file's units.
pub struct Units {
    rows: Rows,
    plan: Arc<Plan>,
    now: Millis,
    /// The first row of the next order, and rejected rows that came before it.
    waiting: Option<Row>,
    rejected: Vec<Rejected>,
}

impl Units {
    /// Units of rows; `now` is what no row's time may be far ahead of.
    #[must_use]
    pub fn new(rows: Rows, plan: Arc<Plan>, now: Millis) -> Units {
        Units {
            rows,
            plan,
            now,
            waiting: None,
            rejected: Vec::new(),
        }
    }

    /// How many rows there are, where the file says so.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        self.rows.total
    }

    /// Bytes of the file read so far.
    #[must_use]
    pub fn read(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.rows.read)
    }

    /// Whether everything up to the last unit was told: where an import may be cut in two.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.rejected.is_empty()
    }

    fn make(&self, rows: &[Row], order: Option<String>) -> Taken {
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
            return Err(Rejected::new(0, Reason::new("missing_id", "no row"), ""));
        };
        let raw = first.spelled();
        let reject = |reason: Reason| {
            let mut rejected = Rejected::new(first.number, reason, &raw);
            rejected.last = last.number;
            rejected.rows = rows.len() as u64;
            rejected
        };
        let made = self.plan.make(rows, self.now).map_err(reject)?;
        let mut hash = Sha256::new();
        for item in &made.items {
            hash.update(item.as_bytes());
            hash.update(b"\n");
        }
        if let Some(order) = &order {
            hash.update(order.as_bytes());
        }
        let shown = Rejected::new(first.number, Reason::new("", ""), &raw);
        Ok(Unit {
            first: first.number,
            last: last.number,
            rows: rows.len() as u64,
            raw: shown.raw,
            order,
            made,
            content: hash.finalize().into(),
        })
    }

    /// The rows of the next order; `None` at the end.
    fn order(&mut self, by: &str) -> Result<Option<Taken>> {
        let mut rows: Vec<Row> = self.waiting.take().into_iter().collect();
        let mut count = rows.len() as u64;
        let mut bytes: usize = rows.iter().map(Row::bytes).sum();
        let mut last = rows.first().map_or(0, |row| row.number);
        let key = |row: &Row| row.cell(by).as_deref().and_then(value::id);
        let mut order = rows.first().and_then(key);
        loop {
            if rows.is_empty()
                && let Some(rejected) = self.rejected.pop()
            {
                return Ok(Some(Err(rejected)));
            }
            let Some(read) = self.rows.next() else { break };
            match read? {
                Err(rejected) if rows.is_empty() => return Ok(Some(Err(rejected))),
                // It is told behind the order whose rows it stands among.
                Err(rejected) => self.rejected.push(rejected),
                Ok(row) => {
                    let Some(of) = key(&row) else {
                        let message = format!("column `{by}` is empty: whose line is it?");
                        let reason = Reason::new("missing_order", message);
                        self.rejected
                            .push(Rejected::new(row.number, reason, &row.spelled()));
                        continue;
                    };
                    if order.as_ref().is_some_and(|order| *order != of) {
                        self.waiting = Some(row);
                        break;
                    }
                    order = Some(of);
                    count += 1;
                    last = row.number;
                    // What is too much is counted and not held.
                    bytes += row.bytes();
                    if rows.len() < LINES_MAX && bytes <= LINES_BYTES_MAX {
                        rows.push(row);
                    }
                }
            }
        }
        if rows.is_empty() {
            return Ok(self.rejected.pop().map(Err));
        }
        let mut taken = if count > rows.len() as u64 {
            let message =
                format!("an order may have {LINES_MAX} lines and {LINES_BYTES_MAX} bytes");
            let reason = Reason::new("order_too_large", message);
            Err(Rejected::new(rows[0].number, reason, &rows[0].spelled()))
        } else {
            self.make(&rows, order)
        };
        if let Err(rejected) = &mut taken {
            rejected.rows = count;
            rejected.last = last;
        }
        Ok(Some(taken))
    }
}

impl Iterator for Units {
    type Item = Result<Taken>;

    fn next(&mut self) -> Option<Result<Taken>> {
        let Some(by) = self.plan.lines_by() else {
            let read: Read = match self.rows.next()? {
                Ok(read) => read,
                Err(error) => return Some(Err(error)),
            };
            return Some(Ok(read.and_then(|row| self.make(&[row], None))));
        };
        let by = by.to_owned();
        self.order(&by).transpose()
    }
}
