//! Actors: who asks, as the roster knows them now.

use super::{
    Access, FieldRight, Member, MemberNo, ObjectRights, Role, Roster, Scope, Scopes, Share, TeamNo,
    With,
};
use crate::crm::{RecordNo, TypeId};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Somebody who asks. What they may do is the intersection of what their scopes open and what
/// their role, where they have one, lets them.
#[derive(Clone, Debug)]
pub struct Actor {
    name: Box<str>,
    scopes: Scopes,
    member: Option<Asking>,
}

/// The member behind an actor.
#[derive(Clone, Debug)]
struct Asking {
    member: Arc<Member>,
    role: Arc<Role>,
    roster: Arc<Roster>,
    own: BTreeSet<TeamNo>,
    below: BTreeSet<TeamNo>,
}

impl Actor {
    /// A token that belongs to no member: what its scopes open, of everybody's.
    #[must_use]
    pub fn token(name: &str, scopes: Scopes) -> Actor {
        Actor {
            name: name.into(),
            scopes,
            member: None,
        }
    }

    /// Rapport itself, which may do everything.
    #[must_use]
    pub fn rapport() -> Actor {
        Actor::token("rapport", Scopes::admin())
    }

    /// A member themselves. `None` where there is no such member, or they are deactivated.
    #[must_use]
    pub fn member(roster: &Arc<Roster>, no: MemberNo) -> Option<Actor> {
        let name = format!("member:{no}");
        Actor::of_member(roster, no, Scopes::admin(), name)
    }

    /// A member through a token, which opens of theirs what its scopes do.
    #[must_use]
    pub fn through(
        roster: &Arc<Roster>,
        no: MemberNo,
        token: &str,
        scopes: Scopes,
    ) -> Option<Actor> {
        let name = format!("member:{no}/{token}");
        Actor::of_member(roster, no, scopes, name)
    }

    fn of_member(
        roster: &Arc<Roster>,
        no: MemberNo,
        scopes: Scopes,
        name: String,
    ) -> Option<Actor> {
        let member = roster.member(no).filter(|member| member.is_active())?;
        let role = roster.role(&member.role)?;
        let own: BTreeSet<TeamNo> = member.teams.iter().copied().collect();
        let below = own.iter().flat_map(|team| roster.teams.below(*team));
        let asking = Asking {
            member: Arc::clone(member),
            role: Arc::clone(role),
            roster: Arc::clone(roster),
            below: below.collect(),
            own,
        };
        Some(Actor {
            name: name.into(),
            scopes,
            member: Some(asking),
        })
    }

    /// What entries say of who asked: a token's name, `member:7`, or `member:7/token`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The member who asks, themselves or through a token.
    #[must_use]
    pub fn who(&self) -> Option<&Arc<Member>> {
        self.member.as_ref().map(|asking| &asking.member)
    }

    /// The role of the member who asks.
    #[must_use]
    pub fn role(&self) -> Option<&Arc<Role>> {
        self.member.as_ref().map(|asking| &asking.role)
    }

    /// The scopes of the token that asks; a member themselves has all.
    #[must_use]
    pub fn scopes(&self) -> &Scopes {
        &self.scopes
    }

    /// Whether what needs this scope is open to them. Which records of a type they reach is
    /// [`may`](super::may)'s to say.
    #[must_use]
    pub fn has(&self, needed: Scope) -> bool {
        let by_role = |role: &Role| match needed {
            // A role opens records by its levels.
            Scope::Records(_) | Scope::RecordsOf(..) | Scope::Export => true,
            needed => role.scopes.open(needed),
        };
        self.scopes.open(needed) && self.role().is_none_or(|role| by_role(role))
    }

    /// Whether they may do everything.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.has(Scope::Admin)
    }

    /// Whether they could do everything themselves that somebody with this role and these scopes
    /// can: nobody gives more than they have.
    #[must_use]
    pub fn covers(&self, role: Option<&Role>, scopes: &Scopes) -> bool {
        let by_role = match (self.role(), role) {
            (None, _) => true,
            (Some(own), Some(role)) => own.covers(role),
            (Some(own), None) => own.is_admin(),
        };
        let by_scope = match role {
            Some(role) if scopes.are_admin() => self.opens_all_of(role),
            _ => self.scopes.cover(scopes),
        };
        by_role && by_scope
    }

    /// Whether their scopes let through whatever a role may do.
    fn opens_all_of(&self, role: &Role) -> bool {
        let opens = |scope| self.scopes.open(scope);
        let opens_records = opens(Scope::Records(Access::Write)) && opens(Scope::Export);
        self.scopes.are_admin()
            || (!role.is_admin() && opens_records && self.scopes.cover(&role.scopes))
    }

    /// What their role lets them do with a type; `None` where no role limits them.
    #[must_use]
    pub fn rights(&self, object: TypeId) -> Option<&ObjectRights> {
        let role = self.role().filter(|role| !role.is_admin())?;
        Some(role.object(object))
    }

    /// What they may do with a field of records they reach.
    #[must_use]
    pub fn field(&self, object: TypeId, name: &str) -> FieldRight {
        let rights = self.rights(object);
        rights.map_or(FieldRight::Write, |rights| rights.field(name))
    }

    pub(super) fn number(&self) -> Option<MemberNo> {
        self.who().map(|member| member.no)
    }

    /// The teams they are in.
    #[must_use]
    pub fn teams(&self) -> &BTreeSet<TeamNo> {
        static NONE: BTreeSet<TeamNo> = BTreeSet::new();
        self.member.as_ref().map_or(&NONE, |asking| &asking.own)
    }

    /// The teams they are in, and those inside of these.
    #[must_use]
    pub fn teams_below(&self) -> &BTreeSet<TeamNo> {
        static NONE: BTreeSet<TeamNo> = BTreeSet::new();
        self.member.as_ref().map_or(&NONE, |asking| &asking.below)
    }

    /// How a record is shared with them: `Some(true)` to be changed.
    pub(super) fn shared(&self, object: TypeId, record: RecordNo) -> Option<bool> {
        let shares = self.shares_of();
        let found = shares.filter_map(|(roster, with)| roster.shares.find(with, object, record));
        found.max()
    }

    /// Every record of a type that is shared with them.
    pub(super) fn shares(&self, object: TypeId) -> impl Iterator<Item = Share> {
        let shares = self.shares_of();
        shares.flat_map(move |(roster, with)| {
            let records = roster.shares.with(with, object);
            records.map(move |(record, edit)| Share {
                object,
                record,
                with,
                edit,
            })
        })
    }

    fn shares_of(&self) -> impl Iterator<Item = (&Roster, With)> {
        self.member.iter().flat_map(|asking| {
            let teams = asking.own.iter().map(|team| With::Team(*team));
            let all = teams.chain([With::Member(asking.member.no)]);
            all.map(|with| (&*asking.roster, with))
        })
    }
}
