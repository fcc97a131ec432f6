//! The one writer: batches of events, commands, timers and published files change the state one
//! after another, each in one transaction.

use crate::configuration::Configuration;
use crate::counters::Counters;
use crate::live::News;
use crate::rows::{self, Hash};
use crate::shared::Shared;
use crate::steps::dedup::Recent;
use rapport_core::fold::{Due, Fold};
use rapport_core::identity::{Identifier, ProfileNo, shared};
use rapport_core::people::People;
use rapport_core::position::Position;
use rapport_core::profile::Profile;
use rapport_core::time::Millis;
use rapport_store::history::{Entry, Ownership};
use rapport_store::state::{Head, Key, Order, Page, State, Table, Value, Write};
use rapport_store::{Error, Result};
use roaring::RoaringBitmap;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

mod changes;
mod run;

pub(crate) use changes::bitmap;
pub(crate) use run::{FORGOTTEN, Order as WriterOrder, publish, start};

/// Numbers the writer gives, kept in one row of [`Table::Meta`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Numbers {
    next_profile: ProfileNo,
    next_journal: u64,
    next_message: u64,
    received: Millis,
}

/// Timers fired in one transaction at most.
const TIMERS: usize = 2_000;

const NUMBERS: &[u8] = b"numbers";
const SECRET: &[u8] = b"secret";

/// Everything the writer holds between two transactions.
pub(crate) struct Writer {
    pub shared: Arc<Shared>,
    pub configuration: Arc<Configuration>,
    pub hash: Hash,
    pub head: Head,
    /// The clock of the last entry: no entry behind it has an earlier one.
    pub received: Millis,
    pub people: People,
    pub due: Due,
    pub recent: Recent,
    pub next_journal: u64,
    pub next_message: u64,
    pub counters: Counters,
    /// Grows with every undo: what was scanned for a build before one is scanned again.
    pub undos: u64,
    /// What the transaction under way is about, for those who watch.
    news: News,
    armed: HashMap<ProfileNo, Millis>,
    crowded: BTreeMap<u64, Vec<(u128, u64)>>,
    bitmaps: HashMap<(u32, u32), RoaringBitmap>,
    sizes: BTreeMap<u32, u64>,
    pending: Pending,
}

/// What others see only once the transaction is on disk.
#[derive(Default)]
struct Pending {
    redirects: Vec<(ProfileNo, Option<ProfileNo>)>,
    moved: Vec<((ProfileNo, Position), Option<ProfileNo>)>,
    configuration: Option<Arc<Configuration>>,
}

impl Writer {
    /// Opens the state and takes everything up where the last transaction left it.
    pub async fn open(shared: Arc<Shared>) -> Result<Writer> {
        let secret = secret(&shared).await?;
        shared.set_hash(Hash::new(secret));
        let mut writer = Writer {
            configuration: Arc::default(),
            hash: Hash::new(secret),
            head: Head::default(),
            received: Millis(i64::MIN),
            people: People::new(ProfileNo(1)),
            due: Due::new(),
            recent: Recent::default(),
            next_journal: 1,
            next_message: 1,
            counters: Counters::default(),
            undos: 0,
            news: News::of(&shared.live),
            armed: HashMap::new(),
            crowded: BTreeMap::new(),
            bitmaps: HashMap::new(),
            sizes: BTreeMap::new(),
            pending: Pending::default(),
            shared,
        };
        writer.reset().await?;
        Ok(writer)
    }

