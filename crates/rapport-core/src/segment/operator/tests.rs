//! What each operator says of a value.

use super::*;
use crate::json::Decimal;

fn check(word: &str, operands: &[Literal], raw: Option<&str>, expected: bool) {
    let operator = Operator::from_word(word).unwrap();
    let test = Test::new(operator, operands.to_vec()).unwrap();
    let value = raw.map(|raw| Value::parse(raw).unwrap());
    assert_eq!(test.holds(value.as_ref()), expected, "{test} on {raw:?}");
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
    let pairs = [("=", "!="), ("contains", "not contains"), ("in", "not in")];
    for value in values {
        for (plain, opposite) in pairs {
            for operand in [Literal::text("gold"), number("3"), Literal::Bool(true)] {
                let test = |word| {
                    let operator = Operator::from_word(word).unwrap();
                    let value = value.map(|raw| Value::parse(raw).unwrap());
                    Test::new(operator, vec![operand.clone()])
                        .unwrap()
                        .holds(value.as_ref())
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
