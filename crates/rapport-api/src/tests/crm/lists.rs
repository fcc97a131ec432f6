//! Lists: manual ones, and filters as rules of segments.

use crate::tests::Doors;
use axum::http::Method;
use serde_json::{Value, json};

const LISTS: &str = "/crm/v3/lists";

fn tree(filters: Value) -> Value {
    let and = json!({ "filterBranchType": "AND", "filterBranchOperator": "AND",
        "filterBranches": [], "filters": filters });
    json!({ "filterBranchType": "OR", "filterBranchOperator": "OR",
        "filterBranches": [and], "filters": [] })
}

fn property(name: &str, mut operation: Value) -> Value {
    let unset = operation["includeObjectsWithNoValueSet"]
        .as_bool()
        .unwrap_or(false);
    operation["includeObjectsWithNoValueSet"] = json!(unset);
    json!({ "filterType": "PROPERTY", "property": name, "operation": operation })
}

#[tokio::test]
async fn a_manual_list_holds_whom_it_is_told() {
    let doors = Doors::open().await;
    let mut people = Vec::new();
    for name in ["a", "b", "c"] {
        let address = format!("{name}@example.org");
        people.push(doors.made("contacts", json!({ "email": address })).await);
    }
    let wanted = json!({ "name": "Tasters", "objectTypeId": "0-1", "processingType": "MANUAL" });
    let made = doors.ask(Method::POST, LISTS, wanted.clone()).await;
    assert_eq!(made.status.as_u16(), 200);
    let id = made.json()["list"]["listId"]
        .as_str()
        .expect("an id")
        .to_owned();
    assert_eq!(doors.ask(Method::POST, LISTS, wanted).await.fault().0, 400);
    let members = format!("{LISTS}/{id}/memberships");
    let mut named = people.clone();
    named.extend(["987654".to_owned(), "x".to_owned()]);
    let added = doors
        .ask(Method::PUT, &format!("{members}/add"), json!(named))
        .await
        .good();
    assert_eq!(added["recordsIdsAdded"], json!(people));
    let mut missing: Vec<_> = added["recordIdsMissing"]
        .as_array()
        .expect("a list")
        .clone();
    missing.sort_by_key(ToString::to_string);
    assert_eq!(missing, ["987654", "x"]);
    let change = json!({ "recordIdsToAdd": [], "recordIdsToRemove": [people[0]] });
    let changed = doors
        .ask(Method::PUT, &format!("{members}/add-and-remove"), change)
        .await
        .good();
    assert_eq!(changed["recordIdsRemoved"], json!([people[0]]));
    let listed = doors.get(&members).await.good();
    let on: Vec<_> = listed["results"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| &one["recordId"])
        .collect();
    assert_eq!(on, [&json!(people[1]), &json!(people[2])]);
    let of = doors
        .get(&format!("{LISTS}/records/0-1/{}/memberships", people[1]))
        .await
        .good();
    assert_eq!(of["results"][0]["listId"], *id);
    let found = doors
        .ask(
            Method::POST,
            &format!("{LISTS}/search"),
            json!({ "query": "taster" }),
        )
        .await
        .good();
    assert_eq!(
        (&found["total"], &found["lists"][0]["listId"]),
        (&json!(1), &json!(id))
    );
    assert_eq!(doors.delete(&members).await.status.as_u16(), 204);
    assert_eq!(doors.get(&members).await.good()["results"], json!([]));
    assert_eq!(
        doors.delete(&format!("{LISTS}/{id}")).await.status.as_u16(),
        204
    );
    assert_eq!(doors.get(&format!("{LISTS}/{id}")).await.fault().0, 404);
}

