//! A signed identity: a server says who its visitor is, for a while.
//!
//! `<seconds since 1970>.<hex>`, where the hex is the HMAC-SHA256 of `<seconds>.<user id>` under
//! the source's signing secret. Behind that instant it is good no more.

use hmac::{Hmac, Mac};
use rapport_core::time::{Millis, SECOND_MS};
use sha2::Sha256;

/// Whether a signature is of this user, by this secret, and not over.
pub(super) fn is_good(secret: &str, user: &str, signature: &str, now: Millis) -> bool {
    let Some((until, code)) = signature.split_once('.') else {
        return false;
    };
    let Some(code) = bytes(code) else {
        return false;
    };
    let is_made_here = keyed(secret, until, user).verify_slice(&code).is_ok();
    let until_ms = until
        .parse::<i64>()
        .ok()
        .map(|s| s.saturating_mul(SECOND_MS));
    is_made_here && until_ms.is_some_and(|until_ms| now.0 < until_ms)
}

fn keyed(secret: &str, until: &str, user: &str) -> Hmac<Sha256> {
    let mut mac = Hmac::new_from_slice(secret.as_bytes()).expect("a key of any length will do");
    mac.update(until.as_bytes());
    mac.update(b".");
    mac.update(user.as_bytes());
    mac
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    let pairs = (0..hex.len()).step_by(2);
    pairs
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by OpenSSL: `printf '2000000000.ada' | openssl dgst -sha256 -hmac secret`.
    const OF_ADA: &str =
        "2000000000.0bfef33aae25a90d5ef93aa6e856bd1176fe471fe71cef85a3b4afb945cd6dc7";

    #[test]
    fn a_signature_is_good_for_its_user_until_its_instant() {
        let until = Millis(2_000_000_000_000);
        assert!(is_good("secret", "ada", OF_ADA, until.plus(-1)));
        assert!(!is_good("secret", "ada", OF_ADA, until));
        assert!(!is_good("secret", "bo", OF_ADA, until.plus(-1)));
        assert!(!is_good("other", "ada", OF_ADA, until.plus(-1)));
        let longer = OF_ADA.replace("2000000000", "2000000001");
        assert!(!is_good("secret", "ada", &longer, until.plus(-1)));
    }

    #[test]
    fn what_is_no_signature_is_refused() {
        let now = Millis(0);
        let odd = format!("2000000000.{}", "é".repeat(32));
        for text in ["", ".", "2000000000", "2000000000.", "2000000000.00", &odd] {
            assert!(!is_good("secret", "ada", text, now), "{text}");
        }
    }
}
