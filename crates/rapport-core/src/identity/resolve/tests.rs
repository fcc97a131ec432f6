//! A small world that resolves events, and what it does with them.

use super::*;
use crate::entry::Reference;
use crate::event::SourceNo;
use crate::position::Position;
use crate::profile::{apply, company};
use crate::time::Millis;
use KeyKind::{Browser, Server};

mod alias;
mod limits;
mod permutations;
mod properties;
mod sharing;
mod trust;
mod vetoes;

/// Everything folded so far; requests are one second apart.
struct World {
    policy: Policy,
    vetoes: Vetoes,
    people: People,
    journal: Vec<journal::Record>,
    requests: u64,
    step_ms: i64,
}

impl World {
    fn new() -> World {
        World {
            policy: Policy::default(),
            vetoes: Vetoes::default(),
            people: People::new(ProfileNo(1)),
            journal: Vec::new(),
            requests: 0,
            step_ms: 1_000,
        }
    }

    fn with(json: &str) -> World {
        let policy: Policy = serde_json::from_str(json).expect("a policy");
        policy.validate().expect("a valid policy");
        World {
            policy,
            ..World::new()
        }
    }

    /// Folds an event the way the flow does; what became of it.
    fn send(&mut self, mut event: Event) -> Resolved {
        self.requests += 1;
        event.position = Position::event(self.requests, 0);
        event.received = Millis(self.requests as i64 * self.step_ms);
        for identifier in wanted(&self.policy, &event) {
            if !self.people.has_looked_up(&identifier) {
                self.people.insert_loaded_owner(identifier, None);
            }
        }
        let resolved = resolve(
            &self.policy,
            &self.vetoes,
            &mut self.people,
            &event,
            &mut self.journal,
        );
        if let Resolved::Profile { number, .. } = resolved {
            company::apply(&self.policy, &mut self.people, number, &event);
            let profile = self.people.profile_mut(number).expect("it was resolved");
            apply::apply(&self.policy, profile, &event);
        }
        resolved
    }

    /// The number an event resolves to.
    fn number(&mut self, event: Event) -> u64 {
        match self.send(event) {
            Resolved::Profile { number, .. } => number.0,
            Resolved::None(reason) => panic!("resolved to nobody: {reason:?}"),
        }
    }

    fn merge_by_member(&mut self, left: u64, right: u64) -> Option<Profile> {
        let cause = MergeCause::Member {
            actor: "ana".into(),
            left: Reference::Number(ProfileNo(left)),
            right: Reference::Number(ProfileNo(right)),
        };
        let place = Place {
            position: Position::command(self.requests, 1),
            received: Millis(0),
        };
        let pair = (ProfileNo(left), ProfileNo(right));
        merge(
            &self.policy,
            &mut self.people,
            pair,
            cause,
            place,
            &mut self.journal,
        )
    }

    /// `a:1 u:1 | u:2`: every profile's identifiers, sorted.
    fn people(&self) -> String {
        let mut lines: Vec<String> = Vec::new();
        for number in self.people.numbers() {
            let mut ids = self.identifiers(number);
            ids.sort();
            lines.push(ids.join(" "));
        }
        lines.join(" | ")
    }

    fn identifiers(&self, number: ProfileNo) -> Vec<String> {
        let profile = self.people.profile(number).expect("it is loaded");
        profile
            .links
            .iter()
            .map(|link| short(&link.identifier))
            .collect()
    }

    /// The refusals journalled so far: identifier and rule.
    fn refusals(&self) -> Vec<(String, RefusalWhy)> {
        let refusal = |record: &journal::Record| match &record.what {
            What::Refused { dropped, why, .. } => Some((short(dropped), *why)),
            _ => None,
        };
        self.journal.iter().filter_map(refusal).collect()
    }

    fn merges(&self) -> usize {
        let merged = |record: &&journal::Record| matches!(record.what, What::Merged { .. });
        self.journal.iter().filter(merged).count()
    }

    fn is_shared(&self, spelled: &str) -> bool {
        self.people.is_shared(&identifier(spelled))
    }
}

/// `u:1` and the like: the first letters of a kind, and the value.
fn short(identifier: &Identifier) -> String {
    let letter = match identifier.kind {
        IdKind::UserId => "u",
        IdKind::Email => "e",
        IdKind::Phone => "p",
        IdKind::AnonymousId => "a",
        IdKind::DeviceId => "d",
        IdKind::Custom(_) => "c",
    };
    let value = identifier
        .value
        .strip_suffix("@x.org")
        .unwrap_or(&identifier.value);
    format!("{letter}:{value}")
}

