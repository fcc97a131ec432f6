//! What Jitsu's SDK sends beyond Segment's calls.

use super::*;
use crate::event::{Call, Event, KeyKind, Kind, Origin, SourceNo};
use crate::time::Millis;

fn request(call: Call, key_kind: KeyKind, body: &str) -> Request {
    Request {
        number: 7,
        received: Millis(1_700_000_100_000),
        origin: Origin {
            source: SourceNo(1),
            key_kind,
            dialect: Dialect::Jitsu,
            call,
            ip: Some("203.0.113.9".into()),
            user_agent: Some("agent/1".into()),
        },
        body: body.into(),
    }
}

#[track_caller]
fn event(call: Call, key_kind: KeyKind, body: &str) -> Event {
    match validate(&request(call, key_kind, body)).remove(0) {
        Validated::Event(event) => *event,
        Validated::Invalid { reason, .. } | Validated::Filtered { reason, .. } => {
            panic!("{body}: {reason:?}")
        }
    }
}

const TRACK: Call = Call::One(Kind::Track);

#[test]
fn an_event_s_own_type_goes_before_the_address() {
    for (body, kind) in [
        (r#"{"type":"page","anonymousId":"a"}"#, Kind::Page),
        (
            r#"{"type":"identify","userId":"u","traits":{}}"#,
            Kind::Identify,
        ),
        (
            r#"{"type":"event","anonymousId":"a","event":"E"}"#,
            Kind::Track,
        ),
        (r#"{"anonymousId":"a","event":"E"}"#, Kind::Track),
    ] {
        assert_eq!(event(TRACK, KeyKind::Browser, body).kind, kind, "{body}");
    }
}

#[test]
fn a_browser_s_address_and_agent_are_those_of_its_socket() {
    let body = r#"{"type":"page","anonymousId":"a","userId":null,"writeKey":"k:***","groupId":"g",
        "context":{"ip":"1.2.3.4","userAgent":"forged","locale":"de"}}"#;
    let context = |key_kind| {
        let event = event(Call::One(Kind::Page), key_kind, body);
        serde_json::from_str::<serde_json::Value>(&event.context).expect("JSON")
    };
    let of_browser = context(KeyKind::Browser);
    assert_eq!(
        (
            &of_browser["ip"],
            &of_browser["userAgent"],
            &of_browser["locale"]
        ),
        (&"203.0.113.9".into(), &"agent/1".into(), &"de".into())
    );
    let of_server = context(KeyKind::Server);
    assert_eq!(
        (&of_server["ip"], &of_server["userAgent"]),
        (&"1.2.3.4".into(), &"forged".into())
    );
}

#[test]
fn a_masked_key_is_no_part_of_the_event() {
    let body = r#"{"type":"track","event":"E","anonymousId":"a","writeKey":"k:***"}"#;
    assert_eq!(&*event(TRACK, KeyKind::Browser, body).extra, "{}");
}
