//! Random rules and histories.

use super::Entry;
use super::rules::{Count, Filter, Rule, Test};
use crate::event::Kind;
use proptest::prelude::*;
use serde_json::{Value, json};

pub(super) fn any_test() -> impl Strategy<Value = Test> {
    let operand = prop_oneof![
        Just(json!("a")),
        Just(json!("ab")),
        Just(json!(1)),
        Just(json!(2)),
        Just(json!(1.5)),
    ];
    let value = ("=|!=|contains|not contains", operand.clone());
    let order = ("<|<=|>|>=", operand.clone());
    let affix = (
        "starts with|ends with",
        prop_oneof![Just(json!("a")), Just(json!("b"))],
    );
    let list = (
        "in|not in",
        prop::collection::vec(operand, 1..3).prop_map(Value::from),
    );
    let nothing = ("exists|not exists", Just(Value::Null));
    let tail = prop_oneof![value, order, affix, list, nothing];
    (prop_oneof![Just("x"), Just("y"), Just("y.z")], tail).prop_map(
        |(path, (operator, operand))| {
            let known = crate::segment::operator::Operator::from_word(&operator)
                .unwrap()
                .word;
            Test {
                path,
                operator: known,
                operand,
            }
        },
    )
}

pub(super) fn any_filter() -> impl Strategy<Value = Filter> {
    any_test()
        .prop_map(Filter::Property)
        .prop_recursive(2, 4, 2, |inner| {
            let several = prop::collection::vec(inner.clone(), 2..3);
            prop_oneof![
                several.clone().prop_map(Filter::All),
                several.prop_map(Filter::Any),
                inner.prop_map(|part| Filter::Not(Box::new(part))),
            ]
        })
}

pub(super) fn any_count() -> impl Strategy<Value = Count> {
    prop_oneof![
        2 => Just(Count::Once),
        2 => Just(Count::Never),
        2 => (1..4_usize).prop_map(Count::AtLeast),
        1 => (0..3_usize).prop_map(Count::AtMost),
        1 => (0..3_usize).prop_map(Count::Exactly),
    ]
}

pub(super) fn any_did() -> impl Strategy<Value = Rule> {
    let what = prop_oneof![
        4 => prop_oneof![Just("A"), Just("B")].prop_map(|name| (Kind::Track, Some(name))),
        1 => Just((Kind::Page, Some("A"))),
        1 => Just((Kind::Page, None)),
        1 => Just((Kind::Identify, None)),
        1 => Just((Kind::Track, None)),
    ];
    let filter = prop::option::weighted(0.4, any_filter());
    let window_s = prop::option::weighted(0.8, prop_oneof![Just(1), Just(5), Just(20), Just(60)]);
    (what, filter, any_count(), window_s).prop_map(|(what, filter, count, window_s)| Rule::Did {
        what,
        filter,
        count,
        window_s,
    })
}

/// A rule that may refer to the first `segments` ones.
pub(super) fn any_rule(segments: usize) -> impl Strategy<Value = Rule> {
    let mut conditions = vec![
        (5, any_did().boxed()),
        (1, any_test().prop_map(Rule::Attribute).boxed()),
    ];
    if segments > 0 {
        conditions.push((1, (0..segments).prop_map(Rule::In).boxed()));
        conditions.push((1, (0..segments).prop_map(Rule::NotIn).boxed()));
    }
    prop::strategy::Union::new_weighted(conditions).prop_recursive(3, 6, 3, |inner| {
        let several = prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            2 => several.clone().prop_map(Rule::All),
            2 => several.prop_map(Rule::Any),
            1 => inner.prop_map(|part| Rule::Not(Box::new(part))),
        ]
    })
}

pub(super) fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!("a")),
        Just(json!("ab")),
        Just(json!("ba")),
        Just(json!(1)),
        Just(json!(1.5)),
        Just(json!(3)),
        Just(json!("2")),
        Just(json!(["a", 1])),
        Just(json!(true)),
    ]
}

pub(super) fn any_properties() -> impl Strategy<Value = Value> {
    (
        prop::option::of(any_value()),
        prop::option::of(any_value()),
        any::<bool>(),
    )
        .prop_map(|(x, y, is_nested)| {
            let mut properties = json!({"other": {"x": "a"}});
            if let Some(x) = x {
                properties["x"] = x;
            }
            if let Some(y) = y {
                properties["y"] = if is_nested { json!({ "z": y }) } else { y };
            }
            properties
        })
}

pub(super) fn any_entry() -> impl Strategy<Value = Entry> {
    let what = prop_oneof![
        4 => prop_oneof![Just("A"), Just("B"), Just("C")].prop_map(|name| (Kind::Track, name)),
        2 => prop_oneof![Just("A"), Just("")].prop_map(|name| (Kind::Page, name)),
        1 => Just((Kind::Identify, "")),
    ];
    let late_ms = prop_oneof![3 => Just(0), 2 => 0..3_000_i64, 1 => 0..70_000_i64];
    prop_oneof![
        8 => (late_ms, what, any_properties(), 0..12_u32).prop_map(
            |(late_ms, what, properties, message)| Entry::Event { late_ms, what, properties, message }
        ),
        1 => (0..20_usize).prop_map(Entry::Again),
        1 => (prop_oneof![Just("x"), Just("y")], any_value()).prop_map(|(name, v)| Entry::Attribute(name, v)),
    ]
}

pub(super) fn any_history() -> impl Strategy<Value = Vec<(i64, Entry)>> {
    let pause_ms = prop_oneof![2 => Just(0), 3 => 0..1_500_i64, 2 => (0..22_i64).prop_map(|s| s * 1_000), 1 => 0..65_000_i64];
    prop::collection::vec((pause_ms, any_entry()), 0..25)
}

/// One (instant, message) has one content: each message id is used for one event.
pub(super) fn told_apart(mut history: Vec<(i64, Entry)>) -> Vec<(i64, Entry)> {
    for (nth, (_, entry)) in history.iter_mut().enumerate() {
        if let Entry::Event { message, .. } = entry {
            *message = nth as u32;
        }
    }
    history
}

pub(super) fn any_rules() -> impl Strategy<Value = [Rule; 3]> {
    (any_rule(0), any_rule(1), any_rule(2))
        .prop_map(|(first, second, third)| [first, second, third])
}
