//! Webhooks as sources: those in force, and what they sent lately.

use super::Rapport;
use crate::error::Result;
use crate::hooks::Hooks;
use rapport_core::event::{Dialect, SourceNo};
use std::sync::Arc;

/// How far back on the ledger deliveries are looked for: requests of all sources.
const REQUESTS: u64 = 20_000;
/// Requests per step back.
const STEP: u64 = 1_000;
/// Bytes that one step reads, about.
const STEP_BYTES: usize = 8 << 20;

impl Rapport {
    /// Webhooks in force.
    #[must_use]
    pub fn hooks(&self) -> Arc<Hooks> {
        Arc::clone(&self.shared.configuration().hooks)
    }

    /// The newest deliveries of a source that are among the last requests on the ledger, newest
    /// first, as they are kept there.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn deliveries(&self, source: SourceNo, limit: usize) -> Result<Vec<Vec<u8>>> {
        let ledger = &self.shared.roles.ledger;
        let (last, _) = ledger.last().await?;
        let mut found = Vec::new();
        let (mut before, mut looked) = (last + 1, 0);
        while before > 1 && looked < REQUESTS && found.len() < limit {
            let after = (before - 1).saturating_sub(STEP);
            let mut own = Vec::new();
            let mut read = after;
            while read + 1 < before {
                let requests = ledger.read(read, STEP_BYTES).await?;
                let Some(end) = requests.last().map(|request| request.number) else {
                    break;
                };
                read = end;
                own.extend(requests.into_iter().filter(|request| {
                    request.number < before
                        && request.origin.dialect == Dialect::Webhook
                        && request.origin.source == source
                }));
                // Only the newest are wanted: memory holds no more of them than that.
                own.drain(..own.len().saturating_sub(limit));
            }
            found.extend(own.into_iter().rev().map(|request| request.body));
            looked += before - 1 - after;
            before = after + 1;
        }
        found.truncate(limit);
        Ok(found)
    }
}
