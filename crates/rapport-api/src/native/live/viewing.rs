//! One viewer: what it missed first, then what happens, at a pace that people and their
//! connections can follow.
//!
//! A viewer costs the writer nothing: it looks a few times a second in a task of its own, is told
//! at most so many things at a time and how many were left out, and is cut where its connection
//! takes them too slowly. Then it comes back with the id it saw last.

use super::filter::Filter;
use super::item::Item;
use crate::Api;
use crate::rights::{self, Asker};
use crate::serve::Stopping;
use bytes::Bytes;
use rapport_core::position::Position;
use rapport_flow::live::{Happened, Viewer};
use serde_json::json;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// How often a viewer looks.
const LOOK: Duration = Duration::from_millis(250);
/// Things told at one look at most.
const TOLD_MAX: usize = 20;
/// How long nothing may be said, so that no proxy takes the connection for dead.
const SILENCE: Duration = Duration::from_secs(15);
/// How long a connection may take nothing before it is cut.
const STALLED: Duration = Duration::from_secs(30);
/// Entries of the past read for one stream; behind them it comes back for more.
const CAUGHT_UP_MAX: usize = 10_000;
/// Things in one chunk while it catches up.
const CHUNK: usize = 100;

/// Somebody who watches.
pub(super) struct Viewing {
    api: Api,
    /// Who watches.
    asker: Asker,
    filter: Filter,
    viewer: Viewer,
    /// Where it goes on, and since where memberships that moved are kept.
    after: Option<(Position, Position)>,
    /// What happened up to here was told before, or is told from what is recorded.
    behind: Option<Position>,
    /// The last position it was told as an id.
    told: Position,
}

/// The stream is over.
struct Over;

impl Viewing {
    /// Begins to watch; `None` where too many do.
    pub(super) fn begin(
        api: &Api,
        asker: Asker,
        filter: Filter,
        after: Option<Position>,
    ) -> Option<Viewing> {
        let most = api.settings.reads.viewers;
        let (viewer, after) = match after {
            None => (api.rapport.watch(most)?, None),
            Some(after) => {
                let (viewer, since) = api.rapport.watch_kept(most)?;
                (viewer, Some((after, since)))
            }
        };
        Some(Viewing {
            api: api.clone(),
            asker,
            filter,
            viewer,
            told: after.map_or(Position::default(), |(after, _)| after),
            behind: after.map(|(after, _)| after),
            after,
        })
    }

    /// Tells until the connection ends, the server stops, or the viewer is too slow.
    pub(super) async fn run(mut self, chunks: mpsc::Sender<Bytes>, stopping: Option<Stopping>) {
        let stopped = async {
            match stopping {
                Some(stopping) => stopping.begun().await,
                None => std::future::pending().await,
            }
        };
        let gone = chunks.clone();
        tokio::select! {
            () = stopped => {}
            () = gone.closed() => {}
            _ = self.tell(&chunks) => {}
        }
    }

    async fn tell(&mut self, chunks: &mpsc::Sender<Bytes>) -> Result<(), Over> {
        let mut begun = String::from("retry: 1000\n\n");
        let head = self.api.rapport.head().position;
        let kept = self.after.map(|(after, since)| match after >= since {
            true => after,
            // Behind every event of a request is told as behind that request's first.
            false if since.index == u32::MAX => Position { index: 0, ..since },
            false => since,
        });
        let ready = json!({
            "position": head.to_string(),
            "memberships_since": kept.map(|since| since.to_string()),
        });
        notice(&mut begun, "ready", &ready);
        send(chunks, begun).await?;
        if let Some((after, since)) = self.after
            && after < since
        {
            self.catch_up(after, chunks).await?;
        }
        loop {
            let next = Instant::now() + LOOK;
            let mut text = String::new();
            if !rights::goes_on(&self.api, &self.asker, super::PATH) {
                // Nothing more is told to somebody who may not be told.
                return Err(Over);
            }
            let looked = self.look(&mut text);
            if !text.is_empty() {
                send(chunks, text).await?;
            }
            looked?;
            let changed = tokio::time::timeout(SILENCE, self.viewer.changed());
            if changed.await.is_err() {
                send(chunks, ": still here\n\n".to_owned()).await?;
            }
            tokio::time::sleep_until(next).await;
        }
    }

    /// Writes what happened since the last look; over for a viewer that was too slow.
    fn look(&mut self, text: &mut String) -> Result<(), Over> {
        let Ok(batches) = self.viewer.take() else {
            notice(text, "lagged", &self.lagged());
            return Err(Over);
        };
        self.write(&batches, text);
        Ok(())
    }

