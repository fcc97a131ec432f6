//! The audit: who signed in or failed to, who was given rights, who took data out.
//!
//! Records are only ever added, by the writer, each hashed over the one before it, so that one
//! changed or taken away behind Rapport's back is found. What a command changed of anybody's
//! rights is recorded in the command's own transaction and follows from the entries; the rest is
//! no part of the fold and is not replayed.

use crate::rows;
use crate::shared::Shared;
use crate::writer::pages;
use rapport_core::entry::{Command, CommandEntry};
use rapport_core::member::Share;
use rapport_core::time::Millis;
use rapport_store::Result;
use rapport_store::state::{Order, Page, State, Table, Write, number_key};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// What happened. The order is stored: new ones come last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum What {
    /// Somebody signed in.
    SignedIn,
    /// Somebody tried to.
    SignInFailed,
    /// Somebody signed out, or was.
    SignedOut,
    /// A password was set.
    PasswordSet,
    /// A member was made or changed.
    MemberPut,
    /// A member was deactivated.
    MemberDeactivated,
    /// A member was activated again.
    MemberActivated,
    /// A team was made or changed.
    TeamPut,
    /// A team was archived.
    TeamArchived,
    /// A role was made or changed.
    RolePut,
    /// A role was removed.
    RoleDeleted,
    /// A record was shared.
    SharePut,
    /// A share ended.
    ShareDeleted,
    /// A token was made.
    TokenPut,
    /// A token was revoked.
    TokenRevoked,
    /// A write key was set.
    KeyPut,
    /// A write key was revoked.
    KeyRevoked,
    /// Data was taken out in bulk.
    Exported,
    /// A sensitive field was read.
    SensitiveRead,
}

impl What {
    /// Everything that can happen.
    pub const ALL: [What; 19] = [
        What::SignedIn,
        What::SignInFailed,
        What::SignedOut,
        What::PasswordSet,
        What::MemberPut,
        What::MemberDeactivated,
        What::MemberActivated,
        What::TeamPut,
        What::TeamArchived,
        What::RolePut,
        What::RoleDeleted,
        What::SharePut,
        What::ShareDeleted,
        What::TokenPut,
        What::TokenRevoked,
        What::KeyPut,
        What::KeyRevoked,
        What::Exported,
        What::SensitiveRead,
    ];

    /// Its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            What::SignedIn => "signed_in",
            What::SignInFailed => "sign_in_failed",
            What::SignedOut => "signed_out",
            What::PasswordSet => "password_set",
            What::MemberPut => "member_put",
            What::MemberDeactivated => "member_deactivated",
            What::MemberActivated => "member_activated",
            What::TeamPut => "team_put",
            What::TeamArchived => "team_archived",
            What::RolePut => "role_put",
            What::RoleDeleted => "role_deleted",
            What::SharePut => "share_put",
            What::ShareDeleted => "share_deleted",
            What::TokenPut => "token_put",
            What::TokenRevoked => "token_revoked",
            What::KeyPut => "key_put",
            What::KeyRevoked => "key_revoked",
            What::Exported => "exported",
            What::SensitiveRead => "sensitive_read",
        }
    }

    /// What a word means.
    #[must_use]
    pub fn from_word(word: &str) -> Option<What> {
        What::ALL.into_iter().find(|what| what.word() == word)
    }
}

/// One record. It holds no password, token or key, nor what a field said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// When it happened.
    pub at: Millis,
    /// What happened.
    pub what: What,
    /// Who did it.
    pub actor: Box<str>,
    /// Whom or what it is about: `member:7`, `role:sales`.
    pub subject: Box<str>,
    /// The address it was done from.
    pub address: Box<str>,
    /// More about it.
    pub detail: BTreeMap<Box<str>, Box<str>>,
}

impl Record {
    /// A record without address or detail.
    #[must_use]
    pub fn new(at: Millis, what: What, actor: &str, subject: impl Into<Box<str>>) -> Record {
        Record {
            at,
            what,
            actor: actor.into(),
            subject: subject.into(),
            address: "".into(),
            detail: BTreeMap::new(),
        }
    }

    /// The same with where it was done from.
    #[must_use]
    pub fn at_address(mut self, address: impl Into<Box<str>>) -> Record {
        self.address = address.into();
        self
    }

