//! Sessions: who is signed in, kept beside the fold. They are rows of the state, so they survive a
//! restart, and no entries: a replay signs nobody in.

use crate::rows;
use rapport_core::member::{MemberNo, Roster};
use rapport_core::position::Position;
use rapport_core::time::{MINUTE_MS, Millis};
use rapport_store::Error;
use rapport_store::state::{Key, Table, Write};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Sessions of one member at most: a further one ends the one that was quiet longest.
const OF_MEMBER_MAX: usize = 20;
/// How old what is written of a session's last use may be.
const SEEN_MS: i64 = MINUTE_MS;

/// Somebody who is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Who.
    pub member: MemberNo,
    /// The entry that set the password they signed in with.
    pub password: Position,
    /// Since when.
    pub made: Millis,
    /// When it was used last, to the minute.
    pub seen: Millis,
    /// When it ends, whatever happens.
    pub until: Millis,
    /// The address it was made from.
    pub address: Box<str>,
    /// What the browser called itself.
    pub agent: Box<str>,
}

impl Session {
    /// Whether it still opens anything.
    #[must_use]
    pub fn stands(&self, roster: &Roster, now: Millis, idle_ms: i64) -> bool {
        let member = roster.member(self.member);
        let password = roster.password(self.member);
        now < self.until
            && now.since(self.seen) < idle_ms
            && member.is_some_and(|member| member.is_active())
            && password.is_some_and(|password| password.set == self.password)
    }

    fn is_worn(&self, now: Millis) -> bool {
        now >= self.until
    }
}

/// What becomes of sessions.
#[derive(Clone, Debug)]
pub enum Change {
    /// Nothing.
    Nothing,
    /// One begins, by the hash of its id, and takes the place of another.
    Begin {
        /// The hash.
        hash: String,
        /// The session.
        session: Session,
        /// The hash of the one it replaces.
        instead: Option<String>,
    },
    /// One was used.
    Seen {
        /// Its hash.
        hash: String,
        /// When.
        at: Millis,
    },
    /// One ends.
    End {
        /// Its hash.
        hash: String,
    },
    /// Every one of a member ends, but for one.
    EndAll {
        /// Whose.
        member: MemberNo,
        /// The hash of the one that stays.
        but: Option<String>,
    },
}

/// Every session, by the hash of its id.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<BTreeMap<String, Session>>);

impl Sessions {
    /// Takes those of the state.
    pub fn load(&self, rows: &[(Key, Vec<u8>)]) -> Result<(), Error> {
        let read = |(key, row): &(Key, Vec<u8>)| {
            let session = rows::unpack(Table::Session, row)?;
            Ok((String::from_utf8_lossy(key).into_owned(), session))
        };
        let sessions = rows.iter().map(read).collect::<Result<_, Error>>()?;
        *self.all() = sessions;
        Ok(())
    }

    /// The session with this hash.
    pub fn get(&self, hash: &str) -> Option<Session> {
        self.all().get(hash).cloned()
    }

    /// Notes that a session is used; true where that should be written.
    pub fn touch(&self, hash: &str, now: Millis) -> bool {
        let mut all = self.all();
        let Some(session) = all.get_mut(hash) else {
            return false;
        };
        let is_old = now.since(session.seen) >= SEEN_MS;
        if is_old {
            session.seen = now;
        }
        is_old
    }

    /// Sessions of a member, by hash.
    pub fn of(&self, member: MemberNo) -> Vec<(String, Session)> {
        let all = self.all();
        let own = all.iter().filter(|(_, session)| session.member == member);
        own.map(|(hash, session)| (hash.clone(), session.clone()))
            .collect()
    }

