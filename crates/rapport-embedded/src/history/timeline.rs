//! One person's events, newest first, reading little: files, row groups and pages that cannot
//! hold the person are skipped, and older files are not opened once the answer is certain.

use super::bloom;
use super::columns as c;
use super::decode::{Rows, numbers, texts};
use super::folder::Folder;
use super::opened::{Cache, Opened};
use super::pages;
use arrow_array::types::{TimestampMillisecondType, UInt32Type, UInt64Type};
use arrow_array::{Array, RecordBatch};
use parquet::arrow::arrow_reader::RowSelection;
use rapport_core::identity::ProfileNo;
use rapport_core::position::Position;
use rapport_core::time::Millis;
use rapport_store::Result;
use rapport_store::history::{Ask, File, Row};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::ops::Range;
use std::sync::Arc;

/// Rows of one person looked at in one go, from the newest backwards.
const STRIDE: usize = 4096;

/// Reads the events of `origins` that `ask` wants.
pub(super) fn read(
    cache: &Cache,
    folder: &Folder,
    files: &[File],
    origins: &[ProfileNo],
    ask: &Ask,
) -> Result<Vec<Arc<Row>>> {
    let mut origins: Vec<u64> = origins.iter().map(|number| number.0).collect();
    origins.sort_unstable();
    origins.dedup();
    let mut files: Vec<&File> = files
        .iter()
        .filter(|file| may_answer(file, &origins, ask))
        .collect();
    files.sort_unstable_by_key(|file| Reverse(file.at.1));
    let mut newest = Newest {
        limit: ask.limit,
        found: BinaryHeap::new(),
    };
    let mut opened = Vec::new();
    for file in files {
        if !newest.wants(file.at.1) {
            break;
        }
        let number = opened.len();
        opened.push(cache.open(folder, file)?);
        for origin in &origins {
            find(&opened[number], number, *origin, ask, &mut newest)?;
        }
    }
    fetch(&opened, newest)
}

fn may_answer(file: &File, origins: &[u64], ask: &Ask) -> bool {
    let (least, most) = (file.people.0.0, file.people.1.0);
    let first_not_below = origins.partition_point(|origin| *origin < least);
    let holds_one = origins
        .get(first_not_below)
        .is_some_and(|origin| *origin <= most);
    holds_one && ask.before.is_none_or(|(at, _)| file.at.0 <= at)
}

/// A row that answers, and where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    at: Millis,
    position: Position,
    file: usize,
    group: usize,
    row: usize,
}

/// The newest rows found so far, at most as many as asked for.
struct Newest {
    limit: usize,
    found: BinaryHeap<Reverse<Found>>,
}

impl Newest {
    /// Whether a row of this time could still be among the newest.
    fn wants(&self, at: Millis) -> bool {
        let is_full = self.limit > 0 && self.found.len() >= self.limit;
        !is_full
            || self
                .found
                .peek()
                .is_none_or(|Reverse(oldest)| at >= oldest.at)
    }

    fn offer(&mut self, found: Found) {
        self.found.push(Reverse(found));
        if self.limit > 0 && self.found.len() > self.limit {
            self.found.pop();
        }
    }
}

/// Finds the rows of one origin in one file.
fn find(opened: &Opened, file: usize, origin: u64, ask: &Ask, newest: &mut Newest) -> Result<()> {
    for group in (0..opened.footer().num_row_groups()).rev() {
        let holds = pages::origins(opened, group).is_some_and(|there| there.contains(&origin));
        if !holds
            || !bloom::Filter::of(opened, group, c::ORIGIN)
                .may_hold(bloom::Hash::of_number(origin))?
        {
            continue;
        }
        let rows = rows_of(opened, group, origin)?;
        let mut end = rows.end;
        while end > rows.start {
            let start = rows.start.max(end.saturating_sub(STRIDE));
            let oldest = look(opened, file, group, start..end, ask, newest)?;
            if !newest.wants(oldest) {
                break;
            }
            end = start;
        }
    }
    Ok(())
}

/// The rows of an origin in a row group: they stand together, in order of time.
fn rows_of(opened: &Opened, group: usize, origin: u64) -> Result<Range<usize>> {
    let pages = pages::holding(opened, group, &(origin..origin.saturating_add(1)));
    if pages.is_empty() {
        return Ok(0..0);
    }
    let (mut first, mut count) = (None, 0);
    let mut before = pages.start;
    for batch in read_columns(opened, group, &[c::ORIGIN], &[pages])? {
        let found = numbers::<UInt64Type>(&batch, c::ORIGIN).map_err(|why| opened.damaged(why))?;
        // Rows of nobody stand last and count as larger than everybody.
        let is_below = |row: usize| found.is_valid(row) && found.value(row) < origin;
        let is_within = |row: usize| found.is_valid(row) && found.value(row) <= origin;
        let below = partition(found.len(), is_below);
        let within = partition(found.len(), is_within);
        if within > below {
            first.get_or_insert(before + below);
            count += within - below;
        }
        before += found.len();
    }
    let first = first.unwrap_or(0);
    Ok(first..first + count)
}