    /// Forgets everything held in memory and reads again what the state says: after a failed or
    /// contradicted transaction.
    pub async fn reset(&mut self) -> Result<()> {
        let state = Arc::clone(&self.shared.roles.state);
        let known = self.head.version;
        self.head = state.head().await?;
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
            },
        };
        self.next_journal = numbers.next_journal;
        self.next_message = numbers.next_message;
        self.received = numbers.received;
        self.pending = Pending::default();
        self.news.forget();
        self.bitmaps.clear();
        self.sizes = self.read_sizes().await?;
        let rows = all(&*state, Table::Config).await?;
        self.configuration = Arc::new(Configuration::from_rows(&rows)?);
        self.counters = Counters::from_rows(&all(&*state, Table::Outcome).await?);
        self.clear_people(numbers.next_profile);
        for (_, row) in all(&*state, Table::Shared).await? {
            let records: Vec<(Identifier, shared::Record)> = rows::unpack(Table::Shared, &row)?;
            for (identifier, record) in records {
                self.people.insert_loaded_shared(identifier, record);
            }
        }
        self.show();
        Ok(())
    }

    /// Keeps the working set inside its bound: when it is full, the half of it that was seen
    /// longest ago goes.
    pub fn make_room(&mut self) {
        if self.people.len() <= self.shared.settings.cache_profiles {
            return;
        }
        let mut seen: Vec<Millis> = self.people.profiles().map(|one| one.last_seen).collect();
        let middle = seen.len() / 2;
        let (_, &mut middle, _) = seen.select_nth_unstable(middle);
        self.people.keep(|profile| profile.last_seen > middle);
        let people = &self.people;
        self.due
            .retain(|(_, number)| people.profile(*number).is_some());
        self.armed
            .retain(|number, _| people.profile(*number).is_some());
    }

    /// Lets everybody in the working set go; who is asked for next is loaded as stored.
    pub fn start_over(&mut self) {
        let emptied = self.people.emptied();
        self.clear_people(emptied.next());
        self.people = emptied;
    }

    fn clear_people(&mut self, next: ProfileNo) {
        self.people = People::new(next);
        self.due.clear();
        self.armed.clear();
        self.crowded.clear();
    }

    /// Adds a loaded profile, and its timer, to the working set.
    pub fn hold(&mut self, mut profile: Profile) {
        let catalogue = &self.configuration.catalogue;
        catalogue.forget_removed(&mut profile.leaves, &mut profile.memberships);
        if let Some(moment) = profile.armed {
            self.due.insert((moment, profile.number));
            self.armed.insert(profile.number, moment);
        }
        self.people.insert_loaded_profile(profile);
    }

    /// Notes who shares an identifier's cell.
    pub fn note_cell(&mut self, hash: u128, entries: Vec<(u128, u64)>) {
        let others: Vec<_> = entries
            .into_iter()
            .filter(|(entry, _)| *entry != hash)
            .collect();
        if !others.is_empty() {
            self.crowded.insert(rows::cell_of(hash), others);
        }
    }

    /// Commits a transaction that ends at `position`; then everybody sees it.
    pub async fn commit(&mut self, position: Position, writes: Vec<Write>) -> Result<()> {
        self.commit_entries(position, writes, Vec::new()).await
    }

    /// The same for a transaction that folded entries: whoever sees how far the fold is finds them
    /// in the tail already.
    pub async fn commit_entries(
        &mut self,
        position: Position,
        mut writes: Vec<Write>,
        entries: Vec<Entry>,
    ) -> Result<()> {
        self.take_refused();
        writes.extend(self.counters.take_writes());
        let numbers = Numbers {
            next_profile: self.people.next(),
            next_journal: self.next_journal,
            next_message: self.next_message,
            received: self.received,
        };
        writes.push(rows::put(Table::Meta, NUMBERS.into(), &numbers));
        let head = self
            .shared
            .roles
            .state
            .commit(self.head.version, position, writes)
            .await?;
        self.head = head;
        let shared = Arc::clone(&self.shared);
        self.news
            .tell(position, entries, |entries| shared.extend_tail(entries));
        self.show();
        Ok(())
    }

    /// Puts a configuration in force with the next commit.
    pub fn configure(&mut self, configuration: Configuration) {
        let configuration = Arc::new(configuration);
        self.pending.configuration = Some(Arc::clone(&configuration));
        self.configuration = configuration;
    }

    /// Fires every timer that is due at `now`: what comes next may change the rules.
    pub async fn fire_all(&mut self, now: Millis) -> Result<()> {
        while self.fire_some(now).await? {}
        Ok(())
    }

    /// Fires some of the timers that are due at `now`; false where there are none.
    pub async fn fire_some(&mut self, now: Millis) -> Result<bool> {
        let page = Page {
            table: Table::Timer,
            from: Box::default(),
            to: Some(rows::timer_key(now.plus(1), ProfileNo(0))),
            limit: TIMERS,
            order: Order::Ascending,
        };
        let due = self.shared.roles.state.scan(page).await?;
        let due: Vec<_> = due
            .iter()
            .filter_map(|(key, _)| rows::timer_of(key))
            .collect();
        if due.is_empty() {
            return Ok(false);
        }
        let fired = &self.shared.stats.timers;
        fired.fetch_add(due.len() as u64, Ordering::Relaxed);
        self.fire(&due, now).await?;
        Ok(true)
    }

    /// Fires timers of these people that are due at `now`; a transaction of its own.
    pub async fn fire(&mut self, rows: &[(Millis, ProfileNo)], now: Millis) -> Result<()> {
        let people = rows.iter().map(|(_, person)| *person).collect();
        crate::steps::load::profiles(self, people).await?;
        let mut writes = self.stray_timers(rows);
        let due = std::mem::take(&mut self.due);
        let configuration = Arc::clone(&self.configuration);
        let mut fold = Fold::resume(
            configuration.rules(),
            &mut self.people,
            due,
            self.head.position,
        );
        fold.fire(now);
        let (effects, due) = fold.finish();
        self.due = due;
        let messages = crate::steps::activate::step(self, &effects);
        self.effects(&effects, &mut writes).await?;
        self.messages(&messages, &mut writes);
        self.commit(self.head.position, writes).await?;
        if !messages.is_empty() {
            self.shared.announce_messages();
        }
        Ok(())
    }

    /// Removes timer rows at which nobody stands, so that none can be due for ever.
    fn stray_timers(&self, rows: &[(Millis, ProfileNo)]) -> Vec<Write> {
        let stands = |(moment, person): &(Millis, ProfileNo)| {
            let profile = self.people.profile(*person);
            profile.is_some_and(|profile| profile.armed == Some(*moment))
        };
        let strays = rows.iter().filter(|row| !stands(row));
        strays
            .map(|(moment, person)| rows::remove(Table::Timer, rows::timer_key(*moment, *person)))
            .collect()
    }

    fn show(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        if !pending.redirects.is_empty() || !pending.moved.is_empty() {
            let mut ownership = self
                .shared
                .ownership
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            for (from, to) in pending.redirects {
                match to {
                    Some(to) => ownership.redirects.insert(from, to),
                    None => ownership.redirects.remove(&from),
                };
            }
            for (event, to) in pending.moved {
                match to {
                    Some(to) => ownership.moved.insert(event, to),
                    None => ownership.moved.remove(&event),
                };
            }
        }
        self.shared
            .set_configuration(Arc::clone(&self.configuration));
        let sizes = self.sizes.clone();
        *self
            .shared
            .sizes
            .write()
            .unwrap_or_else(PoisonError::into_inner) = sizes;
        let counters = self.counters.clone();
        *self
            .shared
            .counters
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = counters;
        // The head comes last: who sees it sees everything else that belongs to it.
        self.shared.set_head(self.head);
        self.shared.stats.batches.fetch_add(1, Ordering::Relaxed);
    }

    fn take_refused(&mut self) {
        let mut refused = self
            .shared
            .refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let taken = std::mem::take(&mut *refused);
        // Shown at once and under the same lock, so that nobody reads them in neither place.
        self.shared
            .counters
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .absorb(taken.clone());
        self.counters.absorb(taken);
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
            ownership
                .moved
                .extend(rows::moved_of(&key).zip(number(&value)));
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

/// Reads a whole small table.
pub(crate) async fn all(state: &dyn State, table: Table) -> Result<Vec<(Key, Value)>> {
    pages(state, table).all().await
}

/// A table, page by page, in the order of its keys.
pub(crate) fn pages(state: &dyn State, table: Table) -> Pages<'_> {
    Pages {
        state,
        table,
        from: Some(Key::default()),
    }
}

