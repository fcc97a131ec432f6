//! Rules that are refused: where, with which words, and with which advice.

use crate::segment::error::Error;
use crate::segment::{text, tree};

/// A rule, what stands where the error points, how the message begins, and a part of the advice.
const TEXTS: &str = r#"
 ¦  ¦ expected a condition, found the end ¦ start with
dit "A" ¦ dit ¦ expected a condition, found `dit` ¦ did you mean `did`?
did "A" witihn 7 days ¦ witihn ¦ expected `and` ¦ `within`
did "A" within 7 dayz ¦ dayz ¦ expected a unit ¦ `days`
did "A" within 7 ¦  ¦ expected a unit of time, found the end ¦ seconds
did "A" within 0 days ¦ 0 days ¦ a window is from 1 second ¦
did "A" within 9999999999999999999 weeks ¦ 99 ¦ a window is from 1 second ¦
did "A" at least 3 within 7 days ¦ within ¦ expected `times` ¦
did "A" at least 0 times ¦ 0 ¦ `at least 0 times` always holds ¦
did "A" at most 1001 times ¦ 1001 ¦ counts go up to 1,000 ¦
did not "A" at least 2 times ¦ at least ¦ `did not` takes no count ¦ at most
did "A" within 1 day within 2 days ¦ within 2 ¦ this was said before ¦
did Order ¦ Order ¦ expected the name of an event ¦ like this
did paeg ¦ paeg ¦ expected the name of an event ¦ `page`
did "" ¦ "" ¦ this name is empty ¦
did identify "x" ¦ "x" ¦ events of type `identify` have no name ¦
did "A" where ¦  ¦ expected a name, found the end ¦
did "A" where x == 1 ¦ == ¦ expected an operator ¦ write `=`
did "A" where x contians 1 ¦ contians ¦ expected an operator ¦ `contains`
attribute within = 1 ¦ within ¦ expected a name ¦ needs quotes
attribute a. b = 1 ¦ b ¦ expected a name behind the dot ¦
attribute a = gold ¦ gold ¦ expected a text ¦ "gold"
attribute a = null ¦ null ¦ expected a text ¦ exists
attribute a < true ¦ true ¦ `<` takes a number or a text ¦
attribute a = 007 ¦ 007 ¦ expected a number without ¦
attribute a = 1e99 ¦ 1e99 ¦ expected a number without ¦
attribute a in () ¦ ) ¦ expected a list ¦
attribute a in (1 ¦  ¦ expected `)` ¦
attribute a = 'gold' ¦ 'gold' ¦ `'` means nothing here ¦ double quotes
did "A" && did "B" ¦ && ¦ `&` means nothing here ¦ `and`
did "A ¦ "A ¦ this text has no closing quote ¦ end it
(did "A" ¦  ¦ expected `)` ¦
did "A") ¦ ) ¦ expected `and` ¦
did "A" where x = previous.y ¦ where ¦ this compares with a step ¦
did "A" where x = 1 or y = attribute z ¦ where ¦ a comparison with an attribute ¦
did "A" where x contains attribute y ¦ attribute ¦ only `=`, `!=` ¦
attribute x = attribute y ¦ attribute ¦ expected a text ¦ "attribute"
did "A" with sun of revenue > 1 ¦ sun ¦ expected what is made ¦ `sum`
did "A" with sum revenue > 1 ¦ revenue ¦ expected `of` ¦
did "A" with sum of revenue like 1 ¦ like ¦ expected `=` ¦
did "A" between 5 and 2 times ¦ 5 and ¦ the second number is larger ¦
did "A" between 30 and 7 days ago ¦ between ¦ the second span is longer ¦
did "A" more than 7 days ¦  ¦ expected `ago` ¦
did "A" before "soon" ¦ "soon" ¦ this is no date ¦ 2026
did "A" this fortnight ¦ fortnight ¦ expected a unit of the calendar ¦ quarter
did "A" this mont ¦ mont ¦ expected a unit of the calendar ¦ `month`
did "A" in at least 5 of the last 4 weeks ¦ in at ¦ the first number lies ¦
did "A" exactly 2 times but not for 3 days ¦ exactly ¦ `but not for` goes with ¦
sequence "A" ¦  ¦ expected `then` and another step ¦
sequence "A" them "B" ¦ them ¦ expected `then` and another step ¦ `then`
sequence "A" then "B" witout "C" ¦ witout ¦ expected `and` ¦ `without`
sequence "A" then "B" where x = previus.y ¦ "A" ¦ this compares with a step ¦
sequence "A" as a then "B" as a ¦ "A" ¦ two steps have one name ¦
sequence "A" as where then "B" ¦ "A" ¦ a step is named by one word ¦
for 3 days in segment "a" ¦ for ¦ what has to hold for some time ¦
random "t" below 110 percent ¦ 110 ¦ expected a number from 0 to 100 ¦
random "t" above 10 percent ¦ above ¦ expected `below` ¦ 10 percent
attribute x before "soon" ¦ "soon" ¦ `before` takes a date ¦
attribute x between 2 and 1 ¦ 2 ¦ `between` takes two numbers ¦
attribute x within last ¦  ¦ expected a span ¦
in segment vip ¦ vip ¦ expected the key ¦ "vip"
"#;