/// How many of the first rows hold, where all that hold come first.
fn partition(rows: usize, holds: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (0, rows);
    while low < high {
        let middle = low.midpoint(high);
        if holds(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// Looks at rows of one person and offers those that answer; returns the oldest time seen.
fn look(
    opened: &Opened,
    file: usize,
    group: usize,
    rows: Range<usize>,
    ask: &Ask,
    newest: &mut Newest,
) -> Result<Millis> {
    let mut columns = vec![c::REQUEST, c::COMMAND, c::INDEX, c::AT];
    if !ask.names.is_empty() {
        columns.push(c::EVENT);
    }
    if !ask.kinds.is_empty() {
        columns.push(c::TYPE);
    }
    let mut row = rows.start;
    let mut oldest = Millis::MAX;
    for batch in read_columns(opened, group, &columns, &[rows])? {
        let looked = Looked::new(&batch, ask).map_err(|why| opened.damaged(why))?;
        for inside in 0..batch.num_rows() {
            let (at, position) = looked.place(inside);
            oldest = oldest.min(at);
            if looked.answers(inside, ask) && newest.wants(at) {
                newest.offer(Found {
                    at,
                    position,
                    file,
                    group,
                    row,
                });
            }
            row += 1;
        }
    }
    Ok(oldest)
}

/// The columns that decide whether a row answers.
struct Looked {
    request: arrow_array::UInt64Array,
    command: arrow_array::UInt32Array,
    index: arrow_array::UInt32Array,
    at: arrow_array::TimestampMillisecondArray,
    event: Option<arrow_array::StringArray>,
    kind: Option<arrow_array::StringArray>,
}

impl Looked {
    fn new(batch: &RecordBatch, ask: &Ask) -> std::result::Result<Looked, String> {
        let text = |column: usize, asked: bool| asked.then(|| texts(batch, column)).transpose();
        Ok(Looked {
            request: numbers::<UInt64Type>(batch, c::REQUEST)?,
            command: numbers::<UInt32Type>(batch, c::COMMAND)?,
            index: numbers::<UInt32Type>(batch, c::INDEX)?,
            at: numbers::<TimestampMillisecondType>(batch, c::AT)?,
            event: text(c::EVENT, !ask.names.is_empty())?,
            kind: text(c::TYPE, !ask.kinds.is_empty())?,
        })
    }

    fn place(&self, row: usize) -> (Millis, Position) {
        let position = Position {
            request: self.request.value(row),
            command: self.command.value(row),
            index: self.index.value(row),
        };
        (Millis(self.at.value(row)), position)
    }

    fn answers(&self, row: usize, ask: &Ask) -> bool {
        ask.before.is_none_or(|before| self.place(row) < before)
            && self
                .event
                .as_ref()
                .is_none_or(|names| ask.names.contains(names.value(row)))
            && self
                .kind
                .as_ref()
                .is_none_or(|kinds| ask.kinds.contains(kinds.value(row)))
    }
}

/// Reads the whole rows that were found.
fn fetch(opened: &[Arc<Opened>], newest: Newest) -> Result<Vec<Arc<Row>>> {
    // Sorted by `Reverse`: newest first.
    let found: Vec<Found> = newest
        .found
        .into_sorted_vec()
        .into_iter()
        .map(|Reverse(found)| found)
        .collect();
    let mut places: BTreeMap<(usize, usize), Vec<(usize, usize)>> = BTreeMap::new();
    for (place, one) in found.iter().enumerate() {
        places
            .entry((one.file, one.group))
            .or_default()
            .push((one.row, place));
    }
    let mut answer: Vec<Option<Arc<Row>>> = found.iter().map(|_| None).collect();
    for ((file, group), mut rows) in places {
        rows.sort_unstable();
        let opened = &opened[file];
        let ranges: Vec<Range<usize>> = rows.iter().map(|(row, _)| *row..row + 1).collect();
        let columns: Vec<usize> = (0..c::SCHEMA.fields().len()).collect();
        let mut next = rows.iter();
        for batch in read_columns(opened, group, &columns, &ranges)? {
            let decoded = Rows::new(&batch).map_err(|why| opened.damaged(why))?;
            for (inside, (_, place)) in (0..batch.num_rows()).zip(next.by_ref()) {
                let row = decoded.row(inside).map_err(|why| opened.damaged(why))?;
                answer[*place] = Some(Arc::new(row));
            }
        }
    }
    let whole: Option<Vec<Arc<Row>>> = answer.into_iter().collect();
    whole.ok_or_else(|| super::fault::damaged("of a timeline", "rows are missing"))
}

fn read_columns(
    opened: &Opened,
    group: usize,
    columns: &[usize],
    rows: &[Range<usize>],
) -> Result<Vec<RecordBatch>> {
    let all = opened.footer().row_group(group).num_rows() as usize;
    let selection = RowSelection::from_consecutive_ranges(rows.iter().cloned(), all);
    let reader = opened
        .reader()
        .with_row_groups(vec![group])
        .with_projection(opened.only(columns))
        .with_row_selection(selection)
        .with_batch_size(STRIDE);
    let mut reader = opened.begin(reader)?;
    let mut batches = Vec::new();
    while let Some(batch) = opened.next(&mut reader)? {
        batches.push(batch);
    }
    Ok(batches)
}
