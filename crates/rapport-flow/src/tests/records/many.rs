//! Records with more links than are read ahead for all of a batch at once.

use crate::tests::replay::replay_equals_live;
use crate::tests::world::World;
use rapport_core::crm::TypeId;

const BATCH: usize = 30;

/// People who join a company, in one request.
async fn join(world: &World, people: std::ops::Range<usize>) {
    let calls = people.map(|person| {
        format!(
            r#"{{"type":"identify","userId":"u{person}","messageId":"i{person}",
                 "traits":{{"email":"u{person}@example.org"}}}},
               {{"type":"group","userId":"u{person}","groupId":"dairy","messageId":"g{person}"}}"#
        )
    });
    world.server(&calls.collect::<Vec<_>>().join(",")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_of_a_company_counts_however_many_there_are() {
    let world = World::new().await;
    let mut counted = Vec::new();
    for batch in 0..4 {
        join(&world, batch * BATCH..(batch + 1) * BATCH).await;
        let companies = world.all(TypeId::COMPANY).await;
        let [dairy] = companies[..] else {
            panic!("{companies:?}")
        };
        let count = "num_associated_contacts";
        counted.extend(world.shown(TypeId::COMPANY, dairy, count).await);
    }
    assert_eq!(counted, ["30", "60", "90", "120"]);
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_told_again_is_the_same_order_for_whoever_has_many() {
    let world = World::new().await;
    let order = |number: usize, told: usize| {
        format!(
            r#"{{"type":"track","userId":"u1","event":"Order Completed","messageId":"m{number}-{told}",
                "context":{{"traits":{{"email":"u1@example.org"}}}},
                "properties":{{"order_id":"o{number}","total":{told},"currency":"EUR",
                               "products":[{{"name":"Milk","price":1}}]}}}}"#
        )
    };
    for told in 1..3 {
        for first in [0, 40] {
            let orders = (first..first + 40).map(|number| order(number, told));
            world.server(&orders.collect::<Vec<_>>().join(",")).await;
        }
    }
    let orders = world.all(TypeId::ORDER).await;
    assert_eq!(orders.len(), 80);
    assert_eq!(world.all(TypeId::LINE_ITEM).await.len(), 80);
    let person = world.contact("u1@example.org").await.unwrap();
    let linked = world.links_of(TypeId::CONTACT, person, TypeId::ORDER).await;
    assert_eq!(linked, orders);
    let total = world.shown(TypeId::ORDER, orders[0], "hs_total_price");
    assert_eq!(total.await.as_deref(), Some("2"));
    replay_equals_live(world).await;
}
