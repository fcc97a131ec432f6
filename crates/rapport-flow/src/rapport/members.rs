//! What sign-in, rights and the audit ask of the flow.

use super::Rapport;
use crate::audit::{self, Record};
use crate::error::{Error, Result};
use crate::keys;
use crate::sessions::{Change, Session};
use crate::writer::WriterOrder;
use rapport_core::member::{MemberNo, Roster};
use rapport_core::time::Millis;
use std::sync::Arc;
use tokio::sync::oneshot;

impl Rapport {
    /// Members, teams, roles and shares.
    #[must_use]
    pub fn roster(&self) -> Arc<Roster> {
        Arc::clone(&self.shared.configuration().roster)
    }

    /// The session with this id, where it still opens something, and the hash it is kept under.
    /// That it was used is noted.
    #[must_use]
    pub fn session(&self, id: &str, idle_ms: i64) -> Option<(String, Session)> {
        let hash = keys::hash(id);
        let session = self.session_by_hash(&hash, idle_ms)?;
        let now = self.shared.clock.now();
        if self.shared.sessions.touch(&hash, now) {
            self.note_seen(hash.clone(), now);
        }
        Some((hash, session))
    }

    /// The same by its hash, without noting it.
    #[must_use]
    pub fn session_by_hash(&self, hash: &str, idle_ms: i64) -> Option<Session> {
        let session = self.shared.sessions.get(hash)?;
        let now = self.shared.clock.now();
        session
            .stands(&self.roster(), now, idle_ms)
            .then_some(session)
    }

    /// Sessions of a member, by hash, some of which may be over.
    #[must_use]
    pub fn sessions(&self, member: MemberNo) -> Vec<(String, Session)> {
        self.shared.sessions.of(member)
    }

    /// Changes sessions and adds to the audit, in one transaction.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn sign(&self, change: Change, records: Vec<Record>) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        let order = WriterOrder::Sign {
            change,
            records,
            reply,
        };
        self.orders.send(order).await.map_err(|_| Error::Stopping)?;
        answer.await.map_err(|_| Error::Stopping)?
    }

    /// Adds to the audit; on disk when it returns.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn record(&self, record: Record) -> Result<()> {
        self.sign(Change::Nothing, vec![record]).await
    }

    /// Records of the audit below `before`, newest first, with their numbers.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn audit(&self, before: Option<u64>, limit: usize) -> Result<Vec<(u64, Record)>> {
        Ok(audit::newest(&self.shared, before, limit).await?)
    }

    /// A mark only this directory can make of a text: what carries it was told the text here.
    #[must_use]
    pub fn seal(&self, purpose: &str, text: &str) -> String {
        format!("{:032x}", self.shared.hash().seal(purpose, text))
    }

    /// Nobody waits for it: what is lost says only that a session was quiet for longer.
    fn note_seen(&self, hash: String, at: Millis) {
        let rapport = self.clone();
        tokio::spawn(async move {
            let _ = rapport.sign(Change::Seen { hash, at }, Vec::new()).await;
        });
    }
}
