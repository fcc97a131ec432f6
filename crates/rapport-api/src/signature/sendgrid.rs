//! SendGrid: ECDSA over P-256 of the time and the body. What is configured is no secret but the
//! key that only checks.

use super::{Sent, Unproven, fresh, header, mac, time};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rapport_core::event::webhook::Encoding;
use rapport_core::time::{HOUR_MS, Millis};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};

const SIGNATURE: &str = "x-twilio-email-event-webhook-signature";
const TIME: &str = "x-twilio-email-event-webhook-timestamp";
/// A batch that was not taken is sent again for a day.
const TOLERANCE_MS: i64 = 25 * HOUR_MS;
/// What stands in front of the point in the encoding of every key of this curve.
const P256: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
const POINT_BYTES: usize = 65;

pub(super) fn check(public_key: &str, sent: &Sent<'_>, now: Millis) -> Result<(), Unproven> {
    let signature = mac::decode(header(sent, SIGNATURE)?, Encoding::Base64, SIGNATURE)?;
    let seconds = header(sent, TIME)?;
    let signed = time(seconds, 1_000, TIME)?;
    let point = point(public_key).ok_or(Unproven::Wrong)?;
    let message = [seconds.as_bytes(), sent.body].concat();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &point)
        .verify(&message, &signature)
        .map_err(|_| Unproven::Wrong)?;
    fresh(signed, now, TOLERANCE_MS)
}

pub(super) fn usable(public_key: &str) -> Result<(), String> {
    match point(public_key) {
        Some(_) => Ok(()),
        None => Err("`public_key` is the verification key as SendGrid shows it".to_owned()),
    }
}

/// The key as Base64, with or without the lines that PEM puts around it.
fn point(public_key: &str) -> Option<Vec<u8>> {
    let lines = public_key.lines().filter(|line| !line.starts_with("-----"));
    let encoded: String = lines
        .flat_map(str::chars)
        .filter(|c| !c.is_whitespace())
        .collect();
    let key = STANDARD.decode(encoded).ok()?;
    let point = key.strip_prefix(&P256)?;
    (point.len() == POINT_BYTES && point[0] == 4).then(|| point.to_vec())
}
