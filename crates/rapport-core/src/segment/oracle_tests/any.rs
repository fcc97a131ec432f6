//! Random rules of the whole grammar, and histories.

use super::calendar::{DAY, ZONES};
use super::rules::{Asked, Count, Did, Filter, Join, Rule, Sequence, Step, Test, What, Window};
use super::{Entry, START};
use crate::event::Kind;
use crate::time::Millis;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

pub(super) fn any_test() -> impl Strategy<Value = Test> {
    let operand = || {
        select(vec![
            json!("a"),
            json!("ab"),
            json!(1),
            json!(2),
            json!(1.5),
        ])
    };
    let of = |words: &'static str| select(words.split('|').collect::<Vec<&'static str>>());
    let value = (of("=|!=|contains|not contains"), operand());
    let order = (of("<|<=|>|>="), operand());
    let between = select(vec![json!([1, 2]), json!([1.5, 3]), json!(["a", "ab"])]);
    let affix = (
        of("starts with|ends with|not starts with|not ends with"),
        select(vec![json!("a"), json!("b")]),
    );
    let pattern = select(vec![json!("a*"), json!("?"), json!("*b*"), json!("")]);
    let list = (
        of("in|not in|contains any of|contains all of|contains none of"),
        prop::collection::vec(operand(), 1..3).prop_map(Value::from),
    );
    let among = prop::collection::vec(operand(), 2..4).prop_map(Value::from);
    let nothing = (
        of("exists|not exists|is empty|is not empty"),
        Just(Value::Null),
    );
    let tail = prop_oneof![
        3 => value,
        2 => order,
        1 => (Just("between"), between),
        1 => affix,
        1 => (of("matches|not matches"), pattern),
        1 => list,
        2 => (Just("in"), among),
        1 => nothing,
    ];
    (select(vec!["x", "y", "y.z"]), tail).prop_map(|(path, (operator, operand))| Test {
        path,
        operator,
        operand,
    })
}

/// A test of what is known of a person.
pub(super) fn any_known() -> impl Strategy<Value = Test> {
    let date = |ms: i64| json!(Millis(START + ms).to_string());
    let fixed = (
        select(vec!["before", "after"]),
        (-60_000..60_000_i64).prop_map(date),
    );
    let words = vec!["within last", "within next", "before last", "after next"];
    let span = select(vec![
        json!({"seconds": 5}),
        json!({"seconds": 20}),
        json!({"days": 2}),
    ]);
    let moving = (select(words), span);
    let yearly = select(vec!["anniversary within next", "anniversary within last"]);
    let days = select(vec![json!({"days": 1}), json!({"days": 3})]);
    let dated = prop_oneof![fixed, moving, (yearly, days)];
    let dated = dated.prop_map(|(operator, operand)| Test {
        path: "d",
        operator,
        operand,
    });
    let topic = (select(vec!["consent x", "score x"]), any_test());
    let topic = topic.prop_map(|(path, test)| Test { path, ..test });
    prop_oneof![2 => any_test(), 2 => dated, 1 => topic]
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

fn any_count() -> impl Strategy<Value = Count> {
    prop_oneof![
        2 => Just(Count::Once),
        2 => Just(Count::Never),
        2 => (1..4_usize).prop_map(Count::AtLeast),
        1 => (0..3_usize).prop_map(Count::AtMost),
        1 => (0..3_usize).prop_map(Count::Exactly),
        1 => (0..2_usize, 2..4_usize).prop_map(|(least, most)| Count::Between(least, most)),
    ]
}

pub(super) fn any_what() -> impl Strategy<Value = What> {
    prop_oneof![
        4 => select(vec!["A", "B"]).prop_map(|name| (Kind::Track, Some(name))),
        1 => Just((Kind::Page, Some("A"))),
        1 => Just((Kind::Page, None)),
        1 => Just((Kind::Identify, None)),
        1 => Just((Kind::Track, None)),
    ]
}

pub(super) fn any_seconds() -> impl Strategy<Value = i64> {
    select(vec![1, 5, 20, 60])
}

pub(super) fn any_window() -> impl Strategy<Value = Window> {
    // Some of them are instants at which something happens.
    let even = (-6..12_i64, 1..8_i64).prop_map(|(from, span)| (from * EVEN_MS, span * EVEN_MS));
    let ends = prop_oneof![3 => even, 1 => (-30_000..60_000_i64, 1..40_000_i64)];
    let dates = (ends, 0..3).prop_map(|((from, span), which)| {
        Window::Dates(
            (which != 1).then_some(from),
            (which != 0).then_some(from + span),
        )
    });
    let since = (any_what(), prop::option::weighted(0.3, any_filter()));
    let unit = select(vec!["day", "week", "month", "quarter", "year"]);
    prop_oneof![
        3 => Just(Window::Ever),
        5 => any_seconds().prop_map(Window::Within),
        2 => any_seconds().prop_map(Window::Before),
        2 => select(vec![(1, 5), (1, 20), (5, 60)]).prop_map(|(near, far)| Window::Ago(near, far)),
        2 => dates,
        2 => since.prop_map(|(what, filter)| Window::Since(what, filter)),
        2 => (unit, 0..3_i64).prop_map(|(unit, back)| Window::Calendar(unit, back)),
    ]
}

fn any_sign() -> impl Strategy<Value = &'static str> {
    select(vec!["=", "=", "!=", "<", "<=", ">", ">="])
}

