//! A scan of everybody: accepted events, file by file, of the columns that a leaf looks into.

use super::batches::{Batches, Narrow};
use super::columns as c;
use super::decode::{Detail, Places, numbers, texts};
use super::folder::Folder;
use super::opened::{Cache, Opened};
use arrow_array::types::UInt32Type;
use arrow_array::{PrimitiveArray, RecordBatch, StringArray};
use rapport_core::event::{Kind, Sighting, SourceNo};
use rapport_store::Result;
use rapport_store::history::{File, Observer, Scan, Seen};
use std::sync::Arc;

/// The columns that any scan reads.
const COLUMNS: [usize; 10] = [
    c::REQUEST,
    c::COMMAND,
    c::INDEX,
    c::RECEIVED,
    c::AT,
    c::SOURCE,
    c::TYPE,
    c::EVENT,
    c::MESSAGE_ID,
    c::ORIGIN,
];

/// Reads the events that `scan` asks for, the files one after another: what leaves keep is a
/// function of the set of events, so that none need wait for those of another file.
pub(super) fn scan(
    cache: &Arc<Cache>,
    folder: &Arc<Folder>,
    files: &[File],
    scan: &Scan,
    mut observer: Observer,
) -> Result<()> {
    let asked = |file: &&File| {
        file.people.1 >= scan.from && file.people.0 < scan.to && file.first <= scan.through
    };
    for file in files.iter().filter(asked) {
        let opened = cache.open(folder, file)?;
        let narrow = Narrow {
            origins: Some(scan.from.0..scan.to.0),
            after: None,
            through: (file.last > scan.through).then_some(scan.through),
            names: scan.names.clone(),
            kinds: scan.kinds.clone(),
            columns: columns(scan),
        };
        let mut batches = Batches::begin(opened, narrow, 1);
        while let Some(batch) = batches.next()? {
            observe(batches.opened(), &batch, &mut observer)?;
        }
    }
    Ok(())
}

fn columns(scan: &Scan) -> Vec<usize> {
    let reads = |wanted: fn(Kind) -> bool| {
        let mut kinds = scan.kinds.iter().filter_map(|word| Kind::from_word(word));
        scan.content && (scan.kinds.is_empty() || kinds.any(wanted))
    };
    let mut columns = COLUMNS.to_vec();
    if reads(Kind::has_traits) {
        columns.push(c::TRAITS);
    }
    if reads(|kind| !kind.has_traits()) {
        columns.push(c::PROPERTIES);
    }
    columns
}

fn observe(opened: &Opened, batch: &RecordBatch, observer: &mut Observer) -> Result<()> {
    let seeing = Seeing::new(batch).map_err(|why| opened.damaged(why))?;
    for row in 0..batch.num_rows() {
        let seen = seeing.row(row).map_err(|why| opened.damaged(why))?;
        observer(&seen)?;
    }
    Ok(())
}

/// A batch of the columns of a scan.
struct Seeing {
    places: Places,
    source: PrimitiveArray<UInt32Type>,
    kind: StringArray,
    event: StringArray,
    message_id: StringArray,
    traits: Option<StringArray>,
    properties: Option<StringArray>,
}

impl Seeing {
    fn new(batch: &RecordBatch) -> std::result::Result<Seeing, Detail> {
        Ok(Seeing {
            places: Places::new(batch)?,
            source: numbers(batch, c::SOURCE)?,
            kind: texts(batch, c::TYPE)?,
            event: texts(batch, c::EVENT)?,
            message_id: texts(batch, c::MESSAGE_ID)?,
            traits: texts(batch, c::TRAITS).ok(),
            properties: texts(batch, c::PROPERTIES).ok(),
        })
    }

    fn row(&self, row: usize) -> std::result::Result<Seen<'_>, Detail> {
        let word = self.kind.value(row);
        let kind = Kind::from_word(word).ok_or_else(|| format!("no event is of type {word:?}"))?;
        let content = match kind.has_traits() {
            true => &self.traits,
            false => &self.properties,
        };
        Ok(Seen {
            origin: self.places.origin(row).ok_or("an event is nobody's")?,
            position: self.places.position(row),
            event: Sighting {
                at: self.places.at(row).ok_or("an event has no time")?,
                source: SourceNo(self.source.value(row)),
                kind,
                name: self.event.value(row),
                message_id: self.message_id.value(row),
                content: content.as_ref().map_or("", |text| text.value(row)),
            },
        })
    }
}
