//! What PostHog's SDKs send, what attackers send, and what becomes of it.

use super::*;
use crate::event::{Call, KeyKind, Origin, SourceNo};
use proptest::prelude::*;

const RECEIVED: Millis = Millis(1_700_000_100_000);
const MADE: &str = "0190d3e1-5c2b-7f00-8a4e-9b1c2d3e4f50";

fn request(key_kind: KeyKind, body: impl Into<Vec<u8>>) -> Request {
    Request {
        number: 7,
        received: RECEIVED,
        origin: Origin {
            source: SourceNo(1),
            key_kind,
            dialect: Dialect::Posthog,
            call: Call::Batch,
            ip: Some("203.0.113.9".into()),
            user_agent: Some("agent/1".into()),
        },
        body: body.into(),
    }
}

#[track_caller]
fn one_by(key_kind: KeyKind, body: &str) -> Event {
    match validate(&request(key_kind, body)).remove(0) {
        Validated::Event(event) => *event,
        Validated::Invalid { reason, .. } | Validated::Filtered { reason, .. } => {
            panic!("{body}: {reason:?}")
        }
    }
}

#[track_caller]
fn one(body: &str) -> Event {
    one_by(KeyKind::Server, body)
}

fn ids(event: &Event) -> Vec<String> {
    event.identifiers.iter().map(ToString::to_string).collect()
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn a_python_batch() {
    let body = r#"{"batch":[
        {"properties":{"price":1.25,"$lib":"posthog-python","$lib_version":"7.91.1"},
         "timestamp":"2023-11-14T22:13:20+00:00","distinct_id":"u-1","event":"Bought","uuid":"m-1"},
        {"distinct_id":"u-1","$set":{"email":"a@b.c","plan":"gold"},"event":"$set","properties":{},"uuid":"m-2"},
        {"distinct_id":"v","event":"$create_alias","properties":{"distinct_id":"v","alias":"u-1"},"uuid":"m-3"},
        {"event":"$groupidentify","distinct_id":"u-1","uuid":"m-4",
         "properties":{"$group_type":"company","$group_key":"acme","$group_set":{"name":"Acme"}}}],
        "historical_migration":false,"sent_at":"2023-11-14T22:13:21+00:00","api_key":"k"}"#;
    let made = validate(&request(KeyKind::Server, body));
    let events: Vec<&Event> = made
        .iter()
        .map(|made| match made {
            Validated::Event(event) => &**event,
            Validated::Invalid { reason, .. } | Validated::Filtered { reason, .. } => {
                panic!("{reason:?}")
            }
        })
        .collect();
    let [bought, set, alias, group] = events[..] else {
        panic!("{made:?}")
    };
    assert_eq!(
        (bought.kind, &*bought.name, &*bought.message_id),
        (Kind::Track, "Bought", "m-1")
    );
    assert_eq!(ids(bought), ["user_id:u-1"]);
    assert_eq!(
        bought.at,
        Millis(1_700_000_099_000),
        "its clock is 99 s behind"
    );
    assert_eq!(json(&bought.context)["library"]["name"], "posthog-python");
    assert_eq!(json(&bought.properties)["price"], 1.25);
    assert_eq!(set.kind, Kind::Identify);
    assert_eq!(ids(set), ["user_id:u-1", "email:a@b.c"]);
    assert_eq!(
        json(&set.traits),
        json(r#"{"email":"a@b.c","plan":"gold"}"#)
    );
    assert_eq!(
        (alias.kind, alias.previous.as_deref()),
        (Kind::Alias, Some("u-1"))
    );
    assert_eq!(ids(alias), ["user_id:v"]);
    assert_eq!(
        (group.kind, group.group.as_deref()),
        (Kind::Group, Some("acme"))
    );
    assert_eq!(&*group.traits, r#"{"name":"Acme"}"#);
}

#[test]
fn identify_joins_the_person_and_the_visitor_they_were() {
    let body = format!(
        r#"{{"event":"$identify","properties":{{"distinct_id":"ada","$anon_distinct_id":"{MADE}","token":"k",
        "$is_identified":true,"$set":{{"plan":"gold"}},"$set_once":{{"came_by":"ad"}}}},"uuid":"m"}}"#
    );
    let event = one_by(KeyKind::Browser, &body);
    assert_eq!(event.kind, Kind::Identify);
    assert_eq!(
        ids(&event),
        ["user_id:ada".to_owned(), format!("anonymous_id:{MADE}")]
    );
    assert_eq!(&*event.traits, r#"{"plan":"gold"}"#);
    assert_eq!(
        json(&event.extra)["$said"],
        json(r#"{"once":{"came_by":"ad"}}"#)
    );
    assert!(!event.extra.contains("token"));
    let alone = one(
        r#"{"event":"$identify","distinct_id":"ada","properties":{"$anon_distinct_id":"ada"}}"#,
    );
    assert_eq!(ids(&alone), ["user_id:ada"]);
}

#[test]
fn a_distinct_id_is_a_person_s_or_a_visitor_s_by_the_evidence() {
    use KeyKind::{Browser, Server};
    for (key_kind, distinct, properties, expected) in [
        // The evidence of the event itself goes first, whoever sends it.
        (
            Browser,
            "v",
            r#""$user_id":"ada""#,
            vec!["user_id:ada", "anonymous_id:v"],
        ),
        (Server, "ada", r#""$user_id":"ada""#, vec!["user_id:ada"]),
        (
            Browser,
            MADE,
            r#""$is_identified":true"#,
            vec!["user_id:MADE"],
        ),
        (
            Server,
            "ada",
            r#""$is_identified":false"#,
            vec!["anonymous_id:ada"],
        ),
        (
            Server,
            "ada",
            r#""$process_person_profile":false"#,
            vec!["anonymous_id:ada"],
        ),
        (
            Browser,
            MADE,
            r#""$device_id":"MADE""#,
            vec!["anonymous_id:MADE"],
        ),
        (
            Browser,
            "ada",
            r#""$device_id":"MADE""#,
            vec!["user_id:ada"],
        ),
        // Without any a server's own ids name people, and what an SDK made is a visitor's.
        (Server, "ada", "", vec!["user_id:ada"]),
        (Server, MADE, "", vec!["user_id:MADE"]),
        (Browser, MADE, "", vec!["anonymous_id:MADE"]),
        (Browser, "ada", "", vec!["user_id:ada"]),
    ] {
        let properties = properties.replace("MADE", MADE);
        let body =
            format!(r#"{{"event":"E","distinct_id":"{distinct}","properties":{{{properties}}}}}"#);
        let expected: Vec<_> = expected.iter().map(|id| id.replace("MADE", MADE)).collect();
        assert_eq!(ids(&one_by(key_kind, &body)), expected, "{body}");
    }
}

#[test]
fn an_alias_s_made_up_id_is_the_visitor_s_whichever_side_it_stands_on() {
    for (distinct, alias, person, previous) in [
        ("ada", MADE, "ada", MADE),
        (MADE, "ada", "ada", MADE),
        ("ada", "ada-old", "ada", "ada-old"),
    ] {
        let body = format!(
            r#"{{"event":"$create_alias","distinct_id":"{distinct}","properties":{{"alias":"{alias}"}}}}"#
        );
        let event = one(&body);
        assert_eq!(ids(&event), [format!("user_id:{person}")]);
        assert_eq!(event.previous.as_deref(), Some(previous));
    }
}

#[test]
fn a_browser_s_list_of_events() {
    let body = r#"[{"event":"$pageview","uuid":"m-1","offset":1500,"properties":{"token":"k","distinct_id":"MADE",
        "$device_id":"MADE","$is_identified":false,"$current_url":"https://shop/milk","$pathname":"/milk",
        "title":"Milk","$session_id":"s","$raw_user_agent":"Mozilla","$lib":"web"}},
        {"event":"$screen","distinct_id":"d","properties":{"$screen_name":"Basket"}},
        {"event":"$autocapture","distinct_id":"d","properties":{},"$set_once":{"a":1},"$set":{"b":2}}]"#
        .replace("MADE", MADE);
    let made = validate(&request(KeyKind::Browser, body));
    let [
        Validated::Event(page),
        Validated::Event(screen),
        Validated::Event(track),
    ] = &made[..]
    else {
        panic!("{made:?}")
    };
    assert_eq!((page.kind, &*page.name), (Kind::Page, "Milk"));
    assert_eq!(page.at, RECEIVED.plus(-1500));
    assert_eq!(
        json(&page.context),
        json(
            r#"{"page":{"url":"https://shop/milk","path":"/milk","title":"Milk"},"sessionId":"s",
            "userAgent":"Mozilla","library":{"name":"web"},"ip":"203.0.113.9"}"#
        )
    );
    assert_eq!(json(&page.properties)["$current_url"], "https://shop/milk");
    assert!(!page.properties.contains("token"));
    assert_eq!((screen.kind, &*screen.name), (Kind::Screen, "Basket"));
    assert_eq!((track.kind, &*track.name), (Kind::Track, "$autocapture"));
    assert_eq!(
        json(&track.extra),
        json(r#"{"$said":{"set":{"b":2},"once":{"a":1}}}"#)
    );
}

