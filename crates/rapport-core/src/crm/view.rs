//! Views: searches of records that are kept under a name, how they are shown, and to whom.

use super::query::{self, Search};
use super::{Definitions, Kind, ObjectType, TypeId};
use crate::member::{Actor, MemberNo, Roster, TeamNo};
use crate::position::Position;
use crate::time::Millis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How many views there can be.
pub const VIEWS_MAX: usize = 10_000;
/// How many one member, or all tokens without one, can keep.
pub const OF_ONE_MAX: usize = 1_000;
/// The longest name, in characters.
pub const NAME_CHARS_MAX: usize = 100;
/// The most columns.
pub const COLUMNS_MAX: usize = 100;
/// The most properties a board sums.
pub const SUMS_MAX: usize = 10;
/// The most bytes of one view, as it is stored: every view is held in memory.
pub const BYTES_MAX: usize = 64 * 1024;

/// A search of records that is kept under a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    /// The entry that made it.
    pub id: Position,
    /// What it is.
    #[serde(flatten)]
    pub draft: Draft,
    /// When it was made.
    pub created: Millis,
    /// When it was changed last.
    pub updated: Millis,
}

/// What a view is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Of which records.
    pub object: TypeId,
    /// Its name for people.
    pub name: Box<str>,
    /// Which of them, and in which order.
    #[serde(default)]
    pub search: Search,
    /// The properties that are shown, in order; all that are set where none is named.
    #[serde(default)]
    pub columns: Vec<Box<str>>,
    /// What a board of them shows.
    #[serde(default)]
    pub board: Option<Board>,
    /// Who has it, too.
    #[serde(default)]
    pub shared: Shared,
    /// Whose it is; nobody's where a token of no member made it.
    #[serde(default)]
    pub owner: Option<MemberNo>,
}

/// The end of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removal {
    /// The entry that made it.
    pub view: Position,
}

/// What a board shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Board {
    /// The property whose values are the columns.
    pub by: Box<str>,
    /// The properties that are summed in each.
    #[serde(default)]
    pub sums: Vec<Box<str>>,
}

/// Who has a view beside whose it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shared {
    /// Nobody.
    #[default]
    Nobody,
    /// Whoever is in a team.
    Team(TeamNo),
    /// Everybody.
    Everybody,
}

/// Why a view is not kept.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    /// A name nobody could tell it by.
    #[error("a view has a name of 1 to {NAME_CHARS_MAX} characters")]
    Name,
    /// Its type is none.
    #[error("there is no type of records {0}")]
    Object(TypeId),
    /// A property it shows is not there.
    #[error("there is no property `{0}`")]
    Property(Box<str>),
    /// What is summed are no numbers.
    #[error("`{0}` is no property of numbers, so it has no sum")]
    NoNumber(Box<str>),
    /// Its team is none.
    #[error("there is no team {0}")]
    Team(TeamNo),
    /// Its search cannot be asked.
    #[error(transparent)]
    Search(#[from] query::Error),
    /// There are too many of something.
    #[error("{most} {what} are the most")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        most: usize,
    },
}

impl Draft {
    /// Checks it against what is defined.
    ///
    /// # Errors
    /// [`Error`].
    pub fn check(&self, definitions: &Definitions, roster: &Roster) -> Result<(), Error> {
        if serde_json::to_vec(self).map_or(true, |json| json.len() > BYTES_MAX) {
            return Err(too_many("bytes of a view", BYTES_MAX));
        }
        let length = self.name.trim().chars().count();
        if !(1..=NAME_CHARS_MAX).contains(&length) {
            return Err(Error::Name);
        }
        let object = definitions
            .get(self.object)
            .ok_or(Error::Object(self.object))?;
        query::compile(definitions, object, &self.search)?;
        if self.columns.len() > COLUMNS_MAX {
            return Err(too_many("columns", COLUMNS_MAX));
        }
        for name in &self.columns {
            property(object, name)?;
        }
        if let Some(board) = &self.board {
            property(object, &board.by)?;
            if board.sums.len() > SUMS_MAX {
                return Err(too_many("sums", SUMS_MAX));
            }
            for name in &board.sums {
                if property(object, name)? != Kind::Number {
                    return Err(Error::NoNumber(name.clone()));
                }
            }
        }
        match self.shared {
            Shared::Team(team) => {
                let known = roster.teams.get(team).filter(|team| !team.archived);
                known.map(|_| ()).ok_or(Error::Team(team))
            }
            Shared::Nobody | Shared::Everybody => Ok(()),
        }
    }

    /// The properties it asks about: who may not read one is told nothing by what it finds.
    pub fn asks(&self) -> impl Iterator<Item = &str> {
        let filters = self.search.groups.iter().flatten();
        let filters = filters.map(|filter| &*filter.property);
        let sorts = self.search.sorts.iter().map(|sort| &*sort.property);
        let board = self.board.iter().flat_map(|board| {
            let sums = board.sums.iter().map(|name| &**name);
            std::iter::once(&*board.by).chain(sums)
        });
        filters.chain(sorts).chain(board)
    }
}

