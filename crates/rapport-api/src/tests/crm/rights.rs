//! Rights at this door: what a token or a member may not see is neither shown, found, counted nor told by an error.

use crate::tests::signed::{member, token, with_token};
use crate::tests::{Answer, Doors};
use axum::http::Method;
use serde_json::{Value, json};

const CONTACTS: &str = "/crm/v3/objects/contacts";

/// A token of a member who sees own contacts only, and nothing of their phone numbers.
async fn of_member(doors: &Doors) -> (String, u64) {
    let role = json!({
        "scopes": ["crm.schemas.read"],
        "objects": { "contacts": {
            "levels": { "view": "own", "edit": "own", "create": "own" },
            "fields": { "mobilephone": "masked", "jobtitle": "hidden", "city": "read" } } },
        "other_objects": { "levels": { "view": "all" } },
    });
    doors
        .put("/api/v1/roles/rep", &role.to_string())
        .await
        .good();
    let rep = member(doors, "rep@example.org", "rep").await;
    let body = json!({ "name": "rep", "scopes": ["crm.objects.write", "crm.schemas.read"], "member": rep });
    let made = doors.post("/api/v1/tokens", &body.to_string()).await.good();
    (made["token"].as_str().expect("a token").to_owned(), rep)
}

struct Rep<'a> {
    doors: &'a Doors,
    token: String,
}

