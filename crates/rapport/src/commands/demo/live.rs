//! A live trickle: people come and go now, until somebody has seen enough.

use super::chance::Chance;
use super::diary::{Call, Diary, Door};
use super::front_door::FrontDoor;
use super::person::{Habit, Person};
use super::visit::{Intent, visit};
use anyhow::Result;
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

const PACE: Duration = Duration::from_millis(300);
const PEOPLE_AT_ONCE: usize = 6;
/// Between two looks at the segments, in events.
const EVENTS_PER_LOOK: u64 = 6;

/// Sends events of now until the task is dropped, and tells what they change.
pub(super) async fn trickle(door: &FrontDoor, seed: u64, people: &[Person]) -> Result<()> {
    let started_ms = Timestamp::now().as_millisecond();
    let mut chance = Chance::new(seed, started_ms.unsigned_abs());
    let mut visits: Vec<VecDeque<Call>> = Vec::new();
    let mut arrived = 0_u64;
    let mut sizes = sizes(door).await?;
    let mut ticks = tokio::time::interval(PACE);
    for number in 0_u64.. {
        ticks.tick().await;
        while visits.len() < PEOPLE_AT_ONCE {
            arrived += 1;
            visits.push(visitor(
                people,
                &mut chance,
                format!("demo-live-{started_ms}-{arrived}"),
            ));
        }
        let last = i64::try_from(visits.len()).unwrap_or(1) - 1;
        let turn = usize::try_from(chance.between(0, last)).unwrap_or(0);
        match visits[turn].pop_front() {
            Some(call) => {
                let call = call.at(Timestamp::now().as_millisecond());
                println!("  {}", line(&call));
                door.send(&[call]).await?;
            }
            None => drop(visits.swap_remove(turn)),
        }
        if number % EVENTS_PER_LOOK == 0 {
            sizes = tell_changes(door, sizes).await?;
        }
    }
    Ok(())
}

fn visitor(people: &[Person], chance: &mut Chance, prefix: String) -> VecDeque<Call> {
    let own = Chance::new(0, chance.between(0, i64::MAX).unsigned_abs());
    let person = chance.pick(people).clone();
    let is_known = !matches!(person.habit, Habit::Visitor | Habit::Counter);
    let door = if is_known && chance.percent(40) {
        Door::App
    } else {
        Door::Web
    };
    let mut diary = match is_known {
        true => Diary::known(person, own, prefix),
        false => Diary::new(person, own, prefix),
    };
    let intent = match chance.between(1, 100) {
        ..=45 if is_known => Intent::Buy,
        ..=85 => Intent::Fill,
        _ => Intent::Look,
    };
    visit(&mut diary, door, 0, intent);
    // What would only happen in some days is left out.
    diary.calls.retain(|call| {
        call.body
            .get("event")
            .is_none_or(|event| event != "Order Refunded")
    });
    diary.calls.into()
}

fn line(call: &Call) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let event = call
        .body
        .get("event")
        .or_else(|| call.body.get("type"))
        .map(text);
    let nothing = Value::Null;
    let about = call.body.get("properties").unwrap_or(&nothing);
    let what = ["name", "category", "order_id"]
        .iter()
        .find_map(|name| about.get(name).map(text));
    let (event, what) = (event.unwrap_or_default(), what.unwrap_or_default());
    format!("{:<18} {event:<20} {what}", call.who)
}

async fn sizes(door: &FrontDoor) -> Result<BTreeMap<String, i64>> {
    let segments = door.get("segments?limit=1000").await?;
    let all = segments["results"].as_array().into_iter().flatten();
    let size = |segment: &Value| {
        Some((
            segment["key"].as_str()?.to_owned(),
            segment["size"].as_i64()?,
        ))
    };
    Ok(all.filter_map(size).collect())
}

async fn tell_changes(
    door: &FrontDoor,
    before: BTreeMap<String, i64>,
) -> Result<BTreeMap<String, i64>> {
    let now = sizes(door).await?;
    for (key, size) in &now {
        let change = size - before.get(key).copied().unwrap_or(0);
        if change != 0 {
            println!("                                          {key} {change:+}, now {size}");
        }
    }
    Ok(now)
}
