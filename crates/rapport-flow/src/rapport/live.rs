//! What can be watched as it happens, and read again by whoever comes back.

use super::Rapport;
use crate::error::Result;
use crate::live::Viewer;
use crate::reads;
use rapport_core::event::{Request, SourceNo};
use rapport_core::identity::ProfileNo;
use rapport_core::identity::journal::Record;
use rapport_core::position::Position;
use rapport_core::profile::Profile;
use rapport_core::time::Millis;
use rapport_store::history::Entry;

impl Rapport {
    /// Watches what happens from now on; `None` where `most` watch already.
    #[must_use]
    pub fn watch(&self, most: usize) -> Option<Viewer> {
        self.shared.live.watch(most)
    }

    /// Watches everything that is kept of what happened, and says since where that is whole.
    #[must_use]
    pub fn watch_kept(&self, most: usize) -> Option<(Viewer, Position)> {
        self.shared.live.watch_kept(most)
    }

    /// How many watch.
    #[must_use]
    pub fn viewers(&self) -> usize {
        self.shared.live.viewers()
    }

    /// Entries behind a position, in order, `limit` at most: from memory and, behind it, history.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn entries_behind(&self, after: Position, limit: usize) -> Result<Vec<Entry>> {
        Ok(reads::behind::entries(&self.shared, after, limit).await?)
    }

    /// What the journal says of entries behind a position, in order, `limit` at most.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn journal_behind(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<(u64, Record)>> {
        Ok(reads::behind::journal(&self.shared, after, limit).await?)
    }

    /// The profile that a number leads to now.
    #[must_use]
    pub fn survivor(&self, number: ProfileNo) -> ProfileNo {
        self.shared.survivor(number)
    }

    /// The newest requests of a source, as they stand on the ledger, newest first.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn samples(&self, source: SourceNo, limit: usize) -> Result<Vec<Request>> {
        Ok(reads::samples::newest(&self.shared, source, limit).await?)
    }

    /// When a source was last heard of.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn last_received(&self, source: SourceNo) -> Result<Option<Millis>> {
        Ok(reads::samples::last_received(&self.shared, source).await?)
    }

    /// People who belong to a company, above `after`, and where the next page begins.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn people_of(
        &self,
        company: &str,
        after: Option<ProfileNo>,
        limit: usize,
    ) -> Result<(Vec<Profile>, Option<ProfileNo>)> {
        Ok(reads::company::people(&self.shared, company, after, limit).await?)
    }
}
