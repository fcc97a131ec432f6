//! Meta (WhatsApp, Instagram, pages): HMAC-SHA256 of the body in hex, and a handshake before.

use super::{Sent, Unproven, header, mac, password};
use rapport_core::event::webhook::{Encoding, Verify};

const SIGNATURE: &str = "x-hub-signature-256";
/// The longest challenge that is given back.
const CHALLENGE_BYTES_MAX: usize = 256;

pub(super) fn check(secret: &str, sent: &Sent<'_>) -> Result<(), Unproven> {
    let value = header(sent, SIGNATURE)?;
    let malformed = || Unproven::Malformed(SIGNATURE.to_owned());
    let hex = value.strip_prefix("sha256=").ok_or_else(malformed)?;
    let claimed = mac::decode(hex, Encoding::Hex, SIGNATURE)?;
    mac::check(secret.as_bytes(), &[sent.body], &claimed)
}

/// Answers the handshake: the challenge, where the pairs of the query name the right word. A
/// challenge is a number or a word; anything else is not given back.
#[must_use]
pub fn challenge<'a>(verify: &Verify, query: &'a [(String, String)]) -> Option<&'a str> {
    let Verify::Meta { verify_token, .. } = verify else {
        return None;
    };
    let one = |wanted: &str| {
        let found = query.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.as_str())
    };
    let is_subscription = one("hub.mode") == Some("subscribe");
    let is_known = password::same(one("hub.verify_token")?, verify_token);
    let challenge = one("hub.challenge")?;
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    let is_plain = challenge.len() <= CHALLENGE_BYTES_MAX && challenge.bytes().all(is_word);
    (is_subscription && is_known && is_plain).then_some(challenge)
}
