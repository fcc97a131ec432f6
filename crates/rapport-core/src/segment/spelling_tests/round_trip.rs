//! Nothing is lost on the way from rule to text or JSON and back.

use crate::event::Kind;
use crate::json::Decimal;
use crate::segment::count::{Count, Window};
use crate::segment::leaf::LeafSpec;
use crate::segment::literal::Literal;
use crate::segment::operator::{OPERATORS, Takes, Test};
use crate::segment::path::Path;
use crate::segment::rule::{Did, Filter, Happening, Rule};
use crate::segment::{text, tree};
use proptest::prelude::*;

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
    (
        0..OPERATORS.len(),
        prop::collection::vec(any_literal(), 1..4),
        any_name(),
    )
        .prop_map(|(at, mut list, name)| {
            let operator = OPERATORS[at];
            match operator.takes {
                Takes::Nothing => list.clear(),
                Takes::List => {}
                Takes::Value => list.truncate(1),
                Takes::Ordered | Takes::Text => list = vec![Literal::Text(name)],
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
    let window =
        prop::option::of((1..3_000_000_i64).prop_map(|s| Window::of_ms(s * 1_000).unwrap()));
    (
        kind,
        prop::option::of(any_name()),
        prop::option::of(any_filter()),
        count,
        window,
    )
        .prop_map(|(kind, name, filter, count, window)| {
            let name = name.filter(|name| Happening::has_names(kind) && !name.is_empty());
            Did {
                happening: Happening { kind, name },
                filter,
                count,
                window,
            }
        })
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
