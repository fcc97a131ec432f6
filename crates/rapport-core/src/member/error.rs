//! Why something about members cannot be as it was asked for.

use super::{MemberNo, NAME_CHARS_MAX, TEAMS_OF_MEMBER_MAX, TeamNo, role, share, team};

/// Why members, teams, roles or shares cannot be as they were asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It is no address.
    #[error("`{email}` is no e-mail address")]
    Email {
        /// What was given.
        email: String,
    },
    /// Another member has this address.
    #[error("`{email}` is the address of member {member} already")]
    EmailTaken {
        /// The address.
        email: Box<str>,
        /// Whose it is.
        member: MemberNo,
    },
    /// A name is too long, or not on one line.
    #[error("{what} may have {NAME_CHARS_MAX} characters on one line")]
    Name {
        /// What was to be named.
        what: &'static str,
    },
    /// There is no such member.
    #[error("there is no member {0}")]
    NoMember(MemberNo),
    /// The member is deactivated.
    #[error("member {0} is deactivated")]
    Deactivated(MemberNo),
    /// There is no such team, or it is archived.
    #[error("there is no team {0}")]
    NoTeam(TeamNo),
    /// There is no such role.
    #[error("there is no role `{0}`")]
    NoRole(Box<str>),
    /// A member would be in a team twice, or in too many.
    #[error("a member is in {TEAMS_OF_MEMBER_MAX} teams at most, and in each once")]
    Teams,
    /// Teams would be inside of each other.
    #[error("team {team} cannot be inside of team {parent}, which is inside of it")]
    Circle {
        /// The team.
        team: TeamNo,
        /// What was to be around it.
        parent: TeamNo,
    },
    /// Teams would be nested too deeply.
    #[error("teams can be nested {} deep", team::DEPTH_MAX)]
    Deep,
    /// There are too many.
    #[error("there may be {most} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        most: usize,
    },
    /// A team is in use.
    #[error("team {0} has members or teams inside of it: move them first")]
    TeamInUse(TeamNo),
    /// A role is in use.
    #[error("role `{role}` is that of member {member}: give them another one first")]
    RoleInUse {
        /// The role's key.
        role: Box<str>,
        /// One who has it.
        member: MemberNo,
    },
    /// The role came with Rapport.
    #[error("role `{0}` comes with Rapport and stays as it is: make one under another key")]
    Builtin(Box<str>),
    /// The key of a role is none.
    #[error(
        "`{0}` cannot be the key of a role: up to {max} lower case letters, digits, `_` and `-`, \
         a letter or digit first",
        max = role::KEY_BYTES_MAX
    )]
    RoleKey(Box<str>),
    /// A role names too many types of records or fields.
    #[error("a role may name {} fields", role::FIELDS_MAX)]
    RoleSize,
    /// There is no such share.
    #[error("this record is not shared with them")]
    NoShare,
    /// Somebody would have too many shares.
    #[error("{} records can be shared with one member or team", share::OF_ONE_MAX)]
    Shares,
    /// A hash is no argon2id hash in PHC form.
    #[error("a password is kept as an argon2id hash in PHC form, and this is none")]
    Hash,
}

impl Error {
    /// Whether what was named is not there.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(
            self,
            Error::NoMember(_) | Error::NoTeam(_) | Error::NoRole(_) | Error::NoShare
        )
    }

    /// Whether it contradicts what is there.
    #[must_use]
    pub fn is_contradiction(&self) -> bool {
        matches!(
            self,
            Error::EmailTaken { .. }
                | Error::Deactivated(_)
                | Error::Circle { .. }
                | Error::TeamInUse(_)
                | Error::RoleInUse { .. }
                | Error::Builtin(_)
                | Error::TooMany { .. }
                | Error::Shares
        )
    }
}
