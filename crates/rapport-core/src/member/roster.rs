//! The roster: every member, team, role and share, and the rules by which they change.

use super::password::Password;
use super::role::ROLES_MAX;
use super::share::Shares;
use super::{
    Draft, Error, Member, MemberNo, Role, Share, TEAMS_OF_MEMBER_MAX, Team, TeamNo, Teams, With,
    normal_email, normal_name,
};
use crate::time::Millis;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many members there can be.
pub const MEMBERS_MAX: usize = 10_000;

/// Everything configured about members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roster {
    members: BTreeMap<MemberNo, Arc<Member>>,
    passwords: BTreeMap<MemberNo, Password>,
    roles: BTreeMap<Box<str>, Arc<Role>>,
    /// Teams.
    pub teams: Teams,
    /// Shares.
    pub shares: Shares,
}

impl Default for Roster {
    fn default() -> Roster {
        let builtin = [Role::admin(), Role::viewer()];
        Roster {
            members: BTreeMap::new(),
            passwords: BTreeMap::new(),
            roles: builtin
                .map(|role| (role.key.clone(), Arc::new(role)))
                .into(),
            teams: Teams::default(),
            shares: Shares::default(),
        }
    }
}

impl Roster {
    /// A member, deactivated or not.
    #[must_use]
    pub fn member(&self, no: MemberNo) -> Option<&Arc<Member>> {
        self.members.get(&no)
    }

    /// The member with this address, in any case.
    #[must_use]
    pub fn by_email(&self, email: &str) -> Option<&Arc<Member>> {
        let email = normal_email(email).ok()?;
        self.members.values().find(|member| member.email == email)
    }

    /// Members behind `after`, deactivated ones too, by number.
    pub fn members(&self, after: MemberNo) -> impl Iterator<Item = &Arc<Member>> {
        let behind = MemberNo(after.0.saturating_add(1));
        self.members.range(behind..).map(|(_, member)| member)
    }

    /// The number of the next new member.
    #[must_use]
    pub fn next_member(&self) -> MemberNo {
        let last = self.members.keys().next_back();
        MemberNo(last.map_or(1, |last| last.0 + 1))
    }

    /// A member's password, as kept.
    #[must_use]
    pub fn password(&self, no: MemberNo) -> Option<&Password> {
        self.passwords.get(&no)
    }

    /// A role.
    #[must_use]
    pub fn role(&self, key: &str) -> Option<&Arc<Role>> {
        self.roles.get(key)
    }

    /// Every role, by key.
    pub fn roles(&self) -> impl Iterator<Item = &Arc<Role>> {
        self.roles.values()
    }

    // --- what changes it

    /// Makes a member or changes one; returns them as kept.
    ///
    /// # Errors
    /// [`Error`], and nothing has changed.
    pub fn put_member(&mut self, draft: &Draft, now: Millis) -> Result<Arc<Member>, Error> {
        let email = normal_email(&draft.email)?;
        let known = self.members.get(&draft.no);
        if known.is_none() && self.members.len() >= MEMBERS_MAX {
            return Err(Error::TooMany {
                what: "members",
                most: MEMBERS_MAX,
            });
        }
        let mut others = self.members.values();
        if let Some(other) = others.find(|other| other.email == email && other.no != draft.no) {
            let member = other.no;
            return Err(Error::EmailTaken { email, member });
        }
        if !self.roles.contains_key(&draft.role) {
            return Err(Error::NoRole(draft.role.clone()));
        }
        let distinct: BTreeSet<_> = draft.teams.iter().collect();
        if distinct.len() != draft.teams.len() || distinct.len() > TEAMS_OF_MEMBER_MAX {
            return Err(Error::Teams);
        }
        for team in &draft.teams {
            self.team(*team)?;
        }
        let member = Arc::new(Member {
            no: draft.no,
            email,
            first_name: normal_name("a first name", &draft.first_name)?,
            last_name: normal_name("a last name", &draft.last_name)?,
            role: draft.role.clone(),
            teams: draft.teams.clone(),
            created: known.map_or(now, |known| known.created),
            updated: now,
            deactivated: known.and_then(|known| known.deactivated),
        });
        self.keep_member(Arc::clone(&member));
        Ok(member)
    }

    /// Deactivates a member, who loses their password, or lets them sign in again once they have
    /// another one; returns them as kept.
    ///
    /// # Errors
    /// [`Error::NoMember`].
    pub fn activate(
        &mut self,
        no: MemberNo,
        deactivated: Option<Millis>,
        now: Millis,
    ) -> Result<Arc<Member>, Error> {
        let known = self.members.get(&no).ok_or(Error::NoMember(no))?;
        let member = Arc::new(Member {
            deactivated: deactivated.map(|at| known.deactivated.unwrap_or(at)),
            updated: now,
            ..Member::clone(known)
        });
        if deactivated.is_some() {
            // What was signed in with it does not come back when they do.
            self.passwords.remove(&no);
        }
        self.keep_member(Arc::clone(&member));
        Ok(member)
    }