#[test]
fn a_company_needs_nobody_to_describe_it() {
    let group = |distinct: &str, type_: &str| {
        one(&format!(
            r#"{{"event":"$groupidentify","distinct_id":"{distinct}","properties":{{"$group_type":"{type_}","$group_key":"acme"}}}}"#
        ))
    };
    assert_eq!(
        ids(&group("$company_acme", "company")),
        Vec::<String>::new()
    );
    assert_eq!(ids(&group(MADE, "company")), Vec::<String>::new());
    assert_eq!(ids(&group("ada", "company")), ["user_id:ada"]);
    assert_eq!(group("ada", "team").group.as_deref(), Some("team:acme"));
}

#[test]
fn engage_describes_a_person_without_an_event() {
    let event = one(r#"{"$token":"k","$distinct_id":"ada","$set":{"plan":"gold"}}"#);
    assert_eq!(
        (event.kind, ids(&event)),
        (Kind::Identify, vec!["user_id:ada".to_owned()])
    );
    assert_eq!(&*event.traits, r#"{"plan":"gold"}"#);
    assert_eq!(&*event.extra, "{}");
}

#[test]
fn each_rule_has_its_reason() {
    let long = "x".repeat(101);
    for (body, code) in [
        ("7".to_owned(), "invalid_json"),
        ("[7]".into(), "invalid_event"),
        ("[".into(), "invalid_batch"),
        (r#"{"batch":7}"#.into(), "invalid_batch"),
        (r#"{"distinct_id":"d"}"#.into(), "missing_event_name"),
        (r#"{"event":"E"}"#.into(), "missing_id"),
        (r#"{"event":"E","distinct_id":null}"#.into(), "missing_id"),
        (r#"{"event":"E","distinct_id":{}}"#.into(), "invalid_id"),
        (
            r#"{"event":{},"distinct_id":"d"}"#.into(),
            "invalid_event_name",
        ),
        (
            r#"{"event":"E","distinct_id":"d","properties":[]}"#.into(),
            "invalid_properties",
        ),
        (
            r#"{"event":"E","distinct_id":"d","$set":1}"#.into(),
            "invalid_traits",
        ),
        (
            r#"{"event":"$create_alias","distinct_id":"d"}"#.into(),
            "missing_previous_id",
        ),
        (
            r#"{"event":"$groupidentify","distinct_id":"d"}"#.into(),
            "missing_group_id",
        ),
        (
            format!(r#"{{"event":"E","distinct_id":"d","uuid":"{long}"}}"#),
            "message_id_too_long",
        ),
    ] {
        let made = validate(&request(KeyKind::Server, body.clone()));
        let [Validated::Invalid { reason, .. }] = &made[..] else {
            panic!("{body}")
        };
        assert_eq!(reason.code, code, "{body}");
    }
}

#[test]
fn a_redriven_item_keeps_where_it_came_from() {
    let body = r#"{"context":{"redrive_of":"1-0"},"batch":[{"event":"E","distinct_id":"d"}]}"#;
    assert_eq!(json(&one(body).context), json(r#"{"redrive_of":"1-0"}"#));
}

#[test]
fn lone_surrogates_repeated_members_and_a_byte_order_mark_lose_nothing() {
    let event = one(
        "\u{feff}{\"event\":\"A\",\"event\":\"B\\ud800\",\"distinct_id\":\"d\",\"properties\":{\"a\":\"\\udc00\"}}",
    );
    assert_eq!(&*event.name, "B\u{fffd}");
    assert_eq!(json(&event.properties), json(r#"{"a":"\ufffd"}"#));
}

const VALID: &str = r#"{"batch":[{"event":"$identify","distinct_id":"u","properties":{"$anon_distinct_id":"a",
    "$set":{"email":"a@b.c"},"token":"k"},"timestamp":"2023-11-14T22:13:20Z","offset":12,"uuid":"m"},
    {"event":"$groupidentify","properties":{"distinct_id":"d","$group_key":"g","$group_set":{}}},null],
    "sent_at":"2023-11-14T22:13:20Z"}"#;

proptest! {
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
        for validated in validate(&request(KeyKind::Browser, body)) {
            if let Validated::Event(event) = validated {
                for raw in [&event.traits, &event.properties, &event.context, &event.extra] {
                    prop_assert!(serde_json::from_str::<&RawValue>(raw).is_ok(), "{}", raw);
                }
            }
        }
    }
}
