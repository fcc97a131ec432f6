//! The settings that browser and mobile SDKs fetch before they send anything.

use crate::Api;
use crate::track::cors;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Answers the settings of a write key, pointing the SDK at this server.
pub(super) async fn answer(
    State(api): State<Api>,
    Path(key): Path<String>,
    headers: HeaderMap,
) -> Response {
    let mut response = if api.rapport.keys().write_key(&key).is_some() {
        let settings = axum::Json(settings(&key, &Place::of(&api, &headers)));
        (
            [(
                CACHE_CONTROL,
                HeaderValue::from_static("public, max-age=60"),
            )],
            settings,
        )
            .into_response()
    } else {
        // The SDK throws this text where a developer looks first: in the browser's console.
        (
            StatusCode::NOT_FOUND,
            "Rapport does not know this write key",
        )
            .into_response()
    };
    cors::allow(headers.get(ORIGIN), &mut response);
    response
}

/// The least that makes every SDK start, plus `apiHost` and `protocol`, without which events go
/// to Segment. A `plan` would make the browser SDK load another script; any other integration
/// would make it look for one.
fn settings(key: &str, place: &Place) -> serde_json::Value {
    json!({
        "integrations": {
            "Segment.io": {
                "apiKey": key,
                "apiHost": format!("{}/v1", place.host),
                "protocol": place.protocol,
                "addBundledMetadata": true,
                "unbundledIntegrations": [],
                "maybeBundledConfigIds": {},
            }
        },
        "edgeFunction": {},
        "enabledMiddleware": {},
        "middlewareSettings": {},
        "metrics": { "sampleRate": 0 },
        "analyticsNextEnabled": true,
        "legacyVideoPluginsEnabled": false,
        "remotePlugins": [],
    })
}

/// Where clients reach this server.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// `http` or `https`.
    pub(super) protocol: String,
    /// Host and port, and a path where the server stands behind one.
    pub(super) host: String,
}

impl Place {
    /// The configured address, else what the client asked for.
    pub(super) fn of(api: &Api, headers: &HeaderMap) -> Place {
        if let Some(url) = &api.settings.public_url {
            let (protocol, host) = url.split_once("://").unwrap_or(("https", url));
            return Place {
                protocol: protocol.into(),
                host: host.trim_end_matches('/').into(),
            };
        }
        Place::asked(headers)
    }

    /// Who lies in these headers lies to himself: the answer goes back to the same client. So
    /// `X-Forwarded-Proto` counts also where no proxy is trusted; a page on https may not send
    /// to http.
    fn asked(headers: &HeaderMap) -> Place {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let host = text(HOST.as_str()).unwrap_or("localhost");
        let forwarded = text("x-forwarded-proto").and_then(|list| list.split(',').next());
        let protocol = match forwarded.map(str::trim) {
            Some("https") => "https",
            _ => "http",
        };
        Place {
            protocol: protocol.into(),
            host: host.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(headers: &[(&'static str, &'static str)]) -> (String, String) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, HeaderValue::from_static(value));
        }
        let place = Place::asked(&map);
        (place.protocol, place.host)
    }

    #[test]
    fn events_come_back_to_where_the_settings_were_fetched() {
        assert_eq!(
            asked(&[("host", "cdp.test:8080")]),
            ("http".into(), "cdp.test:8080".into())
        );
        let behind = [("host", "cdp.test"), ("x-forwarded-proto", "https, http")];
        assert_eq!(asked(&behind), ("https".into(), "cdp.test".into()));
        let odd = [("host", "cdp.test"), ("x-forwarded-proto", "javascript")];
        assert_eq!(asked(&odd), ("http".into(), "cdp.test".into()));
    }

    #[test]
    fn the_settings_name_the_key_and_this_host() {
        let place = Place {
            protocol: "http".into(),
            host: "localhost:1".into(),
        };
        let settings = settings("wk\"1", &place);
        let segment = &settings["integrations"]["Segment.io"];
        assert_eq!(segment["apiKey"], "wk\"1");
        assert_eq!(segment["apiHost"], "localhost:1/v1");
        assert_eq!(segment["protocol"], "http");
    }
}
