//! What events say of people and companies.

use super::*;
use crate::event::{KeyKind, SourceNo};
use crate::position::Position;
use crate::time::Millis;

fn event(kind: Kind, traits: &str, context: &str) -> Event {
    Event {
        position: Position::event(1, 0),
        received: Millis(0),
        original: None,
        sent: None,
        at: Millis(0),
        source: SourceNo(1),
        key_kind: KeyKind::Browser,
        kind,
        name: "".into(),
        message_id: "m1".into(),
        identifiers: Vec::new(),
        previous: None,
        group: None,
        traits: traits.into(),
        properties: "{}".into(),
        context: context.into(),
        extra: "{}".into(),
    }
}

fn check(kind: Kind, traits: &str, context: &str, expected: &[(&str, &str)]) {
    let event = event(kind, traits, context);
    let found = traits_of(&event);
    let found: Vec<(&str, &str)> = found
        .iter()
        .map(|(name, value)| (&**name, *value))
        .collect();
    assert_eq!(found, expected, "{traits} {context}");
}

#[test]
fn an_identify_says_its_traits_and_those_of_its_context() {
    check(
        Kind::Identify,
        r#"{"plan": "gold", "age": 7}"#,
        "{}",
        &[("plan", "\"gold\""), ("age", "7")],
    );
    let context = r#"{"traits": {"plan": "free", "city": "Lund"}, "ip": "10.0.0.1"}"#;
    check(
        Kind::Identify,
        r#"{"plan": "gold"}"#,
        context,
        &[("plan", "\"gold\""), ("city", "\"Lund\"")],
    );
}

#[test]
fn objects_are_kept_whole_and_names_as_sent() {
    let traits = r#"{"firstName": "Ana", "address": {"city": "Lund", "street": "S 1"}}"#;
    let expected = [
        ("firstName", "\"Ana\""),
        ("address", r#"{"city": "Lund", "street": "S 1"}"#),
    ];
    check(Kind::Identify, traits, "{}", &expected);
}

#[test]
fn of_a_name_sent_twice_the_last_counts() {
    check(
        Kind::Identify,
        r#"{"a": 1, "b": 2, "\u0061": 3}"#,
        "{}",
        &[("a", "3"), ("b", "2")],
    );
}

#[test]
fn other_events_say_nothing_of_anybody() {
    let context = r#"{"traits": {"plan": "gold"}}"#;
    for kind in [Kind::Track, Kind::Page, Kind::Screen, Kind::Alias] {
        check(kind, r#"{"a": 1}"#, context, &[]);
    }
    check(
        Kind::Group,
        r#"{"name": "Acme"}"#,
        context,
        &[("name", "\"Acme\"")],
    );
}

#[test]
fn what_is_no_object_says_nothing() {
    for traits in ["[]", "null", "7", "\"x\"", "{", ""] {
        check(Kind::Identify, traits, "{}", &[]);
    }
}

#[test]
fn reserved_traits_are_known_in_every_spelling() {
    assert_eq!(of_a_person("firstName"), Some(("firstName", Form::Text)));
    assert_eq!(of_a_person("first_name"), Some(("firstName", Form::Text)));
    assert_eq!(of_a_person("createdAt"), Some(("createdAt", Form::Moment)));
    assert_eq!(of_a_person("plan"), None);
}
