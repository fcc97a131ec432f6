//! Records: one at a time, many at a time, searched, linked and merged.

use crate::tests::Doors;
use axum::http::Method;
use serde_json::{Value, json};

const CONTACTS: &str = "/crm/v3/objects/contacts";

fn ids(answer: &Value) -> Vec<String> {
    let results = answer["results"].as_array().expect("results");
    results
        .iter()
        .map(|one| one["id"].as_str().expect("an id").to_owned())
        .collect()
}

#[tokio::test]
async fn a_record_is_made_read_changed_and_archived() {
    let doors = Doors::open().await;
    let values = json!({ "email": "Ada@Example.org", "firstname": "Ada", "lastname": "Lovelace" });
    let made = doors
        .ask(Method::POST, CONTACTS, json!({ "properties": values }))
        .await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.json());
    let made = made.json();
    assert_eq!(made["properties"]["firstname"], "Ada");
    assert_eq!(made["archived"], false);
    let id = made["id"].as_str().expect("an id").to_owned();
    assert_eq!(made["properties"]["hs_object_id"], *id);
    let created = made["createdAt"].as_str().expect("an instant");
    assert!(created.ends_with('Z') && created.len() == 24, "{created}");

    let path = format!("{CONTACTS}/{id}");
    let change = json!({ "properties": { "firstname": "Augusta", "lastname": "" } });
    let changed = doors.ask(Method::PATCH, &path, change).await.good();
    assert_eq!(changed["properties"]["firstname"], "Augusta");
    assert_eq!(changed["properties"]["lastname"], Value::Null);
    let read = doors
        .get(&format!("{path}?propertiesWithHistory=firstname"))
        .await
        .good();
    let history = read["propertiesWithHistory"]["firstname"]
        .as_array()
        .expect("values");
    let values: Vec<_> = history.iter().map(|one| &one["value"]).collect();
    assert_eq!(values, ["Augusta", "Ada"]);

    assert_eq!(doors.delete(&path).await.status.as_u16(), 204);
    assert_eq!(
        doors.get(&path).await.fault(),
        (404, "OBJECT_NOT_FOUND".to_owned())
    );
    let gone = doors.get(&format!("{path}?archived=True")).await.good();
    assert_eq!(gone["archived"], true);
    assert!(gone["archivedAt"].is_string());
}

#[tokio::test]
async fn an_address_is_one_contact_s_and_the_error_says_whose() {
    let doors = Doors::open().await;
    let id = doors
        .made("contacts", json!({ "email": "ada@example.org" }))
        .await;
    let again = json!({ "properties": { "email": "ada@example.org" } });
    let answer = doors.ask(Method::POST, CONTACTS, again.clone()).await;
    assert_eq!(answer.fault(), (409, "CONFLICT".to_owned()));
    let message = format!("Contact already exists. Existing ID: {id}");
    assert_eq!(answer.json()["message"], message);
    let other = doors
        .made("contacts", json!({ "email": "bob@example.org" }))
        .await;
    let answer = doors
        .ask(Method::PATCH, &format!("{CONTACTS}/{other}"), again)
        .await;
    assert_eq!(answer.json()["message"], message);
    let found = doors
        .get(&format!("{CONTACTS}/ada@example.org?idProperty=email"))
        .await
        .good();
    assert_eq!(found["id"], *id);
    let wrong = doors
        .get(&format!("{CONTACTS}/Ada?idProperty=firstname"))
        .await;
    assert_eq!(wrong.fault().0, 400);
}

#[tokio::test]
async fn a_value_that_does_not_fit_is_refused_and_named() {
    let doors = Doors::open().await;
    let deals = "/crm/v3/objects/deals";
    for (name, value, code) in [
        ("no_such", "1", "PROPERTY_DOESNT_EXIST"),
        ("amount", "much", "INVALID_NUMBER"),
        ("closedate", "soon", "INVALID_DATE"),
        ("dealtype", "whale", "INVALID_OPTION"),
        ("hs_object_id", "7", "READ_ONLY_VALUE"),
    ] {
        let body = json!({ "properties": { "dealname": "x", name: value } });
        let answer = doors.ask(Method::POST, deals, body).await;
        assert_eq!(
            answer.fault(),
            (400, "VALIDATION_ERROR".to_owned()),
            "{name}"
        );
        let error = &answer.json()["errors"][0];
        assert_eq!(error["code"], code, "{name}: {error}");
        assert_eq!(error["context"]["propertyName"], json!([name]));
    }
    assert_eq!(doors.get(deals).await.good()["results"], json!([]));
}

