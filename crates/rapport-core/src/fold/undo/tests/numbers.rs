//! Numbers that an undo makes superfluous, and those that come back.

use super::*;
use crate::event::{KeyKind, Kind, SourceNo};
use crate::identity::{IdKind, Identifier};

pub(super) fn event(request: u64, names: &[(IdKind, &str)]) -> Entry {
    let identifier = |(kind, value): &(IdKind, &str)| Identifier::new(kind.clone(), *value);
    Entry::Event(Box::new(Event {
        position: Position::event(request, 0),
        received: Millis(request as i64),
        original: None,
        sent: None,
        at: Millis(request as i64),
        source: SourceNo(1),
        key_kind: KeyKind::Server,
        kind: Kind::Identify,
        name: "".into(),
        message_id: format!("m{request}").into(),
        identifiers: names.iter().map(identifier).collect(),
        previous: None,
        group: None,
        traits: "{}".into(),
        properties: "{}".into(),
        context: "{}".into(),
        extra: "{}".into(),
    }))
}

/// Two people of whom a third event makes one; an address too many for the one is somebody else's.
fn entries() -> Vec<Entry> {
    use IdKind::{AnonymousId, Email, UserId};
    let (ana, visitor) = ((UserId, "u1"), (AnonymousId, "a1"));
    let email = |name| (Email, name);
    vec![
        event(1, &[ana.clone(), email("ana@example.org")]),
        event(2, &[visitor.clone(), email("bo@example.org")]),
        event(3, &[ana.clone(), visitor]),
        event(4, &[ana, email("cy@example.org")]),
        event(5, &[email("cy@example.org")]),
    ]
}

#[test]
fn a_number_that_no_entry_gives_any_more_leads_to_whoever_has_that_entry_now() {
    let entries = entries();
    let mut world = World::new(1);
    world.enter(&entries);
    let numbers = |world: &World<'_>| world.people.numbers().map(|n| n.0).collect::<Vec<_>>();
    assert_eq!(numbers(&world), [1, 3]);
    world.undo(world.merges()[0]).expect("a merge");
    assert_eq!(numbers(&world), [1, 2]);
    assert_eq!(world.leads_to(ProfileNo(3)), ProfileNo(1));
    let one = world.people.profile(ProfileNo(1)).unwrap();
    assert_eq!(one.vacated, [(ProfileNo(3), Position::event(5, 0))]);
    assert_eq!(one.origins(), [1, 3].map(ProfileNo));
    let undo = Position::event(5, 0);
    assert_eq!(one.moved_from, [(ProfileNo(3), undo)]);
    world.check_numbers().unwrap();
}

#[test]
fn a_vacated_number_goes_along_with_a_merge_and_no_veto_means_it() {
    let entries = entries();
    let mut world = World::new(1);
    world.enter(&entries);
    world.undo(world.merges()[0]).expect("a merge");
    let [ana, visitor] = [1, 2].map(|n| world.people.profile(ProfileNo(n)).unwrap().clone());
    let mut joined = visitor;
    crate::identity::merge::unite(&mut joined, &ana, 100);
    assert_eq!(joined.vacated, ana.vacated);
    assert!(!births(&joined).contains(&Position::event(5, 0)));
}

#[test]
fn a_vacated_number_is_given_again_where_its_entry_makes_somebody_again() {
    let entries = entries();
    let mut world = World::new(1);
    world.enter(&entries);
    world.undo(world.merges()[0]).expect("a merge");
    // Taken from the start again without the veto, the fifth entry makes somebody as it did first.
    world.vetoes = Vetoes::default();
    world.refold();
    let numbers: Vec<_> = world.people.numbers().map(|n| n.0).collect();
    assert_eq!(numbers, [1, 3]);
}

#[test]
fn a_merge_of_a_number_that_no_entry_gives_any_more_is_of_whoever_has_that_entry_now() {
    use IdKind::{Email, UserId};
    let (ana, bo) = ((UserId, "u1"), (Email, "bo@example.org"));
    let named = |(kind, name): &(IdKind, &str)| Identifier::new(kind.clone(), *name);
    let entries = [
        event(1, std::slice::from_ref(&ana)),
        event(2, std::slice::from_ref(&bo)),
        Entry::Merge {
            place: Position::command(3, 0),
            received: Millis(3),
            left: named(&ana),
            right: named(&bo),
        },
        // Ana's is no place for a second account, so this is somebody, and bo once Ana is not.
        event(4, &[(UserId, "u2"), bo]),
        event(5, &[(Email, "cy@example.org")]),
    ];
    let mut world = World::new(0);
    world.enter(&entries);
    world.merge([3, 4].map(ProfileNo), Position::command(6, 0));
    let numbers = |world: &World<'_>| world.people.numbers().map(|n| n.0).collect::<Vec<_>>();
    assert_eq!(numbers(&world), [1, 3]);
    world.undo(world.merges()[0]).expect("a merge");
    assert_eq!(numbers(&world), [1, 2]);
    assert_eq!([3, 4].map(|n| world.leads_to(ProfileNo(n)).0), [2, 2]);
    assert_eq!(world.people.profile(ProfileNo(2)).unwrap().links.len(), 3);
    world.check_numbers().unwrap();
}
