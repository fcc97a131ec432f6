//! What goes wrong, in HubSpot's shape: `{"status": "error", "message", "correlationId", "category"}`.

use crate::crm::gate::CORRELATION;
use crate::rights::objects::spelled;
use crate::rights::records::{Denied, Failed};
use axum::Json;
use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use rapport_core::crm::query;
use rapport_flow::{CommandError, Refusal};
use serde::Serialize;
use std::collections::BTreeMap;

/// An answer that is none.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    status: StatusCode,
    category: &'static str,
    message: String,
    sub_category: Option<&'static str>,
    errors: Vec<Detail>,
    context: Context,
    limit: Option<Limit>,
}

/// Names and what they are of, such as the property that is meant.
pub(super) type Context = BTreeMap<&'static str, Vec<String>>;

/// One of several things that are wrong.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Detail {
    /// What is wrong.
    pub(super) message: String,
    /// Its stable word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) code: Option<&'static str>,
    /// Where it is.
    #[serde(rename = "in", skip_serializing_if = "Option::is_none")]
    pub(super) place: Option<String>,
    /// What it is of.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) context: Context,
}

/// A limit that was reached. The words are those that clients look for before they try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    /// That of ten seconds.
    TenSecondly,
    /// That of one second.
    Secondly,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    status: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    correlation_id: Option<&'a str>,
    category: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_category: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_name: Option<&'static str>,
    #[serde(skip_serializing_if = "<[Detail]>::is_empty")]
    errors: &'a [Detail],
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    context: &'a Context,
}

/// What is wrong with an input of a batch: its members are all required.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Part {
    status: &'static str,
    category: &'static str,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub_category: Option<&'static str>,
    context: Context,
    links: BTreeMap<&'static str, String>,
    errors: Vec<Detail>,
}

impl Fault {
    /// What is asked for cannot be done as it is asked.
    pub(super) fn invalid(message: impl Into<String>) -> Fault {
        Fault::new(StatusCode::BAD_REQUEST, "VALIDATION_ERROR", message)
    }

    /// There is nothing there.
    pub(super) fn missing(message: impl Into<String>) -> Fault {
        Fault::new(StatusCode::NOT_FOUND, "OBJECT_NOT_FOUND", message)
    }

    /// It contradicts what is there.
    pub(super) fn conflict(message: impl Into<String>) -> Fault {
        Fault::new(StatusCode::CONFLICT, "CONFLICT", message)
    }

    /// Whoever asks may not.
    pub(super) fn forbidden(message: impl Into<String>) -> Fault {
        Fault::new(StatusCode::FORBIDDEN, "MISSING_SCOPES", message)
    }

    /// Something is wrong here rather than with the request.
    pub(super) fn internal() -> Fault {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Fault::new(status, "INTERNAL_ERROR", "Something went wrong here.")
    }

    /// Nobody known asks.
    pub(super) fn unknown_token(message: &str) -> Fault {
        let status = StatusCode::UNAUTHORIZED;
        Fault::new(status, "INVALID_AUTHENTICATION", message)
    }

    /// The address does not take this method.
    pub(crate) fn wrong_method(message: impl Into<String>) -> Fault {
        let status = StatusCode::METHOD_NOT_ALLOWED;
        Fault::new(status, "METHOD_NOT_ALLOWED", message)
    }

    /// What is asked for is not there yet, which is better said than pretended.
    pub(super) fn not_yet(message: impl Into<String>) -> Fault {
        Fault::new(StatusCode::NOT_IMPLEMENTED, "NOT_IMPLEMENTED", message)
    }

    /// Nothing is at this address.
    pub(crate) fn no_route(path: &str) -> Fault {
        Fault::missing(format!("There is nothing at {path}."))
    }

    /// More is asked than the operator allows.
    pub(super) fn too_many(limit: Limit) -> Fault {
        let message = match limit {
            Limit::TenSecondly => "You have reached your ten_secondly_rolling limit.",
            Limit::Secondly => "You have reached your secondly limit.",
        };
        let mut fault = Fault::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITS", message);
        fault.limit = Some(limit);
        fault
    }

    fn new(status: StatusCode, category: &'static str, message: impl Into<String>) -> Fault {
        Fault {
            status,
            category,
            message: message.into(),
            sub_category: None,
            errors: Vec::new(),
            context: Context::new(),
            limit: None,
        }
    }

    /// The same with what is wrong in particular.
    #[must_use]
    pub(super) fn with(mut self, detail: Detail) -> Fault {
        self.errors.push(detail);
        self
    }

