//! What RudderStack's SDKs send beyond Segment's calls.

use super::*;
use crate::event::{Call, Event, KeyKind, Origin, SourceNo};
use crate::time::Millis;

fn made(call: Call, body: &str) -> Vec<Validated> {
    validate(&Request {
        number: 7,
        received: Millis(1_700_000_100_000),
        origin: Origin {
            source: SourceNo(1),
            key_kind: KeyKind::Server,
            dialect: Dialect::Rudder,
            call,
            ip: None,
            user_agent: None,
        },
        body: body.into(),
    })
}

#[track_caller]
fn event(validated: &Validated) -> &Event {
    match validated {
        Validated::Event(event) => event,
        Validated::Invalid { reason, raw, .. } | Validated::Filtered { reason, raw, .. } => {
            panic!("{raw}: {reason:?}")
        }
    }
}

fn ids(event: &Event) -> Vec<String> {
    event.identifiers.iter().map(ToString::to_string).collect()
}

#[test]
fn a_python_batch_carries_traits_in_the_context() {
    let body = r#"{"batch":[{"integrations":{"All":true},"anonymousId":null,
        "timestamp":"2023-11-14T22:13:20.123000+00:00","context":{"traits":{"email":"a@b.c","plan":"gold"},
        "library":{"name":"analytics-python","version":"2.1.9"}},"type":"identify","userId":"u-1",
        "messageId":"m-1","channel":"server"}],"sentAt":"2023-11-14T22:13:21+00:00"}"#;
    let made = made(Call::Batch, body);
    let event = event(&made[0]);
    assert_eq!(event.kind, Kind::Identify);
    assert_eq!(&*event.traits, r#"{"email":"a@b.c","plan":"gold"}"#);
    assert_eq!(ids(event), ["user_id:u-1", "email:a@b.c"]);
    assert_eq!(event.original, Some(Millis(1_700_000_000_123)));
}

#[test]
fn a_node_event_s_time_is_its_original_timestamp() {
    let body = r#"{"batch":[{"type":"track","event":"E","userId":"u","channel":"server","messageId":"m",
        "originalTimestamp":"2023-11-14T22:13:20.000Z","sentAt":"2023-11-14T22:13:30.000Z"}],
        "timestamp":"2023-11-14T22:13:30.000Z","sentAt":"2023-11-14T22:13:30.000Z"}"#;
    let made = made(Call::Batch, body);
    assert_eq!(event(&made[0]).original, Some(Millis(1_700_000_000_000)));
    assert_eq!(event(&made[0]).at, Millis(1_700_000_090_000));
}

#[test]
fn a_beacon_stamped_ten_minutes_ahead_moves_no_event() {
    let body = r#"{"batch":[{"type":"page","anonymousId":"a","messageId":"m",
        "originalTimestamp":"2023-11-14T22:14:59.000Z","sentAt":"2023-11-14T22:24:59.000Z"}]}"#;
    let made = made(Call::Batch, body);
    assert_eq!(event(&made[0]).at, Millis(1_700_000_099_000));
}

#[test]
fn a_merge_is_what_our_own_calls_mean_by_the_same_pair() {
    let merge = |pair: &str| {
        let item = format!(r#"{{"type":"merge","messageId":"m","mergeProperties":{pair}}}"#);
        let alone = made(Call::One(Kind::Alias), &item).remove(0);
        let in_batch = made(Call::Batch, &format!(r#"{{"batch":[{item}]}}"#)).remove(0);
        assert_eq!(alone, in_batch);
        alone
    };
    let both = merge(r#"[{"type":"email","value":"a@b.c"},{"type":"anonymousId","value":"v"}]"#);
    assert_eq!(event(&both).kind, Kind::Identify);
    assert_eq!(ids(event(&both)), ["email:a@b.c", "anonymous_id:v"]);
    let users = merge(r#"[{"type":"user_id","value":"old"},{"type":"userId","value":7}]"#);
    assert_eq!(event(&users).kind, Kind::Alias);
    assert_eq!(ids(event(&users)), ["user_id:7"]);
    assert_eq!(event(&users).previous.as_deref(), Some("old"));
    let custom = merge(r#"[{"type":"Loyalty Card","value":"1"},{"type":"phone","value":"+1"}]"#);
    assert_eq!(ids(event(&custom)), ["loyalty_card:1", "phone:+1"]);
    assert!(event(&custom).extra.contains("mergeProperties"));
}

#[test]
fn a_merge_of_anything_but_two_identifiers_is_refused() {
    for pair in [
        "null",
        "[]",
        r#"[{"type":"email","value":"a@b.c"}]"#,
        r#"[{"type":"email","value":"a"},{"type":"email","value":"b"},{"type":"email","value":"c"}]"#,
        r#"[{"type":"email"},{"type":"email","value":"b"}]"#,
        r#"[{"type":"ü","value":"a"},{"type":"email","value":"b"}]"#,
        r#"[{"type":"email","value":{}},{"type":"email","value":"b"}]"#,
        r#"{"type":"email","value":"a"}"#,
    ] {
        let item = format!(r#"{{"batch":[{{"type":"merge","mergeProperties":{pair}}}]}}"#);
        let [Validated::Invalid { reason, .. }] = &made(Call::Batch, &item)[..] else {
            panic!("{pair}")
        };
        assert_eq!(reason.code, "invalid_merge", "{pair}");
    }
    let without = made(Call::Batch, r#"{"batch":[{"type":"merge","userId":"u"}]}"#);
    assert!(matches!(&without[..], [Validated::Invalid { .. }]));
}

#[test]
fn an_event_may_be_a_megabyte_and_not_a_byte_more() {
    for (bytes, fits) in [(1024 * 1024, true), (1024 * 1024 + 1, false)] {
        let empty = r#"{"type":"track","userId":"u","event":"E","properties":{"p":""}}"#;
        let filler = format!(r#""p":"{}""#, "x".repeat(bytes - empty.len()));
        let made = made(
            Call::Batch,
            &format!(r#"{{"batch":[{}]}}"#, empty.replace(r#""p":"""#, &filler)),
        );
        assert_eq!(matches!(&made[0], Validated::Event(_)), fits, "{bytes}");
    }
}
