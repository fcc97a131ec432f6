//! The mapping: what the columns of a file mean. JSON or TOML, every part optional.

use crate::error::{Error, Result};
use crate::text;
use crate::value::{Point, Type};
use encoding_rs::Encoding;
use rapport_core::event::Kind;
use rapport_core::identity::IdKind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub mod guess;
pub mod item;

/// Largest mapping, in bytes of its text: it names every column of the widest file that people have.
pub const MAPPING_BYTES_MAX: usize = 64 * 1024;

/// How much of what somebody wrote an error shows.
const SHOWN_CHARS: usize = 300;

/// What the columns of a file mean.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Mapping {
    /// The type of every row's event; `track` where nothing is said.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// The event's name, the same for every row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<String>,
    /// Or the column it stands in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_column: Option<String>,
    /// Columns that together name a row for ever; without them the content does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub message_id: Vec<String>,
    /// Column of the previous id, for `alias`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_id: Option<String>,
    /// Column of the company's id, for `group`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_id: Option<String>,
    /// What becomes of columns that nothing else names.
    pub rest: Rest,
    /// What stands between a number's whole and its fraction.
    pub decimal: Point,
    /// The text's encoding, where it is neither UTF-8, UTF-16 nor Windows-1252.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// When it happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<Time>,
    /// Columns by kind of identifier.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub identifiers: BTreeMap<String, String>,
    /// Columns by name of property; a dot nests.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, String>,
    /// Columns by name of trait; a dot nests.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub traits: BTreeMap<String, String>,
    /// Types by column.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub types: BTreeMap<String, Type>,
    /// Rows that are lines of one order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<Lines>,
    /// How separated values are separated.
    #[serde(skip_serializing_if = "CsvShape::is_default")]
    pub csv: CsvShape,
}

/// What becomes of columns that nothing else names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rest {
    /// Traits of an identify or group, properties of anything else.
    #[default]
    Auto,
    /// Properties.
    Properties,
    /// Traits.
    Traits,
    /// They are left out.
    None,
}

/// When a row happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Time {
    /// The column.
    pub column: String,
    /// How it is spelled: see [`Instants`](crate::instant::Instants).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The zone of a clock without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
}

/// Rows that stand together and are lines of one order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lines {
    /// The column that says which order.
    pub by: String,
    /// The property that lists the lines.
    #[serde(default = "products")]
    pub list: String,
    /// Columns of a line by name.
    pub columns: BTreeMap<String, String>,
}

fn products() -> String {
    "products".to_owned()
}

/// How separated values are separated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CsvShape {
    /// The separator, one character; found out where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<String>,
    /// The quote.
    pub quote: String,
    /// Whether the first row is the heading; else columns are `column_1` and so on.
    pub header: bool,
}

impl Default for CsvShape {
    fn default() -> CsvShape {
        CsvShape {
            delimiter: None,
            quote: "\"".to_owned(),
            header: true,
        }
    }
}

impl CsvShape {
    fn is_default(&self) -> bool {
        *self == CsvShape::default()
    }

    /// The separator's byte.
    ///
    /// # Errors
    /// Where it is not one byte.
    pub fn separator(&self) -> Result<Option<u8>> {
        match self.delimiter.as_deref() {
            None => Ok(None),
            Some("\\t" | "tab") => Ok(Some(b'\t')),
            Some(text) => one_byte("csv.delimiter", text).map(Some),
        }
    }

    /// The quote's byte.
    ///
    /// # Errors
    /// Where it is not one byte.
    pub fn quote(&self) -> Result<u8> {
        one_byte("csv.quote", &self.quote)
    }
}

/// The beginning of what somebody wrote, to be shown in an error.
pub(crate) fn shown(text: &str) -> String {
    let shown: String = text.chars().take(SHOWN_CHARS).collect();
    match shown.len() < text.len() {
        true => format!("{shown}…"),
        false => shown,
    }
}

fn one_byte(key: &str, text: &str) -> Result<u8> {
    match text.as_bytes() {
        [byte] if !byte.is_ascii_alphanumeric() && !matches!(byte, 0 | b'\n' | b'\r') => Ok(*byte),
        _ => Err(Error::Mapping(format!(
            "{key} is {:?}: say one character such as \";\", or \"tab\"",
            shown(text)
        ))),
    }
}

impl Mapping {
    /// Reads a mapping: JSON where it begins with a brace, else TOML.
    ///
    /// # Errors
    /// A sentence that names the key.
    pub fn parse(text: &str) -> Result<Mapping> {
        if text.len() > MAPPING_BYTES_MAX {
            return Err(Error::Mapping(format!(
                "a mapping may have {MAPPING_BYTES_MAX} bytes, this one has {}: columns that nothing \
                 names keep their own names, unless `rest` says otherwise",
                text.len()
            )));
        }
        let read = if text.trim_start().starts_with('{') {
            serde_json::from_str(text).map_err(|error| error.to_string())
        } else {
            toml::from_str(text).map_err(|error| error.to_string())
        };
        let mapping: Mapping = read.map_err(|error| {
            // The error shows the line, which may be all of the mapping.
            Error::Mapping(format!("the mapping cannot be read: {}", shown(&error)))
        })?;
        mapping.check()?;
        Ok(mapping)
    }

