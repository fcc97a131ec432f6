//! What maps make of deliveries, and what they refuse.

use super::*;
use proptest::prelude::*;

mod golden;
mod hostile;

fn read(map: &str) -> Map {
    Map::parse(map).unwrap_or_else(|error| panic!("{map}: {error}"))
}

fn apply(map: &str, body: &str) -> Vec<Mapped> {
    let headers = vec![("x-topic".to_owned(), "orders".to_owned())];
    read(map).apply(Delivery {
        headers: &headers,
        body,
    })
}

/// One rule for the whole body, with these members beside what every event needs.
fn rule(members: &str) -> String {
    format!(
        r#"{{"rules": [{{"type": "track", "event": "E", "identifiers": {{"user_id": "u"}}, {members}}}]}}"#
    )
}

#[track_caller]
fn properties(of: &str, body: &str, expected: &str) {
    let mapped = apply(&rule(&format!(r#""properties": {of}"#)), body);
    let [Mapped::Event(draft)] = &*mapped else {
        panic!("{mapped:?}");
    };
    assert_eq!(&*draft.properties, expected, "{of} of {body}");
}

#[track_caller]
fn codes(map: &str, body: &str, expected: &[&str]) {
    let mapped = apply(map, body);
    let codes: Vec<&str> = mapped
        .iter()
        .map(|mapped| match mapped {
            Mapped::Event(_) => "event",
            Mapped::Skipped { reason, .. } | Mapped::Invalid { reason, .. } => &reason.code,
        })
        .collect();
    assert_eq!(codes, expected, "{mapped:?}");
}

#[test]
fn a_template_of_one_path_keeps_the_type_and_others_are_text() {
    let body = r#"{"a": 1.50, "b": "x", "c": [1, {"d": true}], "e": null, "f": ""}"#;
    properties(r#"{"p": "{a}"}"#, body, r#"{"p":1.50}"#);
    properties(r#"{"p": "{a} {b}"}"#, body, r#"{"p":"1.50 x"}"#);
    properties(r#"{"p": "{c}"}"#, body, r#"{"p":[1, {"d": true}]}"#);
    properties(r#"{"p": "{c.1.d}"}"#, body, r#"{"p":true}"#);
    properties(
        r#"{"p": "{e}", "q": "{f}", "r": "{g}", "s": "x{f}"}"#,
        body,
        "{}",
    );
    properties(r#"{"p": "{e ?? g ?? b|upper}"}"#, body, r#"{"p":"X"}"#);
    properties(r#"{"p": "{{a}}"}"#, body, r#"{"p":"{a}"}"#);
    properties(
        r#"{"p": "{@x-topic}", "q": "{$.b}"}"#,
        body,
        r#"{"p":"orders","q":"x"}"#,
    );
    properties(
        r#"{"p": 5, "q": true, "r": null}"#,
        body,
        r#"{"p":5,"q":true,"r":null}"#,
    );
    properties(r#"{"{b}": "{a}"}"#, body, r#"{"x":1.50}"#);
    properties(r#"{"p": "{x\\.y}"}"#, r#"{"x.y": 1}"#, r#"{"p":1}"#);
}

#[test]
fn expressions_choose_build_and_sum() {
    let body = r#"{"s": "b", "items": [{"n": 1, "p": 2.5, "q": 2}, {"n": 2, "p": "0.1", "q": 3}], "bad": [{"p": 1}, {"p": "x"}]}"#;
    let choice = r#"{"p": {"map": "{s}", "to": {"a": 1, "b": "{items.0.n}"}, "else": 9}}"#;
    properties(choice, body, r#"{"p":1}"#);
    let otherwise = r#"{"p": {"map": "{s}", "to": {"a": 1}, "else": 9}}"#;
    properties(otherwise, body, r#"{"p":9}"#);
    let list = r#"{"p": {"each": "items[]", "of": {"object": {"n": "{n}", "s": "{^.s}"}}}}"#;
    properties(list, body, r#"{"p":[{"n":1,"s":"b"},{"n":2,"s":"b"}]}"#);
    let sum = r#"{"p": {"sum": "items[]", "of": ["{p}", "{q}"]}}"#;
    properties(sum, body, r#"{"p":5.3}"#);
    properties(r#"{"p": {"sum": "bad[]", "of": ["{p}"]}}"#, body, "{}");
    properties(r#"{"p": {"each": "none[]", "of": "{.}"}}"#, body, "{}");
    let when = r#"{"p": {"when": {"s": "a"}, "then": 1, "else": {"first": ["{none}", "{s}"]}}}"#;
    properties(when, body, r#"{"p":"b"}"#);
}

#[test]
fn items_are_found_below_lists_and_see_what_encloses_them() {
    let map = r#"{"each": "a[].b.c[]", "rules": [{"type": "track", "event": "E",
        "identifiers": {"user_id": "{id}"}, "properties": {"up": "{^.n}", "top": "{^^.t}", "body": "{$.t}"}}]}"#;
    let body = r#"{"t": 0, "a": [{"n": 1, "b": {"c": [{"id": "x"}, {"id": "y"}]}}, {"n": 2, "b": {}}, {"n": 3, "b": {"c": [{"id": "z"}]}}]}"#;
    let mapped = apply(map, body);
    let found: Vec<(String, &str)> = mapped
        .iter()
        .map(|mapped| match mapped {
            Mapped::Event(draft) => (draft.identifiers[0].to_string(), &*draft.properties),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        found,
        [
            ("user_id:x".to_owned(), r#"{"body":0,"top":0,"up":1}"#),
            ("user_id:y".to_owned(), r#"{"body":0,"top":0,"up":1}"#),
            ("user_id:z".to_owned(), r#"{"body":0,"top":0,"up":3}"#),
        ]
    );
    let lists_in_lists = r#"{"each": "[][]", "rules": [{"type": "track", "event": "E", "identifiers": {"user_id": "{.}"}}]}"#;
    codes(
        lists_in_lists,
        "[[1,2],[],[3]]",
        &["event", "event", "event"],
    );
}

#[test]
fn the_first_rule_whose_condition_holds_takes_an_item() {
    let map = |when: &str| {
        format!(
            r#"{{"rules": [{{"when": {when}, "skip": true}}, {{"type": "track", "event": "E", "identifiers": {{"user_id": "u"}}}}]}}"#
        )
    };
    let body = r#"{"n": 1, "f": 1.0, "s": "abc", "t": true, "z": null, "l": [], "o": "abc"}"#;
    for (when, holds) in [
        (r#"{"n": 1}"#, true),
        (r#"{"f": 1}"#, true),
        (r#"{"n": "1"}"#, false),
        (r#"{"s": "abc", "t": true}"#, true),
        (r#"{"s": "abc", "t": false}"#, false),
        (r#"[{"s": "x"}, {"t": true}]"#, true),
        (r#"{"z": null}"#, true),
        (r#"{"z": {"exists": false}, "l": {"exists": true}}"#, true),
        (r#"{"s": {"in": ["x", "abc"]}}"#, true),
        (r#"{"s": {"starts_with": "ab"}}"#, true),
        (r#"{"s": {"not": {"in": ["abc"]}}}"#, false),
        (r#"{"none": {"not": "x"}}"#, true),
        (r#"{"s": {"same_as": "o"}}"#, true),
        (r#"{"s": {"same_as": "none"}}"#, false),
        (r#"{"@x-topic": "orders"}"#, true),
        ("{}", true),
    ] {
        codes(&map(when), body, &[if holds { "skipped" } else { "event" }]);
    }
}

#[test]
fn what_no_rule_takes_is_rejected_unless_the_map_says_otherwise() {
    let rules = r#""each": "a[]", "rules": [{"when": {"x": 1}, "type": "track", "event": "E", "identifiers": {"user_id": "u"}}]"#;
    let (strict, lenient) = (
        format!("{{{rules}}}"),
        format!("{{\"otherwise\": \"skip\", {rules}}}"),
    );
    codes(
        &strict,
        r#"{"a": [{"x": 1}, {"x": 2}]}"#,
        &["event", "no_rule"],
    );
    codes(&strict, r#"{"b": 1}"#, &["no_items"]);
    codes(&lenient, r#"{"b": 1}"#, &["no_items"]);
    let skipped = apply(&lenient, r#"{"a": [{"x": 2}]}"#);
    assert!(matches!(&*skipped, [Mapped::Skipped { .. }]), "{skipped:?}");
}

#[test]
fn what_an_event_cannot_do_without_is_named_with_its_place() {
    for (members, body, code) in [
        (r#""message_id": "{m}""#, "{}", "missing_message_id"),
        (r#""time": "{t}""#, r#"{"t": "soon"}"#, "invalid_time"),
    ] {
        let mapped = apply(&rule(members), body);
        let [Mapped::Invalid { reason, body: kept }] = &*mapped else {
            panic!("{mapped:?}");
        };
        assert_eq!(reason.code, code);
        assert!(reason.message.starts_with("`rules[0]."), "{reason:?}");
        assert_eq!(kept, body);
    }
    let nameless =
        r#"{"rules": [{"type": "track", "event": "{e}", "identifiers": {"user_id": "u"}}]}"#;
    codes(nameless, "{}", &["missing_event_name"]);
    let nobody =
        r#"{"rules": [{"type": "track", "event": "E", "identifiers": {"user_id": "{u}"}}]}"#;
    codes(nobody, "{}", &["missing_id"]);
    let group =
        r#"{"rules": [{"type": "group", "group": "{g}", "identifiers": {"user_id": "u"}}]}"#;
    codes(group, "{}", &["missing_group_id"]);
    codes(group, r#"{"g": 5}"#, &["event"]);
    codes(
        group,
        &format!(r#"{{"g": "{}"}}"#, "g".repeat(501)),
        &["group_id_too_long"],
    );
    let alias =
        r#"{"rules": [{"type": "alias", "previous": "{p}", "identifiers": {"user_id": "u"}}]}"#;
    codes(alias, "{}", &["missing_previous_id"]);
    codes(alias, r#"{"p": "x"}"#, &["event"]);
}

#[test]
fn a_message_id_is_of_the_item_and_never_too_long() {
    let one = |map: &str, body: &str| match &*apply(map, body) {
        [Mapped::Event(draft)] => draft.message_id.to_string(),
        other => panic!("{other:?}"),
    };
    let made = rule(r#""properties": {}"#);
    assert_eq!(one(&made, r#"{"a":1}"#), one(&made, r#" {"a":1} "#));
    assert_ne!(one(&made, r#"{"a":1}"#), one(&made, r#"{"a":2}"#));
    let given = rule(r#""message_id": "m-{id}""#);
    assert_eq!(one(&given, r#"{"id": 7}"#), "m-7");
    let long = one(&given, &format!(r#"{{"id": "{}"}}"#, "7".repeat(500)));
    assert_eq!(long.len(), "webhook-".len() + 32);
}

#[test]
fn identifiers_are_those_named_and_those_in_traits_each_once() {
    let map = r#"{"rules": [{"type": "identify",
        "identifiers": {"email": "{e}", "phone": "{p|phone}", "user_id": "{u}", "loyalty_card": "{c|text}"},
        "traits": {"email": "{e}", "phone": "+46 70 174 06 05"}}]}"#;
    let body = r#"{"e": "ana@example.org", "u": " ana ", "c": 7}"#;
    let mapped = apply(map, body);
    let [Mapped::Event(draft)] = &*mapped else {
        panic!("{mapped:?}");
    };
    let spelled: Vec<String> = draft.identifiers.iter().map(ToString::to_string).collect();
    let expected = [
        "user_id:ana",
        "email:ana@example.org",
        "loyalty_card:7",
        "phone:+46 70 174 06 05",
    ];
    assert_eq!(spelled, expected);
}

#[test]
fn a_map_that_cannot_be_used_is_refused_with_its_place() {
    let long = format!("\"{}\"", "x".repeat(MAP_BYTES_MAX));
    for (map, place) in [
        ("", ""),
        ("[]", ""),
        (&long, ""),
        (r#"{"rules": []}"#, "rules"),
        (r#"{"rules": [{}]}"#, "rules[0]"),
        (
            r#"{"parts": [{"each": "a[", "rules": [{"skip": true}]}]}"#,
            "parts[0].each",
        ),
        (r#"{"rules": [{"skip": false}]}"#, "rules[0].skip"),
        (
            r#"{"rules": [{"skip": true, "event": "E"}]}"#,
            "rules[0].event",
        ),
        (r#"{"rules": [{"skip": true}], "else": 1}"#, "else"),
        (
            r#"{"otherwise": "no", "rules": [{"skip": true}]}"#,
            "otherwise",
        ),
        (r#"{"rules": [{"type": "buy"}]}"#, "rules[0].type"),
        (
            r#"{"rules": [{"type": "track", "identifiers": {"user_id": "u"}}]}"#,
            "rules[0]",
        ),
        (
            r#"{"rules": [{"type": "page", "identifiers": {}}]}"#,
            "rules[0]",
        ),
        (
            r#"{"rules": [{"type": "page", "identifiers": {"User": "u"}}]}"#,
            "rules[0].identifiers.User",
        ),
        (
            r#"{"rules": [{"when": {"^.a": 1}, "skip": true}]}"#,
            "rules[0].when.^.a",
        ),
        (
            r#"{"rules": [{"when": {"a": {"near": 1}}, "skip": true}]}"#,
            "rules[0].when.a.near",
        ),
        (
            r#"{"rules": [{"when": {"a..b": 1}, "skip": true}]}"#,
            "rules[0].when.a..b",
        ),
        (
            r#"{"rules": [{"when": {"@": 1}, "skip": true}]}"#,
            "rules[0].when.@",
        ),
    ] {
        let error = Map::parse(map).expect_err(map);
        assert_eq!(error.place, place, "{map}: {error}");
        assert!(!error.message.is_empty());
    }
    for (template, part) in [
        ("{a", "no partner"),
        ("a}", "no partner"),
        ("{}", "no path"),
        ("{a|shout}", "no conversion"),
        ("{a{b}}", "no partner"),
    ] {
        let error = Map::parse(&rule(&format!(r#""time": "{template}""#))).expect_err(template);
        assert_eq!(error.place, "rules[0].time");
        assert!(error.message.contains(part), "{error}");
    }
    let deep = format!("{}1{}", r#"{"first": ["#.repeat(20), "]}".repeat(20));
    assert!(Map::parse(&rule(&format!(r#""time": {deep}"#))).is_err());
}

#[test]
fn a_map_that_nests_without_end_is_refused() {
    let deep = |open: &str, close: &str| format!("{}1{}", open.repeat(9_000), close.repeat(9_000));
    for bomb in [
        "[".repeat(MAP_BYTES_MAX),
        "{\"a\":".repeat(9_000),
        format!(r#"{{"rules": {}}}"#, deep("[", "]")),
        rule(&format!(r#""time": {}"#, deep("[", "]"))),
        rule(&format!(r#""properties": {}"#, deep(r#"{"a":"#, "}"))),
        rule(&format!(
            r#""properties": {{"a": {{"object": {}}}}}"#,
            deep(r#"{"a":"#, "}")
        )),
        rule(&format!(r#""time": "{{a{}}}""#, ".a".repeat(9_000))),
        rule(&format!(r#""time": "{{a{}}}""#, "|lower".repeat(9_000))),
        rule(&format!(r#""time": "{{a{}}}""#, " ?? a".repeat(9_000))),
        rule(&format!(r#""time": "{}""#, "{a}".repeat(9_000))),
    ] {
        let error = Map::parse(&bomb).expect_err("it is no map");
        assert!(!error.message.is_empty() && error.message.len() < MAP_BYTES_MAX + 500);
    }
}

#[test]
fn a_map_that_does_much_for_a_large_delivery_stops_where_its_fuel_ends() {
    // Every mention of it is unescaped again.
    let large = format!(r#"{{"t": "{}"}}"#, "\\u00C4".repeat(500_000));
    let many =
        |count: usize, one: fn(usize) -> String| (0..count).map(one).collect::<Vec<_>>().join(",");
    let conversions = format!("{{t{}}}", "|lower|upper".repeat(8));
    let tests = many(64, |n| format!(r#"{{"t": "{n}"}}"#));
    let conditions = vec![format!(r#"{{"when": [{tests}], "skip": true}}"#); 60].join(",");
    let properties = many(128, |n| {
        format!(r#""p{n}": "{}""#, "{t|lower|upper}".repeat(8))
    });
    for map in [
        rule(&format!(
            r#""time": "{conversions}", "properties": {{"a": "{conversions}{conversions}"}}"#
        )),
        rule(&format!(r#""properties": {{{properties}}}"#)),
        rule(&format!(r#""properties": {{"a": "{}"}}"#, "{t}".repeat(32))),
        format!(r#"{{"rules": [{conditions}]}}"#),
    ] {
        let code = match &*apply(&map, &large) {
            [Mapped::Invalid { reason, .. }] => reason.code.clone(),
            other => panic!("{} events", other.len()),
        };
        assert!(
            ["too_much_work", "event_too_large", "invalid_time"].contains(&code.as_str()),
            "{code}"
        );
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_without_panic(text in "\\PC{0,120}") {
        let _ = Map::parse(&text);
        let _ = Map::parse(&rule(&format!("\"time\": {}", serde_json::to_string(&text).unwrap())));
    }
}
