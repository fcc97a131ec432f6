//! Merges that were taken back, and that no event may make again.

use crate::position::Position;
use crate::profile::Profile;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Pairs of births of profiles that no event may bring into one profile. A member's merge may.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vetoes(BTreeSet<(Position, Position)>);

impl Vetoes {
    /// Forbids that the people born at these two entries become one.
    pub fn forbid(&mut self, left: Position, right: Position) {
        // Both directions are kept, so that one range finds all partners of a birth.
        self.0.insert((left, right));
        self.0.insert((right, left));
    }

    /// Takes a veto back.
    pub fn permit(&mut self, left: Position, right: Position) {
        self.0.remove(&(left, right));
        self.0.remove(&(right, left));
    }

    /// Whether nothing is vetoed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every vetoed pair once, the earlier birth first, ascending.
    pub fn pairs(&self) -> impl Iterator<Item = (Position, Position)> + '_ {
        self.0.iter().copied().filter(|(left, right)| left <= right)
    }

    /// Whether an event may join two profiles: no veto names a birth of each.
    #[must_use]
    pub fn allow(&self, left: &Profile, right: &Profile) -> bool {
        self.0.is_empty() || self.allows(&births(left), &births(right))
    }

    /// Whether no veto names one birth on the left and one on the right.
    #[must_use]
    pub fn allows(&self, left: &[Position], right: &[Position]) -> bool {
        left.iter().all(|&birth| {
            let partners = self
                .0
                .range((birth, Position::default())..=(birth, Position::LAST));
            partners
                .map(|(_, partner)| partner)
                .all(|partner| !right.contains(partner))
        })
    }
}

/// The births of a profile and of those it absorbed.
#[must_use]
pub fn births(profile: &Profile) -> Vec<Position> {
    let absorbed = profile.absorbed.iter().map(|(_, birth)| *birth);
    std::iter::once(profile.birth).chain(absorbed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(request: u64) -> Position {
        Position::event(request, 0)
    }

    #[test]
    fn a_veto_holds_in_both_directions_and_through_absorbed_profiles() {
        let mut vetoes = Vetoes::default();
        vetoes.forbid(at(1), at(5));
        assert!(!vetoes.allows(&[at(1)], &[at(5)]));
        assert!(!vetoes.allows(&[at(4), at(5)], &[at(2), at(1)]));
        assert!(vetoes.allows(&[at(1)], &[at(4)]));
        assert!(vetoes.allows(&[at(1), at(5)], &[at(2)]));
        vetoes.permit(at(5), at(1));
        assert!(vetoes.is_empty());
    }

    #[test]
    fn a_pair_is_listed_once() {
        let mut vetoes = Vetoes::default();
        vetoes.forbid(at(5), at(1));
        assert_eq!(vetoes.pairs().collect::<Vec<_>>(), [(at(1), at(5))]);
    }
}
