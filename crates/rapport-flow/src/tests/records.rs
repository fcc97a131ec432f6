//! Records: contacts as the profiles they are, companies and orders as events tell of them, and
//! what becomes of all of them when people turn out to be one, and not to be.

use super::replay::replay_equals_live;
use super::world::World;
use crate::clock::Clock;
use crate::commands::Reply;
use crate::crm::{Happened, Query, Seen};
use rapport_core::crm::association::{Category, Kind, LinkInput};
use rapport_core::crm::change::{Must, PropertyDraft};
use rapport_core::crm::{
    NewLink, Record, RecordInput, RecordNo, RecordReference, Refused, TypeId, Verb, Written,
};
use rapport_core::entry::Command;
use rapport_core::identity::IdKind;
use rapport_core::identity::journal::What;
use rapport_core::time::MINUTE_MS;
use rapport_store::records::{After, Count, Filter};
use std::collections::BTreeMap;

mod many;
mod model;
pub(in crate::tests) mod subscribed;

pub(in crate::tests) fn texts(properties: &[(&str, &str)]) -> BTreeMap<Box<str>, Box<str>> {
    let text = |(name, value): &(&str, &str)| (Box::from(*name), Box::from(*value));
    properties.iter().map(text).collect()
}

pub(in crate::tests) fn create(properties: &[(&str, &str)]) -> RecordInput {
    RecordInput::create(texts(properties))
}

pub(in crate::tests) fn by_email(email: &str) -> RecordReference {
    RecordReference::Unique {
        property: "email".into(),
        value: email.into(),
    }
}

pub(in crate::tests) fn update(
    reference: RecordReference,
    properties: &[(&str, &str)],
) -> RecordInput {
    RecordInput {
        reference,
        ..create(properties)
    }
}

pub(in crate::tests) fn linked(object: TypeId, to: RecordReference) -> NewLink {
    NewLink {
        object: Some(object),
        to,
        kinds: Vec::new(),
    }
}

type Done = Result<Written, Refused>;

impl World {
    pub(in crate::tests) async fn write(
        &self,
        object: TypeId,
        inputs: Vec<RecordInput>,
    ) -> Vec<Done> {
        let applied = self.command(Command::Records { object, inputs }).await;
        match applied.unwrap().reply {
            Reply::Records(done) => done,
            other => panic!("{other:?}"),
        }
    }

    pub(in crate::tests) async fn write_one(&self, object: TypeId, input: RecordInput) -> Written {
        let done = self.write(object, vec![input]).await.remove(0);
        done.unwrap_or_else(|refused| panic!("{refused}"))
    }

    pub(in crate::tests) async fn record(&self, object: TypeId, no: RecordNo) -> Option<Record> {
        let found = self.rapport.records(object, &[no]).await.unwrap();
        found.into_iter().next().flatten()
    }

    /// The text a record has for a property.
    pub(in crate::tests) async fn shown(
        &self,
        object: TypeId,
        no: RecordNo,
        name: &str,
    ) -> Option<String> {
        let definitions = self.rapport.definitions();
        let record = self.record(object, no).await?;
        let value = record.named(definitions.get(object).unwrap(), name)?;
        Some(value.spelled())
    }

    pub(in crate::tests) async fn contact(&self, email: &str) -> Option<RecordNo> {
        let definitions = self.rapport.definitions();
        let property = definitions.get(TypeId::CONTACT).unwrap().property("email");
        let value = rapport_core::crm::Value::Text(email.into());
        let no = property.unwrap().no;
        let found = self
            .rapport
            .find_records(TypeId::CONTACT, no, &[value])
            .await;
        found.unwrap().remove(0)
    }

    pub(in crate::tests) async fn all(&self, object: TypeId) -> Vec<RecordNo> {
        let query = Query {
            object,
            filter: Filter::every(),
            search: None,
            sort: Vec::new(),
            after: After::Start,
            limit: 100,
            count: Count::No,
        };
        let answer = self.rapport.query_records(query).await.unwrap();
        answer.records.iter().map(|record| record.no).collect()
    }

    pub(in crate::tests) async fn links_of(
        &self,
        object: TypeId,
        no: RecordNo,
        to: TypeId,
    ) -> Vec<RecordNo> {
        let found = self
            .rapport
            .associations(object, &[no], to, None, 100)
            .await;
        let found = found.unwrap().remove(0).to.into_iter();
        found.map(|(no, _)| no).collect()
    }