    /// The writes of a change, as things are now. Only the writer asks, so nothing changes
    /// between this and [`Sessions::apply`] but when a session was seen.
    pub fn writes(&self, change: &Change) -> Vec<Write> {
        let mut writes = Vec::new();
        for hash in self.ended(change) {
            writes.push(rows::remove(Table::Session, hash.as_bytes().into()));
        }
        match change {
            Change::Begin { hash, session, .. } => {
                writes.push(rows::put(Table::Session, hash.as_bytes().into(), session));
            }
            Change::Seen { hash, .. } => {
                let seen = self.get(hash);
                let put = |session| rows::put(Table::Session, hash.as_bytes().into(), &session);
                writes.extend(seen.map(put));
            }
            _ => {}
        }
        writes
    }

    /// Makes a change that is on disk.
    pub fn apply(&self, change: Change) {
        let ended = self.ended(&change);
        let mut all = self.all();
        for hash in ended {
            all.remove(&hash);
        }
        if let Change::Begin { hash, session, .. } = change {
            all.insert(hash, session);
        }
    }

    /// Which sessions a change ends.
    fn ended(&self, change: &Change) -> Vec<String> {
        let all = self.all();
        match change {
            Change::Nothing | Change::Seen { .. } => Vec::new(),
            Change::End { hash } => vec![hash.clone()],
            Change::EndAll { member, but } => {
                let of = all.iter().filter(|(hash, session)| {
                    session.member == *member && Some(*hash) != but.as_ref()
                });
                of.map(|(hash, _)| hash.clone()).collect()
            }
            Change::Begin {
                session, instead, ..
            } => {
                let now = session.made;
                let worn = all.iter().filter(|(_, other)| other.is_worn(now));
                let mut ended: Vec<String> = worn.map(|(hash, _)| hash.clone()).collect();
                ended.extend(instead.clone());
                let own = all.iter().filter(|(hash, other)| {
                    other.member == session.member && !ended.contains(hash)
                });
                let mut own: Vec<(Millis, String)> = own
                    .map(|(hash, other)| (other.seen, hash.clone()))
                    .collect();
                own.sort();
                let surplus = (own.len() + 1).saturating_sub(OF_MEMBER_MAX);
                ended.extend(own.into_iter().take(surplus).map(|(_, hash)| hash));
                ended
            }
        }
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<String, Session>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(member: u64, at: i64) -> Session {
        Session {
            member: MemberNo(member),
            password: Position::default(),
            made: Millis(at),
            seen: Millis(at),
            until: Millis(at + 1_000),
            address: "".into(),
            agent: "".into(),
        }
    }

    fn begin(sessions: &Sessions, hash: &str, session: Session) {
        let (hash, instead) = (hash.to_owned(), None);
        sessions.apply(Change::Begin {
            hash,
            session,
            instead,
        });
    }

    #[test]
    fn a_member_has_a_bounded_number_and_what_is_worn_goes() {
        let sessions = Sessions::default();
        for n in 0..30 {
            begin(&sessions, &format!("a{n:02}"), session(1, 100 + n));
        }
        begin(&sessions, "b", session(2, 50));
        let own = sessions.of(MemberNo(1));
        assert_eq!(own.len(), OF_MEMBER_MAX);
        assert_eq!(own[0].0, "a10", "the quietest went");
        begin(&sessions, "c", session(3, 5_000));
        assert!(sessions.of(MemberNo(1)).is_empty() && sessions.get("b").is_none());
    }

    #[test]
    fn a_session_that_ended_is_not_brought_back_by_having_been_seen() {
        let sessions = Sessions::default();
        begin(&sessions, "a", session(1, 0));
        begin(&sessions, "b", session(1, 0));
        sessions.apply(Change::EndAll {
            member: MemberNo(1),
            but: Some("b".to_owned()),
        });
        let seen = Change::Seen {
            hash: "a".to_owned(),
            at: Millis(5),
        };
        assert!(sessions.writes(&seen).is_empty());
        assert!(!sessions.touch("a", Millis(MINUTE_MS)));
        assert!(sessions.touch("b", Millis(MINUTE_MS)));
        assert!(!sessions.touch("b", Millis(MINUTE_MS + 1)));
    }
}
