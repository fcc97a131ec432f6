//! What holds after any events in any order.

use super::*;
use crate::identity::merge::unite;
use crate::identity::veto::births;
use proptest::prelude::*;
use std::collections::BTreeMap;

const POLICY: &str = r#"{"kinds": {"email": {"limit": 2}, "anonymous_id": {"limit": 3}},
    "identifiers_max": 6, "shared": {"refusals": 4, "user_ids": 3}}"#;

fn any_identifiers() -> impl Strategy<Value = String> {
    let one = prop::sample::select(vec![
        "u:u1", "u:u2", "u:u3", "e:1", "e:2", "e:3", "a:1", "a:2", "a:3", "a:4", "a:5", "d:1",
        "d:2", "c:1", "u:null",
    ]);
    prop::collection::vec(one, 0..4).prop_map(|some| some.join(" "))
}

fn any_event(with_server_alias: bool) -> impl Strategy<Value = Event> {
    let key = prop::sample::select(vec![Browser, Server]);
    let previous = prop::option::weighted(
        0.2,
        prop::sample::select(vec!["u1", "u2", "u3", "1", "2", "unseen"]),
    );
    let plan = prop::option::weighted(0.5, 0..4_u8);
    (key, any_identifiers(), previous, plan, 0..20_i64).prop_map(
        move |(key, identifiers, previous, plan, at)| {
            let key = if previous.is_some() && !with_server_alias {
                Browser
            } else {
                key
            };
            let mut event = match previous {
                Some(previous) => alias(key, previous, &identifiers),
                None => track(key, &identifiers),
            };
            if let (Some(plan), Kind::Track) = (plan, event.kind) {
                event.kind = Kind::Identify;
                event.traits = format!(r#"{{"plan": {plan}}}"#).into();
            }
            Event {
                at: Millis(at),
                message_id: format!("m{at}").into(),
                ..event
            }
        },
    )
}

fn any_events(with_server_alias: bool) -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec(any_event(with_server_alias), 0..40)
}

fn profiles(world: &World) -> Vec<&Profile> {
    world
        .people
        .numbers()
        .filter_map(|number| world.people.profile(number))
        .collect()
}

fn count(profile: &Profile, kind: &IdKind) -> usize {
    profile
        .links
        .iter()
        .filter(|link| link.identifier.kind == *kind)
        .count()
}

proptest! {
    #[test]
    fn ordinary_events_never_exceed_a_limit(events in any_events(false)) {
        let mut world = World::with(POLICY);
        for event in events {
            world.send(event);
            for profile in profiles(&world) {
                prop_assert!(profile.links.len() <= 6);
                for link in &profile.links {
                    let kind = &link.identifier.kind;
                    prop_assert!(count(profile, kind) <= world.policy.limit(kind), "{kind:?}");
                }
            }
        }
    }

    #[test]
    fn every_identifier_has_the_one_owner_whose_link_it_is(events in any_events(true)) {
        let mut world = World::with(POLICY);
        for event in events {
            world.send(event);
        }
        let mut owners = BTreeMap::new();
        for profile in profiles(&world) {
            prop_assert!(!profile.links.is_empty());
            for link in &profile.links {
                let twice = owners.insert(link.identifier.clone(), profile.number);
                prop_assert_eq!(twice, None, "{} belongs to two", link.identifier);
                prop_assert_eq!(world.people.owner(&link.identifier), Some(profile.number));
            }
            prop_assert!(profile.absorbed.iter().all(|(number, _)| *number > profile.number));
        }
        let changes = world.people.take_changes();
        for (identifier, owner) in &changes.owners {
            prop_assert_eq!(owners.get(identifier), owner.as_ref());
        }
    }

    #[test]
    fn vetoed_people_never_meet(
        events in any_events(true),
        vetoes in prop::collection::vec((1..20_u64, 1..20_u64), 1..6),
    ) {
        let mut world = World::with(POLICY);
        let vetoes: Vec<_> = vetoes.into_iter().filter(|(left, right)| left != right).collect();
        for (left, right) in &vetoes {
            world.vetoes.forbid(Position::event(*left, 0), Position::event(*right, 0));
        }
        for event in events {
            world.send(event);
        }
        for profile in profiles(&world) {
            let births = births(profile);
            for (left, right) in &vetoes {
                let both = [left, right].map(|one| births.contains(&Position::event(*one, 0)));
                prop_assert_ne!(both, [true, true]);
            }
        }
    }

    #[test]
    fn the_same_entries_give_the_same_people(events in any_events(true)) {
        let fold = |events: Vec<Event>| {
            let mut world = World::with(POLICY);
            for event in events {
                world.send(event);
            }
            (world.people.take_changes(), world.journal)
        };
        prop_assert_eq!(fold(events.clone()), fold(events));
    }

    #[test]
    fn an_event_sent_twice_changes_no_identifier(events in any_events(true)) {
        // Without marks: a refusal that marks lets the second event go elsewhere.
        let mut world = World::with(
            r#"{"kinds": {"email": {"limit": 2}, "anonymous_id": {"limit": 3}}, "identifiers_max": 6}"#,
        );
        for event in events {
            let first = world.send(event.clone());
            let before = world.people();
            let second = world.send(event);
            if let (Resolved::Profile { number: a, .. }, Resolved::Profile { number: b, .. }) =
                (first, second)
            {
                prop_assert_eq!(a, b);
            }
            prop_assert_eq!(world.people(), before);
        }
    }

    #[test]
    fn which_profiles_are_merged_first_makes_no_difference(
        events in any_events(true),
        places in prop::collection::vec(any::<prop::sample::Index>(), 3),
    ) {
        let mut world = World::with(POLICY);
        for event in events {
            world.send(event);
        }
        let all = profiles(&world);
        if all.len() < 3 {
            return Ok(());
        }
        let mut three = all.clone();
        three.swap(0, places[0].index(all.len()));
        three.truncate(3);
        let united = |order: [usize; 3]| {
            let mut into = three[order[0]].clone();
            unite(&mut into, three[order[1]], 1_000);
            unite(&mut into, three[order[2]], 1_000);
            (into.links, into.attributes, into.companies, into.first_seen, into.last_seen)
        };
        let expected = united([0, 1, 2]);
        for order in [[0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            prop_assert_eq!(united(order), expected.clone());
        }
        let mut right = three[1].clone();
        unite(&mut right, three[2], 1_000);
        let mut into = three[0].clone();
        unite(&mut into, &right, 1_000);
        prop_assert_eq!((into.links, into.attributes), (expected.0, expected.1));
    }
}
