//! What Segment's SDKs send, what attackers send, and what becomes of it.

use super::*;
use crate::event::{Dialect, KeyKind, Kind, Origin, SourceNo};
use proptest::prelude::*;

const RECEIVED: Millis = Millis(1_700_000_100_000);

fn request(call: Call, key_kind: KeyKind, body: impl Into<Vec<u8>>) -> Request {
    Request {
        number: 7,
        received: RECEIVED,
        origin: Origin {
            source: SourceNo(1),
            key_kind,
            dialect: Dialect::Segment,
            call,
            ip: Some("203.0.113.9".into()),
            user_agent: Some("agent/1".into()),
        },
        body: body.into(),
    }
}

fn made(call: Call, body: impl Into<Vec<u8>>) -> Vec<Validated> {
    validate(&request(call, KeyKind::Server, body))
}

fn single(kind: Kind, body: &str) -> Validated {
    made(Call::One(kind), body).remove(0)
}

#[track_caller]
fn accepted(kind: Kind, body: &str) -> Event {
    match single(kind, body) {
        Validated::Event(event) => *event,
        Validated::Invalid { reason, .. } | Validated::Filtered { reason, .. } => {
            panic!("{body}: {reason:?}")
        }
    }
}

#[track_caller]
fn refused(kind: Kind, body: &str, code: &str) {
    match single(kind, body) {
        Validated::Event(event) => panic!("{body} became {event:?}"),
        Validated::Invalid { reason, raw, .. } | Validated::Filtered { reason, raw, .. } => {
            assert_eq!(reason.code, code, "{body}");
            assert_eq!(&*raw, body);
        }
    }
}

fn ids(event: &Event) -> Vec<String> {
    event.identifiers.iter().map(ToString::to_string).collect()
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn a_browser_sdk_s_single_call() {
    let body = r#"{"timestamp":"2023-11-14T22:13:20.000Z","integrations":{},"anonymousId":"anon-1",
        "event":"Product Viewed","type":"track","properties":{"sku":"milk-1","price":1.29},
        "context":{"page":{"path":"/"},"userAgent":"Mozilla/5.0","locale":"de","timezone":"Europe/Berlin",
        "library":{"name":"analytics.js","version":"npm:next-1.84.3"}},
        "messageId":"ajs-next-1700000000000-8a1f","writeKey":"wk","userId":null,
        "sentAt":"2023-11-14T22:13:21.000Z","_metadata":{"bundled":["Segment.io"]}}"#;
    let request = request(Call::One(Kind::Track), KeyKind::Browser, body);
    let Validated::Event(event) = validate(&request).remove(0) else {
        panic!("refused");
    };
    assert_eq!(event.name.as_ref(), "Product Viewed");
    assert_eq!(ids(&event), ["anonymous_id:anon-1"]);
    assert_eq!(event.message_id.as_ref(), "ajs-next-1700000000000-8a1f");
    assert_eq!(event.original, Some(Millis(1_700_000_000_000)));
    assert_eq!(event.sent, Some(Millis(1_700_000_001_000)));
    assert_eq!(
        event.at,
        Millis(1_700_000_099_000),
        "the client's clock is 99 s behind"
    );
    assert_eq!(
        event.properties.as_ref(),
        r#"{"sku":"milk-1","price":1.29}"#
    );
    assert_eq!(event.traits.as_ref(), "{}");
    let context = json(&event.context);
    assert_eq!(context["ip"], "203.0.113.9");
    assert_eq!(
        context["userAgent"], "Mozilla/5.0",
        "what the SDK says stands"
    );
    let extra = json(&event.extra);
    assert_eq!(extra["_metadata"]["bundled"][0], "Segment.io");
    assert_eq!(extra["integrations"], json("{}"));
    assert!(
        extra.get("writeKey").is_none(),
        "a credential is not kept with the event"
    );
}

