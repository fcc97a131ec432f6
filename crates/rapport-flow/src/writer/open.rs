//! The open batch: what is folded and waits for the transaction that is being written. It grows until
//! that one is on disk, so that folding, and whoever waits for an answer, never waits for the disk.

use super::Writer;
use crate::flow::{Changes, Ended, Folded, Source};
use crate::outbox::Message;
use crate::steps::commit;
use rapport_core::event::Request;
use rapport_core::fold::Effects;
use rapport_core::position::Position;
use rapport_core::time::Millis;
use rapport_store::Result;
use rapport_store::seen::SeenKey;
use rapport_store::state::Write;
use std::collections::BTreeMap;

/// Requests in one batch at most.
const REQUESTS: usize = 4_096;
/// Bodies in one batch at most, in bytes.
const BYTES: usize = 4 << 20;
/// Requests that are worth folding beside a transaction, where nobody waits for one of them.
const WORTHWHILE: u64 = 512;

/// What was folded since the last transaction was begun.
#[derive(Debug, Default)]
pub(crate) struct Open {
    /// The requests, in order; none in a replay.
    pub requests: Vec<Request>,
    /// What transformations and plans made of their items.
    pub changes: Changes,
    /// Every item, in order.
    pub ended: Vec<Ended>,
    /// What the folds did beside changing people.
    pub effects: Effects,
    /// The ids that were accepted, and when.
    pub accepted: BTreeMap<SeenKey, Millis>,
    /// What goes into the outbox.
    pub messages: Vec<Message>,
    /// Further rows.
    pub writes: Vec<Write>,
    /// How far the fold is.
    pub position: Position,
    bytes: usize,
}

impl Open {
    /// How many more requests fit in, and how many bytes of them.
    fn fits(&self) -> (usize, usize) {
        let requests = REQUESTS.saturating_sub(self.requests.len());
        (requests, BYTES.saturating_sub(self.bytes))
    }
}

impl Writer {
    /// The last entry that is folded.
    pub fn folded(&self) -> Position {
        let open = self.open.as_ref();
        open.map_or(self.head.position, |open| open.position)
    }

    /// How many more requests can be folded before the next transaction begins, and how many bytes
    /// of them; nothing where it pays to wait for more.
    pub fn fits(&self) -> (usize, usize) {
        let shared = &self.shared;
        let waiting = shared.feed.last().saturating_sub(self.folded().request);
        if self.is_writing() && waiting < WORTHWHILE && shared.awaited.is_empty() {
            return (0, 0);
        }
        let open = self.open.as_ref();
        open.map_or((REQUESTS, BYTES), Open::fits)
    }

    /// Whether no more can be folded before the next transaction begins.
    pub fn is_full(&self) -> bool {
        let fits = self.open.as_ref().map(Open::fits);
        fits.is_some_and(|(requests, bytes)| requests == 0 || bytes == 0)
    }

    /// Adds what was folded to the open batch.
    pub fn add(&mut self, folded: Folded, messages: Vec<Message>, source: Source) {
        let Folded {
            ended,
            effects,
            accepted,
        } = folded;
        let last = match &source {
            Source::Ledger(requests, _) => requests.last().map(|last| (last.number, last.received)),
            Source::Replay => ended
                .last()
                .map(|last| (last.event.position.request, self.received)),
        };
        let Some((number, received)) = last else {
            return;
        };
        self.received = self.received.max(received);
        let open = self.opened();
        open.position = Position::event(number, 0);
        if let Source::Ledger(requests, changes) = source {
            // A batch is bounded in bytes, far below 2^32 items.
            let before = u32::try_from(open.ended.len()).unwrap_or(u32::MAX);
            let changes = changes.into_iter();
            let changes = changes.map(|(place, change)| (before + place, change));
            open.changes.extend(changes);
            open.bytes += requests.iter().map(|one| one.body.len()).sum::<usize>();
            open.requests.extend(requests);
        }
        open.ended.extend(ended);
        open.accepted.extend(accepted);
        open.effects.extend(effects);
        open.messages.extend(messages);
    }

    /// The open batch; a new one where there is none.
    pub fn opened(&mut self) -> &mut Open {
        let position = self.head.position;
        self.open.get_or_insert_with(|| Open {
            position,
            ..Open::default()
        })
    }

    /// Begins to write the open batch, if there is one and nothing else is being written.
    pub async fn begin_open(&mut self) -> Result<()> {
        if self.is_writing() {
            return Ok(());
        }
        match self.open.take() {
            Some(open) => commit::step(self, open).await,
            None => Ok(()),
        }
    }

    /// Writes everything that is folded; then everybody sees it.
    pub async fn settle(&mut self) -> Result<()> {
        self.show_when_written().await?;
        self.begin_open().await?;
        self.show_when_written().await
    }
}
