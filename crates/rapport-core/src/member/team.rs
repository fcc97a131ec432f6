//! Teams, inside of each other.

use super::{Error, normal_name};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::iter::successors;

/// How deep teams can be nested.
pub const DEPTH_MAX: usize = 16;
/// How many teams there can be.
pub const TEAMS_MAX: usize = 1_000;

/// Number of a team, never given twice.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct TeamNo(pub u32);

impl fmt::Display for TeamNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl TeamNo {
    /// The team a path leads to: the last number of `/1/7/`.
    #[must_use]
    pub fn of_path(path: &str) -> Option<TeamNo> {
        let last = path.strip_suffix('/')?.rsplit('/').next()?;
        last.parse().ok().map(TeamNo)
    }
}

/// A team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    /// Its number.
    pub no: TeamNo,
    /// Its name for people.
    pub name: Box<str>,
    /// The team around it.
    #[serde(default)]
    pub parent: Option<TeamNo>,
    /// Whether nobody can be in it any more. Its records stay visible to the teams around it.
    #[serde(default)]
    pub archived: bool,
}

/// Every team there is or was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Teams(pub(super) BTreeMap<TeamNo, Team>);

impl Teams {
    /// A team, archived or not.
    #[must_use]
    pub fn get(&self, no: TeamNo) -> Option<&Team> {
        self.0.get(&no)
    }

    /// Every team, archived ones too, by number.
    pub fn iter(&self) -> impl Iterator<Item = &Team> {
        self.0.values()
    }

    /// The number of the next new team.
    #[must_use]
    pub fn next(&self) -> TeamNo {
        TeamNo(self.0.keys().next_back().map_or(1, |last| last.0 + 1))
    }

    /// The team as it would be kept.
    pub(super) fn checked(&self, team: &Team) -> Result<Team, Error> {
        let name = normal_name("the name of a team", &team.name)?;
        if name.is_empty() {
            return Err(Error::Name {
                what: "the name of a team is needed, and",
            });
        }
        if !self.0.contains_key(&team.no) && self.0.len() >= TEAMS_MAX {
            return Err(Error::TooMany {
                what: "teams",
                most: TEAMS_MAX,
            });
        }
        if let Some(parent) = team.parent {
            self.fits(team.no, parent)?;
        }
        Ok(Team {
            no: team.no,
            name,
            parent: team.parent,
            archived: false,
        })
    }

    /// Whether a team can be inside of another one.
    fn fits(&self, no: TeamNo, parent: TeamNo) -> Result<(), Error> {
        let around = self.get(parent).filter(|around| !around.archived);
        if around.is_none() {
            return Err(Error::NoTeam(parent));
        }
        let above: Vec<TeamNo> = self.up(parent).collect();
        if above.contains(&no) {
            return Err(Error::Circle { team: no, parent });
        }
        match above.len() + self.height(no) > DEPTH_MAX {
            true => Err(Error::Deep),
            false => Ok(()),
        }
    }

    /// How many teams are inside of each other from this one down, itself included.
    fn height(&self, no: TeamNo) -> usize {
        let depth = |inner: TeamNo| self.up(inner).take_while(|above| *above != no).count() + 1;
        let below = self.below(no);
        below.into_iter().map(depth).max().unwrap_or(1)
    }

    /// The team and those around it, outwards.
    fn up(&self, no: TeamNo) -> impl Iterator<Item = TeamNo> {
        let outer = |inner: &TeamNo| self.get(*inner)?.parent;
        // Teams are never in a circle; the bound is for a directory somebody else wrote.
        successors(Some(no), outer).take(DEPTH_MAX + 1)
    }

    /// The team and every team inside of it, however deep.
    #[must_use]
    pub fn below(&self, no: TeamNo) -> BTreeSet<TeamNo> {
        let inside = |inner: &TeamNo| self.up(*inner).any(|above| above == no);
        let inside = self.0.keys().copied().filter(inside);
        inside.chain([no]).collect()
    }

    /// Where a team is, from the outermost: `/1/7/`.
    #[must_use]
    pub fn path(&self, no: TeamNo) -> String {
        let mut all: Vec<TeamNo> = self.up(no).collect();
        all.reverse();
        let numbers: Vec<String> = all.iter().map(TeamNo::to_string).collect();
        format!("/{}/", numbers.join("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn team(no: u32, parent: Option<u32>) -> Team {
        Team {
            no: TeamNo(no),
            name: format!("team {no}").into(),
            parent: parent.map(TeamNo),
            archived: false,
        }
    }

    fn teams(all: &[(u32, Option<u32>)]) -> Teams {
        let all = all
            .iter()
            .map(|(no, parent)| (TeamNo(*no), team(*no, *parent)));
        Teams(all.collect())
    }

    #[test]
    fn a_path_names_the_teams_around_and_leads_back() {
        let teams = teams(&[(1, None), (7, Some(1)), (9, Some(7)), (2, None)]);
        assert_eq!(teams.path(TeamNo(9)), "/1/7/9/");
        assert_eq!(TeamNo::of_path("/1/7/9/"), Some(TeamNo(9)));
        for path in ["", "/", "//", "/x/", "7"] {
            assert_eq!(TeamNo::of_path(path), None, "{path}");
        }
        let below: Vec<u32> = teams.below(TeamNo(1)).iter().map(|no| no.0).collect();
        assert_eq!(below, [1, 7, 9]);
        assert_eq!(teams.next(), TeamNo(10));
    }

    #[test]
    fn teams_are_never_in_a_circle_nor_too_deep() {
        let mut deep = teams(&[(1, None), (2, Some(1)), (3, Some(2))]);
        let circle = deep.checked(&team(1, Some(3)));
        let (team_no, parent) = (TeamNo(1), TeamNo(3));
        assert_eq!(
            circle,
            Err(Error::Circle {
                team: team_no,
                parent
            })
        );
        assert!(deep.checked(&team(1, Some(1))).is_err(), "nor in itself");
        assert_eq!(
            deep.checked(&team(4, Some(8))),
            Err(Error::NoTeam(TeamNo(8)))
        );
        for no in 4..=DEPTH_MAX as u32 {
            let next = deep.checked(&team(no, Some(no - 1))).unwrap();
            deep.0.insert(next.no, next);
        }
        assert_eq!(deep.checked(&team(99, Some(16))), Err(Error::Deep));
        let two = [(50, None), (51, Some(50))];
        deep.0.extend(teams(&two).0);
        assert_eq!(
            deep.checked(&team(50, Some(15))),
            Err(Error::Deep),
            "with what is inside"
        );
        assert!(deep.checked(&team(50, Some(14))).is_ok());
    }
}
