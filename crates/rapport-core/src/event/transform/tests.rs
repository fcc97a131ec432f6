//! Each step on events, through its spelling: what an operator writes, and what comes of it.

use super::change::Change;
use super::geo::{Place, Places};
use super::script::{Failure, Scripts};
use super::{Step, Tools, Transformations, Transformed, is_left_out, read};
use crate::event::dialect::segment;
use crate::event::{Call, Dialect, Event, KeyKind, Origin, Request, SourceNo, Validated};
use crate::outcome::Outcome;
use crate::time::Millis;
use core::net::IpAddr;
use proptest::prelude::*;

const TRACK: &str = r#"{"type":"track","event":"Product Viewed","userId":"u1","anonymousId":"a1",
    "messageId":"m1","timestamp":"2026-01-01T10:00:00.000Z",
    "properties":{"sku":"77","price":24.50,"big":12345678901234567890,"products":[{"sku":"1"},{"sku":"2"}]},
    "context":{"ip":"203.0.113.77","traits":{"email":"Ana@example.org"},
      "userAgent":"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
      "page":{"url":"https://shop.example/milk?utm_source=news&utm_campaign=Spring%20Milk+2&utm_medium=email#top",
              "referrer":"https://www.google.se/"}}}"#;
const IDENTIFY: &str = r#"{"type":"identify","userId":"u1","messageId":"m2",
    "traits":{"email":"ana@example.org","plan":"gold"},"context":{"traits":{"email":"old@example.org","age":7}}}"#;
const GROUP: &str = r#"{"type":"group","userId":"u1","groupId":"dairy","messageId":"m3",
    "traits":{"email":"office@dairy.example"},"context":{"traits":{"email":"ana@example.org"}}}"#;

fn event(item: &str) -> Event {
    let request = Request {
        number: 7,
        received: Millis(1_800_000_000_000),
        origin: Origin {
            source: SourceNo(1),
            key_kind: KeyKind::Browser,
            dialect: Dialect::Segment,
            call: Call::Batch,
            ip: None,
            user_agent: None,
        },
        body: format!("{{\"batch\":[{item}]}}").into_bytes(),
    };
    match segment::validate(&request).remove(0) {
        Validated::Event(event) => *event,
        Validated::Invalid { reason, .. } | Validated::Filtered { reason, .. } => {
            panic!("{item}: {reason:?}")
        }
    }
}

struct Everywhere;

impl Places for Everywhere {
    fn place(&self, address: IpAddr) -> Option<Place> {
        (address.to_string() == "203.0.113.77").then(|| Place {
            country: Some("Sweden".to_owned()),
            country_code: Some("SE".to_owned()),
            city: Some("Lund".to_owned()),
            latitude: Some(55.7),
            ..Place::default()
        })
    }
}

/// A "script" that does what its code says.
struct Parrot;

impl Scripts for Parrot {
    fn run(&mut self, code: &str, item: &str, _: Millis) -> Result<Option<String>, Failure> {
        match code {
            "out" => Ok(None),
            "throw" => Err(Failure::Threw("no".to_owned())),
            "float" => Ok(Some(
                item.replace("24.50", "24.5")
                    .replace("12345678901234567890", "12345678901234567000"),
            )),
            "steal" => Ok(Some(
                item.replace("\"m1\"", "\"m9\"")
                    .replace("Product Viewed", "Seen"),
            )),
            other => Ok(Some(other.to_owned())),
        }
    }
}

fn steps(spelled: &str) -> Vec<Step> {
    read(&[spelled]).unwrap_or_else(|error| panic!("{spelled}: {error}"))
}

fn apply(item: &str, spelled: &str) -> (Event, Transformed) {
    let event = event(item);
    let transformations = Transformations {
        enabled: true,
        version: 1,
        steps: steps(spelled),
    };
    let mut parrot = Parrot;
    let mut tools = Tools {
        hash: &|text| text.len() as u128,
        places: Some(&Everywhere),
        scripts: Some(&mut parrot),
    };
    let transformed = transformations.apply(&event, &mut tools);
    (event, transformed)
}

#[track_caller]
fn changed(item: &str, spelled: &str) -> Event {
    match apply(item, spelled) {
        (before, Transformed::Changed(after)) => {
            let mut made = before.clone();
            Change::of(&before, &after).make(&mut made);
            assert_eq!(made, *after, "a change makes one into the other");
            assert_eq!(
                (
                    before.position,
                    before.received,
                    before.source,
                    &before.message_id
                ),
                (
                    after.position,
                    after.received,
                    after.source,
                    &after.message_id
                )
            );
            *after
        }
        (_, other) => panic!("{spelled}: {other:?}"),
    }
}