/// A walk through a table.
pub(crate) struct Pages<'a> {
    state: &'a dyn State,
    table: Table,
    /// Where the next page begins; `None` behind the last.
    from: Option<Key>,
}

impl Pages<'_> {
    /// The next page; `None` behind the last.
    pub async fn next(&mut self) -> Result<Option<Vec<(Key, Value)>>> {
        const PAGE: usize = 10_000;
        let Some(from) = self.from.take() else {
            return Ok(None);
        };
        let table = self.table;
        let page = Page {
            table,
            from,
            to: None,
            limit: PAGE,
            order: Order::Ascending,
        };
        let page = self.state.scan(page).await?;
        if let (PAGE, Some((last, _))) = (page.len(), page.last()) {
            self.from = behind(table, last)?;
        }
        Ok(Some(page))
    }

    /// Everything that is left.
    pub async fn all(mut self) -> Result<Vec<(Key, Value)>> {
        let mut rows = Vec::new();
        while let Some(page) = self.next().await? {
            rows.extend(page);
        }
        Ok(rows)
    }
}

/// The key right behind another.
fn behind(table: Table, key: &[u8]) -> Result<Option<Key>> {
    if !table.is_numbered() {
        return Ok(Some(key.iter().copied().chain([0]).collect()));
    }
    let next = rows::number_of(table, key)?.checked_add(1);
    Ok(next.map(|next| Key::from(next.to_be_bytes())))
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
    state.commit(head.version, head.position, vec![row]).await?;
    Ok(secret)
}
