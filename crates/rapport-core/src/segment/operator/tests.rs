//! What each operator says of a value.

use super::*;
use crate::json::Decimal;
use crate::segment::span::Span;
use crate::time::DAY_MS;

fn check(word: &str, operands: &[Literal], raw: Option<&str>, expected: bool) {
    let operator = Operator::from_word(word).unwrap();
    let test = Test::new(operator, operands.to_vec()).unwrap();
    let value = raw.map(|raw| Value::parse(raw).unwrap());
    assert_eq!(
        test.holds(value.as_ref(), &clock()),
        expected,
        "{test} on {raw:?}"
    );
}

fn clock() -> Clock<'static> {
    static UTC: std::sync::OnceLock<Zone> = std::sync::OnceLock::new();
    Clock {
        now: Millis::parse("2026-11-25T12:00:00Z").unwrap(),
        zone: UTC.get_or_init(Zone::default),
    }
}

fn number(text: &str) -> Literal {
    Literal::Number(Decimal::parse(text).unwrap())
}

#[test]
fn each_operator_has_its_own_word_and_says_what_it_is_for() {
    for operator in OPERATORS {
        assert_eq!(
            Operator::from_word(operator.word).map(|o| o.about),
            Some(operator.about)
        );
        assert!(operator.about.ends_with('.'), "{}", operator.word);
    }
}