    /// Sets a member's password.
    ///
    /// # Errors
    /// [`Error::NoMember`], [`Error::Deactivated`], [`Error::Hash`].
    pub fn put_password(&mut self, no: MemberNo, password: Password) -> Result<(), Error> {
        password.hash.check()?;
        let member = self.members.get(&no).ok_or(Error::NoMember(no))?;
        if !member.is_active() {
            return Err(Error::Deactivated(no));
        }
        self.keep_password(no, password);
        Ok(())
    }

    /// Makes a team or changes one; returns it as kept.
    ///
    /// # Errors
    /// [`Error`], and nothing has changed.
    pub fn put_team(&mut self, team: &Team) -> Result<Team, Error> {
        let team = self.teams.checked(team)?;
        self.keep_team(team.clone());
        Ok(team)
    }

    /// Archives a team that nobody is in.
    ///
    /// # Errors
    /// [`Error::NoTeam`], [`Error::TeamInUse`].
    pub fn archive_team(&mut self, no: TeamNo) -> Result<Team, Error> {
        let team = Team {
            archived: true,
            ..self.team(no)?.clone()
        };
        let is_inside = |other: &Team| other.parent == Some(no) && !other.archived;
        let mut members = self.members.values();
        if members.any(|member| member.teams.contains(&no)) || self.teams.iter().any(is_inside) {
            return Err(Error::TeamInUse(no));
        }
        self.keep_team(team.clone());
        Ok(team)
    }

    /// Makes a role or changes one; returns it as kept.
    ///
    /// # Errors
    /// [`Error`], and nothing has changed.
    pub fn put_role(&mut self, role: &Role) -> Result<Arc<Role>, Error> {
        let role = Arc::new(role.checked()?);
        if !self.roles.contains_key(&role.key) && self.roles.len() >= ROLES_MAX {
            return Err(Error::TooMany {
                what: "roles",
                most: ROLES_MAX,
            });
        }
        self.keep_role(Arc::clone(&role));
        Ok(role)
    }

    /// Removes a role that nobody has.
    ///
    /// # Errors
    /// [`Error::NoRole`], [`Error::Builtin`], [`Error::RoleInUse`].
    pub fn delete_role(&mut self, key: &str) -> Result<(), Error> {
        let role = self.roles.get(key).ok_or(Error::NoRole(key.into()))?;
        role.checked()?;
        let mut members = self.members.values();
        if let Some(member) = members.find(|member| &*member.role == key) {
            return Err(Error::RoleInUse {
                role: key.into(),
                member: member.no,
            });
        }
        self.roles.remove(key);
        Ok(())
    }

    /// Shares a record.
    ///
    /// # Errors
    /// [`Error::NoMember`], [`Error::NoTeam`], or that there are too many.
    pub fn put_share(&mut self, share: &Share) -> Result<(), Error> {
        match share.with {
            With::Member(no) if !self.members.contains_key(&no) => return Err(Error::NoMember(no)),
            With::Member(_) => {}
            With::Team(no) => {
                self.team(no)?;
            }
        }
        self.shares.checked(share)?;
        self.shares.insert(share);
        Ok(())
    }

    /// Ends a share.
    ///
    /// # Errors
    /// [`Error::NoShare`].
    pub fn delete_share(&mut self, share: &Share) -> Result<(), Error> {
        let Share {
            object,
            record,
            with,
            ..
        } = *share;
        match self.shares.remove(with, object, record) {
            true => Ok(()),
            false => Err(Error::NoShare),
        }
    }

    /// A team that is not archived.
    fn team(&self, no: TeamNo) -> Result<&Team, Error> {
        let team = self.teams.get(no).filter(|team| !team.archived);
        team.ok_or(Error::NoTeam(no))
    }

    // --- what was kept, read back

    /// Takes a member as kept.
    pub fn keep_member(&mut self, member: Arc<Member>) {
        self.members.insert(member.no, member);
    }

    /// Takes a password as kept.
    pub fn keep_password(&mut self, no: MemberNo, password: Password) {
        self.passwords.insert(no, password);
    }

    /// Takes a team as kept.
    pub fn keep_team(&mut self, team: Team) {
        self.teams.0.insert(team.no, team);
    }

    /// Takes a role as kept.
    pub fn keep_role(&mut self, role: Arc<Role>) {
        self.roles.insert(role.key.clone(), role);
    }

    /// Takes a share as kept.
    pub fn keep_share(&mut self, share: &Share) {
        self.shares.insert(share);
    }
}
