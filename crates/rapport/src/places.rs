//! Places: where addresses are, by a database file in MaxMind's format.

use anyhow::{Context, Result};
use maxminddb::{Reader, geoip2};
use rapport_core::event::transform::geo::{Place, Places};
use std::net::IpAddr;
use std::path::Path;

/// A database, read into memory.
pub(crate) struct Database(Reader<Vec<u8>>);

impl Database {
    /// Reads a database.
    ///
    /// # Errors
    /// Where the file cannot be read, or is none: a sentence that names it.
    pub(crate) fn open(path: &Path) -> Result<Database> {
        let reader = Reader::open_readfile(path).with_context(|| {
            format!(
                "enrich.geo_database: {} cannot be read as a MaxMind database",
                path.display()
            )
        })?;
        Ok(Database(reader))
    }
}

impl Places for Database {
    fn place(&self, address: IpAddr) -> Option<Place> {
        // A damaged record is as good as none.
        let found = self.0.lookup(address).ok()?;
        let city: geoip2::City<'_> = found.decode().ok()??;
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let place = Place {
            country: owned(city.country.names.english),
            country_code: owned(city.country.iso_code),
            region: owned(
                city.subdivisions
                    .first()
                    .and_then(|region| region.names.english),
            ),
            city: owned(city.city.names.english),
            latitude: city.location.latitude,
            longitude: city.location.longitude,
            time_zone: owned(city.location.time_zone),
        };
        (place != Place::default()).then_some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A value of the format: a control byte of its type and size, then the value.
    fn text(text: &str) -> Vec<u8> {
        let mut bytes = vec![0x40 | u8::try_from(text.len()).expect("short")];
        bytes.extend(text.bytes());
        bytes
    }

    fn map(members: &[(&str, Vec<u8>)]) -> Vec<u8> {
        let mut bytes = vec![0xe0 | u8::try_from(members.len()).expect("few")];
        for (name, value) in members {
            bytes.extend(text(name));
            bytes.extend(value);
        }
        bytes
    }

    fn short(number: u16) -> Vec<u8> {
        let mut bytes = vec![0xa2];
        bytes.extend(number.to_be_bytes());
        bytes
    }

    fn long(number: u32) -> Vec<u8> {
        let mut bytes = vec![0xc4];
        bytes.extend(number.to_be_bytes());
        bytes
    }

    fn double(number: f64) -> Vec<u8> {
        let mut bytes = vec![0x68];
        bytes.extend(number.to_be_bytes());
        bytes
    }

    /// A database that knows one address: a tree of 32 nodes, one for each bit.
    fn database(known: [u8; 4]) -> Vec<u8> {
        const NODES: u32 = 32;
        let bits = u32::from_be_bytes(known);
        let mut bytes = Vec::new();
        for node in 0..NODES {
            let is_one = bits >> (31 - node) & 1 == 1;
            // The last bit leads to the record right behind the separator of sixteen bytes.
            let next = if node == NODES - 1 {
                NODES + 16
            } else {
                node + 1
            };
            let (left, right) = if is_one { (NODES, next) } else { (next, NODES) };
            bytes.extend(&left.to_be_bytes()[1..]);
            bytes.extend(&right.to_be_bytes()[1..]);
        }
        bytes.extend([0; 16]);
        let names = |name: &str| map(&[("names", map(&[("en", text(name))]))]);
        bytes.extend(map(&[
            ("city", names("Lund")),
            (
                "country",
                map(&[
                    ("iso_code", text("SE")),
                    ("names", map(&[("en", text("Sweden"))])),
                ]),
            ),
            (
                "location",
                map(&[("latitude", double(55.7)), ("longitude", double(13.2))]),
            ),
        ]));
        bytes.extend(b"\xab\xcd\xefMaxMind.com");
        let mut build = vec![8, 2];
        build.extend(1_u64.to_be_bytes());
        bytes.extend(map(&[
            ("node_count", long(NODES)),
            ("record_size", short(24)),
            ("ip_version", short(4)),
            ("database_type", text("Test-City")),
            ("languages", vec![0, 4]),
            ("binary_format_major_version", short(2)),
            ("binary_format_minor_version", short(0)),
            ("build_epoch", build),
            ("description", map(&[])),
        ]));
        bytes
    }

    #[test]
    fn an_address_has_a_place_where_the_database_knows_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("places.mmdb");
        std::fs::write(&path, database([203, 0, 113, 77])).unwrap();
        let places = Database::open(&path).unwrap();
        let place = places.place("203.0.113.77".parse().unwrap()).unwrap();
        assert_eq!(place.city.as_deref(), Some("Lund"));
        assert_eq!(place.country.as_deref(), Some("Sweden"));
        assert_eq!(place.country_code.as_deref(), Some("SE"));
        assert_eq!((place.latitude, place.longitude), (Some(55.7), Some(13.2)));
        assert_eq!(places.place("203.0.113.78".parse().unwrap()), None);
        assert_eq!(places.place("2001:db8::1".parse().unwrap()), None);
    }

    #[test]
    fn a_file_that_is_no_database_is_named() {
        let directory = tempfile::tempdir().unwrap();
        for (name, bytes) in [("missing", None), ("empty", Some("")), ("text", Some("no"))] {
            let path = directory.path().join(name);
            if let Some(bytes) = bytes {
                std::fs::write(&path, bytes).unwrap();
            }
            let error = Database::open(&path).err().unwrap();
            assert!(format!("{error:#}").contains(name), "{error:#}");
        }
    }
}
