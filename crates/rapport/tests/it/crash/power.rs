//! The power goes at random moments: what was synced is all there is, and it is enough.

mod disk;
mod replay;
mod session;
mod trace;

use super::audit::{Depth, audit};
use super::doctor::doctor;
use super::kill::number;
use super::load::Dice;
use super::promise::{Promise, Promises};
use disk::{Disk, Loss};
use rapport_embedded::{Directory, SqliteLedger};
use rapport_store::ledger::Ledger;
use replay::Happened;
use session::session;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, mpsc};

/// Cuts unless `RAPPORT_POWER_CUTS` says another number.
const CUTS: u64 = 60;
/// The beginning of every name.
const EVERY: [&str; 1] = [""];
/// Directories that are opened at the same time.
const AUDITORS: usize = 2;

#[test]
fn everything_acknowledged_survives_a_power_cut_exactly_once() {
    let cuts = number("RAPPORT_POWER_CUTS").unwrap_or(CUTS);
    let seed = number("RAPPORT_SEED").unwrap_or_else(|| u64::from(std::process::id()));
    let planned = plan(&session().eventful(), cuts, seed);
    let folder = scratch();
    let broken = Mutex::new(Vec::new());
    let (send, receive) = mpsc::sync_channel::<Cut>(AUDITORS);
    let receive = Mutex::new(receive);
    std::thread::scope(|scope| {
        for _ in 0..AUDITORS {
            scope.spawn(|| {
                loop {
                    let next = receive
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .recv();
                    let Ok(cut) = next else { return };
                    if let Err(why) = cut.check() {
                        broken
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .push(why);
                    }
                }
            });
        }
        session().walk(None, |seen| {
            for (nth, loss) in planned.get(&seen.number).into_iter().flatten() {
                let data = folder.path().join(nth.to_string());
                seen.disk
                    .leave(*loss, &EVERY, &data)
                    .expect("the cut can be written");
                let what = format!("seed {seed}, cut {nth} at moment {}, {loss:?}", seen.number);
                let cut = Cut {
                    data,
                    kept: seen.kept.clone(),
                    what,
                    nth: *nth,
                };
                send.send(cut).expect("an auditor listens");
            }
        });
        drop(send);
    });
    let broken = broken.into_inner().unwrap_or_else(PoisonError::into_inner);
    println!("seed {seed}: {cuts} cuts, {} broken", broken.len());
    assert!(
        broken.is_empty(),
        "{} of {cuts} cuts:\n{}",
        broken.len(),
        broken.join("\n")
    );
}

/// A directory as a cut left it.
struct Cut {
    data: PathBuf,
    kept: Promises,
    what: String,
    nth: u64,
}

impl Cut {
    fn check(&self) -> Result<(), String> {
        let is_sample = self.nth.is_multiple_of(10);
        let depth = match is_sample {
            true => Depth::People,
            false => Depth::Entries,
        };
        let mut found = audit(&self.data, &self.kept, depth).map(drop);
        if is_sample {
            found = found.and_then(|()| doctor(&self.data));
        }
        let _ = std::fs::remove_dir_all(&self.data);
        found.map_err(|why| format!("{}: {why}", self.what))
    }
}

/// Which cuts are made at which moment, numbered.
fn plan(eventful: &[usize], cuts: u64, seed: u64) -> BTreeMap<usize, Vec<(u64, Loss)>> {
    let mut dice = Dice::new(seed);
    let mut planned: BTreeMap<usize, Vec<(u64, Loss)>> = BTreeMap::new();
    for nth in 0..cuts {
        let moment = eventful[dice.below(eventful.len() as u64) as usize];
        let chosen = dice.below(u64::MAX);
        let loss = match dice.below(10) {
            0..5 => Loss::Everything,
            5..8 => Loss::Some(chosen),
            8 => Loss::Torn(chosen),
            _ => Loss::Nothing,
        };
        planned.entry(moment).or_default().push((nth, loss));
    }
    planned
}

#[test]
fn no_200_precedes_the_sync_that_covers_its_bytes() {
    let folder = scratch();
    let mut synced = Synced::below(folder.path());
    let mut answers = 0;
    session().walk(None, |seen| {
        synced.changed |= seen.happened == Happened::Disk;
        if let Some(ids) = acknowledged(&seen) {
            let on_disk = synced.ids(seen.disk);
            let missing: Vec<_> = ids.iter().filter(|id| !on_disk.contains(*id)).collect();
            assert!(
                missing.is_empty(),
                "answered before it was synced: {missing:?}"
            );
            answers += 1;
        }
    });
    println!(
        "{answers} answers, each behind its sync; {} states of the ledger",
        synced.read
    );
    assert!(answers > 100, "the load was none: {answers}");
}

#[test]
fn a_disk_that_lies_about_syncs_is_found_out() {
    let folder = scratch();
    let mut synced = Synced::below(folder.path());
    let mut lost = 0;
    let mut answers = 0;
    session().walk(Some("ledger.db-wal"), |seen| {
        synced.changed |= seen.happened == Happened::Disk;
        if let Some(ids) = acknowledged(&seen)
            && answers < 20
        {
            answers += 1;
            let on_disk = synced.ids(seen.disk);
            lost += usize::from(ids.iter().any(|id| !on_disk.contains(id)));
        }
    });
    assert!(
        lost >= 10,
        "{lost} of {answers} answers were found to be lies"
    );
}

/// The events that this moment acknowledges for the first time.
fn acknowledged<'a>(seen: &session::Seen<'a>) -> Option<&'a [String]> {
    let sent = seen.sent?;
    match (&sent.promise, seen.happened) {
        (Promise::Events(ids), Happened::Answer { status: 200, .. }) => Some(ids),
        _ => None,
    }
}

/// What the ledger holds after a cut, read again only where the disk has changed.
struct Synced<'a> {
    folder: &'a Path,
    changed: bool,
    read: usize,
    ids: BTreeSet<String>,
}

impl Synced<'_> {
    fn below(folder: &Path) -> Synced<'_> {
        Synced {
            folder,
            changed: true,
            read: 0,
            ids: BTreeSet::new(),
        }
    }

    fn ids(&mut self, disk: &Disk) -> &BTreeSet<String> {
        if self.changed {
            let data = self.folder.join(self.read.to_string());
            disk.leave(Loss::Everything, &["format", "ledger.db"], &data)
                .expect("the cut can be written");
            // Repeats of what is forgotten long ago are behind a sync as well.
            self.ids.extend(ids_on_ledger(&data));
            std::fs::remove_dir_all(&data).expect("the cut can go");
            self.read += 1;
            self.changed = false;
        }
        &self.ids
    }
}

fn ids_on_ledger(data: &Path) -> BTreeSet<String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let directory = Directory::open(data).expect("the cut opens");
        let ledger = SqliteLedger::open(&directory).expect("the ledger opens");
        let mut ids = BTreeSet::new();
        let mut after = 0;
        loop {
            let requests = ledger
                .read(after, 64 << 20)
                .await
                .expect("the ledger is whole");
            let Some(last) = requests.last() else {
                return ids;
            };
            after = last.number;
            for request in &requests {
                let body = String::from_utf8_lossy(&request.body);
                let values = body.split("\"messageId\":\"").skip(1);
                ids.extend(values.filter_map(|rest| Some(rest.split('"').next()?.to_owned())));
            }
        }
    })
}

/// A folder in memory where there is one: a cut's own syncs are not what is measured.
fn scratch() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    made.expect("a folder")
}
