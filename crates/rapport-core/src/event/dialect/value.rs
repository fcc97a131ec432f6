//! Single values of Segment's calls, in every type that clients send them in.

use crate::outcome::Reason;
use crate::time::Millis;
use std::borrow::Cow;

/// From here on a number is milliseconds since 1970, below it is seconds: 1973 in one reading,
/// the year 5138 in the other.
const MILLISECONDS_FROM: f64 = 1e11;

/// An id: a text, or a number as its digits. `None` for `null` and `""`.
///
/// # Errors
/// For any other type, with the code `invalid_<code>`.
pub(super) fn id<'a>(
    raw: &'a str,
    member: &str,
    code: &str,
) -> Result<Option<Cow<'a, str>>, Reason> {
    match raw.as_bytes() {
        [b'"', ..] => Ok(text(raw).filter(|text| !text.is_empty())),
        [b'n', ..] => Ok(None),
        [b'-' | b'0'..=b'9', ..] => Ok(Some(match raw.parse::<i64>() {
            Ok(number) => Cow::Owned(number.to_string()),
            Err(_) => Cow::Borrowed(raw),
        })),
        _ => Err(Reason::new(
            code,
            format!("`{member}` must be a text or a number"),
        )),
    }
}

/// A JSON text, unescaped; `None` where the value is of another type.
pub(super) fn text(raw: &str) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        return serde_json::from_str::<String>(raw).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(inner))
}

/// An instant: an ISO 8601 text, or a number since 1970.
pub(super) fn instant(raw: &str) -> Option<Millis> {
    if let Some(text) = text(raw) {
        return Millis::parse(text.trim());
    }
    let number: f64 = raw.parse().ok().filter(|number: &f64| *number >= 0.0)?;
    let ms = if number >= MILLISECONDS_FROM {
        number
    } else {
        number * 1_000.0
    };
    const YEAR_10000_MS: f64 = 253_402_300_800_000.0;
    (ms < YEAR_10000_MS).then_some(Millis(ms as i64))
}

/// The value where it is an object; `None` for `null`.
///
/// # Errors
/// For any other type, with the code `code`.
pub(super) fn object<'a>(
    raw: &'a str,
    member: &str,
    code: &str,
) -> Result<Option<&'a str>, Reason> {
    match raw.as_bytes().first() {
        Some(b'{') => Ok(Some(raw)),
        Some(b'n') => Ok(None),
        _ => Err(Reason::new(code, format!("`{member}` must be an object"))),
    }
}
