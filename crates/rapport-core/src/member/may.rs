//! The one question: may this actor do this with this record, and with this field of it?

use super::{Access, Action, Actor, FieldRight, Level, MemberNo, ObjectRights, Scope, TeamNo};
use crate::crm::{RecordNo, TypeId};
use std::collections::BTreeSet;

/// What rights look at in a record: whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owned {
    /// Its type.
    pub object: TypeId,
    /// Its number; one that is yet to be made has none.
    pub record: Option<RecordNo>,
    /// The member who owns it.
    pub owner: Option<MemberNo>,
    /// The team it belongs to: that of its owner, or the one it waits in.
    pub team: Option<TeamNo>,
}

/// What is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// They may.
    Allowed,
    /// They may know that the field is there, and nothing of what it says.
    Masked,
    /// They may not.
    Denied(Denied),
}

/// Why somebody may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denied {
    /// Their token lacks this scope.
    Scope(Scope),
    /// Their role does not reach this record with this action.
    Level(Action),
    /// Their role does not let them do this with the field.
    Field,
}

impl Decision {
    /// Whether they may, without masks.
    #[must_use]
    pub fn is_allowed(self) -> bool {
        self == Decision::Allowed
    }
}

/// Decides. Without a field it is about the record as a whole; then what it decides about every
/// record is what [`visible`](super::visible()) says as a condition.
#[must_use]
pub fn may(actor: &Actor, action: Action, record: &Owned, field: Option<&str>) -> Decision {
    let mut scopes = needed(action, record.object).into_iter().flatten();
    if let Some(scope) = scopes.find(|scope| !actor.has(*scope)) {
        return Decision::Denied(Denied::Scope(scope));
    }
    let Some(rights) = actor.rights(record.object) else {
        return Decision::Allowed;
    };
    if !reaches(actor, rights, action, record) {
        return Decision::Denied(Denied::Level(action));
    }
    let Some(field) = field else {
        return Decision::Allowed;
    };
    let looks = matches!(action, Action::View | Action::Export);
    match rights.field(field) {
        FieldRight::Write => Decision::Allowed,
        FieldRight::Read if looks => Decision::Allowed,
        FieldRight::Masked if looks => Decision::Masked,
        _ => Decision::Denied(Denied::Field),
    }
}

/// Whether records may be found, sorted, grouped or summed by a field: what is masked would be
/// told by the order of what is found.
#[must_use]
pub fn may_find(actor: &Actor, object: TypeId, field: &str) -> bool {
    actor.field(object, field) >= FieldRight::Read
}

/// The scopes an action needs.
pub(super) fn needed(action: Action, object: TypeId) -> [Option<Scope>; 2] {
    let records = |access| Some(Scope::RecordsOf(object, access));
    match action {
        Action::View => [records(Access::Read), None],
        Action::Export => [records(Access::Read), Some(Scope::Export)],
        _ => [records(Access::Write), None],
    }
}

fn reaches(actor: &Actor, rights: &ObjectRights, action: Action, record: &Owned) -> bool {
    let level = rights.level(action);
    let is_own = record.owner.is_some() && record.owner == actor.number();
    let is_of = |teams: &BTreeSet<TeamNo>| record.team.is_some_and(|team| teams.contains(&team));
    match level {
        Level::None => return false,
        Level::All => return true,
        _ if is_own => return true,
        Level::Team if is_of(actor.teams()) => return true,
        Level::TeamAndBelow if is_of(actor.teams_below()) => return true,
        _ => {}
    }
    let shared = record.record.and_then(|no| actor.shared(record.object, no));
    shared.is_some_and(|edit| opened(action, edit))
}

/// Whether a share opens a record to an action.
pub(super) fn opened(action: Action, edit: bool) -> bool {
    match action {
        Action::View => true,
        Action::Edit => edit,
        _ => false,
    }
}
