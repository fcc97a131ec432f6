//! What one event costs with 1 to 1,000 segments of mixed shape, and what a profile keeps.
//!
//! `cargo run --release -p rapport-core --example segments`

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
const NAMES: [&str; 6] = [
    "Product Viewed",
    "Product Added",
    "Cart Abandoned",
    "Email Opened",
    "Email Link Clicked",
    "Order Completed",
];

fn main() {
    println!("segments   us/event   leaves moved/event   bytes/profile");
    for segments in [1, 10, 100, 1_000] {
        measure(segments);
    }
}

/// Segments of eight shapes, each about one of fifty categories.
fn rule(nth: usize) -> String {
    let category = format!("c{}", nth / 8 % 50);
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

fn measure(segments: usize) {
    let mut registry = Registry::default();
    for nth in 0..segments {
        let moment = Moment {
            position: Position::command(1, 1),
            received: Millis(0),
            next_profile: ProfileNo(1),
        };
        let rule = text::parse(&rule(nth)).expect("a rule");
        let key = format!("s{nth}");
        registry.put(&key, &key, rule, moment).expect("a segment");
    }
    let catalogue = Catalogue::new(&registry);
    let attributes = Attributes::default();
    let mut people: Vec<Person> = (0..PEOPLE).map(|_| Person::default()).collect();
    let (mut touched, mut flips) = (Touched::default(), Vec::new());
    let mut seed = 7_u64;
    let mut kept = 0;
    let events: Vec<Event> = (0..EVENTS).map(|nth| event(nth, &mut seed)).collect();
    let start = Instant::now();
    for event in &events {
        let nth = (event.position.request as usize * 7_919) % PEOPLE;
        let person = &mut people[nth];
        let numbers = [(ProfileNo(nth as u64 + 1), Position::default())];
        let before = person.leaves.all().len();
        catalogue.observe(&mut person.leaves, event, &mut touched);
        kept += person.leaves.all().len().abs_diff(before);
        let facts = Facts {
            number: numbers[0].0,
            numbers: &numbers,
            attributes: &attributes,
            companies: &[],
            leaves: &person.leaves,
        };
        let memberships = &mut person.memberships;
        if person.armed.is_some_and(|armed| armed <= event.received) {
            person.armed = catalogue.advance(
                &facts,
                memberships,
                person.armed,
                event.received,
                &mut flips,
            );
        }
        let next = catalogue.settle(
            &facts,
            memberships,
            event.received,
            &mut touched,
            &mut flips,
        );
        person.armed = [person.armed, next].into_iter().flatten().min();
    }
    let spent = start.elapsed();
    let bytes: usize = people
        .iter()
        .map(|person| postcard::to_allocvec(&person.leaves).map_or(0, |bytes| bytes.len()))
        .sum();
    println!(
        "{segments:>8}   {:>8.2}   {:>18.2}   {:>13}",
        spent.as_secs_f64() * 1e6 / EVENTS as f64,
        kept as f64 / EVENTS as f64,
        bytes / PEOPLE
    );
}

/// An event about every 20 seconds, so that a person has about a hundred in 46 days.
fn event(nth: u64, seed: &mut u64) -> Event {
    let mut draw = |of: u64| {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (*seed >> 33) % of
    };
    let received = Millis(1_763_700_000_000 + nth as i64 * 20_000);
    let properties = format!(
        r#"{{"category":"c{}","sku":"s{}","revenue":{}.5,"currency":"EUR","name":"A product of some length","list":[1,2,3]}}"#,
        draw(50),
        draw(5_000),
        draw(200)
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
        name: NAMES[draw(6) as usize].into(),
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
