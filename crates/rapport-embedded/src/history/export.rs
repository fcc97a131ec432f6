//! History for other tools: one Parquet file, or one JSON object a line.
//!
//! Both have the columns of the history files, under the same names and in the order of position;
//! `profile` is who an event belongs to now.

use super::folder::Draft;
use super::run::Run;
use super::{ParquetHistory, columns, fault, in_background, order};
use line::Line;
use rapport_core::identity::ProfileNo;
use rapport_core::outcome::Outcome;
use rapport_core::position::Position;
use rapport_core::time::Millis;
use rapport_store::Result;
use rapport_store::history::{Entry, File, Ownership};
use std::collections::BTreeSet;
use std::io::{BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

mod line;

/// What is exported: the files and the tail at one moment, and who owns what then.
#[derive(Clone, Debug)]
pub struct Content {
    /// The listed files.
    pub files: Vec<File>,
    /// Entries that are in no file yet, behind all of them.
    pub tail: Vec<Entry>,
    /// Who events belong to.
    pub ownership: Ownership,
}

/// Which entries are exported.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// How much of history.
    pub extent: Extent,
    /// Only entries at or after this: an event's `at`, a command's `received`.
    pub from: Option<Millis>,
    /// Only entries before this.
    pub to: Option<Millis>,
    /// Only events of this profile.
    pub profile: Option<ProfileNo>,
    /// Only events of these names, where not empty.
    pub names: BTreeSet<String>,
}

/// How much of history an export holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extent {
    /// Accepted events.
    #[default]
    Accepted,
    /// Events of every outcome.
    Events,
    /// Events of every outcome, and commands.
    Entries,
}

/// How far an export is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Entries looked at.
    pub read: u64,
    /// Entries there are to look at.
    pub of: u64,
    /// Entries exported.
    pub written: u64,
}

/// Writes one Parquet file; `progress` is called now and then, and with the last count returned.
///
/// # Errors
/// [`Error::Full`](rapport_store::Error::Full) where the disk is, and what reading files answers;
/// then `target` is left as it was.
pub async fn to_parquet(
    history: &ParquetHistory,
    content: Content,
    filter: Filter,
    target: &Path,
    progress: impl FnMut(Progress) + Send + 'static,
) -> Result<Progress> {
    let (history, target) = (history.clone(), target.to_owned());
    in_background("exporting history", move || {
        let mut run = Run::into(draft(&target)?, columns::exported())?;
        let mut export = Export {
            filter,
            progress: Progress::default(),
            report: progress,
        };
        let done = export.each(&history, content, &mut |entry, owner| {
            run.push(entry, owner)
        })?;
        leave(run.close()?.0, &target)?;
        Ok(done)
    })
    .await
}

/// Writes one JSON object a line; `progress` is called now and then, and with the last count
/// returned.
///
/// # Errors
/// [`Error::Full`](rapport_store::Error::Full) where the disk is, and what reading files answers;
/// then `target` is left as it was.
pub async fn to_ndjson(
    history: &ParquetHistory,
    content: Content,
    filter: Filter,
    target: &Path,
    progress: impl FnMut(Progress) + Send + 'static,
) -> Result<Progress> {
    let (history, target) = (history.clone(), target.to_owned());
    in_background("exporting history", move || {
        let mut lines = BufWriter::with_capacity(256 * 1024, draft(&target)?);
        let mut export = Export {
            filter,
            progress: Progress::default(),
            report: progress,
        };
        let done = export.each(&history, content, &mut |entry, owner| {
            let line = serde_json::to_writer(&mut lines, &Line::new(entry, owner));
            line.map_err(std::io::Error::from)
                .and_then(|()| lines.write_all(b"\n"))
                .map_err(|error| fault::from_io(WHAT, &error))
        })?;
        let lines = lines
            .into_inner()
            .map_err(|error| fault::from_io(WHAT, error.error()))?;
        leave(lines, &target)?;
        Ok(done)
    })
    .await
}

const WHAT: &str = "an export";

fn draft(target: &Path) -> Result<Draft> {
    let mut temporary = target.as_os_str().to_owned();
    temporary.push(".partial");
    Draft::create(PathBuf::from(temporary))
}

fn leave(draft: Draft, target: &Path) -> Result<()> {
    draft
        .leave(target)
        .map(|_| ())
        .map_err(|error| fault::from_io(WHAT, &error))
}

struct Export<R> {
    filter: Filter,
    progress: Progress,
    report: R,
}

/// Writes one entry, and the profile it belongs to now.
type Put<'a> = &'a mut dyn FnMut(&Entry, Option<ProfileNo>) -> Result<()>;

impl<R: FnMut(Progress)> Export<R> {
    fn each(
        &mut self,
        history: &ParquetHistory,
        content: Content,
        put: Put<'_>,
    ) -> Result<Progress> {
        let Content {
            mut files,
            mut tail,
            ownership,
        } = content;
        files.retain(|file| self.filter.may_match(file));
        self.progress.of = files.iter().map(|file| file.rows).sum::<u64>() + tail.len() as u64;
        let mut failed = None;
        let mut emit = |chunk: Vec<Entry>| match self.take(&chunk, &ownership, put) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        };
        let (cache, folder) = (&history.cache, &history.folder);
        order::scan(
            cache,
            folder,
            &files,
            Position::default(),
            order::BUDGET,
            &mut emit,
        )?;
        if let Some(error) = failed {
            return Err(error);
        }
        tail.sort_unstable_by_key(Entry::position);
        self.take(&tail, &ownership, put)?;
        Ok(self.progress)
    }

    fn take(&mut self, entries: &[Entry], ownership: &Ownership, put: Put<'_>) -> Result<()> {
        for entry in entries {
            let owner = owner(entry, ownership);
            self.progress.read += 1;
            if self.filter.matches(entry, owner) {
                put(entry, owner)?;
                self.progress.written += 1;
            }
        }
        (self.report)(self.progress);
        Ok(())
    }
}

fn owner(entry: &Entry, ownership: &Ownership) -> Option<ProfileNo> {
    match entry {
        Entry::Event(row) => row
            .origin
            .map(|origin| ownership.owner(origin, entry.position())),
        Entry::Command(_) => None,
    }
}

impl Filter {
    /// Whether a file can hold an entry that matches.
    fn may_match(&self, file: &File) -> bool {
        let earliest = file.at.0.min(file.received.0);
        let latest = file.at.1.max(file.received.1);
        self.from.is_none_or(|from| latest >= from) && self.to.is_none_or(|to| earliest < to)
    }

    fn matches(&self, entry: &Entry, owner: Option<ProfileNo>) -> bool {
        let (instant, is_wanted) = match entry {
            Entry::Event(row) => {
                let is_accepted = row.outcome == Outcome::Accepted;
                let is_named = self.names.is_empty() || self.names.contains(&*row.event.name);
                (
                    row.event.at,
                    (is_accepted || self.extent != Extent::Accepted) && is_named,
                )
            }
            Entry::Command(command) => (
                command.received,
                self.extent == Extent::Entries && self.names.is_empty(),
            ),
        };
        is_wanted
            && self.from.is_none_or(|from| instant >= from)
            && self.to.is_none_or(|to| instant < to)
            && self.profile.is_none_or(|profile| owner == Some(profile))
    }
}
