//! Batches are folded while the one before them is written, and transactions fail in every way:
//! the state is the same as if each batch had waited for the last, and so is what anybody was told.

use super::mixes::dice::Dice;
use super::mixes::{said, seeds};
use super::world::{BEGIN, in_memory};
use crate::clock::{Clock, HandClock};
use crate::rows;
use crate::{Rapport, Seen, Settings};
use rapport_core::crm::TypeId;
use rapport_core::entry::{Command, Source};
use rapport_core::event::{Call, Dialect, KeyKind, Origin, SourceNo};
use rapport_core::identity::{Identifier, ProfileNo};
use rapport_core::position::Position;
use rapport_core::profile::Profile;
use rapport_core::time::{HOUR_MS, MINUTE_MS, Millis, SECOND_MS};
use rapport_store::ledger::Submission;
use rapport_store::memory::{Call as Fallible, Fault, Memory};
use rapport_store::records::{Link, Records, Whole};
use rapport_store::state::{Key, Order, Page, State, Table, Value, number_key};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Requests of one world.
const REQUESTS: usize = 60;
/// Transactions of one world that fail.
const FAULTS: u64 = 5;
const PATIENCE: Duration = Duration::from_secs(60);

/// What one world says, when, and whom each request is about.
struct Script {
    rules: Vec<Command>,
    requests: Vec<(Millis, KeyKind, String, Identifier)>,
}

impl Script {
    fn of(dice: &mut Dice) -> Script {
        let segment = |key: &&str| Command::PutSegment {
            key: (*key).to_owned(),
            name: (*key).to_owned(),
            rule: said::rule(dice),
        };
        let rules = said::SEGMENTS.iter().map(segment).collect();
        let mut now = BEGIN;
        let request = |_| {
            now = now.plus(dice.of(&[0, 0, 0, SECOND_MS, MINUTE_MS, HOUR_MS]));
            let kind = dice.of(&[KeyKind::Browser, KeyKind::Server]);
            let items: Vec<_> = (0..=dice.below(4)).map(|_| said::item(dice, now)).collect();
            let body = format!("{{\"batch\":[{}]}}", items.join(","));
            (now, kind, body, said::identifier(dice))
        };
        let requests = (0..REQUESTS).map(request).collect();
        Script { rules, requests }
    }
}

/// A flow in memory, small enough that people leave its working set all the time.
async fn begin(memory: &Memory, script: &Script) -> (Rapport, Arc<HandClock>) {
    let secret = rows::put(Table::Meta, b"secret".as_slice().into(), &[7_u8; 16]);
    let head = memory.state.head().await.unwrap();
    let begun = memory
        .state
        .commit(head.version, Position::default(), vec![secret].into());
    begun.await.unwrap();
    let roles = in_memory(memory);
    let settings = Settings {
        cache_profiles: 2,
        // Which requests share a file is a job's matter.
        flush_age_ms: i64::MAX,
        ..Settings::default()
    };
    let clock = Arc::new(HandClock::at(BEGIN));
    let started = Rapport::start(roles, settings, clock.clone());
    let rapport = started.await.unwrap();
    let source = Source {
        no: SourceNo(1),
        name: "Website".to_owned(),
        strict: false,
    };
    rapport
        .command("test", Command::PutSource(source))
        .await
        .unwrap();
    for rule in &script.rules {
        // Some contradict each other: the same ones in every world.
        let _ = rapport.command("test", rule.clone()).await;
    }
    while !rapport.is_idle() || rapport.registry().building().next().is_some() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    (rapport, clock)
}

/// Sends every request as soon as the one before it is answered, or time has passed; what was told
/// of each. Then everybody is looked at who is due.
async fn say(
    memory: &Memory,
    (rapport, clock): (&Rapport, &HandClock),
    script: &Script,
) -> Vec<Option<Profile>> {
    let mut told = Vec::new();
    for (now, key_kind, body, about) in &script.requests {
        clock.set(*now);
        let submission = Submission {
            origin: Origin {
                source: SourceNo(1),
                key_kind: *key_kind,
                dialect: Dialect::Segment,
                call: Call::Batch,
                ip: None,
                user_agent: None,
            },
            body: body.clone().into_bytes(),
        };
        let seen = rapport.collect_and_see(submission, about, PATIENCE);
        let Seen { is_fresh, person } = seen.await.unwrap();
        assert!(is_fresh);
        told.push(person.unwrap());
    }
    assert!(rapport.folded(REQUESTS as u64, PATIENCE).await);
    let now = clock.now();
    while is_anybody_due(memory, now).await || !rapport.is_idle() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    told
}

