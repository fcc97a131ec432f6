//! `/api/v1/tokens` and `/api/v1/sources`: what is taken out of use is refused at once.

use super::{Answer, Doors, SERVER_KEY, TOKEN, WRITE_KEY, put_key};
use crate::{ApiSettings, UnknownKeys};
use axum::body::Body;
use axum::http::Request;
use rapport_core::event::KeyKind;
use serde_json::Value;

/// Doors that say so where a key is not known.
async fn strict() -> Doors {
    let settings = ApiSettings {
        unknown_keys: UnknownKeys::Refuse,
        ..ApiSettings::default()
    };
    Doors::open_with(settings).await
}

async fn listed(doors: &Doors, path: &str) -> Vec<Value> {
    let list = doors.get(path).await.good();
    list["results"].as_array().expect("a list").clone()
}

async fn taken(doors: &Doors, key: &str) -> u16 {
    let headers = [("x-write-key", key)];
    let answer = doors.track_with("/v1/page", &headers, r#"{"userId":"u"}"#);
    answer.await.status.as_u16()
}

async fn with_token(doors: &Doors, token: &str) -> Answer {
    let request =
        Request::get("/api/v1/sources").header("authorization", format!("Bearer {token}"));
    let request = request.body(Body::empty()).expect("a request");
    doors.send(request).await
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_listed_without_secrets_and_revoked_at_once() {
    let doors = strict().await;
    let made = doors
        .post("/api/v1/tokens", r#"{"name":"ci"}"#)
        .await
        .good();
    let secret = made["token"].as_str().expect("a token");
    assert_eq!(with_token(&doors, secret).await.status.as_u16(), 200);
    let answer = doors.get("/api/v1/tokens").await;
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    for kept in [secret, TOKEN, &rapport_flow::keys::hash(secret)] {
        assert!(!text.contains(kept), "{text}");
    }
    let tokens = listed(&doors, "/api/v1/tokens").await;
    assert_eq!(tokens.len(), 2);
    let ci = tokens.iter().find(|token| token["name"] == "ci");
    let ci = ci.expect("it is listed");
    assert_eq!((&ci["id"], &ci["hint"]), (&made["id"], &made["hint"]));
    assert!(secret.ends_with(ci["hint"].as_str().expect("a hint")));

    let path = format!("/api/v1/tokens/{}", made["id"].as_str().expect("an id"));
    assert_eq!(doors.delete(&path).await.status.as_u16(), 204);
    let refused = with_token(&doors, secret).await;
    assert_eq!(refused.error(), (401, "unauthorized".into()));
    assert_eq!(doors.delete(&path).await.error(), (404, "not_found".into()));
    let last = listed(&doors, "/api/v1/tokens").await.remove(0);
    let path = format!("/api/v1/tokens/{}", last["id"].as_str().expect("an id"));
    assert_eq!(doors.delete(&path).await.error(), (409, "conflict".into()));
    assert_eq!(with_token(&doors, TOKEN).await.status.as_u16(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_revoked_by_its_id_or_its_hint_and_refused_at_once() {
    let doors = strict().await;
    let made = doors
        .post("/api/v1/sources/1/keys", r#"{"kind":"browser"}"#)
        .await
        .good();
    let key = made["key"].as_str().expect("a key");
    assert_eq!(taken(&doors, key).await, 200);
    let hint = made["hint"].as_str().expect("a hint");
    let path = format!("/api/v1/sources/1/keys/{hint}");
    assert_eq!(doors.delete(&path).await.status.as_u16(), 204);
    assert_eq!(taken(&doors, key).await, 401);
    assert_eq!(doors.outcome("refused", "unknown_key").await, 1);
    assert_eq!(doors.delete(&path).await.error(), (404, "not_found".into()));

    let source = doors.get("/api/v1/sources/1").await.good();
    let keys = source["keys"].as_array().expect("keys");
    let server = keys.iter().find(|key| key["kind"] == "server");
    let id = server.expect("the server key")["id"]
        .as_str()
        .expect("an id");
    let other = doors.delete(&format!("/api/v1/sources/2/keys/{id}")).await;
    assert_eq!(other.error().0, 404, "of another source");
    let path = format!("/api/v1/sources/1/keys/{id}");
    assert_eq!(doors.delete(&path).await.status.as_u16(), 204);
    assert_eq!(taken(&doors, SERVER_KEY).await, 401);
    assert_eq!(taken(&doors, WRITE_KEY).await, 200);
    let again = put_key(SERVER_KEY, KeyKind::Server);
    let again = doors.rapport.command("configuration", again).await;
    assert!(again.is_err(), "a revoked key cannot be set again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_taken_out_of_use_is_refused_and_can_come_back() {
    let doors = strict().await;
    assert_eq!(taken(&doors, WRITE_KEY).await, 200);
    let path = "/api/v1/sources/1";
    for _ in 0..2 {
        assert_eq!(doors.delete(path).await.status.as_u16(), 204, "twice");
        assert_eq!(taken(&doors, WRITE_KEY).await, 401);
    }
    let shown = doors.get(path).await.good();
    assert_eq!(
        (&shown["disabled"], &shown["name"]),
        (&true.into(), &"Shop".into())
    );
    let counts = doors.get("/api/v1/outcomes?source=1").await.good();
    assert_eq!(counts["accepted"], 1, "what it sent stays");
    let key = doors.post("/api/v1/sources/1/keys", r#"{"kind":"browser"}"#);
    assert_eq!(key.await.error(), (409, "conflict".into()));
    let back = doors.put(path, r#"{"disabled":false}"#).await.good();
    assert_eq!(
        (&back["disabled"], &back["name"]),
        (&false.into(), &"Shop".into())
    );
    assert_eq!(taken(&doors, WRITE_KEY).await, 200);
    assert_eq!(
        doors.put(path, "{}").await.error(),
        (400, "invalid_body".into())
    );
    assert_eq!(doors.delete("/api/v1/sources/9").await.error().0, 404);
}
