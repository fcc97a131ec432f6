//! Random rules of the whole grammar.

use crate::event::Kind;
use crate::json::Decimal;
use crate::segment::computed::{self, Computed, Drawn};
use crate::segment::count::Count;
use crate::segment::fact::FACTS;
use crate::segment::literal::Literal;
use crate::segment::operator::{OPERATORS, Takes, Test};
use crate::segment::path::Path;
use crate::segment::random::{PLACES, Random};
use crate::segment::rule::{
    Absent, Aggregate, Asked, Comparison, Did, Filter, Function, Happening, Link, Measure,
    Reference, Rule, Sequence, Step, Without,
};
use crate::segment::span::Span;
use crate::segment::window::{Anchor, Dates, Window};
use crate::segment::zone::Unit;
use crate::time::Millis;
use proptest::prelude::*;

fn any_name() -> impl Strategy<Value = Box<str>> {
    let spelled = "[a-zA-Z0-9 _$.\"\\\\\u{1}\u{7f}äß😀-]{0,8}";
    let words = "in|not|DID|where|segment|within|sequence|for|previous|first|matches|is|score";
    prop_oneof![4 => "[a-z_]{1,5}", 1 => spelled, 1 => words].prop_map(Into::into)
}

fn any_path() -> impl Strategy<Value = Path> {
    prop::collection::vec(any_name(), 1..4).prop_map(|names| Path::new(names).unwrap())
}

fn any_number() -> impl Strategy<Value = Decimal> {
    "-?(0|[1-9][0-9]{0,18})(\\.[0-9]{1,9})?".prop_map(|digits| Decimal::parse(&digits).unwrap())
}

fn any_literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        any::<bool>().prop_map(Literal::Bool),
        any_number().prop_map(Literal::Number),
        any_name().prop_map(Literal::Text),
    ]
}

fn any_span() -> impl Strategy<Value = Span> {
    (1..3_000_000_i64).prop_map(|s| Span::of_ms(s * 1_000).unwrap())
}

fn any_instant() -> impl Strategy<Value = Millis> {
    (0..4_000_000_000_000_i64).prop_map(Millis)
}

fn any_test() -> impl Strategy<Value = Test> {
    let list = prop::collection::vec(any_literal(), 1..4);
    let more = (
        any_name(),
        any_span(),
        any_instant(),
        any_number(),
        any_number(),
    );
    (0..OPERATORS.len(), list, more).prop_map(|(at, mut list, (name, span, date, x, y))| {
        let operator = OPERATORS[at];
        match operator.takes {
            Takes::Nothing => list.clear(),
            Takes::List => {}
            Takes::Value => list.truncate(1),
            Takes::Ordered | Takes::Text | Takes::Pattern => list = vec![Literal::Text(name)],
            Takes::Range => list = vec![Literal::Number(x.min(y)), Literal::Number(x.max(y))],
            Takes::Date => list = vec![Literal::text(&date.to_string())],
            Takes::Span => list = vec![Literal::Span(span)],
        }
        Test::new(operator, list).unwrap()
    })
}

fn any_filter() -> impl Strategy<Value = Filter> {
    let property =
        (any_path(), any_test()).prop_map(|(path, test)| Filter::Property { path, test });
    property.prop_recursive(3, 8, 3, |inner| {
        let several = prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            several.clone().prop_map(Filter::All),
            several.prop_map(Filter::Any),
            inner.prop_map(|part| Filter::Not(Box::new(part))),
        ]
    })
}

fn any_comparison() -> impl Strategy<Value = Comparison> {
    prop::sample::select(Comparison::ALL.to_vec())
}

/// A filter beside a comparison with one of these.
fn any_linked(to: impl Strategy<Value = Reference>) -> impl Strategy<Value = Option<Filter>> {
    let link = (any_path(), any_comparison(), to).prop_map(|(path, comparison, to)| {
        Filter::Link(Link {
            path,
            comparison,
            to,
        })
    });
    (
        prop::option::of(any_filter()),
        prop::option::weighted(0.3, link),
    )
        .prop_map(|both| match both {
            (Some(filter), Some(link)) => Some(Filter::All(vec![filter, link])),
            (filter, link) => filter.or(link),
        })
}

