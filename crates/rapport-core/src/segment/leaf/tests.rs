//! A leaf's state is a function of the set of its events.

use super::*;
use crate::json::Decimal;
use proptest::prelude::*;

const LEAF: LeafNo = LeafNo(7);

fn kept(at: i64, message: u64) -> Kept {
    Kept {
        leaf: LEAF,
        at: Millis(at),
        message,
        values: Box::default(),
    }
}

fn state(events: &[Kept], bounds: Bounds) -> Leaves {
    let mut leaves = Leaves::default();
    for event in events {
        leaves.add(event.clone(), bounds);
    }
    leaves
}

fn united(parts: &[Leaves], bounds: Bounds) -> Leaves {
    let mut whole = Leaves::default();
    for part in parts {
        whole.unite(part, |_| Some(bounds), |_| {});
    }
    whole
}

/// Straight from the definition.
fn expected(events: &[Kept], bounds: Bounds) -> Vec<Kept> {
    let mut all = events.to_vec();
    all.sort_by_key(|event| (event.leaf, std::cmp::Reverse((event.at, event.message))));
    all.dedup();
    let leaves: std::collections::BTreeSet<_> = all.iter().map(|event| event.leaf).collect();
    let mut kept = Vec::new();
    for leaf in leaves {
        let of_leaf: Vec<&Kept> = all.iter().filter(|event| event.leaf == leaf).collect();
        if bounds.oldest {
            let dropped = of_leaf.len().saturating_sub(bounds.keep as usize);
            kept.extend(of_leaf[dropped..].iter().copied().cloned());
            continue;
        }
        let newest = of_leaf[0].at.0;
        let mut beside = 0;
        for event in of_leaf {
            let age = newest - event.at.0;
            beside += u32::from(age >= bounds.span_ms);
            if age < bounds.reach_ms.unwrap_or(i64::MAX) && beside <= bounds.keep {
                kept.push(event.clone());
            }
        }
    }
    kept
}

fn any_events() -> impl Strategy<Value = Vec<Kept>> {
    let event = (1..4_u32, 0..40_i64, 0..3_u64).prop_map(|(leaf, at, message)| Kept {
        leaf: LeafNo(leaf),
        at: Millis(at),
        message,
        values: [Datum::Same(at as u64 * 3 + message)].into(),
    });
    prop::collection::vec(event, 0..30)
}

fn any_bounds() -> impl Strategy<Value = Bounds> {
    let newest = (
        1..6_u32,
        prop::option::of(1..30_i64),
        prop_oneof![Just(0), 1..30_i64],
    );
    let newest = newest.prop_map(|(keep, reach_ms, span_ms)| Bounds {
        span_ms,
        ..Bounds::newest(keep, reach_ms)
    });
    prop_oneof![3 => newest, 1 => (1..6_u32).prop_map(Bounds::oldest)]
}

proptest! {
    #[test]
    fn a_state_is_a_function_of_the_set_of_events(
        (events, shuffled) in any_events().prop_flat_map(|e| (Just(e.clone()), Just(e).prop_shuffle())),
        bounds in any_bounds(),
    ) {
        let whole = state(&events, bounds);
        prop_assert_eq!(whole.all(), expected(&events, bounds));
        prop_assert_eq!(&state(&shuffled, bounds), &whole);
        let twice: Vec<_> = shuffled.iter().chain(&events).cloned().collect();
        prop_assert_eq!(&state(&twice, bounds), &whole);
    }

    #[test]
    fn any_split_united_in_any_order_is_the_whole(
        parts in prop::collection::vec(any_events(), 1..4),
        bounds in any_bounds(),
    ) {
        let whole = state(&parts.concat(), bounds);
        let mut states: Vec<_> = parts.iter().map(|part| state(part, bounds)).collect();
        prop_assert_eq!(&united(&states, bounds), &whole);
        states.reverse();
        states.push(whole.clone());
        prop_assert_eq!(&united(&states, bounds), &whole);
    }

    #[test]
    fn states_come_back_from_disk(events in any_events(), bounds in any_bounds()) {
        let whole = state(&events, bounds);
        let bytes = postcard::to_allocvec(&whole).unwrap();
        prop_assert_eq!(postcard::from_bytes::<Leaves>(&bytes).unwrap(), whole);
    }

    #[test]
    fn wider_bounds_serve_both(left in any_bounds(), right in any_bounds(), events in any_events()) {
        prop_assume!(left.oldest == right.oldest);
        let wide = left.widened(right);
        prop_assert!(wide.cover(left) && wide.cover(right));
        // What the narrow bounds keep of the wide state is what they keep of the events.
        let cut = united(&[state(&events, wide)], left);
        prop_assert_eq!(cut, state(&events, left));
    }
}

#[test]
fn a_change_is_told_only_where_there_is_one() {
    let bounds = Bounds::newest(2, Some(100));
    let mut leaves = Leaves::default();
    assert!(leaves.add(kept(500, 1), bounds));
    assert!(!leaves.add(kept(500, 1), bounds), "the same again");
    assert!(
        !leaves.add(kept(400, 2), bounds),
        "too old to matter ever again"
    );
    assert!(leaves.add(kept(401, 2), bounds));
    assert!(
        !leaves.add(kept(401, 1), bounds),
        "two newer ones are enough"
    );
    assert!(leaves.add(kept(501, 3), bounds));
    let left: Vec<_> = leaves.of(LEAF).iter().map(|event| event.at.0).collect();
    assert_eq!(left, [501, 500]);
}

#[test]
fn one_kept_event_takes_15_bytes_on_disk_and_an_amount_four_more() {
    let bytes = |values: Box<[Datum]>| {
        let event = Kept {
            leaf: LEAF,
            at: Millis(1_763_700_000_000),
            message: message_hash(SourceNo(1), "0b2d1f9e-4a7f-4c1e-9d3c-1f2e3d4c5b6a"),
            values,
        };
        let leaves = state(&[event], Bounds::newest(1, None));
        postcard::to_allocvec(&leaves).unwrap().len() - 1
    };
    assert!(bytes(Box::default()) <= 15);
    let amount = Decimal::parse("24.5").unwrap();
    assert!(bytes([Datum::Number(amount)].into()) <= 15 + 4);
    assert!(bytes([Datum::Same(u64::MAX >> 15)].into()) <= 15 + 8);
}

#[test]
fn a_leaf_keeps_no_more_than_its_cap_and_drops_the_oldest() {
    let bounds = Bounds::all(None);
    let mut leaves = Leaves::default();
    for at in 0..KEPT_MAX as i64 + 5 {
        assert!(leaves.add(kept(at, 1), bounds));
    }
    assert!(
        !leaves.add(kept(2, 1), bounds),
        "older than all that are kept"
    );
    let left = leaves.of(LEAF);
    assert_eq!((left.len(), left.last().unwrap().at.0), (KEPT_MAX, 5));
    assert!(bounds.is_full(left.len()) && !bounds.is_full(left.len() - 1));
}

#[test]
fn the_same_id_from_two_sources_is_two_messages() {
    assert_ne!(
        message_hash(SourceNo(1), "m"),
        message_hash(SourceNo(2), "m")
    );
    assert_eq!(
        message_hash(SourceNo(1), "m"),
        message_hash(SourceNo(1), "m")
    );
}
