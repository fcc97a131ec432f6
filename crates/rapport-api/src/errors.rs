//! The native API's errors, and how they are answered.

use axum::Json;
use axum::http::HeaderValue;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use rapport_core::segment::error::Place;
use rapport_flow::CommandError;
use serde::Serialize;

pub use self::code::{Code, reference};

mod code;

/// An error of the native API.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    code: Code,
    message: String,
    help: Option<String>,
    at: Option<Place>,
    retry_after_s: Option<u32>,
}

impl Error {
    /// What happened this time.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// An error with what happened this time.
    pub fn new(code: Code, message: impl Into<String>) -> Error {
        Error {
            code,
            message: message.into(),
            help: None,
            at: None,
            retry_after_s: None,
        }
    }

    /// The same error, and after how many seconds to try again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Error {
        self.retry_after_s = Some(seconds);
        self
    }

    /// Something that does not exist.
    pub fn missing(what: impl std::fmt::Display) -> Error {
        Error::new(Code::NotFound, format!("there is no {what}"))
    }

    /// The same error with an advice better than the code's own.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Error {
        self.help = Some(help.into()).filter(|help| !help.is_empty());
        self
    }

    /// Its code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }
}

impl From<rapport_core::segment::error::Error> for Error {
    fn from(error: rapport_core::segment::error::Error) -> Error {
        use rapport_core::segment::error::Error as Wrong;
        let code = match &error {
            Wrong::Rule { .. } => Code::InvalidRule,
            Wrong::InUse { .. } | Wrong::TraitInUse { .. } => Code::Conflict,
            Wrong::BadKey { .. }
            | Wrong::UnknownSegment { .. }
            | Wrong::UnknownTrait { .. }
            | Wrong::Cycle { .. } => Code::InvalidSegment,
        };
        Error {
            code,
            message: error.to_string(),
            help: error.help(),
            at: error.place(),
            retry_after_s: None,
        }
    }
}

impl From<rapport_flow::Error> for Error {
    fn from(error: rapport_flow::Error) -> Error {
        let code = match &error {
            rapport_flow::Error::Stopping => Code::Stopping,
            rapport_flow::Error::Store(rapport_store::Error::Full { .. }) => Code::DiskFull,
            rapport_flow::Error::Store(_) => Code::Storage,
        };
        if code == Code::Storage {
            tracing::error!(%error, "a request failed in storage");
            // The engine's words may name paths and keys: they are for the log.
            return Error::new(code, "storage failed");
        }
        Error::new(code, error.to_string())
    }
}

impl From<CommandError> for Error {
    fn from(error: CommandError) -> Error {
        match error {
            CommandError::Invalid {
                code,
                message,
                help,
            } => Error::new(Code::from_word(code), message).with_help(help),
            CommandError::NotFound { what } => Error::missing(what),
            CommandError::Contradicts { message } => Error::new(Code::Conflict, message),
            moved @ CommandError::Moved => Error::new(Code::Conflict, moved.to_string()),
            CommandError::Flow(error) => error.into(),
        }
    }
}

#[derive(Serialize)]
struct Answer<'a> {
    error: Told<'a>,
}

#[derive(Serialize)]
struct Told<'a> {
    code: &'static str,
    message: &'a str,
    help: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Place>,
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let page = self.code.page();
        let help = self.help.as_deref().unwrap_or(page.next);
        let error = Told {
            code: page.word,
            message: &self.message,
            help,
            at: self.at,
        };
        let mut response = (page.status, Json(Answer { error })).into_response();
        let passes = matches!(self.code, Code::Busy | Code::Stopping);
        if let Some(seconds) = self.retry_after_s.or(passes.then_some(2)) {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.code == Code::Unauthorized {
            let bearer = HeaderValue::from_static("Bearer");
            response
                .headers_mut()
                .insert(axum::http::header::WWW_AUTHENTICATE, bearer);
        }
        response
    }
}
