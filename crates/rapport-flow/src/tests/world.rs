//! A small world: a data directory, a flow over it, and a clock that only moves when told.

use crate::clock::HandClock;
use crate::commands::Applied;
use crate::{CommandError, Rapport, Roles, Settings};
use rapport_core::entry::{Command, Reference, Source};
use rapport_core::event::{Call, Dialect, KeyKind, Origin, SourceNo};
use rapport_core::identity::{IdKind, Identifier};
use rapport_core::profile::Profile;
use rapport_core::time::Millis;
use rapport_embedded::history::ParquetHistory;
use rapport_embedded::seen::SeenRuns;
use rapport_embedded::{Directory, SqliteLedger, SqliteState};
use rapport_store::ledger::Submission;
use rapport_store::memory::Memory;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// When the world begins.
pub(super) const BEGIN: Millis = Millis(1_700_000_000_000);

pub(super) struct World {
    pub rapport: Rapport,
    pub clock: Arc<HandClock>,
    pub directory: tempfile::TempDir,
    pub settings: Settings,
}

impl World {
    pub async fn new() -> World {
        World::with(Settings::default()).await
    }

    pub async fn with(settings: Settings) -> World {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(HandClock::at(BEGIN));
        let rapport = open(directory.path(), &settings, &clock).await;
        let source = Source {
            no: SourceNo(1),
            name: "Website".to_owned(),
            strict: false,
        };
        rapport
            .command("test", Command::PutSource(source))
            .await
            .unwrap();
        World {
            rapport,
            clock,
            directory,
            settings,
        }
    }

    /// Stops the flow and opens the directory again.
    pub async fn restart(self) -> World {
        self.rapport.stop().await;
        self.open_again().await
    }

    /// Kills the flow where it stands and opens the directory again.
    pub async fn killed(self) -> World {
        self.rapport.clone().kill().await;
        self.open_again().await
    }

    async fn open_again(self) -> World {
        let World {
            rapport,
            clock,
            directory,
            settings,
        } = self;
        drop(rapport);
        super::mixes::closed(directory.path()).await;
        let rapport = open(directory.path(), &settings, &clock).await;
        World {
            rapport,
            clock,
            directory,
            settings,
        }
    }

    pub async fn send(&self, kind: KeyKind, batch: &str) {
        self.say(Dialect::Segment, kind, batch).await;
    }

    /// Sends a batch in a dialect.
    pub async fn say(&self, dialect: Dialect, kind: KeyKind, batch: &str) {
        let origin = Origin {
            source: SourceNo(1),
            key_kind: kind,
            dialect,
            call: Call::Batch,
            ip: None,
            user_agent: None,
        };
        let body = format!("{{\"batch\":[{batch}]}}").into_bytes();
        self.rapport
            .collect(Submission { origin, body })
            .await
            .unwrap();
    }

    /// Sends from a server, and waits until it is folded.
    pub async fn server(&self, batch: &str) {
        self.send(KeyKind::Server, batch).await;
        self.settle().await;
    }

    /// Sends from a browser, and waits until it is folded.
    pub async fn browser(&self, batch: &str) {
        self.send(KeyKind::Browser, batch).await;
        self.settle().await;
    }

    /// Waits until everything on the ledger is folded and no job is running.
    pub async fn settle(&self) {
        for _ in 0..2_000 {
            if self.rapport.is_idle() && self.rapport.registry().building().next().is_none() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the flow did not settle: {:?}", self.rapport.health());
    }

    /// Moves the clock and waits until every timer up to then has fired.
    pub async fn advance(&self, ms: i64) {
        use crate::clock::Clock;
        self.clock.set(self.clock.now().plus(ms));
        tokio::time::sleep(Duration::from_millis(500)).await;
        self.settle().await;
    }

    pub async fn command(&self, command: Command) -> Result<Applied, CommandError> {
        self.rapport.command("test", command).await
    }

    pub async fn segment(&self, key: &str, rule: &str) {
        let command = Command::PutSegment {
            key: key.to_owned(),
            name: key.to_owned(),
            rule: rule.to_owned(),
        };
        self.command(command).await.unwrap();
        self.settle().await;
    }

    pub async fn profile(&self, kind: IdKind, value: &str) -> Option<Profile> {
        let reference = Reference::Identifier(Identifier::new(kind, value));
        self.rapport.profile(&reference).await.unwrap()
    }

    pub async fn user(&self, user: &str) -> Profile {
        self.profile(IdKind::UserId, user)
            .await
            .unwrap_or_else(|| panic!("no user {user}"))
    }

    pub fn segments_of(&self, profile: &Profile) -> Vec<String> {
        let registry = self.rapport.registry();
        let key = |no| {
            registry
                .by_no(no)
                .map(|s| s.key.to_string())
                .unwrap_or_default()
        };
        profile
            .memberships
            .iter()
            .map(|membership| key(membership.segment))
            .collect()
    }

    pub async fn members(&self, key: &str) -> Vec<u64> {
        let no = self.rapport.registry().get(key).unwrap().no;
        let (members, next) = self.rapport.members(no, None, 1_000).await.unwrap();
        assert_eq!(next, None);
        assert_eq!(
            self.rapport.segment_size(no),
            members.len() as u64,
            "size of {key}"
        );
        members.iter().map(|profile| profile.number.0).collect()
    }
}

pub(super) async fn open(path: &Path, settings: &Settings, clock: &Arc<HandClock>) -> Rapport {
    Rapport::start(roles(path), settings.clone(), Arc::clone(clock) as _)
        .await
        .unwrap()
}

pub(super) fn roles(path: &Path) -> Roles {
    let directory = opened(path);
    Roles {
        ledger: Arc::new(SqliteLedger::open(&directory).unwrap()),
        state: Arc::new(SqliteState::open(&directory).unwrap()),
        history: Arc::new(ParquetHistory::open(directory.history()).unwrap()),
        seen: Arc::new(SeenRuns::open(&directory).unwrap()),
    }
}

/// The same in memory, where faults can be put in.
pub(super) fn in_memory(memory: &Memory) -> Roles {
    Roles {
        ledger: memory.ledger.clone(),
        state: memory.state.clone(),
        history: memory.history.clone(),
        seen: memory.seen.clone(),
    }
}

/// A flow that was stopped lets go of its directory once its last job has ended.
fn opened(path: &Path) -> Directory {
    for _ in 0..500 {
        match Directory::open(path) {
            Ok(directory) => return directory,
            Err(rapport_store::Error::InUse { .. }) => {
                std::thread::sleep(Duration::from_millis(10))
            }
            Err(error) => panic!("{error}"),
        }
    }
    panic!("{} stays in use", path.display());
}
