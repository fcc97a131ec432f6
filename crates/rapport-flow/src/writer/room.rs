//! The working set: whom the writer holds in memory from one transaction to the next.

use super::Writer;
use crate::rows;
use rapport_core::event::Event;
use rapport_core::identity::ProfileNo;
use rapport_core::people::People;
use rapport_core::profile::Profile;
use rapport_core::time::Millis;

/// Records of refused identifiers that are held without a look at whether they still say
/// something.
pub(super) const REFUSALS_ROOM: usize = 4_096;

/// Events folded after which the working set is weighed whatever it is thought to weigh.
const EVENTS_A_WEIGHING: usize = 262_144;

/// What an event is thought to add to its person beside its traits, in bytes.
const EVENT_BYTES: usize = 1_024;

/// Profiles that are looked at in one step of a round, and how many more for each event that came
/// since the last: a round is over before a sixteenth of what there is room for came.
const STEP: usize = 512;
const STEP_AN_EVENT: usize = 16;

/// Profiles whose last moments say about which one is in the middle.
const SAMPLE: usize = 4_096;

/// What the working set is thought to take.
#[derive(Debug, Default)]
pub(super) struct Weighed {
    bytes: usize,
    /// Events since the last round began.
    events: usize,
    /// Events and loaded profiles since the last step.
    came: usize,
    round: Option<Round>,
}

/// A look at everybody, a few at a time: all at once takes a tenth of a second, which everybody waits
/// for.
#[derive(Debug)]
struct Round {
    /// Who was seen last at this moment or before goes.
    goes: Option<Millis>,
    /// Whom to look at next.
    next: ProfileNo,
    /// What those weigh who stay, and what was added since it began.
    bytes: usize,
}

impl Weighed {
    fn add(&mut self, bytes: usize) {
        self.bytes += bytes;
        if let Some(round) = &mut self.round {
            round.bytes += bytes;
        }
    }
}

impl Writer {
    /// Keeps the working set inside its bounds: when it is full, the half of it that was seen
    /// longest ago goes, step by step. Whom an open batch changed is nowhere else, so then
    /// everybody stays.
    pub fn make_room(&mut self) {
        if self.open.is_some() {
            return;
        }
        self.forget_spent();
        self.forget_hours();
        let settings = &self.shared.settings;
        let (bytes_max, people_max) = (settings.cache_bytes, settings.cache_profiles);
        if self.people.len() > people_max.max(self.people.held()) {
            // It is names of nobody, or companies.
            self.people.keep_profiles();
        }
        let is_crowded = self.people.len() > people_max;
        let weighed = &self.weighed;
        let is_doubtful = weighed.bytes > bytes_max || weighed.events >= EVENTS_A_WEIGHING;
        let lets_go = |round: &Round| round.goes.is_some();
        match &weighed.round {
            // Whoever only weighs begins again, and lets go.
            Some(round) if is_crowded && !lets_go(round) => self.begin_round(true),
            None if is_crowded || is_doubtful => self.begin_round(is_crowded),
            _ => {}
        }
        if self.step() {
            // Nearly full is full: else it would be weighed again at once.
            let is_full = self.weighed.bytes > bytes_max - bytes_max / 16;
            if is_full {
                self.begin_round(true);
            }
        }
    }

    /// Notes that events are about to be folded into the working set.
    pub fn expect(&mut self, events: &[&Event]) {
        let traits: usize = events.iter().map(|event| event.traits.len()).sum();
        self.weighed.events += events.len();
        self.weighed.came += events.len();
        self.weighed.add(events.len() * EVENT_BYTES + traits);
    }

    fn begin_round(&mut self, is_full: bool) {
        self.weighed.events = 0;
        self.weighed.round = Some(Round {
            goes: is_full.then(|| self.middle()),
            next: ProfileNo(0),
            bytes: 0,
        });
    }

    /// The moment at or before which about half of the people were seen last.
    fn middle(&self) -> Millis {
        let every = self.people.held().div_ceil(SAMPLE).max(1);
        let sample = self.people.profiles().step_by(every);
        let mut seen: Vec<Millis> = sample.map(|one| one.last_seen).collect();
        let middle = seen.len() / 2;
        match seen.is_empty() {
            true => Millis(i64::MIN),
            false => *seen.select_nth_unstable(middle).1,
        }
    }

    /// A step of the round under way; whether it was the last.
    fn step(&mut self) -> bool {
        let weighed = &mut self.weighed;
        let came = std::mem::take(&mut weighed.came);
        let Some(round) = &mut weighed.round else {
            return false;
        };
        let most = STEP + STEP_AN_EVENT * came;
        let mut gone = Vec::new();
        let mut last = None;
        for profile in self.people.profiles_from(round.next).take(most) {
            match round.goes.is_some_and(|goes| profile.last_seen <= goes) {
                true => gone.push(profile.number),
                false => round.bytes += profile.weight(),
            }
            last = Some(profile.number);
        }
        match last {
            Some(last) => round.next = ProfileNo(last.0 + 1),
            None => {
                weighed.bytes = round.bytes;
                weighed.round = None;
                return true;
            }
        }
        for number in gone {
            if let Some(moment) = self.people.let_go(number).and_then(|gone| gone.armed) {
                self.due.remove(&(moment, number));
            }
            self.armed.remove(&number);
        }
        false
    }

    /// Lets people go whom nobody else has asked for, and whose changes are on their way to disk.
    pub fn let_go(&mut self, people: &[ProfileNo]) {
        for number in people {
            if let Some(gone) = self.people.remove(*number) {
                self.weighed.bytes = self.weighed.bytes.saturating_sub(gone.weight());
                if let Some(moment) = gone.armed {
                    self.due.remove(&(moment, *number));
                }
            }
            self.armed.remove(number);
        }
    }

    /// Lets everybody in the working set go; who is asked for next is loaded as stored.
    pub fn start_over(&mut self) {
        let emptied = self.people.emptied();
        self.clear_people(emptied.next());
        self.people = emptied;
    }

    pub(super) fn clear_people(&mut self, next: ProfileNo) {
        self.people = People::new(next);
        self.weighed = Weighed::default();
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
        self.weighed.came += 1;
        self.weighed.add(profile.weight());
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

    /// Lets go of what is remembered of refusals and says nothing any more, whenever there is
    /// twice as much of it as there was last time.
    fn forget_spent(&mut self) {
        if self.people.shared_len() < self.refusals_room {
            return;
        }
        let received = self.received;
        let left = self.people.keep_shared(|record| !record.is_spent(received));
        self.refusals_room = (2 * left).max(REFUSALS_ROOM);
    }
}
