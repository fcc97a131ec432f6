//! What can be asked about segments: who a rule would find, and how two of them overlap.

use super::Rapport;
use crate::discovery::Found;
use crate::error::Result;
use crate::reads::overlap::{self, Overlap};
use crate::reads::preview::{self, Bounds, Preview};
use crate::reads::turnover::{self, Changes, Hours};
use rapport_core::position::Position;
use rapport_core::profile::Profile;
use rapport_core::segment::explain::Explanation;
use rapport_core::segment::membership::SegmentNo;
use rapport_core::segment::trial::Trial;
use rapport_core::time::Millis;
use rapport_store::history::Ask;
use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

/// How long what is known of events is taken from memory.
const KNOWN_FOR: Duration = Duration::from_secs(5);
/// Events of a person read in one go to explain a segment.
const EVENTS: usize = 500;
/// How often.
const EVENTS_PAGES_MAX: usize = 20;

impl Rapport {
    /// Who a rule that is not saved would have for members.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn preview(&self, trial: &Trial, bounds: Bounds) -> Result<Preview> {
        preview::of(&self.shared, trial, bounds).await
    }

    /// Which events and properties are seen, as of a few seconds ago: for whoever types rules.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn known(&self) -> Result<Arc<Found>> {
        let read = || {
            let known = &self.shared.known;
            let known = known.lock().unwrap_or_else(PoisonError::into_inner);
            known.clone()
        };
        if let Some((since, found)) = read()
            && since.elapsed() < KNOWN_FOR
        {
            return Ok(found);
        }
        let found = Arc::new(self.discovered(None).await?);
        let mut known = self
            .shared
            .known
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *known = Some((Instant::now(), Arc::clone(&found)));
        Ok(found)
    }

    /// Says of the events that count in an explanation what they were, from the person's history.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn name_events(&self, profile: &Profile, of: &mut Explanation) -> Result<()> {
        let Some((first, last)) = of.unnamed() else {
            return Ok(());
        };
        let named = of.wanted.named.iter();
        let kinds = named.clone().map(|(kind, _)| kind).chain(&of.wanted.kinds);
        let mut ask = Ask {
            before: Some((last.plus(1), Position::default())),
            names: match of.wanted.kinds.is_empty() {
                true => named.map(|(_, name)| name.to_string()).collect(),
                false => BTreeSet::new(),
            },
            kinds: kinds.map(|kind| kind.word().to_owned()).collect(),
            limit: EVENTS,
        };
        for _ in 0..EVENTS_PAGES_MAX {
            let rows = self.timeline(profile, &ask).await?;
            for row in &rows {
                of.name(&row.event);
            }
            let Some(oldest) = rows.last().filter(|_| rows.len() == EVENTS) else {
                return Ok(());
            };
            if oldest.event.at < first || of.unnamed().is_none() {
                return Ok(());
            }
            ask.before = Some((oldest.event.at, oldest.event.position));
        }
        Ok(())
    }

    /// How many people are in two segments, and in only one of them.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn overlap(&self, left: SegmentNo, right: SegmentNo) -> Result<Overlap> {
        Ok(overlap::of(&self.shared, left, right).await?)
    }

    /// How many are in a segment, and how many entered and left it in each hour since `from`.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn turnover(&self, segment: SegmentNo, from: Millis) -> Result<Hours> {
        Ok(turnover::hours(&self.shared, segment, from).await?)
    }

    /// Who entered and left a segment in a time, in order.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn changes(&self, asked: &turnover::Asked) -> Result<Changes> {
        Ok(turnover::changes(&self.shared, asked).await?)
    }

    /// Since when it is kept who entered and left segments: earlier changes are forgotten.
    #[must_use]
    pub fn changes_kept_since(&self) -> Millis {
        let keep_ms = self.shared.settings.changes_keep_ms;
        self.shared.clock.now().plus(-keep_ms)
    }
}
