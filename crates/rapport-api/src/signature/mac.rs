//! HMAC-SHA256, compared in constant time, and the two spellings of its bytes.

use super::Unproven;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use rapport_core::event::webhook::Encoding;
use sha2::Sha256;

/// Whether `claimed` is the HMAC-SHA256 of the parts one after another.
pub(super) fn check(key: &[u8], parts: &[&[u8]], claimed: &[u8]) -> Result<(), Unproven> {
    // HMAC takes keys of any length; the error of the general trait cannot happen.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).map_err(|_| Unproven::Wrong)?;
    for part in parts {
        mac.update(part);
    }
    mac.verify_slice(claimed).map_err(|_| Unproven::Wrong)
}

/// The bytes of a signature that stands in `name`.
pub(super) fn decode(text: &str, encoding: Encoding, name: &str) -> Result<Vec<u8>, Unproven> {
    let decoded = match encoding {
        Encoding::Hex => hex::decode(text).ok(),
        Encoding::Base64 => STANDARD.decode(text).ok(),
    };
    decoded.ok_or_else(|| Unproven::Malformed(name.to_owned()))
}
