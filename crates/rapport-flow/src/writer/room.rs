//! The working set: whom the writer holds in memory from one transaction to the next.

use super::Writer;
use crate::rows;
use rapport_core::identity::ProfileNo;
use rapport_core::people::People;
use rapport_core::profile::Profile;
use rapport_core::time::Millis;

/// Records of refused identifiers that are held without a look at whether they still say
/// something.
pub(super) const REFUSALS_ROOM: usize = 4_096;

/// How often the working set is weighed: a batch adds little to it.
const BATCHES_A_WEIGHING: u32 = 16;

/// What the working set took when it was last weighed.
#[derive(Debug, Default)]
pub(super) struct Weighed {
    bytes: usize,
    batches_since: u32,
}

impl Writer {
    /// Keeps the working set inside its bounds: when it is full, the half of it that was seen
    /// longest ago goes.
    pub fn make_room(&mut self) {
        self.forget_spent();
        self.forget_hours();
        self.weigh();
        let settings = &self.shared.settings;
        let fits = self.weighed.bytes <= settings.cache_bytes;
        if fits && self.people.len() <= settings.cache_profiles {
            return;
        }
        self.weighed = Weighed::default();
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

    fn weigh(&mut self) {
        self.weighed.batches_since += 1;
        if self.weighed.batches_since >= BATCHES_A_WEIGHING {
            self.weighed = Weighed {
                bytes: self.people.profiles().map(Profile::weight).sum(),
                batches_since: 0,
            };
        }
    }

    /// Lets people go whom nobody else has asked for, and whose changes are on their way to disk.
    pub fn let_go(&mut self, people: &[ProfileNo]) {
        for number in people {
            if let Some(moment) = self.people.remove(*number).and_then(|one| one.armed) {
                self.due.remove(&(moment, *number));
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
