//! Whose word counts, and that merging attributes is a lattice.

use super::*;
use crate::event::{KeyKind, SourceNo};
use crate::time::DAY_MS;
use proptest::prelude::*;

const WEB: Teller = Teller::Source(SourceNo(1), KeyKind::Browser);
const APP: Teller = Teller::Source(SourceNo(2), KeyKind::Browser);
const SHOP: Teller = Teller::Source(SourceNo(3), KeyKind::Server);

fn by(teller: Teller, at: i64) -> Writing {
    Writing {
        teller,
        stamp: Stamp::new(Millis(at), &format!("m{at}")),
        stand_ms: if teller == Teller::Member {
            90 * DAY_MS
        } else {
            0
        },
        names_max: 1_000,
    }
}

/// Writes `plan` by each teller at each time and checks what counts in the end.
fn check(said: &[(Teller, i64, &str)], expected: Option<&str>) {
    let mut attributes = Attributes::default();
    for (teller, at, value) in said {
        attributes.write("plan", value, &by(*teller, *at));
    }
    assert_eq!(attributes.get("plan"), expected, "{said:?}");
}

#[test]
fn the_latest_change_counts_in_whatever_order_it_arrives() {
    check(&[(WEB, 1, "1"), (APP, 2, "2")], Some("2"));
    check(&[(APP, 2, "2"), (WEB, 1, "1")], Some("2"));
    check(&[(WEB, 3, "3"), (WEB, 1, "1"), (WEB, 2, "2")], Some("3"));
}

#[test]
fn a_source_that_repeats_itself_writes_nothing() {
    check(
        &[(WEB, 1, "1"), (APP, 2, "2"), (WEB, 3, "1"), (WEB, 9, "1")],
        Some("2"),
    );
    check(
        &[(WEB, 1, "1"), (APP, 2, "2"), (WEB, 3, "0"), (WEB, 4, "1")],
        Some("1"),
    );
}

#[test]
fn late_arrivals_move_the_change_they_belong_to() {
    // 1 was said from 1 on: the write at 5 is a repeat, so 2 counts.
    check(&[(WEB, 5, "1"), (APP, 3, "2"), (WEB, 1, "1")], Some("2"));
    // But not where something else was said in between.
    check(
        &[(WEB, 5, "1"), (APP, 3, "2"), (WEB, 1, "1"), (WEB, 2, "0")],
        Some("1"),
    );
    check(
        &[(WEB, 5, "1"), (APP, 3, "2"), (WEB, 4, "0"), (WEB, 1, "1")],
        Some("1"),
    );
}

#[test]
fn ties_are_decided_by_message_id() {
    let stamp = |id| Stamp::new(Millis(7), id);
    let write = |attributes: &mut Attributes, teller, id, value| {
        attributes.write(
            "plan",
            value,
            &Writing {
                teller,
                stamp: stamp(id),
                stand_ms: 0,
                names_max: 9,
            },
        )
    };
    let (mut left, mut right) = (Attributes::default(), Attributes::default());
    write(&mut left, WEB, "b", "1");
    write(&mut left, APP, "a", "2");
    write(&mut right, APP, "a", "2");
    write(&mut right, WEB, "b", "1");
    assert_eq!(
        (left.get("plan"), right.get("plan")),
        (Some("1"), Some("1"))
    );
}

#[test]
fn a_members_edit_stands_against_browsers_for_its_days() {
    let (m, day) = (Teller::Member, DAY_MS);
    check(
        &[(WEB, 0, "1"), (m, day, "2"), (WEB, 2 * day, "3")],
        Some("2"),
    );
    check(
        &[(WEB, 0, "1"), (m, day, "2"), (WEB, 91 * day - 1, "3")],
        Some("2"),
    );
    check(
        &[(WEB, 0, "1"), (m, day, "2"), (WEB, 91 * day, "3")],
        Some("3"),
    );
    check(&[(WEB, 2 * day, "3"), (m, day, "2")], Some("2"));
    check(&[(m, day, "2"), (SHOP, 2 * day, "3")], Some("3"));
    check(
        &[(m, day, "2"), (SHOP, 2 * day, "3"), (WEB, 3 * day, "4")],
        Some("3"),
    );
    check(&[(m, day, "2"), (m, 2 * day, "5")], Some("5"));
}

