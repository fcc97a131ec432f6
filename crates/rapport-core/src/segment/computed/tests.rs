//! Computed traits: what is refused, what is ready, and what segments hang on.

use super::Computed;
use super::library::LIBRARY;
use crate::identity::ProfileNo;
use crate::position::Position;
use crate::segment::error::Error;
use crate::segment::registry::{Build, Moment, Registry};
use crate::segment::{text, tree};
use crate::time::Millis;

fn moment(request: u64) -> Moment {
    Moment {
        position: Position::command(request, 1),
        received: Millis(1_000),
        next_profile: ProfileNo(5),
    }
}

fn computed(spelled: &str) -> Computed {
    text::parse_computed(spelled).unwrap_or_else(|error| panic!("{spelled}: {error}"))
}

#[track_caller]
fn refused(spelled: &str, column: usize, help: Option<&str>) {
    let error = text::parse_computed(spelled).expect_err(spelled);
    let place = error.place().expect("a place");
    assert_eq!(
        (place.column, error.help().as_deref()),
        (column, help),
        "{spelled}: {error}"
    );
}

#[test]
fn what_is_misspelled_is_refused_at_its_place_with_what_was_meant() {
    refused(r#"cuont of "A""#, 1, Some("did you mean `count`?"));
    refused(r#"sum of x off "A""#, 10, Some("did you mean `of`?"));
    refused(
        r#"count of "A" witihn 2 days"#,
        14,
        Some("did you mean `within`?"),
    );
    refused(
        r#"count of "A" within 2 dyas"#,
        23,
        Some("did you mean `days`?"),
    );
    refused(r#"last 1 x of "A""#, 1, None);
    refused(r#"last 101 x of "A""#, 1, None);
    refused(r#"count of "A" since last "B""#, 1, None);
    refused(r#"count of "A" where x = attribute y"#, 1, None);
    refused(r#"max of x of "A" minus count of "A""#, 1, None);
    refused(r#"score of count of "A" by 1, 3, 2"#, 1, None);
    refused(r#"score of last x of "A" by 1"#, 1, None);
    refused(
        r#"score of count of "A""#,
        22,
        Some("like this: score of count of \"A\" by 1, 2, 5"),
    );
}

#[test]
fn a_tree_that_makes_no_sense_is_refused_at_its_place() {
    let help = |spelled: &str| {
        let error = tree::parse_computed(spelled).expect_err(spelled);
        assert!(error.place().is_some(), "{error}");
        error.help()
    };
    let meant = Some("did you mean `count`?".to_owned());
    assert_eq!(help(r#"{"function":"cuont","did":"A"}"#), meant);
    assert_eq!(help(r#"{"function":"sum","did":"A"}"#), None);
    assert_eq!(
        help(r#"{"function":"count","property":"x","did":"A"}"#),
        None
    );
    assert_eq!(help(r#"{"function":"count","number":2,"did":"A"}"#), None);
    assert_eq!(help(r#"{"function":"count","did":"A","x":1}"#), None);
    assert_eq!(help("[]"), None);
}

#[test]
fn every_ready_trait_is_spelled_canonically_and_stands_by_its_key() {
    for ready in LIBRARY {
        assert_eq!(computed(ready.computed).to_string(), ready.computed);
    }
    let keys = LIBRARY.map(|ready| ready.key);
    assert!(keys.is_sorted(), "{keys:?}");
}

#[test]
fn a_trait_that_is_kept_up_to_a_limit_says_so() {
    assert_eq!(computed(r#"sum of x of "A""#).notes().len(), 1);
    assert!(computed(r#"last 5 x of "A""#).notes().is_empty());
    assert!(computed(r#"time of first "A""#).notes().is_empty());
    assert!(computed(r#"days since last "A""#).notes().is_empty());
}

#[test]
fn a_rule_asks_only_for_traits_there_are_and_one_in_use_stays() {
    let mut registry = Registry::default();
    let rule = || text::parse("trait orders >= 3").unwrap();
    let unknown = registry.put("s", "s", rule(), moment(1)).unwrap_err();
    assert!(matches!(unknown, Error::UnknownTrait { nearest: None, .. }));
    registry
        .put_trait("ordres", "x", computed(r#"count of "B""#), moment(2))
        .unwrap();
    let unknown = registry.put("s", "s", rule(), moment(3)).unwrap_err();
    assert_eq!(unknown.help().as_deref(), Some("did you mean `ordres`?"));
    let orders = computed(r#"count of "A""#);
    registry
        .put_trait("orders", "Orders", orders, moment(4))
        .unwrap();
    registry.put("s", "s", rule(), moment(5)).unwrap();
    let in_use = registry.delete_trait("orders").unwrap_err();
    assert!(matches!(in_use, Error::TraitInUse { ref by, .. } if by == &["s"]));
    registry.delete("s").unwrap();
    registry.delete_trait("orders").unwrap();
    assert_eq!(
        registry.leaves().len(),
        1,
        "the leaf of the other trait stays"
    );
    let bad = registry.put_trait("Not A Key", "x", computed(r#"count of "A""#), moment(6));
    assert!(matches!(bad, Err(Error::BadKey { .. })));
}

#[test]
fn another_way_to_make_a_trait_builds_it_and_whatever_asks_for_it_anew() {
    let mut registry = Registry::default();
    let rule = text::parse("trait orders >= 3").unwrap();
    let first = computed(r#"count of "A""#);
    let put = registry
        .put_trait("orders", "Orders", first.clone(), moment(1))
        .unwrap();
    let segment = registry.put("s", "s", rule, moment(2)).unwrap();
    assert_ne!(put.no, segment.no);
    for course in registry.building().collect::<Vec<_>>() {
        registry.advance_build(course.no, course.version, ProfileNo(5));
    }
    assert!(registry.leaves().iter().all(|leaf| leaf.complete));
    let renamed = registry
        .put_trait("orders", "Bought", first, moment(3))
        .unwrap();
    assert!(!renamed.changed && registry.building().count() == 0);
    let other = computed(r#"count of "B""#);
    registry
        .put_trait("orders", "Bought", other, moment(4))
        .unwrap();
    let definition = registry.get("s").unwrap();
    assert_eq!((definition.version, registry.building().count()), (2, 2));
    assert!(definition.before.is_some() && definition.traits != definition.traits_before);
    assert_eq!(registry.leaves().len(), 2, "both decide somebody");
    for course in registry.building().collect::<Vec<_>>() {
        registry.advance_build(course.no, course.version, ProfileNo(5));
    }
    assert_eq!(registry.leaves().len(), 1);
    assert_eq!(registry.get_trait("orders").unwrap().build, Build::Complete);
    let stored = serde_json::to_string(&registry).unwrap();
    assert_eq!(serde_json::from_str::<Registry>(&stored).unwrap(), registry);
}
