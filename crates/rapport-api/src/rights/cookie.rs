//! Cookies: those Rapport sets, and how they are read.
//!
//! A name with `__Host-` is one that browsers take only from this very host, over TLS (or from
//! the machine itself), for every path: no neighbour on another subdomain can plant one.

use axum::http::header::COOKIE;
use axum::http::{HeaderMap, HeaderValue, Uri};

/// The cookie that holds a session's id.
pub(crate) const SESSION: &str = "__Host-rapport";
/// The cookie that says somebody signed in from this browser before.
pub(crate) const DEVICE: &str = "__Host-rapport-device";

/// The value of a cookie.
pub(crate) fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(COOKIE).iter();
    let lines = lines.filter_map(|value| value.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';'));
    pairs.find_map(|pair| {
        let (other, value) = pair.trim().split_once('=')?;
        (other == name && !value.is_empty()).then_some(value)
    })
}

/// What sets a cookie that no script reads and no other site's form sends.
///
/// # Panics
/// Where the value is no text for a header; ours are.
pub(crate) fn set(name: &str, value: &str, seconds: i64) -> HeaderValue {
    let text = format!(
        "{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={}",
        seconds.max(0)
    );
    HeaderValue::from_str(&text).expect("names, values and numbers of ours are ASCII")
}

/// Whether a query names a parameter, as it stands.
pub(crate) fn has_parameter(uri: &Uri, name: &str) -> bool {
    let query = uri.query().unwrap_or_default();
    query
        .split('&')
        .any(|pair| pair.split('=').next() == Some(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_read_from_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(
            COOKIE,
            HeaderValue::from_static("a=1; __Host-rapport=ses_x; b=2"),
        );
        headers.append(COOKIE, HeaderValue::from_static("__Host-rapport-device=d"));
        assert_eq!(read(&headers, SESSION), Some("ses_x"));
        assert_eq!(read(&headers, DEVICE), Some("d"));
        for name in ["c", "rapport", "ses_x"] {
            assert_eq!(read(&headers, name), None, "{name}");
        }
    }

    #[test]
    fn a_cookie_is_kept_from_scripts_and_other_sites() {
        let set = set(SESSION, "ses_x", 60);
        let text = set.to_str().expect("ASCII");
        for part in [
            "__Host-rapport=ses_x;",
            "Path=/",
            "Secure",
            "HttpOnly",
            "SameSite=Lax",
        ] {
            assert!(text.contains(part), "{text}");
        }
        assert!(!text.contains("Domain"));
    }
}
