//! The one writer: batches of events, commands, timers and published files change the state one
//! after another, each in one transaction.

use crate::audit;
use crate::configuration::Configuration;
use crate::counters::Counters;
use crate::crm::work::Cause;
use crate::live::News;
use crate::rows::{self, Hash};
use crate::scripts::Hosts;
use crate::shared::Shared;
use crate::spread::BySpread;
use crate::steps::dedup::Recent;
use crate::violations::Broken;
use crate::violations::counts::Counts;
use rapport_core::crm::subscription::Happened;
use rapport_core::crm::{RecordNo, TypeId};
use rapport_core::fold::Due;
use rapport_core::identity::{Identifier, ProfileNo, shared};
use rapport_core::people::People;
use rapport_core::position::Position;
use rapport_core::time::Millis;
use rapport_store::history::Ownership;
use rapport_store::records::RecordWrite;
use rapport_store::state::{Head, State, Table};
use rapport_store::{Error, Result};
use roaring::RoaringBitmap;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError};
use transaction::Underway;

mod changes;
mod columns;
mod deliveries;
mod numbers;
mod open;
mod orders;
mod pages;
mod publish;
mod room;
mod run;
mod sign;
mod timers;
mod transaction;
mod turnover;
mod waiting;

pub(crate) use changes::bitmap;
pub(crate) use open::Open;
pub(crate) use pages::{all, pages};
pub(crate) use publish::{FORGOTTEN, publish};
pub(crate) use run::{Order as WriterOrder, start};
pub(crate) use transaction::Batch;

/// Numbers the writer gives, kept in one row of [`Table::Meta`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Numbers {
    next_profile: ProfileNo,
    next_journal: u64,
    next_message: u64,
    received: Millis,
    /// The last number given to a record, by type.
    records: BTreeMap<TypeId, u64>,
}

const NUMBERS: &[u8] = b"numbers";
const SECRET: &[u8] = b"secret";

/// Everything the writer holds between two transactions.
pub(crate) struct Writer {
    pub shared: Arc<Shared>,
    pub configuration: Arc<Configuration>,
    pub hash: Hash,
    /// How far the last transaction goes that was begun; it may be under way.
    pub head: Head,
    /// The version that is known to be on disk.
    settled: u64,
    /// The clock of the last entry: no entry behind it has an earlier one.
    pub received: Millis,
    pub people: People,
    pub due: Due,
    pub recent: Recent,
    pub next_journal: u64,
    pub next_message: u64,
    pub counters: Counters,
    /// Where the next record of the audit goes.
    pub audit: audit::Chain,
    pub hosts: Hosts,
    /// Events of the open batch that were not as planned.
    pub broken: Vec<Broken>,
    pub violations: Counts,
    /// Up to this request somebody may have been told what their request did: nothing comes before
    /// it any more.
    pub answered: u64,
    /// Grows with every undo: what was scanned for a build before one is scanned again.
    pub undos: u64,
    /// Records of refusals at which those that say nothing any more go.
    refusals_room: usize,
    weighed: room::Weighed,
    /// What the transaction under way is about, for those who watch.
    news: News,
    armed: HashMap<ProfileNo, Millis, BySpread>,
    crowded: BTreeMap<u64, Vec<(u128, u64)>>,
    bitmaps: HashMap<(u32, u32), RoaringBitmap>,
    sizes: BTreeMap<u32, u64>,
    /// How many entered and left each segment in the hours at hand, as of the transaction under way.
    hours: BTreeMap<(u32, i64), (u64, u64)>,
    pending: Pending,
    /// Changes of records of the transaction under way.
    pub records: Vec<RecordWrite>,
    /// What apps hear of them.
    pub heard: Vec<Happened>,
    /// The command that is applied.
    pub cause: Option<Cause>,
    /// The last number given to a record, by type.
    record_numbers: BTreeMap<TypeId, u64>,
    columns: columns::Columns,
    /// What is folded behind the transaction under way.
    open: Option<Open>,
    underway: Option<Underway>,
}

/// What others see only once the transaction is on disk.
#[derive(Default)]
struct Pending {
    redirects: Vec<Redirect>,
    moved: Vec<(ProfileNo, Vec<(Position, ProfileNo)>)>,
    merged: Vec<((TypeId, RecordNo), RecordNo)>,
}

/// A number, and where it leads to.
type Redirect = (ProfileNo, Option<ProfileNo>);

impl Writer {
    /// Opens the state and takes everything up where the last transaction left it.
    pub async fn open(shared: Arc<Shared>) -> Result<Writer> {
        let secret = secret(&shared).await?;
        shared.set_hash(Hash::new(secret));
        let mut writer = Writer {
            configuration: Arc::default(),
            hash: Hash::new(secret),
            head: Head::default(),
            settled: 0,
            received: Millis(i64::MIN),
            people: People::new(ProfileNo(1)),
            due: Due::new(),
            recent: Recent::default(),
            next_journal: 1,
            next_message: 1,
            counters: Counters::default(),
            audit: audit::Chain::read(&*shared.roles.state).await?,
            hosts: Hosts::default(),
            broken: Vec::new(),
            violations: Counts::default(),
            answered: 0,
            undos: 0,
            refusals_room: room::REFUSALS_ROOM,
            weighed: room::Weighed::default(),
            news: News::of(&shared.live),
            armed: HashMap::default(),
            crowded: BTreeMap::new(),
            bitmaps: HashMap::new(),
            sizes: BTreeMap::new(),
            hours: BTreeMap::new(),
            pending: Pending::default(),
            records: Vec::new(),
            heard: Vec::new(),
            cause: None,
            record_numbers: BTreeMap::new(),
            columns: columns::Columns::default(),
            open: None,
            underway: None,
            shared,
        };
        writer.reset().await?;
        Ok(writer)
    }

