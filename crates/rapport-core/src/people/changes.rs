//! What the rules changed of a working set.

use super::People;
use crate::identity::{Identifier, ProfileNo, shared};
use crate::profile::Profile;
use crate::profile::company::Company;
use std::collections::{BTreeMap, BTreeSet};

/// What the rules changed, to be written in one transaction.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PeopleChanges {
    /// Profiles that are new or changed, as they are now.
    pub profiles: BTreeMap<ProfileNo, Box<Profile>>,
    /// Profiles that are no more, and where each number redirects, in the order it happened. A
    /// survivor may be absorbed later in the same list.
    pub absorbed: Vec<(ProfileNo, ProfileNo)>,
    /// Identifiers and whom they now belong to; `None` for nobody.
    pub owners: BTreeMap<Identifier, Option<ProfileNo>>,
    /// Records of refused and shared identifiers, as they are now.
    pub shared: BTreeMap<Identifier, shared::Record>,
    /// Companies that are new or changed, as they are now.
    pub companies: Vec<Company>,
    /// Contacts whose rows are others now, and those that have none any more.
    pub contacts: BTreeSet<ProfileNo>,
    /// The number the next new profile gets.
    pub next: ProfileNo,
}

impl People {
    /// Moves everything changed since the last call out of the working set. To go on with the
    /// same set, insert the profiles and companies again; owners and shared records stay.
    pub fn take_changes(&mut self) -> PeopleChanges {
        let profiles = std::mem::take(&mut self.changed_profiles);
        let companies = std::mem::take(&mut self.changed_companies);
        let owners = std::mem::take(&mut self.changed_owners);
        let shared = std::mem::take(&mut self.changed_shared);
        PeopleChanges {
            profiles: profiles
                .into_iter()
                .filter_map(|number| Some((number, self.profiles.remove(&number)?)))
                .collect(),
            absorbed: std::mem::take(&mut self.absorbed),
            contacts: std::mem::take(&mut self.contacts),
            owners: owners
                .into_iter()
                .map(|identifier| {
                    let owner = self.owners.get(&identifier).flatten();
                    (identifier, owner)
                })
                .collect(),
            shared: shared
                .into_iter()
                .filter_map(|identifier| {
                    let record = self.shared.get(&identifier)?.clone();
                    Some((identifier, record))
                })
                .collect(),
            companies: companies
                .iter()
                .filter_map(|id| self.companies.remove(id))
                .collect(),
            next: self.next,
        }
    }
}
