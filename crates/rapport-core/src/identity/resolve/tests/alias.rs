//! Alias: what each key may join, and previous ids of either kind.

use super::*;

#[test]
fn a_server_alias_joins_two_user_ids_and_the_old_one_stays_a_lookup() {
    let mut world = World::new();
    world.send(track(Server, "u:old e:1"));
    world.send(track(Server, "u:new"));
    assert_eq!(world.number(alias(Server, "old", "u:new")), 1);
    assert_eq!(world.people(), "e:1 u:new u:old");
    assert_eq!(world.number(track(Server, "u:old")), 1);
    assert_eq!(world.number(track(Browser, "u:new a:1")), 1);
    assert_eq!(world.merges(), 1);
}

#[test]
fn a_server_alias_gives_a_new_user_id_to_the_old_ones_profile() {
    let mut world = World::new();
    world.send(track(Server, "u:old"));
    assert_eq!(world.number(alias(Server, "old", "u:new")), 1);
    assert_eq!(world.people(), "u:new u:old");
}

#[test]
fn a_chain_of_server_aliases_stays_one_person() {
    let mut world = World::new();
    for n in 1..5 {
        world.send(track(Server, &format!("u:{n}0")));
    }
    for n in 1..4 {
        assert_eq!(
            world.number(alias(Server, &format!("{n}0"), &format!("u:{}0", n + 1))),
            1
        );
    }
    assert_eq!(world.people(), "u:10 u:20 u:30 u:40");
}

#[test]
fn no_other_event_joins_what_an_alias_would() {
    let mut world = World::new();
    world.send(track(Server, "u:1"));
    world.send(track(Server, "u:2"));
    world.send(track(Server, "u:1 u:2"));
    assert_eq!(world.people(), "u:1 | u:2");
    assert_eq!(
        world.refusals(),
        [("u:2".to_owned(), RefusalWhy::TwoUserIds)]
    );
}

#[test]
fn a_browser_alias_does_not_take_a_user_id() {
    let mut world = World::new();
    world.send(track(Browser, "u:victim"));
    world.send(track(Browser, "u:thief"));
    assert_eq!(world.number(alias(Browser, "victim", "u:thief")), 2);
    assert_eq!(world.people(), "u:victim | u:thief");
    let why = RefusalWhy::AliasNeedsServerKey;
    assert_eq!(world.refusals(), [("u:victim".to_owned(), why)]);
    let lone = world.send(alias(Browser, "victim", "u:null"));
    assert!(matches!(lone, Resolved::None(reason) if reason.code == "refused_identity"));
}

#[test]
fn either_key_takes_an_anonymous_previous_id() {
    for key in [Browser, Server] {
        let mut world = World::new();
        world.send(track(Browser, "a:x"));
        assert_eq!(world.number(alias(key, "x", "u:9")), 1);
        assert_eq!(world.people(), "a:x u:9");
    }
}

#[test]
fn a_previous_id_of_both_kinds_is_followed_as_far_as_the_key_may() {
    for (key, expected) in [(Browser, "a:1 u:9 | u:1"), (Server, "a:1 u:1 u:9")] {
        let mut world = World::new();
        world.send(track(Browser, "a:1"));
        world.send(track(Browser, "u:1"));
        assert_eq!(world.number(alias(key, "1", "u:9")), 1);
        assert_eq!(world.people(), expected);
    }
}

#[test]
fn an_alias_may_overtake_the_events_it_speaks_of() {
    for key in [Browser, Server] {
        let mut world = World::new();
        assert_eq!(world.number(alias(key, "x", "u:9")), 1);
        assert_eq!(world.number(track(Browser, "a:x")), 1);
        assert_eq!(world.people(), "a:x u:9");
    }
}

#[test]
fn an_anonymous_id_of_another_user_stays_with_them() {
    for key in [Browser, Server] {
        let mut world = World::new();
        world.send(track(Browser, "a:x u:1"));
        assert_eq!(world.number(alias(key, "x", "u:9")), 2);
        assert_eq!(world.people(), "a:x u:1 | u:9");
    }
}

#[test]
fn an_alias_to_itself_and_to_a_blocked_id_changes_nothing() {
    let mut world = World::new();
    world.send(track(Server, "u:1"));
    assert_eq!(world.number(alias(Server, "1", "u:1")), 1);
    assert_eq!(world.number(alias(Server, "null", "u:1")), 1);
    assert_eq!(world.people(), "u:1");
    assert!(world.journal.is_empty());
}

#[test]
fn a_server_alias_keeps_to_the_other_limits() {
    let mut world = World::new();
    world.send(track(Server, "u:1 e:1 e:2 e:3"));
    world.send(track(Server, "u:2 e:4 e:5 e:6"));
    assert_eq!(world.number(alias(Server, "1", "u:2")), 2);
    assert_eq!(world.refusals(), [("u:1".to_owned(), RefusalWhy::Limit)]);
}
