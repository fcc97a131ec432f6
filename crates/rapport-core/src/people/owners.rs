//! Whom identifiers belong to, by a fingerprint of each: an event asks for the same few identifiers a
//! dozen times, and comparing numbers that lie side by side costs a tenth of comparing texts.

use crate::identity::{IdKind, Identifier, ProfileNo};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Whom an identifier belongs to; `None` for nobody.
type Owner = Option<ProfileNo>;

/// What was looked up. Its order is that of the fingerprints, and nobody sees it.
#[derive(Clone, Debug, Default)]
pub(super) struct Owners {
    places: BTreeMap<u64, Place>,
    len: usize,
}

/// Everybody of one fingerprint. Others than the first are there by chance once in a lifetime, or
/// because somebody means harm: then they are as ordered as they were without fingerprints.
#[derive(Clone, Debug)]
struct Place {
    first: (Identifier, Owner),
    others: BTreeMap<Identifier, Owner>,
}

impl Owners {
    pub(super) fn get(&self, identifier: &Identifier) -> Option<Owner> {
        self.get_at(fingerprint(identifier), identifier)
    }

    pub(super) fn insert(&mut self, identifier: Identifier, owner: Owner) {
        self.insert_at(fingerprint(&identifier), identifier, owner);
    }

    fn get_at(&self, place: u64, identifier: &Identifier) -> Option<Owner> {
        let place = self.places.get(&place)?;
        match place.first.0 == *identifier {
            true => Some(place.first.1),
            false => place.others.get(identifier).copied(),
        }
    }

    fn insert_at(&mut self, place: u64, identifier: Identifier, owner: Owner) {
        let is_new = match self.places.entry(place) {
            Entry::Vacant(vacant) => {
                vacant.insert(Place {
                    first: (identifier, owner),
                    others: BTreeMap::new(),
                });
                true
            }
            Entry::Occupied(mut occupied) => {
                let place = occupied.get_mut();
                if place.first.0 == identifier {
                    place.first.1 = owner;
                    false
                } else {
                    place.others.insert(identifier, owner).is_none()
                }
            }
        };
        self.len += usize::from(is_new);
    }

    pub(super) fn remove(&mut self, identifier: &Identifier) {
        self.remove_at(fingerprint(identifier), identifier);
    }

    fn remove_at(&mut self, place: u64, identifier: &Identifier) {
        let Entry::Occupied(mut occupied) = self.places.entry(place) else {
            return;
        };
        let place = occupied.get_mut();
        let is_gone = if place.first.0 != *identifier {
            place.others.remove(identifier).is_some()
        } else {
            match place.others.pop_first() {
                Some(next) => place.first = next,
                None => drop(occupied.remove()),
            }
            true
        };
        self.len -= usize::from(is_gone);
    }

    /// How many identifiers were looked up.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Lets go of all that belong to nobody whom `keep` asks for.
    pub(super) fn keep(&mut self, keep: impl Fn(ProfileNo) -> bool) {
        let stays = |owner: &Owner| owner.is_some_and(&keep);
        let mut len = 0;
        self.places.retain(|_, place| {
            place.others.retain(|_, owner| stays(owner));
            if !stays(&place.first.1) {
                match place.others.pop_first() {
                    Some(next) => place.first = next,
                    None => return false,
                }
            }
            len += 1 + place.others.len();
            true
        });
        self.len = len;
    }

    /// Numbers everybody anew.
    pub(super) fn renumber(&mut self, real: impl Fn(ProfileNo) -> ProfileNo) {
        for place in self.places.values_mut() {
            let others = place.others.values_mut();
            for owner in others.chain([&mut place.first.1]).flatten() {
                *owner = real(*owner);
            }
        }
    }
}

/// A number that hardly any other identifier has: eight bytes at a time are multiplied in.
fn fingerprint(identifier: &Identifier) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |hash: u64, word: u64| {
        let hash = (hash ^ word).wrapping_mul(ODD);
        hash ^ (hash >> 29)
    };
    let text = |mut hash: u64, text: &str| {
        for bytes in text.as_bytes().chunks(8) {
            let mut word = [0; 8];
            word[..bytes.len()].copy_from_slice(bytes);
            hash = mix(hash, u64::from_le_bytes(word));
        }
        mix(hash, text.len() as u64)
    };
    let kind = match &identifier.kind {
        IdKind::UserId => 1,
        IdKind::Email => 2,
        IdKind::Phone => 3,
        IdKind::AnonymousId => 4,
        IdKind::DeviceId => 5,
        IdKind::Custom(word) => text(6, word),
    };
    text(mix(ODD, kind), &identifier.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identifier(text: &str) -> Identifier {
        Identifier::new(IdKind::UserId, text)
    }

    #[test]
    fn what_shares_a_fingerprint_is_told_apart() {
        let [ana, bo, cy] = ["ana", "bo", "cy"].map(identifier);
        let mut owners = Owners::default();
        for (identifier, number) in [(&ana, 1), (&bo, 2), (&bo, 3)] {
            owners.insert_at(7, identifier.clone(), Some(ProfileNo(number)));
        }
        assert_eq!(owners.len(), 2);
        assert_eq!(owners.get_at(7, &ana), Some(Some(ProfileNo(1))));
        assert_eq!(owners.get_at(7, &bo), Some(Some(ProfileNo(3))));
        assert_eq!(owners.get_at(7, &cy), None);
        owners.insert_at(7, cy.clone(), None);
        assert_eq!(owners.get_at(7, &cy), Some(None));
        owners.renumber(|number| ProfileNo(number.0 + 10));
        owners.keep(|number| number == ProfileNo(13));
        let found = [&ana, &bo, &cy].map(|one| owners.get_at(7, one));
        assert_eq!(found, [None, Some(Some(ProfileNo(13))), None]);
        assert_eq!(owners.len(), 1);
        owners.insert_at(7, ana.clone(), None);
        owners.insert_at(7, cy.clone(), None);
        for (identifier, left) in [(&bo, 2), (&bo, 2), (&cy, 1)] {
            owners.remove_at(7, identifier);
            assert_eq!(owners.len(), left);
        }
        assert_eq!(owners.get_at(7, &ana), Some(None));
        owners.remove_at(7, &ana);
        assert_eq!((owners.len(), owners.places.len()), (0, 0));
    }

    #[test]
    fn names_that_look_alike_have_fingerprints_of_their_own() {
        let kinds = [IdKind::UserId, IdKind::AnonymousId, IdKind::Email];
        let number = |number: u32| format!("u-{number:08}");
        let texts = (0..100_000)
            .map(number)
            .chain(["", "\0", "a", "a\0"].map(String::from));
        let mut owners = Owners::default();
        let mut all = 0;
        for text in texts {
            for kind in &kinds {
                owners.insert(Identifier::new(kind.clone(), &*text), None);
                all += 1;
            }
        }
        assert_eq!((owners.len(), owners.places.len()), (all, all));
    }
}
