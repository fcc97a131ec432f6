//! `geo`: the sender's address becomes a place, by a database of the operator's.

use super::Tools;
use super::draft::Draft;
use crate::json::edit::quoted;
use core::net::IpAddr;
use serde::{Deserialize, Serialize};

/// Says where addresses are.
pub trait Places: Send + Sync {
    /// The place of an address; `None` where it is not known.
    fn place(&self, address: IpAddr) -> Option<Place>;
}

/// Where an address is, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place {
    /// Name of the country, in English.
    pub country: Option<String>,
    /// Its ISO 3166 code of two letters.
    pub country_code: Option<String>,
    /// Name of the region, in English.
    pub region: Option<String>,
    /// Name of the city, in English.
    pub city: Option<String>,
    /// Degrees north.
    pub latitude: Option<f64>,
    /// Degrees east.
    pub longitude: Option<f64>,
    /// Name of the time zone.
    pub time_zone: Option<String>,
}

/// Looks `context.ip` up: `context.location`. What is there already stays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Geo {}

impl Geo {
    pub(super) fn apply(&self, draft: &mut Draft<'_>, tools: &Tools<'_>) {
        let Some(places) = tools.places else { return };
        let address = draft.text(&["context", "ip"]);
        let address = address.and_then(|text| text.trim().parse().ok());
        let Some(place) = address.and_then(|address| places.place(address)) else {
            return;
        };
        let texts = [
            ("city", place.city),
            ("country", place.country),
            ("countryCode", place.country_code),
            ("region", place.region),
            ("timezone", place.time_zone),
        ];
        let numbers = [("latitude", place.latitude), ("longitude", place.longitude)];
        let texts = texts
            .into_iter()
            .filter_map(|(name, text)| Some((name, quoted(&text?))));
        let numbers = numbers
            .into_iter()
            .filter_map(|(name, number)| Some((name, number?.to_string())));
        draft.complete("location", &texts.chain(numbers).collect::<Vec<_>>());
    }
}
