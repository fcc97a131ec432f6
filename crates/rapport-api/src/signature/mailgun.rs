//! Mailgun: HMAC-SHA256 of a time and a token, all three in the body. The signature says nothing
//! of the rest of the body, so a token may count only once.

use super::{Proof, Sent, Unproven, fresh, mac, time};
use rapport_core::event::webhook::Encoding;
use rapport_core::time::{HOUR_MS, Millis};
use serde::Deserialize;

const SIGNATURE: &str = "signature";
/// A delivery that was not taken is sent again for eight hours.
pub(super) const TOLERANCE_MS: i64 = 9 * HOUR_MS;
const TOKEN_BYTES_MAX: usize = 128;

#[derive(Deserialize)]
struct Body {
    signature: Signature,
}

#[derive(Deserialize)]
struct Signature {
    timestamp: String,
    token: String,
    signature: String,
}

pub(super) fn check(secret: &str, sent: &Sent<'_>, now: Millis) -> Result<Proof, Unproven> {
    let unsigned = |_| Unproven::Unsigned(SIGNATURE.to_owned());
    let Body { signature } = serde_json::from_slice(sent.body).map_err(unsigned)?;
    let claimed = mac::decode(&signature.signature, Encoding::Hex, SIGNATURE)?;
    let signed = time(&signature.timestamp, 1_000, "timestamp")?;
    if signature.token.len() > TOKEN_BYTES_MAX {
        return Err(Unproven::Malformed("token".to_owned()));
    }
    let parts = [signature.timestamp.as_bytes(), signature.token.as_bytes()];
    mac::check(secret.as_bytes(), &parts, &claimed)?;
    fresh(signed, now, TOLERANCE_MS)?;
    Ok(Proof {
        // The pair: what is signed is both in a row, which could be split in another place.
        once: Some(format!("{}{}", signature.timestamp, signature.token)),
    })
}