const TREES: &str = r#"
 ¦  ¦ this is not JSON ¦
{"did": "A" ¦  ¦ this is not JSON ¦
{"did": "A"} x ¦ x ¦ this is not JSON ¦
["did"] ¦ [ ¦ this is an object ¦
{"all": [{"dit": "A"}]} ¦ {"dit ¦ this is not a condition ¦ `did`
{"all": []} ¦ [] ¦ this list is empty ¦
{"did": "A", "within": 7} ¦ 7 ¦ this is a text ¦
{"did": "A", "within": "7 dayz"} ¦ "7 d ¦ expected a unit ¦ `days`
{"did": "A", "at_least": 1.5} ¦ 1.5 ¦ this is how often ¦
{"did": "A", "at_least": 1, "exactly": 2} ¦ 2 ¦ a condition has one ¦
{"did_not": "A", "at_least": 2} ¦ 2 ¦ `at_least` means nothing here ¦
{"did": "A", "did": "B"} ¦ "B" ¦ `did` was said before ¦
{"did": {"name": "A"}} ¦ {"name ¦ this needs a `type` ¦
{"did": {"type": "pgae"}} ¦ "pgae ¦ there is no such type ¦ page
{"attribute": "a"} ¦ { ¦ this needs an `operator` ¦
{"attribute": "a", "operator": "contians", "value": 1} ¦ "contians ¦ there is no such operator ¦ `contains`
{"attribute": "a", "operator": "=", "value": null} ¦ null ¦ this is no ¦
{"attribute": "a", "operator": "="} ¦ { ¦ `=` takes a text ¦
{"did": "A", "within": "7 days", "more_than_ago": "8 days"} ¦ "8 days" ¦ a condition has one window ¦
{"did": "A", "with": {"function": "sun", "property": "x", "operator": ">", "value": 1}} ¦ "sun ¦ there is no such function ¦ sum
{"did": "A", "calendar": {"unit": "fortnight"}} ¦ {"unit ¦ there is no such unit ¦ quarter
{"did": "A", "first_time": 1} ¦ 1 ¦ this is true ¦
{"sequence": [{"did": "A"}]} ¦ {"seq ¦ a sequence has at least ¦
{"sequence": [{"did_not": "A"}, {"did": "B"}]} ¦ [ ¦ `did_not` is the last ¦
{"sequence": [{"dit": "A"}]} ¦ {"dit ¦ this is not a step ¦ `did`
{"for": "3 days"} ¦ {"for ¦ this needs a `rule` ¦
{"random": "t", "below": 101} ¦ {"ran ¦ `from` and `below` ¦
{"attribute": "a b", "operator": "exists"} ¦ "a b ¦ expected the end ¦
"#;

fn check<T: std::fmt::Debug>(row: &str, parse: fn(&str) -> Result<T, Error>) {
    let cells: Vec<_> = row.split('¦').map(str::trim).collect();
    let cell = |nth: usize| cells.get(nth).copied().unwrap_or_default();
    let (rule, at, message, help) = (cell(0), cell(1), cell(2), cell(3));
    let error = parse(rule).expect_err(rule);
    let found = &rule[error.place().unwrap().offset..];
    assert!(
        found.starts_with(at) && found.is_empty() == at.is_empty(),
        "{row}: at `{found}`"
    );
    assert!(error.to_string().starts_with(message), "{row}: {error}");
    let advice = error.help().unwrap_or_default();
    assert!(
        advice.contains(help) && advice.is_empty() == help.is_empty(),
        "{row}: {advice}"
    );
}

#[test]
fn errors_in_text_point_at_the_place_and_suggest_what_was_meant() {
    for row in TEXTS
        .trim()
        .lines()
        .chain(["¦¦ expected a condition ¦ start with"])
    {
        check(row, text::parse);
    }
}

#[test]
fn errors_in_json_point_at_the_place_and_suggest_what_was_meant() {
    for row in TREES.trim().lines() {
        check(row, tree::parse);
    }
}

#[test]
fn places_have_lines_and_columns() {
    let error = text::parse("did \"Ä\"\n  and dit \"B\"").unwrap_err();
    let place = error.place().unwrap();
    assert_eq!((place.offset, place.line, place.column), (15, 2, 7));
    assert_eq!(
        error.to_string(),
        "expected a condition, found `dit` (line 2, column 7)"
    );
}

#[test]
fn hostile_rules_are_refused_without_harm() {
    for part in [
        "(",
        "not ",
        "not (",
        "did \"A\" where (",
        "did \"A\" where not ",
    ] {
        assert!(
            text::parse(&part.repeat(60_000 / part.len())).is_err(),
            "{part}"
        );
    }
    for part in [
        "{\"not\":",
        "{\"all\":[",
        "[",
        "{\"did\":\"A\",\"where\":{\"not\":",
    ] {
        assert!(
            tree::parse(&part.repeat(60_000 / part.len())).is_err(),
            "{part}"
        );
    }
    let closed = format!("{}{}", "{\"not\":".repeat(9_000), "}".repeat(9_000));
    assert!(tree::parse(&closed).is_err());
    let closed = format!("{}did \"A\"{}", "(".repeat(20_000), ")".repeat(20_000));
    assert!(text::parse(&closed).is_err());
    assert!(text::parse(&vec!["did \"A\""; 500].join(" and ")).is_ok());
    assert!(text::parse(&vec!["did \"A\""; 501].join(" and ")).is_err());
    assert!(text::parse(&format!("did \"{}\"", "x".repeat(64 * 1024 - 6))).is_ok());
    assert!(text::parse(&format!("did \"{}\"", "x".repeat(64 * 1024 - 5))).is_err());
    let grows = format!("did \"{}\"", "\u{1}".repeat(30_000));
    assert!(
        text::parse(&grows).is_err(),
        "its canonical text is too long to be read back"
    );
    let deepest = format!("{}did \"A\"", "not ".repeat(31));
    assert!(text::parse(&deepest).is_ok());
    assert!(text::parse(&format!("not {deepest}")).is_err());
}
