//! What can be asked about segments: who a rule would find, and how two of them overlap.

use super::Rapport;
use crate::error::Result;
use crate::reads::overlap::{self, Overlap};
use crate::reads::preview::{self, Bounds, Preview};
use crate::reads::turnover::{self, Changes, Hours};
use rapport_core::segment::membership::SegmentNo;
use rapport_core::segment::trial::Trial;
use rapport_core::time::Millis;

impl Rapport {
    /// Who a rule that is not saved would have for members.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn preview(&self, trial: &Trial, bounds: Bounds) -> Result<Preview> {
        preview::of(&self.shared, trial, bounds).await
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
