//! One spelling per identifier, and the values that are none.

use crate::identity::policy::{EmailRule, PhoneRule, Policy, VALUE_BYTES_MAX};
use crate::identity::{IdKind, Identifier};
use std::borrow::Cow;
use std::fmt;

/// An identifier that is none, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{identifier} is {why}")]
pub struct Blocked {
    /// The identifier as sent.
    pub identifier: Identifier,
    /// What is wrong with it.
    pub why: Why,
}

/// What makes a value no identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Nothing but white space.
    Empty,
    /// One of the values that mean "nobody": `null`, zeros, `anonymous`, test patterns.
    BlockedValue,
    /// Not what its kind looks like, or with control characters.
    Malformed,
    /// Longer than [`VALUE_BYTES_MAX`].
    TooLong,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Why::Empty => "empty",
            Why::BlockedValue => "a value that names nobody",
            Why::Malformed => "not of the form of its kind",
            Why::TooLong => "too long",
        })
    }
}

/// The one spelling of an identifier under a policy. Normalising twice changes nothing.
///
/// # Errors
/// [`Blocked`] where the value names nobody; the event then goes on without it.
pub fn normalise(policy: &Policy, identifier: &Identifier) -> Result<Identifier, Blocked> {
    match value_of(policy, &identifier.kind, &identifier.value) {
        Ok(value) => Ok(Identifier::new(identifier.kind.clone(), value)),
        Err(why) => Err(Blocked {
            identifier: identifier.clone(),
            why,
        }),
    }
}

fn value_of<'a>(policy: &Policy, kind: &IdKind, sent: &'a str) -> Result<Cow<'a, str>, Why> {
    let value = sent.trim();
    check(policy, kind, value)?;
    let normal = match kind {
        IdKind::Email => Cow::Owned(email(&policy.email, value).ok_or(Why::Malformed)?),
        IdKind::Phone => Cow::Owned(phone(&policy.phone, value).ok_or(Why::Malformed)?),
        _ => Cow::Borrowed(value),
    };
    if *normal != *value {
        check(policy, kind, &normal)?;
    }
    Ok(normal)
}

fn check(policy: &Policy, kind: &IdKind, value: &str) -> Result<(), Why> {
    if value.is_empty() {
        return Err(Why::Empty);
    }
    if value.len() > VALUE_BYTES_MAX {
        return Err(Why::TooLong);
    }
    if value.chars().any(char::is_control) {
        return Err(Why::Malformed);
    }
    if is_filler(value) || policy.blocks(kind, value) {
        return Err(Why::BlockedValue);
    }
    Ok(())
}

/// Nothing but zeros and punctuation: `0`, `00000000-0000-0000-0000-000000000000`, `---`.
fn is_filler(value: &str) -> bool {
    value
        .bytes()
        .all(|b| b == b'0' || b == b' ' || b.is_ascii_punctuation())
}

fn email(rule: &EmailRule, value: &str) -> Option<String> {
    let (local, domain) = value.rsplit_once('@')?;
    let domain = domain.to_ascii_lowercase();
    if !is_local_part(local) || !is_domain(&domain) {
        return None;
    }
    let mut local = local.to_owned();
    if rule.lower_case {
        local.make_ascii_lowercase();
    }
    if rule.strip_plus_tag
        && let Some((before, _)) = local.split_once('+')
    {
        local.truncate(before.len());
    }
    let domain = match domain.as_str() {
        "gmail.com" | "googlemail.com" if rule.gmail_dots => {
            local.retain(|c| c != '.');
            "gmail.com".to_owned()
        }
        _ => domain,
    };
    (!local.is_empty()).then(|| format!("{local}@{domain}"))
}

fn is_local_part(local: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_graphic() && !b"@,;:<>()[]\\\"".contains(&b);
    (1..=64).contains(&local.len()) && local.bytes().all(allowed)
}

fn is_domain(domain: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    domain.len() <= 253 && domain.contains('.') && domain.split('.').all(label)
}

/// E.164: `+` and 8 to 15 digits. Digits may be grouped with spaces, dots, dashes, slashes and
/// brackets; a national trunk `0` in brackets or in front is dropped.
fn phone(rule: &PhoneRule, value: &str) -> Option<String> {
    let bare = value
        .strip_prefix("tel:")
        .unwrap_or(value)
        .replace("(0)", "");
    let mut digits = String::with_capacity(16);
    for (place, c) in bare.chars().enumerate() {
        match c {
            '0'..='9' => digits.push(c),
            '+' if place == 0 => {}
            ' ' | '\u{a0}' | '.' | '-' | '/' | '(' | ')' => {}
            _ => return None,
        }
    }
    let international = if bare.starts_with('+') {
        digits
    } else if let Some(rest) = digits.strip_prefix("00") {
        rest.to_owned()
    } else {
        let code = rule.default_country_code.as_deref()?;
        format!("{code}{}", digits.strip_prefix('0').unwrap_or(&digits))
    };
    is_e164(&international).then(|| format!("+{international}"))
}

fn is_e164(digits: &str) -> bool {
    let all_the_same = digits
        .bytes()
        .all(|b| Some(&b) == digits.as_bytes().first());
    (8..=15).contains(&digits.len()) && !digits.starts_with('0') && !all_the_same
}

#[cfg(test)]
mod tests;
