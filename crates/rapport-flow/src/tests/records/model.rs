//! Random identifies, edits, merges and undos against a naive model that keeps everything that was
//! ever said, by whom it is about, and looks at all of it anew for every question.
//!
//! `RAPPORT_MODELS=50 cargo test -p rapport-flow model` runs that many worlds.

use super::super::mixes::dice::Dice;
use super::super::replay::replay_equals_live;
use super::{by_email, create, linked, update};
use crate::commands::Reply;
use crate::tests::world::World;
use rapport_core::crm::{RecordInput, RecordNo, RecordReference, Refused, TypeId};
use rapport_core::entry::Command;
use rapport_core::time::MINUTE_MS;
use std::collections::{BTreeMap, BTreeSet};

const STEPS: usize = 45;
const PEOPLE: usize = 5;
const PROPERTIES: [(&str, &str); 3] = [
    ("firstname", "firstName"),
    ("jobtitle", "title"),
    ("city", "city"),
];

/// What was ever said, by person. Nothing in it is about merges but the list of them.
#[derive(Default)]
struct Model {
    /// The contact's number a person got first, once they are there.
    numbers: BTreeMap<usize, RecordNo>,
    /// Everything said of properties, in order: of whom, what, which value.
    said: Vec<(usize, usize, String)>,
    /// What is linked to whom.
    links: BTreeSet<(usize, TypeId, RecordNo)>,
    /// Merges that hold, with their numbers in the journal.
    merges: BTreeMap<u64, (usize, usize)>,
}

impl Model {
    /// Everybody who is one with a person.
    fn group(&self, person: usize) -> BTreeSet<usize> {
        let mut group = BTreeSet::from([person]);
        loop {
            let before = group.len();
            for (left, right) in self.merges.values() {
                if group.contains(left) || group.contains(right) {
                    group.extend([*left, *right]);
                }
            }
            if group.len() == before {
                return group;
            }
        }
    }

    fn number(&self, person: usize) -> Option<RecordNo> {
        self.numbers.get(&person)?;
        let group = self.group(person).into_iter();
        group
            .filter_map(|one| self.numbers.get(&one).copied())
            .min()
    }

    /// Whose number it was first.
    fn owner(&self, number: RecordNo) -> usize {
        let mut numbers = self.numbers.iter();
        *numbers.find(|(_, own)| **own == number).unwrap().0
    }

    fn value(&self, person: usize, property: usize) -> Option<&str> {
        let group = self.group(person);
        let mut said = self.said.iter().rev();
        let newest = said.find(|(of, which, _)| group.contains(of) && *which == property);
        newest.map(|(_, _, value)| &**value)
    }

    fn linked(&self, person: usize, object: TypeId) -> Vec<RecordNo> {
        let group = self.group(person);
        let links = self.links.iter();
        let links = links.filter(|(of, to, _)| group.contains(of) && *to == object);
        let numbers: BTreeSet<RecordNo> = links.map(|(_, _, number)| *number).collect();
        numbers.into_iter().collect()
    }
}

