//! Opens a directory in this process, as a restart would, and holds promises against what is there.

use super::load::COUNTED;
use super::promise::Promises;
use rapport_core::entry::Reference;
use rapport_core::identity::{IdKind, Identifier, ProfileNo};
use rapport_core::outcome::Outcome;
use rapport_core::position::Position;
use rapport_core::profile::Profile;
use rapport_core::segment::registry::Build;
use rapport_embedded::history::ParquetHistory;
use rapport_embedded::seen::SeenRuns;
use rapport_embedded::{Directory, SqliteLedger, SqliteState};
use rapport_flow::clock::SystemClock;
use rapport_flow::{Rapport, Roles, Settings};
use rapport_store::history::{Ask, Entry, Row};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How long folding what a crash left may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// How closely a directory is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Every event's outcome, every command's effect.
    Entries,
    /// Also every person's timeline and every segment's members.
    People,
}

/// What was found in a directory that keeps its promises.
#[derive(Debug, Default)]
pub struct Found {
    /// Accepted events, by message id.
    pub accepted: BTreeSet<String>,
    /// Items that were repeats of accepted ones.
    pub duplicates: usize,
    /// Files of history.
    pub files: usize,
}

/// Opens a directory, lets it fold what waits, and compares.
///
/// # Errors
/// A sentence that says which promise is broken, or why the directory does not open.
pub fn audit(data: &Path, promises: &Promises, depth: Depth) -> Result<Found, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let found = runtime.block_on(async {
        let rapport = open(data).await?;
        let found = look(&rapport, promises, depth).await;
        rapport.stop().await;
        found
    });
    runtime.shutdown_timeout(PATIENCE);
    found
}

async fn open(data: &Path) -> Result<Rapport, String> {
    let directory = Directory::open(data).map_err(text)?;
    let roles = Roles {
        ledger: Arc::new(SqliteLedger::open(&directory).map_err(text)?),
        state: Arc::new(SqliteState::open(&directory).map_err(text)?),
        history: Arc::new(ParquetHistory::open(directory.history()).map_err(text)?),
        seen: Arc::new(SeenRuns::open(&directory).map_err(text)?),
    };
    let clock = Arc::new(SystemClock::start());
    Rapport::start(roles, Settings::default(), clock)
        .await
        .map_err(text)
}

async fn look(rapport: &Rapport, promises: &Promises, depth: Depth) -> Result<Found, String> {
    settle(rapport).await?;
    let rows = rows(rapport).await?;
    let found = outcomes(rapport, &rows, promises)?;
    commands(rapport, promises).await?;
    if depth == Depth::People {
        people(rapport, &rows).await?;
    }
    Ok(found)
}

async fn settle(rapport: &Rapport) -> Result<(), String> {
    let settled = async {
        while !(rapport.is_idle() && rapport.registry().building().next().is_none()) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, settled).await;
    let health = rapport.health();
    if waited.is_err() || !health.is_ready() {
        return Err(format!("the flow does not settle: {health:?}"));
    }
    Ok(())
}

/// Every event there is, in the one order, from files and from memory.
async fn rows(rapport: &Rapport) -> Result<Vec<Arc<Row>>, String> {
    let (files, tail) = rapport.recorded();
    let mut entries = Vec::new();
    let mut keep = |entry: Entry| {
        entries.push(entry);
        Ok(())
    };
    let history = &rapport.roles().history;
    history
        .scan_order(&files.history, Position::default(), &mut keep)
        .await
        .map_err(text)?;
    entries.extend(tail);
    let mut before = None;
    for entry in &entries {
        let position = entry.position();
        if before >= Some(position) {
            return Err(format!("{position} stands behind {before:?}"));
        }
        before = Some(position);
    }
    let row = |entry| match entry {
        Entry::Event(row) => Some(row),
        Entry::Command(_) => None,
    };
    Ok(entries.into_iter().filter_map(row).collect())
}

