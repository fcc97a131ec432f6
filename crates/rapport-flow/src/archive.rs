//! A data directory that is read, not run: its entries in order, and its state as a canonical
//! dump.

use crate::clock::Clock;
use crate::error::Result;
use crate::recover::recover;
use crate::rows;
use crate::settings::Settings;
use crate::shared::{Files, Roles, Shared};
use crate::tools::Tools;
use crate::writer::{Writer, all};
use rapport_core::entry::Reference;
use rapport_core::position::Position;
use rapport_core::profile::Profile;
use rapport_core::time::Millis;
use rapport_store::history::{Entry, Ownership};
use rapport_store::state::Table;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Entries on their way from a scan to whoever folds them.
const WAITING: usize = 4_096;

/// An opened directory at rest. Nothing collects, folds or fires in it.
pub struct Archive {
    pub(crate) shared: Arc<Shared>,
    pub(crate) writer: Writer,
}

impl Archive {
    /// Opens a directory's roles.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn open(roles: Roles, settings: Settings, clock: Arc<dyn Clock>) -> Result<Archive> {
        let shared = Arc::new(Shared::new(roles, settings, Tools::default(), clock));
        let mut writer = Writer::open(Arc::clone(&shared)).await?;
        recover(&shared, &mut writer).await?;
        Ok(Archive { shared, writer })
    }

    /// The manifest.
    #[must_use]
    pub fn files(&self) -> Arc<Files> {
        self.shared.files()
    }

    /// Entries behind the manifest, in order.
    #[must_use]
    pub fn tail(&self) -> Vec<Entry> {
        self.shared.recorded().tail.entries().to_vec()
    }

    /// Who events belong to.
    #[must_use]
    pub fn ownership(&self) -> Ownership {
        self.shared.ownership().clone()
    }

    /// The person a reference means.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn profile(&self, reference: &Reference) -> Result<Option<Profile>> {
        Ok(crate::reads::profile::one(&self.shared, reference).await?)
    }

    /// Ends every session: those of a copy are not those of whoever uses it, and some may have
    /// ended since.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn sign_everybody_out(&mut self) -> Result<()> {
        let sessions = all(&*self.shared.roles.state, Table::Session).await?;
        let gone = sessions
            .into_iter()
            .map(|(hash, _)| rows::remove(Table::Session, hash));
        let writes: Vec<_> = gone.collect();
        self.writer
            .commit(self.writer.head.position, writes)
            .await?;
        Ok(())
    }

    /// The storage engines.
    #[must_use]
    pub fn roles(&self) -> &Roles {
        &self.shared.roles
    }

    /// The position of the last entry folded.
    #[must_use]
    pub fn head(&self) -> Position {
        self.writer.head.position
    }

    /// The clock of the last entry: the instant whose state is compared.
    #[must_use]
    pub fn received(&self) -> Millis {
        self.writer.received
    }

    /// Number of the last request on the ledger; requests above the head wait to be folded.
    ///
    /// # Errors
    /// Those of storage.
    pub async fn last_request(&self) -> Result<u64> {
        Ok(self.shared.roles.ledger.last().await?.0)
    }

    /// Every entry in the one order, as a scan yields them; an error ends the list.
    #[must_use]
    pub fn entries(&self) -> mpsc::Receiver<rapport_store::Result<Entry>> {
        let (sender, receiver) = mpsc::channel(WAITING);
        let files = self.files();
        let tail = self.tail();
        let history = Arc::clone(&self.shared.roles.history);
        tokio::spawn(async move {
            let full = sender.clone();
            let sink = &mut |entry: Entry| send(&full, entry);
            let scanned = history
                .scan_order(&files.history, Position::default(), sink)
                .await;
            if let Err(error) = scanned {
                let _ = sender.send(Err(error)).await;
                return;
            }
            for entry in tail {
                if sender.send(Ok(entry)).await.is_err() {
                    return;
                }
            }
        });
        receiver
    }
}

fn send(
    sender: &mpsc::Sender<rapport_store::Result<Entry>>,
    entry: Entry,
) -> rapport_store::Result<()> {
    let mut entry = Ok(entry);
    loop {
        match sender.try_send(entry) {
            Ok(()) => return Ok(()),
            Err(mpsc::error::TrySendError::Full(back)) => {
                entry = back;
                std::thread::sleep(std::time::Duration::from_micros(200));
            }
            Err(mpsc::error::TrySendError::Closed(_)) => {
                return Err(rapport_store::Error::Engine {
                    what: "reading history in order".to_owned(),
                    detail: "nobody listens any more".to_owned(),
                });
            }
        }
    }
}
