//! What a browser key may say, and what a server key makes of it.

use super::*;

fn trust(world: &World, spelled: &str) -> Option<Trust> {
    let identifier = identifier(spelled);
    let owner = world.people.owner(&identifier)?;
    world.people.profile(owner)?.trust(&identifier)
}

#[test]
fn trust_depends_on_key_and_kind() {
    for (key, spelled, expected) in [
        (Browser, "u:1", Trust::Seen),
        (Browser, "a:1", Trust::Seen),
        (Browser, "d:1", Trust::Seen),
        (Browser, "e:1", Trust::Claimed),
        (Browser, "p:+46701234567", Trust::Claimed),
        (Server, "u:1", Trust::Confirmed),
        (Server, "e:1", Trust::Confirmed),
        (Server, "a:1", Trust::Confirmed),
    ] {
        let mut world = World::new();
        world.send(track(key, spelled));
        assert_eq!(trust(&world, spelled), Some(expected), "{spelled}");
    }
}

#[test]
fn a_server_key_confirms_and_nothing_takes_that_back() {
    let mut world = World::new();
    world.send(track(Browser, "a:1 e:1"));
    assert!(!world.people.profile(ProfileNo(1)).expect("made").is_known());
    world.send(track(Server, "e:1"));
    assert_eq!(trust(&world, "e:1"), Some(Trust::Confirmed));
    assert_eq!(
        trust(&world, "a:1"),
        Some(Trust::Seen),
        "it was not in the server's event"
    );
    assert!(world.people.profile(ProfileNo(1)).expect("made").is_known());
    world.send(track(Browser, "a:1 e:1"));
    assert_eq!(trust(&world, "e:1"), Some(Trust::Confirmed));
}

#[test]
fn a_browser_may_attach_anonymous_to_known() {
    let mut world = World::new();
    world.send(track(Server, "u:1 e:1"));
    world.send(track(Browser, "a:1"));
    assert_eq!(world.number(track(Browser, "u:1 a:1")), 1);
    assert_eq!(world.people(), "a:1 e:1 u:1");
    assert_eq!(world.merges(), 1);
}

#[test]
fn a_user_id_from_a_browser_makes_an_anonymous_profile_known() {
    let mut world = World::new();
    world.send(track(Browser, "a:1"));
    assert!(!world.people.profile(ProfileNo(1)).expect("made").is_known());
    assert_eq!(world.number(track(Browser, "a:1 u:1")), 1);
    assert!(world.people.profile(ProfileNo(1)).expect("made").is_known());
}

#[test]
fn a_browser_never_joins_two_known_profiles_but_a_server_does() {
    for (key, expected) in [(Browser, "u:1 | a:1 e:1"), (Server, "a:1 e:1 u:1")] {
        let mut world = World::new();
        world.send(track(Server, "u:1"));
        world.send(track(Server, "e:1 a:1"));
        assert_eq!(world.number(track(key, "u:1 a:1")), 1);
        assert_eq!(world.people(), expected);
        if key == Browser {
            assert_eq!(world.refusals(), [("a:1".to_owned(), RefusalWhy::TwoKnown)]);
        }
    }
}

#[test]
fn claimed_addresses_do_not_make_known_so_browsers_may_join_them() {
    let mut world = World::new();
    world.send(track(Browser, "a:1 e:1"));
    world.send(track(Browser, "a:2 e:2"));
    world.send(track(Browser, "a:1 a:2"));
    assert_eq!(world.people(), "a:1 a:2 e:1 e:2");
}

#[test]
fn a_new_user_id_gets_no_confirmed_address_by_claiming_it() {
    // The same whether its first page view came before the claim or not.
    for first in ["u:9", "a:7"] {
        let mut world = World::new();
        world.send(track(Server, "e:1"));
        world.send(track(Browser, first));
        let number = world.number(track(Browser, "u:9 e:1"));
        assert_ne!(number, 1);
        assert!(world.people().starts_with("e:1 |"), "{}", world.people());
        world.send(track(Server, "u:9 e:1"));
        assert!(world.people().starts_with("e:1 u:9"), "a server may say so");
    }
}
