//! What is said of a profile or a company, who said it, and which of it counts.
//!
//! Every attribute keeps what each teller (a source by kind of key, or the members) said last.
//! The value that counts is the one whose teller *changed* it last, by `at` and then message id: a
//! teller that repeats itself writes nothing. A member's edit stands against browser keys for the
//! policy's days. A clear (`null`) is a write, so it hides what others said before.
//!
//! Late arrivals: the value a teller said last is always exact, whatever order its events came in.
//! The instant it changed to it is exact too, unless a late *different* value falls between the
//! first and the last time the teller said the current one; it then becomes the last time.

use crate::event::Event;
use crate::identity::policy::Policy;
use crate::time::Millis;
use std::collections::BTreeMap;

mod say;
mod stored;

use say::winner_of;
pub use say::{Say, Stamp, Teller};

/// The longest value an attribute may have, in bytes of JSON; a longer one is not written.
pub const VALUE_BYTES_MAX: usize = 32 * 1024;
/// The longest name an attribute may have, in bytes; a longer one is not written.
pub const NAME_BYTES_MAX: usize = 512;

/// The attributes of a profile or a company, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attributes(BTreeMap<Box<str>, Attribute>);

/// One attribute: what each teller said last, and which of it counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Attribute {
    /// One entry per teller, ascending by teller; never empty.
    says: Vec<Say>,
    /// Which of them counts.
    winner: usize,
}

/// One writing of attributes: who, when, and how long it stands if it is a member's.
#[derive(Clone, Debug)]
pub struct Writing {
    teller: Teller,
    stamp: Stamp,
    stand_ms: i64,
    names_max: usize,
}

impl Writing {
    /// The writing an event does.
    #[must_use]
    pub fn of(policy: &Policy, event: &Event) -> Writing {
        Writing {
            teller: Teller::Source(event.source, event.key_kind),
            stamp: Stamp::new(event.at, &event.message_id),
            stand_ms: 0,
            names_max: policy.attributes_max as usize,
        }
    }

    /// A member's edit; `id` tells edits of the same millisecond apart.
    #[must_use]
    pub fn by_member(policy: &Policy, at: Millis, id: &str) -> Writing {
        Writing {
            teller: Teller::Member,
            stamp: Stamp::new(at, id),
            stand_ms: policy.attribute_stand_ms(),
            names_max: policy.attributes_max as usize,
        }
    }
}

impl Attributes {
    /// Writes one attribute (`raw_json` is its value; `null` clears it). True where the value
    /// that counts is another one afterwards, or counts since another instant.
    ///
    /// Nothing is written where the name is empty or longer than [`NAME_BYTES_MAX`], the value
    /// longer than [`VALUE_BYTES_MAX`], or the name new and the policy's `attributes_max` reached.
    pub fn write(&mut self, name: &str, raw_json: &str, by: &Writing) -> bool {
        if name.is_empty() || name.len() > NAME_BYTES_MAX || raw_json.len() > VALUE_BYTES_MAX {
            return false;
        }
        let value = (raw_json != "null").then_some(raw_json);
        if let Some(attribute) = self.0.get_mut(name) {
            return attribute.write(value, by);
        }
        if self.0.len() >= by.names_max {
            return false;
        }
        self.0.insert(
            name.into(),
            Attribute {
                says: vec![Say::first(value, by)],
                winner: 0,
            },
        );
        value.is_some()
    }

    /// Takes in another's attributes, as a merge does: commutative, associative and idempotent.
    /// Of two things one teller said the later counts, whole. Beyond `names_max` the names last
    /// in the alphabet go. Returns the names whose value is another one afterwards, ascending.
    pub fn unite(&mut self, other: Attributes, names_max: usize) -> Vec<Box<str>> {
        let mut changed = Vec::new();
        for (name, theirs) in other.0 {
            match self.0.get_mut(&name) {
                Some(ours) => {
                    if ours.unite(theirs) {
                        changed.push(name);
                    }
                }
                None => {
                    if theirs.value().is_some() {
                        changed.push(name.clone());
                    }
                    self.0.insert(name, theirs);
                }
            }
        }
        while self.0.len() > names_max {
            if let Some((name, _)) = self.0.pop_last() {
                changed.push(name);
            }
        }
        changed.sort_unstable();
        changed.dedup();
        changed
    }

    /// The JSON value of an attribute that is set.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.value()
    }

    /// Everything known of an attribute, also of a cleared one.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.0.get(name)
    }

    /// The attributes that are set, ascending by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Attribute)> {
        let all = self.0.iter().map(|(name, attribute)| (&**name, attribute));
        all.filter(|(_, attribute)| attribute.value().is_some())
    }

    /// Whether no attribute is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}

impl Attribute {
    /// The JSON value that counts; `None` where the attribute is cleared.
    #[must_use]
    pub fn value(&self) -> Option<&str> {
        self.winner().value()
    }

    /// What counts, and who said it when.
    #[must_use]
    pub fn winner(&self) -> &Say {
        &self.says[self.winner]
    }

    /// What every teller said, ascending by teller.
    #[must_use]
    pub fn says(&self) -> &[Say] {
        &self.says
    }

    fn from_says(says: Vec<Say>) -> Option<Attribute> {
        let winner = winner_of(&says)?;
        Some(Attribute { says, winner })
    }

    fn write(&mut self, value: Option<&str>, by: &Writing) -> bool {
        // A repeat at the end of what its teller said, the common case, can move no winner.
        let place = self.says.binary_search_by(|say| say.teller.cmp(&by.teller));
        if let Ok(place) = place
            && self.says[place].repeats(value, by)
        {
            self.says[place].last = by.stamp.clone();
            return false;
        }
        let before = self.value().map(Box::<str>::from);
        let since = self.winner().changed().clone();
        match place {
            Ok(place) => self.says[place].hear(value, by),
            Err(place) => self.says.insert(place, Say::first(value, by)),
        }
        self.elect();
        self.value() != before.as_deref() || *self.winner().changed() != since
    }

    fn unite(&mut self, other: Attribute) -> bool {
        let before = self.value().map(Box::<str>::from);
        for theirs in other.says {
            match self
                .says
                .binary_search_by(|say| say.teller.cmp(&theirs.teller))
            {
                Ok(place) if theirs.rank() > self.says[place].rank() => self.says[place] = theirs,
                Ok(_) => {}
                Err(place) => self.says.insert(place, theirs),
            }
        }
        self.elect();
        self.value() != before.as_deref()
    }

    fn elect(&mut self) {
        self.winner = winner_of(&self.says).unwrap_or(0);
    }
}

#[cfg(test)]
mod tests;
