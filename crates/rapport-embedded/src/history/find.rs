//! Which message ids were accepted: a filter per row group first, and three columns of the few
//! row groups whose filter says maybe.
//!
//! An import asks for thousands of ids at once, of every row group there is. So filters are read
//! into the same room again and again, and a row group's ids are told from those asked by sixteen
//! bits of their hash before a text is compared.

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

/// From this many candidates on most pages hold one: reading all columns once is cheaper than
/// reading the ids first and the rest of the pages that matter afterwards.
const MANY: usize = 64;
/// Rows decoded at a time.
const BATCH_ROWS: usize = 8_192;

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
    let mut room = Vec::new();
    for file in files {
        if asked.is_empty() {
            break;
        }
        let opened = cache.open(folder, file)?;
        for group in 0..opened.footer().num_row_groups() {
            let filter = Filter::of(&opened, group, c::MESSAGE_ID);
            let candidates = filter.may_hold_of(&asked, |id| hashes[id], &mut room)?;
            if candidates.is_empty() {
                continue;
            }
            let wanted = Wanted::of(ids, &hashes, &candidates);
            if look(&opened, group, &wanted, &mut found)? {
                asked.retain(|id| !found[*id]);
            }
        }
    }
    Ok(found)
}

/// The candidates of one row group.
struct Wanted<'a> {
    marks: Marks,
    count: usize,
    ids: HashMap<(SourceNo, &'a str), Vec<usize>>,
}

/// Which sixteen bits some candidate's hash has.
#[derive(Clone)]
struct Marks(Arc<[u64]>);

impl Marks {
    fn may_have(&self, text: &str) -> bool {
        let mark = usize::from(Hash::of_text(text).mark());
        self.0[mark / 64] & (1 << (mark % 64)) != 0
    }
}

impl<'a> Wanted<'a> {
    fn of(ids: &'a [MessageKey], hashes: &[Hash], candidates: &[usize]) -> Wanted<'a> {
        let mut marks = vec![0_u64; 1 << 10];
        let mut wanted: HashMap<(SourceNo, &str), Vec<usize>> = HashMap::new();
        for candidate in candidates {
            let mark = usize::from(hashes[*candidate].mark());
            marks[mark / 64] |= 1 << (mark % 64);
            let (source, id) = &ids[*candidate];
            wanted.entry((*source, id)).or_default().push(*candidate);
        }
        Wanted {
            marks: Marks(marks.into()),
            count: candidates.len(),
            ids: wanted,
        }
    }
}

/// Reads the ids of a row group; says whether any candidate was accepted there.
fn look(opened: &Opened, group: usize, wanted: &Wanted<'_>, found: &mut [bool]) -> Result<bool> {
    let mut reader = opened
        .reader()
        .with_row_groups(vec![group])
        .with_batch_size(BATCH_ROWS)
        .with_projection(opened.only(&[c::SOURCE, c::MESSAGE_ID, c::OUTCOME]));
    if wanted.count < MANY {
        reader = reader.with_row_filter(RowFilter::new(vec![named(opened, wanted)]));
    }
    let mut any = false;
    let mut reader = opened.begin(reader)?;
    while let Some(batch) = opened.next(&mut reader)? {
        any |= mark(&batch, wanted, found).map_err(|why| opened.damaged(why))?;
    }
    Ok(any)
}

/// The rows whose message id is one of the candidates', narrowed to what decides.
fn named(
    opened: &Opened,
    wanted: &Wanted<'_>,
) -> Box<dyn parquet::arrow::arrow_reader::ArrowPredicate> {
    let marks = wanted.marks.clone();
    let names: HashSet<Box<str>> = wanted.ids.keys().map(|(_, id)| Box::from(*id)).collect();
    predicate(opened, &[c::MESSAGE_ID], move |batch| {
        let texts = texts(batch, c::MESSAGE_ID)?;
        let is_one = |row: usize| {
            let text = texts.value(row);
            texts.is_valid(row) && marks.may_have(text) && names.contains(text)
        };
        Ok(BooleanBuffer::collect_bool(texts.len(), is_one))
    })
}

/// Marks the candidates that a batch has an accepted event of; says whether there was one.
fn mark(
    batch: &RecordBatch,
    wanted: &Wanted<'_>,
    found: &mut [bool],
) -> std::result::Result<bool, String> {
    let sources = numbers::<UInt32Type>(batch, c::SOURCE)?;
    let (ids, outcomes) = (texts(batch, c::MESSAGE_ID)?, texts(batch, c::OUTCOME)?);
    let mut any = false;
    for row in 0..batch.num_rows() {
        let id = ids.value(row);
        if !ids.is_valid(row) || !wanted.marks.may_have(id) {
            continue;
        }
        let is_accepted = outcomes.is_valid(row) && outcomes.value(row) == "accepted";
        let key = (SourceNo(sources.value(row)), id);
        for candidate in wanted.ids.get(&key).into_iter().flatten() {
            if is_accepted {
                found[*candidate] = true;
                any = true;
            }
        }
    }
    Ok(any)
}
