//! Replay equals live after seeded random mixes of events, rule changes, lists, merges, undos,
//! restarts and kills, while files are flushed and compacted all the time.
//!
//! `RAPPORT_MIXES=200 cargo test -p rapport-flow mixes` runs that many worlds;
//! `RAPPORT_MIXES_FROM` says with which seed they begin.

use self::dice::Dice;
use super::records::subscribed::subscribe;
use super::replay::replay_equals_live;
use super::webhooks;
use super::world::{BEGIN, World, roles};
use crate::clock::{Clock, HandClock};
use crate::violations::SOURCE_NAME;
use crate::{CommandError, Settings};
use rapport_core::entry::{Command, Reference, Source};
use rapport_core::event::{Dialect, KeyKind, SourceNo};
use rapport_core::time::{DAY_MS, HOUR_MS, Millis, SECOND_MS};
use std::sync::Arc;
use std::time::Duration;

mod bulks;
mod crm;
pub(super) mod dice;
pub(super) mod listed;
pub(super) mod said;

/// What an app hears of.
const SUBSCRIBED: [&str; 8] = [
    "contact.creation",
    "contact.propertyChange firstname",
    "contact.merge",
    "contact.restore",
    "contact.associationChange",
    "company.creation",
    "deal.creation",
    "deal.propertyChange amount",
];

/// Steps of one world.
const STEPS: u64 = 60;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replay_equals_live_after_any_mix() {
    for seed in seeds() {
        eprintln!("mix {seed}");
        mix(seed).await;
    }
}

pub(super) fn seeds() -> std::ops::Range<u64> {
    let number = |name: &str, default| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let from: u64 = number("RAPPORT_MIXES_FROM", 1);
    from..from + number("RAPPORT_MIXES", 3)
}

async fn mix(seed: u64) {
    let mut dice = Dice::new(seed);
    let mut world = begin(&mut dice).await;
    subscribe(&world, &SUBSCRIBED).await;
    for _ in 0..STEPS {
        world = step(world, &mut dice).await;
    }
    world.settle().await;
    replay_equals_live(world).await;
}

pub(super) async fn begin(dice: &mut Dice) -> World {
    let settings = Settings {
        flush_bytes: dice.of(&[1_500, 6_000, 60_000]),
        flush_age_ms: dice.of(&[SECOND_MS, HOUR_MS, DAY_MS]),
        cache_profiles: dice.of(&[2, 1_000]),
        cache_bytes: dice.of(&[1 << 10, 160 << 20]),
        ledger_keep_ms: dice.of(&[0, DAY_MS]),
        ..Settings::default()
    };
    let directory = tempfile::tempdir().unwrap();
    let clock = Arc::new(HandClock::at(BEGIN));
    let rapport = super::world::open(directory.path(), &settings, &clock).await;
    let source = Source {
        no: SourceNo(1),
        name: "Website".to_owned(),
        strict: false,
    };
    let violations = Source {
        no: SourceNo(2),
        name: SOURCE_NAME.to_owned(),
        strict: false,
    };
    for source in [source, violations] {
        rapport
            .command("test", Command::PutSource(source))
            .await
            .unwrap();
    }
    World {
        rapport,
        clock,
        directory,
        settings,
    }
}

async fn step(world: World, dice: &mut Dice) -> World {
    match dice.below(100) {
        0..44 => send(world, dice).await,
        44..50 => match dice.one_in(2) {
            true => bulks::work(world, dice).await,
            false => {
                expect(&world, crm::command(dice)).await;
                world
            }
        },
        50..55 => listed::work(world, dice).await,
        55..60 => hook(world, dice).await,
        60..72 => change_rules(world, dice).await,
        72..78 => merge(world, dice).await,
        78..84 => undo(world, dice).await,
        84..91 => pass(world, dice).await,
        91..93 => transform(world, dice).await,
        93 => {
            expect(&world, said::decision(dice)).await;
            world
        }
        94 => {
            expect(&world, said::plan(dice)).await;
            world
        }
        95 => match dice.one_in(2) {
            true => {
                world.settle().await;
                world
            }
            false => {
                expect(&world, said::members::command(dice)).await;
                world
            }
        },
        _ => again(world, dice).await,
    }
}

