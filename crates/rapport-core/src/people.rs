//! The people an entry can touch, as a shell loaded them: what the rules read and change.

use crate::identity::{Identifier, ProfileNo, shared};
use crate::position::Position;
use crate::profile::Profile;
use crate::profile::company::Company;
use crate::profile::contact::Contact;
use crate::time::Millis;
use owners::Owners;
use std::collections::{BTreeMap, BTreeSet};

mod changes;
mod owners;

pub use changes::PeopleChanges;

/// Looked-up identifiers that weigh as much as a profile.
const IDENTIFIERS_A_PROFILE: usize = 8;

/// A working set: filled by a shell before a batch, changed by the rules, emptied into the
/// batch's transaction.
///
/// The shell looks up every identifier an event can ask for ([`wanted`](crate::identity::resolve::wanted))
/// and inserts what it found: the owner or that there is none, the owner's profile, the record of
/// a shared identifier, the company of a group call.
#[derive(Clone, Debug)]
pub struct People {
    owners: Owners,
    // Profiles are large, and move in and out all the time.
    profiles: BTreeMap<ProfileNo, Box<Profile>>,
    shared: BTreeMap<Identifier, shared::Record>,
    companies: BTreeMap<Box<str>, Company>,
    births: BTreeMap<Position, ProfileNo>,
    next: ProfileNo,
    /// Whether everything there is is loaded: what is not here does not exist.
    whole: bool,
    /// In a refold, the entry that is folded.
    place: Position,
    changed_owners: BTreeSet<Identifier>,
    changed_profiles: BTreeSet<ProfileNo>,
    changed_shared: BTreeSet<Identifier>,
    changed_companies: BTreeSet<Box<str>>,
    absorbed: Vec<(ProfileNo, ProfileNo)>,
    /// Contacts that are new, changed or gone.
    contacts: BTreeSet<ProfileNo>,
    /// The same since they were asked for last, where somebody watches every entry.
    watched: Option<Vec<ProfileNo>>,
}

impl People {
    /// An empty working set; `next` is the number the next new profile gets.
    #[must_use]
    pub fn new(next: ProfileNo) -> People {
        People {
            owners: Owners::default(),
            profiles: BTreeMap::new(),
            shared: BTreeMap::new(),
            companies: BTreeMap::new(),
            births: BTreeMap::new(),
            next,
            whole: false,
            place: Position::default(),
            changed_owners: BTreeSet::new(),
            changed_profiles: BTreeSet::new(),
            changed_shared: BTreeSet::new(),
            changed_companies: BTreeSet::new(),
            absorbed: Vec::new(),
            contacts: BTreeSet::new(),
            watched: None,
        }
    }

    /// An empty working set that is all there is: for a refold, which starts from nobody.
    #[must_use]
    pub fn whole(next: ProfileNo) -> People {
        People {
            whole: true,
            ..People::new(next)
        }
    }

    /// Notes what a look-up found: the owner of an identifier, or that it has none.
    pub fn insert_loaded_owner(&mut self, identifier: Identifier, owner: Option<ProfileNo>) {
        self.owners.insert(identifier, owner);
    }

    /// Adds a profile as stored.
    pub fn insert_loaded_profile(&mut self, profile: impl Into<Box<Profile>>) {
        let profile = profile.into();
        self.profiles.insert(profile.number, profile);
    }

    /// Adds the record of an identifier that was refused before.
    pub fn insert_loaded_shared(&mut self, identifier: Identifier, record: shared::Record) {
        self.shared.insert(identifier, record);
    }

    /// Adds a company as stored.
    pub fn insert_loaded_company(&mut self, company: Company) {
        self.companies.insert(company.id.clone(), company);
    }

    /// For a refold: the profile made by this entry keeps the number it had.
    pub fn remember_birth(&mut self, birth: Position, number: ProfileNo) {
        self.births.insert(birth, number);
    }

