//! Which headers of a delivery are kept: those that say what it is, and none that prove it.

use axum::http::HeaderMap;
use rapport_core::event::dialect::webhook::{HEADER_BYTES_MAX, HEADERS_MAX};

/// Headers that are kept beside those that begin with `x-` or `webhook-`.
const OTHERS: [&str; 2] = ["content-type", "user-agent"];
/// Words in the name of a header that is a secret, proves one, or says where somebody is.
const KEPT_OUT: [&str; 11] = [
    "signature",
    "hmac",
    "secret",
    "token",
    "auth",
    "key",
    "password",
    "cookie",
    "forwarded",
    "real-ip",
    "session",
];

/// The headers that are kept, names in lower case, in order of their names. `proof` is the one
/// that was chosen to carry what proves the delivery.
pub(crate) fn kept(headers: &HeaderMap, proof: Option<&str>) -> Vec<(String, String)> {
    let proves = |name: &str| proof.is_some_and(|proof| name.eq_ignore_ascii_case(proof));
    let mut kept: Vec<(String, String)> = headers
        .iter()
        .filter(|(name, _)| is_kept(name.as_str()) && !proves(name.as_str()))
        .filter_map(|(name, value)| {
            let value = value.to_str().ok()?;
            let value = &value[..value.len().min(HEADER_BYTES_MAX)];
            Some((name.as_str().to_owned(), value.to_owned()))
        })
        .collect();
    kept.sort();
    kept.dedup_by(|left, right| left.0 == right.0);
    kept.truncate(HEADERS_MAX);
    kept
}

fn is_kept(name: &str) -> bool {
    let tells = name.starts_with("x-") || name.starts_with("webhook-") || OTHERS.contains(&name);
    tells && !KEPT_OUT.iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_delivery_is_is_kept_and_what_proves_it_is_not() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("x-shopify-topic", "orders/paid"),
            ("webhook-id", "msg_1"),
            ("content-type", "application/json"),
            ("x-shopify-hmac-sha256", "proof"),
            ("webhook-signature", "proof"),
            ("authorization", "Basic proof"),
            ("cookie", "proof"),
            ("x-api-key", "proof"),
            ("x-forwarded-for", "203.0.113.9"),
            ("x-shop-word", "proof"),
            ("accept", "*/*"),
        ] {
            headers.insert(name, value.parse().expect("a header"));
        }
        let names: Vec<String> = kept(&headers, Some("X-Shop-Word"))
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(names, ["content-type", "webhook-id", "x-shopify-topic"]);
    }

    #[test]
    fn a_thousand_long_headers_are_a_few_short_ones() {
        let mut headers = HeaderMap::new();
        for number in 0..1_000 {
            let name: axum::http::HeaderName = format!("x-{number}").parse().expect("a name");
            headers.insert(name, "v".repeat(5_000).parse().expect("a header"));
        }
        let kept = kept(&headers, None);
        assert_eq!(kept.len(), HEADERS_MAX);
        assert!(
            kept.iter()
                .all(|(_, value)| value.len() == HEADER_BYTES_MAX)
        );
    }
}
