//! The signatures of a webhook: those that existing receivers check, and one that cannot be replayed.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use rapport_core::entry::Destination;
use rapport_core::time::Millis;
use reqwest::Url;
use sha1::Sha1;
use sha2::Sha256;

/// Both signatures of one body, as they stand in the headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// `X-Signature`: HMAC-SHA1 of the body in hex, as Segment signs.
    pub compatible: String,
    /// `X-Rapport-Signature`: `t=<unix seconds>,v1=<hex HMAC-SHA256 of "t.body">`.
    pub current: String,
}

/// Signs the bytes of `body` as sent at `now`.
#[must_use]
pub fn sign(secret: &str, body: &str, now: Millis) -> Signed {
    let seconds = now.0.div_euclid(1_000);
    let dated = format!("{seconds}.{body}");
    Signed {
        compatible: mac_hex::<Hmac<Sha1>>(secret, body),
        current: format!("t={seconds},v1={}", mac_hex::<Hmac<Sha256>>(secret, &dated)),
    }
}

/// `X-HubSpot-Signature-v3`: base64 of the HMAC-SHA256 of `POST`, the address, the body and the
/// milliseconds of `now`. The address is spelled as it is asked for: what stands behind its `#` is
/// not sent.
#[must_use]
pub fn hubspot(destination: &Destination, body: &str, now: Millis) -> String {
    let url = Url::parse(&destination.url).map(|mut url| {
        url.set_fragment(None);
        String::from(url)
    });
    let url = url.unwrap_or_else(|_| destination.url.clone());
    let text = format!("POST{url}{body}{}", now.0);
    STANDARD.encode(mac::<Hmac<Sha256>>(&destination.secret, &text))
}

fn mac_hex<M: Mac + hmac::digest::KeyInit>(secret: &str, text: &str) -> String {
    hex::encode(mac::<M>(secret, text))
}

fn mac<M: Mac + hmac::digest::KeyInit>(secret: &str, text: &str) -> Vec<u8> {
    // HMAC takes keys of any length; the error of the general trait cannot happen.
    let Ok(mut mac) = <M as Mac>::new_from_slice(secret.as_bytes()) else {
        return Vec::new();
    };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected values were computed with Python's `hmac`; the document on webhooks shows how.
    #[test]
    fn signatures_are_what_an_independent_program_computes() {
        let body = r#"{"type":"track","event":"Audience Entered"}"#;
        let signed = sign("whsec_dairy", body, Millis(1_700_000_000_999));
        assert_eq!(
            signed.compatible,
            "67e21420b11beae61b76c00919d9ffd5c9c595e9"
        );
        assert_eq!(
            signed.current,
            "t=1700000000,v1=77449f9e45174ce995c0a87a481fff94764c15f2df519936abd514add61a8e75"
        );
    }

    /// Computed by Python's `hmac` over `POST`, address, body and timestamp.
    #[test]
    fn hubspot_s_signature_is_over_method_address_body_and_time() {
        for url in [
            "https://app.example.org/hook?a=b",
            "https://app.example.org/hook?a=b#c",
        ] {
            let destination = crate::shelf::destination("app-7", url);
            let now = Millis(1_700_000_000_999);
            let signature = hubspot(&destination, r#"[{"eventId":1}]"#, now);
            assert_eq!(signature, "rO7qk2I/B+WKg3/w+I+rKzSS+7EUsQKrAkOE0f2FdSw=");
        }
    }

    #[test]
    fn body_secret_and_time_all_count() {
        let base = sign("a", "b", Millis(5_000));
        assert_ne!(sign("x", "b", Millis(5_000)), base);
        assert_ne!(sign("a", "x", Millis(5_000)), base);
        let later = sign("a", "b", Millis(6_000));
        assert_eq!(later.compatible, base.compatible);
        assert_ne!(later.current, base.current);
    }
}
