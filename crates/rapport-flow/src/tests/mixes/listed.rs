//! Lists among the mixes: made, removed and made again, people put on and taken off one by one or
//! as a file names them, segments frozen onto them.

use super::super::world::World;
use super::dice::Dice;
use super::{expect, person, said};
use crate::CommandError;
use crate::clock::Clock;
use rapport_core::entry::{Command, Reference};
use rapport_core::identity::{IdKind, Identifier};
use rapport_core::segment::list;

/// Somebody works with a list.
pub(in crate::tests) async fn work(world: World, dice: &mut Dice) -> World {
    let key = dice.of(&said::LISTS).to_owned();
    match dice.below(10) {
        0..3 => make(&world, key).await,
        3 => expect(&world, Command::DeleteSegment { key }).await,
        4..6 => {
            let segment = said::segment(dice).to_owned();
            let freeze = Command::FreezeSegment { segment, list: key };
            expect(&world, freeze).await;
        }
        _ => change(&world, dice, &key).await,
    }
    world
}

/// Makes a list; whoever makes one again under the same key is refused, for it has another name.
async fn make(world: &World, key: String) {
    let rule = list::rule(&format!("{key}:{}", world.clock.now().0)).expect("a rule");
    let put = Command::PutSegment {
        name: key.clone(),
        rule: rule.to_string(),
        key,
    };
    expect(world, put).await;
}

/// Puts people on a list or takes them off: one, or several as a file has them, twice and unknown
/// ones among them.
async fn change(world: &World, dice: &mut Dice, key: &str) {
    let mut members: Vec<Reference> = (0..=dice.of(&[0, 0, 6])).map(|_| person(dice)).collect();
    if members.len() > 1 {
        members.push(members[0].clone());
        let nobody = Identifier::new(IdKind::Email, "nobody@example.org");
        members.insert(1, Reference::Identifier(nobody));
    }
    match world
        .rapport
        .change_list(key, !dice.one_in(3), &members)
        .await
    {
        Ok(report) => {
            let told = report.changed + report.already + report.problems.len() as u64;
            assert_eq!(told, members.len() as u64, "each is told of once");
        }
        Err(CommandError::NotFound { .. }) => {}
        Err(error) => panic!("{key}: {error}"),
    }
}