    fn lagged(&self) -> serde_json::Value {
        let after = (self.told > Position::default()).then(|| self.told.to_string());
        json!({
            "after": after,
            "message": "more happened than this stream could take: go on behind `after`",
        })
    }

    /// Writes the newest of what is wanted, and how much of it was left out.
    fn write(&mut self, batches: &[Arc<Happened>], text: &mut String) {
        let mut kept = Vec::new();
        let mut skipped = 0;
        for happened in batches.iter().rev() {
            if self.filter.is_open() && kept.len() >= TOLD_MAX {
                skipped += happened.items();
                continue;
            }
            for item in Item::newest(happened, self.filter.wants_events()) {
                if self.is_told(&item) || !self.filter.has(&self.api.rapport, &item) {
                    continue;
                }
                match kept.len() < TOLD_MAX {
                    true => kept.push(item),
                    false => skipped += 1,
                }
            }
        }
        if skipped > 0 {
            notice(text, "skipped", &json!({ "count": skipped }));
        }
        kept.reverse();
        self.write_items(kept, text);
    }

    /// Whether it was told before the viewer came back. What time did has no place of its own,
    /// and is told again.
    fn is_told(&self, item: &Item<'_>) -> bool {
        let is_behind = |behind| item.place().0 <= behind && !item.is_of_time();
        self.behind.is_some_and(is_behind)
    }

    /// Writes items in order. The last one of an entry carries its position as id, so whoever is
    /// cut between two of them gets both again.
    fn write_items(&mut self, mut items: Vec<Item<'_>>, text: &mut String) {
        items.sort_by_key(Item::place);
        let registry = self.api.rapport.registry();
        for (place, item) in items.iter().enumerate() {
            let position = item.place().0;
            let next = items.get(place + 1).map(|next| next.place().0);
            let is_last = next != Some(position) && position > self.told;
            item.write(&registry, is_last.then_some(position), text);
            if is_last {
                self.told = position;
            }
        }
    }

    /// Tells what happened behind `after` from what is recorded: events and merges.
    async fn catch_up(
        &mut self,
        after: Position,
        chunks: &mpsc::Sender<Bytes>,
    ) -> Result<(), Over> {
        let rapport = self.api.rapport.clone();
        let entries = rapport.entries_behind(after, CAUGHT_UP_MAX).await;
        let entries = entries.map_err(|error| logged(&error))?;
        let journal = rapport.journal_behind(after, CAUGHT_UP_MAX).await;
        let journal = journal.map_err(|error| logged(&error))?;
        let is_whole = entries.len() < CAUGHT_UP_MAX;
        let end = match is_whole {
            true => None,
            false => entries.last().map(rapport_store::history::Entry::position),
        };
        let events = entries.iter().filter_map(Item::of_entry);
        let lines = journal
            .iter()
            .map(|(number, record)| Item::Journal(*number, record));
        let lines = lines.filter(|line| end.is_none_or(|end| line.place().0 <= end));
        let mut items: Vec<_> = events
            .chain(lines)
            .filter(|item| self.filter.has(&rapport, item))
            .collect();
        items.sort_by_key(Item::place);
        for some in items.chunks(CHUNK) {
            let mut text = String::new();
            self.write_items(some.to_vec(), &mut text);
            send(chunks, text).await?;
        }
        let last = entries.last().map(rapport_store::history::Entry::position);
        self.told = self.told.max(last.unwrap_or_default());
        self.behind = Some(self.told);
        if is_whole {
            return Ok(());
        }
        let mut text = String::new();
        // The position counts also where nothing up to it was wanted.
        let _ = writeln!(text, "id: {}", self.told);
        notice(&mut text, "lagged", &self.lagged());
        send(chunks, text).await?;
        Err(Over)
    }
}

fn logged(error: &rapport_flow::Error) -> Over {
    tracing::error!(%error, "a viewer could not be told what it missed");
    Over
}

fn notice(text: &mut String, name: &str, data: &serde_json::Value) {
    // Writing into a `String` cannot fail.
    let _ = write!(text, "event: {name}\ndata: {data}\n\n");
}

async fn send(chunks: &mpsc::Sender<Bytes>, text: String) -> Result<(), Over> {
    let sent = tokio::time::timeout(STALLED, chunks.send(text.into())).await;
    match sent {
        Ok(Ok(())) => Ok(()),
        _ => Err(Over),
    }
}