    /// As a file that [`Mapping::parse`] reads.
    #[must_use]
    pub fn print(&self) -> String {
        toml::to_string(self).unwrap_or_default()
    }

    /// The encoding that is named.
    ///
    /// # Errors
    /// Where there is none of that name.
    pub fn encoding(&self) -> Result<Option<&'static Encoding>> {
        self.encoding.as_deref().map(text::encoding).transpose()
    }

    /// The type of its events.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind.unwrap_or(Kind::Track)
    }

    fn check(&self) -> Result<()> {
        let wrong = |message: String| Err(Error::Mapping(message));
        for kind in self.identifiers.keys() {
            if IdKind::from_word(kind).is_none() {
                return wrong(format!(
                    "identifiers.{}: a kind has lower case letters, digits and _, such as email",
                    shown(kind)
                ));
            }
        }
        let names = self.properties.keys().chain(self.traits.keys());
        for name in names.chain(self.lines.iter().flat_map(|lines| lines.columns.keys())) {
            if name.split('.').any(str::is_empty) || name.split('.').count() > 16 {
                return wrong(format!(
                    "`{}` is no name: each part between dots needs a letter, and there are 16 at most",
                    shown(name)
                ));
            }
        }
        if self.event.is_some() && self.event_column.is_some() {
            return wrong("say `event` or `event_column`, not both".to_owned());
        }
        let names_events = self.event.is_some() || self.event_column.is_some();
        match self.kind() {
            Kind::Track if !names_events => {
                return wrong("a track needs `event` or `event_column`".to_owned());
            }
            Kind::Group if self.group_id.is_none() => {
                return wrong(
                    "a group needs `group_id`, the column of the company's id".to_owned(),
                );
            }
            Kind::Alias if self.previous_id.is_none() => {
                return wrong("an alias needs `previous_id`".to_owned());
            }
            _ => {}
        }
        if self.lines.is_some() && matches!(self.kind(), Kind::Identify | Kind::Alias) {
            return wrong("`lines` are of an order: its type is track".to_owned());
        }
        if self.csv.separator()? == Some(self.csv.quote()?) {
            return wrong("csv.quote and csv.delimiter are the same".to_owned());
        }
        self.encoding()?;
        if let Some(time) = &self.time {
            crate::instant::Instants::new(time.format.as_deref(), time.zone.as_deref())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"
        type = "track"
        event = "Order Completed"
        decimal = "comma"
        rest = "none"
        message_id = ["order"]
        [time]
        column = "when"
        format = "%d/%m/%Y"
        zone = "Europe/Stockholm"
        [identifiers]
        email = "mail"
        loyalty_card = "card"
        [properties]
        revenue = "amount"
        "shop.city" = "city"
        [types]
        zip = "text"
        [lines]
        by = "order"
        columns = { sku = "sku" }
        [csv]
        delimiter = ";"
    "#;

    #[test]
    fn a_mapping_comes_back_from_its_print_in_both_spellings() {
        let mapping = Mapping::parse(WHOLE).unwrap();
        assert_eq!(mapping.lines.as_ref().unwrap().list, "products");
        assert_eq!(Mapping::parse(&mapping.print()).unwrap(), mapping);
        let json = serde_json::to_string(&mapping).unwrap();
        assert_eq!(Mapping::parse(&json).unwrap(), mapping);
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        for (text, told) in [
            ("event = 1", "event"),
            ("colour = \"red\"", "colour"),
            ("type = \"track\"", "event_column"),
            ("type = \"teleport\"", "teleport"),
            ("event = \"a\"\nevent_column = \"b\"", "not both"),
            ("type = \"group\"", "group_id"),
            (
                "event = \"a\"\n[identifiers]\n\"E-Mail\" = \"x\"",
                "identifiers.E-Mail",
            ),
            ("event = \"a\"\n[properties]\n\"a..b\" = \"x\"", "a..b"),
            ("event = \"a\"\n[csv]\ndelimiter = \"::\"", "csv.delimiter"),
            ("event = \"a\"\nencoding = \"klingon\"", "klingon"),
            (
                "event = \"a\"\n[time]\ncolumn = \"t\"\nzone = \"Mars\"",
                "Mars",
            ),
            ("{\"event\": \"a\"", "cannot be read"),
        ] {
            let error = Mapping::parse(text).expect_err(text).to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
    }
}