    /// Whether this identifier was looked up, and whoever it leads to is still here.
    #[must_use]
    pub fn has_looked_up(&self, identifier: &Identifier) -> bool {
        let is_here = |owner: Option<ProfileNo>| {
            owner.is_none_or(|number| self.profiles.contains_key(&number))
        };
        self.whole || self.owners.get(identifier).is_some_and(is_here)
    }

    /// Whom an identifier belongs to.
    #[must_use]
    pub fn owner(&self, identifier: &Identifier) -> Option<ProfileNo> {
        let owner = self.owners.get(identifier);
        debug_assert!(
            self.whole || owner.is_some(),
            "the shell looks up {identifier} before the rules ask"
        );
        owner.flatten()
    }

    /// A loaded profile.
    #[must_use]
    pub fn profile(&self, number: ProfileNo) -> Option<&Profile> {
        self.profiles.get(&number).map(|profile| &**profile)
    }

    /// A loaded profile, to be changed: it is among the next changes.
    pub fn profile_mut(&mut self, number: ProfileNo) -> Option<&mut Profile> {
        let profile = self.profiles.get_mut(&number)?;
        self.changed_profiles.insert(number);
        Some(profile)
    }

    /// A loaded profile that `change` may change, which says whether it did: only then it is
    /// among the next changes.
    pub fn change_if(&mut self, number: ProfileNo, change: impl FnOnce(&mut Profile) -> bool) {
        let profile = self.profiles.get_mut(&number);
        if profile.is_some_and(|profile| change(profile)) {
            self.changed_profiles.insert(number);
        }
    }

