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
use rapport_core::identity::IdKind;
use rapport_core::time::MINUTE_MS;
use std::collections::{BTreeMap, BTreeSet};

const STEPS: usize = 45;
const PEOPLE: usize = 5;
const PROPERTIES: [(&str, &str); 3] = [
    ("firstname", "firstName"),
    ("jobtitle", "title"),
    ("city", "city"),
];

/// What a person goes by. Both are one's own: but whoever is one with others when they first call
/// may find that these have an account, and two accounts are nothing that a call makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Name {
    Address(usize),
    Account(usize),
}

/// What decides who is one with whom, in order.
enum Happened {
    /// A person called, by both names.
    Called(usize),
    /// A merge that holds, with its number in the journal.
    Merged(u64, Name, Name),
}

/// What was ever said, by the name it was said of, and what happened.
#[derive(Default)]
struct Model {
    /// The contact's number that came up with a name.
    numbers: BTreeMap<Name, RecordNo>,
    /// Everything said of properties, in order: of whom, what, which value.
    said: Vec<(Name, usize, String)>,
    /// What is linked to whom.
    links: BTreeSet<(Name, TypeId, RecordNo)>,
    happened: Vec<Happened>,
}

impl Model {
    /// Who is one with whom after all that happened.
    fn groups(&self) -> Vec<BTreeSet<Name>> {
        let alone = |person| BTreeSet::from([Name::Address(person)]);
        let mut groups: Vec<BTreeSet<Name>> = (0..PEOPLE).map(alone).collect();
        for happened in &self.happened {
            match *happened {
                Happened::Called(person) => call(&mut groups, person),
                Happened::Merged(_, left, right) => {
                    let is_one =
                        |group: &BTreeSet<Name>| group.contains(&left) || group.contains(&right);
                    let (both, mut rest): (Vec<_>, Vec<_>) = groups.into_iter().partition(is_one);
                    rest.push(both.into_iter().flatten().collect());
                    groups = rest;
                }
            }
        }
        groups
    }

    /// Everybody who is one with whoever has a name.
    fn group(&self, name: Name) -> BTreeSet<Name> {
        let mut groups = self.groups().into_iter();
        groups
            .find(|group| group.contains(&name))
            .unwrap_or_default()
    }

    fn number(&self, name: Name) -> Option<RecordNo> {
        let group = self.group(name).into_iter();
        group
            .filter_map(|one| self.numbers.get(&one).copied())
            .min()
    }

    /// Whose number it was first.
    fn owner(&self, number: RecordNo) -> Name {
        let mut numbers = self.numbers.iter();
        *numbers.find(|(_, own)| **own == number).unwrap().0
    }

    fn value(&self, name: Name, property: usize) -> Option<&str> {
        let group = self.group(name);
        let mut said = self.said.iter().rev();
        let newest = said.find(|(of, which, _)| group.contains(of) && *which == property);
        newest.map(|(_, _, value)| &**value)
    }

    fn linked(&self, name: Name, object: TypeId) -> Vec<RecordNo> {
        let group = self.group(name);
        let links = self.links.iter();
        let links = links.filter(|(of, to, _)| group.contains(of) && *to == object);
        let numbers: BTreeSet<RecordNo> = links.map(|(_, _, number)| *number).collect();
        numbers.into_iter().collect()
    }
}