#[test]
fn a_server_sdk_s_batch() {
    let body = r#"{"batch":[
        {"anonymousId":null,"userId":"u-1","type":"identify","traits":{"email":"ana@example.org"},
         "context":{"library":{"name":"analytics-python","version":"2.4.0"}},"integrations":{},
         "timestamp":"2023-11-14T22:13:20.000000+00:00","messageId":"m-1"},
        {"userId":42,"type":"track","event":"Order Completed","properties":{"revenue":10.5},
         "timestamp":"2023-11-14T22:13:20.123456+00:00","messageId":"m-2"},
        {"userId":"u-1","type":"group","groupId":7,"traits":{"name":"Dairy"}},
        {"userId":"u-2","previousId":"u-1","type":"alias"},
        {"userId":"u-1","type":"page","name":"Home","category":"Docs"}],
        "sentAt":"2023-11-14T22:13:30Z","writeKey":"wk"}"#;
    let events: Vec<Event> = made(Call::Batch, body)
        .into_iter()
        .map(|made| match made {
            Validated::Event(event) => *event,
            Validated::Invalid { reason, .. } | Validated::Filtered { reason, .. } => {
                panic!("{reason:?}")
            }
        })
        .collect();
    let kinds: Vec<_> = events.iter().map(|event| event.kind).collect();
    assert_eq!(
        kinds,
        [
            Kind::Identify,
            Kind::Track,
            Kind::Group,
            Kind::Alias,
            Kind::Page
        ]
    );
    assert_eq!(events[0].traits.as_ref(), r#"{"email":"ana@example.org"}"#);
    assert!(
        !events[0].context.contains("203.0.113.9"),
        "a server's address says nothing"
    );
    assert!(ids(&events[1]).contains(&"user_id:42".to_owned()));
    assert_eq!(events[1].sent, Some(Millis(1_700_000_010_000)));
    assert_eq!(events[2].group.as_deref(), Some("7"));
    assert_eq!(events[2].message_id.as_ref(), "position-7-2");
    assert_eq!(events[3].previous.as_deref(), Some("u-1"));
    assert_eq!(ids(&events[3]), ["user_id:u-2"]);
    assert_eq!(events[4].name.as_ref(), "Home");
    assert_eq!(events[4].extra.as_ref(), r#"{"category":"Docs"}"#);
}

#[test]
fn traits_of_the_context_count_for_the_person_and_not_for_a_company() {
    let identify = r#"{"userId":"u","context":{"traits":{"a":1,"b":2}},"traits":{"a":3}}"#;
    assert_eq!(
        json(&accepted(Kind::Identify, identify).traits),
        json(r#"{"a":3,"b":2}"#)
    );
    let only_context = r#"{"userId":"u","channel":"server","context":{"traits":{"a":1}}}"#;
    let event = accepted(Kind::Identify, only_context);
    assert_eq!(event.traits.as_ref(), r#"{"a":1}"#);
    assert_eq!(event.extra.as_ref(), r#"{"channel":"server"}"#);
    let group =
        r#"{"userId":"u","groupId":"g","context":{"traits":{"a":1}},"traits":{"name":"G"}}"#;
    assert_eq!(
        accepted(Kind::Group, group).traits.as_ref(),
        r#"{"name":"G"}"#
    );
}

#[test]
fn a_batch_s_context_and_integrations_lie_under_each_item_s() {
    let body = r#"{"context":{"app":"shop","locale":"de"},"integrations":{"All":false},
        "batch":[{"type":"track","event":"E","userId":"u","context":{"locale":"fr"},
                  "integrations":{"CRM":true}},
                 {"type":"track","event":"E","userId":"u"}]}"#;
    let made = made(Call::Batch, body);
    let [Validated::Event(first), Validated::Event(second)] = made.as_slice() else {
        panic!("{made:?}");
    };
    assert_eq!(
        json(&first.context),
        json(r#"{"app":"shop","locale":"fr"}"#)
    );
    assert_eq!(
        json(&first.extra),
        json(r#"{"integrations":{"All":false,"CRM":true}}"#)
    );
    assert_eq!(
        json(&second.context),
        json(r#"{"app":"shop","locale":"de"}"#)
    );
}

#[test]
fn each_rule_of_the_protocol_has_its_reason() {
    for (kind, body, code) in [
        (Kind::Track, r#"{"event":"E"}"#, "missing_id"),
        (
            Kind::Track,
            r#"{"event":"E","userId":null,"anonymousId":""}"#,
            "missing_id",
        ),
        (Kind::Track, r#"{"userId":"u"}"#, "missing_event_name"),
        (
            Kind::Track,
            r#"{"userId":"u","event":""}"#,
            "missing_event_name",
        ),
        (
            Kind::Track,
            r#"{"userId":"u","event":{}}"#,
            "invalid_event_name",
        ),
        (Kind::Group, r#"{"userId":"u"}"#, "missing_group_id"),
        (Kind::Alias, r#"{"userId":"u"}"#, "missing_previous_id"),
        (
            Kind::Alias,
            r#"{"previousId":"u","anonymousId":"a"}"#,
            "missing_user_id",
        ),
        (Kind::Page, r#"{"userId":["u"]}"#, "invalid_user_id"),
        (
            Kind::Page,
            r#"{"anonymousId":true}"#,
            "invalid_anonymous_id",
        ),
        (
            Kind::Page,
            r#"{"userId":"u","properties":[]}"#,
            "invalid_properties",
        ),
        (
            Kind::Page,
            r#"{"userId":"u","context":"c"}"#,
            "invalid_context",
        ),
        (
            Kind::Identify,
            r#"{"userId":"u","traits":"t"}"#,
            "invalid_traits",
        ),
        (
            Kind::Page,
            r#"{"userId":"u","integrations":1}"#,
            "invalid_integrations",
        ),
        (Kind::Page, r#"[]"#, "invalid_event"),
        (Kind::Page, r#"null"#, "invalid_event"),
    ] {
        refused(kind, body, code);
    }
}

#[test]
fn a_bad_item_does_not_harm_its_neighbours() {
    let body = r#"{"batch":[1,{"userId":"u"},{"type":"dance","userId":"u"},{"type":7},
        {"type":"page","userId":"u"}]}"#;
    let made = made(Call::Batch, body);
    let codes: Vec<_> = made
        .iter()
        .map(|made| match made {
            Validated::Event(_) => "event",
            Validated::Invalid { reason, .. } | Validated::Filtered { reason, .. } => {
                reason.code.as_str()
            }
        })
        .collect();
    assert_eq!(
        codes,
        [
            "invalid_event",
            "missing_type",
            "unknown_type",
            "unknown_type",
            "event"
        ]
    );
    let Validated::Event(event) = &made[4] else {
        panic!("not an event")
    };
    assert_eq!(event.position, Position::event(7, 4));
    let Validated::Invalid { position, raw, .. } = &made[1] else {
        panic!("an event")
    };
    assert_eq!(
        (*position, raw.as_ref()),
        (Position::event(7, 1), r#"{"userId":"u"}"#)
    );
}

#[test]
fn a_body_without_a_batch_is_kept_whole() {
    for (body, code) in [
        ("", "invalid_json"),
        ("[]", "invalid_json"),
        (r#"{"batch":[}"#, "invalid_json"),
        ("{}", "missing_batch"),
        (r#"{"batch":{}}"#, "invalid_batch"),
    ] {
        let made = made(Call::Batch, body);
        let [Validated::Invalid { reason, raw, .. }] = made.as_slice() else {
            panic!("{made:?}")
        };
        assert_eq!((reason.code.as_str(), raw.as_ref()), (code, body));
    }
    assert!(made(Call::Batch, r#"{"batch":[]}"#).is_empty());
}

#[test]
fn an_event_may_be_32_kb_and_not_a_byte_more() {
    for (bytes, fits) in [(EVENT_BYTES_MAX, true), (EVENT_BYTES_MAX + 1, false)] {
        let empty = r#"{"type":"track","userId":"u","event":"E","properties":{"p":""}}"#;
        let filled = empty.replace(
            r#""p":"""#,
            &format!(r#""p":"{}""#, "x".repeat(bytes - empty.len())),
        );
        assert_eq!(filled.len(), bytes);
        let alone = matches!(single(Kind::Track, &filled), Validated::Event(_));
        let in_batch = made(Call::Batch, format!(r#"{{"batch":[{filled}]}}"#)).remove(0);
        assert_eq!(
            (alone, matches!(in_batch, Validated::Event(_))),
            (fits, fits),
            "{bytes}"
        );
    }
}

#[test]
fn ids_have_a_longest_length_in_characters() {
    for (member, kind, max, code) in [
        (
            "messageId",
            Kind::Group,
            MESSAGE_ID_CHARS_MAX,
            "message_id_too_long",
        ),
        (
            "groupId",
            Kind::Group,
            GROUP_ID_CHARS_MAX,
            "group_id_too_long",
        ),
    ] {
        let body = |chars| {
            let long = "ü".repeat(chars);
            if member == "groupId" {
                format!(r#"{{"userId":"u","groupId":"{long}"}}"#)
            } else {
                format!(r#"{{"userId":"u","groupId":"g","{member}":"{long}"}}"#)
            }
        };
        accepted(kind, &body(max));
        refused(kind, &body(max + 1), code);
    }
}

#[test]
fn lone_surrogates_nul_and_a_byte_order_mark_lose_nothing() {
    let event = accepted(
        Kind::Track,
        "\u{feff}{\"userId\":\"u\\ud800\",\"event\":\"E\\u0000\",\"properties\":{\"a\\udc00\":\"\\ud83d\"}}",
    );
    assert_eq!(ids(&event), ["user_id:u\u{fffd}"]);
    assert_eq!(event.name.as_ref(), "E\0");
    assert_eq!(json(&event.properties), json(r#"{"a\ufffd":"\ufffd"}"#));
}

#[test]
fn of_repeated_members_the_last_wins() {
    let body = r#"{"userId":"a","userId":"b","event":"E","event":"F","x":1,"x":2,
        "properties":{"p":1},"properties":{"p":2,"p":3}}"#;
    let event = accepted(Kind::Track, body);
    assert_eq!(ids(&event), ["user_id:b"]);
    assert_eq!(event.name.as_ref(), "F");
    assert_eq!(event.extra.as_ref(), r#"{"x":2}"#);
    assert_eq!(event.properties.as_ref(), r#"{"p":2,"p":3}"#);
}

#[test]
fn timestamps_are_read_in_every_spelling_and_kept_where_they_cannot_be() {
    for (timestamp, expected) in [
        (r#""2023-11-14T22:13:20Z""#, Some(Millis(1_700_000_000_000))),
        (
            r#""2023-11-14T23:13:20.5+01:00""#,
            Some(Millis(1_700_000_000_500)),
        ),
        ("1700000000500", Some(Millis(1_700_000_000_500))),
        ("1700000000.5", Some(Millis(1_700_000_000_500))),
        (r#""1970-01-01T00:00:00Z""#, Some(Millis(0))),
        ("null", None),
        (r#""yesterday""#, None),
        ("{}", None),
        ("-1", None),
        ("1e300", None),
    ] {
        let event = accepted(
            Kind::Page,
            &format!(r#"{{"userId":"u","timestamp":{timestamp}}}"#),
        );
        assert_eq!(event.original, expected, "{timestamp}");
        let kept = expected.is_none() && timestamp != "null";
        assert_eq!(
            json(&event.extra).get("timestamp"),
            kept.then(|| json(timestamp)).as_ref()
        );
    }
    let rudder = r#"{"userId":"u","originalTimestamp":"2023-11-14T22:13:20Z","sentAt":"2023-11-14T22:13:21Z"}"#;
    let event = accepted(Kind::Page, rudder);
    assert_eq!(event.original, Some(Millis(1_700_000_000_000)));
    assert_eq!(event.at, Millis(1_700_000_099_000));
}

#[test]
fn identifiers_come_from_traits_and_context_but_not_from_a_company_s_traits() {
    let identify = r#"{"userId":"u","traits":{"email":"a@b.c","phone":"+49301234"},
        "context":{"device":{"id":"d"},"externalIds":[{"id":"x","type":"loyalty"}]}}"#;
    let expected = [
        "user_id:u",
        "email:a@b.c",
        "phone:+49301234",
        "device_id:d",
        "loyalty:x",
    ];
    assert_eq!(ids(&accepted(Kind::Identify, identify)), expected);
    let group = r#"{"userId":"u","groupId":"g","traits":{"email":"info@g.c"},
        "context":{"traits":{"email":"a@b.c"}}}"#;
    assert_eq!(
        ids(&accepted(Kind::Group, group)),
        ["user_id:u", "email:a@b.c"]
    );
}

#[test]
fn a_server_may_ask_for_the_address_of_its_socket() {
    let event = accepted(Kind::Page, r#"{"userId":"u","context":{"direct":true}}"#);
    assert_eq!(json(&event.context)["ip"], "203.0.113.9");
}

#[test]
fn members_of_other_calls_are_kept_as_extra() {
    let event = accepted(
        Kind::Identify,
        r#"{"userId":"u","event":"E","groupId":"g","previousId":"p","name":"n","properties":{"a":1}}"#,
    );
    assert_eq!(
        (event.name.as_ref(), event.group, event.previous),
        ("", None, None)
    );
    let expected =
        r#"{"event":"E","groupId":"g","previousId":"p","name":"n","properties":{"a":1}}"#;
    assert_eq!(json(&event.extra), json(expected));
}

#[test]
fn a_printed_event_is_read_as_the_same_event_whenever_it_is_sent_again() {
    let body = r#"{"batch":[
        {"type":"track","userId":"u\"1","anonymousId":7,"event":"E","properties":{"a":1.50},"messageId":"1",
         "context":{"traits":{"email":"a@b.c"}},"timestamp":"2023-11-14T22:13:20Z","x":[1]},
        {"type":"identify","userId":"u","traits":{"a":1},"integrations":{"All":false},"event":"odd"},
        {"type":"page","anonymousId":"a","name":"Home","timestamp":"yesterday"},
        {"type":"group","userId":"u","groupId":"g","traits":{"name":"G"}},
        {"type":"alias","userId":"u","previousId":"p"},
        {"type":"screen","anonymousId":"a","properties":{}}],"sentAt":"2023-11-14T22:13:30Z"}"#;
    for validated in made(Call::Batch, body) {
        let Validated::Event(event) = validated else {
            panic!("{validated:?}")
        };
        let mut later = request(
            Call::Batch,
            KeyKind::Server,
            format!("{{\"batch\":[{}]}}", print(&event)),
        );
        later.received = RECEIVED.plus(86_400_000);
        let Validated::Event(again) = validate(&later).remove(0) else {
            panic!("{}", print(&event))
        };
        let expected = Event {
            position: again.position,
            received: again.received,
            original: Some(event.at),
            sent: None,
            traits: again.traits.clone(),
            extra: again.extra.clone(),
            ..*event.clone()
        };
        assert_eq!(*again, expected);
        assert_eq!(json(&again.traits), json(&event.traits));
    }
}

fn whole(made: &Validated) -> bool {
    match made {
        Validated::Event(event) => [
            &event.traits,
            &event.properties,
            &event.context,
            &event.extra,
        ]
        .iter()
        .all(|raw| serde_json::from_str::<&RawValue>(raw).is_ok() && raw.trim().starts_with('{')),
        Validated::Invalid { reason, .. } | Validated::Filtered { reason, .. } => {
            !reason.code.is_empty()
        }
    }
}

const VALID: &str = r#"{"batch":[{"type":"track","userId":"u","event":"E","properties":{"a":[1,{"b":"\ud83d\ude00"}]},
    "context":{"traits":{"email":"a@b.c"},"ip":null},"timestamp":"2023-11-14T22:13:20Z","messageId":"m","z":1.5e3},
    {"type":"group","anonymousId":7,"groupId":"g","traits":{"name":"x"}},null],
    "context":{"locale":"de"},"integrations":{"All":true},"sentAt":"2023-11-14T22:13:20Z"}"#;

proptest! {
    #[test]
    fn any_bytes_are_validated_without_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        for call in [Call::Batch, Call::One(Kind::Track)] {
            prop_assert!(made(call, body.clone()).iter().all(whole));
        }
    }

    #[test]
    fn mutated_bodies_are_validated_without_panic(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 1..6),
    ) {
        let mut body = VALID.as_bytes().to_vec();
        for (place, byte, edit) in edits {
            let place = place.index(body.len().max(1));
            match edit {
                _ if body.is_empty() => body.push(byte),
                0 => body[place] = byte,
                1 => body.insert(place, byte),
                _ => drop(body.remove(place)),
            }
        }
        for call in [Call::Batch, Call::One(Kind::Group)] {
            prop_assert!(made(call, body.clone()).iter().all(whole));
        }
    }

    #[test]
    fn every_item_becomes_exactly_one_result(count in 0..40_usize) {
        let items = vec![r#"{"type":"page","userId":"u"}"#; count].join(",");
        prop_assert_eq!(made(Call::Batch, format!(r#"{{"batch":[{items}]}}"#)).len(), count);
    }
}
