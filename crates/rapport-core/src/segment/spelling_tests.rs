//! Both spellings of rules: what is read, what is refused and where, and that nothing is lost on
//! the way back.

use crate::segment::leaf::LeafSpec;
use crate::segment::rule::Rule;
use crate::segment::{text, tree};

mod any;
mod refused;
mod round_trip;

/// Reads text and prints it; also by way of JSON.
fn canonical(rule: &str) -> String {
    let rule = text::parse(rule).unwrap_or_else(|error| panic!("{rule}: {error}"));
    assert_eq!(
        tree::parse(&tree::print(&rule)),
        Ok(rule.clone()),
        "{}",
        tree::print(&rule)
    );
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
    check(
        r#"did "A" within 2 weeks at least 1 time"#,
        r#"did "A" within 14 days"#,
    );
    check(r#"did "A" ever where x = 1e2"#, r#"did "A" where x = 100"#);
    check(r#"did "A" at most 0 times"#, r#"did not "A""#);
    check(
        r#"viewed page "P" within 1 hours"#,
        r#"did page "P" within 1 hour"#,
    );
    check(r#"did not view screen"#, "did not screen");
    check(r#"((did "A"))"#, r#"did "A""#);
    check(r#"did "A" where ((x = 1))"#, r#"did "A" where x = 1"#);
    check("did\t\"A\"\n  and did \"B\"", r#"did "A" and did "B""#);
    check(
        r#"attribute "plan"."level" exists"#,
        "attribute plan.level exists",
    );
    check(r#"did track "A""#, r#"did "A""#);
    check(r#"did "\u0041\/""#, r#"did "A/""#);
}

#[test]
fn and_belongs_to_the_filter_while_a_name_follows() {
    let rule = text::parse(r#"did "A" where x = 1 and y = 2 and did "B""#).unwrap();
    assert!(
        matches!(&rule, Rule::All(parts) if parts.len() == 2),
        "{rule:?}"
    );
    let rule = text::parse(r#"did "A" where x = 1 or (did "B" and did "C")"#).unwrap();
    assert!(
        matches!(&rule, Rule::Any(parts) if parts.len() == 2),
        "{rule:?}"
    );
    let rule = text::parse(r#"did "A" where x = 1 or not (y = 2 and z = 3)"#).unwrap();
    assert!(matches!(&rule, Rule::Did(_)), "{rule:?}");
    let rule = text::parse(r#"did "A" where x = 1 and not in segment "s""#).unwrap();
    assert!(matches!(&rule, Rule::All(_)), "{rule:?}");
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
fn the_whole_algebra_prints_as_it_was_read() {
    for rule in include_str!("spelling_tests/rules.txt").lines() {
        same(rule);
    }
}

#[test]
fn words_that_came_later_are_still_names() {
    check(
        r#"attribute sequence = 1 and attribute for.x exists"#,
        r#"attribute "sequence" = 1 and attribute "for".x exists"#,
    );
    check(
        r#"did "A" where x = 1 and random = 2 and between != 3 and score.x exists and consent starts with "a""#,
        r#"did "A" where x = 1 and "random" = 2 and "between" != 3 and "score".x exists and "consent" starts with "a""#,
    );
    same(r#"did "A" where x = 1 and consent newsletter exists"#);
    same(r#"did "A" where x = 1 and sequence "A" then "B""#);
    same(r#"did "A" where x = 1 and not for 3 days did "B""#);
    same(r#"did "A" where x exists and random "t" below 10 percent"#);
}

#[test]
fn sugar_has_one_canonical_text() {
    check(r#"did "A" today"#, r#"did "A" this day"#);
    check(r#"did "A" yesterday"#, r#"did "A" last day"#);
    check(r#"did "A" 1 calendar months ago"#, r#"did "A" last month"#);
    check(r#"did "A" within 2 months"#, r#"did "A" within 60 days"#);
    check(r#"did "A" within 1 year"#, r#"did "A" within 365 days"#);
    check(
        r#"did "A" between 7 and 30 days ago"#,
        r#"did "A" between 7 days and 30 days ago"#,
    );
    check(
        r#"did "A" after "2026-01-01""#,
        r#"did "A" from "2026-01-01T00:00:00.000Z""#,
    );
    check(r#"did "A" since "B""#, r#"did "A" since last "B""#);
    check(
        r#"did "A" in at least 3 of the last 4 weeks"#,
        r#"did "A" in at least 3 of the last 4 periods of 7 days"#,
    );
    check(
        r#"did "A" but not for 21 days at least 3 times within 90 days"#,
        r#"did "A" at least 3 times within 90 days but not for 21 days"#,
    );
    check(
        r#"sequence "Cart Abandoned" then "Email Opened" where product.category = previous.category without "Email Link Clicked" within 7 days"#,
        r#"sequence "Cart Abandoned" then "Email Opened" where product.category = previous.category without "Email Link Clicked" within 7 days"#,
    );
}

#[test]
fn leaves_are_the_same_where_only_order_count_or_window_differ() {
    let leaf = |rule: &str| match text::parse(rule) {
        Ok(Rule::Did(did)) => did.need(0).spec,
        other => panic!("{other:?}"),
    };
    let plain = leaf(r#"did "A" where x = 1 and y = 2"#);
    assert_eq!(
        leaf(r#"did not "A" where y = 2 and x = 1 within 5 days"#),
        plain
    );
    assert_eq!(
        leaf(r#"did "A" where (y = 2 and x = 1) and x = 1 at most 9 times"#),
        plain
    );
    assert_ne!(leaf(r#"did "A" where x = 1 or y = 2"#), plain);
    assert_ne!(leaf(r#"did page "A" where x = 1 and y = 2"#), plain);
    let stored: String = plain.clone().into();
    assert_eq!(LeafSpec::try_from(stored), Ok(plain));
}