impl Rep<'_> {
    async fn ask(&self, method: Method, path: &str, body: Value) -> Answer {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        with_token(self.doors, &self.token, method, path, &body).await
    }

    async fn found(&self, body: Value) -> Vec<String> {
        let path = format!("{CONTACTS}/search");
        let page = self.ask(Method::POST, &path, body).await.good();
        let results = page["results"].as_array().expect("results");
        assert_eq!(page["total"], results.len());
        results
            .iter()
            .map(|one| one["id"].as_str().expect("an id").to_owned())
            .collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_another_s_is_not_there() {
    let doors = Doors::open().await;
    let (token, rep) = of_member(&doors).await;
    let rep_doors = Rep {
        doors: &doors,
        token,
    };
    let owned = |email: &str, owner: u64| json!({ "email": email, "hubspot_owner_id": owner, "mobilephone": "0123", "jobtitle": "CEO", "city": "X" });
    let mine = doors.made("contacts", owned("mine@example.org", rep)).await;
    let other = doors
        .made("contacts", owned("other@example.org", 4_711))
        .await;
    let one = |id: &str| format!("{CONTACTS}/{id}");
    let read = rep_doors
        .ask(
            Method::GET,
            &format!("{}?properties=mobilephone,jobtitle,city", one(&mine)),
            Value::Null,
        )
        .await
        .good();
    assert_eq!(read["properties"]["mobilephone"], "********");
    assert_eq!(read["properties"]["jobtitle"], Value::Null);
    assert_eq!(read["properties"]["city"], "X");
    for (method, body) in [
        (Method::GET, Value::Null),
        (Method::PATCH, json!({ "properties": { "lastname": "x" } })),
        (Method::DELETE, Value::Null),
    ] {
        let hidden = rep_doors
            .ask(method.clone(), &one(&other), body.clone())
            .await;
        let nobody = rep_doors.ask(method.clone(), &one("987654"), body).await;
        assert_eq!(hidden.fault().0, 404, "{method}");
        assert_eq!(hidden.fault(), nobody.fault(), "{method}");
    }
    assert_eq!(
        rep_doors.found(json!({})).await,
        std::slice::from_ref(&mine)
    );
    let list = rep_doors
        .ask(Method::GET, CONTACTS, Value::Null)
        .await
        .good();
    assert_eq!(list["results"].as_array().map(Vec::len), Some(1));
    let batch = json!({ "inputs": [{ "id": mine }, { "id": other }], "properties": [], "propertiesWithHistory": [] });
    let batch = rep_doors
        .ask(Method::POST, &format!("{CONTACTS}/batch/read"), batch)
        .await;
    assert_eq!(
        (
            batch.status.as_u16(),
            &batch.json()["errors"][0]["context"]["ids"]
        ),
        (207, &json!([other]))
    );
    let merge = json!({ "primaryObjectId": mine, "objectIdToMerge": other });
    assert_eq!(
        rep_doors
            .ask(Method::POST, &format!("{CONTACTS}/merge"), merge)
            .await
            .fault()
            .0,
        404
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_masked_is_not_told_by_what_is_found_or_written() {
    let doors = Doors::open().await;
    let (token, rep) = of_member(&doors).await;
    let rep_doors = Rep {
        doors: &doors,
        token,
    };
    let values =
        json!({ "email": "mine@example.org", "hubspot_owner_id": rep, "mobilephone": "0123" });
    let mine = doors.made("contacts", values).await;
    let search = format!("{CONTACTS}/search");
    for body in [
        json!({ "filterGroups": [{ "filters": [
            { "propertyName": "mobilephone", "operator": "EQ", "value": "0123" }] }] }),
        json!({ "sorts": ["-mobilephone"] }),
    ] {
        assert_eq!(
            rep_doors
                .ask(Method::POST, &search, body.clone())
                .await
                .fault()
                .0,
            403,
            "{body}"
        );
    }
    let history = format!("{CONTACTS}/{mine}?propertiesWithHistory=mobilephone");
    let read = rep_doors
        .ask(Method::GET, &history, Value::Null)
        .await
        .good();
    assert_eq!(read["propertiesWithHistory"], json!({}));
    let (forbidden, unknown) = ((403, "MISSING_SCOPES"), (400, "VALIDATION_ERROR"));
    for (property, expected) in [
        ("mobilephone", forbidden),
        ("city", forbidden),
        // What is hidden is not there.
        ("jobtitle", unknown),
    ] {
        let change = json!({ "properties": { property: "x" } });
        let answer = rep_doors
            .ask(Method::PATCH, &format!("{CONTACTS}/{mine}"), change)
            .await;
        let (status, category) = expected;
        assert_eq!(answer.fault(), (status, category.to_owned()), "{property}");
    }
    let given_away = json!({ "properties": { "hubspot_owner_id": "4711" } });
    let answer = rep_doors
        .ask(Method::PATCH, &format!("{CONTACTS}/{mine}"), given_away)
        .await;
    assert_eq!(answer.fault().0, 403);
    let native = "/api/v1/records/contacts/board?by=mobilephone";
    assert_eq!(
        rep_doors
            .ask(Method::GET, native, Value::Null)
            .await
            .error()
            .0,
        403
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_what_its_scopes_say() {
    let doors = Doors::open().await;
    doors
        .made("contacts", json!({ "email": "ada@example.org" }))
        .await;
    let reader = token(&doors, &["crm.objects.contacts.read"]).await;
    let ask = |method: Method, path: &'static str, body: &'static str| {
        let (doors, reader) = (&doors, &reader);
        async move { with_token(doors, reader, method, path, body).await }
    };
    ask(Method::GET, CONTACTS, "").await.good();
    let refused = [
        (
            Method::POST,
            CONTACTS,
            r#"{"properties": {"email": "x@example.org"}}"#,
        ),
        (Method::GET, "/crm/v3/objects/deals", ""),
        (Method::POST, "/crm/v3/objects/deals/search", "{}"),
        (Method::GET, "/crm/v3/properties/contacts", ""),
        (Method::GET, "/crm/v3/lists", ""),
        (Method::GET, "/crm/v3/owners", ""),
        (
            Method::POST,
            "/events/v3/send",
            r#"{"eventName": "x", "email": "ada@example.org"}"#,
        ),
        (Method::GET, "/crm-object-schemas/v3/schemas", ""),
    ];
    for (method, path, body) in refused {
        let answer = ask(method.clone(), path, body).await;
        assert_eq!(
            answer.fault(),
            (403, "MISSING_SCOPES".to_owned()),
            "{method} {path}"
        );
        let scopes = &answer.json()["context"]["requiredGranularScopes"];
        assert_eq!(scopes.as_array().map(Vec::len), Some(1), "{path}: {scopes}");
    }
}