/// An account is its own from the first call on: its address's, unless another account is one with
/// that.
fn call(groups: &mut Vec<BTreeSet<Name>>, person: usize) {
    let account = Name::Account(person);
    if groups.iter().any(|group| group.contains(&account)) {
        return;
    }
    let is_account = |name: &Name| matches!(name, Name::Account(_));
    let has_room = |group: &&mut BTreeSet<Name>| {
        group.contains(&Name::Address(person)) && !group.iter().any(is_account)
    };
    match groups.iter_mut().find(has_room) {
        Some(group) => {
            group.insert(account);
        }
        None => groups.push(BTreeSet::from([account])),
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
    let name = named(dice, person);
    match dice.below(12) {
        0..3 => identify(world, model, person, property, &value, step).await,
        3..5 => by_address(world, model, person, property, &value, dice).await,
        5..7 => by_number(world, model, name, property, &value).await,
        7 => order(world, model, person, step).await,
        8 => taken(world, model, person).await,
        9..11 => {
            let other = dice.below(PEOPLE as u64) as usize;
            merge(world, model, name, named(dice, other)).await;
        }
        _ => undo(world, model, dice).await,
    }
}

fn named(dice: &mut Dice, person: usize) -> Name {
    dice.of(&[Name::Address(person), Name::Account(person)])
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
    model.happened.push(Happened::Called(person));
    meet(world, model, person).await;
    model
        .said
        .push((Name::Account(person), property, value.to_owned()));
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
    let name = Name::Address(person);
    model.said.push((name, property, value.to_owned()));
    model
        .links
        .extend(deal.map(|deal| (name, TypeId::DEAL, deal)));
}

/// Somebody says something of a contact by its number, and links a ticket: both are whose number
/// it was.
async fn by_number(world: &World, model: &mut Model, name: Name, property: usize, value: &str) {
    let Some(number) = model.number(name) else {
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
    if !model.numbers.contains_key(&Name::Address(person)) {
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
    model.happened.push(Happened::Called(person));
    meet(world, model, person).await;
    model
        .links
        .insert((Name::Account(person), TypeId::ORDER, new));
}

/// An address that is somebody's is refused, naming them.
async fn taken(world: &World, model: &Model, person: usize) {
    let Some(number) = model.number(Name::Address(person)) else {
        return;
    };
    let again = create(&[("email", &email(person))]);
    let refused = world.write(TypeId::CONTACT, vec![again]).await.remove(0);
    match refused {
        Err(Refused::NotUnique { existing, .. }) => assert_eq!(existing, number),
        other => panic!("{other:?}"),
    }
}

async fn merge(world: &World, model: &mut Model, left: Name, right: Name) {
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
    let (left, right) = (model.owner(one), model.owner(other));
    model.happened.push(Happened::Merged(journal, left, right));
}

async fn undo(world: &World, model: &mut Model, dice: &mut Dice) {
    let merge = |happened: &Happened| match happened {
        Happened::Merged(journal, ..) => Some(*journal),
        Happened::Called(_) => None,
    };
    let merges: Vec<u64> = model.happened.iter().filter_map(merge).collect();
    if merges.is_empty() {
        return;
    }
    let undone = dice.of(&merges);
    world
        .command(Command::UndoMerge { merge: undone })
        .await
        .unwrap();
    model
        .happened
        .retain(|happened| merge(happened) != Some(undone));
}

/// Notes the numbers that came up with a person's names.
async fn meet(world: &World, model: &mut Model, person: usize) {
    for name in [Name::Address(person), Name::Account(person)] {
        if let Some(number) = holder(world, name).await
            && !model.numbers.values().any(|known| *known == number)
        {
            model.numbers.insert(name, number);
        }
    }
}

fn names() -> impl Iterator<Item = Name> {
    (0..PEOPLE).flat_map(|person| [Name::Address(person), Name::Account(person)])
}

/// The contact that has a name.
async fn holder(world: &World, name: Name) -> Option<RecordNo> {
    match name {
        Name::Address(person) => world.contact(&email(person)).await,
        Name::Account(person) => {
            let profile = world.profile(IdKind::UserId, &format!("u{person}")).await?;
            Some(RecordNo(profile.number.0))
        }
    }
}

async fn compare(world: &World, model: &Model) {
    let mut there = BTreeSet::new();
    for name in names() {
        let number = model.number(name);
        assert_eq!(holder(world, name).await, number, "who is {name:?}");
        let Some(number) = number else { continue };
        there.insert(number);
        for (property, (spelled, _)) in PROPERTIES.iter().enumerate() {
            let shown = world.shown(TypeId::CONTACT, number, spelled).await;
            assert_eq!(
                shown.as_deref(),
                model.value(name, property),
                "{spelled} of {number}"
            );
            history(world, model, name, property, number).await;
        }
        for object in [TypeId::DEAL, TypeId::TICKET, TypeId::ORDER] {
            let links = world.links_of(TypeId::CONTACT, number, object).await;
            assert_eq!(links, model.linked(name, object), "{object} of {number}");
            for link in links {
                let back = world.links_of(object, link, TypeId::CONTACT).await;
                assert!(
                    back.contains(&number),
                    "{object} {link} leads back to {back:?}"
                );
            }
        }
        let deals = model.linked(name, TypeId::DEAL).len();
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
async fn history(world: &World, model: &Model, name: Name, property: usize, number: RecordNo) {
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
    let group = model.group(name);
    let said = model.said.iter().rev();
    let said = said.filter(|(of, which, _)| group.contains(of) && *which == property);
    let said: Vec<String> = said.map(|(_, _, value)| value.clone()).collect();
    assert_eq!(
        told, said,
        "history of {} of {number}",
        PROPERTIES[property].0
    );
}
