//! The events of one page arrive in any order: where they must converge, and where both orders
//! are pinned because the earlier entry wins.

use super::*;
use std::collections::BTreeSet;

/// What must be the same in every order: who has which identifiers with which trust, attributes,
/// companies and seen times. Numbers and causes depend on the order by their nature.
fn graph(world: &World) -> BTreeSet<String> {
    let person = |number| {
        let profile = world.people.profile(number).expect("it is loaded");
        let links: BTreeSet<_> = profile
            .links
            .iter()
            .map(|link| (&link.identifier, link.trust))
            .collect();
        let attributes: Vec<_> = profile
            .attributes
            .iter()
            .map(|(name, one)| (name, one.value()))
            .collect();
        let companies: BTreeSet<_> = profile.companies.iter().map(|link| &link.id).collect();
        let seen = (profile.first_seen, profile.last_seen);
        format!("{links:?} {attributes:?} {companies:?} {seen:?}")
    };
    world.people.numbers().map(person).collect()
}

fn identify(identifiers: &str, at: i64, traits: &str) -> Event {
    let event = track(Browser, identifiers);
    Event {
        kind: Kind::Identify,
        at: Millis(at),
        traits: traits.into(),
        ..event
    }
}

fn group(identifiers: &str, id: &str) -> Event {
    let traits = r#"{"name": "Acme"}"#.into();
    let group = Some(id.into());
    Event {
        kind: Kind::Group,
        group,
        traits,
        ..track(Browser, identifiers)
    }
}

fn page(identifiers: &str) -> Event {
    Event {
        kind: Kind::Page,
        ..track(Browser, identifiers)
    }
}

/// Every order of the events.
fn orders(events: &[Event]) -> Vec<Vec<Event>> {
    if events.len() <= 1 {
        return vec![events.to_vec()];
    }
    let mut all = Vec::new();
    for first in 0..events.len() {
        let mut rest = events.to_vec();
        let head = rest.remove(first);
        for mut order in orders(&rest) {
            order.insert(0, head.clone());
            all.push(order);
        }
    }
    all
}

fn check(events: &[Event], profiles: usize) {
    let mut graphs: BTreeSet<BTreeSet<String>> = BTreeSet::new();
    for order in orders(events) {
        let mut world = World::new();
        for event in order {
            world.send(event);
        }
        assert!(world.refusals().is_empty(), "{:?}", world.refusals());
        graphs.insert(graph(&world));
    }
    assert_eq!(graphs.len(), 1, "{graphs:#?}");
    assert_eq!(graphs.first().map(BTreeSet::len), Some(profiles));
}

#[test]
fn a_session_that_ends_in_a_sign_in_is_one_person_in_every_order() {
    check(
        &[
            page("a:1"),
            identify("a:1 u:1", 600, r#"{"plan": "gold"}"#),
            track(Browser, "u:1"),
            alias(Browser, "1", "u:1"),
            group("u:1 a:1", "acme"),
        ],
        1,
    );
}

#[test]
fn the_same_with_a_server_key_is_one_person_in_every_order() {
    let events = [
        page("a:1"),
        identify("a:1 u:u1", 600, r#"{"plan": "gold"}"#),
        track(Browser, "u:u1"),
        alias(Browser, "1", "u:u1"),
        group("u:u1 a:1", "acme"),
    ];
    check(
        &events.map(|event| Event {
            key_kind: Server,
            ..event
        }),
        1,
    );
}

#[test]
fn without_an_identify_the_alias_alone_joins_the_two() {
    check(
        &[
            page("a:1"),
            track(Browser, "u:u1"),
            alias(Browser, "1", "u:u1"),
            group("a:1", "acme"),
        ],
        1,
    );
}

#[test]
fn two_browsers_and_an_address_are_one_person_in_every_order() {
    check(
        &[
            page("a:1"),
            identify("a:1 e:1", 600, r#"{"email": "1@x.org"}"#),
            page("a:2"),
            identify("a:2 e:1", 700, r#"{"email": "1@x.org", "city": "Lund"}"#),
            identify("a:2 u:u1 e:1", 800, r#"{"city": "Ystad"}"#),
        ],
        1,
    );
}

#[test]
fn strangers_stay_strangers_in_every_order() {
    check(
        &[
            page("a:1"),
            page("a:2"),
            track(Browser, "u:1 a:1"),
            track(Browser, "u:2 a:2"),
        ],
        2,
    );
}

#[test]
fn two_users_of_one_browser_the_earlier_entry_wins() {
    for (first, second) in [("u:1", "u:2"), ("u:2", "u:1")] {
        let mut world = World::new();
        world.send(page("a:1"));
        world.send(track(Browser, &format!("{first} a:1")));
        world.send(track(Browser, &format!("{second} a:1")));
        assert_eq!(world.people(), format!("a:1 {first} | {second}"));
        assert_eq!(
            world.refusals(),
            [("a:1".to_owned(), RefusalWhy::TwoUserIds)]
        );
    }
}

#[test]
fn trust_that_comes_late_does_not_join_what_was_refused() {
    // The browser's identify before the server's confirmation: one person.
    let mut world = World::new();
    world.send(track(Browser, "u:1 e:1"));
    world.send(track(Server, "e:1"));
    assert_eq!(world.people(), "e:1 u:1");
    // And after it: the claim is refused until the server says both.
    let mut world = World::new();
    world.send(track(Server, "e:1"));
    world.send(track(Browser, "u:1 e:1"));
    assert_eq!(world.people(), "e:1 | u:1");
    world.send(track(Server, "u:1 e:1"));
    assert_eq!(world.people(), "e:1 u:1");
}

#[test]
fn a_lead_of_the_server_who_signs_up_in_the_browser_depends_on_the_first_page_view() {
    // With its browser's own id the new user id is attached to the lead.
    let mut world = World::new();
    world.send(track(Server, "e:1 a:1"));
    world.send(track(Browser, "u:1 a:1"));
    assert_eq!(world.people(), "a:1 e:1 u:1");
    // Where the user id was seen alone before, two known people are a server's to join.
    let mut world = World::new();
    world.send(track(Server, "e:1 a:1"));
    world.send(page("u:1"));
    world.send(track(Browser, "u:1 a:1"));
    assert_eq!(world.people(), "a:1 e:1 | u:1");
    assert_eq!(world.refusals(), [("a:1".to_owned(), RefusalWhy::TwoKnown)]);
}

#[test]
fn a_sixth_address_is_refused_whichever_it_is() {
    for sixth in ["e:1", "e:6"] {
        let mut world = World::new();
        let mut all: Vec<&str> = ["e:1", "e:2", "e:3", "e:4", "e:5", "e:6"].into();
        all.retain(|one| *one != sixth);
        all.push(sixth);
        for one in all {
            world.send(track(Browser, &format!("u:1 {one}")));
        }
        assert_eq!(world.refusals(), [(sixth.to_owned(), RefusalWhy::Limit)]);
    }
}

#[test]
fn a_server_alias_and_the_old_user_id_the_earlier_entry_wins() {
    let mut world = World::new();
    world.send(track(Server, "u:old"));
    world.send(alias(Server, "old", "u:new"));
    assert_eq!(world.people(), "u:new u:old");
    // A previous id that nobody has counts as anonymous, so the old user id comes too late.
    let mut world = World::new();
    world.send(alias(Server, "old", "u:new"));
    world.send(track(Server, "u:old"));
    assert_eq!(world.people(), "a:old u:new | u:old");
}
