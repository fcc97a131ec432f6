//! A scan of everybody: accepted events in ascending order of origin, from all files at once.

use super::batches::Narrow;
use super::decode::Rows;
use super::folder::Folder;
use super::merge::Merge;
use super::opened::Cache;
use rapport_store::Result;
use rapport_store::history::{File, Row, Scan};
use std::ops::ControlFlow;
use std::sync::Arc;

/// Rows handed over at a time.
pub(super) const CHUNK: usize = 512;

/// Takes what a scan has read so far; says when to stop.
pub(super) type Emit<'a, T> = &'a mut dyn FnMut(Vec<T>) -> ControlFlow<()>;

/// Reads the rows that `scan` asks for.
pub(super) fn scan(
    cache: &Arc<Cache>,
    folder: &Arc<Folder>,
    files: &[File],
    scan: &Scan,
    emit: Emit<'_, Row>,
) -> Result<()> {
    let asked = |file: &&File| {
        file.people.1 >= scan.from && file.people.0 < scan.to && file.first <= scan.through
    };
    let files: Vec<File> = files.iter().filter(asked).cloned().collect();
    let all_before = files.iter().all(|file| file.last <= scan.through);
    let narrow = Narrow {
        origins: Some(scan.from.0..scan.to.0),
        after: None,
        through: (!all_before).then_some(scan.through),
        names: scan.names.clone(),
        kinds: scan.kinds.clone(),
    };
    let mut rows: Vec<Option<Rows>> = files.iter().map(|_| None).collect();
    let mut chunk = Vec::with_capacity(CHUNK);
    Merge::of_files(cache, folder, &files, narrow).each(&mut |picked| {
        let slot = &mut rows[picked.stream];
        if picked.row == 0 {
            *slot = None;
        }
        let whole = match slot {
            Some(rows) => rows,
            None => {
                let rows = Rows::new(picked.batch).map_err(|why| picked.opened.damaged(why))?;
                slot.insert(rows)
            }
        };
        chunk.push(
            whole
                .row(picked.row)
                .map_err(|why| picked.opened.damaged(why))?,
        );
        let goes_on = chunk.len() < CHUNK || emit(std::mem::take(&mut chunk)).is_continue();
        Ok(goes_on)
    })?;
    if !chunk.is_empty() {
        let _ = emit(chunk);
    }
    Ok(())
}
