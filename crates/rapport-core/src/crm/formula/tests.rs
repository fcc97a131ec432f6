//! Formulas: how they are read, what they come to, and what is wrong with others.

use super::*;
use crate::crm::TypeId;
use crate::crm::value::Value;
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A record with a few values, and nothing associated with it.
struct World(BTreeMap<&'static str, Value>);

impl Known for World {
    fn property(&self, name: &str) -> Option<Value> {
        self.0.get(name).cloned()
    }

    fn rollup(&self, _: &Rollup, _: &mut Fuel) -> Option<Value> {
        None
    }
}

fn world() -> World {
    let values = [
        ("amount", Value::Number(1_200.0)),
        ("zero", Value::Number(0.0)),
        ("name", Value::Text("Ada Ström".into())),
        ("won", Value::Bool(true)),
        ("day", Value::Date(19_676)),
        ("at", Value::Instant(crate::time::Millis(1_700_000_000_000))),
    ];
    World(values.into())
}

fn value(formula: &str) -> Option<String> {
    let formula = Formula::parse(formula).unwrap_or_else(|error| panic!("{formula}: {error}"));
    let mut fuel = Fuel::OF_A_FORMULA;
    evaluate(formula.tree(), &world(), &mut fuel).map(|value| value.spelled())
}

fn check(formula: &str, expected: Option<&str>) {
    assert_eq!(value(formula).as_deref(), expected, "{formula}");
}

#[test]
fn numbers_are_reckoned_with_in_the_usual_order() {
    check("1 + 2 * 3", Some("7"));
    check("(1 + 2) * 3", Some("9"));
    check("10 - 2 - 3", Some("5"));
    check("-2 * -3", Some("6"));
    check("- amount / 4", Some("-300"));
    check("7 % 4", Some("3"));
    check("0.1 + 0.2 = 0.30000000000000004", Some("true"));
    check("round(2.5)", Some("3"));
    check("round(-2.5)", Some("-3"));
    check("round(1234.567, 2)", Some("1234.57"));
    check("round(1234.567, -2)", Some("1200"));
    check("floor(2.9) + ceil(2.1)", Some("5"));
    check("abs(-3)", Some("3"));
    check("least(3, missing, 2)", Some("2"));
    check("greatest(3, 10, 2)", Some("10"));
}

#[test]
fn what_is_missing_makes_what_needs_it_missing() {
    check("missing", None);
    check("amount + missing", None);
    check("amount / zero", None);
    check("amount % zero", None);
    check("missing = missing", None);
    check("not missing", None);
    check("default(missing, amount)", Some("1200"));
    check("is_known(missing)", Some("false"));
    check("is_known(amount) and not is_known(missing)", Some("true"));
    check("if(missing > 1, 1, 2)", Some("2"));
    check("missing > 1 or won", Some("true"));
    check("if(won, missing, 1)", None);
    check("number(\"abc\")", None);
    check("number(\"inf\")", None);
    check("concat(missing, missing)", None);
    check("- zero", Some("0"));
}

#[test]
fn texts_days_and_instants_have_their_functions() {
    check("upper(name) + \"!\"", Some("ADA STRÖM!"));
    check("concat(lower(name), missing, ' x')", Some("ada ström x"));
    check("length(name)", Some("9"));
    check(
        "contains(name, \"Str\") and starts_with(name, 'Ada')",
        Some("true"),
    );
    check(r#"trim("  a\"b  ")"#, Some("a\"b"));
    check("text(amount) + text(day)", Some("12002023-11-15"));
    check("date(at)", Some("2023-11-14"));
}

#[test]
fn days_are_moved_on_the_calendar() {
    check("add_days(day, 20)", Some("2023-12-05"));
    check("add_months(date('2024-01-31'), 1)", Some("2024-02-29"));
    check("add_days(at, 1)", Some("2023-11-15T22:13:20.000Z"));
    check("days_between(day, date('2023-11-10'))", Some("-5"));
    check(
        "hours_between(date('2023-11-14'), at)",
        Some("22.22222222222222"),
    );
    check(
        "year(day) * 10000 + month(day) * 100 + day(day)",
        Some("20231115"),
    );
    check("date('2023-02-30')", None);
    check("add_days(day, 99999999)", None);
    check("at > day", Some("false"));
}

#[test]
fn names_and_words_are_read_in_any_case() {
    check("IF(TRUE AND NOT FALSE, 1, 2)", Some("1"));
    check("NOT 1 = 2", Some("true"));
    check(
        "1 <> 2 and 2 == 2 and 1 != 3 and 1 <= 1 and 2 >= 1",
        Some("true"),
    );
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for (formula, column, words) in [
        ("", 1, "a value is expected"),
        ("1 +", 4, "a value is expected"),
        ("1 2", 3, "should end here"),
        ("(1", 3, "`)` is expected"),
        ("fi(1, 2, 3)", 1, "no function `fi`"),
        ("if(1, 2)", 1, "takes 3 values"),
        ("1 < 2 < 3", 7, "cannot follow one another"),
        ("ä + $", 1, "means nothing here"),
        ("'Größe' + $", 11, "means nothing here"),
        ("\"abc", 1, "does not end"),
        ("sum(deals)", 10, "needs a property"),
        (
            "sum(deals.amount where sum(deals.amount) > 1)",
            24,
            "of associated records",
        ),
        ("count(1)", 7, "the type of"),
        ("and", 1, "a value is expected"),
    ] {
        let error = Formula::parse(formula).unwrap_err();
        assert!(error.message.contains(words), "{formula}: {error}");
        assert_eq!(error.column, column, "{formula}: {error}");
    }
}

#[test]
fn types_that_do_not_mix_are_refused() {
    let definitions = Definitions::standard();
    let deals = definitions.get(TypeId::DEAL).unwrap();
    for (formula, words) in [
        ("amount + dealname", "cannot be added"),
        ("amount and hs_is_closed", "true or false is needed"),
        ("if(amount, 1, 2)", "true or false is needed"),
        ("if(hs_is_closed, 1, 'a')", "what stands before it"),
        ("dealname = 1", "cannot be compared"),
        ("hs_is_closed < hs_is_closed_won", "cannot be compared"),
        ("year(amount)", "a day or an instant is needed"),
        ("sum(deals.dealname)", "cannot be made of"),
        ("sum(line_items.amont)", "no property `amont`"),
        ("count(unicorns)", "no object type"),
        ("count(products)", "cannot be associated"),
        ("count(line_items where amount)", "true or false is needed"),
        ("greatest(hs_is_closed)", "no order"),
    ] {
        let read = Formula::parse(formula).unwrap();
        let error = read.check(&definitions, deals).unwrap_err();
        assert!(error.message.contains(words), "{formula}: {error}");
    }
    for (formula, found) in [
        ("amount * 2", Type::Number),
        ("concat(dealname, text(amount))", Type::Text),
        ("closedate > createdate", Type::Bool),
        ("max(contacts.createdate)", Type::Instant),
        ("min(contacts.email)", Type::Text),
        (
            "count(contacts.email where is_known(firstname))",
            Type::Number,
        ),
        ("date(closedate)", Type::Date),
    ] {
        let read = Formula::parse(formula).unwrap();
        assert_eq!(read.check(&definitions, deals), Ok(found), "{formula}");
    }
}

#[test]
fn a_formula_is_bounded_in_length_parts_and_depth() {
    let deep = format!(
        "{}1{}",
        "(".repeat(DEPTH_MAX + 1),
        ")".repeat(DEPTH_MAX + 1)
    );
    assert!(Formula::parse(&deep).unwrap_err().message.contains("deep"));
    let negative = "-".repeat(DEPTH_MAX + 1) + "1";
    assert!(
        Formula::parse(&negative)
            .unwrap_err()
            .message
            .contains("deep")
    );
    let wide = "1+".repeat(PARTS_MAX) + "1";
    assert!(Formula::parse(&wide).unwrap_err().message.contains("parts"));
    let long = "1 ".repeat(BYTES_MAX);
    assert!(Formula::parse(&long).unwrap_err().message.contains("bytes"));
    // As many operators as parts allow, one behind the other, need no depth.
    let chain = "1+".repeat(PARTS_MAX / 2 - 1) + "1";
    assert!(Formula::parse(&chain).is_ok());
}

#[test]
fn fuel_that_is_used_up_leaves_the_value_missing() {
    let formula = Formula::parse("1 + 1 + 1 + 1").unwrap();
    let mut enough = Fuel::new(100);
    assert!(evaluate(formula.tree(), &world(), &mut enough).is_some());
    let mut little = Fuel::new(4);
    assert_eq!(evaluate(formula.tree(), &world(), &mut little), None);
    assert!(little.is_empty());
    let large = World([("t", Value::Text("x".repeat(60_000).into()))].into());
    let twice = Formula::parse("t + t").unwrap();
    assert_eq!(
        evaluate(twice.tree(), &large, &mut Fuel::OF_A_FORMULA.clone()),
        None
    );
}

#[test]
fn a_formula_is_kept_as_it_was_written() {
    let text = "sum(deals.amount where hs_is_closed_won)  * 2";
    let formula = Formula::parse(text).unwrap();
    let json = serde_json::to_string(&formula).unwrap();
    assert_eq!(json, format!("{text:?}"));
    assert_eq!(serde_json::from_str::<Formula>(&json).unwrap(), formula);
    assert!(serde_json::from_str::<Formula>("\"1 +\"").is_err());
    let needs = formula.needs();
    let expected = ["amount".into(), "hs_is_closed_won".into()];
    assert_eq!(needs.related["deals"], expected.into());
}

#[test]
fn the_page_about_formulas_names_every_function_and_its_examples_are_right() {
    let page = include_str!("../../../../../docs/formulas.md");
    for function in Function::ALL {
        let call = format!("`{}(", function.word());
        assert!(page.contains(&call), "{call}");
    }
    for aggregate in Aggregate::ALL {
        assert!(page.contains(&format!("`{}", aggregate.word())));
    }
    let definitions = Definitions::standard();
    let mut examples = 0;
    for line in page.lines().filter_map(|line| line.strip_prefix("    ")) {
        let types = definitions.in_use();
        match line.split_once('→') {
            Some((formula, message)) => {
                let deals = definitions.get(TypeId::DEAL).unwrap();
                let error = Formula::parse(formula).unwrap().check(&definitions, deals);
                assert_eq!(error.unwrap_err().to_string(), message.trim());
            }
            None => {
                let formula = Formula::parse(line).unwrap();
                let mut fits = types.filter(|object| formula.check(&definitions, object).is_ok());
                assert!(fits.next().is_some(), "{line}");
            }
        }
        examples += 1;
    }
    assert_eq!(examples, 5);
    for limit in [
        BYTES_MAX,
        PARTS_MAX,
        DEPTH_MAX,
        crate::crm::calculate::RELATED_MAX,
    ] {
        let digits = limit.to_string();
        let written = match digits.len() {
            4.. => format!(
                "{},{}",
                &digits[..digits.len() - 3],
                &digits[digits.len() - 3..]
            ),
            _ => digits,
        };
        assert!(page.contains(&written), "{written}");
    }
}

/// Formulas of numbers together with what they come to in plain arithmetic.
fn any_sum() -> impl Strategy<Value = (String, Option<f64>)> {
    let leaf = prop_oneof![
        (0_u16..500).prop_map(|n| (n.to_string(), Some(f64::from(n)))),
        Just(("amount".to_owned(), Some(1_200.0))),
        Just(("missing".to_owned(), None)),
    ];
    leaf.prop_recursive(5, 40, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone(), 0_usize..4).prop_map(|((a, x), (b, y), which)| {
                let sign = ["+", "-", "*", "/"][which];
                let both = x.zip(y).map(|(x, y)| match which {
                    0 => x + y,
                    1 => x - y,
                    2 => x * y,
                    _ => x / y,
                });
                (
                    format!("({a} {sign} {b})"),
                    both.filter(|sum| sum.is_finite()),
                )
            }),
            (inner.clone(), inner.clone(), inner).prop_map(|((a, x), (b, y), (c, z))| {
                let met = x.zip(y).is_some_and(|(x, y)| x < y);
                (format!("if({a} < {b}, {c}, {a})"), if met { z } else { x })
            }),
        ]
    })
}

proptest! {
    #[test]
    fn sums_come_to_what_plain_arithmetic_says((formula, expected) in any_sum()) {
        let formula = Formula::parse(&formula).unwrap();
        let found = evaluate(formula.tree(), &world(), &mut Fuel::OF_A_FORMULA.clone());
        let found = found.map(|value| match value {
            Value::Number(number) => number,
            other => panic!("{other:?}"),
        });
        prop_assert_eq!(found, expected.map(|number| number + 0.0));
    }

    #[test]
    fn no_text_makes_reading_or_evaluating_fall(
        text in "(\\PC|amount|name|if\\(|sum\\(deals\\.|where|[0-9(),.+*/<>=\"' -]){0,30}",
        fuel in 0_u32..200,
    ) {
        match Formula::parse(&text) {
            Ok(formula) => {
                let mut fuel = Fuel::new(fuel);
                evaluate(formula.tree(), &world(), &mut fuel);
                let again = Formula::parse(&formula.to_string());
                prop_assert_eq!(again, Ok(formula));
            }
            Err(error) => prop_assert!(error.offset <= text.len()),
        }
    }
}
