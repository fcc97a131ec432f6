//! Which write key a request carries, in the order SDKs and proxies need it looked for.

use axum::extract::Query;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Uri};
use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;
use std::borrow::Cow;

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The keys of a request, most telling first: the user of `Authorization: Basic` (with or
/// without a colon behind it), the body's own, the query's `writeKey`, `writekey`, `api_key` or
/// `token`, the header `X-Write-Key`. A bearer token is an OAuth token and names no source: the
/// body does.
pub(super) fn candidates<'a>(
    headers: &'a HeaderMap,
    uri: &Uri,
    of_body: Option<&'a str>,
) -> impl Iterator<Item = Cow<'a, str>> {
    let of_body = of_body.map(Cow::Borrowed);
    let of_header = headers
        .get("x-write-key")
        .and_then(|value| value.to_str().ok());
    // A `key:secret` names the key in front of the colon, unless the whole is one.
    let of_header = of_header.into_iter().flat_map(|text| {
        let id = text.split_once(':').map(|(id, _)| id);
        std::iter::once(text).chain(id).map(Cow::Borrowed)
    });
    basic_user(headers)
        .map(Cow::Owned)
        .into_iter()
        .chain(of_body)
        .chain(of_query(uri).map(Cow::Owned))
        .chain(of_header)
        .filter(|key| !key.is_empty())
}

/// The user of `Authorization: Basic`, with or without a colon behind it.
pub(crate) fn basic_user(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(LENIENT.decode(encoded.trim()).ok()?).ok()?;
    let user = decoded.split(':').next()?;
    Some(user.to_owned())
}

#[derive(Deserialize)]
struct InQuery {
    #[serde(rename = "writeKey", alias = "writekey")]
    write_key: Option<String>,
    api_key: Option<String>,
    token: Option<String>,
}

fn of_query(uri: &Uri) -> Option<String> {
    uri.query()?;
    let found = Query::<InQuery>::try_from_uri(uri).ok()?.0;
    found.write_key.or(found.api_key).or(found.token)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(headers: &[(&'static str, &str)], uri: &str, of_body: Option<&str>) -> Vec<String> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().expect("a header"));
        }
        let uri = uri.parse().expect("a URI");
        candidates(&map, &uri, of_body)
            .map(Cow::into_owned)
            .collect()
    }

    #[test]
    fn basic_authorization_comes_first_with_or_without_a_colon() {
        let with_colon = format!("Basic {}", LENIENT.encode("key:"));
        let without = format!("basic {}", LENIENT.encode("key"));
        let unpadded = without.trim_end_matches('=').to_owned();
        for value in [&with_colon, &without, &unpadded] {
            assert_eq!(
                found(&[("authorization", value)], "/v1/t", Some("b")),
                ["key", "b"]
            );
        }
    }

    #[test]
    fn body_query_and_header_follow_in_this_order() {
        let headers = [
            ("authorization", "Bearer oauth"),
            ("x-write-key", "h:secret"),
        ];
        let keys = found(&headers, "/v1/t?writeKey=q%2B", Some("b"));
        assert_eq!(keys, ["b", "q+", "h:secret", "h"]);
        for query in ["writekey=q", "api_key=q", "token=q"] {
            assert_eq!(
                found(&[], &format!("/v1/t?{query}"), None),
                ["q"],
                "{query}"
            );
        }
    }

    #[test]
    fn what_is_no_key_is_left_out() {
        let headers = [("authorization", "Basic !!!"), ("x-write-key", "")];
        assert!(found(&headers, "/v1/t?writeKey=", Some("")).is_empty());
    }
}
