//! Classes of attack that need no world: a test named after each.

use crate::tests::signed::{ask, token, with_token};
use crate::tests::{Doors, WRITE_KEY};
use axum::http::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn stored_html_is_text_in_every_answer() {
    let doors = Doors::open().await;
    let payload = "<script>alert(1)</script><svg onload=alert(1)>";
    let names = json!({ "properties": { "email": "ada@example.org", "firstname": payload } });
    let made = doors
        .post("/crm/v3/objects/contacts", &names.to_string())
        .await
        .good();
    let id = made["id"].as_str().expect("an id");
    for path in [
        format!("/crm/v3/objects/contacts/{id}"),
        format!("/api/v1/records/contacts/{id}"),
        format!("/api/v1/records/contacts/{id}/timeline"),
        "/api/v1/profiles/email:ada@example.org".to_owned(),
        // An error says what was asked for.
        "/crm/v3/objects/%3Cscript%3E".to_owned(),
        "/api/v1/records/%3Cscript%3E".to_owned(),
    ] {
        let answer = doors.get(&path).await;
        assert!(
            answer
                .header("content-type")
                .starts_with("application/json"),
            "{path}"
        );
        let text = String::from_utf8_lossy(&answer.body);
        assert!(text.contains("<script>"), "{path} is about it: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn schema_disclosure_what_is_defined_is_told_to_nobody_without_its_scope() {
    let doors = Doors::open().await;
    let other = token(&doors, &["segments.read", "crm.objects.contacts.read"]).await;
    for path in [
        "/crm-object-schemas/v3/schemas",
        "/crm-object-schemas/v3/schemas/contacts",
        "/crm/v3/properties/contacts",
        "/crm/v3/pipelines/deals",
        "/crm/v4/associations/contacts/companies/labels",
    ] {
        let nobody = ask(&doors, Method::GET, path, &[], "").await;
        assert_eq!(nobody.status.as_u16(), 401, "{path}");
        let other = with_token(&doors, &other, Method::GET, path, "").await;
        assert_eq!(other.status.as_u16(), 403, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn path_traversal_no_address_leads_out() {
    let doors = Doors::open().await;
    for climb in [
        "..%2f..%2f..%2fetc%2fpasswd",
        "%2e%2e/%2e%2e/etc/passwd",
        "..%5c..%5cboot.ini",
        "%00",
    ] {
        for door in [
            "/assets/",
            "/analytics-next/bundles/",
            "/api/v1/imports/",
            "/api/v1/lists/",
        ] {
            let path = format!("{door}{climb}");
            let answer = doors.get(&path).await;
            assert!(matches!(answer.status.as_u16(), 400 | 404), "{path}");
            assert!(
                !String::from_utf8_lossy(&answer.body).contains("root:"),
                "{path}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn public_tracking_makes_nobody_the_owner_of_anybody() {
    let doors = Doors::open().await;
    let said = json!({ "properties": { "email": "ada@example.org" } });
    let made = doors
        .post("/crm/v3/objects/contacts", &said.to_string())
        .await
        .good();
    let id = made["id"].as_str().expect("an id");
    let event = json!({ "anonymousId": "a", "traits": { "email": "ada@example.org",
        "hubspot_owner_id": "7", "hubspot_team_id": "1", "hs_object_id": "99",
        "hs_is_closed_won": true, "rapport_user_id": "boss" } });
    let key = [("x-write-key", WRITE_KEY)];
    doors
        .track_with("/v1/identify", &key, event.to_string())
        .await
        .good();
    doors.settle().await;
    let path = format!(
        "/crm/v3/objects/contacts/{id}?properties=hubspot_owner_id,hubspot_team_id,rapport_user_id"
    );
    let read = doors.get(&path).await.good();
    for field in ["hubspot_owner_id", "hubspot_team_id", "rapport_user_id"] {
        assert_eq!(read["properties"][field], Value::Null, "{field}");
    }
    assert_eq!(read["id"], id);
}
