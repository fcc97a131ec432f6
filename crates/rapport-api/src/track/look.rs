//! A body as the door looks at it, without a request or a key around it.

use super::refused::Refused;
use super::shape::Shape;
use super::{body, pixel, posthog};
use rapport_core::event::dialect::limits::Limits;
use rapport_core::event::dialect::readable::{mend_surrogates, without_mark};
use rapport_core::event::{Call, Dialect};

/// Unpacks a body as it was sent and checks all that the door checks before it asks for the key;
/// returns the bytes that would stand on the ledger.
///
/// # Errors
/// The word under which it would be counted as refused.
pub fn look(sent: Vec<u8>, call: Call) -> Result<Vec<u8>, String> {
    let limits = Limits::of(Dialect::Segment);
    let plain = match body::is_gzip(&sent) {
        true => body::decompress(&sent, limits.body_bytes).map_err(word)?,
        false => sent,
    };
    let plain = without_mark(&plain).to_vec();
    let text = std::str::from_utf8(&plain).map_err(|_| "invalid_json".to_owned())?;
    let mended = mend_surrogates(text);
    let shape = Shape::look(&mended, call).and_then(|shape| {
        shape.check_event(plain.len(), limits)?;
        Ok(shape)
    });
    let checked = shape.and_then(|shape| shape.check_count(limits));
    checked.map_err(word)?;
    drop(mended);
    Ok(plain)
}

/// Unpacks a body in any of PostHog's packings, sent under this query, and checks its shape.
///
/// # Errors
/// The word under which it would be counted as refused.
pub fn look_packed(query: &str, sent: Vec<u8>) -> Result<Vec<u8>, String> {
    let bytes_max = Limits::of(Dialect::Posthog).body_bytes;
    let plain = match body::is_gzip(&sent) {
        true => body::decompress(&sent, bytes_max).map_err(word)?,
        false => sent,
    };
    let unpacked = posthog::unpacked(query, plain, bytes_max).map_err(word)?;
    let text = std::str::from_utf8(&unpacked).map_err(|_| "invalid_json".to_owned())?;
    posthog::look(&mend_surrogates(text)).map_err(word)?;
    Ok(unpacked)
}

/// The body that an image's query stands for.
#[must_use]
pub fn look_at_query(query: &str) -> Vec<u8> {
    pixel::body(query)
}

fn word(refused: Refused) -> String {
    refused.code().to_owned()
}