#[tokio::test]
async fn filters_are_rules_and_come_back_as_they_were() {
    let doors = Doors::open().await;
    let cases = [
        property(
            "city",
            json!({ "operationType": "MULTISTRING", "operator": "IS_EQUAL_TO", "values": ["Larkfield"] }),
        ),
        property(
            "city",
            json!({ "operationType": "MULTISTRING", "operator": "STARTS_WITH", "values": ["Lark"] }),
        ),
        property(
            "firstname",
            json!({ "operationType": "MULTISTRING", "operator": "CONTAINS", "values": ["a", "b"] }),
        ),
        property(
            "firstname",
            json!({ "operationType": "ALL_PROPERTY", "operator": "IS_KNOWN" }),
        ),
        property(
            "city",
            json!({ "operationType": "ALL_PROPERTY", "operator": "IS_UNKNOWN" }),
        ),
        property(
            "city",
            json!({ "operationType": "ENUMERATION", "operator": "IS_ANY_OF", "values": ["x", "y"] }),
        ),
        property(
            "city",
            json!({ "operationType": "ENUMERATION", "operator": "IS_NONE_OF", "values": ["x", "y"],
            "includeObjectsWithNoValueSet": true }),
        ),
    ];
    for (number, case) in cases.into_iter().enumerate() {
        let wanted = json!({ "name": format!("list {number}"), "objectTypeId": "0-1",
            "processingType": "DYNAMIC", "filterBranch": tree(json!([case])) });
        let made = doors.ask(Method::POST, LISTS, wanted).await.good();
        let filters = &made["list"]["filterBranch"]["filterBranches"][0]["filters"];
        assert_eq!(filters, &json!([case]), "{made}");
    }
}

#[tokio::test]
async fn a_dynamic_list_is_whoever_its_filters_hold_for() {
    let doors = Doors::open().await;
    let ada = doors
        .made(
            "contacts",
            json!({ "email": "ada@example.org", "city": "Larkfield" }),
        )
        .await;
    doors
        .made(
            "contacts",
            json!({ "email": "bob@example.org", "city": "Elsewhere" }),
        )
        .await;
    let filters = json!([property(
        "city",
        json!({
        "operationType": "MULTISTRING", "operator": "IS_EQUAL_TO", "values": ["Larkfield"] })
    )]);
    let wanted = json!({ "name": "Here", "objectTypeId": "0-1", "processingType": "DYNAMIC",
        "filterBranch": tree(filters) });
    let made = doors.ask(Method::POST, LISTS, wanted).await.good();
    let id = made["list"]["listId"].as_str().expect("an id").to_owned();
    while doors.get(&format!("{LISTS}/{id}")).await.good()["list"]["processingStatus"] != "COMPLETE"
    {
        tokio::task::yield_now().await;
    }
    let members = format!("{LISTS}/{id}/memberships");
    let on = doors.get(&members).await.good();
    assert_eq!(on["results"][0]["recordId"], *ada);
    assert_eq!(on["total"], 1);
    let refused = doors
        .ask(Method::PUT, &format!("{members}/add"), json!([ada]))
        .await;
    assert_eq!(refused.fault().0, 400);
}

#[tokio::test]
async fn what_a_rule_cannot_say_is_refused() {
    let doors = Doors::open().await;
    let cases = [
        (
            json!([{ "filterType": "FORM_SUBMISSION" }]),
            "FILTER_NOT_SUPPORTED",
        ),
        (
            json!([property(
                "city",
                json!({ "operationType": "CALENDAR_DATE", "operator": "IN_LAST" })
            )]),
            "FILTER_NOT_SUPPORTED",
        ),
        (
            json!([property(
                "city",
                json!({ "operationType": "MULTISTRING", "operator": "HAS_EVER_BEEN_EQUAL_TO",
            "values": ["x"] })
            )]),
            "FILTER_NOT_SUPPORTED",
        ),
        (
            json!([property(
                "hs_object_id",
                json!({ "operationType": "ALL_PROPERTY", "operator": "IS_KNOWN" })
            )]),
            "FILTER_NOT_SUPPORTED",
        ),
        (json!([]), ""),
        (
            json!([property(
                "no_such",
                json!({ "operationType": "ALL_PROPERTY", "operator": "IS_KNOWN" })
            )]),
            "",
        ),
    ];
    for (filters, kind) in cases {
        let wanted = json!({ "name": "Never", "objectTypeId": "0-1", "processingType": "DYNAMIC",
            "filterBranch": tree(filters.clone()) });
        let answer = doors.ask(Method::POST, LISTS, wanted).await;
        assert_eq!(answer.fault().0, 400, "{filters}");
        assert_eq!(
            answer.json()["subCategory"].as_str().unwrap_or_default(),
            kind,
            "{filters}"
        );
    }
    let companies = json!({ "name": "No", "objectTypeId": "0-2", "processingType": "MANUAL" });
    assert_eq!(
        doors.ask(Method::POST, LISTS, companies).await.fault().0,
        400
    );
    let unknown = json!({ "name": "No", "objectTypeId": "0-1", "processingType": "SOMEHOW" });
    assert_eq!(doors.ask(Method::POST, LISTS, unknown).await.fault().0, 400);
}
