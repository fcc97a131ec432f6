//! Small entries that the suites and the tests of the engines are made of.

use crate::history::{Entry, Row};
use crate::ledger::Submission;
use rapport_core::entry::{Command, CommandEntry};
use rapport_core::event::{Call, Dialect, Event, KeyKind, Kind, Origin, SourceNo};
use rapport_core::identity::{IdKind, Identifier, ProfileNo};
use rapport_core::outcome::{Outcome, Reason};
use rapport_core::position::Position;
use rapport_core::time::Millis;
use std::sync::Arc;

/// What the door would know of a request from the browser `user_agent`.
#[must_use]
pub fn origin(user_agent: &str) -> Origin {
    Origin {
        source: SourceNo(1),
        key_kind: KeyKind::Browser,
        dialect: Dialect::Segment,
        call: Call::Batch,
        ip: Some("203.0.113.7".into()),
        user_agent: Some(user_agent.into()),
    }
}

/// A request with this body.
#[must_use]
pub fn submission(body: &str) -> Submission {
    Submission {
        origin: origin("suite"),
        body: body.as_bytes().to_vec(),
    }
}

/// An accepted track event of profile `origin`, received a minute behind its `at_ms`.
#[must_use]
pub fn event(request: u64, index: u32, origin: u64, at_ms: i64, name: &str) -> Entry {
    row(
        Position::event(request, index),
        Some(ProfileNo(origin)),
        at_ms,
        name,
        Outcome::Accepted,
    )
}

/// An item that was no event.
#[must_use]
pub fn invalid(request: u64, index: u32, at_ms: i64) -> Entry {
    let reason = Reason::new("missing_event_name", "a track call needs an event name");
    row(
        Position::event(request, index),
        None,
        at_ms,
        "",
        Outcome::Invalid(reason),
    )
}

/// The `n`th command behind `request`.
#[must_use]
pub fn command(request: u64, n: u32, received_ms: i64) -> Entry {
    Entry::Command(Arc::new(CommandEntry {
        position: Position::command(request, n),
        received: Millis(received_ms),
        actor: "suite".into(),
        command: Command::DeleteSegment {
            key: format!("segment_{n}"),
        },
    }))
}

fn row(
    position: Position,
    origin: Option<ProfileNo>,
    at_ms: i64,
    name: &str,
    outcome: Outcome,
) -> Entry {
    let event = Event {
        position,
        received: Millis(at_ms).plus(60_000),
        original: Some(Millis(at_ms)),
        sent: None,
        at: Millis(at_ms),
        source: SourceNo(1),
        key_kind: KeyKind::Server,
        kind: Kind::Track,
        name: name.into(),
        message_id: format!("message-{position}").into(),
        identifiers: vec![Identifier::new(
            IdKind::UserId,
            format!("person {origin:?} ü"),
        )],
        previous: None,
        group: None,
        traits: "{}".into(),
        properties: format!(r#"{{"price":{at_ms}.25,"name":"{name}"}}"#).into(),
        context: r#"{"ip":"203.0.113.7"}"#.into(),
        extra: "{}".into(),
    };
    Entry::Event(Arc::new(Row {
        event,
        origin,
        outcome,
    }))
}
