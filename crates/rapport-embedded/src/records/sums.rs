//! Counts and sums by the values of a column.

use super::asking::{Asking, SLICE};
use super::catalog::Home;
use super::fetch::Fetch;
use super::page::cells_of;
use super::select::matching;
use rapport_store::records::{Cell, Group, Sums};
use roaring::RoaringTreemap;
use rusqlite::params;
use std::collections::HashMap;
use std::sync::Arc;

/// Rows looked up one by one; of more, an index or the whole table is read along.
const FEW: u64 = 20_000;

/// The groups of a question, in their order.
pub(super) fn groups(asking: &mut Asking<'_>, asked: &Sums) -> rusqlite::Result<Vec<Group>> {
    let found = matching(asking, asked.object, &asked.filter)?;
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let mut summing = Summing::new(asked);
    if asked.by.is_none() && asked.columns.is_empty() {
        summing.count(found.len());
        return Ok(summing.finish());
    }
    let columns: Vec<u16> = asked
        .by
        .into_iter()
        .chain(asked.columns.iter().copied())
        .collect();
    if found.len() <= FEW {
        for (cells, _) in cells_of(asking, asked.object, &columns, &found)? {
            summing.add(&cells);
        }
    } else if let Some(index) = covering(asking, asked, &columns) {
        along_index(asking, asked.object, &columns, &index, &found, &mut summing)?;
    } else {
        along_table(asking, asked.object, &columns, &found, &mut summing)?;
    }
    Ok(summing.finish())
}

/// The index that holds every cell the question needs, if it is there.
fn covering(asking: &mut Asking<'_>, asked: &Sums, columns: &[u16]) -> Option<String> {
    let mut names: Vec<String> = Vec::with_capacity(columns.len());
    for column in columns {
        match asking.catalog.home(asked.object, *column).0 {
            Home::Own(name) if !names.contains(&name) => names.push(name),
            Home::Own(_) => {}
            Home::Shared(_) | Home::Nowhere => return None,
        }
    }
    // An index of one column leaves out rows without a value; one of several has every row.
    if names.len() == 1 {
        names.push("archived".to_owned());
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    asking.index(asked.object, &names)
}

/// One pass along an index, in one snapshot: five million entries take about a second.
fn along_index(
    asking: &mut Asking<'_>,
    object: u32,
    columns: &[u16],
    index: &str,
    found: &RoaringTreemap,
    summing: &mut Summing,
) -> rusqlite::Result<()> {
    asking.breathe()?;
    let fetch = Fetch::new(&asking.catalog, object, columns);
    let sql = format!(
        "SELECT {} FROM record_{object} INDEXED BY {index}",
        fetch.selected
    );
    let mut select = asking.connection.prepare_cached(&sql)?;
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        if found.contains(Fetch::id(row)?) {
            summing.add(&fetch.cells(row)?);
        }
    }
    Ok(())
}

fn along_table(
    asking: &mut Asking<'_>,
    object: u32,
    columns: &[u16],
    found: &RoaringTreemap,
    summing: &mut Summing,
) -> rusqlite::Result<()> {
    let catalog = Arc::clone(&asking.catalog);
    let fetch = Fetch::new(&catalog, object, columns);
    let sql = format!(
        "SELECT {} FROM record_{object} WHERE id > ?1 ORDER BY id LIMIT {SLICE}",
        fetch.selected
    );
    let mut last = -1_i64;
    loop {
        asking.breathe()?;
        let mut read = 0;
        let mut select = asking.connection.prepare_cached(&sql)?;
        let mut rows = select.query(params![last])?;
        while let Some(row) = rows.next()? {
            read += 1;
            last = row.get(0)?;
            if found.contains(last.cast_unsigned()) {
                summing.add(&fetch.cells(row)?);
            }
        }
        if read < SLICE {
            return Ok(());
        }
    }
}

/// Groups as they grow.
struct Summing {
    is_grouped: bool,
    places: HashMap<Cell, usize>,
    groups: Vec<Group>,
    columns: usize,
    /// The group of the row before: along an index it is mostly that of the next.
    latest: usize,
}

impl Summing {
    fn new(asked: &Sums) -> Summing {
        Summing {
            is_grouped: asked.by.is_some(),
            places: HashMap::new(),
            groups: Vec::new(),
            columns: asked.columns.len(),
            latest: 0,
        }
    }

    fn count(&mut self, rows: u64) {
        let group = self.group(&Cell::Null);
        group.count += rows;
    }

    /// Adds a row: the cell it is grouped by, if any, and those to sum.
    fn add(&mut self, cells: &[Cell]) {
        let (by, numbers) = match cells.split_first() {
            Some((by, numbers)) if self.is_grouped => (by, numbers),
            _ => (&Cell::Null, cells),
        };
        let group = self.group(by);
        group.count += 1;
        for (sum, number) in group.sums.iter_mut().zip(numbers) {
            *sum += number.as_number().unwrap_or(0.0);
        }
    }

    fn group(&mut self, by: &Cell) -> &mut Group {
        if self
            .groups
            .get(self.latest)
            .is_none_or(|group| group.cell != *by)
        {
            let new = self.groups.len();
            self.latest = *self.places.entry(by.clone()).or_insert(new);
            if self.latest == new {
                self.groups.push(Group {
                    cell: by.clone(),
                    count: 0,
                    sums: vec![0.0; self.columns],
                });
            }
        }
        &mut self.groups[self.latest]
    }

    fn finish(mut self) -> Vec<Group> {
        self.groups
            .sort_by(|left, right| left.cell.in_order(&right.cell));
        self.groups
    }
}
