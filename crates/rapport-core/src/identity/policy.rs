//! The identity policy: which identifiers count, in which order, how many, and what is no identifier.
//!
//! In JSON every field may be left out and then has its default:
//!
//! ```json
//! {"kinds": {"email": {"limit": 3}, "loyalty_card": {"priority": 30, "blocked": ["9999"]}},
//!  "phone": {"default_country_code": "44"}}
//! ```

use crate::identity::IdKind;
use crate::time::DAY_MS;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The longest value an identifier may have after normalisation, in bytes.
pub const VALUE_BYTES_MAX: usize = 512;

/// The longest window in which refusals are counted.
pub const WINDOW_HOURS_MAX: u32 = 24 * 31;

/// Values that programs send where there is no identifier; compared without regard to case.
const BLOCKED_WORDS: [&str; 30] = [
    "null",
    "undefined",
    "none",
    "nil",
    "nan",
    "n/a",
    "na",
    "-1",
    "true",
    "false",
    "anonymous",
    "guest",
    "unknown",
    "test",
    "example",
    "[object object]",
    "(null)",
    "<null>",
    "{}",
    "[]",
    "id",
    "user_id",
    "userid",
    "anonymous_id",
    "anonymousid",
    "device_id",
    "distinct_id",
    "not_authenticated",
    "not set",
    "(not set)",
];

const BLOCKED_EMAILS: [&str; 8] = [
    "test@test.com",
    "test@example.com",
    "example@example.com",
    "email@email.com",
    "user@user.com",
    "null@null.com",
    "none@none.com",
    "noemail@noemail.com",
];

/// The rules of identity that a workspace may change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// What differs from the defaults for single kinds, by the kind's word.
    pub kinds: BTreeMap<String, KindRule>,
    /// Values that are no identifier of any kind, compared without regard to case. Values of
    /// nothing but zeros, dashes and the like are never identifiers and need no listing.
    pub blocked: Vec<String>,
    /// The most identifiers of all kinds together that ordinary events may give one profile.
    pub identifiers_max: u32,
    /// How e-mail addresses are normalised.
    pub email: EmailRule,
    /// How phone numbers are normalised.
    pub phone: PhoneRule,
    /// When an identifier counts as shared by several people.
    pub shared: SharedRule,
    /// How many days a member's edit of an attribute stands against changes by browser keys.
    pub attribute_stand_days: u32,
    /// The most attributes a profile or a company may have; further names are not written.
    pub attributes_max: u32,
}

/// What a policy says of one kind of identifier; what is left out has its default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KindRule {
    /// Its place among the kinds: a lower number stands longer when an event's identifiers
    /// contradict each other. Equal numbers rank by the kind's word.
    pub priority: Option<u32>,
    /// The most values of this kind one profile may get from ordinary events.
    pub limit: Option<u32>,
    /// Values of this kind that are no identifiers, beside those blocked for all kinds.
    pub blocked: Vec<String>,
}

/// How e-mail addresses are normalised. Addresses are ASCII; an international domain is sent in
/// its `xn--` form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EmailRule {
    /// Whether the part before the `@` is lowered; the domain always is.
    pub lower_case: bool,
    /// Whether `ana+shop@` means `ana@`.
    pub strip_plus_tag: bool,
    /// Whether the dots in a Gmail address mean nothing, and `googlemail.com` means `gmail.com`.
    pub gmail_dots: bool,
}

/// How phone numbers are normalised to E.164.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PhoneRule {
    /// The country code (digits only) of numbers written without one; without it such numbers
    /// are no identifiers.
    pub default_country_code: Option<String>,
}

/// When an identifier counts as shared by several people (a kiosk, a bot, a test account).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SharedRule {
    /// More refusals than this within the window mark it.
    pub refusals: u32,
    /// This many user ids within the window mark an anonymous or a device id.
    pub user_ids: u32,
    /// The window in hours, by the time of receipt.
    pub window_hours: u32,
}

/// Why a policy cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A key under `kinds` is no kind's word.
    #[error("`{0}` is no identifier kind: use lower case letters, digits and `_`, at most 64")]
    Kind(String),
    /// A limit or threshold is out of its range.
    #[error("`{name}` must be from {min} to {max}, not {value}")]
    Range {
        /// Which one.
        name: String,
        /// The least it may be.
        min: u32,
        /// The most it may be.
        max: u32,
        /// What it is.
        value: u32,
    },
    /// The default country code is not one to three digits without a leading zero.
    #[error("`{0}` is no country code: use one to three digits, such as 44")]
    CountryCode(String),
}