#[tokio::test]
async fn each_input_of_a_batch_fares_by_itself() {
    let doors = Doors::open().await;
    let input = |number: u32, values: Value| json!({ "properties": values, "associations": [], "objectWriteTraceId": format!("t{number}") });
    let inputs = json!({ "inputs": [
        input(0, json!({ "email": "a@example.org" })),
        input(1, json!({ "email": "b@example.org", "no_such": "1" })),
        input(2, json!({ "email": "c@example.org" })),
    ] });
    let path = format!("{CONTACTS}/batch/create");
    let answer = doors.ask(Method::POST, &path, inputs).await;
    assert_eq!(answer.status.as_u16(), 207);
    let body = answer.json();
    assert_eq!(
        (body["status"].as_str(), body["numErrors"].as_u64()),
        (Some("COMPLETE"), Some(1))
    );
    assert_eq!(
        body["errors"][0]["context"]["objectWriteTraceId"],
        json!(["t1"])
    );
    assert_eq!(body["results"][1]["objectWriteTraceId"], "t2");
    let made = ids(&body);

    let read = json!({ "inputs": [{ "id": made[0] }, { "id": "99999" }, { "id": made[1] }],
        "properties": ["email"], "propertiesWithHistory": [] });
    let path = format!("{CONTACTS}/batch/read");
    let answer = doors.ask(Method::POST, &path, read).await;
    assert_eq!(answer.status.as_u16(), 207);
    assert_eq!(ids(&answer.json()), made);
    assert_eq!(
        answer.json()["errors"][0]["context"]["ids"],
        json!(["99999"])
    );

    let upsert = |address: &str| json!({ "inputs": [{ "id": address, "idProperty": "email", "properties": { "city": "Larkfield" } }] });
    let path = format!("{CONTACTS}/batch/upsert");
    for (address, new) in [
        ("a@example.org", false),
        ("d@example.org", true),
        ("d@example.org", false),
    ] {
        let answer = doors.ask(Method::POST, &path, upsert(address)).await.good();
        assert_eq!(answer["results"][0]["new"], new, "{address}");
    }
    let none = doors
        .ask(
            Method::POST,
            &format!("{CONTACTS}/batch/create"),
            json!({ "inputs": [
        input(3, json!({ "email": "a@example.org" })) ] }),
        )
        .await;
    assert_eq!(
        none.fault().0,
        409,
        "a batch in which nothing is done is no success"
    );
    let many: Vec<_> = (0..101)
        .map(|number| json!({ "id": number.to_string() }))
        .collect();
    let path = format!("{CONTACTS}/batch/archive");
    assert_eq!(
        doors
            .ask(Method::POST, &path, json!({ "inputs": many }))
            .await
            .fault()
            .0,
        400
    );
    let all: Vec<_> = made.iter().map(|id| json!({ "id": id })).collect();
    for _ in 0..2 {
        let answer = doors
            .ask(Method::POST, &path, json!({ "inputs": all }))
            .await;
        assert_eq!(answer.status.as_u16(), 204);
    }
}

#[tokio::test]
async fn pages_follow_each_other_to_the_last() {
    let doors = Doors::open().await;
    let mut made = Vec::new();
    for number in 0..5 {
        made.push(
            doors
                .made("companies", json!({ "name": format!("c{number}") }))
                .await,
        );
    }
    let mut found = Vec::new();
    let mut path = "/crm/v3/objects/companies?limit=2&properties=name".to_owned();
    loop {
        let page = doors.get(&path).await.good();
        found.extend(ids(&page));
        match page["paging"]["next"]["link"].as_str() {
            Some(link) => path = link.to_owned(),
            None => {
                assert_eq!(page.get("paging"), None);
                break;
            }
        }
    }
    assert_eq!(found, made);
    for query in [
        "limit=0",
        "limit=101",
        "limit=51&propertiesWithHistory=name",
        "after=x",
        "archived=maybe",
    ] {
        let answer = doors
            .get(&format!("/crm/v3/objects/companies?{query}"))
            .await;
        assert_eq!(answer.fault().0, 400, "{query}");
    }
}

#[tokio::test]
async fn a_search_finds_what_was_written_before_it() {
    let doors = Doors::open().await;
    let search = "/crm/v3/objects/deals/search";
    let filter = |name: &str, operator: &str, value: &str| {
        json!({ "filterGroups": [{ "filters": [
            { "propertyName": name, "operator": operator, "value": value }] }] })
    };
    for number in 0..10 {
        let id = doors
            .made(
                "deals",
                json!({ "dealname": format!("d{number}"), "amount": number }),
            )
            .await;
        let found = doors
            .ask(
                Method::POST,
                search,
                filter("dealname", "EQ", &format!("d{number}")),
            )
            .await;
        assert_eq!(ids(&found.good()), [id]);
    }
    let sorted = |sort: Value| json!({ "sorts": [sort], "limit": 3, "properties": ["amount"] });
    for sort in [
        json!("-amount"),
        json!({ "propertyName": "amount", "direction": "DESCENDING" }),
    ] {
        let page = doors.ask(Method::POST, search, sorted(sort)).await.good();
        let amounts: Vec<_> = page["results"]
            .as_array()
            .expect("results")
            .iter()
            .map(|one| {
                one["properties"]["amount"]
                    .as_str()
                    .expect("text")
                    .to_owned()
            })
            .collect();
        assert_eq!(
            (amounts.as_slice(), &page["total"]),
            (&["9", "8", "7"].map(String::from)[..], &json!(10))
        );
        assert_eq!(page["paging"]["next"]["after"], "3");
    }
    let last = doors
        .ask(Method::POST, search, json!({ "after": 9, "limit": 3 }))
        .await
        .good();
    assert_eq!((ids(&last).len(), last.get("paging")), (1, None));
    for (wrong, code) in [
        (filter("no_such", "EQ", "1"), "PROPERTY_DOESNT_EXIST"),
        (filter("amount", "ROUGHLY", "1"), "INVALID_OPERATOR"),
        (filter("amount", "EQ", "much"), "INVALID_VALUE"),
    ] {
        let answer = doors.ask(Method::POST, search, wrong).await;
        assert_eq!(answer.fault().0, 400);
        assert_eq!(answer.json()["errors"][0]["code"], code);
    }
    let too_many = doors
        .ask(Method::POST, search, json!({ "limit": 201 }))
        .await;
    assert_eq!(too_many.fault().0, 400);
}