/// Somebody changes a segment or the policy, or removes a segment.
pub(super) async fn change_rules(world: World, dice: &mut Dice) -> World {
    let key = dice.of(&said::SEGMENTS).to_owned();
    let command = match dice.below(16) {
        0..8 => Command::PutSegment {
            name: key.clone(),
            rule: said::rule(dice),
            key,
        },
        8..10 => Command::PutPolicy(said::policy(dice)),
        10..12 => Command::DeleteSegment { key },
        12 => Command::PutTimeZone {
            zone: dice.of(&["UTC", "Europe/Berlin", "Asia/Tokyo"]).to_owned(),
        },
        13 => Command::DeleteTrait {
            key: dice.of(&said::TRAITS).to_owned(),
        },
        _ => said::computed(dice),
    };
    expect(&world, command).await;
    world
}

pub(super) async fn send(world: World, dice: &mut Dice) -> World {
    let kind = dice.of(&[KeyKind::Browser, KeyKind::Server]);
    let (dialect, item): (Dialect, fn(&mut Dice, Millis) -> String) = match dice.one_in(5) {
        true => (Dialect::Posthog, said::posthog::item),
        false => (Dialect::Segment, said::item),
    };
    let items: Vec<_> = (0..=dice.below(4))
        .map(|_| item(dice, world.clock.now()))
        .collect();
    world.say(dialect, kind, &items.join(",")).await;
    world
}

/// A delivery of a webhook, whose map changes now and then.
async fn hook(world: World, dice: &mut Dice) -> World {
    if dice.one_in(3) {
        let name = dice.of(&["Milk Bought", "Cheese Seen"]);
        expect(&world, webhooks::put(name)).await;
    }
    let items: Vec<_> = (0..=dice.below(3)).map(|_| said::delivered(dice)).collect();
    webhooks::deliver(&world, &format!("{{\"items\":[{}]}}", items.join(","))).await;
    world
}

pub(super) async fn merge(world: World, dice: &mut Dice) -> World {
    let (left, right) = (person(dice), person(dice));
    expect(&world, Command::Merge { left, right }).await;
    world
}

pub(super) async fn undo(world: World, dice: &mut Dice) -> World {
    expect(
        &world,
        Command::UndoMerge {
            merge: 1 + dice.below(12),
        },
    )
    .await;
    world
}

/// Other steps from here on, or none.
async fn transform(world: World, dice: &mut Dice) -> World {
    let source = SourceNo(1);
    let spelled = dice.of(&[
        r#"{"filter":{"drop":"properties.price > 20 or traits.plan = \"gold\""}}"#,
        r#"{"drop":["anonymousId"],"when":"userId exists"}"#,
        r#"{"rename":{"from":"userId","to":"properties.user"},"when":"event exists"}"#,
        r#"{"mask":{"paths":["traits.email"],"by":"hash"}}"#,
        r#"{"set":{"path":"event","value":"Milk Bought"},"when":"event exists"}"#,
    ]);
    let command = match dice.one_in(4) {
        true => Command::DeleteTransformations { source },
        false => Command::PutTransformations {
            source,
            enabled: !dice.one_in(4),
            steps: rapport_core::event::transform::read(&[spelled]).unwrap(),
        },
    };
    expect(&world, command).await;
    world
}

/// Time passes; sometimes timers get the time to fire, sometimes the next entry comes first.
pub(super) async fn pass(world: World, dice: &mut Dice) -> World {
    let ms = dice.of(&[1, SECOND_MS, 61_000, HOUR_MS, 5 * HOUR_MS]) + dice.below(900) as i64;
    world.clock.set(world.clock.now().plus(ms));
    if dice.one_in(2) {
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    world
}

/// Stopped or killed, and started again.
async fn again(world: World, dice: &mut Dice) -> World {
    match dice.one_in(3) {
        true => world.restart().await,
        false => world.killed().await,
    }
}

/// What is asked for at random may contradict what there is, or name nobody.
pub(super) async fn expect(world: &World, command: Command) {
    match world.command(command.clone()).await {
        Ok(_)
        | Err(
            CommandError::Contradicts { .. }
            | CommandError::NotFound { .. }
            | CommandError::Invalid { .. },
        ) => {}
        Err(error) => panic!("{command:?}: {error}"),
    }
}

fn person(dice: &mut Dice) -> Reference {
    match dice.one_in(4) {
        true => Reference::Number(rapport_core::identity::ProfileNo(1 + dice.below(8))),
        false => Reference::Identifier(said::identifier(dice)),
    }
}

/// Waits until jobs that were under way have let go of the directory.
pub(super) async fn closed(path: &std::path::Path) {
    for _ in 0..1_000 {
        if rapport_embedded::Directory::open(path).is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let _ = roles(path);
}