#[test]
fn operators_with_not_are_the_exact_opposite() {
    let values = [
        None,
        Some("null"),
        Some(r#""gold""#),
        Some("3"),
        Some(r#"["gold",3]"#),
        Some("{}"),
    ];
    let pairs = [
        ("=", "!="),
        ("contains", "not contains"),
        ("contains any of", "contains none of"),
        ("in", "not in"),
    ];
    for value in values {
        for (plain, opposite) in pairs {
            for operand in [Literal::text("gold"), number("3"), Literal::Bool(true)] {
                let test = |word| {
                    let operator = Operator::from_word(word).unwrap();
                    let value = value.map(|raw| Value::parse(raw).unwrap());
                    Test::new(operator, vec![operand.clone()])
                        .unwrap()
                        .holds(value.as_ref(), &clock())
                };
                assert_ne!(
                    test(plain),
                    test(opposite),
                    "{plain} {operand} on {value:?}"
                );
            }
        }
    }
}

#[test]
fn operators_on_values() {
    check("=", &[Literal::text("gold")], Some(r#""gold""#), true);
    check("!=", &[Literal::text("gold")], None, true);
    check("<", &[number("10")], Some("9.999999999"), true);
    check("<", &[number("10")], Some("10"), false);
    check("<=", &[number("10")], Some("10"), true);
    check(">", &[number("10")], Some("10.000000001"), true);
    check(">=", &[number("10")], Some(r#""10""#), true);
    check(">=", &[number("10")], Some("[10]"), false);
    check(">", &[number("0")], None, false);
    check("contains", &[Literal::text("ol")], Some(r#""gold""#), true);
    check("contains", &[Literal::text("OL")], Some(r#""gold""#), false);
    check("contains", &[number("3")], Some("[1, 3.0]"), true);
    check("contains", &[Literal::text("a")], Some(r#"[["a"]]"#), false);
    check("contains", &[Literal::text("1")], Some("12"), false);
    check(
        "starts with",
        &[Literal::text("go")],
        Some(r#""gold""#),
        true,
    );
    check(
        "ends with",
        &[Literal::text("go")],
        Some(r#""gold""#),
        false,
    );
    check(
        "in",
        &[Literal::text("a"), number("2")],
        Some(r#""2""#),
        true,
    );
    check("not in", &[Literal::text("a")], None, true);
    check("exists", &[], Some("false"), true);
    check("exists", &[], Some("null"), false);
    check("not exists", &[], None, true);
}

#[test]
fn operands_must_fit() {
    let fits = |word, operands: &[Literal]| {
        Test::new(Operator::from_word(word).unwrap(), operands.to_vec()).is_some()
    };
    assert!(!fits("<", &[Literal::Bool(true)]));
    assert!(!fits("=", &[]));
    assert!(!fits("exists", &[number("1")]));
    assert!(!fits("in", &[]));
    assert!(!fits("in", &vec![number("1"); LIST_MAX + 1]));
    assert!(fits("in", &vec![number("1"); LIST_MAX]));
    assert!(!fits("starts with", &[number("1")]));
}

#[test]
fn more_operators_on_values() {
    check("between", &[number("1"), number("3")], Some("3"), true);
    check(
        "between",
        &[number("1"), number("3")],
        Some(r#""3.01""#),
        false,
    );
    check(
        "between",
        &[Literal::text("a"), Literal::text("c")],
        Some(r#""b""#),
        true,
    );
    let both = [Literal::text("a"), number("2")];
    check("contains any of", &both, Some(r#"["b", 2]"#), true);
    check("contains all of", &both, Some(r#"["a", 2]"#), true);
    check("contains all of", &both, Some(r#"["a"]"#), false);
    check("contains none of", &both, None, true);
    check("not starts with", &[Literal::text("go")], Some("5"), true);
    check("is empty", &[], Some(r#""""#), true);
    check("is empty", &[], Some("[ ]"), true);
    check("is empty", &[], Some("{}"), true);
    check("is empty", &[], Some("0"), false);
    check("is not empty", &[], None, false);
    check(
        "matches",
        &[Literal::text("*@example.???")],
        Some(r#""a@example.org""#),
        true,
    );
    check("not matches", &[Literal::text("*")], Some("5"), true);
}

#[test]
fn dates_compare_with_fixed_ones_and_with_the_clock() {
    let span = |days: i64| Literal::Span(Span::of_ms(days * DAY_MS).unwrap());
    let text = Literal::text;
    check(
        "before",
        &[text("2026-01-01")],
        Some(r#""2025-12-31T23:59:59Z""#),
        true,
    );
    check(
        "before",
        &[text("2026-01-01")],
        Some(r#""2026-01-01""#),
        false,
    );
    check("after", &[text("2026-01-01")], Some("1767225601"), true);
    check("after", &[text("2026-01-01")], Some("1767225600000"), false);
    check(
        "within last",
        &[span(1)],
        Some(r#""2026-11-24T12:00:00Z""#),
        false,
    );
    check(
        "within last",
        &[span(1)],
        Some(r#""2026-11-24T12:00:01Z""#),
        true,
    );
    check(
        "within last",
        &[span(1)],
        Some(r#""2026-11-25T12:00:01Z""#),
        false,
    );
    check(
        "within next",
        &[span(1)],
        Some(r#""2026-11-26T12:00:00Z""#),
        true,
    );
    check(
        "within next",
        &[span(1)],
        Some(r#""2026-11-26T12:00:01Z""#),
        false,
    );
    check(
        "before last",
        &[span(1)],
        Some(r#""2026-11-24T12:00:00Z""#),
        true,
    );
    check(
        "after next",
        &[span(1)],
        Some(r#""2026-11-26T12:00:01Z""#),
        true,
    );
    check("within last", &[span(1)], Some(r#""yesterday""#), false);
    check(
        "anniversary within next",
        &[span(3)],
        Some(r#""1980-11-28""#),
        true,
    );
    check(
        "anniversary within next",
        &[span(3)],
        Some(r#""1980-11-29""#),
        false,
    );
    check(
        "anniversary within next",
        &[span(3)],
        Some(r#""1980-11-25""#),
        true,
    );
    check(
        "anniversary within next",
        &[span(60)],
        Some(r#""1980-01-05""#),
        true,
    );
    check(
        "anniversary within last",
        &[span(3)],
        Some(r#""1980-11-22""#),
        true,
    );
    check(
        "anniversary within last",
        &[span(3)],
        Some(r#""1980-11-26""#),
        false,
    );
    check(
        "anniversary within next",
        &[span(100)],
        Some(r#""2000-02-29""#),
        true,
    );
}

#[test]
fn a_test_that_moves_with_the_clock_names_every_moment_it_flips() {
    let operands = vec![Literal::Span(Span::of_ms(2 * DAY_MS).unwrap())];
    for word in [
        "within last",
        "within next",
        "before last",
        "after next",
        "anniversary within next",
        "anniversary within last",
    ] {
        let test = Test::new(Operator::from_word(word).unwrap(), operands.clone()).unwrap();
        let value = Value::parse(r#""2026-11-30T06:00:00Z""#).unwrap();
        let zone = Zone::named("America/New_York").unwrap();
        let (mut now, end) = (clock().now, clock().now.plus(800 * DAY_MS));
        let mut flips = 0;
        while now < end {
            let at = |now| Clock { now, zone: &zone };
            let mut next = end;
            test.moments(Some(&value), &at(now), &mut |moment| {
                next = next.min(moment)
            });
            assert!(next > now, "{word}");
            // Nothing changes in between: looked at in steps of an hour.
            let held = test.holds(Some(&value), &at(now));
            let mut between = now;
            while between < next {
                assert_eq!(
                    test.holds(Some(&value), &at(between)),
                    held,
                    "{word} {between}"
                );
                between = between.plus(3_600_000);
            }
            flips += usize::from(test.holds(Some(&value), &at(next)) != held);
            now = next;
        }
        let expected = match word {
            "before last" | "after next" => 1..=1,
            "within last" | "within next" => 2..=2,
            _ => 4..=6,
        };
        assert!(expected.contains(&flips), "{word}: {flips}");
    }
}
