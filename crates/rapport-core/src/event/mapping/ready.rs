//! Maps that come with Rapport, each with samples of what its provider sends.

use super::{Error, Map};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Every ready map, as its file.
const FILES: [(&str, &str); 6] = [
    ("hubspot", include_str!("ready/hubspot.json")),
    ("mailgun", include_str!("ready/mailgun.json")),
    ("meta", include_str!("ready/meta.json")),
    ("sendgrid", include_str!("ready/sendgrid.json")),
    ("shopify", include_str!("ready/shopify.json")),
    ("whatsapp", include_str!("ready/whatsapp.json")),
];

/// A map that comes with Rapport.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// Its name for people.
    pub title: String,
    /// What it makes of which deliveries.
    pub about: String,
    /// The scheme its provider signs with.
    pub verify: String,
    /// The map, as its JSON text.
    pub map: Box<RawValue>,
    /// Deliveries as the provider sends them, about invented people.
    pub samples: Vec<Sample>,
}

/// A delivery, as an example.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sample {
    /// The headers that the map looks at, names in lower case.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Box<RawValue>,
}

impl Ready {
    /// The map, read.
    ///
    /// # Errors
    /// None for the maps that are built in, as a test checks.
    pub fn map(&self) -> Result<Map, Error> {
        Map::parse(self.map.get())
    }
}

/// Names of the ready maps, in order.
#[must_use]
pub fn names() -> [&'static str; FILES.len()] {
    FILES.map(|(name, _)| name)
}

/// The ready map of this name.
#[must_use]
pub fn find(name: &str) -> Option<Ready> {
    let (_, file) = FILES.iter().find(|(known, _)| *known == name)?;
    serde_json::from_str(file).ok()
}