    /// The journal number of the newest merge.
    pub(in crate::tests) async fn last_merge(&self, no: RecordNo) -> u64 {
        let number = rapport_core::identity::ProfileNo(no.0);
        let journal = self.rapport.journal_of(&[number], None, 50).await.unwrap();
        let is_merge = |record: &rapport_core::identity::journal::Record| {
            matches!(record.what, What::Merged { .. })
        };
        journal
            .into_iter()
            .find(|(_, record)| is_merge(record))
            .unwrap()
            .0
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_identify_shows_as_a_contact_and_an_anonymous_visitor_does_not() {
    let world = World::new().await;
    world
        .browser(r#"{"type":"page","anonymousId":"a1","messageId":"m1"}"#)
        .await;
    assert_eq!(world.all(TypeId::CONTACT).await, []);
    world
        .server(
            r#"{"type":"identify","userId":"ada","messageId":"m2",
                "traits":{"email":"Ada@Example.org","firstName":"Ada","favourite":"Brie"}}"#,
        )
        .await;
    let ada = world.contact("ada@example.org").await.unwrap();
    assert_eq!(world.all(TypeId::CONTACT).await, [ada]);
    let shown = async |name| world.shown(TypeId::CONTACT, ada, name).await;
    assert_eq!(shown("firstname").await.as_deref(), Some("Ada"));
    assert_eq!(shown("email").await.as_deref(), Some("ada@example.org"));
    let before = world.record(TypeId::CONTACT, ada).await.unwrap();
    world.advance(MINUTE_MS).await;
    world
        .server(r#"{"type":"track","event":"Seen","userId":"ada","messageId":"m3"}"#)
        .await;
    let after = world.record(TypeId::CONTACT, ada).await.unwrap();
    assert_eq!(
        after.updated, before.updated,
        "an event changes no property"
    );
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contact_made_in_the_crm_is_a_profile_with_its_address_at_once() {
    let world = World::new().await;
    let ada = create(&[("email", "ada@example.org"), ("firstname", "Ada")]);
    let written = world.write_one(TypeId::CONTACT, ada).await;
    assert!(written.created);
    let profile = world.profile(IdKind::Email, "ada@example.org").await;
    let profile = profile.unwrap();
    assert_eq!(profile.number.0, written.no.0);
    assert_eq!(profile.attributes.get("firstName"), Some("\"Ada\""));
    world
        .server(
            r#"{"type":"identify","userId":"u1","messageId":"m1",
                "traits":{"email":"ada@example.org"}}"#,
        )
        .await;
    assert_eq!(world.user("u1").await.number, profile.number);
    let again = create(&[("email", "ADA@example.org")]);
    let refused = world.write(TypeId::CONTACT, vec![again]).await.remove(0);
    let existing = match refused {
        Err(Refused::NotUnique { existing, .. }) => existing,
        other => panic!("{other:?}"),
    };
    assert_eq!(existing, written.no);
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visitor_who_claimed_an_address_becomes_the_contact_made_with_it() {
    let world = World::new().await;
    world
        .browser(
            r#"{"type":"identify","anonymousId":"a1","messageId":"m1",
                "traits":{"email":"ada@example.org"}}"#,
        )
        .await;
    assert_eq!(
        world.all(TypeId::CONTACT).await,
        [],
        "nobody vouches for it"
    );
    let visitor = world.profile(IdKind::AnonymousId, "a1").await.unwrap();
    let ada = create(&[("email", "ada@example.org")]);
    let written = world.write_one(TypeId::CONTACT, ada).await;
    assert!(written.created);
    assert_eq!(written.no.0, visitor.number.0);
    assert!(
        world
            .profile(IdKind::AnonymousId, "a1")
            .await
            .unwrap()
            .is_known()
    );
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_address_takes_the_place_of_the_old_one_unless_a_server_said_it() {
    let world = World::new().await;
    let ada = create(&[("email", "ada@example.org")]);
    let ada = world.write_one(TypeId::CONTACT, ada).await.no;
    let to = |email| update(RecordReference::Id(ada), &[("email", email)]);
    world
        .write_one(TypeId::CONTACT, to("ada@example.com"))
        .await;
    assert_eq!(world.contact("ada@example.org").await, None);
    assert_eq!(world.contact("ada@example.com").await, Some(ada));
    world
        .server(
            r#"{"type":"identify","userId":"u1","messageId":"m1",
                "traits":{"email":"ada@example.com"}}"#,
        )
        .await;
    world.advance(MINUTE_MS).await;
    world
        .write_one(TypeId::CONTACT, to("ada@example.net"))
        .await;
    assert_eq!(
        world.contact("ada@example.com").await,
        Some(ada),
        "a server said it"
    );
    assert_eq!(world.contact("ada@example.net").await, Some(ada));
    let email = world.shown(TypeId::CONTACT, ada, "email").await;
    assert_eq!(email.as_deref(), Some("ada@example.net"));
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_correction_by_a_member_stands_against_what_a_site_sends_again() {
    let world = World::new().await;
    world
        .server(r#"{"type":"identify","userId":"u1","messageId":"m1","traits":{"email":"ada@example.org"}}"#)
        .await;
    let ada = world.contact("ada@example.org").await.unwrap();
    world
        .browser(
            r#"{"type":"identify","userId":"u1","messageId":"m2","traits":{"firstName":"Adda"}}"#,
        )
        .await;
    world.advance(MINUTE_MS).await;
    let right = update(RecordReference::Id(ada), &[("firstname", "Ada")]);
    world.write_one(TypeId::CONTACT, right).await;
    world.advance(MINUTE_MS).await;
    world
        .browser(
            r#"{"type":"identify","userId":"u1","messageId":"m3","traits":{"firstName":"Adda"}}"#,
        )
        .await;
    let name = world.shown(TypeId::CONTACT, ada, "firstname").await;
    assert_eq!(name.as_deref(), Some("Ada"));
    let definitions = world.rapport.definitions();
    let object = definitions.get(TypeId::CONTACT).unwrap();
    let no = object.property("firstname").unwrap().no;
    let history = world
        .rapport
        .property_history(TypeId::CONTACT, ada, &[no])
        .await;
    let said = history.unwrap().remove(&no).unwrap().into_iter();
    let said: Vec<_> = said.map(|said| said.value.unwrap().spelled()).collect();
    assert_eq!(said, ["Ada", "Adda"]);
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_call_makes_the_company_and_the_link() {
    let world = World::new().await;
    world
        .server(
            r#"{"type":"identify","userId":"u1","messageId":"m1","traits":{"email":"ada@example.org"}},
               {"type":"group","userId":"u1","groupId":"dairy","messageId":"m2",
                "traits":{"name":"The Dairy","employees":7,"industry":"Cheese"}}"#,
        )
        .await;
    let ada = world.contact("ada@example.org").await.unwrap();
    let companies = world.links_of(TypeId::CONTACT, ada, TypeId::COMPANY).await;
    let [dairy] = companies[..] else {
        panic!("{companies:?}")
    };
    let shown = async |name| world.shown(TypeId::COMPANY, dairy, name).await;
    assert_eq!(shown("name").await.as_deref(), Some("The Dairy"));
    assert_eq!(shown("numberofemployees").await.as_deref(), Some("7"));
    assert_eq!(shown("num_associated_contacts").await.as_deref(), Some("1"));
    let kinds = world
        .rapport
        .associations(TypeId::CONTACT, &[ada], TypeId::COMPANY, None, 10)
        .await
        .unwrap();
    assert_eq!(kinds[0].to, [(dairy, vec![1, 279])]);
    let right = update(RecordReference::Id(dairy), &[("name", "Dairy & Sons")]);
    world.advance(MINUTE_MS).await;
    world.write_one(TypeId::COMPANY, right).await;
    world.advance(MINUTE_MS).await;
    world
        .browser(
            r#"{"type":"group","userId":"u1","groupId":"dairy","messageId":"m3",
                "traits":{"name":"The Dairy","employees":8}}"#,
        )
        .await;
    assert_eq!(shown("name").await.as_deref(), Some("Dairy & Sons"));
    assert_eq!(shown("numberofemployees").await.as_deref(), Some("8"));
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_completed_order_is_a_record_with_line_items_linked_to_the_contact() {
    let world = World::new().await;
    let order = |message: &str, total: &str, products: &str| {
        format!(
            r#"{{"type":"track","userId":"u1","event":"Order Completed","messageId":"{message}",
                "properties":{{"order_id":"o-7","total":{total},"currency":"eur",
                "products":[{products}]}}}}"#
        )
    };
    let brie = r#"{"product_id":"p1","sku":"BR","name":"Brie","price":5.5,"quantity":2}"#;
    let feta = r#"{"product_id":"p2","sku":"FE","name":"Feta","price":4}"#;
    world
        .server(r#"{"type":"identify","userId":"u1","messageId":"m1","traits":{"email":"ada@example.org"}}"#)
        .await;
    world
        .server(&order("m2", "15", &format!("{brie},{feta}")))
        .await;
    let ada = world.contact("ada@example.org").await.unwrap();
    let orders = world.links_of(TypeId::CONTACT, ada, TypeId::ORDER).await;
    let [no] = orders[..] else {
        panic!("{orders:?}")
    };
    let shown = async |name| world.shown(TypeId::ORDER, no, name).await;
    assert_eq!(shown("hs_external_order_id").await.as_deref(), Some("o-7"));
    assert_eq!(shown("hs_total_price").await.as_deref(), Some("15"));
    assert_eq!(shown("hs_currency_code").await.as_deref(), Some("EUR"));
    assert_eq!(shown("hs_num_line_items").await.as_deref(), Some("2"));
    let items = world.links_of(TypeId::ORDER, no, TypeId::LINE_ITEM).await;
    let amount = world.shown(TypeId::LINE_ITEM, items[0], "amount").await;
    assert_eq!(amount.as_deref(), Some("11"));
    world.server(&order("m3", "11", brie)).await;
    assert_eq!(shown("hs_total_price").await.as_deref(), Some("11"));
    assert_eq!(shown("hs_num_line_items").await.as_deref(), Some("1"));
    assert_eq!(world.all(TypeId::ORDER).await, [no], "the same order again");
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_merge_carries_what_was_linked_and_an_undo_brings_it_back() {
    let world = World::new().await;
    let made = world
        .write(
            TypeId::CONTACT,
            vec![
                create(&[("email", "ada@example.org"), ("firstname", "Ada")]),
                create(&[("email", "bo@example.org"), ("lastname", "Berg")]),
            ],
        )
        .await;
    let [ada, bo] = [&made[0], &made[1]].map(|done| done.as_ref().unwrap().no);
    let deal = |name: &str, of: RecordNo| RecordInput {
        associations: vec![linked(TypeId::CONTACT, RecordReference::Id(of))],
        ..create(&[("dealname", name), ("amount", "10")])
    };
    let deals = vec![deal("of Ada", ada), deal("of Bo", bo)];
    let deals = world.write(TypeId::DEAL, deals).await;
    let deals: Vec<_> = deals.into_iter().map(|done| done.unwrap().no).collect();
    world.advance(MINUTE_MS).await;
    let merge = Command::MergeRecords {
        object: TypeId::CONTACT,
        primary: bo,
        absorbed: ada,
    };
    let merged = world.command(merge).await.unwrap().reply;
    assert_eq!(merged, Reply::MergedRecords { survivor: ada });
    assert_eq!(
        world.links_of(TypeId::CONTACT, ada, TypeId::DEAL).await,
        deals
    );
    assert_eq!(
        world
            .links_of(TypeId::DEAL, deals[1], TypeId::CONTACT)
            .await,
        [ada]
    );
    assert_eq!(world.contact("bo@example.org").await, Some(ada));
    assert_eq!(world.record(TypeId::CONTACT, bo).await.unwrap().no, ada);
    let shown = async |no, name| world.shown(TypeId::CONTACT, no, name).await;
    assert_eq!(shown(ada, "lastname").await.as_deref(), Some("Berg"));
    assert_eq!(
        shown(ada, "num_associated_deals").await.as_deref(),
        Some("2")
    );
    let by_bo = RecordInput {
        associations: vec![linked(TypeId::DEAL, RecordReference::Id(deals[0]))],
        ..update(by_email("bo@example.org"), &[("jobtitle", "Baker")])
    };
    world.write_one(TypeId::CONTACT, by_bo).await;
    let later = deal("later", ada);
    let later = world.write_one(TypeId::DEAL, later).await.no;
    let merge = world.last_merge(ada).await;
    world.command(Command::UndoMerge { merge }).await.unwrap();
    assert_eq!(world.contact("bo@example.org").await, Some(bo));
    assert_eq!(shown(bo, "lastname").await.as_deref(), Some("Berg"));
    assert_eq!(
        shown(bo, "jobtitle").await.as_deref(),
        Some("Baker"),
        "said by the address"
    );
    assert_eq!(shown(ada, "lastname").await, None);
    assert_eq!(shown(ada, "firstname").await.as_deref(), Some("Ada"));
    let of_ada = world.links_of(TypeId::CONTACT, ada, TypeId::DEAL).await;
    assert_eq!(of_ada, [deals[0], later], "what came since stays");
    let stayed = world.rapport.stayed(merge).await.unwrap().unwrap();
    assert_eq!(stayed, (ada, vec![(TypeId::DEAL, later)]));
    assert_eq!(
        world.links_of(TypeId::CONTACT, bo, TypeId::DEAL).await,
        [deals[1]]
    );
    assert_eq!(
        shown(ada, "num_associated_deals").await.as_deref(),
        Some("2")
    );
    assert_eq!(
        shown(bo, "num_associated_deals").await.as_deref(),
        Some("1")
    );
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_buys_and_is_merged_in_one_batch_leaves_no_row_behind() {
    let world = World::new().await;
    for item in [
        r#"{"type":"identify","userId":"u1","messageId":"m1"}"#,
        r#"{"type":"identify","anonymousId":"a2","messageId":"m2",
            "traits":{"email":"ada@example.org"}}"#,
    ] {
        world.server(item).await;
    }
    let contacts = world.all(TypeId::CONTACT).await;
    assert_eq!(contacts.len(), 2);
    world
        .server(
            r#"{"type":"track","event":"Order Completed","anonymousId":"a2","messageId":"m3",
                "properties":{"order_id":"o1","total":12}},
               {"type":"identify","userId":"u1","messageId":"m4",
                "traits":{"email":"ada@example.org"}}"#,
        )
        .await;
    assert_eq!(world.all(TypeId::CONTACT).await, contacts[..1]);
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_events_linked_goes_with_them_when_a_merge_is_undone() {
    let world = World::new().await;
    world
        .server(
            r#"{"type":"identify","userId":"u1","messageId":"m1","traits":{"email":"ada@example.org"}},
               {"type":"identify","userId":"u2","messageId":"m2","traits":{"email":"bo@example.org"}}"#,
        )
        .await;
    let ada = world.contact("ada@example.org").await.unwrap();
    let bo = world.contact("bo@example.org").await.unwrap();
    let merge = Command::MergeRecords {
        object: TypeId::CONTACT,
        primary: ada,
        absorbed: bo,
    };
    world.command(merge).await.unwrap();
    world
        .server(
            r#"{"type":"track","userId":"u2","event":"Order Completed","messageId":"m3",
                "properties":{"order_id":"o1","total":3,"currency":"EUR"}},
               {"type":"group","userId":"u2","groupId":"farm","messageId":"m4"}"#,
        )
        .await;
    let both = [TypeId::ORDER, TypeId::COMPANY];
    for object in both {
        assert_eq!(world.links_of(TypeId::CONTACT, ada, object).await.len(), 1);
    }
    let merge = world.last_merge(ada).await;
    world.command(Command::UndoMerge { merge }).await.unwrap();
    for object in both {
        assert_eq!(
            world.links_of(TypeId::CONTACT, ada, object).await.len(),
            0,
            "{object}"
        );
        assert_eq!(
            world.links_of(TypeId::CONTACT, bo, object).await.len(),
            1,
            "{object}"
        );
    }
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_input_of_a_batch_is_done_or_refused_by_itself() {
    let world = World::new().await;
    let done = world
        .write(
            TypeId::COMPANY,
            vec![
                create(&[("name", "Dairy")]),
                create(&[("name", "Farm"), ("no_such_property", "x")]),
                create(&[("name", "Mill"), ("numberofemployees", "many")]),
                update(RecordReference::Id(RecordNo(99)), &[("name", "Nobody")]),
                create(&[("name", "Cave")]),
            ],
        )
        .await;
    assert!(done[0].as_ref().is_ok_and(|written| written.created));
    assert!(
        matches!(done[1], Err(Refused::PropertyDoesntExist { .. })),
        "{:?}",
        done[1]
    );
    assert!(
        matches!(done[2], Err(Refused::InvalidNumber { .. })),
        "{:?}",
        done[2]
    );
    assert!(
        matches!(done[3], Err(Refused::NotFound { .. })),
        "{:?}",
        done[3]
    );
    assert!(done[4].is_ok());
    assert_eq!(world.all(TypeId::COMPANY).await.len(), 2);
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_is_refused_leaves_nothing_of_its_input_behind() {
    let world = World::new().await;
    let input = RecordInput {
        associations: vec![linked(TypeId::CONTACT, RecordReference::Id(RecordNo(7)))],
        ..create(&[("dealname", "Cheese")])
    };
    let done = world.write(TypeId::DEAL, vec![input]).await;
    assert!(matches!(done[0], Err(Refused::NotFound { .. })), "{done:?}");
    assert_eq!(world.all(TypeId::DEAL).await, []);
    let contact = RecordInput {
        associations: vec![linked(TypeId::DEAL, RecordReference::Id(RecordNo(7)))],
        ..create(&[("email", "ada@example.org")])
    };
    let done = world.write(TypeId::CONTACT, vec![contact]).await;
    assert!(matches!(done[0], Err(Refused::NotFound { .. })), "{done:?}");
    assert!(
        world
            .profile(IdKind::Email, "ada@example.org")
            .await
            .is_none()
    );
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_archived_record_is_hidden_until_it_is_restored() {
    let world = World::new().await;
    let ada = create(&[("email", "ada@example.org")]);
    let ada = world.write_one(TypeId::CONTACT, ada).await.no;
    let bin = |verb| RecordInput {
        verb,
        ..update(RecordReference::Id(ada), &[])
    };
    let written = world.write_one(TypeId::CONTACT, bin(Verb::Archive)).await;
    assert!(written.changed && !written.created);
    let record = world.record(TypeId::CONTACT, ada).await.unwrap();
    assert!(record.archived.is_some());
    let edit = update(RecordReference::Id(ada), &[("firstname", "Ada")]);
    let refused = world.write(TypeId::CONTACT, vec![edit]).await.remove(0);
    assert!(
        matches!(refused, Err(Refused::NotFound { .. })),
        "{refused:?}"
    );
    world.write_one(TypeId::CONTACT, bin(Verb::Restore)).await;
    let record = world.record(TypeId::CONTACT, ada).await.unwrap();
    assert_eq!(record.archived, None);
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_merged_company_answers_under_both_numbers_with_the_links_of_both() {
    let world = World::new().await;
    let made = [
        create(&[("name", "Dairy")]),
        create(&[("name", "The Dairy"), ("city", "Lund")]),
    ];
    let made = world.write(TypeId::COMPANY, made.to_vec()).await;
    let [one, two] = [&made[0], &made[1]].map(|done| done.as_ref().unwrap().no);
    for company in [one, two] {
        let deal = RecordInput {
            associations: vec![linked(TypeId::COMPANY, RecordReference::Id(company))],
            ..create(&[("dealname", "Cheese"), ("amount", "5")])
        };
        world.write_one(TypeId::DEAL, deal).await;
    }
    let merge = Command::MergeRecords {
        object: TypeId::COMPANY,
        primary: one,
        absorbed: two,
    };
    world.command(merge.clone()).await.unwrap();
    let shown = async |no, name| world.shown(TypeId::COMPANY, no, name).await;
    assert_eq!(shown(two, "name").await.as_deref(), Some("Dairy"));
    assert_eq!(shown(one, "city").await.as_deref(), Some("Lund"));
    assert_eq!(
        shown(one, "num_associated_deals").await.as_deref(),
        Some("2")
    );
    assert_eq!(
        world
            .links_of(TypeId::COMPANY, two, TypeId::DEAL)
            .await
            .len(),
        2
    );
    assert_eq!(world.all(TypeId::COMPANY).await, [one]);
    assert!(world.command(merge).await.is_err(), "both are one already");
    let world = world.restart().await;
    assert_eq!(world.record(TypeId::COMPANY, two).await.unwrap().no, one);
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_are_linked_by_a_label_and_taken_apart_again() {
    let world = World::new().await;
    let ada = create(&[("email", "ada@example.org")]);
    let ada = world.write_one(TypeId::CONTACT, ada).await.no;
    let dairy = world
        .write_one(TypeId::COMPANY, create(&[("name", "Dairy")]))
        .await
        .no;
    let kind = |type_id| Kind {
        category: Category::Standard,
        type_id,
    };
    let input = |kinds: Vec<Kind>| LinkInput {
        from_object: TypeId::CONTACT,
        from: by_email("ada@example.org"),
        to_object: TypeId::COMPANY,
        to: RecordReference::Id(dairy),
        kinds,
        replace_labels: false,
    };
    let together = Command::Associate {
        inputs: vec![input(vec![kind(1)]), input(vec![kind(77)])],
    };
    let Reply::Links(done) = world.command(together).await.unwrap().reply else {
        panic!("no links")
    };
    assert_eq!(done[0].as_ref().unwrap().kinds, [1, 279]);
    assert!(matches!(
        done[1],
        Err(Refused::UnknownAssociationType { .. })
    ));
    assert_eq!(
        world
            .links_of(TypeId::COMPANY, dairy, TypeId::CONTACT)
            .await,
        [ada]
    );
    let apart = Command::Disassociate {
        inputs: vec![input(Vec::new())],
    };
    world.command(apart).await.unwrap();
    assert_eq!(
        world
            .links_of(TypeId::COMPANY, dairy, TypeId::CONTACT)
            .await,
        []
    );
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_property_defined_later_is_filled_from_what_is_known() {
    let world = World::new().await;
    world
        .server(r#"{"type":"identify","userId":"u1","messageId":"m1","traits":{"email":"ada@example.org","cheese":"Brie"}}"#)
        .await;
    let ada = world.contact("ada@example.org").await.unwrap();
    let put = Command::PutProperty {
        object: TypeId::CONTACT,
        must: Must::BeNew,
        draft: PropertyDraft {
            name: "cheese".into(),
            ..PropertyDraft::default()
        },
    };
    world.command(put).await.unwrap();
    world.settle().await;
    let cheese = world.shown(TypeId::CONTACT, ada, "cheese").await;
    assert_eq!(cheese.as_deref(), Some("Brie"));
    let world = world.killed().await;
    let cheese = world.shown(TypeId::CONTACT, ada, "cheese").await;
    assert_eq!(cheese.as_deref(), Some("Brie"));
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_timeline_tells_of_edits_activities_and_events_newest_first() {
    let world = World::new().await;
    world
        .server(r#"{"type":"identify","userId":"u1","messageId":"m1","traits":{"email":"ada@example.org"}}"#)
        .await;
    let ada = world.contact("ada@example.org").await.unwrap();
    world.advance(MINUTE_MS).await;
    let edit = update(RecordReference::Id(ada), &[("firstname", "Ada")]);
    world.write_one(TypeId::CONTACT, edit).await;
    world.advance(MINUTE_MS).await;
    let now = world.clock.now().0.to_string();
    let note = RecordInput {
        associations: vec![linked(TypeId::CONTACT, RecordReference::Id(ada))],
        ..create(&[("hs_note_body", "Likes Brie"), ("hs_timestamp", &now)])
    };
    world.write_one(TypeId::NOTE, note).await;
    world.advance(MINUTE_MS).await;
    world
        .server(r#"{"type":"track","event":"Seen","userId":"u1","messageId":"m2"}"#)
        .await;
    let seen = Seen {
        filters: BTreeMap::from([(TypeId::NOTE, Filter::every())]),
        events: true,
    };
    let mut before = None;
    let mut told = Vec::new();
    loop {
        let page = world
            .rapport
            .record_timeline(TypeId::CONTACT, ada, before, 1, &seen)
            .await
            .unwrap()
            .unwrap();
        told.extend(
            page.happened
                .into_iter()
                .map(|(_, happened)| match happened {
                    Happened::Created { .. } => "created".to_owned(),
                    Happened::Changed { .. } => "changed".to_owned(),
                    Happened::Activity(..) => "note".to_owned(),
                    Happened::Event(row) => row.event.message_id.to_string(),
                }),
        );
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(told, ["m2", "note", "changed", "m1"]);
}
