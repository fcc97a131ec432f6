//! What goes wrong, in Segment's shape: `{"error": {"code", "message"}}`.

use axum::Json;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// An answer that is none.
#[derive(Debug)]
pub(super) struct Fault {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Fault {
    /// The request carries no token that is known.
    pub(super) fn unknown_token(message: &str) -> Fault {
        let status = StatusCode::UNAUTHORIZED;
        Fault::new(status, "authentication_error", message)
    }

    /// The token is known, and opens something else.
    pub(super) fn forbidden(message: impl Into<String>) -> Fault {
        Fault::new(StatusCode::FORBIDDEN, "authorization_error", message)
    }

    /// What is asked for cannot be answered.
    pub(super) fn invalid(message: impl Into<String>) -> Fault {
        Fault::new(StatusCode::BAD_REQUEST, "invalid_request_error", message)
    }

    /// A part of the address is not of the form it must have.
    pub(super) fn malformed(message: impl Into<String>) -> Fault {
        Fault::new(StatusCode::BAD_REQUEST, "validation_error", message)
    }

    /// More is asked than the operator allows.
    pub(super) fn too_many() -> Fault {
        let status = StatusCode::TOO_MANY_REQUESTS;
        Fault::new(
            status,
            "rate_limit_error",
            "Too many requests: try again in a second.",
        )
    }

    /// There is nothing there.
    pub(super) fn missing(message: impl Into<String>) -> Fault {
        Fault::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// Nobody is known by that name.
    pub(super) fn no_profile() -> Fault {
        Fault::missing("Profile was not found.")
    }

    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Fault {
        Fault {
            status,
            code,
            message: message.into(),
        }
    }
}

impl From<rapport_flow::Error> for Fault {
    fn from(error: rapport_flow::Error) -> Fault {
        let status = match error {
            rapport_flow::Error::Stopping => StatusCode::SERVICE_UNAVAILABLE,
            rapport_flow::Error::Store(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        tracing::error!(%error, "a profile could not be read");
        // The engine's words may name paths and keys: they are for the log.
        Fault::new(status, "api_error", "the profile could not be read")
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let body = json!({ "error": { "code": self.code, "message": self.message } });
        let mut response = (self.status, Json(body)).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            let basic = HeaderValue::from_static("Basic realm=\"Profile API\"");
            response.headers_mut().insert(WWW_AUTHENTICATE, basic);
        }
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            let second = HeaderValue::from_static("1");
            response.headers_mut().insert(RETRY_AFTER, second);
        }
        response
    }
}