fn email(person: usize) -> String {
    format!("p{person}@example.org")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contacts_are_what_a_naive_model_says_after_any_merges_and_undos() {
    let number = std::env::var("RAPPORT_MODELS").ok();
    let models: u64 = number.and_then(|text| text.parse().ok()).unwrap_or(3);
    for seed in 1..=models {
        eprintln!("model {seed}");
        let mut dice = Dice::new(seed);
        let mut model = Model::default();
        let mut world = World::new().await;
        for step in 0..STEPS {
            world
                .clock
                .set(crate::clock::Clock::now(&*world.clock).plus(MINUTE_MS));
            act(&world, &mut model, &mut dice, step).await;
            if dice.one_in(12) {
                world = world.killed().await;
            }
            compare(&world, &model).await;
        }
        replay_equals_live(world).await;
    }
}

async fn act(world: &World, model: &mut Model, dice: &mut Dice, step: usize) {
    let person = dice.below(PEOPLE as u64) as usize;
    let property = dice.below(PROPERTIES.len() as u64) as usize;
    let value = format!("v{step}");
    match dice.below(12) {
        0..3 => identify(world, model, person, property, &value, step).await,
        3..5 => by_address(world, model, person, property, &value, dice).await,
        5..7 => by_number(world, model, person, property, &value).await,
        7 => order(world, model, person, step).await,
        8 => taken(world, model, person).await,
        9..11 => merge(world, model, person, dice.below(PEOPLE as u64) as usize).await,
        _ => undo(world, model, dice).await,
    }
}

/// A server says something of somebody.
async fn identify(
    world: &World,
    model: &mut Model,
    person: usize,
    property: usize,
    value: &str,
    step: usize,
) {
    let trait_name = PROPERTIES[property].1;
    let address = email(person);
    world
        .server(&format!(
            r#"{{"type":"identify","userId":"u{person}","messageId":"m{step}",
                "traits":{{"email":"{address}","{trait_name}":"{value}"}}}}"#
        ))
        .await;
    meet(world, model, person).await;
    model.said.push((person, property, value.to_owned()));
}

/// Somebody in the CRM says something of whoever has an address, and links a deal.
async fn by_address(
    world: &World,
    model: &mut Model,
    person: usize,
    property: usize,
    value: &str,
    dice: &mut Dice,
) {
    let mut input = RecordInput {
        upsert: true,
        ..update(by_email(&email(person)), &[(PROPERTIES[property].0, value)])
    };
    let mut deal = None;
    if dice.one_in(2) {
        let made = create(&[("dealname", value), ("amount", "3")]);
        let no = world.write_one(TypeId::DEAL, made).await.no;
        let to = RecordReference::Id(no);
        input.associations.push(linked(TypeId::DEAL, to));
        deal = Some(no);
    }
    world.write_one(TypeId::CONTACT, input).await;
    meet(world, model, person).await;
    model.said.push((person, property, value.to_owned()));
    model
        .links
        .extend(deal.map(|deal| (person, TypeId::DEAL, deal)));
}

/// Somebody says something of a contact by its number, and links a ticket: both are whose number
/// it was.
async fn by_number(world: &World, model: &mut Model, person: usize, property: usize, value: &str) {
    let Some(number) = model.number(person) else {
        return;
    };
    let owner = model.owner(number);
    let to = RecordReference::Id(number);
    let ticket = RecordInput {
        associations: vec![linked(TypeId::CONTACT, to.clone())],
        ..create(&[("subject", value)])
    };
    let ticket = world.write_one(TypeId::TICKET, ticket).await.no;
    let edit = update(to, &[(PROPERTIES[property].0, value)]);
    world.write_one(TypeId::CONTACT, edit).await;
    model.said.push((owner, property, value.to_owned()));
    model.links.insert((owner, TypeId::TICKET, ticket));
}

/// Somebody who is there completes an order.
async fn order(world: &World, model: &mut Model, person: usize, step: usize) {
    if !model.numbers.contains_key(&person) {
        return;
    }
    let address = email(person);
    let before: BTreeSet<RecordNo> = world.all(TypeId::ORDER).await.into_iter().collect();
    world
        .server(&format!(
            r#"{{"type":"track","userId":"u{person}","event":"Order Completed",
                "messageId":"m{step}","context":{{"traits":{{"email":"{address}"}}}},
                "properties":{{"order_id":"o{step}","total":4,"currency":"EUR"}}}}"#
        ))
        .await;
    let after: BTreeSet<RecordNo> = world.all(TypeId::ORDER).await.into_iter().collect();
    let new: Vec<RecordNo> = after.difference(&before).copied().collect();
    let [new] = new[..] else { panic!("{new:?}") };
    model.links.insert((person, TypeId::ORDER, new));
}

/// An address that is somebody's is refused, naming them.
async fn taken(world: &World, model: &Model, person: usize) {
    let Some(number) = model.number(person) else {
        return;
    };
    let again = create(&[("email", &email(person))]);
    let refused = world.write(TypeId::CONTACT, vec![again]).await.remove(0);
    match refused {
        Err(Refused::NotUnique { existing, .. }) => assert_eq!(existing, number),
        other => panic!("{other:?}"),
    }
}

