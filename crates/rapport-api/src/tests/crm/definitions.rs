//! Definitions: properties, groups, pipelines, types and labels.

use crate::tests::Doors;
use axum::http::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn a_property_is_made_used_and_archived() {
    let doors = Doors::open().await;
    let group = json!({ "name": "dairy", "label": "Dairy", "displayOrder": 1 });
    let path = "/crm/v3/properties/deals/groups";
    let made = doors.ask(Method::POST, path, group.clone()).await;
    assert_eq!(
        (made.status.as_u16(), &made.json()["label"]),
        (201, &json!("Dairy"))
    );
    assert_eq!(doors.ask(Method::POST, path, group).await.fault().0, 409);
    let property = json!({ "name": "milk", "label": "Milk", "type": "enumeration",
        "fieldType": "select", "groupName": "dairy", "options": [
            { "label": "Cow", "value": "cow", "hidden": false, "displayOrder": 0 }] });
    let path = "/crm/v3/properties/deals";
    let made = doors.ask(Method::POST, path, property.clone()).await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.json());
    let made = made.json();
    assert_eq!(made["options"][0]["value"], "cow");
    assert_eq!(made["hubspotDefined"], false);
    assert_eq!(doors.ask(Method::POST, path, property).await.fault().0, 409);
    doors
        .made("deals", json!({ "dealname": "x", "milk": "cow" }))
        .await;
    let one = "/crm/v3/properties/deals/milk";
    let changed = doors
        .ask(Method::PATCH, one, json!({ "label": "The milk" }))
        .await
        .good();
    assert_eq!(
        (&changed["label"], &changed["type"]),
        (&json!("The milk"), &json!("enumeration"))
    );
    assert_eq!(doors.delete(one).await.status.as_u16(), 204);
    assert_eq!(doors.get(one).await.fault().0, 404);
    assert_eq!(
        doors.get(&format!("{one}?archived=true")).await.good()["archived"],
        true
    );
    let all = doors.get("/crm/v3/properties/deals").await.good();
    let names = all["results"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| &one["name"]);
    assert!(!names.into_iter().any(|name| name == "milk"));
    for wrong in [
        json!({ "type": "elephant" }),
        json!({ "fieldType": "trunk" }),
    ] {
        let mut body = json!({ "name": "odd", "label": "Odd", "groupName": "dairy",
            "type": "string", "fieldType": "text" });
        body.as_object_mut()
            .expect("an object")
            .extend(wrong.as_object().expect("one").clone());
        let answer = doors
            .ask(Method::POST, "/crm/v3/properties/deals", body)
            .await;
        assert_eq!(answer.fault().0, 400, "{wrong}");
    }
}

#[tokio::test]
async fn a_pipeline_keeps_the_stages_that_it_is_replaced_with() {
    let doors = Doors::open().await;
    let stage = |label: &str, order: u32| json!({ "label": label, "displayOrder": order, "metadata": { "probability": "0.5" } });
    let wanted =
        json!({ "label": "Cheese", "displayOrder": 3, "stages": [stage("A", 0), stage("B", 1)] });
    let path = "/crm/v3/pipelines/deals";
    let made = doors.ask(Method::POST, path, wanted.clone()).await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.json());
    let made = made.json();
    let id = made["id"].as_str().expect("an id");
    let one = format!("{path}/{id}");
    let ids = |pipeline: &Value| -> Vec<Value> {
        pipeline["stages"]
            .as_array()
            .expect("stages")
            .iter()
            .map(|stage| stage["id"].clone())
            .collect()
    };
    let added = doors
        .ask(Method::POST, &format!("{one}/stages"), stage("C", 2))
        .await;
    assert_eq!(
        (added.status.as_u16(), &added.json()["label"]),
        (201, &json!("C"))
    );
    let third = added.json()["id"].as_str().expect("an id").to_owned();
    let changed = doors
        .ask(
            Method::PATCH,
            &format!("{one}/stages/{third}"),
            json!({ "label": "Z" }),
        )
        .await;
    assert_eq!(changed.good()["label"], "Z");
    let replaced = doors.ask(Method::PUT, &one, wanted).await.good();
    assert_eq!(ids(&replaced), ids(&made));
    let deal = json!({ "dealname": "x", "pipeline": id, "dealstage": ids(&made)[0] });
    doors.made("deals", deal).await;
    let used = doors
        .delete(&format!("{one}?validateReferencesBeforeDelete=true"))
        .await;
    assert!([400, 409].contains(&used.fault().0));
    let audit = doors.get(&format!("{one}/audit")).await.good();
    assert_eq!(audit["results"][0]["identifier"], id);
    assert_eq!(doors.get(&format!("{path}/nowhere")).await.fault().0, 404);
}

