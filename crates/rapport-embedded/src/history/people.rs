//! A scan of everybody: accepted events, file by file, of the columns that a leaf looks into.

use self::group::Group;
use super::folder::Folder;
use super::opened::Cache;
use super::pages;
use rapport_store::Result;
use rapport_store::history::{File, Observer, Scan};
use std::sync::Arc;

mod group;
mod hybrid;
mod numbers;
mod texts;

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
    let origins = scan.from.0..scan.to.0;
    for file in files.iter().filter(asked) {
        let opened = cache.open(folder, file)?;
        let through = (file.last > scan.through).then_some(scan.through);
        for group in 0..opened.footer().num_row_groups() {
            let may_hold = pages::origins(&opened, group)
                .is_none_or(|there| origins.start <= *there.end() && *there.start() < origins.end);
            let rows = match may_hold {
                true => pages::holding(&opened, group, &origins),
                false => continue,
            };
            if !rows.is_empty() {
                Group::open(&opened, group, scan, through)?.observe(rows, &mut observer)?;
            }
        }
    }
    Ok(())
}