fn ids(event: &Event) -> Vec<String> {
    event.identifiers.iter().map(ToString::to_string).collect()
}

#[test]
fn values_get_other_names_and_keep_their_digits() {
    let after = changed(
        TRACK,
        r#"{"rename":{"from":"properties.sku","to":"properties.product_id"}}"#,
    );
    assert!(
        after
            .properties
            .starts_with(r#"{"product_id":"77","price":24.50,"big":12345678901234567890"#)
    );
    let after = changed(
        TRACK,
        r#"{"rename":{"from":"properties.products.*.sku","to":"properties.products.*.id"}}"#,
    );
    assert!(
        after
            .properties
            .contains(r#""products":[{"id":"1"},{"id":"2"}]"#)
    );
    let after = changed(
        TRACK,
        r#"{"rename":{"from":"properties.sku","to":"context.app.sku"}}"#,
    );
    assert!(
        after.context.contains(r#""app":{"sku":"77"}"#) && !after.properties.contains("\"77\"")
    );
    let after = changed(
        TRACK,
        r#"{"rename":{"from":"userId","to":"properties.customer"}}"#,
    );
    assert_eq!(ids(&after), ["anonymous_id:a1", "email:Ana@example.org"]);
    let same = r#"{"rename":{"from":"properties.nothing","to":"properties.x"}}"#;
    assert_eq!(apply(TRACK, same).1, Transformed::Same);
}

#[test]
fn what_is_dropped_is_gone_from_wherever_it_was() {
    let after = changed(
        TRACK,
        r#"{"drop":["properties.sku","context.ip","anonymousId"]}"#,
    );
    assert!(!after.properties.contains("\"77\"") && !after.context.contains("203.0.113"));
    assert_eq!(ids(&after), ["user_id:u1", "email:Ana@example.org"]);
    for path in ["traits.email", "context.traits.email"] {
        let after = changed(IDENTIFY, &format!(r#"{{"drop":["{path}"]}}"#));
        assert_eq!(ids(&after), ["user_id:u1"], "{path}");
        assert!(!format!("{after:?}").contains("example.org"), "{path}");
    }
    let after = changed(GROUP, r#"{"drop":["traits.email"]}"#);
    assert!(after.traits.is_empty() || &*after.traits == "{}");
    assert_eq!(ids(&after), ["user_id:u1", "email:ana@example.org"]);
}

#[test]
fn a_secret_that_was_sent_twice_is_dropped_twice() {
    let item = r#"{"type":"track","event":"E","userId":"u","properties":{"card":"4111","card":"4222","x":1}}"#;
    let after = changed(item, r#"{"drop":["properties.card"]}"#);
    assert_eq!(&*after.properties, r#"{"x":1}"#);
}

#[test]
fn masked_values_say_nothing_of_anybody() {
    let by = |by: &str, path: &str| {
        changed(TRACK, &format!(r#"{{"mask":{{"paths":["{path}"],{by}}}}}"#))
    };
    let hash = "0000000000000000000000000000000f";
    let after = by(r#""by":"hash""#, "traits.email");
    assert!(after.context.contains(hash) && ids(&after).contains(&format!("email:{hash}")));
    assert!(
        by(r#""by":"redact""#, "properties.sku")
            .properties
            .contains("[redacted]")
    );
    assert_eq!(&*by(r#""by":"truncate","keep":2"#, "event").name, "Pr");
    assert!(
        by(r#""by":"ip""#, "context.ip")
            .context
            .contains("203.0.113.0")
    );
    assert!(
        by(r#""by":"ip""#, "properties.sku")
            .properties
            .contains("[redacted]")
    );
    assert!(
        by(r#""by":"hash""#, "properties.price")
            .properties
            .contains(r#""price":"0000"#)
    );
}

#[test]
fn events_are_left_out_by_the_rule_languages_filters() {
    let out = r#"{"name":"no_views","filter":{"drop":"event = \"Product Viewed\" and properties.price > 20"}}"#;
    match apply(TRACK, out).1 {
        Transformed::LeftOut(reason) => {
            assert_eq!(reason.code, "transform_no_views");
            assert!(is_left_out(&Outcome::Filtered(reason)));
        }
        other => panic!("{other:?}"),
    }
    for keep in [
        r#"type = \"track\""#,
        r#"traits.email ends with \"example.org\""#,
        r#"not (properties.products.1.sku = \"1\")"#,
        r#"context.page.url contains \"utm_\""#,
    ] {
        let spelled = format!(r#"{{"filter":{{"keep":"{keep}"}}}}"#);
        assert_eq!(apply(TRACK, &spelled).1, Transformed::Same, "{keep}");
    }
}

#[test]
fn a_step_may_be_meant_for_some_events_only() {
    let name = r#"{"set":{"path":"event","value":"Seen"},"when":"properties.sku = \"77\""}"#;
    assert_eq!(&*changed(TRACK, name).name, "Seen");
    let never = r#"{"set":{"path":"event","value":"Seen"},"when":"properties.sku = \"78\""}"#;
    assert_eq!(apply(TRACK, never).1, Transformed::Same);
    let absent = r#"{"set":{"path":"properties.sku","value":1,"if_absent":true}}"#;
    assert_eq!(apply(TRACK, absent).1, Transformed::Same);
    let plan = changed(IDENTIFY, r#"{"set":{"path":"traits.plan","value":"none"}}"#);
    assert!(plan.traits.contains(r#""plan":"none""#));
}

#[test]
fn events_are_enriched_and_what_was_there_stays() {
    let after = changed(TRACK, r#"{"user_agent":{}}"#);
    assert!(
        after
            .context
            .contains(r#""browser":{"name":"Chrome","version":"120.0.0.0"}"#),
        "{}",
        after.context
    );
    assert!(after.context.contains(r#""device":{"type":"desktop"}"#));
    let after = changed(TRACK, r#"{"geo":{}}"#);
    assert!(after.context.contains(
        r#""location":{"city":"Lund","country":"Sweden","countryCode":"SE","latitude":55.7}"#
    ));
    let after = changed(TRACK, r#"{"campaign":{}}"#);
    assert!(
        after
            .context
            .contains(r#""campaign":{"source":"news","name":"Spring Milk 2","medium":"email"}"#)
    );
    let after = changed(TRACK, r#"{"referrer":{}}"#);
    assert!(
        after
            .context
            .contains(r#""referrer":{"type":"search","name":"Google","host":"www.google.se""#)
    );
    let known = r#"{"type":"track","event":"E","userId":"u","context":{"ip":"203.0.113.77","location":{"city":"Malmö"}}}"#;
    let after = changed(known, r#"{"geo":{}}"#);
    assert!(after.context.contains(r#""city":"Malmö""#) && after.context.contains("Sweden"));
    assert_eq!(apply(GROUP, r#"{"referrer":{}}"#).1, Transformed::Same);
}

#[test]
fn what_a_script_returns_is_read_like_what_was_sent() {
    let run = |code: &str| apply(TRACK, &format!(r#"{{"name":"s","script":{code:?}}}"#)).1;
    assert_eq!(run("float"), Transformed::Same);
    assert!(matches!(run("out"), Transformed::LeftOut(reason) if reason.code == "transform_s"));
    assert!(
        matches!(run("throw"), Transformed::Failed(reason) if reason.code == "script_threw" && reason.message == "step `s`: no")
    );
    for no_event in [
        "{}",
        r#"{"type":"track","userId":"u"}"#,
        "[]",
        "nonsense",
        "",
    ] {
        assert!(
            matches!(run(no_event), Transformed::Failed(reason) if reason.code == "transformed_to_no_event"),
            "{no_event}"
        );
    }
    let after = changed(TRACK, r#"{"script":"steal"}"#);
    assert_eq!((&*after.message_id, &*after.name), ("m1", "Seen"));
}

#[test]
fn an_event_without_anybody_is_no_event() {
    let nobody = r#"{"drop":["userId","anonymousId"]}"#;
    assert!(
        matches!(apply(TRACK, nobody).1, Transformed::Failed(reason) if reason.message.contains("missing_id"))
    );
}

#[test]
fn steps_that_make_no_sense_are_refused_with_their_place() {
    for (spelled, said) in [
        (r#"{}"#, "step 1: a step is one of"),
        (r#"{"drop":["a"],"geo":{}}"#, "two steps"),
        (r#"{"dorp":["a"]}"#, "unknown field `dorp`"),
        (r#"{"drop":[]}"#, "names no path"),
        (r#"{"drop":["messageId"]}"#, "`messageId` cannot be changed"),
        (r#"{"drop":["a..b"]}"#, "a name is empty"),
        (r#"{"set":{"path":"a.*","value":1}}"#, "one place"),
        (r#"{"rename":{"from":"a.*.b","to":"c"}}"#, "last name alone"),
        (r#"{"rename":{"from":"a","to":"a"}}"#, "the same"),
        (
            r#"{"mask":{"paths":["a"],"by":"truncate"}}"#,
            "needs `keep`",
        ),
        (
            r#"{"mask":{"paths":["a"],"by":"blur"}}"#,
            "unknown variant `blur`",
        ),
        (r#"{"filter":{}}"#, "`keep` or `drop`"),
        (r#"{"filter":{"keep":"event is 7"}}"#, "is no condition"),
        (r#"{"geo":{},"name":"No Way"}"#, "`No Way` is no name"),
    ] {
        let error = read(&[spelled]).expect_err(spelled);
        assert!(error.contains(said), "{spelled}: {error}");
    }
    assert!(read(&[r#"{"geo":{},"name":"a"}"#, r#"{"geo":{},"name":"a"}"#]).is_err());
    assert!(read(&["{\"geo\":{}}"; 51]).is_err());
    let many = format!(r#"{{"drop":[{}]}}"#, vec!["\"a\""; 501].join(","));
    assert!(read(&[&many]).is_err());
    let large = format!(
        r#"{{"set":{{"path":"a","value":"{}"}}}}"#,
        "x".repeat(5_000)
    );
    assert!(read(&[&large]).is_err());
}

#[test]
fn steps_come_back_from_where_they_are_kept() {
    let spelled = [
        r#"{"rename":{"from":"properties.a","to":"properties.b"}}"#,
        r#"{"drop":["properties.\"a b\"","traits.x"]}"#,
        r#"{"set":{"path":"event","value":{"a":[1,null]},"if_absent":true},"when":"type = \"track\""}"#,
        r#"{"mask":{"paths":["context.ip"],"by":"truncate","keep":3}}"#,
        r#"{"filter":{"drop":"event exists"}}"#,
        r#"{"user_agent":{}}"#,
        r#"{"geo":{}}"#,
        r#"{"campaign":{}}"#,
        r#"{"referrer":{"internal":["a.example"]}}"#,
        r#"{"script":"function transform(event) { return event }"}"#,
    ];
    let command = crate::entry::Command::PutTransformations {
        source: SourceNo(1),
        enabled: true,
        steps: read(&spelled).expect("steps"),
    };
    let json = serde_json::to_string(&command).expect("plain data");
    assert_eq!(
        serde_json::from_str::<crate::entry::Command>(&json).expect("a command"),
        command
    );
}

#[test]
fn a_printed_event_is_read_as_the_same_event() {
    for item in [TRACK, IDENTIFY, GROUP] {
        let event = event(item);
        let read = segment::reread(&event, &segment::print(&event)).expect("an event");
        assert_eq!(read, event, "{item}");
    }
}

const VALUES: [&str; 5] = [
    "1.50",
    "\"x\"",
    "null",
    r#"{"a":{"b":[1,{"c":2}]}}"#,
    r#"[1,{"a":2}]"#,
];

proptest! {
    #[test]
    fn any_steps_on_any_event_end_well(
        path in r#"(properties|traits|context|event|userId|integrations|\*)(\.([a-c]|\*|0|"x y")){0,3}"#,
        to in r"(properties|traits|context)(\.[a-c]){1,2}",
        value in prop::sample::select(&VALUES[..]),
    ) {
        let item = format!(
            r#"{{"type":"track","event":"E","userId":"u","properties":{{"a":{value},"b":[{value}]}},"context":{{"traits":{{"a":{value}}}}}}}"#
        );
        let before = event(&item);
        for spelled in [
            format!(r#"{{"drop":[{path:?}]}}"#),
            format!(r#"{{"rename":{{"from":{path:?},"to":{to:?}}}}}"#),
            format!(r#"{{"set":{{"path":{path:?},"value":{value}}}}}"#),
            format!(r#"{{"mask":{{"paths":[{path:?}],"by":"redact"}}}}"#),
        ] {
            let Ok(steps) = read(&[&spelled]) else { continue };
            let transformations = Transformations { enabled: true, version: 1, steps };
            let mut tools = Tools { hash: &|_| 7, places: None, scripts: None };
            if let Transformed::Changed(after) = transformations.apply(&before, &mut tools) {
                for text in [&after.properties, &after.context, &after.traits, &after.extra] {
                    prop_assert!(serde_json::from_str::<serde_json::Value>(text).is_ok(), "{spelled}: {text}");
                }
            }
        }
    }
}