#[test]
fn a_clear_is_a_write() {
    check(&[(WEB, 1, "1"), (WEB, 2, "null")], None);
    check(&[(WEB, 1, "1"), (APP, 2, "null"), (WEB, 3, "1")], None);
    check(&[(WEB, 1, "1"), (APP, 2, "null"), (WEB, 3, "4")], Some("4"));
    check(&[(WEB, 2, "null"), (WEB, 1, "1")], None);
}

#[test]
fn write_tells_whether_the_value_that_counts_changed() {
    let mut attributes = Attributes::default();
    assert!(attributes.write("plan", "1", &by(WEB, 5)));
    assert!(!attributes.write("plan", "1", &by(WEB, 6)));
    assert!(
        attributes.write("plan", "1", &by(APP, 7)),
        "said by another: the same, but since another instant"
    );
    assert!(!attributes.write("plan", "9", &by(WEB, 4)));
    assert!(attributes.write("plan", "2", &by(WEB, 8)));
    assert!(attributes.write("plan", "null", &by(APP, 9)));
    assert!(!attributes.write("city", "null", &by(APP, 9)));
    assert!(attributes.is_empty());
}

#[test]
fn losing_values_keep_their_provenance() {
    let mut attributes = Attributes::default();
    attributes.write("plan", "1", &by(WEB, 5));
    attributes.write("plan", "2", &by(SHOP, 6));
    let plan = attributes.attribute("plan").expect("it was written");
    assert_eq!(plan.winner().teller(), SHOP);
    let said: Vec<_> = plan
        .says()
        .iter()
        .map(|say| (say.teller(), say.value(), say.changed().at().0))
        .collect();
    assert_eq!(said, [(WEB, Some("1"), 5), (SHOP, Some("2"), 6)]);
    assert_eq!(plan.winner().changed().message_id(), "m6");
}

#[test]
fn names_values_and_their_number_are_bounded() {
    let mut attributes = Attributes::default();
    let mut few = by(WEB, 1);
    few.names_max = 2;
    assert!(!attributes.write("", "1", &few));
    assert!(!attributes.write(&"n".repeat(NAME_BYTES_MAX + 1), "1", &few));
    assert!(!attributes.write(
        "big",
        &format!("\"{}\"", "x".repeat(VALUE_BYTES_MAX - 1)),
        &few
    ));
    assert!(attributes.write(
        "a",
        &format!("\"{}\"", "x".repeat(VALUE_BYTES_MAX - 2)),
        &few
    ));
    assert!(attributes.write("b", "1", &few));
    assert!(!attributes.write("c", "1", &few));
    assert!(attributes.write(
        "b",
        "2",
        &Writing {
            stamp: Stamp::new(Millis(2), "m"),
            ..few
        }
    ));
    let mut other = Attributes::default();
    other.write("aa", "1", &by(APP, 1));
    assert_eq!(attributes.unite(other, 2), ["aa".into(), "b".into()]);
}

#[test]
fn attributes_survive_storage_with_one_stamp_per_event() {
    let mut attributes = Attributes::default();
    for n in 0..20 {
        attributes.write(&format!("name{n}"), "\"value\"", &by(WEB, 1));
        attributes.write(&format!("name{n}"), "\"value\"", &by(WEB, 2));
    }
    let bytes = postcard::to_allocvec(&attributes).expect("it is plain data");
    let loaded: Attributes = postcard::from_bytes(&bytes).expect("as written");
    assert_eq!(loaded, attributes);
    assert!(
        bytes.len() < 20 * 30,
        "{} bytes for 20 attributes",
        bytes.len()
    );
    let json = serde_json::to_string(&attributes).expect("it is plain data");
    assert_eq!(
        serde_json::from_str::<Attributes>(&json).expect("as written"),
        attributes
    );
}

