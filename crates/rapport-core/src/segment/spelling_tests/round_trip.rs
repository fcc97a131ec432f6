//! Nothing is lost on the way from rule to text or JSON and back.

use super::any::{any_computed, any_did, any_rule, any_sequence};
use crate::segment::leaf::LeafSpec;
use crate::segment::rule::Rule;
use crate::segment::{text, tree};
use proptest::prelude::*;

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
    fn every_computed_trait_comes_back_from_both_spellings(computed in any_computed()) {
        let spelled = computed.to_string();
        prop_assert_eq!(text::parse_computed(&spelled), Ok(computed.clone()), "{}", spelled);
        let printed = tree::print_computed(&computed);
        prop_assert!(serde_json::from_str::<serde_json::Value>(&printed).is_ok(), "{}", printed);
        prop_assert_eq!(tree::parse_computed(&printed), Ok(computed.clone()), "{}", printed);
        for need in computed.needs(0) {
            let text = String::from(need.spec.clone());
            prop_assert_eq!(LeafSpec::try_from(text.clone()), Ok(need.spec), "{}", text);
        }
    }

    #[test]
    fn every_leaf_comes_back_from_its_text(did in any_did(), sequence in any_sequence()) {
        for rule in [Rule::Did(Box::new(did)), Rule::Sequence(Box::new(sequence))] {
            for need in rule.needs() {
                let text = String::from(need.spec.clone());
                prop_assert_eq!(LeafSpec::try_from(text.clone()), Ok(need.spec), "{}", text);
            }
        }
    }

    #[test]
    fn no_text_makes_the_parsers_fail_otherwise_than_with_an_error(
        words in prop::collection::vec(
            prop_oneof![
                "[a-z\"'().,=<>!0-9é\\\\-]{1,4}",
                "did|not|and|or|where|attribute|in|segment|at|least|within|days|\"A\"|x|=|\\(|\\)|1|sequence|then|for|between|with|sum|of|ago|last|since|without|previous.x|random",
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
