//! What an undo cannot give back exactly: when a build came to somebody who was not there.

use super::numbers::event;
use super::*;
use crate::identity::IdKind::{AnonymousId, Email, UserId};

/// A merge that keeps a third person away. Without it the second and the third are one, who has
/// no room for the address of the seventh event, which so makes somebody of its own.
fn entries() -> Vec<Entry> {
    let user = || (UserId, "u1");
    vec![
        event(1, &[(AnonymousId, "a1"), (AnonymousId, "a3")]),
        event(2, &[user()]),
        event(3, &[user(), (AnonymousId, "a1")]),
        event(
            4,
            &[
                (AnonymousId, "a2"),
                (Email, "bo@example.org"),
                (Email, "cy@example.org"),
            ],
        ),
        event(5, &[user(), (Email, "bo@example.org")]),
        event(6, &[user(), (Email, "dy@example.org")]),
        event(7, &[(Email, "dy@example.org")]),
        event(8, &[(AnonymousId, "a4")]),
    ]
}

/// A segment of everybody who identified themselves, built in two steps.
fn built(world: &mut World<'_>, end: u64) {
    let place = |n| Position::command(8, n);
    let put = Command::PutSegment {
        key: "all".into(),
        name: "all".into(),
        rule: "did identify".into(),
    };
    world.command(place(1), Millis(10), put);
    let segment = world.rulebook.registry().get("all").unwrap().no.0;
    let step = |from, to| Command::BuildRange {
        segment,
        version: 1,
        from: ProfileNo(from),
        to: ProfileNo(to),
    };
    world.command(place(2), Millis(20), step(1, end - 1));
    world.command(place(3), Millis(30), step(end - 1, end));
    assert_eq!(world.rulebook.registry().building().count(), 0);
}

/// When whoever the seventh event made entered the segment.
fn entered_at(world: &World<'_>) -> Millis {
    let segment = world.rulebook.registry().get("all").unwrap().no;
    let mut people = world.people.profiles();
    let person = people.find(|person| person.birth == Position::event(7, 0));
    let memberships = &person.expect("somebody").memberships;
    memberships.get(segment).expect("a member").entered_at
}

#[test]
fn whoever_only_an_undo_brings_forth_comes_with_the_last_step_of_a_build() {
    let entries = entries();
    let mut live = World::new(1);
    live.enter(&entries);
    assert_eq!(
        live.people.numbers().map(|n| n.0).collect::<Vec<_>>(),
        [1, 3, 4]
    );
    built(&mut live, 5);
    live.undo(live.merges()[0]).expect("a merge");
    assert_eq!(entered_at(&live), Millis(30));

    let mut vetoed = World::new(1);
    vetoed.vetoes = live.vetoes.clone();
    vetoed.enter(&entries);
    built(&mut vetoed, 6);
    assert_eq!(entered_at(&vetoed), Millis(20), "one step earlier");
}

#[test]
fn a_build_under_way_comes_to_whoever_an_undo_brings_forth_with_its_last_step() {
    let entries = entries();
    let mut live = World::new(1);
    live.enter(&entries);
    let put = Command::PutSegment {
        key: "all".into(),
        name: "all".into(),
        rule: "did identify".into(),
    };
    live.command(Position::command(8, 1), Millis(10), put);
    live.undo(live.merges()[0]).expect("a merge");
    let segment = live.rulebook.registry().get("all").unwrap().no;
    let is_in = |live: &World<'_>| {
        let mut people = live.people.profiles();
        people.all(|person| person.memberships.contains(segment))
    };
    assert!(!is_in(&live));
    let step = Command::BuildRange {
        segment: segment.0,
        version: 1,
        from: ProfileNo(1),
        to: ProfileNo(5),
    };
    live.command(Position::command(8, 2), Millis(20), step);
    assert!(is_in(&live));
}
