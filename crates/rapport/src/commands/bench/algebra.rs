//! The rule language alone, without a server: what an event costs with 1 to 1,000 segments of
//! mixed shape, and what a profile keeps for them.

use super::report::{Report, Target};
use super::traffic::Random;
use anyhow::Result;
use rapport_core::event::{Event, KeyKind, Kind, SourceNo};
use rapport_core::identity::ProfileNo;
use rapport_core::position::Position;
use rapport_core::profile::attributes::Attributes;
use rapport_core::segment::catalogue::{Catalogue, Facts, Touched};
use rapport_core::segment::leaf::Leaves;
use rapport_core::segment::membership::Memberships;
use rapport_core::segment::registry::{Moment, Registry};
use rapport_core::segment::text;
use rapport_core::time::Millis;
use std::time::Instant;

const EVENTS: u64 = 200_000;
const PEOPLE: usize = 2_000;
const CATEGORIES: u64 = 50;
const NAMES: [&str; 6] = [
    "Product Viewed",
    "Product Added",
    "Cart Abandoned",
    "Email Opened",
    "Email Link Clicked",
    "Order Completed",
];

/// An event about every 20 seconds with more and more segments, then with many that it is not of.
///
/// # Errors
/// Where a rule is none.
pub(super) fn all(report: &mut Report) -> Result<()> {
    let events = events();
    let mut costs = Vec::new();
    for segments in [1, 10, 100, 1_000] {
        let rules: Vec<String> = (0..segments).map(rule).collect();
        let cost = measure(&rules, &events)?;
        let note = format!(
            "eight shapes in one thread, timers among it; {:.1} leaves moved an event, {} bytes of leaves a profile after {} events of each",
            cost.moved,
            cost.bytes,
            EVENTS as usize / PEOPLE
        );
        let name = format!("segments: an event with {segments}");
        report.add(&name, cost.us, "us", Target::None, note);
        costs.push(cost);
    }
    let beside = (0..1_000).map(|nth| aside(&rule(nth)));
    let rules: Vec<String> = std::iter::once(rule(0)).chain(beside).collect();
    let cost = measure(&rules, &events)?;
    let note = format!(
        "the first of them and 1,000 on events that never come: {:.2} us, {:.1} leaves moved",
        cost.us, cost.moved
    );
    let name = "segments: 1,000 that do not ask for the event, of 1";
    report.add(name, cost.us / costs[0].us, "", Target::Below(1.5), note);
    Ok(())
}

/// The same rule on events that never come.
fn aside(rule: &str) -> String {
    NAMES.iter().fold(rule.to_owned(), |rule, name| {
        rule.replace(&format!("\"{name}\""), &format!("\"No {name}\""))
    })
}