fn any_happening() -> impl Strategy<Value = Happening> {
    let kind = prop_oneof![
        3 => Just(Kind::Track), 1 => Just(Kind::Page), 1 => Just(Kind::Screen),
        1 => Just(Kind::Identify), 1 => Just(Kind::Group), 1 => Just(Kind::Alias),
    ];
    (kind, prop::option::of(any_name())).prop_map(|(kind, name)| {
        let name = name.filter(|name| Happening::has_names(kind) && !name.is_empty());
        Happening { kind, name }
    })
}

fn any_count() -> impl Strategy<Value = Count> {
    prop_oneof![
        (1..1_001_u32).prop_map(Count::AtLeast),
        (0..1_001_u32).prop_map(Count::AtMost),
        (0..1_001_u32).prop_map(Count::Exactly),
        (0..500_u32, 501..1_001_u32).prop_map(|(least, most)| Count::Between(least, most)),
    ]
}

fn any_window() -> impl Strategy<Value = Window> {
    let longer = |near: Span, far: Span| Span::of_ms(near.length_ms() + far.length_ms()).unwrap();
    let dates = (any_instant(), any_instant(), 0..3).prop_map(|(from, span, which)| Dates {
        from: (which != 1).then_some(from),
        to: (which != 0).then_some(from.plus(span.0 + 1)),
    });
    let anchor = (any_happening(), prop::option::of(any_filter()));
    let unit = prop::sample::select(Unit::ALL.to_vec());
    prop_oneof![
        2 => Just(Window::Ever),
        3 => any_span().prop_map(Window::Within),
        1 => any_span().prop_map(Window::Before),
        1 => (any_span(), any_span()).prop_map(move |(near, rest)| Window::Ago { near, far: longer(near, rest) }),
        1 => dates.prop_map(Window::Dates),
        1 => anchor.prop_map(|(happening, filter)| Window::Since(Box::new(Anchor { happening, filter }))),
        1 => (unit, 0..13_u8).prop_map(|(unit, back)| Window::Calendar { unit, back }),
    ]
}

fn any_aggregate() -> impl Strategy<Value = Asked> {
    let function = prop::sample::select(Function::ALL.to_vec());
    let measure = prop_oneof![
        any_number().prop_map(Measure::Number),
        (any_number(), any_number()).prop_map(|(x, y)| Measure::Range(x.min(y), x.max(y))),
        any_path().prop_map(Measure::Attribute),
    ];
    (function, any_path(), any_comparison(), measure).prop_map(
        |(function, path, comparison, to)| {
            let comparison = match to {
                Measure::Range(..) => Comparison::Equal,
                _ => comparison,
            };
            Asked::Aggregate(Box::new(Aggregate {
                function,
                path,
                comparison,
                to,
            }))
        },
    )
}

/// What is asked, and whether it goes with a window.
fn any_asked() -> impl Strategy<Value = (Asked, bool)> {
    let regularly = (1..9_u32, 1..9_u32, any_span()).prop_map(|(a, b, period)| Asked::Regularly {
        least: a.min(b),
        of: a.max(b),
        period,
    });
    let stopped = (1..5_u32, prop::option::of(any_span()), any_span());
    let stopped = stopped.prop_map(|(times, within, idle)| Asked::Stopped {
        times,
        within,
        idle,
    });
    prop_oneof![
        4 => any_count().prop_map(|count| (Asked::Count(count), true)),
        1 => Just((Asked::First, true)),
        1 => regularly.prop_map(|asked| (asked, false)),
        1 => stopped.prop_map(|asked| (asked, false)),
        1 => any_span().prop_map(|pause| (Asked::Resumed { pause }, true)),
        2 => any_aggregate().prop_map(|asked| (asked, true)),
    ]
}

pub(super) fn any_did() -> impl Strategy<Value = Did> {
    let attribute = any_path().prop_map(Reference::Attribute);
    (
        any_happening(),
        any_linked(attribute),
        any_asked(),
        any_window(),
    )
        .prop_map(|(happening, filter, (asked, has_window), window)| Did {
            happening,
            filter,
            asked,
            window: if has_window { window } else { Window::Ever },
        })
}

