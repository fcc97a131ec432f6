//! Events that were not as planned: kept for a while, counted for ever, and told as events of a
//! source of their own.

use rapport_core::entry::Source;
use rapport_core::event::{Event, KeyKind, SourceNo};
use rapport_core::identity::{IdKind, Identifier};
use rapport_core::plan::Violation;
use rapport_core::position::Position;
use rapport_core::time::Millis;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub mod counts;

/// How many such events of one batch are kept; further ones are only counted.
pub const KEPT_OF_BATCH_MAX: usize = 1_000;
/// The name of the source that tells of violations. It has no plan of its own.
pub const SOURCE_NAME: &str = "Tracking plan violations";
/// The name of the events that tell of them.
pub const EVENT_NAME: &str = "Violation Generated";

/// Whether a source is the one that tells of violations.
#[must_use]
pub fn tells(source: &Source) -> bool {
    source.name == SOURCE_NAME
}

/// An event that was not as planned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Broken {
    /// Its place on the ledger.
    pub position: Position,
    /// When it was received.
    pub received: Millis,
    /// When it happened.
    pub at: Millis,
    /// When the client says it sent it.
    pub sent: Option<Millis>,
    /// Where it came from.
    pub source: SourceNo,
    /// With what kind of key.
    pub key_kind: KeyKind,
    /// The word of its type.
    pub kind: Box<str>,
    /// Its name.
    pub name: Box<str>,
    /// Its message id.
    pub message_id: Box<str>,
    /// Who it was about.
    pub identifiers: Vec<Identifier>,
    /// Whether it was taken all the same.
    pub taken: bool,
    /// The plan's version that it was judged by.
    pub version: u32,
    /// What was wrong with it.
    pub violations: Vec<Violation>,
}

impl Broken {
    /// What is kept of an event.
    #[must_use]
    pub fn of(event: &Event, version: u32, taken: bool, violations: Vec<Violation>) -> Broken {
        Broken {
            position: event.position,
            received: event.received,
            at: event.at,
            sent: event.sent,
            source: event.source,
            key_kind: event.key_kind,
            kind: event.kind.word().into(),
            name: event.name.clone(),
            message_id: event.message_id.clone(),
            identifiers: event.identifiers.clone(),
            taken,
            version,
            violations,
        }
    }

    /// One event in Segment's form for each violation; the words of its properties are those of
    /// Segment's own. Nothing where nobody is named whom it could be about.
    #[must_use]
    pub fn told(&self, source_name: &str, plan_name: &str) -> Vec<Value> {
        let id = |kind: &IdKind| {
            let found = self.identifiers.iter().find(|id| id.kind == *kind)?;
            Some(Value::from(&*found.value))
        };
        let mut about = Map::new();
        about.extend(id(&IdKind::UserId).map(|id| ("userId".to_owned(), id)));
        about.extend(id(&IdKind::AnonymousId).map(|id| ("anonymousId".to_owned(), id)));
        if about.is_empty() {
            return Vec::new();
        }
        let one = |(number, violation): (usize, &Violation)| {
            let mut event = about.clone();
            event.insert("type".to_owned(), "track".into());
            event.insert("event".to_owned(), EVENT_NAME.into());
            let id = format!("violation-{}-{number}", self.position);
            event.insert("messageId".to_owned(), id.into());
            event.insert("timestamp".to_owned(), self.at.to_string().into());
            let properties = json!({
                "eventName": self.name, "eventType": self.kind,
                "eventMessageID": self.message_id,
                "eventTimestamp": self.at.to_string(),
                "eventSentAt": self.sent.map(|sent| sent.to_string()),
                "sourceID": self.source.0.to_string(), "sourceName": source_name,
                "trackingPlanName": plan_name, "trackingPlanVersion": self.version,
                "violationField": violation.field, "violationType": violation.kind,
                "violationDescription": violation.description,
                "taken": self.taken,
            });
            event.insert("properties".to_owned(), properties);
            Value::Object(event)
        };
        self.violations.iter().enumerate().map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(identifiers: Vec<Identifier>) -> Broken {
        let violation = |field: &str| Violation {
            field: field.into(),
            kind: "required".into(),
            description: "is a required property".into(),
        };
        Broken {
            position: Position::event(7, 2),
            received: Millis(2_000),
            at: Millis(1_000),
            sent: None,
            source: SourceNo(3),
            key_kind: KeyKind::Browser,
            kind: "track".into(),
            name: "Order Completed".into(),
            message_id: "m1".into(),
            identifiers,
            taken: true,
            version: 4,
            violations: vec![violation("order_id"), violation("revenue")],
        }
    }

    #[test]
    fn each_violation_is_an_event_of_the_same_person_under_an_id_of_its_own() {
        let ada = Identifier {
            kind: IdKind::UserId,
            value: "ada".into(),
        };
        let told = broken(vec![ada]).told("Shop", "Plan");
        assert_eq!(told.len(), 2);
        assert_eq!(told[0]["userId"], "ada");
        assert_eq!(told[0]["properties"]["violationField"], "order_id");
        assert_eq!(told[1]["properties"]["eventMessageID"], "m1");
        assert_ne!(told[0]["messageId"], told[1]["messageId"]);
        assert_eq!(
            told,
            broken(vec![Identifier {
                kind: IdKind::UserId,
                value: "ada".into()
            }])
            .told("Shop", "Plan")
        );
    }

    #[test]
    fn nobody_to_be_about_is_told_to_nobody() {
        assert!(broken(Vec::new()).told("Shop", "Plan").is_empty());
    }
}
