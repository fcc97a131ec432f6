//! The live page at `/live`: one file of each kind, embedded, under the console's policy.

use crate::Api;
use crate::console::served;
use axum::Router;
use axum::response::Response;
use axum::routing::get;

const PAGE: &str = include_str!("../assets/live/page.html");
const SCRIPT: &str = include_str!("../assets/live/page.js");
const STYLE: &str = include_str!("../assets/live/page.css");
const KEPT: &str = "no-cache";

/// The page and its parts.
pub(crate) fn routes() -> Router<Api> {
    Router::new()
        .route("/live", get(page))
        .route("/live/page.js", get(script))
        .route("/live/page.css", get(style))
}

async fn page() -> Response {
    served("text/html; charset=utf-8", KEPT, PAGE.into())
}

async fn script() -> Response {
    served("text/javascript; charset=utf-8", KEPT, SCRIPT.into())
}

async fn style() -> Response {
    served("text/css; charset=utf-8", KEPT, STYLE.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_needs_nothing_that_its_policy_forbids() {
        assert!(!PAGE.contains("style=") && !PAGE.contains("onclick"));
        assert!(!SCRIPT.contains("innerHTML") && !SCRIPT.contains("eval("));
        for part in ["/live/page.js", "/live/page.css"] {
            assert!(PAGE.contains(part));
        }
    }
}
