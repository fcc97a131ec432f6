//! The console: the files that `console/` is built into, embedded, under a strict policy.

use crate::Api;
use axum::Router;
use axum::extract::Path;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../console/dist"]
struct Files;

/// Nothing is loaded from, or sent to, anywhere else.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
    connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const PAGE_FOR: &str = "no-cache";
/// Names under `assets/` hold a hash of what is in the file.
const ASSET_FOR: &str = "public, max-age=31536000, immutable";

const ABSENT: &str = "<!doctype html><meta charset=\"utf-8\"><title>Rapport</title>\
    <h1>Rapport is running</h1><p>This build holds no console. Build it with \
    <code>cargo xtask up</code>, or with <code>npm ci &amp;&amp; npm run build</code> in \
    <code>console/</code> before building the server. The API is under <code>/api/v1/</code>.</p>";

/// The console's page and its parts. Places inside of it stand behind the `#`, so one page is all.
pub(crate) fn routes() -> Router<Api> {
    Router::new()
        .route("/", get(page))
        .route("/assets/{file}", get(asset))
}

async fn page() -> Response {
    match Files::get("index.html") {
        Some(file) => served("text/html; charset=utf-8", PAGE_FOR, file.data.into_owned()),
        None => served("text/html; charset=utf-8", PAGE_FOR, ABSENT.into()),
    }
}

async fn asset(Path(name): Path<String>) -> Response {
    // A name is a file of that one folder: nothing leads out of it.
    let file = match name.contains(['/', '\\', '%']) {
        true => None,
        false => Files::get(&format!("assets/{name}")),
    };
    match file {
        Some(file) => served(file.metadata.mimetype(), ASSET_FOR, file.data.into_owned()),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A file under the console's policy.
pub(crate) fn served(kind: &str, kept: &str, body: Vec<u8>) -> Response {
    let headers: [(HeaderName, &str); 6] = [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, kept),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
    ];
    (headers, body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_page_may_load_nothing_from_elsewhere() {
        let answer = page().await;
        assert_eq!(answer.status(), StatusCode::OK);
        let headers = answer.headers();
        assert_eq!(headers[X_CONTENT_TYPE_OPTIONS], "nosniff");
        let policy = headers[CONTENT_SECURITY_POLICY].to_str().expect("ASCII");
        assert!(policy.starts_with("default-src 'none'"));
        assert!(!policy.contains("unsafe") && !policy.contains("http"));
    }

    #[tokio::test]
    async fn only_files_of_the_console_are_served() {
        for name in ["nothing.js", "../index.html", "..%2Findex.html"] {
            let answer = asset(Path(name.to_owned())).await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{name}");
        }
    }
}