#[tokio::test]
async fn a_type_of_one_s_own_has_records_like_any_other() {
    let doors = Doors::open().await;
    let property =
        |name: &str| json!({ "name": name, "label": name, "type": "string", "fieldType": "text" });
    let egg = json!({ "name": "cows", "labels": { "singular": "Cow", "plural": "Cows" },
        "primaryDisplayProperty": "tag", "requiredProperties": ["tag"], "searchableProperties": ["tag"],
        "properties": [property("tag")], "associatedObjects": ["CONTACT"] });
    let made = doors
        .ask(Method::POST, "/crm-object-schemas/v3/schemas", egg.clone())
        .await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.json());
    let made = made.json();
    let number = made["objectTypeId"].as_str().expect("a number");
    assert!(number.starts_with("2-"));
    for spelling in [number, "cows", "p_cows"] {
        doors.made(spelling, json!({ "tag": spelling })).await;
    }
    let missing = json!({ "properties": {} });
    assert_eq!(
        doors
            .ask(Method::POST, "/crm/v3/objects/cows", missing)
            .await
            .fault()
            .0,
        400
    );
    assert_eq!(
        doors
            .ask(Method::POST, "/crm/v3/schemas", egg)
            .await
            .fault()
            .0,
        409
    );
    assert_eq!(
        doors
            .delete("/crm-object-schemas/v3/schemas/contacts")
            .await
            .fault()
            .0,
        400
    );
    let contact = doors
        .made("contacts", json!({ "email": "cow@example.org" }))
        .await;
    let cow = doors.made("cows", json!({ "tag": "linked" })).await;
    let pair = format!("/crm/v4/objects/cows/{cow}/associations/default/contacts/{contact}");
    doors.call(Method::PUT, &pair, "").await.good();
}

#[tokio::test]
async fn a_label_has_two_directions_and_a_limit() {
    let doors = Doors::open().await;
    let path = "/crm/v4/associations/contacts/companies/labels";
    let label = json!({ "name": "buyer", "label": "Buyer", "inverseLabel": "Buys for" });
    let made = doors.ask(Method::POST, path, label).await.good();
    let labels: Vec<_> = made["results"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| &one["label"])
        .collect();
    assert_eq!(labels, ["Buyer", "Buys for"]);
    let kind = made["results"][0]["typeId"].as_u64().expect("a number");
    let limits = "/crm/v4/associations/definitions/configurations/contacts/companies";
    let inputs =
        json!({ "inputs": [{ "category": "USER_DEFINED", "typeId": kind, "maxToObjectIds": 1 }] });
    let set = doors
        .ask(Method::POST, &format!("{limits}/batch/create"), inputs)
        .await;
    assert_eq!(set.status.as_u16(), 201, "{}", set.json());
    let listed = doors.get(limits).await.good();
    assert_eq!(listed["results"][0]["userEnforcedMaxToObjectIds"], 1);
    let contact = doors
        .made("contacts", json!({ "email": "ada@example.org" }))
        .await;
    let types = json!([{ "associationCategory": "USER_DEFINED", "associationTypeId": kind }]);
    for code in [201, 400] {
        let company = doors.made("companies", json!({ "name": "x" })).await;
        let pair = format!("/crm/v4/objects/contacts/{contact}/associations/companies/{company}");
        let answer = doors.ask(Method::PUT, &pair, types.clone()).await;
        assert_eq!(answer.status.as_u16(), code, "{}", answer.json());
    }
    let renamed = json!({ "associationTypeId": kind, "label": "Purchaser" });
    assert_eq!(
        doors.ask(Method::PUT, path, renamed).await.status.as_u16(),
        204
    );
    assert_eq!(
        doors
            .delete(&format!("{path}/{kind}"))
            .await
            .status
            .as_u16(),
        204
    );
}
