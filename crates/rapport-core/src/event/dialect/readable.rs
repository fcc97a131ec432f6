//! Text out of bytes that clients got slightly wrong: a byte order mark, lone surrogates.

use std::borrow::Cow;

/// The body as text that a strict JSON parser takes: without a byte order mark, without broken
/// UTF-8, and with `\ufffd` for each escaped surrogate that has no partner. Borrows where
/// nothing is to mend.
#[must_use]
pub fn readable(body: &[u8]) -> Cow<'_, str> {
    let body = without_mark(body);
    // Nearly every body is whole, and checking that is faster than looking for what is broken.
    match std::str::from_utf8(body) {
        Ok(text) => mend_surrogates(text),
        Err(_) => Cow::Owned(mend_surrogates(&String::from_utf8_lossy(body)).into_owned()),
    }
}

/// The body behind a UTF-8 byte order mark, where it starts with one.
#[must_use]
pub fn without_mark(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}

/// The text with `\ufffd` for each escaped surrogate that has no partner.
///
/// JavaScript strings may be cut through a pair (a truncated emoji), and `JSON.stringify` then
/// writes half of it as an escape, which is no character. The event is worth more than that half.
#[must_use]
pub fn mend_surrogates(text: &str) -> Cow<'_, str> {
    if !text.contains("\\ud") && !text.contains("\\uD") {
        return Cow::Borrowed(text);
    }
    let mut mended = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(found) = rest.find('\\') {
        mended.push_str(&rest[..found]);
        let length = push_escape(&mut mended, &rest[found..]);
        rest = &rest[found + length..];
    }
    mended.push_str(rest);
    Cow::Owned(mended)
}

/// Copies the escape that `text` starts with, mended, and returns how many bytes it was.
fn push_escape(mended: &mut String, text: &str) -> usize {
    let length = match unit(text) {
        Some(0xD800..=0xDBFF) if matches!(unit(&text[6..]), Some(0xDC00..=0xDFFF)) => 12,
        Some(0xD800..=0xDFFF) => {
            mended.push_str("\\ufffd");
            return 6;
        }
        Some(_) => 6,
        // A backslash and the character it escapes, or a backslash at the very end.
        None => 1 + text[1..].chars().next().map_or(0, char::len_utf8),
    };
    mended.push_str(&text[..length]);
    length
}

/// The code unit of a `\uXXXX` that `text` starts with.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    u16::from_str_radix(digits, 16)
        .ok()
        .filter(|_| !digits.starts_with('+'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lone_surrogates_become_the_replacement_character() {
        for (sent, expected) in [
            (r#""\ud800""#, r#""\ufffd""#),
            (r#""\uDC00x""#, r#""\ufffdx""#),
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\\ud800""#, r#""\\ud800""#),
            (r#""\ud800\n""#, r#""\ufffd\n""#),
            (r#""\ud8"#, r#""\ud8"#),
            ("\\ud800\\", "\\ufffd\\"),
        ] {
            assert_eq!(mend_surrogates(sent), expected, "{sent}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_text() {
        assert_eq!(readable(b"\xef\xbb\xbf{}"), "{}");
        assert_eq!(readable(b"{}"), "{}");
    }

    proptest! {
        #[test]
        fn any_bytes_become_text(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = readable(&body);
        }

        #[test]
        fn mended_strings_parse(text in r#"(\\ud[89a-f][0-9a-f]{2}|\\u00e9|\\n|[a-z]){0,12}"#) {
            let json = format!("\"{text}\"");
            prop_assert!(serde_json::from_str::<String>(&mend_surrogates(&json)).is_ok());
        }
    }
}
