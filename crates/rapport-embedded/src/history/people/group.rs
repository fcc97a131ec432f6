//! One row group of a scan: who each row is of, and what it is called, is read first; the rest only
//! around rows that are asked for.

use super::numbers::Numbers;
use super::texts::Texts;
use crate::history::columns as c;
use crate::history::opened::Opened;
use parquet::data_type::{Int32Type, Int64Type};
use parquet::errors::{ParquetError, Result as ParquetResult};
use rapport_core::event::{Kind, Sighting, SourceNo};
use rapport_core::identity::ProfileNo;
use rapport_core::position::Position;
use rapport_core::time::Millis;
use rapport_store::Result;
use rapport_store::history::{Observer, Scan, Seen};
use std::ops::Range;

/// Rows looked at in one go: about a page of long text, so that little is decompressed that lies
/// beside what is asked for, and what is stays near.
const STRETCH: usize = 1024;

/// The columns of a row group that a scan can need.
pub(super) struct Group<'a> {
    opened: &'a Opened,
    scan: &'a Scan,
    through: Option<Position>,
    origin: Numbers<Int64Type>,
    kind: Texts,
    event: Texts,
    at: Numbers<Int64Type>,
    source: Numbers<Int32Type>,
    message_id: Texts,
    traits: Texts,
    properties: Texts,
    places: Option<Places>,
    asked: Vec<Asked>,
}

/// Where the rows stand in the one order.
struct Places {
    request: Numbers<Int64Type>,
    command: Numbers<Int32Type>,
    index: Numbers<Int32Type>,
}

/// A row of a stretch that is asked for.
#[derive(Clone, Copy)]
struct Asked {
    row: usize,
    origin: ProfileNo,
    kind: Kind,
}

