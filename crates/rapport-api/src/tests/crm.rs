//! The HubSpot-compatible API at the door: spellings, codes, errors, and what a client must never see.

use super::{Answer, Doors, TOKEN};
use crate::{ApiSettings, ReadLimits};
use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};

mod definitions;
mod lists;
mod records;
mod rights;
mod subscriptions;

impl Answer {
    /// Status and category of an error, whose shape is checked.
    #[track_caller]
    fn fault(&self) -> (u16, String) {
        let body = self.json();
        assert_eq!(body["status"], "error", "{body}");
        let id = body["correlationId"].as_str().unwrap_or_default();
        assert_eq!(id.len(), 36, "{body}");
        assert_eq!(self.headers["x-hubspot-correlation-id"], id);
        let message = body["message"].as_str().unwrap_or_default();
        assert!(!message.is_empty(), "{body}");
        let category = body["category"].as_str().unwrap_or_default();
        (self.status.as_u16(), category.to_owned())
    }
}

impl Doors {
    /// A call with a body.
    async fn ask(&self, method: Method, path: &str, body: Value) -> Answer {
        self.call(method, path, body.to_string()).await
    }

    /// A record that is made; its id.
    async fn made(&self, object: &str, properties: Value) -> String {
        let path = format!("/crm/v3/objects/{object}");
        let body = json!({ "properties": properties });
        let answer = self.ask(Method::POST, &path, body).await;
        assert_eq!(answer.status.as_u16(), 201, "{}", answer.json());
        answer.json()["id"].as_str().expect("an id").to_owned()
    }
}

#[tokio::test]
async fn nobody_comes_in_without_a_token() {
    let doors = Doors::open().await;
    for headers in [
        &[][..],
        &[("authorization", "Bearer no")],
        &[("authorization", "Basic x")],
    ] {
        let answer = doors.fetch("/crm/v3/objects/contacts", headers).await;
        assert_eq!(
            answer.fault(),
            (401, "INVALID_AUTHENTICATION".to_owned()),
            "{headers:?}"
        );
    }
}

#[tokio::test]
async fn every_spelling_of_an_address_answers_the_same() {
    let doors = Doors::open().await;
    let id = doors
        .made("contacts", json!({ "email": "ada@example.org" }))
        .await;
    let mut answers = Vec::new();
    for base in [
        "/crm/v3/objects",
        "/crm/objects/2026-03",
        "/crm/objects/2026-09",
    ] {
        for object in ["contacts", "contact", "CONTACT", "0-1"] {
            for slash in ["", "/"] {
                let path = format!("{base}/{object}/{id}{slash}?properties=email");
                answers.push(doors.get(&path).await.good());
            }
        }
    }
    assert!(
        answers.windows(2).all(|pair| pair[0] == pair[1]),
        "{answers:?}"
    );
}