#[tokio::test]
async fn records_are_linked_in_both_directions_and_apart_again() {
    let doors = Doors::open().await;
    let contact = doors
        .made("contacts", json!({ "email": "ada@example.org" }))
        .await;
    let company = doors.made("companies", json!({ "name": "Dairy" })).await;
    let deal = json!({ "properties": { "dealname": "Milk" }, "associations": [
        { "to": { "id": contact }, "types": [
            { "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3 }] }] });
    let deal = doors
        .ask(Method::POST, "/crm/v3/objects/deals", deal)
        .await
        .good();
    let deal = deal["id"].as_str().expect("an id");
    let read = doors
        .get(&format!(
            "/crm/v3/objects/deals/{deal}?associations=contacts,unicorns"
        ))
        .await
        .good();
    let linked = &read["associations"]["contacts"]["results"][0];
    assert_eq!(
        (&linked["id"], &linked["type"]),
        (&json!(contact), &json!("deal_to_contact"))
    );

    let pair = format!("/crm/v4/objects/contacts/{contact}/associations/companies/{company}");
    let types = json!([{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279 }]);
    let made = doors.ask(Method::PUT, &pair, types).await;
    assert_eq!(
        (made.status.as_u16(), &made.json()["toObjectId"]),
        (201, &json!(company))
    );
    let back = format!("/crm/v4/objects/companies/{company}/associations/contacts");
    let listed = doors.get(&back).await.good();
    let there = |listed: &Value, kind: u32| {
        let types = listed["results"][0]["associationTypes"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        types.iter().any(|one| one["typeId"] == kind)
    };
    assert!(there(&listed, 280), "{listed}");
    assert_eq!(doors.delete(&pair).await.status.as_u16(), 204);
    assert_eq!(doors.get(&back).await.good()["results"], json!([]));
    let plain =
        format!("/crm/v4/objects/contacts/{contact}/associations/default/companies/{company}");
    let answer = doors.call(Method::PUT, &plain, "").await.good();
    assert_eq!(answer["results"].as_array().map(Vec::len), Some(2));
    let unknown = json!([{ "associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 9_999 }]);
    assert_eq!(doors.ask(Method::PUT, &pair, unknown).await.fault().0, 400);
    let nobody =
        format!("/crm/v4/objects/contacts/987654/associations/default/companies/{company}");
    assert_eq!(doors.call(Method::PUT, &nobody, "").await.fault().0, 404);
}

#[tokio::test]
async fn two_contacts_are_one_and_both_ids_lead_there() {
    let doors = Doors::open().await;
    let left = doors
        .made(
            "contacts",
            json!({ "email": "l@example.org", "firstname": "L" }),
        )
        .await;
    let right = doors
        .made(
            "contacts",
            json!({ "email": "r@example.org", "lastname": "R" }),
        )
        .await;
    let both = json!({ "primaryObjectId": left, "objectIdToMerge": right });
    let path = format!("{CONTACTS}/merge");
    let one = doors.ask(Method::POST, &path, both.clone()).await.good();
    assert_eq!(
        (
            &one["properties"]["firstname"],
            &one["properties"]["lastname"]
        ),
        (&json!("L"), &json!("R"))
    );
    for id in [&left, &right] {
        let read = doors.get(&format!("{CONTACTS}/{id}")).await.good();
        assert_eq!(read["id"], one["id"]);
    }
    let itself = json!({ "primaryObjectId": left, "objectIdToMerge": left });
    assert!([400, 409].contains(&doors.ask(Method::POST, &path, itself).await.fault().0));
    let nobody = json!({ "primaryObjectId": left, "objectIdToMerge": "987654" });
    assert_eq!(doors.ask(Method::POST, &path, nobody).await.fault().0, 404);
}
