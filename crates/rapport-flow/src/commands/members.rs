//! Members, teams, roles and shares: who may do what.

use super::{Outcome, Reply};
use crate::configuration::{self, Configuration};
use crate::error::CommandError;
use crate::writer::Writer;
use rapport_core::entry::{Command, CommandEntry};
use rapport_core::member::password::Password;
use rapport_core::member::{Error, Roster, Share};
use rapport_store::state::Write;
use std::sync::Arc;

/// Whether a command is one of these.
pub(super) fn is_one(command: &Command) -> bool {
    matches!(
        command,
        Command::PutMember(_)
            | Command::SetPassword { .. }
            | Command::DeactivateMember { .. }
            | Command::ActivateMember { .. }
            | Command::PutTeam(_)
            | Command::ArchiveTeam { .. }
            | Command::PutRole(_)
            | Command::DeleteRole { .. }
            | Command::PutShare(_)
            | Command::DeleteShare(_)
    )
}

/// Applies one of these commands: at once, for every request that follows.
pub(super) fn apply(writer: &mut Writer, entry: &CommandEntry, writes: &mut Vec<Write>) -> Outcome {
    let mut roster = Roster::clone(&writer.configuration.roster);
    let rows = change(&mut roster, entry).map_err(refused)?;
    let mut configuration = Configuration::clone(&writer.configuration);
    configuration.roster = Arc::new(roster);
    writer.configure(configuration);
    writes.extend(rows);
    Ok(Reply::Done)
}

/// Changes the roster; returns the rows that keep what changed.
fn change(roster: &mut Roster, entry: &CommandEntry) -> Result<Vec<Write>, Error> {
    let now = entry.received;
    let row = match &entry.command {
        Command::PutMember(draft) => {
            let member = roster.put_member(draft, now)?;
            configuration::row(&format!("member/{}", member.no), &*member)
        }
        Command::SetPassword { member, hash } => {
            let password = Password {
                hash: hash.clone(),
                set: entry.position,
            };
            roster.put_password(*member, password.clone())?;
            configuration::row(&format!("password/{member}"), &password)
        }
        Command::DeactivateMember { member: no } => {
            let member = roster.activate(*no, Some(now), now)?;
            let password = configuration::removal(&format!("password/{no}"));
            let member = configuration::row(&format!("member/{no}"), &*member);
            return Ok(vec![member, password]);
        }
        Command::ActivateMember { member: no } => {
            let member = roster.activate(*no, None, now)?;
            configuration::row(&format!("member/{no}"), &*member)
        }
        Command::PutTeam(team) => {
            let team = roster.put_team(team)?;
            configuration::row(&format!("team/{}", team.no), &team)
        }
        Command::ArchiveTeam { team } => {
            let team = roster.archive_team(*team)?;
            configuration::row(&format!("team/{}", team.no), &team)
        }
        Command::PutRole(role) => {
            let role = roster.put_role(role)?;
            configuration::row(&format!("role/{}", role.key), &*role)
        }
        Command::DeleteRole { key } => {
            roster.delete_role(key)?;
            configuration::removal(&format!("role/{key}"))
        }
        Command::PutShare(share) => {
            roster.put_share(share)?;
            configuration::row(&share_key(share), share)
        }
        Command::DeleteShare(share) => {
            roster.delete_share(share)?;
            configuration::removal(&share_key(share))
        }
        _ => unreachable!("every other command has a file of its own"),
    };
    Ok(vec![row])
}

fn share_key(share: &Share) -> String {
    let Share {
        object,
        record,
        with,
        ..
    } = share;
    format!("share/{with}/{object}/{}", record.0)
}

fn refused(error: Error) -> CommandError {
    let message = error.to_string();
    if error.is_missing() {
        let what = message.strip_prefix("there is no ").unwrap_or(&message);
        return CommandError::NotFound {
            what: what.to_owned(),
        };
    }
    if error.is_contradiction() {
        return CommandError::Contradicts { message };
    }
    CommandError::Invalid {
        code: "invalid_member",
        message,
        help: String::new(),
    }
}