impl Policy {
    /// The most values of a kind one profile may get from ordinary events.
    #[must_use]
    pub fn limit(&self, kind: &IdKind) -> usize {
        let own = self.rule(kind).and_then(|rule| rule.limit);
        own.unwrap_or_else(|| default_limit(kind)) as usize
    }

    /// The place of a kind: lower stands longer. By default user id, then e-mail, then all other
    /// kinds by their word (Segment's order), but anonymous ids last: they are the weakest
    /// evidence, changed by every cleared browser and shared by every borrowed one.
    #[must_use]
    pub fn priority(&self, kind: &IdKind) -> u32 {
        let own = self.rule(kind).and_then(|rule| rule.priority);
        own.unwrap_or_else(|| default_priority(kind))
    }

    /// Whether a value, already trimmed, is one of those that mean "no identifier".
    #[must_use]
    pub fn blocks(&self, kind: &IdKind, value: &str) -> bool {
        let listed = |list: &[String]| list.iter().any(|word| word.eq_ignore_ascii_case(value));
        listed(&self.blocked) || self.rule(kind).is_some_and(|rule| listed(&rule.blocked))
    }

    /// How long a member's edit stands against browser keys, in milliseconds.
    #[must_use]
    pub fn attribute_stand_ms(&self) -> i64 {
        i64::from(self.attribute_stand_days) * DAY_MS
    }

    /// Checks what types cannot: words of kinds, and limits that would grow state without bound.
    ///
    /// # Errors
    /// The first thing found wrong.
    pub fn validate(&self) -> Result<(), Error> {
        for (word, rule) in &self.kinds {
            IdKind::from_word(word).ok_or_else(|| Error::Kind(word.clone()))?;
            if let Some(limit) = rule.limit {
                in_range(&format!("kinds.{word}.limit"), limit, 1, 10_000)?;
            }
        }
        in_range("identifiers_max", self.identifiers_max, 1, 10_000)?;
        in_range("attributes_max", self.attributes_max, 1, 10_000)?;
        in_range("attribute_stand_days", self.attribute_stand_days, 0, 36_500)?;
        in_range("shared.refusals", self.shared.refusals, 1, 1_000)?;
        in_range("shared.user_ids", self.shared.user_ids, 2, 1_000)?;
        in_range(
            "shared.window_hours",
            self.shared.window_hours,
            1,
            WINDOW_HOURS_MAX,
        )?;
        self.phone.validate()
    }

    fn rule(&self, kind: &IdKind) -> Option<&KindRule> {
        if self.kinds.is_empty() {
            return None;
        }
        self.kinds.get(kind.word())
    }
}

impl Default for Policy {
    fn default() -> Policy {
        let email = KindRule {
            blocked: owned(&BLOCKED_EMAILS),
            ..KindRule::default()
        };
        Policy {
            kinds: BTreeMap::from([("email".to_owned(), email)]),
            blocked: owned(&BLOCKED_WORDS),
            identifiers_max: 500,
            email: EmailRule::default(),
            phone: PhoneRule::default(),
            shared: SharedRule::default(),
            attribute_stand_days: 90,
            attributes_max: 1_000,
        }
    }
}

impl Default for EmailRule {
    fn default() -> EmailRule {
        EmailRule {
            lower_case: true,
            strip_plus_tag: false,
            gmail_dots: false,
        }
    }
}

impl PhoneRule {
    fn validate(&self) -> Result<(), Error> {
        let Some(code) = &self.default_country_code else {
            return Ok(());
        };
        let digits = code.bytes().all(|b| b.is_ascii_digit());
        if digits && (1..=3).contains(&code.len()) && !code.starts_with('0') {
            return Ok(());
        }
        Err(Error::CountryCode(code.clone()))
    }
}

impl Default for SharedRule {
    fn default() -> SharedRule {
        SharedRule {
            refusals: 50,
            user_ids: 30,
            window_hours: 24,
        }
    }
}

fn default_limit(kind: &IdKind) -> u32 {
    match kind {
        IdKind::UserId => 1,
        IdKind::Email | IdKind::Phone | IdKind::Custom(_) => 5,
        IdKind::DeviceId => 20,
        IdKind::AnonymousId => 100,
    }
}

fn default_priority(kind: &IdKind) -> u32 {
    match kind {
        IdKind::UserId => 10,
        IdKind::Email => 20,
        IdKind::Phone | IdKind::DeviceId | IdKind::Custom(_) => 100,
        IdKind::AnonymousId => 1_000,
    }
}

fn in_range(name: &str, value: u32, min: u32, max: u32) -> Result<(), Error> {
    if (min..=max).contains(&value) {
        return Ok(());
    }
    Err(Error::Range {
        name: name.to_owned(),
        min,
        max,
        value,
    })
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[cfg(test)]
mod tests;
