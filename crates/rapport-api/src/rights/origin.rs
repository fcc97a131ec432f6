//! Whether a browser asks on behalf of a page of this server, or of another site.

use crate::Api;
use crate::errors::{Code, Error};
use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};

/// Refuses what a page of another site made a browser ask. What no browser sent has neither
/// header, and carries no cookie that the sender does not know.
///
/// # Errors
/// `forged`.
pub(crate) fn check(api: &Api, headers: &HeaderMap) -> Result<(), Error> {
    match is_own(headers, api.settings.public_url.as_deref()) {
        true => Ok(()),
        false => Err(Error::new(Code::Forged, "another site asks for this")),
    }
}

fn is_own(headers: &HeaderMap, public_url: Option<&str>) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or(""));
    if let Some(site) = text("sec-fetch-site") {
        return matches!(site, "same-origin" | "none");
    }
    let Some(origin) = text(ORIGIN.as_str()) else {
        return true;
    };
    let host = text(HOST.as_str()).unwrap_or_default();
    let said = public_url.map(|url| url.trim_end_matches('/'));
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    said == Some(origin) || authority.is_some_and(|authority| !host.is_empty() && authority == host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{HeaderName, HeaderValue};

    fn own(headers: &[(&'static str, &'static str)]) -> bool {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_static(value),
            )
        };
        is_own(
            &headers.iter().map(pair).collect(),
            Some("https://crm.example.org/"),
        )
    }

    #[test]
    fn another_site_is_told_from_this_one() {
        assert!(own(&[]) && own(&[("host", "a.example")]));
        assert!(own(&[
            ("host", "a.example"),
            ("origin", "https://a.example")
        ]));
        assert!(own(&[
            ("host", "inner:8080"),
            ("origin", "https://crm.example.org")
        ]));
        assert!(own(&[("sec-fetch-site", "same-origin")]));
        for origin in [
            "https://b.example",
            "null",
            "",
            "https://a.example.b.example",
            "a.example",
        ] {
            assert!(
                !own(&[("host", "a.example"), ("origin", origin)]),
                "{origin}"
            );
        }
        assert!(
            !own(&[("sec-fetch-site", "same-site")]),
            "a neighbour is another site"
        );
        let told = [
            ("sec-fetch-site", "cross-site"),
            ("host", "a"),
            ("origin", "https://a"),
        ];
        assert!(!own(&told));
    }
}
