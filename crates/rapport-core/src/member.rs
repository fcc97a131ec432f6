//! Members: who signs in, in which teams, with which rights, and the one question [`may`].
//!
//! A [`Roster`] is everything configured about members. An [`Actor`] is somebody who asks, as the
//! roster knows them. [`may`] decides about one record, [`visible`] says the same as a condition
//! that a query can carry; the two are held equal by a property over random worlds.

use crate::time::Millis;
use serde::{Deserialize, Serialize};
use std::fmt;

pub use self::actor::Actor;
pub use self::error::Error;
pub use self::may::{Decision, Denied, Owned, may, may_find};
pub use self::password::PasswordHash;
pub use self::role::{Action, FieldRight, Level, ObjectRights, Role};
pub use self::roster::Roster;
pub use self::scope::{Access, Area, Scope, Scopes};
pub use self::share::{Share, With};
pub use self::team::{Team, TeamNo, Teams};
pub use self::visible::{Visible, visible};

pub mod actor;
pub mod error;
pub mod may;
pub mod password;
pub mod role;
pub mod roster;
pub mod scope;
pub mod share;
pub mod team;
pub mod visible;

/// The longest name of a member, a team or a role, in characters.
pub const NAME_CHARS_MAX: usize = 100;
/// The longest e-mail address, in bytes.
pub const EMAIL_BYTES_MAX: usize = 254;
/// Teams one member is in at most.
pub const TEAMS_OF_MEMBER_MAX: usize = 50;

/// Number of a member, never given twice. An owner of records is a member, and has this number.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct MemberNo(pub u64);

impl fmt::Display for MemberNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Somebody who signs in. Never removed, so that what they own and did keeps its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Their number.
    pub no: MemberNo,
    /// Their address in lower case; no two members have the same.
    pub email: Box<str>,
    /// First name.
    pub first_name: Box<str>,
    /// Last name.
    pub last_name: Box<str>,
    /// The key of their role.
    pub role: Box<str>,
    /// Their teams; records they own belong to the first.
    pub teams: Vec<TeamNo>,
    /// When they were made a member.
    pub created: Millis,
    /// When this last changed.
    pub updated: Millis,
    /// Since when they are none any more.
    pub deactivated: Option<Millis>,
}

impl Member {
    /// Whether they may sign in.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.deactivated.is_none()
    }

    /// The team that records they own belong to.
    #[must_use]
    pub fn team(&self) -> Option<TeamNo> {
        self.teams.first().copied()
    }

    /// Their name for people: first and last name, or the address where there is neither.
    #[must_use]
    pub fn name(&self) -> String {
        let name = format!("{} {}", self.first_name, self.last_name);
        match name.trim() {
            "" => self.email.to_string(),
            name => name.to_owned(),
        }
    }
}

/// What is asked of a member: to be made, or to be changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Their number; one that is not given yet makes a member.
    pub no: MemberNo,
    /// Their address.
    pub email: Box<str>,
    /// First name.
    #[serde(default)]
    pub first_name: Box<str>,
    /// Last name.
    #[serde(default)]
    pub last_name: Box<str>,
    /// The key of their role.
    pub role: Box<str>,
    /// Their teams, the first one first.
    #[serde(default)]
    pub teams: Vec<TeamNo>,
}

/// An address as it is kept and compared: trimmed, in lower case.
///
/// # Errors
/// [`Error::Email`] where it is no address that mail could be sent to.
pub fn normal_email(text: &str) -> Result<Box<str>, Error> {
    let text = text.trim();
    let refused = || Error::Email {
        email: text.to_owned(),
    };
    let (local, domain) = text.rsplit_once('@').ok_or_else(refused)?;
    let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && !"<>,;\"()".contains(c);
    let fits = text.len() <= EMAIL_BYTES_MAX
        && !local.is_empty()
        && !domain.is_empty()
        && !local.contains('@')
        && text.chars().all(is_plain);
    match fits {
        true => Ok(text.to_lowercase().into()),
        false => Err(refused()),
    }
}

/// A name as it is kept: trimmed, on one line, not too long.
pub(crate) fn normal_name(what: &'static str, text: &str) -> Result<Box<str>, Error> {
    let text = text.trim();
    let is_fine = text.chars().count() <= NAME_CHARS_MAX && !text.chars().any(char::is_control);
    match is_fine {
        true => Ok(text.into()),
        false => Err(Error::Name { what }),
    }
}

#[cfg(test)]
mod tests;
