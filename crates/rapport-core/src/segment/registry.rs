//! The segments there are: rules, their leaves, and how far each is built. One stored value.

use crate::identity::ProfileNo;
use crate::position::Position;
use crate::segment::computed::Traits;
use crate::segment::error::{Error, nearest};
use crate::segment::leaf::{LeafNo, LeafSpec};
use crate::segment::membership::SegmentNo;
use crate::segment::rule::Rule;
use crate::segment::zone::Zone;
use crate::time::Millis;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

pub use self::course::Course;
pub use self::leaves::LeafRecord;
pub use self::traits::Trait;
pub use self::whole::Whole;

mod course;
mod leaves;
mod traits;
mod whole;

/// All segments and leaves, as configuration keeps them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Registry {
    /// The segments, ascending by number.
    segments: Vec<Definition>,
    /// The leaves of their rules, ascending by number.
    leaves: Vec<LeafRecord>,
    next_segment: SegmentNo,
    next_leaf: LeafNo,
    /// The time zone of people who have none of their own: an IANA name.
    #[serde(default = "utc")]
    zone: Box<str>,
    /// The computed traits, ascending by number.
    #[serde(default)]
    traits: Vec<Trait>,
}

/// A segment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Definition {
    /// Its number.
    pub no: SegmentNo,
    /// Its key: lower case letters, digits, `_` and `-`; never changes.
    pub key: Box<str>,
    /// Its name for people.
    pub name: Box<str>,
    /// Its rule.
    pub rule: Rule,
    /// 1, and one more with each change of the rule.
    pub version: u32,
    /// The entry that set this rule: later events are collected live, earlier ones are in history.
    pub since: Position,
    /// When that entry was received.
    pub since_received: Millis,
    /// How far this version is built.
    pub build: Build,
    /// While it is built: people whom only an undo brought forth, and who were there before the
    /// rule all the same. They come with the last step.
    #[serde(default)]
    pub late: Vec<ProfileNo>,
    /// The rule before, by which those are decided that the build has not come to yet.
    #[serde(default)]
    pub before: Option<Rule>,
    /// The computed traits that the rule asks for, as they were when it was set.
    #[serde(default)]
    pub traits: Traits,
    /// Those of the rule before.
    #[serde(default)]
    pub traits_before: Traits,
}

impl Definition {
    /// The rules that decide somebody: this one, and during a build the one before.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        std::iter::once(&self.rule).chain(&self.before)
    }
}

/// How far a segment is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Build {
    /// For everybody.
    Complete,
    /// For some: a sweep over the profiles that history may know is under way.
    Running {
        /// Profiles below it are built.
        cursor: ProfileNo,
        /// The next number that a new profile would have got when the rule was set: profiles from
        /// here on have no history before it.
        end: ProfileNo,
    },
}

impl Build {
    /// Whether somebody with these numbers is built for a rule set at `since`: each of them was
    /// swept, or came to them after the rule.
    #[must_use]
    pub fn covers(self, since: Position, numbers: &[(ProfileNo, Position)]) -> bool {
        match self {
            Build::Complete => true,
            Build::Running { cursor, .. } => numbers
                .iter()
                .all(|(number, came)| *number < cursor || *came > since),
        }
    }

    /// Whether the step of a build that ends at `to` is its last.
    #[must_use]
    pub fn ends_at(self, to: ProfileNo) -> bool {
        matches!(self, Build::Running { end, .. } if to >= end)
    }
}

/// What setting a rule did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Put {
    /// The segment's number.
    pub no: SegmentNo,
    /// The version of its rule now.
    pub version: u32,
    /// Whether the rule is new or another one, so that a build runs.
    pub changed: bool,
}

/// When and among whom a rule is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The entry that sets it.
    pub position: Position,
    /// When that was received.
    pub received: Millis,
    /// The number that the next new profile will get.
    pub next_profile: ProfileNo,
}

impl Default for Registry {
    fn default() -> Registry {
        Registry {
            segments: Vec::new(),
            leaves: Vec::new(),
            next_segment: SegmentNo(1),
            next_leaf: LeafNo(1),
            zone: utc(),
            traits: Vec::new(),
        }
    }
}

fn utc() -> Box<str> {
    "UTC".into()
}

impl Registry {
    /// All segments, ascending by number.
    #[must_use]
    pub fn segments(&self) -> &[Definition] {
        &self.segments
    }

    /// All leaves, ascending by number.
    #[must_use]
    pub fn leaves(&self) -> &[LeafRecord] {
        &self.leaves
    }

