//! How values are read and spelled.

use super::*;
use crate::crm::property::FieldType;
use crate::crm::{Choice, Definitions, PropertyNo, TypeId};
use proptest::prelude::*;

fn property(kind: Kind, field: FieldType, choices: &[&str]) -> Property {
    let definitions = Definitions::standard();
    let any = definitions
        .get(TypeId::DEAL)
        .unwrap()
        .property("dealname")
        .unwrap();
    let choice = |value: &&str| Choice {
        value: (*value).into(),
        ..Choice::default()
    };
    Property {
        no: PropertyNo(5_000),
        kind,
        field,
        choices: choices.iter().map(choice).collect(),
        ..any.clone()
    }
}

fn check(property: &Property, text: &str, expected: Option<&str>) {
    let read = Value::parse(property, text);
    let read = read.map(|value| value.map(|value| value.spelled()));
    assert_eq!(read.as_ref().map(Option::as_deref), Ok(expected), "{text}");
}

fn refused(property: &Property, texts: &[&str]) {
    for text in texts {
        assert!(Value::parse(property, text).is_err(), "{text}");
    }
}

#[test]
fn numbers_have_one_spelling() {
    let number = property(Kind::Number, FieldType::Number, &[]);
    for (text, spelled) in [
        ("12", "12"),
        (" 12.50 ", "12.5"),
        ("1e3", "1000"),
        ("-0", "0"),
        ("-0.0001", "-0.0001"),
        ("+4", "4"),
        (".5", "0.5"),
    ] {
        check(&number, text, Some(spelled));
    }
    check(&number, "  ", None);
    refused(
        &number,
        &[
            "1,000", "NaN", "infinity", "1e400", "0x10", "1 2", "--1", "１",
        ],
    );
}

#[test]
fn days_and_instants_are_read_as_iso_and_as_milliseconds() {
    let date = property(Kind::Date, FieldType::Date, &[]);
    check(&date, "2024-02-29", Some("2024-02-29"));
    check(&date, "1709164800000", Some("2024-02-29"));
    check(&date, "2024-02-29T00:00:00Z", Some("2024-02-29"));
    check(&date, "1969-12-31", Some("1969-12-31"));
    check(&date, "-86400000", Some("1969-12-31"));
    refused(
        &date,
        &[
            "1709164800001",
            "2024-02-29T10:00:00Z",
            "2023-02-29",
            "today",
            "2024-2-9",
        ],
    );
    let instant = property(Kind::DateTime, FieldType::Date, &[]);
    check(&instant, "2024-02-29", Some("2024-02-29T00:00:00.000Z"));
    check(
        &instant,
        "2024-02-29T10:00:00.5+01:00",
        Some("2024-02-29T09:00:00.500Z"),
    );
    check(&instant, "1709200800500", Some("2024-02-29T10:00:00.500Z"));
    refused(
        &instant,
        &["999999999999999", "-99999999999999", "noon", "12:00"],
    );
}

#[test]
fn truths_are_read_in_any_case_and_nothing_else_is_one() {
    let truth = property(Kind::Bool, FieldType::BooleanCheckbox, &[]);
    check(&truth, "TRUE", Some("true"));
    check(&truth, "False", Some("false"));
    refused(&truth, &["1", "0", "yes", "t"]);
}

#[test]
fn choices_are_taken_as_they_are_spelled() {
    let one = property(Kind::Enumeration, FieldType::Select, &["brie", "comté"]);
    check(&one, " comté ", Some("comté"));
    refused(&one, &["Brie", "brie;comté"]);
    let several = property(Kind::Enumeration, FieldType::Checkbox, &["brie", "comté"]);
    check(&several, "comté; brie;;comté", Some("comté;brie"));
    check(&several, ";", None);
    refused(&several, &["brie;cheddar"]);
    let message = Value::parse(&several, "cheddar").unwrap_err().to_string();
    assert_eq!(
        message,
        "cheddar was not one of the allowed options: [brie, comté]"
    );
}

#[test]
fn texts_are_kept_as_they_are() {
    let text = property(Kind::String, FieldType::Text, &[]);
    check(&text, "  two  spaces\n", Some("  two  spaces\n"));
    check(
        &text,
        &"ä".repeat(TEXT_CHARS_MAX),
        Some(&"ä".repeat(TEXT_CHARS_MAX)),
    );
    refused(&text, &["a\0b", &"ä".repeat(TEXT_CHARS_MAX + 1)]);
}

#[test]
fn a_message_shows_no_more_than_the_beginning_of_what_was_sent() {
    let number = property(Kind::Number, FieldType::Number, &[]);
    let message = Value::parse(&number, &"ä".repeat(10_000))
        .unwrap_err()
        .to_string();
    assert!(message.chars().count() < 200, "{message}");
}

fn any_value() -> impl Strategy<Value = (Property, Value)> {
    const CHOICES: [&str; 3] = ["a", "b", "c"];
    prop_oneof![
        any::<f64>()
            .prop_filter("finite", |number| number.is_finite())
            .prop_map(|number| {
                (
                    property(Kind::Number, FieldType::Number, &[]),
                    Value::Number(number + 0.0),
                )
            }),
        any::<bool>().prop_map(|truth| {
            (
                property(Kind::Bool, FieldType::BooleanCheckbox, &[]),
                Value::Bool(truth),
            )
        }),
        (-700_000_i32..2_900_000).prop_map(|days| {
            (
                property(Kind::Date, FieldType::Date, &[]),
                Value::Date(days),
            )
        }),
        (INSTANT_MIN..=INSTANT_MAX).prop_map(|ms| {
            (
                property(Kind::DateTime, FieldType::Date, &[]),
                Value::Instant(Millis(ms)),
            )
        }),
        "\\PC{0,10}[^\\s\0]\\PC{0,10}".prop_map(|text| {
            (
                property(Kind::String, FieldType::Text, &[]),
                Value::Text(text.into()),
            )
        }),
        proptest::sample::subsequence(&CHOICES[..], 1..=3).prop_map(|some| {
            let several = property(Kind::Enumeration, FieldType::Checkbox, &CHOICES);
            (
                several,
                Value::Options(some.into_iter().map(Box::from).collect()),
            )
        }),
    ]
}

proptest! {
    #[test]
    fn a_value_reads_back_from_its_spelling_and_from_its_cell((property, value) in any_value()) {
        let read = Value::parse(&property, &value.spelled());
        prop_assert_eq!(read, Ok(Some(value.clone())));
        let cell = value.cell(&property);
        prop_assert_eq!(Value::of_cell(&property, &cell), Some(value));
    }
}
