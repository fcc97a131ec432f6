//! How attributes are stored: every stamp once, because one event says many attributes.

use super::{Attribute, Attributes, Say, Stamp, Teller};
use crate::time::Millis;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

#[derive(Serialize)]
struct Borrowed<'a> {
    stamps: Vec<(Millis, &'a str)>,
    attributes: Vec<Named<&'a str>>,
}

#[derive(Deserialize)]
struct Owned {
    stamps: Vec<(Millis, Box<str>)>,
    attributes: Vec<Named<Box<str>>>,
}

/// An attribute's name and what each teller said.
type Named<Text> = (Text, Vec<StoredSay<Text>>);

/// A say with its stamps by their place in the list.
#[derive(Serialize, Deserialize)]
struct StoredSay<Text> {
    teller: Teller,
    value: Option<Text>,
    changed: u32,
    last: u32,
    prior: Option<u32>,
    stand_ms: i64,
}

/// Numbers stamps in the order they are first met.
#[derive(Default)]
struct Stamps<'a> {
    numbers: BTreeMap<&'a Stamp, u32>,
    list: Vec<(Millis, &'a str)>,
}

impl<'a> Stamps<'a> {
    fn number(&mut self, stamp: &'a Stamp) -> u32 {
        let next = self.list.len() as u32;
        let number = *self.numbers.entry(stamp).or_insert(next);
        if number == next {
            self.list.push((stamp.at(), stamp.message_id()));
        }
        number
    }
}

impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut stamps = Stamps::default();
        let mut attributes = Vec::with_capacity(self.0.len());
        for (name, attribute) in &self.0 {
            let says = attribute
                .says
                .iter()
                .map(|say| stored(say, &mut stamps))
                .collect();
            attributes.push((&**name, says));
        }
        Borrowed {
            stamps: stamps.list,
            attributes,
        }
        .serialize(serializer)
    }
}

fn stored<'a>(say: &'a Say, stamps: &mut Stamps<'a>) -> StoredSay<&'a str> {
    StoredSay {
        teller: say.teller,
        value: say.value(),
        changed: stamps.number(&say.changed),
        last: stamps.number(&say.last),
        prior: say.prior.as_ref().map(|prior| stamps.number(prior)),
        stand_ms: say.stand_ms,
    }
}

impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Attributes, D::Error> {
        let owned = Owned::deserialize(deserializer)?;
        let stamps: Vec<Stamp> = owned
            .stamps
            .iter()
            .map(|(at, message_id)| Stamp::new(*at, message_id))
            .collect();
        let mut attributes = BTreeMap::new();
        for (name, says) in owned.attributes {
            let says: Option<Vec<Say>> = says.into_iter().map(|say| loaded(say, &stamps)).collect();
            let attribute = says.and_then(Attribute::from_says);
            let attribute = attribute.ok_or_else(|| D::Error::custom("a say without a stamp"))?;
            attributes.insert(name, attribute);
        }
        Ok(Attributes(attributes))
    }
}

fn loaded(say: StoredSay<Box<str>>, stamps: &[Stamp]) -> Option<Say> {
    let stamp = |number: u32| stamps.get(number as usize).cloned();
    Some(Say {
        teller: say.teller,
        value: say.value,
        changed: stamp(say.changed)?,
        last: stamp(say.last)?,
        prior: match say.prior {
            Some(number) => Some(stamp(number)?),
            None => None,
        },
        stand_ms: say.stand_ms,
    })
}
