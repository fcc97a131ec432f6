//! What the job of an import may ask of the flow.

use super::Rapport;
use crate::error::Result;
use crate::imports::{self, Tally};
use crate::steps::dedup;
use rapport_core::event::SourceNo;

impl Rapport {
    /// How the rows of an import ended so far.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn import_tally(&self, import: u64) -> Result<Tally> {
        Ok(imports::tally(&*self.shared.roles.state, import).await?)
    }

    /// Looks message ids of a source up in history before their rows are sent, so that the writer
    /// need not: reading files there would hold up everybody's events.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn look_up(&self, source: SourceNo, ids: &[Box<str>]) -> Result<()> {
        let hash = self.shared.hash();
        let keyed = |id: &str| (hash.seen(source.0, id), (source, Box::from(id)));
        let ids = ids.iter().map(|id| keyed(id)).collect();
        let (forgotten, found) = dedup::look_up(&self.shared, ids).await?;
        self.shared.looked_up().note(forgotten, found.into_iter());
        Ok(())
    }
}
