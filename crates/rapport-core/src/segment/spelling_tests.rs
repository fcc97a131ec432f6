//! Both spellings of rules: what is read, what is refused and where, and that nothing is lost on
//! the way back.

use crate::event::Kind;
use crate::json::Decimal;
use crate::segment::count::{Count, Window};
use crate::segment::error::Error;
use crate::segment::leaf::LeafSpec;
use crate::segment::literal::Literal;
use crate::segment::operator::{OPERATORS, Takes, Test};
use crate::segment::path::Path;
use crate::segment::rule::{Did, Filter, Happening, Rule};
use crate::segment::{text, tree};
use proptest::prelude::*;

/// Reads text and prints it; also by way of JSON.
fn canonical(rule: &str) -> String {
    let rule = text::parse(rule).unwrap_or_else(|error| panic!("{rule}: {error}"));
    assert_eq!(tree::parse(&tree::print(&rule)), Ok(rule.clone()), "{}", tree::print(&rule));
    assert_eq!(text::parse(&rule.to_string()), Ok(rule.clone()), "{rule}");
    rule.to_string()
}

fn same(rule: &str) {
    assert_eq!(canonical(rule), rule);
}

fn check(rule: &str, expected: &str) {
    assert_eq!(canonical(rule), expected);
}

#[test]
fn canonical_text_prints_as_it_was_read() {
    same(
        r#"did "Product Viewed" where category = "shoes" at least 3 times within 7 days and did not "Order Completed" within 7 days"#,
    );
    same(r#"attribute plan = "gold""#);
    same(r#"attribute address."zip code" starts with "0" and attribute "First Name" exists"#);
    same(r#"attribute "in" in ("a", 2, -1.5, true) or attribute x not in (1)"#);
    same(r#"did page "Pricing" at most 1 time or did screen exactly 0 times within 30 seconds"#);
    same(r#"did "A" where (x = 1 or y != 2) and not z not contains "q" within 90 minutes"#);
    same(r#"did "A" where items.0.sku not exists and did "B""#);
    same(r#"not (did "A" or did "B") and not not in segment "staff""#);
    same(r#"not (in segment "vip") or not in segment "vip""#);
    same(r#"(did "A" or did "B") and (did "C" and did "D")"#);
    same(r#"did "A" or did "B" and did "C""#);
    same("did identify where plan <= 3 or did group or did alias or did track");
    same(r#"did "say \"hi\" \\ \n\t\u0001 ✓ 😀""#);
}

#[test]
fn other_ways_to_say_it_have_one_canonical_text() {
    check(r#"DID "A" Within 168 Hours"#, r#"did "A" within 7 days"#);
    check(r#"did "A" within 2 weeks at least 1 time"#, r#"did "A" within 14 days"#);
    check(r#"did "A" ever where x = 1e2"#, r#"did "A" where x = 100"#);
    check(r#"did "A" at most 0 times"#, r#"did not "A""#);
    check(r#"viewed page "P" within 1 hours"#, r#"did page "P" within 1 hour"#);
    check(r#"did not view screen"#, "did not screen");
    check(r#"((did "A"))"#, r#"did "A""#);
    check(r#"did "A" where ((x = 1))"#, r#"did "A" where x = 1"#);
    check("did\t\"A\"\n  and did \"B\"", r#"did "A" and did "B""#);
    check(r#"attribute "plan"."level" exists"#, "attribute plan.level exists");
    check(r#"did track "A""#, r#"did "A""#);
    check(r#"did "\u0041\/""#, r#"did "A/""#);
}

#[test]
fn and_belongs_to_the_filter_while_a_name_follows() {
    let rule = text::parse(r#"did "A" where x = 1 and y = 2 and did "B""#).unwrap();
    assert!(matches!(&rule, Rule::All(parts) if parts.len() == 2), "{rule:?}");
    let rule = text::parse(r#"did "A" where x = 1 or (did "B" and did "C")"#).unwrap();
    assert!(matches!(&rule, Rule::Any(parts) if parts.len() == 2), "{rule:?}");
    let rule = text::parse(r#"did "A" where x = 1 or not (y = 2 and z = 3)"#).unwrap();
    assert!(matches!(&rule, Rule::Did(_)), "{rule:?}");
    let rule = text::parse(r#"did "A" where x = 1 and not in segment "s""#).unwrap();
    assert!(matches!(&rule, Rule::All(_)), "{rule:?}");
}

/// Where the error is, and what it says.
fn refuse(rule: &str, at: &str, message: &str, help: Option<&str>) {
    let error = text::parse(rule).expect_err(rule);
    refused(rule, &error, at, message, help);
}

fn refuse_tree(rule: &str, at: &str, message: &str, help: Option<&str>) {
    let error = tree::parse(rule).expect_err(rule);
    refused(rule, &error, at, message, help);
}

fn refused(rule: &str, error: &Error, at: &str, message: &str, help: Option<&str>) {
    let place = error.place().unwrap();
    assert!(rule[place.offset..].starts_with(at), "{rule}: {error} at {}", &rule[place.offset..]);
    assert!(error.to_string().starts_with(message), "{rule}: {error}");
    match help {
        Some(part) => assert!(error.help().unwrap().contains(part), "{rule}: {:?}", error.help()),
        None => assert_eq!(error.help(), None, "{rule}"),
    }
}

#[test]
fn errors_in_text_point_at_the_place_and_suggest_what_was_meant() {
    refuse("", "", "expected a condition, found the end", Some("start with"));
    refuse("dit \"A\"", "dit", "expected a condition, found `dit`", Some("did you mean `did`?"));
    refuse(r#"did "A" witihn 7 days"#, "witihn", "expected `and`", Some("`within`"));
    refuse(r#"did "A" within 7 dayz"#, "dayz", "expected a unit", Some("`days`"));
    refuse(r#"did "A" within 7"#, "", "expected a unit of time, found the end", Some("seconds"));
    refuse(r#"did "A" within 0 days"#, "0 days", "a window is from 1 second", None);
    refuse(r#"did "A" within 9999999999999999999 weeks"#, "99", "a window is from 1 second", None);
    refuse(r#"did "A" at least 3 within 7 days"#, "within", "expected `times`", None);
    refuse(r#"did "A" at least 0 times"#, "0", "`at least 0 times` always holds", None);
    refuse(r#"did "A" at most 1001 times"#, "1001", "counts go up to 1,000", None);
    refuse(r#"did not "A" at least 2 times"#, "at least", "`did not` takes no count", Some("at most"));
    refuse(r#"did "A" within 1 day within 2 days"#, "within 2", "this was said before", None);
    refuse("did Order", "Order", "expected the name of an event", Some("like this"));
    refuse("did paeg", "paeg", "expected the name of an event", Some("`page`"));
    refuse(r#"did """#, "\"\"", "this name is empty", None);
    refuse(r#"did identify "x""#, "\"x\"", "events of type `identify` have no name", None);
    refuse(r#"did "A" where"#, "", "expected a name, found the end", None);
    refuse(r#"did "A" where x == 1"#, "==", "expected an operator", Some("write `=`"));
    refuse(r#"did "A" where x contians 1"#, "contians", "expected an operator", Some("`contains`"));
    refuse(r#"attribute within = 1"#, "within", "expected a name", Some("needs quotes"));
    refuse(r#"attribute a. b = 1"#, "b", "expected a name behind the dot", None);
    refuse(r#"attribute a = gold"#, "gold", "expected a text", Some("\"gold\""));
    refuse(r#"attribute a = null"#, "null", "expected a text", Some("exists"));
    refuse(r#"attribute a < true"#, "true", "`<` takes a number or a text", None);
    refuse(r#"attribute a = 007"#, "007", "expected a number without", None);
    refuse(r#"attribute a = 1e99"#, "1e99", "expected a number without", None);
    refuse(r#"attribute a in ()"#, ")", "expected a list", None);
    refuse(r#"attribute a in (1"#, "", "expected `)`", None);
    refuse(r#"attribute a = 'gold'"#, "'gold'", "`'` means nothing here", Some("double quotes"));
    refuse(r#"did "A" && did "B""#, "&&", "`&` means nothing here", Some("`and`"));
    refuse(r#"did "A"#, "\"A", "this text has no closing quote", Some("end it"));
    refuse(r#"(did "A""#, "", "expected `)`", None);
    refuse(r#"did "A")"#, ")", "expected `and`", None);
    refuse(r#"in segment vip"#, "vip", "expected the key", Some("\"vip\""));
}

#[test]
fn places_have_lines_and_columns() {
    let error = text::parse("did \"Ä\"\n  and dit \"B\"").unwrap_err();
    let place = error.place().unwrap();
    assert_eq!((place.offset, place.line, place.column), (15, 2, 7));
    assert_eq!(error.to_string(), "expected a condition, found `dit` (line 2, column 7)");
}

#[test]
fn errors_in_json_point_at_the_place_and_suggest_what_was_meant() {
    refuse_tree("", "", "this is not JSON", None);
    refuse_tree(r#"{"did": "A""#, "", "this is not JSON", None);
    refuse_tree(r#"{"did": "A"} x"#, "x", "this is not JSON", None);
    refuse_tree(r#"["did"]"#, "[", "this is an object", None);
    refuse_tree(r#"{"all": [{"dit": "A"}]}"#, r#"{"dit"#, "this is not a condition", Some("`did`"));
    refuse_tree(r#"{"all": []}"#, "[]", "this list is empty", None);
    refuse_tree(r#"{"did": "A", "within": 7}"#, "7", "this is a text", None);
    refuse_tree(r#"{"did": "A", "within": "7 dayz"}"#, "\"7 d", "expected a unit", Some("`days`"));
    refuse_tree(r#"{"did": "A", "at_least": 1.5}"#, "1.5", "this is how often", None);
    refuse_tree(r#"{"did": "A", "at_least": 1, "exactly": 2}"#, "2", "a condition has one", None);
    refuse_tree(r#"{"did_not": "A", "at_least": 2}"#, "2", "`at_least` means nothing here", None);
    refuse_tree(r#"{"did": "A", "did": "B"}"#, "\"B\"", "`did` was said before", None);
    refuse_tree(r#"{"did": {"name": "A"}}"#, "{\"name", "this needs a `type`", None);
    refuse_tree(r#"{"did": {"type": "pgae"}}"#, "\"pgae", "there is no such type", Some("page"));
    refuse_tree(r#"{"attribute": "a"}"#, "{", "this needs an `operator`", None);
    let typo = r#"{"attribute": "a", "operator": "contians", "value": 1}"#;
    refuse_tree(typo, "\"contians", "there is no such operator", Some("`contains`"));
    refuse_tree(r#"{"attribute": "a", "operator": "=", "value": null}"#, "null", "this is no", None);
    refuse_tree(r#"{"attribute": "a", "operator": "="}"#, "{", "`=` takes a text", None);
    refuse_tree(r#"{"attribute": "a b", "operator": "exists"}"#, "\"a b", "expected the end", None);
}

#[test]
fn json_has_the_shape_programs_rely_on() {
    let rule = text::parse(
        r#"did "A" where x = "y" at least 3 times within 7 days and (did not page "P" or attribute a in (1, 2.50)) and not in segment "s""#,
    );
    let expected = r#"{"all":[{"did":"A","where":{"property":"x","operator":"=","value":"y"},"at_least":3,"within":"7 days"},{"any":[{"did_not":{"type":"page","name":"P"}},{"attribute":"a","operator":"in","values":[1,2.5]}]},{"not_in_segment":"s"}]}"#;
    assert_eq!(tree::print(&rule.unwrap()), expected);
    let one = tree::parse(r#"{"all": [{"any": [{"did": "A", "within": "1 weeks"}]}]}"#).unwrap();
    assert_eq!(one.to_string(), r#"did "A" within 7 days"#);
}

#[test]
fn hostile_rules_are_refused_without_harm() {
    for part in ["(", "not ", "not (", "did \"A\" where (", "did \"A\" where not "] {
        assert!(text::parse(&part.repeat(60_000 / part.len())).is_err(), "{part}");
    }
    for part in ["{\"not\":", "{\"all\":[", "[", "{\"did\":\"A\",\"where\":{\"not\":"] {
        assert!(tree::parse(&part.repeat(60_000 / part.len())).is_err(), "{part}");
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
    assert!(text::parse(&grows).is_err(), "its canonical text is too long to be read back");
    let deepest = format!("{}did \"A\"", "not ".repeat(31));
    assert!(text::parse(&deepest).is_ok());
    assert!(text::parse(&format!("not {deepest}")).is_err());
}

#[test]
fn leaves_are_the_same_where_only_order_count_or_window_differ() {
    let leaf = |rule: &str| match text::parse(rule) {
        Ok(Rule::Did(did)) => LeafSpec::of(&did),
        other => panic!("{other:?}"),
    };
    let plain = leaf(r#"did "A" where x = 1 and y = 2"#);
    assert_eq!(leaf(r#"did not "A" where y = 2 and x = 1 within 5 days"#), plain);
    assert_eq!(leaf(r#"did "A" where (y = 2 and x = 1) and x = 1 at most 9 times"#), plain);
    assert_ne!(leaf(r#"did "A" where x = 1 or y = 2"#), plain);
    assert_ne!(leaf(r#"did page "A" where x = 1 and y = 2"#), plain);
    let stored: String = plain.clone().into();
    assert_eq!(LeafSpec::try_from(stored), Ok(plain));
}

fn any_name() -> impl Strategy<Value = Box<str>> {
    let spelled = "[a-zA-Z0-9 _$.\"\\\\\u{1}\u{7f}äß😀-]{0,8}";
    prop_oneof![4 => "[a-z_]{1,5}", 1 => spelled, 1 => "in|not|DID|where|segment|within"]
        .prop_map(Into::into)
}

fn any_path() -> impl Strategy<Value = Path> {
    prop::collection::vec(any_name(), 1..4).prop_map(|names| Path::new(names).unwrap())
}

fn any_literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        any::<bool>().prop_map(Literal::Bool),
        "-?(0|[1-9][0-9]{0,18})(\\.[0-9]{1,9})?"
            .prop_map(|digits| Literal::Number(Decimal::parse(&digits).unwrap())),
        any_name().prop_map(Literal::Text),
    ]
}

fn any_test() -> impl Strategy<Value = Test> {
    (0..OPERATORS.len(), prop::collection::vec(any_literal(), 1..4), any_name()).prop_map(
        |(at, mut list, name)| {
            let operator = OPERATORS[at];
            match operator.takes {
                Takes::Nothing => list.clear(),
                Takes::List => {}
                Takes::Value => list.truncate(1),
                Takes::Ordered | Takes::Text => list = vec![Literal::Text(name)],
            }
            Test::new(operator, list).unwrap()
        },
    )
}

fn any_filter() -> impl Strategy<Value = Filter> {
    let property = (any_path(), any_test()).prop_map(|(path, test)| Filter::Property { path, test });
    property.prop_recursive(3, 8, 3, |inner| {
        let several = prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            several.clone().prop_map(Filter::All),
            several.prop_map(Filter::Any),
            inner.prop_map(|part| Filter::Not(Box::new(part))),
        ]
    })
}

fn any_did() -> impl Strategy<Value = Did> {
    let kind = prop_oneof![
        3 => Just(Kind::Track), 1 => Just(Kind::Page), 1 => Just(Kind::Screen),
        1 => Just(Kind::Identify), 1 => Just(Kind::Group), 1 => Just(Kind::Alias),
    ];
    let count = prop_oneof![
        (1..1_001_u32).prop_map(Count::AtLeast),
        (0..1_001_u32).prop_map(Count::AtMost),
        (0..1_001_u32).prop_map(Count::Exactly),
    ];
    let window = prop::option::of((1..3_000_000_i64).prop_map(|s| Window::of_ms(s * 1_000).unwrap()));
    (kind, prop::option::of(any_name()), prop::option::of(any_filter()), count, window).prop_map(
        |(kind, name, filter, count, window)| {
            let name = name.filter(|name| Happening::has_names(kind) && !name.is_empty());
            Did { happening: Happening { kind, name }, filter, count, window }
        },
    )
}

fn any_rule() -> impl Strategy<Value = Rule> {
    let condition = prop_oneof![
        4 => any_did().prop_map(Rule::Did),
        2 => (any_path(), any_test()).prop_map(|(path, test)| Rule::Attribute { path, test }),
        1 => any_name().prop_map(Rule::In),
        1 => any_name().prop_map(Rule::NotIn),
    ];
    condition.prop_recursive(4, 16, 4, |inner| {
        let several = prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            several.clone().prop_map(Rule::All),
            several.prop_map(Rule::Any),
            inner.prop_map(|part| Rule::Not(Box::new(part))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn every_rule_comes_back_from_both_spellings(rule in any_rule()) {
        prop_assert_eq!(text::parse(&rule.to_string()), Ok(rule.clone()), "{}", rule);
        let printed = tree::print(&rule);
        prop_assert!(serde_json::from_str::<serde_json::Value>(&printed).is_ok(), "{}", printed);
        prop_assert_eq!(tree::parse(&printed), Ok(rule.clone()), "{}", printed);
        let stored = postcard::to_allocvec(&rule).unwrap();
        prop_assert_eq!(postcard::from_bytes::<Rule>(&stored), Ok(rule));
    }

    #[test]
    fn every_leaf_comes_back_from_its_text(did in any_did()) {
        let spec = LeafSpec::of(&did);
        let text = String::from(spec.clone());
        prop_assert_eq!(LeafSpec::try_from(text.clone()), Ok(spec), "{}", text);
    }

    #[test]
    fn no_text_makes_the_parsers_fail_otherwise_than_with_an_error(
        words in prop::collection::vec(
            prop_oneof![
                "[a-z\"'().,=<>!0-9é\\\\-]{1,4}",
                "did|not|and|or|where|attribute|in|segment|at|least|within|days|\"A\"|x|=|\\(|\\)|1",
            ],
            0..14,
        ),
    ) {
        for text in [words.join(" "), words.concat()] {
            if let Err(error) = text::parse(&text) {
                prop_assert!(error.place().is_some_and(|place| place.offset <= text.len()));
            }
            let _ = tree::parse(&text);
        }
    }

    #[test]
    fn a_tree_with_a_piece_missing_is_refused_at_a_place_inside(rule in any_rule(), cut in any::<prop::sample::Index>()) {
        let mut printed = tree::print(&rule);
        let at = cut.index(printed.len());
        if printed.is_char_boundary(at) && printed[at..].chars().next().is_some() {
            printed.remove(at);
        }
        if let Err(error) = tree::parse(&printed) {
            prop_assert!(error.place().is_some_and(|place| place.offset <= printed.len()));
        }
    }
}
