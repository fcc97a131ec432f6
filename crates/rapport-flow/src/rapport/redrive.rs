//! Sends a rejected event through the flow again: a new entry that names the old one.

use super::Rapport;
use crate::error::{Error, Refusal, Result};
use crate::reads;
use crate::rejected::Rejected;
use rapport_core::event::dialect::object::{self, Builder};
use rapport_core::event::dialect::segment::EVENT_BYTES_MAX;
use rapport_core::event::dialect::webhook;
use rapport_core::event::{Call, Dialect, Origin};
use rapport_core::position::Position;
use rapport_store::ledger::Submission;

/// Where a context names the old entry.
const MARK: &str = "redrive_of";

impl Rapport {
    /// Sends a rejected event again. Without a `body` the same bytes are read as the same call;
    /// with one, that is the event: of the type it names, else as the call it came as. False
    /// where there is no such rejected event.
    ///
    /// # Errors
    /// [`Error`] where storage failed or the request was not taken.
    pub async fn redrive_rejected(
        &self,
        position: Position,
        body: Option<Vec<u8>>,
    ) -> Result<bool> {
        let Some(rejected) = reads::rejected::one(&self.shared, position).await? else {
            return Ok(false);
        };
        match self.collect(again(rejected, body)).await {
            Ok(()) => Ok(true),
            Err(Refusal::Stopping) => Err(Error::Stopping),
            Err(refusal) => Err(Error::Store(rapport_store::Error::Engine {
                what: "sending the event again".to_owned(),
                detail: refusal.to_string(),
            })),
        }
    }
}

/// The request that sends a rejected event again.
fn again(rejected: Rejected, corrected: Option<Vec<u8>>) -> Submission {
    let mut call = rejected.call;
    let mut is_body = rejected.is_body;
    let corrected = corrected.map(|body| String::from_utf8_lossy(&body).into_owned());
    if let Some(corrected) = &corrected
        && (call == Call::Batch || names_type(corrected))
    {
        (call, is_body) = (Call::Batch, false);
    }
    // As corrected it is an event, whatever it was made of.
    let dialect = match (rejected.dialect, &corrected) {
        (Dialect::Webhook, Some(_)) => Dialect::Segment,
        (dialect, _) => dialect,
    };
    let item = corrected.unwrap_or(rejected.raw);
    let position = rejected.position;
    let delivery = (dialect == Dialect::Webhook)
        .then(|| webhook::open(&item))
        .flatten();
    let body = match (delivery, is_body) {
        (Some(opened), _) => {
            webhook::envelope(&opened.headers, opened.body, Some(&position.to_string()))
        }
        (None, true) => marked(&item, position),
        (None, false) => {
            format!("{{\"context\":{{\"{MARK}\":\"{position}\"}},\"batch\":[{item}]}}")
        }
    };
    let origin = Origin {
        source: rejected.source,
        key_kind: rejected.key_kind,
        dialect,
        call,
        ip: rejected.ip,
        user_agent: rejected.user_agent,
    };
    let body = body.into_bytes();
    Submission { origin, body }
}

fn names_type(event: &str) -> bool {
    let mut found = false;
    let read = object::members(event, |name, value| {
        found |= name == "type" && value.get() != "null";
    });
    read.is_ok() && found
}

/// A body whose context names the old entry; what is no object, or has no room for that, stays
/// as it is, so that nothing but the mark can make a difference.
fn marked(body: &str, position: Position) -> String {
    let mut context = None;
    let read = object::members(body, |name, value| {
        if name == "context" {
            context = Some(value.get());
        }
    });
    let with_mark = |context: &str| {
        let mut built = Builder::extending(context);
        built.put_text(MARK, &position.to_string());
        built.finish()
    };
    let marked = match context {
        _ if read.is_err() => return body.to_owned(),
        None => {
            let mut built = Builder::extending(body);
            built.put("context", &with_mark("{}"));
            built.finish().into_string()
        }
        Some(context) if context.starts_with('{') => {
            // A raw value is a piece of the text it was read from.
            let begins = context.as_ptr() as usize - body.as_ptr() as usize;
            let ends = begins + context.len();
            [&body[..begins], &with_mark(context), &body[ends..]].concat()
        }
        Some(_) => return body.to_owned(),
    };
    match marked.len() > EVENT_BYTES_MAX {
        true => body.to_owned(),
        false => marked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_marked_in_its_context_and_changed_nowhere_else() {
        for (body, expected) in [
            ("{}", r#"{"context":{"redrive_of":"4.1"}}"#),
            (
                r#"{"a":1,"context":{"ip":"::1"},"b":2}"#,
                r#"{"a":1,"context":{"ip":"::1","redrive_of":"4.1"},"b":2}"#,
            ),
            (
                r#"{"context":{},"context":{ } }"#,
                r#"{"context":{},"context":{"redrive_of":"4.1"} }"#,
            ),
            (r#"{"context":7}"#, r#"{"context":7}"#),
            ("[1]", "[1]"),
            ("7", "7"),
            ("{", "{"),
        ] {
            assert_eq!(marked(body, Position::event(4, 1)), expected);
        }
        let full = format!("{{\"a\":\"{}\"}}", "x".repeat(EVENT_BYTES_MAX - 8));
        assert_eq!(marked(&full, Position::event(4, 1)), full);
    }

    #[test]
    fn a_type_is_named_by_a_text_only() {
        assert!(names_type(r#"{"type":"page"}"#));
        for event in [r#"{"type":null}"#, r#"{"event":"type"}"#, "{", "7"] {
            assert!(!names_type(event), "{event}");
        }
    }
}