fn identifier(spelled: &str) -> Identifier {
    let (letter, value) = spelled.split_once(':').expect("letter:value");
    match letter {
        "u" => Identifier::new(IdKind::UserId, value),
        "e" => Identifier::new(IdKind::Email, format!("{value}@x.org")),
        "p" => Identifier::new(IdKind::Phone, value),
        "a" => Identifier::new(IdKind::AnonymousId, value),
        "d" => Identifier::new(IdKind::DeviceId, value),
        "c" => Identifier::new(IdKind::Custom("card".into()), value),
        other => panic!("no kind {other}"),
    }
}

/// A track event with these identifiers: `track(Browser, "u:1 a:1")`.
fn track(key_kind: KeyKind, identifiers: &str) -> Event {
    Event {
        position: Position::default(),
        received: Millis(0),
        original: None,
        sent: None,
        at: Millis(500),
        source: SourceNo(1),
        key_kind,
        kind: Kind::Track,
        name: "Product Viewed".into(),
        message_id: format!("m {identifiers}").into(),
        identifiers: identifiers.split_whitespace().map(identifier).collect(),
        previous: None,
        group: None,
        traits: "{}".into(),
        properties: "{}".into(),
        context: "{}".into(),
        extra: "{}".into(),
    }
}

fn alias(key_kind: KeyKind, previous: &str, identifiers: &str) -> Event {
    let event = track(key_kind, identifiers);
    Event {
        kind: Kind::Alias,
        previous: Some(previous.into()),
        ..event
    }
}

#[test]
fn an_unknown_identifier_makes_a_profile_and_a_known_one_finds_it() {
    let mut world = World::new();
    let created = world.send(track(Browser, "a:1"));
    let number = ProfileNo(1);
    assert_eq!(
        created,
        Resolved::Profile {
            number,
            created: true,
            merged: Vec::new()
        }
    );
    let found = world.send(track(Browser, "a:1"));
    assert_eq!(
        found,
        Resolved::Profile {
            number,
            created: false,
            merged: Vec::new()
        }
    );
    assert_eq!(world.number(track(Browser, "a:2")), 2);
    assert!(world.journal.is_empty());
}

#[test]
fn one_profile_found_gets_the_rest_attached_with_cause_and_source() {
    let mut world = World::new();
    world.send(track(Browser, "a:1"));
    world.send(track(Browser, "a:1 u:1"));
    assert_eq!(world.people(), "a:1 u:1");
    let profile = world.people.profile(ProfileNo(1)).expect("it was made");
    let link = &profile.links[1];
    assert_eq!(
        (link.cause, link.source),
        (Position::event(2, 0), Some(SourceNo(1)))
    );
    assert_eq!((link.since, link.trust), (Millis(2_000), Trust::Seen));
    assert_eq!(profile.links[0].cause, Position::event(1, 0));
}

#[test]
fn several_profiles_found_become_the_one_with_the_lowest_number() {
    let mut world = World::new();
    for one in ["a:1", "d:1", "u:1"] {
        world.send(track(Browser, one));
    }
    let Resolved::Profile {
        number,
        created,
        merged,
    } = world.send(track(Browser, "u:1 d:1 a:1"))
    else {
        panic!("resolved to nobody");
    };
    assert_eq!((number, created), (ProfileNo(1), false));
    assert_eq!(
        merged.iter().map(|one| one.number.0).collect::<Vec<_>>(),
        [2, 3]
    );
    assert_eq!(world.people(), "a:1 d:1 u:1");
    let births = [
        (ProfileNo(2), Position::event(2, 0)),
        (ProfileNo(3), Position::event(3, 0)),
    ];
    assert_eq!(
        world.people.profile(number).expect("it lives on").absorbed,
        births
    );
    let cause = MergeCause::Event {
        identifiers: vec![identifier("u:1"), identifier("d:1"), identifier("a:1")],
        kind: Kind::Track,
    };
    let expected = What::Merged {
        survivor: ProfileNo(1),
        survivor_birth: Position::event(1, 0),
        absorbed: ProfileNo(2),
        absorbed_birth: Position::event(2, 0),
        cause,
    };
    assert_eq!(world.journal[0].what, expected);
    assert_eq!(
        (world.journal[0].place, world.journal.len()),
        (Position::event(4, 0), 2)
    );
    for one in ["a:1", "d:1", "u:1"] {
        assert_eq!(world.number(track(Browser, one)), 1);
    }
}

