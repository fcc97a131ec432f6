//! Bulks in a mixed world: begun, led on, stopped and taken back at any moment.

use super::super::bulks::{draft, set, step};
use super::super::world::World;
use super::dice::Dice;
use super::expect;
use rapport_core::crm::bulk::{Act, Stop};
use rapport_core::crm::{RecordNo, TypeId};
use rapport_core::entry::Command;

/// Numbers of records there may be.
const RECORDS: u64 = 8;

/// Something somebody does with bulks.
pub(super) async fn work(world: World, dice: &mut Dice) -> World {
    let bulks = world.rapport.bulks(None, 10).await.unwrap();
    let command = match (bulks.is_empty(), dice.below(8)) {
        (true, _) | (false, 0..2) => Command::StartBulk(begin(dice)),
        (false, 2..4) => {
            let undone = &bulks[dice.below(bulks.len() as u64) as usize];
            let act = Act::Undo(undone.id);
            Command::StartBulk(draft(undone.object, &[], act))
        }
        (false, 4) => Command::StopBulk(Stop {
            bulk: bulks[dice.below(bulks.len() as u64) as usize].id,
            reason: "enough".into(),
        }),
        (false, _) => {
            let bulk = &bulks[dice.below(bulks.len() as u64) as usize];
            let next = bulk.at.0 + 1..=RECORDS;
            let some = next.take(1 + dice.below(4) as usize).map(RecordNo);
            let some: Vec<RecordNo> = some.collect();
            let is_last = some.last().is_none_or(|last| last.0 == RECORDS);
            step(bulk, &some, is_last)
        }
    };
    expect(&world, command).await;
    world
}

fn begin(dice: &mut Dice) -> rapport_core::crm::bulk::Draft {
    let object = dice.of(&[TypeId::CONTACT, TypeId::CONTACT, TypeId::DEAL]);
    let name = match object {
        TypeId::CONTACT => dice.of(&["jobtitle", "lastname", "email"]),
        _ => dice.of(&["amount", "dealname"]),
    };
    let act = match dice.below(6) {
        0 => Act::Archive,
        1 => Act::Restore,
        _ => set(name, dice.of(&["", "5", "free", "ana@example.org"])),
    };
    let all: Vec<RecordNo> = (1..=RECORDS).map(RecordNo).collect();
    draft(object, &all, act)
}
