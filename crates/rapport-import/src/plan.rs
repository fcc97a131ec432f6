//! The plan of an import: what its rows are taken for, as said or as guessed, and why.

use crate::error::{Error, Result, disk};
use crate::format::Format;
use crate::mapping::item::{Made, Maker, of_segment};
use crate::mapping::{Mapping, guess, shown};
use crate::rows::{Cell, Row, Rows};
use rapport_core::event::Kind;
use rapport_core::outcome::Reason;
use rapport_core::time::Millis;
use std::fs::File;
use std::path::Path;

/// Rows looked at before anything is guessed.
const SAMPLE_ROWS: usize = 200;
/// Bytes of rows after which enough was looked at.
const SAMPLE_BYTES: usize = 8 << 20;

/// What rows are taken for.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The kind of file.
    pub format: Format,
    /// Sentences about what was guessed.
    pub notes: Vec<String>,
    mapping: Mapping,
    maker: Option<Maker>,
}

impl Plan {
    /// Plans a file: by its mapping, or by guessing from its first rows.
    ///
    /// # Errors
    /// Where the file cannot be read, the mapping names columns that are not there, or nothing
    /// sensible can be guessed.
    pub fn of(path: &Path, format: Format, mapping: Option<Mapping>) -> Result<Plan> {
        let given = mapping.is_some();
        let mapping = mapping.unwrap_or_default();
        let mut rows = Rows::open(open(path)?, format, &mapping, 0)?;
        let columns = rows.columns.clone();
        let mut sample: Vec<Row> = Vec::new();
        let mut bytes = 0;
        for read in rows.by_ref().take(SAMPLE_ROWS) {
            if let Ok(row) = read? {
                bytes += row.bytes();
                sample.push(row);
            }
            if bytes > SAMPLE_BYTES {
                break;
            }
        }
        if given {
            missing_columns(&mapping, &columns, &sample)?;
            let maker = Some(Maker::new(mapping.clone())?);
            return Ok(Plan {
                format,
                notes: Vec::new(),
                mapping,
                maker,
            });
        }
        if format == Format::Ndjson && !sample.is_empty() && sample.iter().all(is_segment) {
            let notes =
                vec!["the rows are events in Segment's shape: no mapping is needed".to_owned()];
            return Ok(Plan {
                format,
                notes,
                mapping,
                maker: None,
            });
        }
        let guess::Guess { mapping, notes } = guess::guess(&columns, &sample)?;
        Ok(Plan {
            format,
            notes,
            maker: Some(Maker::new(mapping.clone())?),
            mapping,
        })
    }

    /// The plan of rows in Segment's shape, or of a mapping, of a file that was planned before.
    ///
    /// # Errors
    /// Where the mapping makes no sense.
    pub fn again(format: Format, mapping: Option<Mapping>) -> Result<Plan> {
        Ok(Plan {
            format,
            notes: Vec::new(),
            maker: mapping.clone().map(Maker::new).transpose()?,
            mapping: mapping.unwrap_or_default(),
        })
    }

    /// The mapping; `None` where rows are events already.
    #[must_use]
    pub fn mapping(&self) -> Option<&Mapping> {
        self.maker.as_ref().map(Maker::mapping)
    }

    /// The column whose equal values make rows one order.
    #[must_use]
    pub fn lines_by(&self) -> Option<&str> {
        self.mapping.lines.as_ref().map(|lines| lines.by.as_str())
    }

    /// Whether some rows may have no id of their own.
    #[must_use]
    pub fn needs_ids(&self) -> bool {
        self.mapping.message_id.is_empty()
    }

    /// The file's rows behind the first `skipped`.
    ///
    /// # Errors
    /// Where the file cannot be read.
    pub fn rows(&self, path: &Path, skipped: u64) -> Result<Rows> {
        Rows::open(open(path)?, self.format, &self.mapping, skipped)
    }

    /// Makes items of a row, or of the rows of one order.
    ///
    /// # Errors
    /// Why it is no event.
    pub fn make(&self, rows: &[Row], now: Millis) -> std::result::Result<Made, Reason> {
        match (&self.maker, rows.first()) {
            (Some(maker), _) => maker.make(rows, now),
            (None, Some(row)) => of_segment(row, now),
            (None, None) => Ok(Made::default()),
        }
    }
}

fn open(path: &Path) -> Result<File> {
    File::open(path).map_err(disk(path.display().to_string()))
}

/// Whether a row is an event as the tracking API takes it.
fn is_segment(row: &Row) -> bool {
    let text = |name: &str| row.cell(name).as_deref().and_then(crate::value::id);
    let has = |name: &str| row.cells.iter().any(|(known, _)| **known == *name);
    let is_kind = text("type").is_some_and(|word| Kind::from_word(&word).is_some());
    let typed = row
        .cells
        .iter()
        .all(|(_, cell)| matches!(cell, Cell::Json(_)));
    let speaks = [
        "userId",
        "anonymousId",
        "messageId",
        "context",
        "traits",
        "properties",
    ];
    typed && is_kind && speaks.iter().any(|name| has(name))
}

/// A column that is named and not there is a misspelled one: found before a row is taken.
fn missing_columns(
    mapping: &Mapping,
    columns: &[std::sync::Arc<str>],
    sample: &[Row],
) -> Result<()> {
    let time = mapping.time.iter().map(|time| &time.column);
    let named = time
        .chain(&mapping.event_column)
        .chain(&mapping.message_id)
        .chain(&mapping.previous_id)
        .chain(&mapping.group_id)
        .chain(mapping.identifiers.values())
        .chain(mapping.properties.values())
        .chain(mapping.traits.values())
        .chain(mapping.types.keys())
        .chain(mapping.lines.iter().map(|lines| &lines.by))
        .chain(
            mapping
                .lines
                .iter()
                .flat_map(|lines| lines.columns.values()),
        );
    for name in named {
        let is_there = if columns.is_empty() {
            // Lines of JSON may each have other members.
            sample.is_empty() || sample.iter().any(|row| row.cell(name).is_some())
        } else {
            let first = name.split('.').next().unwrap_or(name);
            columns
                .iter()
                .any(|known| **known == **name || **known == *first)
        };
        if !is_there {
            let there: Vec<&str> = columns.iter().take(40).map(|name| &**name).collect();
            let list = match there.is_empty() {
                true => String::new(),
                false => format!("; the file has {}", shown(&there.join(", "))),
            };
            let name = shown(name);
            return Err(Error::Mapping(format!("there is no column `{name}`{list}")));
        }
    }
    Ok(())
}
