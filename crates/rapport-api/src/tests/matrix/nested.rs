//! What a request names beside the record it is about: links, owners, values that others have.

use super::world::World;
use super::{asked, ids};
use crate::tests::WRITE_KEY;
use axum::http::Method;
use rapport_core::crm::TypeId;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn missing_object_check_nothing_nested_tells_of_what_is_another_s() {
    let world = World::make().await;
    let olga = world.who("olga");
    let zoes = world.records[&(TypeId::CONTACT, "zoe")];
    let own = world.records[&(TypeId::CONTACT, "olga")];
    let deal = world.records[&(TypeId::DEAL, "olga")];
    let me = world.members["olga"].to_string();
    // A filter by a link finds as little by what is hidden as by what is not there.
    let found = async |id: u64, operator: &str| {
        let filter =
            json!({ "propertyName": "associations.contact", "operator": operator, "value": id });
        let body = json!({ "filters": [filter] });
        let page = asked(
            &world,
            olga,
            Method::POST,
            "/crm/v3/objects/deals/search",
            body,
        )
        .await
        .good();
        ids(&page)
    };
    let tims = world.records[&(TypeId::CONTACT, "tim")];
    assert_eq!(found(own, "EQ").await, [deal]);
    assert_eq!(
        found(tims, "EQ").await,
        found(999_999, "EQ").await,
        "linked, and hidden"
    );
    assert_eq!(found(tims, "NEQ").await, found(999_999, "NEQ").await);
    // Nor is anything linked to it, whatever else is wrong.
    let told = async |id: u64, kind: u32| {
        let link = json!({ "to": { "id": id }, "types": [
            { "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": kind }] });
        let body = json!({ "properties": { "hubspot_owner_id": me }, "associations": [link] });
        let answer = asked(&world, olga, Method::POST, "/crm/v3/objects/deals", body).await;
        let text = answer.json()["message"]
            .to_string()
            .replace(&id.to_string(), "?");
        (answer.status.as_u16(), text)
    };
    for kind in [3, 280] {
        assert_eq!(told(zoes, kind).await, told(999_999, kind).await);
    }
    assert_eq!(told(zoes, 3).await.0, 404);
    let linked = async |from: u64, to: u64, kind: u32| {
        let path = format!("/crm/v4/objects/deals/{from}/associations/contacts/{to}");
        let body = json!([{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": kind }]);
        let answer = asked(&world, olga, Method::PUT, &path, body).await;
        let text = answer.json()["message"].to_string();
        (
            answer.status.as_u16(),
            text.replace(&to.to_string(), "?")
                .replace(&from.to_string(), "?"),
        )
    };
    for (from, kind) in [(deal, 3), (deal, 9_999), (888_888, 3)] {
        assert_eq!(
            linked(from, zoes, kind).await,
            linked(from, 999_999, kind).await
        );
    }
    // Of what a record is linked to each page is whole, and says nothing of the others.
    let path = format!("/crm/v4/objects/deals/{deal}/associations/contacts?limit=1");
    let page = asked(&world, olga, Method::GET, &path, Value::Null)
        .await
        .good();
    assert_eq!(page["results"][0]["toObjectId"], own.to_string());
    assert_eq!(page["paging"], Value::Null);
    // A value that is taken is said to be taken, not by whom.
    let of_zoe = world
        .doors
        .get(&format!("/crm/v3/objects/contacts/{zoes}?properties=email"))
        .await
        .good();
    let body =
        json!({ "properties": { "email": of_zoe["properties"]["email"], "hubspot_owner_id": me } });
    let answer = asked(&world, olga, Method::POST, "/crm/v3/objects/contacts", body).await;
    assert_eq!(answer.status.as_u16(), 409);
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(
        !text.contains("Existing ID") && !text.contains("existingId"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn mass_assignment_a_record_is_given_away_only_by_who_may_assign() {
    let world = World::make().await;
    let olga = world.who("olga");
    let own = world.records[&(TypeId::DEAL, "olga")];
    let zoe = world.members["zoe"].to_string();
    for spelled in ["hubspot_owner_id", "HUBSPOT_OWNER_ID", "Hubspot_Owner_Id"] {
        let body = json!({ "properties": { spelled: zoe } });
        let path = format!("/crm/v3/objects/deals/{own}");
        let answer = asked(&world, olga, Method::PATCH, &path, body).await;
        assert_eq!(answer.status.as_u16(), 403, "{spelled}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_make_records_and_not_look_is_told_what_they_said() {
    let world = World::make().await;
    let wes = world.who("wes");
    let event = json!({ "type": "identify", "anonymousId": "a1",
        "traits": { "email": "new@example.org", "city": "kanaricity" } });
    let key = [("x-write-key", WRITE_KEY)];
    let identified = world
        .doors
        .track_with("/v1/identify", &key, event.to_string());
    identified.await.good();
    world.doors.settle().await;
    let body = json!({ "properties": { "email": "new@example.org", "firstname": "New" } });
    let answer = asked(&world, wes, Method::POST, "/crm/v3/objects/contacts", body).await;
    assert_eq!(answer.status.as_u16(), 201);
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(
        text.contains("New") && !text.contains("kanaricity"),
        "{text}"
    );
    let body = json!({ "properties": { "dealname": "Big" } });
    let answer = asked(&world, wes, Method::POST, "/api/v1/records/deals", body).await;
    assert_eq!(answer.status.as_u16(), 201, "it was made, and says so");
}
