//! Picking, against serde_json's trees.

use super::*;
use proptest::prelude::*;

fn names(path: &[&str]) -> Vec<Box<str>> {
    path.iter().map(|name| (*name).into()).collect()
}

fn check(raw: &str, path: &[&str], expected: Option<Value<'_>>) {
    let path = names(path);
    assert_eq!(pick(raw, &path), expected, "{raw} at {path:?}");
    let mut paths = Paths::default();
    let slot = paths.add(&path);
    assert_eq!(
        paths.pick(raw)[slot],
        expected,
        "{raw} at {path:?}, with others"
    );
}

fn text(text: &str) -> Option<Value<'_>> {
    Some(Value::Text(text.into()))
}

#[test]
fn values_are_picked_at_paths() {
    let raw = r#" { "a" : {"b": [10, {"c": "x"}]}, "d" :null, "e":true } "#;
    check(
        raw,
        &["a", "b", "0"],
        Some(Value::Number(Decimal::whole(10))),
    );
    check(raw, &["a", "b", "1", "c"], text("x"));
    check(raw, &["a", "b", "2"], None);
    check(raw, &["a", "b", "01"], None);
    check(raw, &["a", "b"], Some(Value::List(r#"[10, {"c": "x"}]"#)));
    check(raw, &["d"], Some(Value::Null));
    check(raw, &["e"], Some(Value::Bool(true)));
    check(raw, &["e", "f"], None);
    check(raw, &["b"], None);
}

#[test]
fn the_last_of_duplicate_keys_wins_with_all_that_is_in_it() {
    check(
        r#"{"a":1,"a":2}"#,
        &["a"],
        Some(Value::Number(Decimal::whole(2))),
    );
    check(r#"{"a":{"b":1},"a":{"c":2}}"#, &["a", "b"], None);
    check(r#"{"a":{"b":1},"\u0061":3}"#, &["a", "b"], None);
}

#[test]
fn escapes_are_resolved_and_lone_surrogates_replaced() {
    check(r#"{"a":"\u00e9\n\"\\"}"#, &["a"], text("é\n\"\\"));
    check(r#"{"a":"\ud83d\ude00!"}"#, &["a"], text("😀!"));
    check(r#"{"a":"x\ud83dy"}"#, &["a"], text("x\u{fffd}y"));
    check(r#"{"a":"\ude00\ud83d"}"#, &["a"], text("\u{fffd}\u{fffd}"));
    check(r#"{"a":"\ud83d\u0041"}"#, &["a"], text("\u{fffd}A"));
    check(
        r#"{"\ud83d":1}"#,
        &["\u{fffd}"],
        Some(Value::Number(Decimal::whole(1))),
    );
}

#[test]
fn brackets_and_quotes_inside_strings_do_not_count() {
    let raw = r#"{"x":"}\"]{","y":["]",{"z":"["}],"a":"ok"}"#;
    check(raw, &["a"], text("ok"));
}

#[test]
fn a_million_brackets_cost_no_stack() {
    let deep = format!(
        r#"{{"x":{}{},"a":1}}"#,
        "[".repeat(1_000_000),
        "]".repeat(1_000_000)
    );
    check(&deep, &["a"], Some(Value::Number(Decimal::whole(1))));
}

#[test]
fn several_paths_are_picked_in_one_pass() {
    let mut paths = Paths::default();
    let a = paths.add(&names(&["a"]));
    let inner = paths.add(&names(&["a", "b"]));
    assert_eq!(paths.add(&names(&["a"])), a);
    assert_eq!(paths.len(), 2);
    let found = paths.pick(r#"{"a":{"b":"x"}}"#);
    assert_eq!(found[a], Some(Value::Object(r#"{"b":"x"}"#)));
    assert_eq!(found[inner], text("x"));
}

fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i32>().prop_map(Into::into),
        "[a-c\"\\\\\u{1}é😀{}\\[\\],:]{0,6}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map("[a-c\"\\\\]{0,2}", inner, 0..4)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

fn same(ours: Option<&Value<'_>>, theirs: Option<&serde_json::Value>) -> bool {
    match (ours, theirs) {
        (None, None) | (Some(Value::Null), Some(serde_json::Value::Null)) => true,
        (Some(Value::Bool(ours)), Some(serde_json::Value::Bool(theirs))) => ours == theirs,
        (Some(Value::Text(ours)), Some(serde_json::Value::String(theirs))) => ours == theirs,
        (Some(Value::Number(ours)), Some(serde_json::Value::Number(theirs))) => {
            ours.to_string() == theirs.to_string()
        }
        (Some(Value::List(raw) | Value::Object(raw)), Some(theirs)) => {
            serde_json::from_str::<serde_json::Value>(raw).is_ok_and(|ours| ours == *theirs)
        }
        _ => false,
    }
}

proptest! {
    #[test]
    fn picking_is_what_walking_a_tree_is(
        json in any_json(),
        path in prop::collection::vec("[a-c\"\\\\0-2]{0,2}", 0..4),
        pretty in any::<bool>(),
    ) {
        let raw = if pretty { serde_json::to_string_pretty(&json) } else { serde_json::to_string(&json) };
        let raw = raw.unwrap();
        let walked = path.iter().try_fold(&json, |json, name| match json {
            serde_json::Value::Object(map) => map.get(name),
            serde_json::Value::Array(list) => list.get(index(name)?),
            _ => None,
        });
        let path: Vec<Box<str>> = path.iter().map(|name| name.as_str().into()).collect();
        prop_assert!(same(pick(&raw, &path).as_ref(), walked));
        let mut paths = Paths::default();
        let slot = paths.add(&path);
        prop_assert!(same(paths.pick(&raw)[slot].as_ref(), walked));
    }

    #[test]
    fn no_text_makes_it_fail(raw in "[{}\\[\\]\",:\\\\u0-9dD a-cé😀]{0,40}") {
        let path = names(&["a", "b"]);
        let _ = pick(&raw, &path);
        let _ = Value::parse(&raw);
        let mut paths = Paths::default();
        paths.add(&path);
        paths.add(&path[..1]);
        let _ = paths.pick(&raw);
        prop_assert!(members(&raw).count() <= raw.len());
        prop_assert!(items(&raw).count() <= raw.len());
    }
}
