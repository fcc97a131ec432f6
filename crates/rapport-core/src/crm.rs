//! Records: contacts, companies, deals, tickets and whatever else sales and service keep, pure.
//!
//! A record is a row of typed values. Which types, properties, pipelines and links there are is data:
//! [`Definitions`], the standard ones from files ([`standard`]), changes and additions from
//! configuration ([`change`]). [`mod@write`] decides what an input does to a record, [`merge`] what
//! becomes of two, [`calculate`] what follows from the rest, [`query`] which records are meant.
//! A contact is a profile seen from here: [`contact`].

use serde::{Deserialize, Serialize};
use std::fmt;

pub use self::association::{AssociationType, Category, LinkInput, NewLink};
pub use self::cell::{Cell, Form};
pub use self::definitions::Definitions;
pub use self::object::ObjectType;
pub use self::pipeline::{Pipeline, Stage};
pub use self::property::{Choice, Fact, FieldType, Kind, Property, PropertyGroup};
pub use self::record::Record;
pub use self::refused::Refused;
pub use self::value::{Invalid, Value};
pub use self::write::{RecordInput, RecordReference, Verb, Written};

pub mod association;
pub mod calculate;
pub mod cell;
pub mod change;
pub mod contact;
pub mod definitions;
pub mod derived;
pub mod formula;
pub mod history;
pub mod merge;
pub mod object;
pub mod pipeline;
pub mod property;
pub mod query;
pub mod record;
pub mod refused;
pub mod standard;
pub mod subscription;
pub mod value;
pub mod write;

pub mod bulk;
pub mod view;

/// Number of a type of records. Standard types are `0-N` outside and `N` here, custom ones `2-N`
/// and `2 << 24 | N`.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct TypeId(pub u32);

/// Number of a record, unique within its type. A contact's is its profile's.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct RecordNo(pub u64);

/// Number of a property within its type, never given twice: the column that holds its values.
///
/// Columns below [`PropertyNo::FIRST`] hold what the engine itself knows of a record
/// ([`Fact`]); standard properties have the numbers their files give them; custom ones count
/// from [`PropertyNo::FIRST_CUSTOM`], so that the files can grow.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct PropertyNo(pub u16);

impl PropertyNo {
    /// The first number a property may have.
    pub const FIRST: PropertyNo = PropertyNo(16);
    /// The first number of a custom property.
    pub const FIRST_CUSTOM: PropertyNo = PropertyNo(4_096);
}

const CUSTOM: u32 = 2 << 24;

impl TypeId {
    /// Contacts: known profiles.
    pub const CONTACT: TypeId = TypeId(1);
    /// Companies: group profiles, and those that no group call described.
    pub const COMPANY: TypeId = TypeId(2);
    /// Deals.
    pub const DEAL: TypeId = TypeId(3);
    /// Tickets.
    pub const TICKET: TypeId = TypeId(5);
    /// Products.
    pub const PRODUCT: TypeId = TypeId(7);
    /// Line items of deals, quotes and orders.
    pub const LINE_ITEM: TypeId = TypeId(8);
    /// Quotes.
    pub const QUOTE: TypeId = TypeId(14);
    /// Messages outside of e-mail: WhatsApp, LinkedIn, SMS.
    pub const COMMUNICATION: TypeId = TypeId(18);
    /// Answers to surveys.
    pub const FEEDBACK_SUBMISSION: TypeId = TypeId(19);
    /// Tasks.
    pub const TASK: TypeId = TypeId(27);
    /// Notes.
    pub const NOTE: TypeId = TypeId(46);
    /// Meetings.
    pub const MEETING: TypeId = TypeId(47);
    /// Calls.
    pub const CALL: TypeId = TypeId(48);
    /// E-mails.
    pub const EMAIL: TypeId = TypeId(49);
    /// Invoices.
    pub const INVOICE: TypeId = TypeId(53);
    /// Subscriptions.
    pub const SUBSCRIPTION: TypeId = TypeId(69);
    /// Users, as records.
    pub const USER: TypeId = TypeId(115);
    /// Orders.
    pub const ORDER: TypeId = TypeId(123);
    /// Leads.
    pub const LEAD: TypeId = TypeId(136);
    /// Carts.
    pub const CART: TypeId = TypeId(142);

    /// The custom type of this number; `None` where the number is beyond what fits.
    #[must_use]
    pub fn custom(number: u32) -> Option<TypeId> {
        (number < 1 << 24).then_some(TypeId(CUSTOM | number))
    }

    /// Whether somebody made this type, rather than Rapport.
    #[must_use]
    pub fn is_custom(self) -> bool {
        self.0 & CUSTOM == CUSTOM
    }

    /// The number behind the dash.
    #[must_use]
    pub fn number(self) -> u32 {
        self.0 & ((1 << 24) - 1)
    }

    /// Reads `0-3` or `2-17`.
    #[must_use]
    pub fn parse(text: &str) -> Option<TypeId> {
        let (family, number) = text.split_once('-')?;
        let plain = number == "0" || !number.starts_with(['0', '+']);
        let number: u32 = if plain {
            number.parse().ok()?
        } else {
            return None;
        };
        match family {
            "0" if number < 1 << 24 => Some(TypeId(number)),
            "2" => TypeId::custom(number),
            _ => None,
        }
    }
}

/// `0-3`, as the API spells it.
impl fmt::Display for TypeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let family = if self.is_custom() { 2 } else { 0 };
        write!(f, "{family}-{}", self.number())
    }
}

impl RecordNo {
    /// Reads a decimal number without sign or leading zero.
    #[must_use]
    pub fn parse(text: &str) -> Option<RecordNo> {
        let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let plain = plain && (text == "0" || !text.starts_with('0'));
        if plain {
            text.parse().ok().map(RecordNo)
        } else {
            None
        }
    }
}

/// `4711`, as the API spells it.
impl fmt::Display for RecordNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_spelled_as_they_are_read() {
        for text in ["0-1", "0-136", "2-1", "2-16777215"] {
            assert_eq!(TypeId::parse(text).unwrap().to_string(), text);
        }
        for text in [
            "",
            "0",
            "1-1",
            "0-01",
            "2-16777216",
            "0--1",
            "0-+1",
            "2-",
            "-1",
        ] {
            assert_eq!(TypeId::parse(text), None, "{text}");
        }
        assert!(!TypeId::LEAD.is_custom());
        assert!(TypeId::custom(3).unwrap().is_custom());
    }

    #[test]
    fn records_are_spelled_in_one_way() {
        assert_eq!(RecordNo::parse("4711"), Some(RecordNo(4_711)));
        for text in ["", "-1", "+1", "01", "1.0", "18446744073709551616", "１"] {
            assert_eq!(RecordNo::parse(text), None, "{text}");
        }
    }
}
