//! Shares: single records opened to somebody whose role does not reach them.

use super::{Error, MemberNo, TeamNo};
use crate::crm::{RecordNo, TypeId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;

/// Records of one type that can be shared with one member or team.
pub const OF_ONE_MAX: usize = 1_000;
/// How many shares there can be.
pub const SHARES_MAX: usize = 20_000;

/// With whom a record is shared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum With {
    /// A member.
    Member(MemberNo),
    /// Whoever is in a team, not in teams inside of it.
    Team(TeamNo),
}

impl fmt::Display for With {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            With::Member(no) => write!(f, "m{no}"),
            With::Team(no) => write!(f, "t{no}"),
        }
    }
}

/// A record opened to somebody. It widens which records of a type they reach, never which types.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// The record's type.
    pub object: TypeId,
    /// The record.
    pub record: RecordNo,
    /// With whom it is shared.
    pub with: With,
    /// Whether they may change it, too.
    #[serde(default)]
    pub edit: bool,
}

/// What a share is found by: with whom first, so that what somebody sees is one range.
type Key = (With, TypeId, RecordNo);

/// Every share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shares(BTreeMap<Key, bool>);

impl Shares {
    /// Every share, by whom it is with.
    pub fn iter(&self) -> impl Iterator<Item = Share> {
        self.0.iter().map(share)
    }

    /// Whether this record is shared with them, and whether to be changed.
    #[must_use]
    pub fn find(&self, with: With, object: TypeId, record: RecordNo) -> Option<bool> {
        self.0.get(&(with, object, record)).copied()
    }

    /// Records of a type shared with them, and whether to be changed.
    pub fn with(&self, with: With, object: TypeId) -> impl Iterator<Item = (RecordNo, bool)> {
        let first = Bound::Included((with, object, RecordNo(0)));
        let last = Bound::Included((with, object, RecordNo(u64::MAX)));
        let range = self.0.range((first, last));
        range.map(|((_, _, record), edit)| (*record, *edit))
    }

    pub(super) fn checked(&self, share: &Share) -> Result<(), Error> {
        if self.find(share.with, share.object, share.record).is_some() {
            return Ok(());
        }
        if self.0.len() >= SHARES_MAX {
            return Err(Error::TooMany {
                what: "shares",
                most: SHARES_MAX,
            });
        }
        match self.with(share.with, share.object).count() >= OF_ONE_MAX {
            true => Err(Error::Shares),
            false => Ok(()),
        }
    }

    pub(super) fn insert(&mut self, share: &Share) {
        let key = (share.with, share.object, share.record);
        self.0.insert(key, share.edit);
    }

    pub(super) fn remove(&mut self, with: With, object: TypeId, record: RecordNo) -> bool {
        self.0.remove(&(with, object, record)).is_some()
    }
}

fn share(((with, object, record), edit): (&Key, &bool)) -> Share {
    Share {
        object: *object,
        record: *record,
        with: *with,
        edit: *edit,
    }
}