fn any_step() -> impl Strategy<Value = Step> {
    let to = prop_oneof![
        any_path().prop_map(Reference::Attribute),
        any_path().prop_map(Reference::Previous),
        any_path().prop_map(Reference::First),
        any_path().prop_map(|path| Reference::Step("one".into(), path)),
    ];
    let gap = prop::option::of(any_span());
    let without = prop::collection::vec(any_without(), 0..2);
    (any_happening(), any_linked(to), gap, without).prop_map(|(happening, filter, gap, without)| {
        Step {
            happening,
            name: None,
            filter,
            gap,
            without,
        }
    })
}

fn any_without() -> impl Strategy<Value = Without> {
    let to = any_path().prop_map(Reference::Previous);
    (any_happening(), any_linked(to)).prop_map(|(happening, filter)| Without { happening, filter })
}

pub(super) fn any_sequence() -> impl Strategy<Value = Sequence> {
    let first = (any_happening(), prop::option::of(any_filter()));
    let steps = prop::collection::vec(any_step(), 1..4);
    let absent = prop::option::of((any_without(), prop::option::of(any_span())));
    let spans = (prop::option::of(any_span()), prop::option::of(any_span()));
    (first, steps, absent, spans).prop_map(|((happening, filter), mut steps, absent, spans)| {
        let first = Step {
            happening,
            name: Some("one".into()),
            filter,
            gap: None,
            without: Vec::new(),
        };
        steps.insert(0, first);
        Sequence {
            steps,
            absent: absent.map(|(what, gap)| Absent { what, gap }),
            lasting: spans.0,
            within: spans.1,
        }
    })
}

fn any_drawn() -> impl Strategy<Value = Drawn> {
    let function = prop::sample::select(computed::Function::ALL.to_vec());
    let window = any_window().prop_map(|window| match window {
        Window::Since(_) => Window::Ever,
        other => other,
    });
    let filter = prop::option::of(any_filter());
    (function, any_path(), any_happening(), filter, window).prop_map(
        |(function, path, happening, filter, window)| Drawn {
            function,
            path: function.takes_path().then_some(path),
            happening,
            filter,
            window,
        },
    )
}

pub(super) fn any_computed() -> impl Strategy<Value = Computed> {
    let thresholds = prop::collection::btree_set(any_number(), 0..6);
    (
        any_drawn(),
        prop::option::of(any_drawn()),
        thresholds,
        any::<bool>(),
    )
        .prop_map(|(drawn, minus, thresholds, falls)| {
            let takes_off = |part: &Drawn| part.function.is_of_none() && part.function.is_number();
            let minus = minus.filter(|minus| takes_off(minus) && takes_off(&drawn));
            let mut thresholds: Vec<Decimal> = thresholds.into_iter().collect();
            if falls {
                thresholds.reverse();
            }
            if !drawn.function.is_number() {
                thresholds.clear();
            }
            Computed {
                drawn,
                minus,
                thresholds,
            }
        })
}

pub(super) fn any_rule() -> impl Strategy<Value = Rule> {
    let fact = prop::sample::select(FACTS.to_vec());
    let random = (any_name(), 0..PLACES, 1..PLACES).prop_map(|(salt, from, length)| Random {
        salt,
        from,
        to: (from + length).min(PLACES),
    });
    let condition = prop_oneof![
        4 => any_did().prop_map(|did| Rule::Did(Box::new(did))),
        2 => (fact, any_path(), any_test()).prop_map(|(fact, path, test)| Rule::Known {
            fact,
            // A trait is one value: nothing is inside.
            path: match fact.word {
                "trait" => Path::new(vec![path.names()[0].clone()]).unwrap(),
                _ => path,
            },
            test,
        }),
        2 => any_sequence().prop_map(|sequence| Rule::Sequence(Box::new(sequence))),
        1 => random.prop_map(Rule::Random),
        1 => any_name().prop_map(Rule::In),
        1 => any_name().prop_map(Rule::NotIn),
    ];
    condition.prop_recursive(4, 16, 4, |inner| {
        let several = prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            2 => several.clone().prop_map(Rule::All),
            2 => several.prop_map(Rule::Any),
            1 => inner.clone().prop_map(|part| Rule::Not(Box::new(part))),
            1 => (inner, any_span()).prop_map(|(rule, span)| match rule.segments().is_empty() {
                true => Rule::Held { rule: Box::new(rule), span },
                false => rule,
            }),
        ]
    })
}