impl<'a> Group<'a> {
    /// Opens a row group; reads nothing yet.
    pub(super) fn open(
        opened: &'a Opened,
        group: usize,
        scan: &'a Scan,
        through: Option<Position>,
    ) -> Result<Group<'a>> {
        let made = || {
            let text = |column| Texts::open(opened, group, column);
            let places = || Places::open(opened, group);
            let is_placed = scan.positions || through.is_some();
            Ok(Group {
                opened,
                scan,
                through,
                origin: Numbers::open(opened, group, c::ORIGIN)?,
                kind: text(c::TYPE)?,
                event: text(c::EVENT)?,
                at: Numbers::open(opened, group, c::AT)?,
                source: Numbers::open(opened, group, c::SOURCE)?,
                message_id: text(c::MESSAGE_ID)?,
                traits: text(c::TRAITS)?,
                properties: text(c::PROPERTIES)?,
                places: is_placed.then(places).transpose()?,
                asked: Vec::new(),
            })
        };
        made().map_err(|error| opened.failed(&error))
    }

    /// Shows what is asked for of these rows.
    pub(super) fn observe(mut self, rows: Range<usize>, observer: &mut Observer) -> Result<()> {
        self.origin.skip(rows.start);
        self.skip(rows.start);
        let mut left = rows.len();
        while left > 0 {
            let stretch = STRETCH.min(left);
            self.look(stretch, observer)?;
            left -= stretch;
        }
        Ok(())
    }

    fn look(&mut self, rows: usize, observer: &mut Observer) -> Result<()> {
        let opened = self.opened;
        let origins = self.origin.read_leading(rows);
        let origins = origins.map_err(|error| opened.failed(&error))?;
        let behind = |number: ProfileNo| origins.partition_point(|one| (*one as u64) < number.0);
        let (first, last) = (behind(self.scan.from), behind(self.scan.to));
        self.skip(first);
        if first < last {
            let count = last - first;
            self.read(first, count)
                .map_err(|error| opened.failed(&error))?;
            self.show(observer)?;
        }
        // Whoever is nobody stands behind everybody, and has nothing that could be read.
        self.skip(rows - last.max(first));
        Ok(())
    }

    /// Reads what is needed of the next rows; the first of them is of whoever stands at `first`.
    fn read(&mut self, first: usize, rows: usize) -> ParquetResult<()> {
        self.kind.read(rows)?;
        self.event.read(rows)?;
        self.choose(first, rows)?;
        if let Some(places) = &mut self.places {
            places.read(rows)?;
            let through = self.through;
            self.asked
                .retain(|one| through.is_none_or(|through| places.of(one.row) <= through));
        }
        if self.asked.is_empty() {
            self.skip_content(rows);
            return Ok(());
        }
        self.at.read(rows)?;
        self.source.read(rows)?;
        self.message_id.read(rows)?;
        let content = self.scan.content;
        let is_read =
            |traits| content && self.asked.iter().any(|one| one.kind.has_traits() == traits);
        let (reads_traits, reads_properties) = (is_read(true), is_read(false));
        self.traits.read_or_skip(rows, reads_traits)?;
        self.properties.read_or_skip(rows, reads_properties)
    }

    /// Finds the rows that are called as the scan asks.
    fn choose(&mut self, first: usize, rows: usize) -> ParquetResult<()> {
        let Scan { kinds, names, .. } = self.scan;
        let mut known: Option<(&[u8], Option<Kind>)> = None;
        self.asked.clear();
        for row in 0..rows {
            let word = self.kind.bytes(row);
            let kind = match known {
                Some((same, kind)) if same == word => kind,
                _ => {
                    let text = self.kind.text(row)?;
                    let kind = Kind::from_word(text).ok_or_else(|| unknown(text))?;
                    (kinds.is_empty() || kinds.contains(text)).then_some(kind)
                }
            };
            known = Some((word, kind));
            let name = self.event.bytes(row);
            let is_named = |asked: &String| asked.as_bytes() == name;
            if let Some(kind) = kind
                && (names.is_empty() || names.iter().any(is_named))
            {
                let origin = self.origin.values()[first + row];
                let origin = ProfileNo(origin as u64);
                self.asked.push(Asked { row, origin, kind });
            }
        }
        Ok(())
    }

    fn show(&self, observer: &mut Observer) -> Result<()> {
        let damaged = |error| self.opened.failed(&error);
        for &Asked { row, origin, kind } in &self.asked {
            let content = match (self.scan.content, kind.has_traits()) {
                (false, _) => "",
                (true, true) => self.traits.text(row).map_err(damaged)?,
                (true, false) => self.properties.text(row).map_err(damaged)?,
            };
            let places = self.places.as_ref();
            observer(&Seen {
                origin,
                position: places.map(|places| places.of(row)).unwrap_or_default(),
                event: Sighting {
                    at: Millis(self.at.values()[row]),
                    source: SourceNo(self.source.values()[row] as u32),
                    kind,
                    name: self.event.text(row).map_err(damaged)?,
                    message_id: self.message_id.text(row).map_err(damaged)?,
                    content,
                },
            })?;
        }
        Ok(())
    }

    /// Leaves rows out, of every column but who they are of.
    fn skip(&mut self, rows: usize) {
        self.kind.skip(rows);
        self.event.skip(rows);
        if let Some(places) = &mut self.places {
            places.skip(rows);
        }
        self.skip_content(rows);
    }

    fn skip_content(&mut self, rows: usize) {
        self.at.skip(rows);
        self.source.skip(rows);
        self.message_id.skip(rows);
        self.traits.skip(rows);
        self.properties.skip(rows);
    }
}

fn unknown(word: &str) -> ParquetError {
    ParquetError::General(format!("no event is of type {word:?}"))
}

impl Places {
    fn open(opened: &Opened, group: usize) -> ParquetResult<Places> {
        Ok(Places {
            request: Numbers::open(opened, group, c::REQUEST)?,
            command: Numbers::open(opened, group, c::COMMAND)?,
            index: Numbers::open(opened, group, c::INDEX)?,
        })
    }

    fn skip(&mut self, rows: usize) {
        self.request.skip(rows);
        self.command.skip(rows);
        self.index.skip(rows);
    }

    fn read(&mut self, rows: usize) -> ParquetResult<()> {
        self.request.read(rows)?;
        self.command.read(rows)?;
        self.index.read(rows).map(drop)
    }

    /// Where a row among those read last stands.
    fn of(&self, row: usize) -> Position {
        Position {
            request: self.request.values()[row] as u64,
            command: self.command.values()[row] as u32,
            index: self.index.values()[row] as u32,
        }
    }
}
