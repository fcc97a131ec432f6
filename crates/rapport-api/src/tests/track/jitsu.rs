//! Jitsu's SDK at the door.

use super::preflighted;
use crate::tests::{Doors, SERVER_KEY, WRITE_KEY};
use serde_json::json;

const TRACK: &str = r#"{"type":"track","event":"E","anonymousId":"a","userId":null,"writeKey":"x:***","messageId":"m-0"}"#;

#[tokio::test(flavor = "multi_thread")]
async fn every_address_takes_events_under_either_form_of_key() {
    let doors = Doors::open().await;
    let with_secret = format!("{WRITE_KEY}:secret");
    let mut sent = 0;
    for type_ in [
        "page", "identify", "track", "group", "alias", "screen", "event",
    ] {
        for (prefix, key) in [("/api/s", with_secret.as_str()), ("/api/s/s2s", SERVER_KEY)] {
            sent += 1;
            let body = format!(
                r#"{{"userId":"u","previousId":"p","groupId":"g","event":"E","messageId":"m-{sent}"}}"#
            );
            let answer = doors
                .track_with(&format!("{prefix}/{type_}"), &[("x-write-key", key)], body)
                .await;
            assert_eq!(answer.good(), json!({ "ok": true }), "{prefix}/{type_}");
        }
    }
    let batch = format!(r#"{{"batch":[{TRACK}]}}"#);
    let answer = doors.track("/api/s/s2s/batch", batch).await;
    assert_eq!(answer.good(), json!({ "ok": true }));
    assert_eq!(doors.outcome("accepted", "").await, sent + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_are_told_of_errors_with_200_and_servers_with_4xx() {
    let doors = Doors::open().await;
    let headers = [("x-write-key", "other")];
    for (path, body, status) in [
        ("/api/s/track", TRACK, 200),
        ("/api/s/s2s/track", TRACK, 401),
        ("/api/s/track", "{", 200),
        ("/api/s/s2s/track", "{", 400),
    ] {
        let answer = doors.track_with(path, &headers, body).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        assert_eq!(answer.json()["ok"], false);
        assert!(answer.json()["error"].is_string());
    }
    let large = format!(r#"{{"a":"{}"}}"#, "x".repeat(1024 * 1024));
    let answer = doors.track("/api/s/s2s/track", large).await;
    assert_eq!(answer.status.as_u16(), 413);
    assert_eq!(doors.rapport.last_request(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_kept_as_the_policy_lets_it_be() {
    let doors = Doors::open().await;
    for (policy, user, expected) in [
        ("keep", "k", json!("203.0.113.9")),
        ("stripLastOctet", "s", json!("203.0.113.0")),
        ("remove", "r", json!(null)),
    ] {
        let body = format!(r#"{{"type":"page","userId":"{user}","messageId":"{user}"}}"#);
        let headers = [("x-write-key", WRITE_KEY), ("x-ip-policy", policy)];
        doors.track_with("/api/s/page", &headers, body).await.good();
        doors.settle().await;
        let timeline = doors
            .get(&format!("/api/v1/profiles/user_id:{user}/timeline"))
            .await
            .good();
        assert_eq!(
            timeline["results"][0]["context"]["ip"], expected,
            "{policy}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn its_preflights_are_allowed() {
    let doors = Doors::open().await;
    preflighted(
        &doors,
        "/api/s/track",
        "content-type,x-enable-debug,x-write-key",
    )
    .await;
    preflighted(
        &doors,
        "/api/s/page",
        "content-type,x-enable-debug,x-ip-policy,x-write-key",
    )
    .await;
}