#[tokio::test]
async fn what_is_not_there_is_told_in_the_dialect_s_shape() {
    let doors = Doors::open().await;
    let answer = doors.get("/crm/v3/unheard/of").await;
    assert_eq!(answer.fault(), (404, "OBJECT_NOT_FOUND".to_owned()));
    let answer = doors
        .call(Method::PUT, "/crm/v3/objects/contacts", "{}")
        .await;
    assert_eq!(answer.fault(), (405, "METHOD_NOT_ALLOWED".to_owned()));
    let answer = doors.get("/crm/v3/objects/unicorns").await;
    assert_eq!(answer.fault(), (400, "VALIDATION_ERROR".to_owned()));
    // Others keep theirs.
    assert_eq!(doors.get("/api/v1/unheard").await.error().0, 404);
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_told_where_it_is_wrong() {
    let doors = Doors::open().await;
    for body in [
        "{",
        "[]",
        "7",
        r#"{"properties": {"email": ["x"]}}"#,
        r#"{"properties": 7}"#,
    ] {
        let answer = doors.post("/crm/v3/objects/contacts", body).await;
        assert_eq!(
            answer.fault(),
            (400, "VALIDATION_ERROR".to_owned()),
            "{body}"
        );
    }
    assert_eq!(
        doors.get("/crm/v3/objects/contacts").await.good()["results"],
        json!([])
    );
}

#[tokio::test]
async fn a_limit_is_told_and_kept_in_the_words_that_clients_wait_for() {
    let reads = ReadLimits {
        crm_per_ten_seconds: 2,
        crm_searches_per_second: 1,
        ..ReadLimits::default()
    };
    let settings = ApiSettings {
        reads,
        ..ApiSettings::default()
    };
    let doors = Doors::open_with(settings).await;
    let contacts = "/crm/v3/objects/contacts";
    for left in ["1", "0"] {
        let answer = doors.get(contacts).await;
        answer.good();
        assert_eq!(answer.header("x-hubspot-ratelimit-max"), "2");
        assert_eq!(answer.header("x-hubspot-ratelimit-remaining"), left);
        assert_eq!(
            answer.header("x-hubspot-ratelimit-interval-milliseconds"),
            "10000"
        );
    }
    let answer = doors.get(contacts).await;
    assert_eq!(answer.fault(), (429, "RATE_LIMITS".to_owned()));
    assert_eq!(answer.json()["policyName"], "TEN_SECONDLY_ROLLING");
    assert_eq!(answer.header("retry-after"), "10");
    let search = format!("{contacts}/search");
    let answers = [
        doors.post(&search, "{}").await,
        doors.post(&search, "{}").await,
    ];
    let refused = answers.iter().find(|answer| answer.status.as_u16() == 429);
    if let Some(refused) = refused {
        assert_eq!(
            refused.json()["message"],
            "You have reached your secondly limit."
        );
    }
    assert_eq!(answers[0].header("x-hubspot-ratelimit-max"), "");
}

#[tokio::test]
async fn a_token_says_what_it_is_and_an_unknown_one_nothing() {
    let doors = Doors::open().await;
    let info = doors
        .fetch(&format!("/oauth/v1/access-tokens/{TOKEN}"), &[])
        .await
        .good();
    assert_eq!(info["user"], "tests");
    let wanted = json!({ "tokenKey": TOKEN }).to_string();
    let path = "/oauth/v2/private-apps/get/access-token-info";
    let app = doors.track_with(path, &[], wanted).await.good();
    assert_eq!(app["userId"], info["user_id"]);
    let answer = doors.fetch("/oauth/v1/access-tokens/nonsense", &[]).await;
    assert_eq!(answer.fault().0, 404);
    let owner = format!("/crm/v3/owners/{}?idProperty=userId", info["user_id"]);
    assert_eq!(doors.get(&owner).await.good()["firstName"], "tests");
    assert_eq!(
        doors.get("/account-info/v3/details").await.good()["timeZone"],
        "UTC"
    );
}

#[tokio::test]
async fn events_are_taken_whole_or_not_at_all() {
    let doors = Doors::open().await;
    let contact = doors
        .made("contacts", json!({ "email": "ada@example.org" }))
        .await;
    let send = "/events/v3/send";
    let tasted = json!({ "eventName": "tasted", "email": "ada@example.org", "uuid": "1",
        "occurredAt": "2026-11-01T10:00:00.000Z", "properties": { "cheese": "brie" } });
    let taken = doors.ask(Method::POST, send, tasted.clone()).await;
    assert_eq!(taken.status.as_u16(), 204, "{:?}", taken.json());
    let nobody = json!({ "eventName": "lost", "properties": {} });
    for (wrong, code) in [
        (nobody.clone(), 400),
        (json!({ "eventName": "", "email": "ada@example.org" }), 400),
        (
            json!({ "eventName": "x", "email": "ada@example.org", "occurredAt": "soon" }),
            400,
        ),
        (json!({ "eventName": "x", "objectId": "999999" }), 404),
    ] {
        assert_eq!(
            doors.ask(Method::POST, send, wrong.clone()).await.fault().0,
            code,
            "{wrong}"
        );
    }
    let bought = json!({ "eventName": "bought", "objectId": contact });
    let batch = |inputs: Value| json!({ "inputs": inputs });
    let half = batch(json!([bought, nobody]));
    let path = "/events/v3/send/batch";
    assert_eq!(doors.ask(Method::POST, path, half).await.fault().0, 400);
    let whole = batch(json!([bought, tasted]));
    assert_eq!(
        doors.ask(Method::POST, path, whole).await.status.as_u16(),
        204
    );
    doors.settle().await;
    let timeline = doors
        .get("/api/v1/profiles/email:ada@example.org/timeline")
        .await
        .good();
    let mut names: Vec<_> = timeline["results"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|entry| entry["event"].as_str())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["bought", "tasted"]);
}

#[tokio::test]
async fn forgetting_somebody_is_not_pretended() {
    let doors = Doors::open().await;
    let id = doors
        .made("contacts", json!({ "email": "ada@example.org" }))
        .await;
    let body = json!({ "objectId": id });
    let answer = doors
        .ask(Method::POST, "/crm/v3/objects/contacts/gdpr-delete", body)
        .await;
    assert_eq!(answer.fault(), (501, "NOT_IMPLEMENTED".to_owned()));
    doors
        .get(&format!("/crm/v3/objects/contacts/{id}"))
        .await
        .good();
}

/// A request as a browser of another site would send it.
#[tokio::test]
async fn no_page_of_another_site_may_read_an_answer() {
    let doors = Doors::open().await;
    let request = Request::get("/crm/v3/objects/contacts")
        .header("authorization", format!("Bearer {TOKEN}"))
        .header("origin", "https://elsewhere.example");
    let answer = doors
        .send(request.body(Body::empty()).expect("a request"))
        .await;
    assert_eq!(answer.header("access-control-allow-origin"), "");
    assert_eq!(answer.header("cache-control"), "no-store");
}
