//! The cursor at the end of a list: whether there is more, and where that begins.

use super::fault::Fault;
use super::subject::Address;
use super::wanted::Wanted;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

/// Where the next page begins, if there is one.
#[derive(Serialize)]
pub(super) struct Cursor {
    url: String,
    has_more: bool,
    next: String,
    limit: usize,
}

impl Cursor {
    /// The cursor of a page of at most `limit`; `next` is the place behind its last, if more
    /// follows.
    pub(super) fn new(
        address: &Address,
        wanted: &Wanted,
        limit: usize,
        next: Option<&str>,
    ) -> Cursor {
        let next = next.map(|next| URL_SAFE_NO_PAD.encode(next));
        let mut url = address.path.clone();
        let mut mark = '?';
        let others = wanted.without("next");
        let others = others.map(|(name, value)| (name.as_str(), value.as_str()));
        for (name, value) in others.chain(next.as_deref().map(|next| ("next", next))) {
            url.push(mark);
            url.push_str(&encoded(name));
            url.push('=');
            url.push_str(&encoded(value));
            mark = '&';
        }
        Cursor {
            url,
            has_more: next.is_some(),
            next: next.unwrap_or_default(),
            limit,
        }
    }
}

/// The place that `next` names, as the list that made it spelled it.
///
/// # Errors
/// `invalid_request_error` where no list made it.
pub(super) fn place(wanted: &Wanted) -> Result<Option<String>, Fault> {
    let Some(next) = wanted.one("next") else {
        return Ok(None);
    };
    let place = URL_SAFE_NO_PAD.decode(next).ok();
    let place = place.and_then(|bytes| String::from_utf8(bytes).ok());
    place.map(Some).ok_or_else(unknown)
}

/// A cursor that is of no page of this list.
pub(super) fn unknown() -> Fault {
    Fault::invalid("The parameter `next` is of no page of this list.")
}

fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}