/// Every promised event is accepted once, none is accepted twice, and the counters agree.
fn outcomes(rapport: &Rapport, rows: &[Arc<Row>], promises: &Promises) -> Result<Found, String> {
    let mut found = Found {
        files: rapport.recorded().0.history.len(),
        ..Found::default()
    };
    for row in rows {
        match &row.outcome {
            Outcome::Accepted => {
                if !found.accepted.insert(row.event.message_id.to_string()) {
                    return Err(format!("{} is accepted twice", row.event.message_id));
                }
            }
            Outcome::Duplicate => found.duplicates += 1,
            other => return Err(format!("{} ended as {other:?}", row.event.message_id)),
        }
    }
    let lost: Vec<_> = promises
        .events
        .difference(&found.accepted)
        .take(5)
        .collect();
    if !lost.is_empty() {
        return Err(format!("acknowledged and lost: {lost:?}"));
    }
    let counted = rapport.outcomes(None).words;
    let counted = |word: &str| counted.get(word).copied().unwrap_or(0) as usize;
    if (counted("accepted"), counted("duplicate")) != (found.accepted.len(), found.duplicates) {
        let words = (counted("accepted"), counted("duplicate"));
        return Err(format!(
            "{words:?} are counted, {} and {} are there",
            found.accepted.len(),
            found.duplicates
        ));
    }
    Ok(found)
}

async fn commands(rapport: &Rapport, promises: &Promises) -> Result<(), String> {
    let registry = rapport.registry();
    if let Some(key) = promises
        .segments
        .iter()
        .find(|key| registry.get(key).is_none())
    {
        return Err(format!("the segment {key} is acknowledged and lost"));
    }
    for (pairs, together) in [(&promises.merged, true), (&promises.parted, false)] {
        for (left, right) in pairs {
            let (one, other) = (user(rapport, left).await?, user(rapport, right).await?);
            if (one.number == other.number) != together {
                return Err(format!(
                    "{left} is {}, {right} is {}",
                    one.number, other.number
                ));
            }
        }
    }
    Ok(())
}

async fn user(rapport: &Rapport, user: &str) -> Result<Profile, String> {
    let reference = Reference::Identifier(Identifier::new(IdKind::UserId, user));
    let found = rapport.profile(&reference).await.map_err(text)?;
    found.ok_or_else(|| format!("the user {user} is lost"))
}

/// Everybody's timelines together are the accepted events, and segments hold whom they say.
async fn people(rapport: &Rapport, rows: &[Arc<Row>]) -> Result<(), String> {
    let origins: BTreeSet<ProfileNo> = rows.iter().filter_map(|row| row.origin).collect();
    let mut bought: BTreeMap<ProfileNo, u64> = BTreeMap::new();
    let mut seen = 0;
    for origin in origins {
        let found = rapport
            .profile(&Reference::Number(origin))
            .await
            .map_err(text)?;
        let person = found.ok_or_else(|| format!("the profile {origin} is lost"))?;
        if bought.contains_key(&person.number) {
            continue;
        }
        let timeline = rapport
            .timeline(&person, &Ask::default())
            .await
            .map_err(text)?;
        seen += timeline.len();
        let count = timeline
            .iter()
            .filter(|row| &*row.event.name == COUNTED)
            .count();
        bought.insert(person.number, count as u64);
    }
    let accepted = rows
        .iter()
        .filter(|row| row.outcome == Outcome::Accepted)
        .count();
    if seen != accepted {
        return Err(format!(
            "timelines show {seen} of {accepted} accepted events"
        ));
    }
    members(rapport, &bought).await
}

async fn members(rapport: &Rapport, bought: &BTreeMap<ProfileNo, u64>) -> Result<(), String> {
    for segment in rapport.registry().segments() {
        if segment.build != Build::Complete {
            return Err(format!("the segment {} is still building", segment.key));
        }
        let least: u64 = segment
            .key
            .rsplit('-')
            .next()
            .and_then(|text| text.parse().ok())
            .unwrap_or(0);
        let members = rapport
            .members(segment.no, None, 100_000)
            .await
            .map_err(text)?;
        let members: BTreeSet<ProfileNo> = members.0.iter().map(|person| person.number).collect();
        let expected = bought.iter().filter(|(_, count)| **count >= least);
        let expected: BTreeSet<ProfileNo> = expected.map(|(person, _)| *person).collect();
        if members != expected {
            let wrong: Vec<_> = members.symmetric_difference(&expected).take(5).collect();
            return Err(format!(
                "{} has {} members, not {}: {wrong:?}",
                segment.key,
                members.len(),
                expected.len()
            ));
        }
    }
    Ok(())
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