    /// Forgets everything held in memory and reads again what the state says: after a failed or
    /// contradicted transaction.
    pub async fn reset(&mut self) -> Result<()> {
        self.open = None;
        if let Err(error) = self.show_when_written().await {
            tracing::error!(%error, "a transaction under way failed, too");
        }
        let state = Arc::clone(&self.shared.roles.state);
        let known = self.settled;
        self.head = state.head().await?;
        self.settled = self.head.version;
        if known != 0 && known != self.head.version {
            // A commit was answered with an error and is there all the same.
            let shared = Arc::clone(&self.shared);
            crate::recover::reload(&shared, self).await?;
        }
        let numbers = state.load(Table::Meta, &[NUMBERS.into()]).await?.remove(0);
        let numbers = match numbers {
            Some(row) => rows::unpack(Table::Meta, &row)?,
            None => Numbers {
                next_profile: ProfileNo(1),
                next_journal: 1,
                next_message: 1,
                received: Millis(i64::MIN),
                records: BTreeMap::new(),
            },
        };
        self.record_numbers = numbers.records;
        self.records.clear();
        self.heard.clear();
        self.columns = columns::Columns::read(&*state).await?;
        self.next_journal = numbers.next_journal;
        self.next_message = numbers.next_message;
        self.received = numbers.received;
        self.pending = Pending::default();
        self.news.take();
        self.bitmaps.clear();
        self.hours.clear();
        self.sizes = self.read_sizes().await?;
        let rows = all(&*state, Table::Config).await?;
        self.configuration = Arc::new(Configuration::from_rows(&rows)?);
        self.counters = Counters::from_rows(&all(&*state, Table::Outcome).await?);
        self.audit = audit::Chain::read(&*state).await?;
        self.shared
            .sessions
            .load(&all(&*state, Table::Session).await?)?;
        self.broken.clear();
        self.violations = Counts::from_rows(&all(&*state, Table::Violations).await?);
        self.shared.show_violations(&self.violations);
        self.clear_people(numbers.next_profile);
        for (_, row) in all(&*state, Table::Shared).await? {
            let records: Vec<(Identifier, shared::Record)> = rows::unpack(Table::Shared, &row)?;
            for (identifier, record) in records {
                self.people.insert_loaded_shared(identifier, record);
            }
        }
        self.show_all();
        Ok(())
    }

    /// Puts a configuration in force with the next commit.
    pub fn configure(&mut self, configuration: Configuration) {
        self.configuration = Arc::new(configuration);
    }

    /// Whether somebody may have been told of a fold that is not on disk: those requests are folded
    /// again before anything that could make their fold another.
    pub fn owes(&self) -> bool {
        self.answered > self.head.position.request && !self.shared.settings.is_paused
    }

    /// Reads who redirects to whom, and what undos moved.
    pub async fn read_ownership(&self) -> Result<()> {
        let state = &*self.shared.roles.state;
        let number = |value: &[u8]| value.try_into().map(u64::from_be_bytes).map(ProfileNo).ok();
        let mut ownership = Ownership::default();
        for (key, value) in all(state, Table::Redirect).await? {
            let from = ProfileNo(rows::number_of(Table::Redirect, &key)?);
            ownership
                .redirects
                .extend(number(&value).map(|to| (from, to)));
        }
        for (key, value) in all(state, Table::Moved).await? {
            let (origin, events) = rows::moved_of(&key, &value)?;
            let events = events.into_iter();
            let moved = events.map(|(position, to)| ((origin, position), to));
            ownership.moved.extend(moved);
        }
        *self
            .shared
            .ownership
            .write()
            .unwrap_or_else(PoisonError::into_inner) = ownership;
        Ok(())
    }

    async fn read_sizes(&self) -> Result<BTreeMap<u32, u64>> {
        let rows = all(&*self.shared.roles.state, Table::Series).await?;
        let size = |(key, value): &(Box<[u8]>, Vec<u8>)| {
            let no = u32::from_be_bytes(key.strip_prefix(b"size/")?.try_into().ok()?);
            Some((no, u64::from_be_bytes(value.as_slice().try_into().ok()?)))
        };
        Ok(rows.iter().filter_map(size).collect())
    }
}

/// The events of an origin that an undo moved.
fn moved_of(
    ownership: &Ownership,
    origin: ProfileNo,
) -> impl Iterator<Item = (ProfileNo, Position)> + '_ {
    let all = (origin, Position::default())..=(origin, Position::LAST);
    ownership.moved.range(all).map(|(event, _)| *event)
}

/// The number that the next new profile gets, as stored.
pub(crate) async fn next_profile(state: &dyn State) -> Result<ProfileNo> {
    let numbers = state.load(Table::Meta, &[NUMBERS.into()]).await?.remove(0);
    let numbers: Option<Numbers> = numbers
        .map(|row| rows::unpack(Table::Meta, &row))
        .transpose()?;
    Ok(numbers.map_or(ProfileNo(1), |numbers| numbers.next_profile))
}

/// The directory's secret; made at the first start.
async fn secret(shared: &Shared) -> Result<[u8; 16]> {
    let state = &shared.roles.state;
    if let Some(row) = state.load(Table::Meta, &[SECRET.into()]).await?.remove(0) {
        return rows::unpack(Table::Meta, &row);
    }
    let mut secret = [0; 16];
    getrandom::fill(&mut secret).map_err(|error| Error::Engine {
        what: "making the directory's secret".to_owned(),
        detail: error.to_string(),
    })?;
    let head = state.head().await?;
    let row = rows::put(Table::Meta, SECRET.into(), &secret);
    let changes = vec![row].into();
    state.commit(head.version, head.position, changes).await?;
    Ok(secret)
}