    /// The same with what it is of.
    #[must_use]
    pub(super) fn about(mut self, name: &'static str, value: impl Into<String>) -> Fault {
        self.context.entry(name).or_default().push(value.into());
        self
    }

    /// The same, told more exactly.
    #[must_use]
    pub(super) fn kind(mut self, sub_category: &'static str) -> Fault {
        self.sub_category = Some(sub_category);
        self
    }

    /// The same as one of several things that are wrong.
    pub(super) fn detail(&self) -> Detail {
        let first = self.errors.first();
        Detail {
            message: first.map_or_else(|| self.message.clone(), |first| first.message.clone()),
            code: first.map_or(Some(self.category), |first| first.code),
            place: None,
            context: self.context.clone(),
        }
    }

    /// The same as the error of one input of a batch.
    pub(super) fn part(self) -> Part {
        Part {
            status: "error",
            category: self.category,
            message: self.message,
            sub_category: self.sub_category,
            context: self.context,
            links: BTreeMap::new(),
            errors: self.errors,
        }
    }
}

impl Limit {
    fn policy(self) -> &'static str {
        match self {
            Limit::TenSecondly => "TEN_SECONDLY_ROLLING",
            Limit::Secondly => "SECONDLY",
        }
    }

    fn seconds(self) -> &'static str {
        match self {
            Limit::TenSecondly => "10",
            Limit::Secondly => "1",
        }
    }
}

impl From<rapport_flow::Error> for Fault {
    fn from(error: rapport_flow::Error) -> Fault {
        let (status, message) = match error {
            rapport_flow::Error::Stopping => {
                (StatusCode::SERVICE_UNAVAILABLE, "Rapport is stopping.")
            }
            rapport_flow::Error::Store(rapport_store::Error::Full { .. }) => {
                (StatusCode::SERVICE_UNAVAILABLE, "The disk is full.")
            }
            rapport_flow::Error::Store(_) => (StatusCode::INTERNAL_SERVER_ERROR, "Storage failed."),
        };
        // The engine's words may name paths and keys: they are for the log.
        tracing::error!(%error, "a request of the CRM API failed");
        Fault::new(status, "INTERNAL_ERROR", message)
    }
}

impl From<Denied> for Fault {
    fn from(denied: Denied) -> Fault {
        match denied {
            Denied::Right(message) => Fault::forbidden(message),
            // As a search says it of what nobody has.
            Denied::Unknown(property) => {
                let error = query::Error::PropertyDoesntExist {
                    property: property.into(),
                };
                super::search::wrong(error)
            }
            Denied::Scope(scope) => {
                let scope = spelled(scope);
                let message = format!("This app hasn't been granted the scope it needs: {scope}.");
                Fault::forbidden(message).about("requiredGranularScopes", scope)
            }
        }
    }
}

impl From<Failed> for Fault {
    fn from(failed: Failed) -> Fault {
        match failed {
            Failed::Denied(denied) => denied.into(),
            Failed::Flow(error) => error.into(),
        }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Fault {
        // Clients try a 503 again at once and then more slowly; another 429 they do not.
        let message = refusal.to_string();
        Fault::new(StatusCode::SERVICE_UNAVAILABLE, "INTERNAL_ERROR", message)
    }
}

impl From<CommandError> for Fault {
    fn from(error: CommandError) -> Fault {
        match error {
            CommandError::Invalid { message, help, .. } if help.is_empty() => {
                Fault::invalid(message)
            }
            CommandError::Invalid { message, help, .. } => {
                Fault::invalid(format!("{message}: {help}"))
            }
            CommandError::NotFound { what } => Fault::missing(format!("There is no {what}.")),
            CommandError::Contradicts { message } => Fault::conflict(message),
            moved @ CommandError::Moved => Fault::conflict(moved.to_string()),
            CommandError::Flow(error) => error.into(),
        }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let id = super::correlation_id();
        let header = id.as_deref().map(HeaderValue::from_str);
        let body = Body {
            status: "error",
            message: &self.message,
            correlation_id: id.as_deref(),
            category: self.category,
            sub_category: self.sub_category,
            error_type: self.limit.map(|_| "RATE_LIMIT"),
            policy_name: self.limit.map(Limit::policy),
            errors: &self.errors,
            context: &self.context,
        };
        let mut response = (self.status, Json(body)).into_response();
        let headers = response.headers_mut();
        if let Some(Ok(id)) = header {
            headers.insert(CORRELATION, id);
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(limit) = self.limit {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(limit.seconds()));
        }
        response
    }
}