    /// The segment with this key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Definition> {
        self.segments
            .iter()
            .find(|definition| *definition.key == *key)
    }

    /// The time zone of people who have none of their own.
    #[must_use]
    pub fn zone(&self) -> Zone {
        Zone::named(&self.zone).unwrap_or_default()
    }

    /// Its name.
    #[must_use]
    pub fn zone_name(&self) -> &str {
        &self.zone
    }

    /// Sets it. Segments that ask the calendar get a new version and are built again. Answers
    /// whether there is such a zone.
    pub fn put_zone(&mut self, name: &str, moment: Moment) -> bool {
        if Zone::named(name).is_none() {
            return false;
        }
        if *self.zone == *name {
            return true;
        }
        self.zone = name.into();
        let asks = |definition: &&Definition| definition.wholes().any(Whole::asks_calendar);
        let asking: Vec<Definition> = self.segments.iter().filter(asks).cloned().collect();
        for Definition {
            key, name, rule, ..
        } in asking
        {
            self.set_rule(&key, &name, rule, moment);
        }
        true
    }

    /// The segment with this number.
    #[must_use]
    pub fn by_no(&self, no: SegmentNo) -> Option<&Definition> {
        let place = self
            .segments
            .binary_search_by_key(&no, |definition| definition.no);
        place.ok().map(|place| &self.segments[place])
    }

    /// The leaf with this specification.
    #[must_use]
    pub fn leaf(&self, spec: &LeafSpec) -> Option<&LeafRecord> {
        self.leaves.iter().find(|leaf| leaf.spec == *spec)
    }

    /// Whether a rule could be set under a key: the key is one, the segments it refers to exist,
    /// and no circle would arise.
    pub fn check(&self, key: &str, rule: &Rule) -> Result<(), Error> {
        if !is_key(key) {
            return Err(Error::BadKey {
                key: key.to_owned(),
            });
        }
        for referred in rule.segments() {
            if referred != key && self.get(referred).is_none() {
                return Err(self.unknown(referred));
            }
        }
        self.check_traits(rule)?;
        let mut path = vec![key];
        match self.has_way_back(key, rule, &mut path, &mut BTreeSet::new()) {
            true => Err(Error::Cycle {
                keys: path.into_iter().map(str::to_owned).collect(),
            }),
            false => Ok(()),
        }
    }

    /// Makes a segment, or changes its name and rule. A new or changed rule is built from the
    /// start; nothing is built where there is nobody yet.
    pub fn put(&mut self, key: &str, name: &str, rule: Rule, moment: Moment) -> Result<Put, Error> {
        self.check(key, &rule)?;
        if let Some(known) = self
            .segments
            .iter_mut()
            .find(|definition| *definition.key == *key)
            && known.rule == rule
        {
            known.name = name.into();
            return Ok(Put {
                no: known.no,
                version: known.version,
                changed: false,
            });
        }
        let put = self.set_rule(key, name, rule, moment);
        self.forget_unused_leaves();
        self.collect_leaves(put.no, moment);
        Ok(put)
    }

    /// Removes a segment, unless others refer to it. Nobody is told they left.
    pub fn delete(&mut self, key: &str) -> Result<Definition, Error> {
        let Some(place) = self
            .segments
            .iter()
            .position(|definition| *definition.key == *key)
        else {
            return Err(self.unknown(key));
        };
        let refers = |definition: &&Definition| {
            let others = *definition.key != *key;
            others && definition.rules().any(|rule| rule.segments().contains(key))
        };
        let by: Vec<_> = self
            .segments
            .iter()
            .filter(refers)
            .map(|user| user.key.to_string())
            .collect();
        if !by.is_empty() {
            return Err(Error::InUse {
                key: key.to_owned(),
                by,
            });
        }
        let removed = self.segments.remove(place);
        self.forget_unused_leaves();
        Ok(removed)
    }

    fn set_rule(&mut self, key: &str, name: &str, rule: Rule, moment: Moment) -> Put {
        let (build, traits) = (moment.build(), self.traits_of(&rule));
        let (since, since_received) = (moment.position, moment.received);
        if let Some(known) = self
            .segments
            .iter_mut()
            .find(|definition| *definition.key == *key)
        {
            let (no, version) = (known.no, known.version + 1);
            // A rule that was not built for everybody cannot stand in; the one before it can.
            let before = match known.build {
                Build::Complete => Some((known.rule.clone(), known.traits.clone())),
                Build::Running { .. } => {
                    let traits = std::mem::take(&mut known.traits_before);
                    known.before.take().map(|rule| (rule, traits))
                }
            };
            let before = before.filter(|_| build != Build::Complete).unzip();
            let (key, name) = (key.into(), name.into());
            *known = Definition {
                no,
                key,
                name,
                rule,
                version,
                since,
                since_received,
                build,
                late: Vec::new(),
                before: before.0,
                traits,
                traits_before: before.1.unwrap_or_default(),
            };
            return Put {
                no,
                version,
                changed: true,
            };
        }
        let (no, version) = (self.next_segment, 1);
        self.next_segment = SegmentNo(no.0 + 1);
        let (key, name) = (key.into(), name.into());
        self.segments.push(Definition {
            no,
            key,
            name,
            rule,
            version,
            since,
            since_received,
            build,
            late: Vec::new(),
            before: None,
            traits,
            traits_before: Traits::new(),
        });
        Put {
            no,
            version,
            changed: true,
        }
    }

    /// Whether the references of `rule` lead to the segment `goal`; `path` is then the way.
    fn has_way_back<'a>(
        &'a self,
        goal: &str,
        rule: &'a Rule,
        path: &mut Vec<&'a str>,
        seen: &mut BTreeSet<&'a str>,
    ) -> bool {
        for key in rule.segments() {
            path.push(key);
            if key == goal {
                return true;
            }
            if seen.insert(key)
                && let Some(next) = self.get(key)
                && next
                    .rules()
                    .any(|rule| self.has_way_back(goal, rule, path, seen))
            {
                return true;
            }
            path.pop();
        }
        false
    }

    fn unknown(&self, key: &str) -> Error {
        let keys = self.segments.iter().map(|definition| &*definition.key);
        let nearest = nearest(key, keys).map(str::to_owned);
        Error::UnknownSegment {
            key: key.to_owned(),
            nearest,
        }
    }
}

/// The number of the first profile there ever is.
const FIRST_PROFILE: ProfileNo = ProfileNo(1);

fn is_key(key: &str) -> bool {
    let fits =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    let starts_well = key
        .bytes()
        .next()
        .is_some_and(|first| first.is_ascii_alphanumeric());
    starts_well && key.len() <= 64 && key.bytes().all(fits)
}

#[cfg(test)]
mod tests;
