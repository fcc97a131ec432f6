//! Merges that were taken back stay so, whatever events say.

use super::*;

fn forbid(world: &mut World, left: u64, right: u64) {
    world
        .vetoes
        .forbid(Position::event(left, 0), Position::event(right, 0));
}

#[test]
fn a_vetoed_merge_is_refused_and_the_stronger_identifier_decides() {
    let mut world = World::new();
    forbid(&mut world, 1, 2);
    world.send(track(Browser, "a:1"));
    world.send(track(Browser, "u:1"));
    assert_eq!(world.number(track(Browser, "a:1 u:1")), 2);
    assert_eq!(world.people(), "a:1 | u:1");
    assert_eq!(world.refusals(), [("a:1".to_owned(), RefusalWhy::Vetoed)]);
}

#[test]
fn a_veto_holds_for_what_a_profile_absorbed() {
    let mut world = World::new();
    forbid(&mut world, 2, 3);
    for one in ["a:1", "a:2", "a:3"] {
        world.send(track(Browser, one));
    }
    world.send(track(Browser, "a:1 a:2"));
    world.send(track(Browser, "a:1 a:3"));
    assert_eq!(world.people(), "a:1 a:2 | a:3");
}

#[test]
fn a_veto_holds_for_a_server_alias() {
    let mut world = World::new();
    forbid(&mut world, 1, 2);
    world.send(track(Server, "u:1"));
    world.send(track(Server, "u:2"));
    world.send(alias(Server, "1", "u:2"));
    assert_eq!(world.people(), "u:1 | u:2");
}
