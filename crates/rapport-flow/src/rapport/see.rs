//! A request and, in the same breath, the person it was about: what a decision needs.

use super::Rapport;
use crate::awaited;
use crate::error::{Refusal, Result};
use crate::reads;
use rapport_core::identity::{Identifier, normalise};
use rapport_core::profile::Profile;
use rapport_store::ledger::Submission;
use std::time::Duration;
use tokio::time::Instant;

/// What is known of a person behind a request.
#[derive(Debug)]
pub struct Seen {
    /// Whether this is as of after the request.
    pub is_fresh: bool,
    /// The person; `None` where the identifier names nobody.
    pub person: Result<Option<Profile>>,
}

impl Rapport {
    /// Puts a request on the ledger and returns whom an identifier names once it is folded, or
    /// what is known of them after `patience`. The request is on disk by then, its fold perhaps
    /// not yet: no other order of things than the one that was told will ever be.
    ///
    /// # Errors
    /// [`Refusal`] where the request is not on the ledger and never will be.
    pub async fn collect_and_see(
        &self,
        submission: Submission,
        about: &Identifier,
        patience: Duration,
    ) -> std::result::Result<Seen, Refusal> {
        let policy = self.policy();
        let normal = normalise::normalise(&policy, about).ok();
        let (question, answer) = normal.map(awaited::ask).unzip();
        let collector = self.collector()?;
        let number = collector.collect_and_ask(submission, question).await?;
        let patience_ends = Instant::now() + patience;
        if let Some(answer) = answer
            && let Ok(Ok(found)) = tokio::time::timeout_at(patience_ends, answer).await
        {
            let now = self.shared.clock.now();
            let as_of = |profile| reads::profile::as_of(&self.shared, profile, now);
            return Ok(Seen {
                is_fresh: true,
                person: Ok(found.map(as_of)),
            });
        }
        let left = patience_ends.saturating_duration_since(Instant::now());
        Ok(Seen {
            is_fresh: self.folded(number, left).await,
            person: self.named(about).await,
        })
    }

    /// Whom an identifier names; nobody where several people share it.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn named(&self, identifier: &Identifier) -> Result<Option<Profile>> {
        Ok(reads::profile::named(&self.shared, identifier).await?)
    }
}