fn property(object: &ObjectType, name: &str) -> Result<Kind, Error> {
    let found = object.property(name).map(|property| property.kind);
    found.ok_or_else(|| Error::Property(name.into()))
}

fn too_many(what: &'static str, most: usize) -> Error {
    Error::TooMany { what, most }
}

impl View {
    /// Whether somebody has it. What it shows them is a question of its own.
    #[must_use]
    pub fn is_for(&self, who: &Actor) -> bool {
        self.is_of(who)
            || match self.draft.shared {
                Shared::Everybody => true,
                Shared::Team(team) => match who.who() {
                    Some(member) => member.teams.contains(&team) || who.is_admin(),
                    None => true,
                },
                Shared::Nobody => false,
            }
    }

    /// Whether it is theirs.
    #[must_use]
    pub fn is_of(&self, who: &Actor) -> bool {
        self.draft.owner == who.who().map(|member| member.no)
    }
}

/// Every view.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Views(BTreeMap<Position, Arc<View>>);

impl Views {
    /// The view that an entry made.
    #[must_use]
    pub fn get(&self, id: Position) -> Option<&Arc<View>> {
        self.0.get(&id)
    }

    /// Those made after an entry, by when they were made.
    pub fn after(&self, id: Position) -> impl Iterator<Item = &Arc<View>> {
        let behind = (std::ops::Bound::Excluded(id), std::ops::Bound::Unbounded);
        self.0.range(behind).map(|(_, view)| view)
    }

    /// Keeps a view.
    pub fn put(&mut self, view: Arc<View>) {
        self.0.insert(view.id, view);
    }

    /// Keeps one no longer; whether there was one.
    pub fn remove(&mut self, id: Position) -> bool {
        self.0.remove(&id).is_some()
    }

    /// Whether there is room for one more of somebody's.
    ///
    /// # Errors
    /// [`Error::TooMany`].
    pub fn has_room(&self, owner: Option<MemberNo>) -> Result<(), Error> {
        let own = self.0.values().filter(|view| view.draft.owner == owner);
        if self.0.len() >= VIEWS_MAX {
            return Err(too_many("views", VIEWS_MAX));
        }
        match own.count() >= OF_ONE_MAX {
            true => Err(too_many("views of one member", OF_ONE_MAX)),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crm::query::{Filter, Operator, Sort};

    fn draft() -> Draft {
        Draft {
            object: TypeId::DEAL,
            name: "Large ones".into(),
            search: Search {
                groups: vec![vec![Filter {
                    property: "amount".into(),
                    operator: Operator::Gte,
                    value: Some("100".into()),
                    values: Vec::new(),
                    high: None,
                }]],
                sorts: vec![Sort {
                    property: "closedate".into(),
                    descending: true,
                }],
                ..Search::default()
            },
            columns: vec!["dealname".into()],
            board: Some(Board {
                by: "dealstage".into(),
                sums: vec!["amount".into()],
            }),
            shared: Shared::Nobody,
            owner: None,
        }
    }

    #[test]
    fn a_view_asks_only_what_can_be_asked() {
        let (definitions, roster) = (Definitions::standard(), Roster::default());
        let check = |change: &dyn Fn(&mut Draft)| {
            let mut draft = draft();
            change(&mut draft);
            draft.check(&definitions, &roster)
        };
        assert_eq!(check(&|_| {}), Ok(()));
        assert_eq!(check(&|draft| draft.name = " ".into()), Err(Error::Name));
        let gone = |draft: &mut Draft| draft.columns.push("unheard".into());
        assert_eq!(check(&gone), Err(Error::Property("unheard".into())));
        let text = |draft: &mut Draft| {
            let board = draft.board.as_mut().expect("a board");
            board.sums.push("dealname".into());
        };
        assert_eq!(check(&text), Err(Error::NoNumber("dealname".into())));
        let team = TeamNo(7);
        let shared = |draft: &mut Draft| draft.shared = Shared::Team(team);
        assert_eq!(check(&shared), Err(Error::Team(team)));
        let wrong = |draft: &mut Draft| draft.search.groups[0][0].value = Some("many".into());
        assert!(matches!(check(&wrong), Err(Error::Search(_))));
        let long = |bytes: usize| {
            check(&|draft: &mut Draft| draft.search.words = Some("x".repeat(bytes).into()))
        };
        let large = Err(too_many("bytes of a view", BYTES_MAX));
        assert_eq!(long(BYTES_MAX), large);
        assert_ne!(long(BYTES_MAX / 2), large);
    }

    #[test]
    fn a_view_says_everything_it_asks_about() {
        let draft = draft();
        let asks: Vec<&str> = draft.asks().collect();
        assert_eq!(asks, ["amount", "closedate", "dealstage", "amount"]);
    }
}
