//! Shapes, filters and keys of the messages about segments.

use super::*;
use std::collections::BTreeSet;
use std::sync::LazyLock;

fn destination(key: &str, shape: Shape, segments: &[&str]) -> Destination {
    Destination {
        key: key.into(),
        url: "https://example.org/hook".into(),
        secret: "s".into(),
        shape,
        segments: segments.iter().map(ToString::to_string).collect(),
        concurrency: None,
        created: Millis(0),
        updated: Millis(0),
    }
}

static NAMES: LazyLock<Vec<Identifier>> = LazyLock::new(|| {
    vec![
        Identifier::new(IdKind::AnonymousId, "a0"),
        Identifier::new(IdKind::UserId, "u1"),
        Identifier::new(IdKind::AnonymousId, "a1"),
        Identifier::new(IdKind::Email, "ana@example.org"),
    ]
});

fn change() -> Change<'static> {
    Change {
        segment_key: "shoppers",
        segment_no: 7,
        segment_name: "Shoppers of the week",
        entered: true,
        at: Millis(1_700_000_000_123),
        late: false,
        person: ProfileNo(42),
        profile: ProfileNo(42),
        names: &NAMES,
        cause: Position::event(9, 3),
    }
}

fn one(shape: Shape, change: &Change<'_>) -> (Message, Value) {
    let mut all = messages(&[destination("hook", shape, &[])], change);
    assert_eq!(all.len(), 1);
    let message = all.remove(0);
    let body = serde_json::from_str(&message.body).expect("the body is JSON");
    (message, body)
}

#[test]
fn entering_is_a_track_call_in_segments_shape() {
    let (message, body) = one(Shape::Track, &change());
    assert_eq!(message.about, About::Person(ProfileNo(42)));
    let expected = serde_json::json!({
        "type": "track",
        "event": "Audience Entered",
        "messageId": message.key,
        "userId": "u1",
        "anonymousId": "a1",
        "timestamp": "2023-11-14T22:13:20.123Z",
        "properties": {"audience_key": "shoppers", "shoppers": true},
        "context": {
            "personas": {
                "computation_class": "audience",
                "computation_id": "seg_7",
                "computation_key": "shoppers",
                "namespace": "rapport",
                "space_id": "rapport",
            },
            "traits": {"email": "ana@example.org"},
            "externalIds": [
                {"id": "a0", "type": "anonymous_id", "collection": "users", "encoding": "none"},
                {"id": "u1", "type": "user_id", "collection": "users", "encoding": "none"},
                {"id": "a1", "type": "anonymous_id", "collection": "users", "encoding": "none"},
                {"id": "ana@example.org", "type": "email", "collection": "users", "encoding": "none"},
            ],
            "profile_id": "prf_42",
            "audience_name": "Shoppers of the week",
        },
        "version": 2,
    });
    assert_eq!(body, expected);
}

#[test]
fn leaving_is_a_track_call_that_says_false() {
    let (_, body) = one(
        Shape::Track,
        &Change {
            entered: false,
            ..change()
        },
    );
    assert_eq!(body["event"], "Audience Exited");
    assert_eq!(body["properties"]["shoppers"], false);
}

#[test]
fn an_identify_carries_the_segment_as_a_trait_and_no_event() {
    let (_, body) = one(Shape::Identify, &change());
    assert_eq!(body["type"], "identify");
    assert_eq!(body["traits"], serde_json::json!({"shoppers": true}));
    assert!(body.get("event").is_none() && body.get("properties").is_none());
}

#[test]
fn who_was_merged_is_spoken_of_under_the_number_that_is_left() {
    let merged = Change {
        profile: ProfileNo(7),
        ..change()
    };
    let (message, body) = one(Shape::Track, &merged);
    assert_eq!(message.about, About::Person(ProfileNo(7)));
    assert_eq!(body["context"]["profile_id"], "prf_7");
}

#[test]
fn what_is_unknown_is_absent_rather_than_null() {
    let nobody = Change {
        names: &[],
        ..change()
    };
    let (message, body) = one(Shape::Track, &nobody);
    for field in ["userId", "anonymousId"] {
        assert!(body.get(field).is_none(), "{field}");
    }
    assert!(!message.body.contains("null"));
    assert_eq!(body["context"]["profile_id"], "prf_42");
}

#[test]
fn a_late_change_is_marked_late_and_no_other_is() {
    assert!(
        one(Shape::Track, &change()).1["context"]
            .get("late")
            .is_none()
    );
    let late = Change {
        late: true,
        ..change()
    };
    assert_eq!(one(Shape::Track, &late).1["context"]["late"], true);
}

#[test]
fn a_destination_hears_only_of_the_segments_it_names() {
    let destinations = [
        destination("all", Shape::Track, &[]),
        destination("other", Shape::Track, &["buyers"]),
        destination("ours", Shape::Identify, &["buyers", "shoppers"]),
    ];
    let sent = messages(&destinations, &change());
    let to: Vec<_> = sent
        .iter()
        .map(|message| message.destination.as_str())
        .collect();
    assert_eq!(to, ["all", "ours"]);
}

#[test]
fn a_segment_named_audience_key_still_names_itself() {
    let odd = Change {
        segment_key: "audience_key",
        ..change()
    };
    let (message, body) = one(Shape::Track, &odd);
    assert_eq!(body["properties"]["audience_key"], "audience_key");
    assert_eq!(message.body.matches("\"audience_key\":").count(), 1);
}

#[test]
fn quotes_and_control_characters_stay_inside_their_values() {
    let names = [Identifier::new(IdKind::UserId, "a\",\"userId\":\"b\u{0}\n")];
    let hostile = Change {
        names: &names,
        ..change()
    };
    let (_, body) = one(Shape::Track, &hostile);
    assert_eq!(body["userId"], "a\",\"userId\":\"b\u{0}\n");
}

#[test]
fn the_key_repeats_for_the_same_change_and_for_no_other() {
    let hook = destination("hook", Shape::Track, &[]);
    let base = change();
    let different = [
        Change {
            segment_no: 8,
            ..base.clone()
        },
        Change {
            entered: false,
            ..base.clone()
        },
        Change {
            at: base.at.plus(1),
            ..base.clone()
        },
        Change {
            person: ProfileNo(43),
            ..base.clone()
        },
        Change {
            cause: Position::event(9, 4),
            ..base.clone()
        },
        Change {
            cause: Position::command(9, 3),
            ..base.clone()
        },
        Change {
            cause: Position::event(10, 3),
            ..base.clone()
        },
    ];
    let mut keys: BTreeSet<_> = different
        .iter()
        .map(|c| idempotency_key(&hook, c))
        .collect();
    keys.insert(idempotency_key(
        &destination("hook2", Shape::Track, &[]),
        &base,
    ));
    keys.insert(idempotency_key(&hook, &base));
    assert_eq!(keys.len(), different.len() + 2);

    // What may be learnt or renamed between two folds does not reach the key.
    let renamed = Change {
        segment_name: "x",
        names: &[],
        profile: ProfileNo(7),
        late: true,
        ..base.clone()
    };
    assert_eq!(
        idempotency_key(&hook, &renamed),
        idempotency_key(&hook, &base)
    );
}

#[test]
fn the_key_is_pinned_because_receivers_remember_it() {
    let key = idempotency_key(&destination("hook", Shape::Track, &[]), &change());
    assert_eq!(key, "aud_761b3e8e082e41347aff8e59f6ef3136");
}
