//! The answer to a batch: results, and errors beside them.

use crate::Api;
use crate::crm::fault::{Fault, Part};
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use rapport_core::time::Millis;
use serde::Serialize;
use serde_json::{Value, json};

/// A batch that is being worked on.
pub(in crate::crm) struct Batch {
    started: Millis,
}

/// A batch that was.
pub(in crate::crm) struct Answer {
    started: Millis,
    completed: Millis,
    results: Vec<Value>,
    faults: Vec<Fault>,
}

impl Batch {
    /// Begins now.
    pub(in crate::crm) fn begin(api: &Api) -> Batch {
        Batch {
            started: api.rapport.clock().now(),
        }
    }

    /// Ends now.
    pub(in crate::crm) fn done(self, api: &Api) -> Answer {
        Answer {
            started: self.started,
            completed: api.rapport.clock().now().max(self.started),
            results: Vec::new(),
            faults: Vec::new(),
        }
    }
}

impl Answer {
    /// Adds a result.
    pub(in crate::crm) fn result(&mut self, result: impl Serialize) {
        self.results.push(json!(result));
    }

    /// Adds results.
    pub(in crate::crm) fn results(&mut self, results: Vec<impl Serialize>) {
        self.results
            .extend(results.into_iter().map(|result| json!(result)));
    }

    /// Adds what is wrong with an input.
    pub(in crate::crm) fn error(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    /// The response: of this status where nothing is wrong, 207 where something is. Where a write
    /// did nothing at all it is an error, so that no client takes it for a success.
    pub(in crate::crm) fn respond_to_write(self, success: StatusCode) -> Response {
        if self.results.is_empty()
            && let Some((first, others)) = self.faults.split_first()
        {
            let others = others.iter().map(Fault::detail);
            return others.fold(first.clone(), Fault::with).into_response();
        }
        self.respond(success)
    }

    /// The response: of this status where nothing is wrong, 207 where something is.
    pub(in crate::crm) fn respond(self, success: StatusCode) -> Response {
        let mut body = json!({
            "status": "COMPLETE",
            "results": self.results,
            "startedAt": self.started.to_string(),
            "completedAt": self.completed.to_string(),
        });
        if self.faults.is_empty() {
            return (success, Json(body)).into_response();
        }
        let errors: Vec<Part> = self.faults.into_iter().map(Fault::part).collect();
        body["numErrors"] = json!(errors.len());
        body["errors"] = json!(errors);
        (StatusCode::MULTI_STATUS, Json(body)).into_response()
    }
}