    /// The numbers of the loaded profiles, ascending.
    pub fn numbers(&self) -> impl Iterator<Item = ProfileNo> + '_ {
        self.profiles.keys().copied()
    }

    /// Makes a profile: the next number, or the one this entry's profile had before a refold.
    pub fn create(&mut self, birth: Position, seen: Millis) -> ProfileNo {
        let number = self.births.get(&birth).copied().unwrap_or(self.next);
        self.next = self.next.max(ProfileNo(number.0 + 1));
        self.profiles
            .insert(number, Box::new(Profile::born(number, birth, seen)));
        self.changed_profiles.insert(number);
        number
    }

    /// Notes that an entry changed an attribute or an identifier of somebody: whoever is known
    /// is a contact from then on, and their row another one.
    pub fn touch_contact(&mut self, number: ProfileNo, received: Millis) {
        let Some(profile) = self.profiles.get_mut(&number) else {
            return;
        };
        if profile.contact.is_none() && !profile.is_known() {
            return;
        }
        let contact = profile
            .contact
            .get_or_insert_with(|| Contact::new(received));
        contact.updated = contact.updated.max(received);
        self.changed_profiles.insert(number);
        self.note_contact(number);
    }

    /// Notes that a contact's row is another one, or is no more.
    pub fn note_contact(&mut self, number: ProfileNo) {
        self.contacts.insert(number);
        if let Some(watched) = &mut self.watched
            && !watched.contains(&number)
        {
            watched.push(number);
        }
    }

    /// Lets contacts be watched from entry to entry, or not any more.
    pub(crate) fn watch(&mut self, watched: bool) {
        self.watched = watched.then(Vec::new);
    }

    /// The contacts that are new, changed or gone since the last call, while they are watched.
    pub(crate) fn take_watched(&mut self) -> Vec<ProfileNo> {
        self.watched.as_mut().map_or_else(Vec::new, std::mem::take)
    }

    /// Gives an identifier to a profile.
    pub fn set_owner(&mut self, identifier: &Identifier, owner: Option<ProfileNo>) {
        self.owners.insert(identifier.clone(), owner);
        self.changed_owners.insert(identifier.clone());
    }

    /// Takes a profile out for good; its number redirects to `survivor`. Its identifiers are the
    /// caller's to give away.
    pub fn absorb(&mut self, number: ProfileNo, survivor: ProfileNo) -> Option<Profile> {
        let profile = self.profiles.remove(&number)?;
        self.changed_profiles.remove(&number);
        self.absorbed.push((number, survivor));
        if profile.contact.is_some() {
            self.note_contact(number);
        }
        Some(*profile)
    }

    /// Whether an identifier is marked shared, and so resolves to nobody.
    #[must_use]
    pub fn is_shared(&self, identifier: &Identifier) -> bool {
        !self.shared.is_empty()
            && self
                .shared
                .get(identifier)
                .is_some_and(|record| match self.whole {
                    true => record.was_marked_at(self.place),
                    false => record.marked().is_some(),
                })
    }

    /// The record of an identifier's refusals, to be changed; an empty one where there was none.
    pub fn shared_mut(&mut self, identifier: &Identifier) -> &mut shared::Record {
        self.changed_shared.insert(identifier.clone());
        self.shared.entry(identifier.clone()).or_default()
    }

    /// Lets go of the records of refusals that `keep` does not ask for; says how many are left.
    pub fn keep_shared(&mut self, keep: impl Fn(&shared::Record) -> bool) -> usize {
        let changed = &self.changed_shared;
        self.shared
            .retain(|identifier, record| changed.contains(identifier) || keep(record));
        self.shared.len()
    }

    /// How many records of refusals are loaded.
    #[must_use]
    pub fn shared_len(&self) -> usize {
        self.shared.len()
    }

    /// Every loaded record of refusals.
    pub fn shared_records(&self) -> impl Iterator<Item = (&Identifier, &shared::Record)> + '_ {
        self.shared.iter()
    }

    /// A loaded company.
    #[must_use]
    pub fn company(&self, id: &str) -> Option<&Company> {
        self.companies.get(id)
    }

    /// A company, to be changed; a new one where there was none.
    pub fn company_mut(&mut self, id: &str, seen: Millis) -> &mut Company {
        self.changed_companies.insert(id.into());
        self.companies
            .entry(id.into())
            .or_insert_with(|| Company::new(id, seen))
    }

    /// Every loaded profile, ascending by number.
    pub fn profiles(&self) -> impl Iterator<Item = &Profile> + '_ {
        self.profiles.values().map(|profile| &**profile)
    }

    /// How many profiles are loaded, or what companies and looked-up identifiers weigh beside
    /// them where that is more.
    #[must_use]
    pub fn len(&self) -> usize {
        let identifiers = self.owners.len() / IDENTIFIERS_A_PROFILE;
        self.profiles
            .len()
            .max(self.companies.len())
            .max(identifiers)
    }

    /// How many profiles are loaded.
    #[must_use]
    pub fn held(&self) -> usize {
        self.profiles.len()
    }

    /// Whether anything was changed since the changes were taken last.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        !(self.changed_profiles.is_empty()
            && self.changed_owners.is_empty()
            && self.changed_shared.is_empty()
            && self.changed_companies.is_empty()
            && self.absorbed.is_empty()
            && self.contacts.is_empty())
    }

    /// Says which entry is folded next: for a refold, which sees marks as they were then.
    pub fn stand_at(&mut self, place: Position) {
        self.place = place;
    }

    /// Whether this is a refold, which counts no refusals again.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// Whether no profile is loaded.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.profiles.is_empty()
    }

    /// Takes a profile out as if it had never been loaded.
    pub fn remove(&mut self, number: ProfileNo) -> Option<Profile> {
        self.changed_profiles.remove(&number);
        self.profiles.remove(&number).map(|profile| *profile)
    }

    /// The loaded profiles from this number on, ascending.
    pub fn profiles_from(&self, first: ProfileNo) -> impl Iterator<Item = &Profile> + '_ {
        let profiles = self.profiles.range(first..);
        profiles.map(|(_, profile)| &**profile)
    }

    /// Lets go of a profile and of its identifiers, to be looked up again. It must not be changed
    /// and not taken yet.
    pub fn let_go(&mut self, number: ProfileNo) -> Option<Box<Profile>> {
        debug_assert!(!self.changed_profiles.contains(&number));
        let gone = self.profiles.remove(&number)?;
        for link in &gone.links {
            self.owners.remove(&link.identifier);
        }
        Some(gone)
    }

    /// The profile this number leads to after the merges since the changes were taken last.
    #[must_use]
    pub fn survivor(&self, number: ProfileNo) -> ProfileNo {
        let merges = self.absorbed.iter();
        merges.fold(
            number,
            |number, &(from, to)| if from == number { to } else { number },
        )
    }

    /// Where each number that was absorbed since the changes were taken last leads to now.
    #[must_use]
    pub fn redirects(&self) -> BTreeMap<ProfileNo, ProfileNo> {
        let mut leads_to = BTreeMap::new();
        for &(from, to) in self.absorbed.iter().rev() {
            // What absorbed later is at hand already.
            let survivor = leads_to.get(&to).copied().unwrap_or(to);
            leads_to.insert(from, survivor);
        }
        leads_to
    }

    /// New profiles get numbers from here on, if that is more than they would.
    pub fn number_from(&mut self, next: ProfileNo) {
        self.next = self.next.max(next);
    }

    /// Numbers everybody anew; `real` keeps their order.
    pub(crate) fn renumber(&mut self, real: impl Fn(ProfileNo) -> ProfileNo) {
        let profiles = std::mem::take(&mut self.profiles).into_values();
        let renumbered = profiles.map(|mut profile| {
            profile.number = real(profile.number);
            for (absorbed, _) in &mut profile.absorbed {
                *absorbed = real(*absorbed);
            }
            (profile.number, profile)
        });
        self.profiles = renumbered.collect();
        let changed = std::mem::take(&mut self.changed_profiles).into_iter();
        self.changed_profiles = changed.map(&real).collect();
        self.owners.renumber(&real);
        for (from, to) in &mut self.absorbed {
            (*from, *to) = (real(*from), real(*to));
        }
        let contacts = std::mem::take(&mut self.contacts).into_iter();
        self.contacts = contacts.map(&real).collect();
        self.next = real(self.next);
    }

    /// An empty working set that goes on where this one ends: it numbers new profiles alike and
    /// knows the same shared identifiers.
    #[must_use]
    pub fn emptied(&mut self) -> People {
        People {
            shared: std::mem::take(&mut self.shared),
            ..People::new(self.next)
        }
    }

    /// Lets go of all that was looked up and does not lead to a profile that is here, and of every
    /// company. Nothing may be changed and not taken yet.
    pub fn keep_profiles(&mut self) {
        debug_assert!(self.changed_companies.is_empty() && self.changed_owners.is_empty());
        let profiles = &self.profiles;
        self.owners.keep(|owner| profiles.contains_key(&owner));
        self.companies.clear();
    }

    /// The number the next new profile gets.
    #[must_use]
    pub fn next(&self) -> ProfileNo {
        self.next
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::IdKind;

    #[test]
    fn who_is_let_go_is_looked_up_again_and_who_stays_is_not() {
        let mut people = People::new(ProfileNo(3));
        let [ana, bo, nobody] = ["ana", "bo", "x"].map(|id| Identifier::new(IdKind::UserId, id));
        for (number, identifier) in [(1, &ana), (2, &bo)] {
            let birth = Position::event(number, 0);
            let profile = Profile::born(ProfileNo(number), birth, Millis(number as i64));
            people.insert_loaded_profile(profile);
            people.insert_loaded_owner(identifier.clone(), Some(ProfileNo(number)));
        }
        people.insert_loaded_owner(nobody.clone(), None);
        let left: Vec<_> = people.profiles_from(ProfileNo(2)).collect();
        assert_eq!(left, [people.profile(ProfileNo(2)).unwrap()]);
        let mut lost = people.clone();
        lost.profiles.remove(&ProfileNo(2));
        assert!(
            !lost.has_looked_up(&bo),
            "a name leads to nobody who is not here"
        );
        people.let_go(ProfileNo(1));
        people.keep_profiles();
        assert!(people.profile(ProfileNo(1)).is_none());
        assert_eq!(people.owner(&bo), Some(ProfileNo(2)));
        assert!(!people.has_looked_up(&ana) && !people.has_looked_up(&nobody));
        assert_eq!(people.next(), ProfileNo(3));
    }
}