/// What is asked, and whether it goes with a window.
fn any_asked() -> impl Strategy<Value = (Asked, bool)> {
    let function = select(vec!["sum", "average", "min", "max", "distinct count"]);
    let to = prop_oneof![
        3 => (0..6_i64).prop_map(|halves| Ok(halves * 500)),
        1 => Just(Err("x")),
    ];
    let total = (function, select(vec!["x", "y"]), any_sign(), to);
    let stopped = (1..3_usize, prop::option::of(any_seconds()), any_seconds());
    prop_oneof![
        8 => any_count().prop_map(|count| (Asked::Count(count), true)),
        2 => Just((Asked::First, true)),
        2 => (1..3_usize, 2..4_usize, select(vec![1, 5, 20]))
            .prop_map(|(least, of, s)| (Asked::Regularly(least, of, s), false)),
        2 => stopped.prop_map(|(times, within, idle)| (Asked::Stopped(times, within, idle), false)),
        2 => any_seconds().prop_map(|s| (Asked::Resumed(s), true)),
        4 => total.prop_map(|(function, path, op, to)| (Asked::Total(function, path, op, to), true)),
    ]
}

fn any_did() -> impl Strategy<Value = Rule> {
    let filter = prop::option::weighted(0.4, any_filter());
    let link = prop::option::weighted(0.15, (select(vec!["x", "y"]), any_sign(), Just("x")));
    (any_what(), filter, link, any_asked(), any_window()).prop_map(
        |(what, filter, link, (asked, has_window), window)| {
            Rule::Did(Did {
                what,
                filter,
                link,
                asked,
                window: if has_window { window } else { Window::Ever },
            })
        },
    )
}

fn any_step(joins: bool) -> impl Strategy<Value = Step> {
    let join = (
        select(vec!["x", "y"]),
        any_sign(),
        select(vec!["previous", "first", "one"]),
        select(vec!["x", "y"]),
    );
    let join = join.prop_map(|(path, op, to, of)| Join(path, op, to, of));
    let join = prop::option::of(join).prop_map(move |join| join.filter(|_| joins));
    let filter = prop::option::weighted(0.2, any_filter());
    (any_what(), filter, join).prop_map(|(what, filter, join)| Step {
        what,
        filter,
        join,
        gap: None,
        without: None,
    })
}

fn any_sequence() -> impl Strategy<Value = Rule> {
    let gap = || prop::option::weighted(0.3, any_seconds());
    let without = prop::option::weighted(0.4, any_step(true).prop_map(Box::new));
    let later = (any_step(true), gap(), without).prop_map(|(step, gap, without)| Step {
        gap,
        without,
        ..step
    });
    let absent = prop::option::weighted(0.4, (any_step(true), gap()));
    let steps = prop::collection::vec(later, 0..3);
    let spans = (gap(), prop::option::of(any_seconds()));
    (any_step(false), steps, absent, spans).prop_map(|(first, mut steps, absent, spans)| {
        if steps.is_empty() && absent.is_none() {
            steps.push(first.clone());
        }
        steps.insert(0, first);
        Rule::Sequence(Sequence {
            steps,
            absent,
            lasting: spans.0,
            within: spans.1,
        })
    })
}

/// A sequence whose last step speaks of the first, so that which way led to a step matters, and
/// after which something must not happen for as long as events are apart.
pub(super) fn any_joined() -> impl Strategy<Value = Rule> {
    let names = prop::collection::vec(select(vec!["A", "B"]), 3..5);
    let sign = select(vec!["=", "=", "<", ">"]);
    let between = prop::option::weighted(0.3, any_sign());
    let within = prop::option::weighted(0.3, any_seconds());
    let absent = (select(vec!["A", "B", "C"]), select(vec![1, 2]));
    let ends = (within, prop::option::weighted(0.4, absent));
    (names, sign, between, ends).prop_map(|(names, sign, between, (within, absent))| {
        let last = names.len() - 1;
        let joins = |nth: usize| match nth {
            0 => None,
            nth if nth == last => Some(Join("x", sign, "first", "x")),
            _ => between.map(|sign| Join("x", sign, "previous", "x")),
        };
        let step = |name: &'static str, join: Option<Join>| Step {
            what: (Kind::Track, Some(name)),
            filter: None,
            join,
            gap: None,
            without: None,
        };
        let steps = names.iter().enumerate();
        let steps = steps.map(|(nth, name)| step(name, joins(nth)));
        Rule::Sequence(Sequence {
            steps: steps.collect(),
            absent: absent.map(|(name, gap)| (step(name, None), Some(gap))),
            lasting: None,
            within,
        })
    })
}

