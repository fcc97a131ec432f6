//! Deliveries that would make a million events, gigabytes, or hours of work.

use super::*;

#[test]
fn a_delivery_makes_so_many_events_and_no_more() {
    let map = r#"{"each": "[]", "rules": [{"type": "track", "event": "E", "identifiers": {"user_id": "{.}"}}]}"#;
    let list = |count: usize| format!("[{}]", vec!["1"; count].join(","));
    assert_eq!(apply(map, &list(EVENTS_MAX)).len(), EVENTS_MAX);
    codes(map, &list(EVENTS_MAX + 1), &["too_many_events"]);
    codes(map, &list(1_500_000), &["too_many_events"]);
    let nested = r#"{"each": "[][][]", "rules": [{"skip": true}]}"#;
    let cube = format!(
        "[{}]",
        vec![format!("[{}]", vec!["[1,1,1]"; 100].join(",")); 100].join(",")
    );
    codes(nested, &cube, &["too_many_events"]);
}

#[test]
fn a_delivery_makes_so_many_bytes_and_no_more() {
    let map = r#"{"each": "i[]", "rules": [{"type": "track", "event": "E", "identifiers": {"user_id": "u"}, "properties": {"p": "{$.big}"}}]}"#;
    let body = |bytes: usize, items: usize| {
        let list = vec!["1"; items].join(",");
        format!(r#"{{"big": "{}", "i": [{list}]}}"#, "x".repeat(bytes))
    };
    codes(map, &body(30_000, 1), &["event"]);
    codes(map, &body(40_000, 1), &["event_too_large"]);
    codes(map, &body(30_000, 2_000), &["output_too_large"]);
    let mapped = apply(map, &body(1_000_000, 2_000));
    assert_eq!(mapped.len(), 1, "rejected items are bytes, too");
}

#[test]
fn a_delivery_costs_so_much_work_and_no_more() {
    let map = r#"{"each": "i[]", "rules": [{"type": "track", "event": "E", "identifiers": {"user_id": "u"},
        "properties": {"p": {"each": "l[]", "of": "{^.x|lower|upper|lower}"}}}]}"#;
    let list = vec!["1"; 15_000].join(",");
    let item = format!(r#"{{"x": "{}", "l": [{list}]}}"#, "x".repeat(20_000));
    codes(map, &format!("{{\"i\": [{item}]}}"), &["too_much_work"]);
    let list = vec!["1"; 30_000].join(",");
    codes(
        map,
        &format!("{{\"i\": [{{\"l\": [{list}]}}]}}"),
        &["too_much_work"],
    );
}

#[test]
fn what_is_no_json_is_one_invalid_delivery() {
    let map = r#"{"rules": [{"skip": true}]}"#;
    for body in ["", "{", "{\"a\":}", "nul", "{}{}"] {
        codes(map, body, &["invalid_json"]);
    }
    codes(map, "null", &["skipped"]);
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    codes(map, &deep, &["skipped"]);
}

proptest! {
    #[test]
    fn any_delivery_becomes_events_that_are_whole(
        body in r#"(\[|\]|\{|\}|,|:|"a"|"event"|"id"|1|null|true|"x\\u00e9"){0,30}"#,
    ) {
        for name in ready::names() {
            let map = ready::find(name).unwrap().map().unwrap();
            let delivery = Delivery { headers: &[], body: &body };
            let mapped = map.apply(delivery);
            prop_assert!(!mapped.is_empty());
            prop_assert_eq!(&mapped, &map.apply(delivery));
        }
    }
}
