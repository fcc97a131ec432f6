//! The same question as a condition: which records of a type an action reaches.

use super::may::{needed, opened};
use super::{Action, Actor, Level, MemberNo, Owned, TeamNo};
use crate::crm::{RecordNo, TypeId};
use std::collections::BTreeSet;

/// Which records of a type an action of somebody reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visible {
    /// None: a query need not be asked.
    Nothing,
    /// All: a query needs no further condition.
    Everything,
    /// Those for which one of these holds.
    Any(Conditions),
}

/// Conditions of which one must hold. Each is one that an index answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conditions {
    /// The owner is this member.
    pub owner: MemberNo,
    /// The team is one of these. They are named one by one, so that a team that moves moves no
    /// record.
    pub teams: BTreeSet<TeamNo>,
    /// The record is one of these.
    pub records: BTreeSet<RecordNo>,
}

impl Visible {
    /// Whether it shows a record.
    #[must_use]
    pub fn shows(&self, record: &Owned) -> bool {
        match self {
            Visible::Nothing => false,
            Visible::Everything => true,
            Visible::Any(conditions) => {
                let Conditions {
                    owner,
                    teams,
                    records,
                } = conditions;
                record.owner == Some(*owner)
                    || record.team.is_some_and(|team| teams.contains(&team))
                    || record.record.is_some_and(|no| records.contains(&no))
            }
        }
    }
}

/// Which records of a type an action reaches: for every record what [`may`](super::may()) decides
/// without a field.
#[must_use]
pub fn visible(actor: &Actor, object: TypeId, action: Action) -> Visible {
    let mut scopes = needed(action, object).into_iter().flatten();
    if !scopes.all(|scope| actor.has(scope)) {
        return Visible::Nothing;
    }
    let Some(rights) = actor.rights(object) else {
        return Visible::Everything;
    };
    let teams = match rights.level(action) {
        Level::None => return Visible::Nothing,
        Level::All => return Visible::Everything,
        Level::Own => BTreeSet::new(),
        Level::Team => actor.teams().clone(),
        Level::TeamAndBelow => actor.teams_below().clone(),
    };
    let Some(owner) = actor.number() else {
        return Visible::Nothing;
    };
    let shared = actor.shares(object);
    let shared = shared.filter(|share| opened(action, share.edit));
    Visible::Any(Conditions {
        owner,
        teams,
        records: shared.map(|share| share.record).collect(),
    })
}

impl Actor {
    /// Whether they see every record of a type with every field of it: what shows records
    /// without asking for each is open to nobody else.
    #[must_use]
    pub fn sees_whole(&self, object: TypeId) -> bool {
        let reads_all = |rights: &super::ObjectRights| rights.reads_every_field();
        self.reaches_all(object, Action::View) && self.rights(object).is_none_or(reads_all)
    }

    /// Whether their role lets them do this with every record of a type.
    #[must_use]
    pub fn reaches_all(&self, object: TypeId, action: Action) -> bool {
        let rights = self.rights(object);
        rights.is_none_or(|rights| rights.level(action) == Level::All)
    }
}