/// Events that such sequences are about, close together.
pub(super) fn any_close() -> impl Strategy<Value = Vec<(i64, Entry)>> {
    let event = (select(vec!["A", "A", "B", "B", "C"]), 0..4_u32, 0..12_u32);
    let entry = event.prop_map(|(name, x, message)| Entry::Event {
        late_ms: 0,
        what: (Kind::Track, name),
        properties: json!({ "x": x }),
        message,
    });
    prop::collection::vec((select(vec![0, 1_000, 1_000]), entry), 4..14)
}

/// A rule that may refer to the first `segments` ones.
fn any_rule(segments: usize) -> impl Strategy<Value = Rule> {
    let mut conditions = vec![
        (6, any_did().boxed()),
        (3, any_sequence().boxed()),
        (2, any_known().prop_map(Rule::Attribute).boxed()),
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
            1 => inner.clone().prop_map(|part| Rule::Not(Box::new(part))),
            1 => (inner, any_seconds()).prop_map(|(part, s)| match part.refers() {
                true => part,
                false => Rule::Held(Box::new(part), s),
            }),
        ]
    })
}

impl Rule {
    fn refers(&self) -> bool {
        match self {
            Rule::All(parts) | Rule::Any(parts) => parts.iter().any(Rule::refers),
            Rule::Not(part) | Rule::Held(part, _) => part.refers(),
            Rule::In(_) | Rule::NotIn(_) => true,
            Rule::Attribute(_) | Rule::Did(_) | Rule::Sequence(_) => false,
        }
    }
}

fn any_value() -> impl Strategy<Value = Value> {
    select(vec![
        Value::Null,
        json!("a"),
        json!("ab"),
        json!("ba"),
        json!(1),
        json!(1.5),
        json!(3),
        json!("2"),
        json!(["a", 1]),
        json!([]),
        json!(true),
    ])
}

fn any_properties() -> impl Strategy<Value = Value> {
    let currency = prop::option::weighted(0.3, select(vec!["EUR", "USD"]));
    let values = (prop::option::of(any_value()), prop::option::of(any_value()));
    (values, any::<bool>(), currency).prop_map(|((x, y), is_nested, currency)| {
        let mut properties = json!({"other": {"x": "a"}});
        if let Some(x) = x {
            properties["x"] = x;
        }
        if let Some(y) = y {
            properties["y"] = if is_nested { json!({ "z": y }) } else { y };
        }
        if let Some(currency) = currency {
            properties["currency"] = json!(currency);
        }
        properties
    })
}

fn any_attribute() -> impl Strategy<Value = Entry> {
    let date = prop_oneof![
        (-60_000..90_000_i64).prop_map(|ms| json!(Millis(START + ms).to_string())),
        Just(json!("1990-01-02")),
        Just(json!("soon")),
    ];
    let zone = select(ZONES.map(|(name, _)| json!(name)).to_vec());
    let inside = |name: &'static str| any_value().prop_map(move |x| (name, json!({ "x": x })));
    prop_oneof![
        2 => (select(vec!["x", "y"]), any_value()),
        2 => date.prop_map(|date| ("d", date)),
        1 => zone.prop_map(|zone| ("timezone", zone)),
        1 => inside("consent"),
        1 => inside("scores"),
    ]
    .prop_map(|(name, value)| Entry::Attribute(name, value))
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let what = prop_oneof![
        4 => select(vec!["A", "B", "C"]).prop_map(|name| (Kind::Track, name)),
        2 => select(vec!["A", ""]).prop_map(|name| (Kind::Page, name)),
        1 => Just((Kind::Identify, "")),
    ];
    let late_ms = prop_oneof![3 => Just(0), 2 => 0..3_000_i64, 1 => 0..70_000_i64];
    prop_oneof![
        9 => (late_ms, what, any_properties(), 0..12_u32).prop_map(
            |(late_ms, what, properties, message)| Entry::Event { late_ms, what, properties, message }
        ),
        1 => (0..20_usize).prop_map(Entry::Again),
        2 => any_attribute(),
    ]
}

/// How far apart even instants are.
const EVEN_MS: i64 = 5_000;
/// A pause until the next of them.
const TO_EVEN: i64 = -1;

pub(super) fn any_history() -> impl Strategy<Value = Vec<(i64, Entry)>> {
    let pause_ms = prop_oneof![
        30 => Just(TO_EVEN),
        40 => Just(0),
        60 => 0..1_500_i64,
        40 => (0..22_i64).prop_map(|s| s * 1_000),
        20 => 0..65_000_i64,
        1 => select(vec![DAY, 7 * DAY, 32 * DAY]),
    ];
    prop::collection::vec((pause_ms, any_entry()), 0..20).prop_map(timed)
}

fn timed(mut history: Vec<(i64, Entry)>) -> Vec<(i64, Entry)> {
    let mut passed = 0_i64;
    for (pause_ms, _) in &mut history {
        if *pause_ms == TO_EVEN {
            *pause_ms = EVEN_MS - passed % EVEN_MS;
        }
        passed += *pause_ms;
    }
    history
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