/// Segments of eight shapes, each about one of fifty categories.
pub(super) fn rule(nth: usize) -> String {
    let category = format!("c{}", nth / 8 % CATEGORIES as usize);
    let days = 1 + nth % 30;
    match nth % 8 {
        0 => format!(
            r#"did "Product Viewed" where category = "{category}" at least 3 times within {days} days"#
        ),
        1 => format!(
            r#"did "Order Completed" within {days} days and did not "Product Added" within {days} hours"#
        ),
        2 => format!(
            r#"did "Order Completed" where category = "{category}" with sum of revenue >= 100 within {days} days"#
        ),
        3 => format!(
            r#"sequence "Product Viewed" where category = "{category}" then "Cart Abandoned" then "Email Opened" where category = first.category then not "Email Link Clicked" within {days} days"#
        ),
        4 => format!(
            r#"did "Product Viewed" where category = "{category}" for the first time within {days} days"#
        ),
        5 => format!(
            r#"did "Email Opened" where category = "{category}" in at least 2 of the last 4 weeks"#
        ),
        6 => format!(
            r#"attribute plan = "p{nth}" or did "Product Viewed" where category = "{category}" since last "Order Completed""#
        ),
        _ => format!(r#"did "Product Added" where category = "{category}" this month"#),
    }
}

#[derive(Default)]
struct Person {
    leaves: Leaves,
    memberships: Memberships,
    armed: Option<Millis>,
}

struct Cost {
    us: f64,
    moved: f64,
    bytes: usize,
}

fn measure(rules: &[String], events: &[Event]) -> Result<Cost> {
    let mut registry = Registry::default();
    for (nth, rule) in rules.iter().enumerate() {
        let moment = Moment {
            position: Position::command(1, 1),
            received: Millis(0),
            next_profile: ProfileNo(1),
        };
        let key = format!("s{nth}");
        let rule = text::parse(rule).map_err(|error| anyhow::anyhow!("{rule}: {error}"))?;
        registry.put(&key, &key, rule, moment)?;
    }
    let catalogue = Catalogue::new(&registry);
    let mut people: Vec<Person> = (0..PEOPLE).map(|_| Person::default()).collect();
    let mut touched = Touched::default();
    let began = Instant::now();
    for event in events {
        people[whose(event)].see(&catalogue, event, &mut touched);
    }
    let us = began.elapsed().as_secs_f64() * 1e6 / events.len() as f64;
    let bytes =
        |person: &Person| postcard::to_allocvec(&person.leaves).map_or(0, |kept| kept.len());
    let bytes = people.iter().map(bytes).sum::<usize>() / PEOPLE;
    Ok(Cost {
        us,
        moved: moved(&catalogue, events),
        bytes,
    })
}

/// Leaves that an event moves, on average: those that keep it. No two events are of one moment.
fn moved(catalogue: &Catalogue, events: &[Event]) -> f64 {
    let mut touched = Touched::default();
    let looked_at = &events[..events.len() / 10];
    let keeps = |event: &Event| {
        let mut leaves = Leaves::default();
        catalogue.observe(&mut leaves, event, &mut touched);
        leaves.all().len() as f64
    };
    looked_at.iter().map(keeps).sum::<f64>() / looked_at.len() as f64
}

fn whose(event: &Event) -> usize {
    (event.position.request as usize * 7_919) % PEOPLE
}

impl Person {
    /// What the fold does of an event for segments.
    fn see(&mut self, catalogue: &Catalogue, event: &Event, touched: &mut Touched) {
        let numbers = [(ProfileNo(whose(event) as u64 + 1), Position::default())];
        let (attributes, mut flips) = (Attributes::default(), Vec::new());
        catalogue.observe(&mut self.leaves, event, touched);
        let facts = Facts {
            number: numbers[0].0,
            numbers: &numbers,
            attributes: &attributes,
            companies: &[],
            leaves: &self.leaves,
        };
        let (memberships, now) = (&mut self.memberships, event.received);
        if self.armed.is_some_and(|armed| armed <= now) {
            self.armed = catalogue.advance(&facts, memberships, self.armed, now, &mut flips);
        }
        let next = catalogue.settle(&facts, memberships, now, touched, &mut flips);
        self.armed = [self.armed, next].into_iter().flatten().min();
    }
}

fn events() -> Vec<Event> {
    let mut random = Random(7);
    (0..EVENTS).map(|nth| event(nth, &mut random)).collect()
}

/// An event about every 20 seconds, so that a person has about a hundred in 46 days.
fn event(nth: u64, random: &mut Random) -> Event {
    let received = Millis(1_763_700_000_000 + nth as i64 * 20_000);
    let properties = format!(
        r#"{{"category":"c{}","sku":"s{}","revenue":{}.5,"currency":"EUR","name":"A product of some length","list":[1,2,3]}}"#,
        random.below(CATEGORIES),
        random.below(5_000),
        random.below(200)
    );
    Event {
        position: Position::event(nth + 1, 0),
        received,
        original: None,
        sent: None,
        at: received,
        source: SourceNo(1),
        key_kind: KeyKind::Server,
        kind: Kind::Track,
        name: NAMES[random.below(NAMES.len() as u64) as usize].into(),
        message_id: format!("m{nth}").into(),
        identifiers: Vec::new(),
        previous: None,
        group: None,
        traits: "{}".into(),
        properties: properties.into(),
        context: "{}".into(),
        extra: "{}".into(),
    }
}