async fn is_anybody_due(memory: &Memory, now: Millis) -> bool {
    let due = Page {
        table: Table::Timer,
        from: Box::default(),
        to: Some(rows::timer_key(now.plus(1), ProfileNo(0))),
        limit: 1,
        order: Order::Ascending,
    };
    !memory.state.scan(due).await.unwrap().is_empty()
}

/// Every row but those that say which requests were folded together. Who was absorbed by somebody of
/// the same transaction was never listed with a company by their own number: everybody is listed here
/// by the number that theirs leads to.
fn all_rows(memory: &Memory) -> Rows {
    let rows = memory.state.dump();
    let survivor = |mut number: ProfileNo| {
        let row = |number: ProfileNo| rows.get(&(Table::Redirect, number_key(number.0)));
        while let Some(to) = row(number) {
            number = ProfileNo(rows::number_of(Table::Redirect, to).unwrap());
        }
        number
    };
    let canonical = |((table, key), value): (&(Table, Key), &Value)| {
        let mut key = key.clone();
        if *table == Table::CompanyPeople {
            let person = survivor(rows::company_person_of(&key).unwrap());
            key[8..].copy_from_slice(&person.0.to_be_bytes());
        }
        ((*table, key), value.clone())
    };
    let rows = rows.iter().filter(|((table, _), _)| *table != Table::Tail);
    rows.map(canonical).collect()
}

type Rows = BTreeMap<(Table, Key), Value>;

/// The rows that are not the same in both, as the first has them.
fn others<'a>(left: &'a Rows, right: &Rows) -> Vec<(&'a (Table, Key), &'a Value)> {
    let is_other = |(key, value): &(&(Table, Key), &Value)| right.get(key) != Some(value);
    left.iter().filter(is_other).collect()
}

/// Every contact and company, and how they are linked.
async fn all_records(memory: &Memory) -> (Vec<Whole>, Vec<Link>) {
    let mut records = Vec::new();
    for object in [TypeId::CONTACT, TypeId::COMPANY] {
        let some = memory.state.walk(object.0, None, usize::MAX).await.unwrap();
        assert!(!some.is_empty(), "{object:?}");
        records.extend(some);
    }
    let links = memory.state.walk_links(None, usize::MAX).await.unwrap();
    (records, links)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_fails_the_state_and_what_was_told_are_as_if_nothing_had() {
    for seed in seeds() {
        eprintln!("script {seed}");
        let mut dice = Dice::new(seed);
        let script = Script::of(&mut dice);
        let (calm, troubled) = (Memory::new(), Memory::new());
        let (rapport, clock) = begin(&calm, &script).await;
        let expected = say(&calm, (&rapport, &clock), &script).await;
        rapport.kill().await;

        let (rapport, clock) = begin(&troubled, &script).await;
        // Half of them are folded while the one before is still written.
        for nth in (1..=REQUESTS as u64).filter(|_| dice.one_in(2)) {
            troubled.faults.inject(Fallible::Commit, nth, Fault::Slow);
        }
        for _ in 0..FAULTS {
            let nth = 1 + dice.below(REQUESTS as u64);
            let fault = dice.of(&[
                Fault::Full,
                Fault::FailBefore,
                Fault::FailAfter,
                Fault::Conflict,
            ]);
            troubled.faults.inject(Fallible::Commit, nth, fault);
        }
        let told = say(&troubled, (&rapport, &clock), &script).await;
        let entries = rapport.recorded().1;
        rapport.kill().await;

        assert_eq!(told, expected, "script {seed}");
        let (found, expected) = (all_rows(&troubled), all_rows(&calm));
        assert_eq!(others(&found, &expected), [], "script {seed}");
        assert_eq!(others(&expected, &found), [], "script {seed}");
        let (found, expected) = (all_records(&troubled).await, all_records(&calm).await);
        assert_eq!(found, expected, "script {seed}");
        let positions: Vec<Position> = entries.iter().map(|entry| entry.position()).collect();
        assert!(
            positions.is_sorted_by(|left, right| left < right),
            "{positions:?}"
        );
    }
}
