//! Apps hear of records: of what events and members do, once, in order, and of nothing else.

use super::{by_email, create, linked, update};
use crate::archive::Archive;
use crate::outbox::Message;
use crate::tests::replay::replayed;
use crate::tests::world::World;
use crate::writer::pages;
use rapport_core::crm::subscription::{AppNo, Draft, SubscriptionNo};
use rapport_core::crm::{RecordInput, RecordNo, RecordReference, TypeId, Verb};
use rapport_core::entry::{Command, Destination, Shape};
use rapport_core::time::{Millis, SECOND_MS};
use rapport_store::state::Table;
use serde_json::Value;
use std::collections::BTreeSet;

const APP: AppNo = AppNo(7);

/// A world whose app hears of these kinds; what stands behind a space is a property.
pub(in crate::tests) async fn subscribe(world: &World, kinds: &[&str]) {
    let target = Destination {
        key: APP.key(),
        url: "https://app.example.org/hook".into(),
        secret: "s".into(),
        shape: Shape::HubSpot,
        segments: Vec::new(),
        concurrency: None,
        created: Millis(0),
        updated: Millis(0),
    };
    world
        .command(Command::PutDestination(target))
        .await
        .unwrap();
    for kind in kinds {
        let (event, property) = kind.split_once(' ').unwrap_or((kind, ""));
        let draft = Draft {
            event: event.into(),
            object: None,
            property: (!property.is_empty()).then(|| property.into()),
            active: true,
        };
        let command = Command::PutSubscription { app: APP, draft };
        world.command(command).await.unwrap();
    }
}

async fn outbox(world: &World) -> Vec<Message> {
    world.settle().await;
    world.rapport.outbox(0, 10_000).await.unwrap()
}

/// What was told, spelled in short.
async fn told(world: &World) -> Vec<String> {
    let mut told = Vec::new();
    for message in outbox(world).await {
        let events: Vec<Value> = serde_json::from_str(&message.body).unwrap();
        told.extend(events.iter().map(short));
    }
    told
}

fn short(event: &Value) -> String {
    let kind = event["subscriptionType"].as_str().unwrap();
    let mut text = format!("{kind} {}", event["objectId"]);
    if let Some(name) = event["propertyName"].as_str() {
        text.push_str(&format!(
            " {name}={}",
            event["propertyValue"].as_str().unwrap()
        ));
    }
    if let Some(absorbed) = event.get("mergedObjectIds") {
        text.push_str(&format!(" {absorbed}"));
    }
    if let Some(removed) = event["associationRemoved"].as_bool() {
        let sign = if removed { '-' } else { '+' };
        text.push_str(&format!(" {sign}{}", event["toObjectId"]));
    }
    text
}

