//! A preview: the first events of a file as they would be sent, the first rows that would be
//! rejected, and what was guessed. Nothing is changed.

use crate::check;
use crate::error::Result;
use crate::format::Format;
use crate::mapping::Mapping;
use crate::plan::Plan;
use crate::rejected::Line;
use crate::rows::Rejected;
use crate::units::Units;
use rapport_core::time::Millis;
use serde::Serialize;
use serde_json::value::RawValue;
use std::path::Path;
use std::sync::Arc;

/// Rows that are looked at.
const ROWS: usize = 1_000;

/// What would happen with a file.
#[derive(Debug, Serialize)]
pub struct Preview {
    /// The kind of file.
    pub format: Format,
    /// Sentences about what was guessed.
    pub notes: Vec<String>,
    /// What its columns mean; `None` where its rows are events already.
    pub mapping: Option<Mapping>,
    /// Rows that were looked at.
    pub rows: u64,
    /// How many of them would be rejected.
    pub rejected_rows: u64,
    /// The first events.
    pub events: Vec<Box<RawValue>>,
    /// The first rows that would be rejected.
    pub rejected: Vec<Line>,
}

/// Looks at the first rows of a file; lists at most `count` events and as many rejected rows.
///
/// # Errors
/// Where the file cannot be read, or the mapping does not fit it.
pub fn preview(
    path: &Path,
    format: Format,
    mapping: Option<Mapping>,
    now: Millis,
    count: usize,
) -> Result<Preview> {
    let plan = Arc::new(Plan::of(path, format, mapping)?);
    let mut preview = Preview {
        format,
        notes: plan.notes.clone(),
        mapping: plan.mapping().cloned(),
        rows: 0,
        rejected_rows: 0,
        events: Vec::new(),
        rejected: Vec::new(),
    };
    let rows = plan.rows(path, 0)?;
    for taken in Units::new(rows, Arc::clone(&plan), now).take(ROWS) {
        match taken? {
            Ok(unit) => {
                preview.rows = preview.rows.max(unit.last);
                let items = unit.items(1);
                let texts = items.iter().map(|(item, _)| item.as_str());
                if let Some((_, reason)) = check::refused(texts, now).into_iter().next() {
                    let mut rejected = Rejected::new(unit.first, reason, &unit.raw);
                    (rejected.last, rejected.rows) = (unit.last, unit.rows);
                    preview.reject(rejected, count);
                    continue;
                }
                for (item, _) in items {
                    if preview.events.len() < count {
                        preview.events.extend(RawValue::from_string(item).ok());
                    }
                }
            }
            Err(rejected) => preview.reject(rejected, count),
        }
    }
    Ok(preview)
}

impl Preview {
    fn reject(&mut self, rejected: Rejected, count: usize) {
        self.rows = self.rows.max(rejected.last);
        self.rejected_rows += rejected.rows;
        if self.rejected.len() < count {
            self.rejected.push(Line {
                row: rejected.row,
                last: rejected.last,
                code: rejected.reason.code,
                message: rejected.reason.message,
                raw: rejected.raw,
            });
        }
    }
}