    /// The same with something more about it.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Box<str>>) -> Record {
        self.detail.insert(name.into(), value.into());
        self
    }

    /// What a command changed of anybody's rights, where it changed any.
    pub(crate) fn of(entry: &CommandEntry) -> Option<Record> {
        let about =
            |what, subject: String| Record::new(entry.received, what, &entry.actor, subject);
        let member = |no| format!("member:{no}");
        let record = match &entry.command {
            Command::PutMember(draft) => {
                let teams: Vec<String> = draft.teams.iter().map(ToString::to_string).collect();
                about(What::MemberPut, member(draft.no))
                    .with("role", draft.role.clone())
                    .with("teams", teams.join(","))
            }
            Command::SetPassword { member: no, .. } => about(What::PasswordSet, member(*no)),
            Command::DeactivateMember { member: no } => about(What::MemberDeactivated, member(*no)),
            Command::ActivateMember { member: no } => about(What::MemberActivated, member(*no)),
            Command::PutTeam(team) => {
                let parent = team.parent.map_or_else(String::new, |no| no.to_string());
                about(What::TeamPut, format!("team:{}", team.no)).with("parent", parent)
            }
            Command::ArchiveTeam { team } => about(What::TeamArchived, format!("team:{team}")),
            Command::PutRole(role) => {
                let json = serde_json::to_string(role).expect("roles are plain data");
                about(What::RolePut, format!("role:{}", role.key)).with("role", json)
            }
            Command::DeleteRole { key } => about(What::RoleDeleted, format!("role:{key}")),
            Command::PutShare(share) => {
                let edit = if share.edit { "edit" } else { "view" };
                shared_record(entry, What::SharePut, share).with("may", edit)
            }
            Command::DeleteShare(share) => shared_record(entry, What::ShareDeleted, share),
            Command::PutToken {
                token_hash,
                name,
                scopes,
                member: of,
                ..
            } => {
                let scopes: Vec<String> = scopes.iter().map(|scope| scope.to_string()).collect();
                let record = about(What::TokenPut, token(token_hash)).with("name", &**name);
                let record = record.with("scopes", scopes.join(" "));
                match of {
                    Some(no) => record.with("member", no.to_string()),
                    None => record,
                }
            }
            Command::RevokeToken { token_hash } => about(What::TokenRevoked, token(token_hash)),
            Command::PutKey {
                key_hash, source, ..
            } => about(What::KeyPut, key(key_hash)).with("source", source.0.to_string()),
            Command::RevokeKey { key_hash } => about(What::KeyRevoked, key(key_hash)),
            _ => return None,
        };
        Some(record)
    }
}

fn shared_record(entry: &CommandEntry, what: What, share: &Share) -> Record {
    let subject = format!("record:{}/{}", share.object, share.record.0);
    let record = Record::new(entry.received, what, &entry.actor, subject);
    record.with("with", share.with.to_string())
}

fn token(hash: &str) -> String {
    format!("token:{}", crate::keys::id(hash))
}

fn key(hash: &str) -> String {
    format!("key:{}", crate::keys::id(hash))
}

type Hash = [u8; 32];

/// A record as kept.
#[derive(Serialize, Deserialize)]
struct Kept {
    record: Record,
    /// Over this record and the hash of the one before.
    hash: Hash,
}

/// Where the next record goes.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    next: u64,
    last: Hash,
}

impl Chain {
    /// Reads where it ends.
    pub async fn read(state: &dyn State) -> Result<Chain> {
        let last = page(None, 1);
        let last = state.scan(last).await?.pop();
        let Some((key, row)) = last else {
            return Ok(Chain {
                next: 1,
                last: [0; 32],
            });
        };
        let kept: Kept = rows::unpack(Table::Audit, &row)?;
        Ok(Chain {
            next: rows::number_of(Table::Audit, &key)? + 1,
            last: kept.hash,
        })
    }

    /// The write that adds a record.
    pub fn add(&mut self, record: Record) -> Write {
        let hash = hashed(&self.last, &record);
        let key = number_key(self.next);
        self.next += 1;
        self.last = hash;
        rows::put(Table::Audit, key, &Kept { record, hash })
    }
}

fn hashed(before: &Hash, record: &Record) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update(before);
    hasher.update(rows::pack(record));
    hasher.finalize().into()
}

/// Records below `before`, the last first.
fn page(before: Option<u64>, limit: usize) -> Page {
    Page {
        table: Table::Audit,
        from: number_key(0),
        to: before.map(number_key),
        limit,
        order: Order::Descending,
    }
}

/// Records below `before`, newest first, with their numbers.
pub(crate) async fn newest(
    shared: &Shared,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<(u64, Record)>> {
    let rows = shared.roles.state.scan(page(before, limit)).await?;
    let read = |(key, row): (Box<[u8]>, Vec<u8>)| {
        let kept: Kept = rows::unpack(Table::Audit, &row)?;
        Ok((rows::number_of(Table::Audit, &key)?, kept.record))
    };
    rows.into_iter().map(read).collect()
}

/// What speaks against the records being those that were written, and all of them.
pub(crate) async fn check(state: &dyn State) -> Result<Option<String>> {
    let mut before: Hash = [0; 32];
    let mut expected = 1;
    let mut all = pages(state, Table::Audit);
    while let Some(page) = all.next().await? {
        for (key, row) in page {
            let number = rows::number_of(Table::Audit, &key)?;
            if number != expected {
                return Ok(Some(format!("the audit lacks record {expected}")));
            }
            let kept: Kept = rows::unpack(Table::Audit, &row)?;
            if kept.hash != hashed(&before, &kept.record) {
                return Ok(Some(format!("record {number} of the audit was changed")));
            }
            before = kept.hash;
            expected += 1;
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_back() {
        for what in What::ALL {
            assert_eq!(What::from_word(what.word()), Some(what));
        }
    }
}