async fn merge(world: &World, model: &mut Model, left: usize, right: usize) {
    let (Some(one), Some(other)) = (model.number(left), model.number(right)) else {
        return;
    };
    let command = Command::MergeRecords {
        object: TypeId::CONTACT,
        primary: one,
        absorbed: other,
    };
    let merged = world.command(command).await;
    if one == other {
        assert!(merged.is_err(), "both are one already");
        return;
    }
    let Reply::MergedRecords { survivor } = merged.unwrap().reply else {
        panic!("no merge")
    };
    assert_eq!(survivor, one.min(other));
    let journal = world.last_merge(survivor).await;
    let pair = (model.owner(one), model.owner(other));
    model.merges.insert(journal, pair);
}

async fn undo(world: &World, model: &mut Model, dice: &mut Dice) {
    let merges: Vec<u64> = model.merges.keys().copied().collect();
    if merges.is_empty() {
        return;
    }
    let merge = dice.of(&merges);
    world.command(Command::UndoMerge { merge }).await.unwrap();
    model.merges.remove(&merge);
}

/// Notes the number of somebody who may be there for the first time.
async fn meet(world: &World, model: &mut Model, person: usize) {
    let number = world.contact(&email(person)).await.unwrap();
    model.numbers.entry(person).or_insert(number);
}

async fn compare(world: &World, model: &Model) {
    let mut there = BTreeSet::new();
    for person in 0..PEOPLE {
        let number = model.number(person);
        assert_eq!(
            world.contact(&email(person)).await,
            number,
            "who has {}",
            email(person)
        );
        let Some(number) = number else { continue };
        there.insert(number);
        for (property, (name, _)) in PROPERTIES.iter().enumerate() {
            let shown = world.shown(TypeId::CONTACT, number, name).await;
            assert_eq!(
                shown.as_deref(),
                model.value(person, property),
                "{name} of {number}"
            );
            history(world, model, person, property, number).await;
        }
        for object in [TypeId::DEAL, TypeId::TICKET, TypeId::ORDER] {
            let links = world.links_of(TypeId::CONTACT, number, object).await;
            assert_eq!(links, model.linked(person, object), "{object} of {number}");
            for link in links {
                let back = world.links_of(object, link, TypeId::CONTACT).await;
                assert!(
                    back.contains(&number),
                    "{object} {link} leads back to {back:?}"
                );
            }
        }
        let deals = model.linked(person, TypeId::DEAL).len();
        let counted = world
            .shown(TypeId::CONTACT, number, "num_associated_deals")
            .await;
        let counted: usize = counted.map_or(0, |text| text.parse().unwrap());
        assert_eq!(counted, deals, "deals of {number}");
    }
    let all: BTreeSet<RecordNo> = world.all(TypeId::CONTACT).await.into_iter().collect();
    assert_eq!(all, there);
}

/// What is told of a property is everything the model has of the group, newest first.
async fn history(world: &World, model: &Model, person: usize, property: usize, number: RecordNo) {
    let definitions = world.rapport.definitions();
    let object = definitions.get(TypeId::CONTACT).unwrap();
    let no = object.property(PROPERTIES[property].0).unwrap().no;
    let told = world
        .rapport
        .property_history(TypeId::CONTACT, number, &[no])
        .await
        .unwrap();
    let told = told.get(&no).cloned().unwrap_or_default().into_iter();
    let told: Vec<String> = told.map(|said| said.value.unwrap().spelled()).collect();
    let group = model.group(person);
    let said = model.said.iter().rev();
    let said = said.filter(|(of, which, _)| group.contains(of) && *which == property);
    let said: Vec<String> = said.map(|(_, _, value)| value.clone()).collect();
    assert_eq!(
        told, said,
        "history of {} of {number}",
        PROPERTIES[property].0
    );
}
