//! Versions, builds, circles and leaves.

use super::*;
use crate::segment::text;

fn moment(request: u64, next_profile: u64) -> Moment {
    Moment {
        position: Position::command(request, 1),
        received: Millis(1_000),
        next_profile: ProfileNo(next_profile),
    }
}

fn put(registry: &mut Registry, key: &str, rule: &str, at: Moment) -> Result<Put, Error> {
    registry.put(key, key, text::parse(rule).unwrap(), at)
}

fn leaf_of<'a>(registry: &'a Registry, event: &str) -> &'a LeafRecord {
    let name = |leaf: &&LeafRecord| leaf.spec.happening.name.as_deref() == Some(event);
    registry.leaves().iter().find(name).unwrap()
}

#[test]
fn a_changed_rule_is_a_new_version_and_a_changed_name_is_not() {
    let mut registry = Registry::default();
    let first = put(&mut registry, "a", r#"did "A""#, moment(1, 5)).unwrap();
    assert_eq!((first.version, first.changed), (1, true));
    let renamed = registry.put(
        "a",
        "Another name",
        text::parse(r#"did "A""#).unwrap(),
        moment(2, 6),
    );
    assert_eq!(
        renamed,
        Ok(Put {
            no: first.no,
            version: 1,
            changed: false
        })
    );
    assert_eq!(&*registry.get("a").unwrap().name, "Another name");
    assert_eq!(registry.get("a").unwrap().since, Position::command(1, 1));
    let changed = put(&mut registry, "a", r#"did "B""#, moment(3, 7)).unwrap();
    assert_eq!(
        changed,
        Put {
            no: first.no,
            version: 2,
            changed: true
        }
    );
    let expected = Build::Running {
        cursor: ProfileNo(1),
        end: ProfileNo(7),
    };
    assert_eq!(registry.get("a").unwrap().build, expected);
}

#[test]
fn where_there_is_nobody_nothing_is_built() {
    let mut registry = Registry::default();
    let put = put(&mut registry, "a", r#"did "A""#, moment(1, 1)).unwrap();
    assert_eq!(registry.building().count(), 0);
    assert!(registry.leaves_to_build(put.no).is_empty());
}

#[test]
fn a_build_covers_who_was_swept_and_who_is_newer_than_the_rule() {
    let build = Build::Running {
        cursor: ProfileNo(10),
        end: ProfileNo(20),
    };
    let since = Position::command(30, 1);
    let covers = |numbers: &[u64], birth: u64| {
        let born = |number: &u64| (ProfileNo(*number), Position::event(birth, 0));
        build.covers(since, &numbers.iter().map(born).collect::<Vec<_>>())
    };
    assert!(covers(&[9], 7) && covers(&[20], 31) && covers(&[3, 25], 31));
    assert!(!covers(&[10], 7) && !covers(&[19], 7) && !covers(&[3, 15], 7));
    assert!(
        !covers(&[20], 7),
        "an undo gave a new number to somebody who was there before"
    );
}

#[test]
fn a_build_moves_on_and_completes_its_leaves() {
    let mut registry = Registry::default();
    let a = put(&mut registry, "a", r#"did "A""#, moment(1, 100)).unwrap();
    assert_eq!(registry.leaves_to_build(a.no).len(), 1);
    registry.advance_build(a.no, 1, ProfileNo(50));
    let running = Build::Running {
        cursor: ProfileNo(50),
        end: ProfileNo(100),
    };
    assert_eq!(registry.get("a").unwrap().build, running);
    registry.advance_build(a.no, 1, ProfileNo(40));
    registry.advance_build(a.no, 7, ProfileNo(100));
    assert_eq!(
        registry.get("a").unwrap().build,
        running,
        "neither back nor by another version"
    );
    registry.advance_build(a.no, 1, ProfileNo(100));
    assert_eq!(registry.get("a").unwrap().build, Build::Complete);
    let b = put(
        &mut registry,
        "b",
        r#"did not "A" within 3 days"#,
        moment(2, 100),
    )
    .unwrap();
    assert!(
        registry.leaves_to_build(b.no).is_empty(),
        "its leaf is known for everybody"
    );
}

#[test]
fn a_leaf_widened_during_a_build_is_built_again() {
    let mut registry = Registry::default();
    let a = put(&mut registry, "a", r#"did "A""#, moment(1, 100)).unwrap();
    registry.advance_build(a.no, 1, ProfileNo(50));
    let b = put(
        &mut registry,
        "b",
        r#"did "A" at least 3 times"#,
        moment(2, 100),
    )
    .unwrap();
    registry.advance_build(a.no, 1, ProfileNo(100));
    assert!(
        !leaf_of(&registry, "A").complete,
        "people below 50 have one event, not three"
    );
    registry.advance_build(b.no, 1, ProfileNo(100));
    assert!(leaf_of(&registry, "A").complete);
    assert_eq!(leaf_of(&registry, "A").bounds.keep, 3);
}

#[test]
fn a_leaf_is_built_again_where_its_window_widens_and_more_than_one_event_counts() {
    let mut registry = Registry::default();
    put(
        &mut registry,
        "a",
        r#"did "A" within 1 day and did "B" at least 2 times within 1 day"#,
        moment(1, 1),
    )
    .unwrap();
    put(
        &mut registry,
        "b",
        r#"did "A" within 9 days"#,
        moment(2, 10),
    )
    .unwrap();
    assert!(
        leaf_of(&registry, "A").complete,
        "the newest event is kept, however old"
    );
    put(
        &mut registry,
        "c",
        r#"did "B" at least 2 times within 9 days"#,
        moment(3, 10),
    )
    .unwrap();
    assert!(!leaf_of(&registry, "B").complete);
}

#[test]
fn the_rule_before_stays_until_the_new_one_is_built() {
    let mut registry = Registry::default();
    put(&mut registry, "a", r#"did "A""#, moment(1, 1)).unwrap();
    let names = |registry: &Registry| -> Vec<String> {
        let names = registry.leaves().iter();
        names
            .filter_map(|leaf| Some(leaf.spec.happening.name.as_deref()?.to_owned()))
            .collect()
    };
    let no = put(&mut registry, "a", r#"did "B""#, moment(2, 100))
        .unwrap()
        .no;
    assert_eq!(names(&registry), ["A", "B"]);
    put(&mut registry, "a", r#"did "C""#, moment(3, 100)).unwrap();
    assert_eq!(
        names(&registry),
        ["A", "C"],
        "what was never built does not stand in"
    );
    let before = registry.get("a").unwrap().before.clone();
    assert_eq!(before, Some(text::parse(r#"did "A""#).unwrap()));
    registry.advance_build(no, 3, ProfileNo(50));
    assert_eq!(names(&registry), ["A", "C"]);
    registry.advance_build(no, 3, ProfileNo(100));
    assert_eq!(names(&registry), ["C"]);
    assert_eq!(registry.get("a").unwrap().before, None);
}

#[test]
fn circles_through_a_rule_that_still_stands_in_are_refused() {
    let mut registry = Registry::default();
    put(&mut registry, "a", r#"did "A""#, moment(1, 1)).unwrap();
    put(&mut registry, "b", r#"in segment "a""#, moment(2, 1)).unwrap();
    put(&mut registry, "b", r#"did "B""#, moment(3, 100)).unwrap();
    let error = put(&mut registry, "a", r#"in segment "b""#, moment(4, 100)).unwrap_err();
    assert!(matches!(error, Error::Cycle { .. }), "{error}");
    assert!(registry.delete("a").is_err(), "it is still asked for");
}

#[test]
fn a_registry_of_an_older_version_reads() {
    let stored = r#"{"segments":[{"no":1,"key":"a","name":"a","rule":"did \"A\" where sequence = 1 within 9 days",
        "version":1,"since":{"request":1,"command":1,"index":0},"since_received":0,"build":"complete"}],
        "leaves":[{"no":1,"spec":"did \"A\" where sequence = 1","bounds":{"keep":1,"reach_ms":777600000},
        "since":{"request":1,"command":1,"index":0},"complete":true}],"next_segment":2,"next_leaf":2}"#;
    let registry: Registry = serde_json::from_str(stored).unwrap();
    let needs = registry.get("a").unwrap().rule.needs();
    assert_eq!(
        registry.leaf(&needs[0].spec).unwrap().bounds,
        needs[0].bounds
    );
}

#[test]
fn unused_leaves_are_forgotten_and_their_numbers_never_used_again() {
    let mut registry = Registry::default();
    put(&mut registry, "a", r#"did "A""#, moment(1, 1)).unwrap();
    put(&mut registry, "b", r#"did "B""#, moment(2, 1)).unwrap();
    put(&mut registry, "a", r#"did "C""#, moment(3, 1)).unwrap();
    let left: Vec<_> = registry.leaves().iter().map(|leaf| leaf.no.0).collect();
    assert_eq!(left, [2, 3]);
    registry.delete("a").unwrap();
    put(&mut registry, "a", r#"did "C""#, moment(4, 1)).unwrap();
    let numbers: Vec<_> = registry.segments().iter().map(|s| s.no.0).collect();
    assert_eq!(numbers, [2, 3]);
    assert_eq!(leaf_of(&registry, "C").no, LeafNo(4));
}

#[test]
fn circles_are_refused_with_the_way_round() {
    let mut registry = Registry::default();
    put(&mut registry, "a", r#"did "A""#, moment(1, 1)).unwrap();
    put(&mut registry, "b", r#"in segment "a""#, moment(2, 1)).unwrap();
    put(
        &mut registry,
        "c",
        r#"not in segment "b" or did "C""#,
        moment(3, 1),
    )
    .unwrap();
    let before = registry.clone();
    let error = put(&mut registry, "a", r#"not in segment "c""#, moment(4, 1)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "segments would refer to each other in a circle: a -> c -> b -> a"
    );
    let error = put(&mut registry, "d", r#"in segment "d""#, moment(5, 1)).unwrap_err();
    assert!(matches!(error, Error::Cycle { .. }), "{error}");
    assert_eq!(registry, before, "a refused rule changes nothing");
}

#[test]
fn unknown_and_used_segments_and_bad_keys_are_refused() {
    let mut registry = Registry::default();
    put(&mut registry, "shoppers", r#"did "A""#, moment(1, 1)).unwrap();
    let error = put(&mut registry, "b", r#"in segment "shopers""#, moment(2, 1)).unwrap_err();
    assert_eq!(error.help().as_deref(), Some("did you mean `shoppers`?"));
    put(&mut registry, "b", r#"in segment "shoppers""#, moment(2, 1)).unwrap();
    let error = registry.delete("shoppers").unwrap_err();
    assert_eq!(error.to_string(), "segment `shoppers` is used by b");
    assert!(registry.delete("b").is_ok() && registry.delete("shoppers").is_ok());
    assert!(matches!(
        registry.delete("b"),
        Err(Error::UnknownSegment { .. })
    ));
    for key in ["", "A", "a b", "-a", "ä", &"x".repeat(65)] {
        let error = put(&mut registry, key, r#"did "A""#, moment(3, 1)).unwrap_err();
        assert!(matches!(error, Error::BadKey { .. }), "{key}");
    }
    assert!(put(&mut registry, &"x".repeat(64), r#"did "A""#, moment(3, 1)).is_ok());
}

#[test]
fn a_registry_comes_back_from_disk() {
    let mut registry = Registry::default();
    put(
        &mut registry,
        "a",
        r#"did "A" where x = 1 within 9 days"#,
        moment(1, 9),
    )
    .unwrap();
    put(
        &mut registry,
        "b",
        r#"in segment "a" and attribute p exists"#,
        moment(2, 9),
    )
    .unwrap();
    let json = serde_json::to_string(&registry).unwrap();
    assert_eq!(serde_json::from_str::<Registry>(&json).unwrap(), registry);
    let bytes = postcard::to_allocvec(&registry).unwrap();
    assert_eq!(postcard::from_bytes::<Registry>(&bytes).unwrap(), registry);
}
