//! Computed traits in the registry: what there is, and how it changes.

use super::{Build, Definition, FIRST_PROFILE, Moment, Put, Registry, is_key};
use crate::identity::ProfileNo;
use crate::position::Position;
use crate::segment::computed::{Computed, Traits};
use crate::segment::error::{Error, nearest};
use crate::segment::membership::SegmentNo;
use crate::segment::rule::Rule;
use crate::time::Millis;
use serde::{Deserialize, Serialize};

/// A computed trait.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trait {
    /// Its number, which no segment has.
    pub no: SegmentNo,
    /// Its key: lower case letters, digits, `_` and `-`; never changes.
    pub key: Box<str>,
    /// Its name for people.
    pub name: Box<str>,
    /// How it is made.
    pub computed: Computed,
    /// 1, and one more with each change of how it is made.
    pub version: u32,
    /// The entry that set it: later events are collected live, earlier ones are in history.
    pub since: Position,
    /// When that entry was received.
    pub since_received: Millis,
    /// How far this version is built.
    pub build: Build,
    /// While it is built: people who come with the last step.
    #[serde(default)]
    pub late: Vec<ProfileNo>,
}

impl Registry {
    /// All computed traits, ascending by number.
    #[must_use]
    pub fn traits(&self) -> &[Trait] {
        &self.traits
    }

    /// The computed trait with this key.
    #[must_use]
    pub fn get_trait(&self, key: &str) -> Option<&Trait> {
        self.traits.iter().find(|one| *one.key == *key)
    }

    /// Makes a computed trait, or changes its name and how it is made. A new or changed one is
    /// built from the start, and so are the segments that ask for it.
    ///
    /// # Errors
    /// Where its key is none.
    pub fn put_trait(
        &mut self,
        key: &str,
        name: &str,
        computed: Computed,
        moment: Moment,
    ) -> Result<Put, Error> {
        if !is_key(key) {
            let key = key.to_owned();
            return Err(Error::BadKey { key });
        }
        let known = self.traits.iter_mut().find(|one| *one.key == *key);
        let (no, version) = match known {
            Some(known) if known.computed == computed => {
                known.name = name.into();
                return Ok(Put {
                    no: known.no,
                    version: known.version,
                    changed: false,
                });
            }
            Some(known) => (known.no, known.version + 1),
            None => {
                let no = self.next_segment;
                self.next_segment = SegmentNo(no.0 + 1);
                (no, 1)
            }
        };
        self.traits.retain(|one| one.no != no);
        let place = self.traits.partition_point(|one| one.no < no);
        let made = Trait {
            no,
            key: key.into(),
            name: name.into(),
            computed,
            version,
            since: moment.position,
            since_received: moment.received,
            build: moment.build(),
            late: Vec::new(),
        };
        self.traits.insert(place, made);
        let mut changed = vec![no];
        let asks = |one: &&Definition| one.rule.traits().contains(key);
        let asking: Vec<Definition> = self.segments.iter().filter(asks).cloned().collect();
        for one in asking {
            let put = self.set_rule(&one.key, &one.name, one.rule, moment);
            changed.push(put.no);
        }
        self.forget_unused_leaves();
        for no in changed {
            self.collect_leaves(no, moment);
        }
        Ok(Put {
            no,
            version,
            changed: true,
        })
    }

    /// Removes a computed trait, unless segments ask for it.
    ///
    /// # Errors
    /// Where there is none, or segments ask for it.
    pub fn delete_trait(&mut self, key: &str) -> Result<Trait, Error> {
        let Some(place) = self.traits.iter().position(|one| *one.key == *key) else {
            return Err(self.unknown_trait(key));
        };
        let asks = |one: &&Definition| one.rule.traits().contains(key);
        let asking = self.segments.iter().filter(asks);
        let by: Vec<String> = asking.map(|one| one.key.to_string()).collect();
        if !by.is_empty() {
            let key = key.to_owned();
            return Err(Error::TraitInUse { key, by });
        }
        let removed = self.traits.remove(place);
        self.forget_unused_leaves();
        Ok(removed)
    }

    /// Whether there are the traits that a rule asks for.
    pub(super) fn check_traits(&self, rule: &Rule) -> Result<(), Error> {
        let mut keys = rule.traits().into_iter();
        match keys.find(|key| self.get_trait(key).is_none()) {
            Some(key) => Err(self.unknown_trait(key)),
            None => Ok(()),
        }
    }

    /// The traits that a rule asks for, as they are now.
    pub(super) fn traits_of(&self, rule: &Rule) -> Traits {
        let asked = rule.traits().into_iter();
        let known = asked.filter_map(|key| self.get_trait(key));
        known
            .map(|one| (one.key.clone(), one.computed.clone()))
            .collect()
    }

    fn unknown_trait(&self, key: &str) -> Error {
        let keys = self.traits.iter().map(|one| &*one.key);
        Error::UnknownTrait {
            key: key.to_owned(),
            nearest: nearest(key, keys).map(str::to_owned),
        }
    }
}

impl Moment {
    /// How far something set now is built: where there is nobody yet, for everybody.
    pub(super) fn build(self) -> Build {
        match self.next_profile {
            next if next <= FIRST_PROFILE => Build::Complete,
            end => Build::Running {
                cursor: FIRST_PROFILE,
                end,
            },
        }
    }
}
