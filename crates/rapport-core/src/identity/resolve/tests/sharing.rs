//! Kiosks and bots: when an identifier stops resolving, and how it is let go.

use super::*;
use crate::time::HOUR_MS;

fn shared_lines(world: &World) -> Vec<(String, journal::SharedWhy)> {
    let line = |record: &journal::Record| match &record.what {
        What::Shared { identifier, why } => Some((short(identifier), *why)),
        _ => None,
    };
    world.journal.iter().filter_map(line).collect()
}

#[test]
fn thirty_user_ids_on_one_browser_mark_it() {
    let mut world = World::new();
    for n in 1..=29 {
        world.send(track(Browser, &format!("u:{n} a:kiosk")));
    }
    assert!(!world.is_shared("a:kiosk"));
    world.send(track(Browser, "u:30 a:kiosk"));
    assert!(world.is_shared("a:kiosk"));
    let why = journal::SharedWhy::UserIds;
    assert_eq!(shared_lines(&world), [("a:kiosk".to_owned(), why)]);
}

#[test]
fn more_than_fifty_refusals_mark_and_fewer_do_not() {
    let mut world = World::new();
    world.send(track(Browser, "u:1 a:tablet"));
    for _ in 0..50 {
        world.send(track(Browser, "u:2 a:tablet"));
    }
    assert!(!world.is_shared("a:tablet"));
    world.send(track(Browser, "u:2 a:tablet"));
    assert!(world.is_shared("a:tablet"));
    let why = journal::SharedWhy::Refusals;
    assert_eq!(shared_lines(&world), [("a:tablet".to_owned(), why)]);
}

#[test]
fn what_is_spread_over_days_does_not_mark() {
    let mut world = World {
        step_ms: HOUR_MS,
        ..World::new()
    };
    for n in 1..=500 {
        world.send(track(Browser, &format!("u:{n} a:tablet")));
    }
    assert!(!world.is_shared("a:tablet"));
}

#[test]
fn a_shared_identifier_resolves_to_nobody_and_attaches_to_nobody() {
    let mut world = World::new();
    for n in 1..=30 {
        world.send(track(Browser, &format!("u:{n} a:kiosk")));
    }
    let lines = world.journal.len();
    let alone = world.send(track(Browser, "a:kiosk"));
    assert!(matches!(alone, Resolved::None(reason) if reason.code == "shared_identity"));
    assert_eq!(world.number(track(Browser, "u:7 a:kiosk")), 7);
    assert_eq!(world.number(track(Browser, "u:31 a:kiosk")), 31);
    assert_eq!(world.identifiers(ProfileNo(31)), ["u:31"]);
    assert_eq!(world.journal.len(), lines, "it is said once");
}

#[test]
fn a_released_identifier_resolves_as_before() {
    let mut world = World::new();
    for n in 1..=30 {
        world.send(track(Browser, &format!("u:{n} a:kiosk")));
    }
    let place = Position::command(30, 1);
    let (people, journal) = (&mut world.people, &mut world.journal);
    let kiosk = identifier("a:kiosk");
    assert!(shared::release(
        people,
        &kiosk,
        place,
        Millis(31_000),
        journal
    ));
    assert!(!shared::release(
        people,
        &kiosk,
        place,
        Millis(31_000),
        journal
    ));
    let released = What::Released {
        identifier: kiosk.clone(),
    };
    assert_eq!(
        world.journal.last().map(|record| &record.what),
        Some(&released)
    );
    assert_eq!(world.number(track(Browser, "a:kiosk")), 1);
    let record = &world.people.take_changes().shared[&kiosk];
    assert_eq!((record.marked(), record.tally().count), (None, 0));
    assert!(record.has_marks(), "a refold meets the mark where it stood");
}

#[test]
fn user_ids_are_never_marked() {
    let mut world = World::new();
    world.send(track(Server, "u:1"));
    for n in 0..60 {
        world.send(alias(Browser, "1", &format!("u:x{n}")));
    }
    assert!(!world.is_shared("u:1"));
    assert_eq!(world.refusals().len(), shared::TOLD_MAX);
    let record = &world.people.take_changes().shared[&identifier("u:1")];
    assert_eq!(record.tally().count, 60);
}

#[test]
fn claiming_a_confirmed_address_does_not_make_it_useless() {
    let mut world = World::new();
    world.send(track(Server, "u:1 e:victim"));
    for n in 0..60 {
        world.send(track(Browser, &format!("u:x{n} e:victim")));
    }
    assert!(!world.is_shared("e:victim"));
    assert_eq!(world.number(track(Server, "e:victim")), 1);
    for n in 0..51 {
        world.send(track(Server, &format!("u:y{n} e:victim")));
    }
    assert!(
        world.is_shared("e:victim"),
        "an office's address, says the server"
    );
}