fn with(verb: Verb, no: u64) -> RecordInput {
    RecordInput {
        verb,
        ..update(RecordReference::Id(RecordNo(no)), &[])
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_told_where_nobody_subscribed() {
    let world = World::new().await;
    subscribe(&world, &[]).await;
    world
        .write_one(TypeId::DEAL, create(&[("dealname", "Milk")]))
        .await;
    world
        .server(r#"{"type":"identify","userId":"u1","traits":{"email":"ana@example.org"}}"#)
        .await;
    assert!(outbox(&world).await.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_is_told_of_from_its_making_to_the_bin_and_back() {
    let world = World::new().await;
    let kinds = [
        "deal.creation",
        "deal.propertyChange amount",
        "deal.deletion",
        "deal.restore",
    ];
    subscribe(&world, &kinds).await;
    let made = create(&[("dealname", "Milk"), ("amount", "5")]);
    world.write_one(TypeId::DEAL, made).await;
    let id = || RecordReference::Id(RecordNo(1));
    world
        .write_one(TypeId::DEAL, update(id(), &[("amount", "6")]))
        .await;
    world
        .write_one(TypeId::DEAL, update(id(), &[("amount", "6")]))
        .await;
    world
        .write_one(TypeId::DEAL, update(id(), &[("dealname", "Brie")]))
        .await;
    world
        .write_one(TypeId::DEAL, update(id(), &[("amount", "")]))
        .await;
    for verb in [Verb::Archive, Verb::Archive, Verb::Restore] {
        world.write_one(TypeId::DEAL, with(verb, 1)).await;
    }
    let expected = [
        "deal.creation 1",
        "deal.propertyChange 1 amount=5",
        "deal.propertyChange 1 amount=6",
        "deal.propertyChange 1 amount=",
        "deal.deletion 1",
        "deal.restore 1",
    ];
    assert_eq!(told(&world).await, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contacts_that_events_change_are_told_of_as_those_that_members_change() {
    let world = World::new().await;
    subscribe(
        &world,
        &["contact.creation", "contact.propertyChange firstname"],
    )
    .await;
    // Both events are one request: each is told of.
    world
        .server(
            r#"{"type":"identify","userId":"u1","messageId":"a","traits":{"email":"ana@example.org","firstName":"Ana"}},
               {"type":"identify","userId":"u1","messageId":"b","traits":{"firstName":"Anna"}}"#,
        )
        .await;
    world
        .browser(r#"{"type":"page","anonymousId":"a1","messageId":"c"}"#)
        .await;
    world.advance(SECOND_MS).await;
    world
        .write_one(
            TypeId::CONTACT,
            update(by_email("ana@example.org"), &[("firstname", "Anne")]),
        )
        .await;
    let expected = [
        "contact.creation 1",
        "contact.propertyChange 1 firstname=Ana",
        "contact.propertyChange 1 firstname=Anna",
        "contact.propertyChange 1 firstname=Anne",
    ];
    assert_eq!(told(&world).await, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_are_told_of_on_both_sides_and_once() {
    let world = World::new().await;
    let kinds = ["contact.associationChange", "deal.associationChange"];
    subscribe(&world, &kinds).await;
    let person = create(&[("email", "ana@example.org")]);
    world.write_one(TypeId::CONTACT, person).await;
    let mut deal = create(&[("dealname", "Milk")]);
    deal.associations
        .push(linked(TypeId::CONTACT, by_email("ana@example.org")));
    world.write_one(TypeId::DEAL, deal.clone()).await;
    let again = RecordInput {
        reference: RecordReference::Id(RecordNo(1)),
        ..deal
    };
    world.write_one(TypeId::DEAL, again).await;
    let told: BTreeSet<_> = told(&world).await.into_iter().collect();
    let expected = [
        "contact.associationChange 1 +1",
        "deal.associationChange 1 +1",
    ];
    assert_eq!(told, expected.map(str::to_owned).into());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_merge_is_told_of_and_so_is_its_undo() {
    let world = World::new().await;
    let kinds = ["contact.merge", "contact.restore", "contact.deletion"];
    subscribe(&world, &kinds).await;
    for email in ["ana@example.org", "bo@example.org"] {
        world
            .write_one(TypeId::CONTACT, create(&[("email", email)]))
            .await;
    }
    let (primary, absorbed) = (RecordNo(1), RecordNo(2));
    let command = Command::MergeRecords {
        object: TypeId::CONTACT,
        primary,
        absorbed,
    };
    world.command(command).await.unwrap();
    assert_eq!(told(&world).await, ["contact.merge 1 [2]"]);
    let merge = world.last_merge(primary).await;
    world
        .rapport
        .command("test", Command::UndoMerge { merge })
        .await
        .unwrap();
    assert_eq!(
        told(&world).await,
        ["contact.merge 1 [2]", "contact.restore 2"]
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_records_of_another_type_that_are_one_now_are_told_of() {
    let world = World::new().await;
    subscribe(&world, &["company.merge", "company.deletion"]).await;
    for name in ["Dairy", "The dairy"] {
        world
            .write_one(TypeId::COMPANY, create(&[("name", name)]))
            .await;
    }
    let command = Command::MergeRecords {
        object: TypeId::COMPANY,
        primary: RecordNo(2),
        absorbed: RecordNo(1),
    };
    world.command(command).await.unwrap();
    assert_eq!(told(&world).await, ["company.merge 2 [1]"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_is_refused_tells_nothing() {
    let world = World::new().await;
    subscribe(&world, &["deal.creation", "deal.propertyChange amount"]).await;
    let inputs = vec![
        create(&[("dealname", "Milk"), ("amount", "many")]),
        create(&[("dealname", "Brie")]),
    ];
    let done = world.write(TypeId::DEAL, inputs).await;
    assert!(done[0].is_err() && done[1].is_ok());
    assert_eq!(told(&world).await, ["deal.creation 1"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_loses_no_message_and_doubles_none() {
    let world = World::new().await;
    subscribe(&world, &["contact.creation", "deal.creation"]).await;
    world
        .write_one(TypeId::DEAL, create(&[("dealname", "Milk")]))
        .await;
    let world = world.killed().await;
    world
        .server(r#"{"type":"identify","userId":"u1","traits":{"email":"ana@example.org"}}"#)
        .await;
    let world = world.killed().await;
    assert_eq!(
        told(&world).await,
        ["deal.creation 1", "contact.creation 1"]
    );
    let command = Command::DeleteSubscription {
        app: APP,
        subscription: SubscriptionNo(2),
    };
    world.command(command).await.unwrap();
    let world = world.restart().await;
    world
        .write_one(TypeId::DEAL, create(&[("dealname", "Brie")]))
        .await;
    assert_eq!(told(&world).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_decides_the_same_messages_whichever_events_it_folds_together() {
    let world = World::new().await;
    let kinds = [
        "contact.creation",
        "contact.propertyChange firstname",
        "contact.merge",
        "company.creation",
    ];
    subscribe(&world, &kinds).await;
    for n in 0..12 {
        let batch = format!(
            r#"{{"type":"identify","userId":"u{}","messageId":"i{n:02}","traits":{{"email":"{}@example.org","firstName":"N{n}"}}}},
               {{"type":"group","userId":"u{}","messageId":"g{n}","groupId":"c{}","traits":{{"name":"C{n}"}}}}"#,
            n % 3,
            n % 3,
            n % 3,
            n % 2,
        );
        world.server(&batch).await;
    }
    let replayed = replayed(world).await;
    let (live, again) = (&replayed.live, &replayed.again);
    let [live, again] = [decided(live).await, decided(again).await];
    assert!(live.len() >= 16, "{live:?}");
    assert_eq!(live, again);
}

/// The events of an outbox, whichever messages they are in.
async fn decided(archive: &Archive) -> BTreeSet<String> {
    let state = &*archive.shared.roles.state;
    let mut decided = BTreeSet::new();
    for (_, row) in pages(state, Table::Outbox).all().await.unwrap() {
        let message: Message = crate::rows::unpack(Table::Outbox, &row).unwrap();
        let events: Vec<Value> = serde_json::from_str(&message.body).unwrap();
        decided.extend(events.iter().map(Value::to_string));
    }
    decided
}