#[test]
fn a_stored_say_without_its_stamp_is_an_error_and_no_panic() {
    let json = r#"{"stamps": [], "attributes": [["plan", [{"teller": "member", "value": "1",
        "changed": 0, "last": 0, "prior": null, "stand_ms": 0}]]]}"#;
    assert!(serde_json::from_str::<Attributes>(json).is_err());
    let json = r#"{"stamps": [], "attributes": [["plan", []]]}"#;
    assert!(serde_json::from_str::<Attributes>(json).is_err());
}

type Said = (Teller, i64, u8, u8);

fn said() -> impl Strategy<Value = Vec<Said>> {
    let teller = prop::sample::select(vec![WEB, APP, SHOP, Teller::Member]);
    // A day as the unit, so that a member's 90 days matter.
    prop::collection::vec((teller, 0..200_i64, 0..4_u8, 0..3_u8), 0..12)
}

fn write_all(said: &[Said]) -> Attributes {
    let mut attributes = Attributes::default();
    for (teller, day, name, value) in said {
        let json = if *value == 0 {
            "null".to_owned()
        } else {
            value.to_string()
        };
        attributes.write(&format!("n{name}"), &json, &by(*teller, day * DAY_MS));
    }
    attributes
}

fn united(mut left: Attributes, right: &Attributes) -> Attributes {
    left.unite(right.clone(), 3);
    left
}

proptest! {
    #[test]
    fn uniting_is_commutative_associative_and_idempotent(a in said(), b in said(), c in said()) {
        let empty = Attributes::default();
        let [a, b, c] = [a, b, c].map(|said| united(write_all(&said), &empty));
        prop_assert_eq!(united(a.clone(), &b), united(b.clone(), &a));
        prop_assert_eq!(
            united(united(a.clone(), &b), &c),
            united(a.clone(), &united(b.clone(), &c))
        );
        prop_assert_eq!(united(a.clone(), &a), a);
    }

    #[test]
    fn uniting_names_exactly_the_values_that_changed(a in said(), b in said()) {
        let (before, other) = (write_all(&a), write_all(&b));
        let mut after = before.clone();
        let changed = after.unite(other, 1_000);
        for name in ["n0", "n1", "n2", "n3"] {
            let moved = before.get(name) != after.get(name);
            prop_assert_eq!(changed.iter().any(|one| &**one == name), moved, "{}", name);
        }
    }

    #[test]
    fn one_tellers_last_word_counts_in_every_order_of_arrival(
        said in prop::collection::btree_map(0..100_i64, 1..4_u8, 1..8),
        order in any::<prop::sample::Index>(),
    ) {
        let mut arrivals: Vec<(i64, u8)> = said.clone().into_iter().collect();
        let len = arrivals.len();
        arrivals.rotate_left(order.index(len));
        arrivals.swap(0, len / 2);
        let mut attributes = Attributes::default();
        for (at, value) in arrivals {
            attributes.write("plan", &value.to_string(), &by(WEB, at));
        }
        let last = said.last_key_value().map(|(_, value)| value.to_string());
        prop_assert_eq!(attributes.get("plan").map(str::to_owned), last);
    }

    /// Where no teller says a value twice, what counts is a function of the set.
    #[test]
    fn changes_converge_in_every_order_of_arrival(
        said in Just((0..8_i64).collect::<Vec<_>>()).prop_shuffle(),
        tellers in prop::collection::vec(prop::sample::select(vec![WEB, APP, SHOP, Teller::Member]), 8),
    ) {
        let write = |order: &mut dyn Iterator<Item = i64>| {
            let mut attributes = Attributes::default();
            for at in order {
                attributes.write("plan", &at.to_string(), &by(tellers[at as usize], at * 30 * DAY_MS));
            }
            attributes
        };
        let shuffled = write(&mut said.iter().copied());
        prop_assert_eq!(shuffled, write(&mut (0..8)));
    }
}
