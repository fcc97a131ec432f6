//! Which message ids were accepted: a filter per row group first, and three columns of the few
//! row groups whose filter says maybe.

use super::batches::predicate;
use super::bloom::{Filter, Hash};
use super::columns as c;
use super::decode::{numbers, texts};
use super::folder::Folder;
use super::opened::{Cache, Opened};
use arrow_array::types::UInt32Type;
use arrow_array::{Array, RecordBatch};
use arrow_buffer::BooleanBuffer;
use parquet::arrow::arrow_reader::RowFilter;
use rapport_core::event::SourceNo;
use rapport_store::Result;
use rapport_store::history::{File, MessageKey};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// For each id whether an accepted event of these files carries it.
pub(super) fn find(
    cache: &Cache,
    folder: &Folder,
    files: &[File],
    ids: &[MessageKey],
) -> Result<Vec<bool>> {
    let hashes: Vec<Hash> = ids.iter().map(|(_, id)| Hash::of_text(id)).collect();
    let mut found = vec![false; ids.len()];
    let mut asked: Vec<usize> = (0..ids.len()).collect();
    for file in files {
        if asked.is_empty() {
            break;
        }
        let opened = cache.open(folder, file)?;
        for group in 0..opened.footer().num_row_groups() {
            let filter = Filter::of(&opened, group, c::MESSAGE_ID);
            let candidates = filter.may_hold_of(&asked, |id| hashes[id])?;
            if !candidates.is_empty() && look(&opened, group, ids, &candidates, &mut found)? {
                asked.retain(|id| !found[*id]);
            }
        }
    }
    Ok(found)
}

/// Reads the ids of a row group; says whether any candidate was accepted there.
fn look(
    opened: &Opened,
    group: usize,
    ids: &[MessageKey],
    candidates: &[usize],
    found: &mut [bool],
) -> Result<bool> {
    let mut wanted: HashMap<(SourceNo, &str), Vec<usize>> = HashMap::new();
    for candidate in candidates {
        let (source, id) = &ids[*candidate];
        wanted.entry((*source, id)).or_default().push(*candidate);
    }
    let mut any = false;
    for batch in rows_named(opened, group, ids, candidates)? {
        let accepted = accepted(&batch).map_err(|why| opened.damaged(why))?;
        for (source, id) in &accepted {
            for candidate in wanted.get(&(*source, id.as_str())).into_iter().flatten() {
                found[*candidate] = true;
                any = true;
            }
        }
    }
    Ok(any)
}

/// The rows whose message id is one of the candidates', narrowed to what decides.
fn rows_named(
    opened: &Opened,
    group: usize,
    ids: &[MessageKey],
    candidates: &[usize],
) -> Result<Vec<RecordBatch>> {
    let names: HashSet<Arc<str>> = candidates
        .iter()
        .map(|candidate| Arc::from(&*ids[*candidate].1))
        .collect();
    let is_named = predicate(opened, &[c::MESSAGE_ID], move |batch| {
        let texts = texts(batch, c::MESSAGE_ID)?;
        let is_one = |row: usize| texts.is_valid(row) && names.contains(texts.value(row));
        Ok(BooleanBuffer::collect_bool(texts.len(), is_one))
    });
    let reader = opened
        .reader()
        .with_row_groups(vec![group])
        .with_projection(opened.only(&[c::SOURCE, c::MESSAGE_ID, c::OUTCOME]))
        .with_row_filter(RowFilter::new(vec![is_named]))
        .build()
        .map_err(|error| opened.failed(&error))?;
    reader
        .collect::<std::result::Result<Vec<_>, _>>()
        .map_err(|error| opened.damaged(error))
}

/// What the accepted events of a batch are known by.
fn accepted(batch: &RecordBatch) -> std::result::Result<Vec<(SourceNo, String)>, String> {
    let sources = numbers::<UInt32Type>(batch, c::SOURCE)?;
    let (ids, outcomes) = (texts(batch, c::MESSAGE_ID)?, texts(batch, c::OUTCOME)?);
    let is_accepted = |row: &usize| outcomes.is_valid(*row) && outcomes.value(*row) == "accepted";
    let key = |row: usize| (SourceNo(sources.value(row)), ids.value(row).to_owned());
    Ok((0..batch.num_rows()).filter(is_accepted).map(key).collect())
}
