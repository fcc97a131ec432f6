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
const EVENTS_A_WEIGHING: usize = 65_536;

/// What an event is thought to add to its person beside its traits, in bytes.
const EVENT_BYTES: usize = 1_024;

/// What the working set is thought to take. Looking at everybody takes milliseconds, which everybody
/// waits for, so it is done when what was added since might be too much.
#[derive(Debug, Default)]
pub(super) struct Weighed {
    bytes: usize,
    events_since: usize,
}

impl Weighed {
    fn is_doubtful(&self, bytes_max: usize) -> bool {
        self.bytes > bytes_max || self.events_since >= EVENTS_A_WEIGHING
    }
}

impl Writer {
    /// Keeps the working set inside its bounds: when it is full, the half of it that was seen
    /// longest ago goes. Whom an open batch changed is nowhere else, so then everybody stays.
    pub fn make_room(&mut self) {
        if self.open.is_some() {
            return;
        }
        self.forget_spent();
        self.forget_hours();
        let settings = &self.shared.settings;
        let (bytes_max, people_max) = (settings.cache_bytes, settings.cache_profiles);
        let is_crowded = self.people.len() > people_max;
        if !is_crowded && !self.weighed.is_doubtful(bytes_max) {
            return;
        }
        self.weigh();
        // Nearly full is full: else it would be weighed again at once.
        if is_crowded || self.weighed.bytes > bytes_max - bytes_max / 16 {
            self.let_half_go();
            self.weigh();
        }
    }

    /// Notes that events are about to be folded into the working set.
    pub fn expect(&mut self, events: &[&Event]) {
        let traits: usize = events.iter().map(|event| event.traits.len()).sum();
        self.weighed.events_since += events.len();
        self.weighed.bytes += events.len() * EVENT_BYTES + traits;
    }

    fn weigh(&mut self) {
        self.weighed = Weighed {
            bytes: self.people.profiles().map(Profile::weight).sum(),
            events_since: 0,
        };
    }

    fn let_half_go(&mut self) {
        let mut seen: Vec<Millis> = self.people.profiles().map(|one| one.last_seen).collect();
        if seen.is_empty() {
            return self.people.keep(|_| false);
        }
        let middle = seen.len() / 2;
        let (_, &mut middle, _) = seen.select_nth_unstable(middle);
        self.people.keep(|profile| profile.last_seen > middle);
        let people = &self.people;
        self.due
            .retain(|(_, number)| people.profile(*number).is_some());
        self.armed
            .retain(|number, _| people.profile(*number).is_some());
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
        self.weighed.bytes += profile.weight();
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