#[test]
fn identifiers_are_compared_by_their_one_spelling() {
    let mut world = World::new();
    let event = |email: &str| {
        let identifiers = vec![Identifier::new(IdKind::Email, email)];
        Event {
            identifiers,
            ..track(Server, "")
        }
    };
    assert_eq!(world.number(event("Ana@Example.org")), 1);
    assert_eq!(world.number(event(" ana@example.ORG")), 1);
    assert_eq!(
        world
            .people
            .profile(ProfileNo(1))
            .map(|one| one.links.len()),
        Some(1)
    );
}

#[test]
fn blocked_identifiers_are_left_out_and_nothing_else_is_nobody() {
    let mut world = World::new();
    assert_eq!(world.number(track(Browser, "u:null a:1")), 1);
    assert_eq!(world.people(), "a:1");
    let Resolved::None(reason) = world.send(track(Browser, "u:undefined a:0")) else {
        panic!("somebody was found behind null");
    };
    assert_eq!(reason.code, "blocked_identity");
    assert_eq!(
        reason.message,
        "no identifier names anybody: user_id:undefined, anonymous_id:0"
    );
    assert!(matches!(world.send(track(Browser, "")), Resolved::None(_)));
    assert_eq!(world.people(), "a:1");
}

#[test]
fn a_group_call_makes_the_company_and_the_link_once() {
    let mut world = World::new();
    let event = |traits: &str| Event {
        kind: Kind::Group,
        group: Some(" acme ".into()),
        traits: traits.into(),
        message_id: traits.into(),
        ..track(Browser, "a:1")
    };
    world.send(event(r#"{"plan": "gold"}"#));
    world.send(event(r#"{"plan": "silver", "industry": "dairy"}"#));
    let company = world.people.company("acme").expect("it was named");
    assert_eq!(company.attributes.get("industry"), Some("\"dairy\""));
    let profile = world.people.profile(ProfileNo(1)).expect("it was made");
    assert_eq!(profile.companies.len(), 1);
    assert_eq!(profile.companies[0].cause, Position::event(1, 0));
    assert!(
        profile.attributes.is_empty(),
        "a company's traits are not the person's"
    );
}

#[test]
fn changes_are_what_was_touched_and_nothing_else() {
    let mut world = World::new();
    world.send(track(Browser, "a:1"));
    world.send(track(Browser, "u:1"));
    world.send(track(Browser, "a:3"));
    let first = world.people.take_changes();
    assert_eq!(first.profiles.len(), 3);
    assert_eq!((first.owners.len(), first.next), (3, ProfileNo(4)));
    for profile in first.profiles.into_values() {
        world.people.insert_loaded_profile(profile);
    }
    world.send(track(Browser, "a:1 u:1"));
    let second = world.people.take_changes();
    assert_eq!(
        second
            .profiles
            .keys()
            .map(|number| number.0)
            .collect::<Vec<_>>(),
        [1]
    );
    assert_eq!(second.absorbed, [(ProfileNo(2), ProfileNo(1))]);
    let moved: Vec<_> = second
        .owners
        .iter()
        .map(|(id, owner)| (short(id), *owner))
        .collect();
    assert_eq!(moved, [("u:1".to_owned(), Some(ProfileNo(1)))]);
    assert!(second.shared.is_empty() && second.companies.is_empty());
}

#[test]
fn a_refold_gives_the_profile_of_an_entry_its_old_number() {
    let mut world = World::new();
    world
        .people
        .remember_birth(Position::event(2, 0), ProfileNo(40));
    assert_eq!(world.number(track(Browser, "a:1")), 1);
    assert_eq!(world.number(track(Browser, "a:2")), 40);
    assert_eq!(world.number(track(Browser, "a:3")), 41);
}

#[test]
fn a_members_merge_may_exceed_every_limit() {
    let mut world = World::new();
    world.send(track(Server, "u:1 e:1"));
    world.send(track(Server, "u:2 e:2"));
    let absorbed = world.merge_by_member(2, 1);
    assert_eq!(absorbed.map(|one| one.number), Some(ProfileNo(2)));
    assert_eq!(world.people(), "e:1 e:2 u:1 u:2");
    assert_eq!(world.merge_by_member(2, 1), None);
    assert_eq!(
        world.number(track(Browser, "u:2 a:2")),
        1,
        "it goes on as one person"
    );
    assert_eq!(world.number(track(Browser, "u:1 u:2")), 1);
    assert!(world.refusals().is_empty());
}
