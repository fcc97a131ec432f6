//! A strict source is told at once what is wrong.

use crate::tests::{Doors, SERVER_KEY};
use serde_json::json;

const GOOD: &str =
    r#"{"type":"track","event":"E","userId":"u","channel":"server","messageId":"good"}"#;
const BAD: &str = r#"{"type":"track","userId":"u","channel":"server","messageId":"bad"}"#;

async fn strict() -> Doors {
    let doors = Doors::open().await;
    let shown = doors
        .put("/api/v1/sources/1", r#"{"strict":true}"#)
        .await
        .good();
    assert_eq!(
        (&shown["strict"], &shown["name"]),
        (&json!(true), &json!("Shop"))
    );
    doors
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_event_is_refused_with_its_code() {
    let doors = strict().await;
    for (path, body, code) in [
        ("/v1/track", BAD.to_owned(), "missing_event_name"),
        ("/v1/track", r#"{"event":"E"}"#.into(), "missing_id"),
        ("/v1/group", r#"{"userId":"u"}"#.into(), "missing_group_id"),
        ("/v1/batch", r#"{"batch":[]}"#.into(), "empty_batch"),
        (
            "/v1/batch",
            r#"{"batch":[{"userId":"u"}]}"#.into(),
            "missing_type",
        ),
        (
            "/v1/batch",
            r#"{"batch":[{"userId":"u","type":"dance"}]}"#.into(),
            "unknown_type",
        ),
        (
            "/v1/batch",
            format!("{{\"batch\":[{}]}}", vec!["{}"; 2_501].join(",")),
            "too_many_events",
        ),
    ] {
        let before = doors.outcome("refused", code).await;
        let answer = doors.track(path, body).await;
        assert_eq!(answer.status.as_u16(), 400, "{code}");
        let error = answer.json();
        assert_eq!(
            (&error["success"], &error["code"]),
            (&json!(false), &json!(code))
        );
        assert!(
            error["message"]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        );
        assert_eq!(doors.outcome("refused", code).await, before + 1, "{code}");
    }
    assert_eq!(doors.rapport.last_request(), 0, "nothing is kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_with_one_bad_event_is_refused_whole_and_says_which() {
    let doors = strict().await;
    let answer = doors
        .track("/v1/batch", format!(r#"{{"batch":[{GOOD},{BAD}]}}"#))
        .await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["index"]),
        (400, &json!(1))
    );
    assert_eq!(doors.rapport.last_request(), 0);
    let answer = doors
        .track("/v1/batch", format!(r#"{{"batch":[{GOOD}]}}"#))
        .await;
    assert_eq!(answer.good(), json!({ "success": true }));
    assert_eq!(doors.outcome("accepted", "").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_dialect_says_it_in_its_own_shape() {
    let doors = strict().await;
    let batch = format!(r#"{{"batch":[{GOOD},{BAD}]}}"#);
    let of_rudder = [("x-write-key", SERVER_KEY), ("anonymousid", "YQ==")];
    let rudder = doors
        .track_with("/v1/batch", &of_rudder, batch.clone())
        .await;
    assert_eq!(rudder.status.as_u16(), 400);
    assert!(String::from_utf8_lossy(&rudder.body).starts_with("missing_event_name: event 1"));
    for path in ["/api/s/s2s/batch", "/api/s/track"] {
        let body = if path.ends_with("batch") {
            batch.as_str()
        } else {
            BAD
        };
        let jitsu = doors.track(path, body.to_owned()).await;
        assert_eq!(
            (jitsu.status.as_u16(), &jitsu.json()["ok"]),
            (400, &json!(false))
        );
    }
    let body = format!(r#"{{"api_key":"{SERVER_KEY}","batch":[{{"event":"E"}}]}}"#);
    let posthog = doors.track_with("/batch/", &[], body).await;
    let error = posthog.json();
    assert_eq!(
        (posthog.status.as_u16(), &error["code"]),
        (400, &json!("missing_id"))
    );
    assert_eq!(error["attr"], "batch.0");
    assert_eq!(doors.rapport.last_request(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_is_made_strict_or_changed_back_is_so_at_once() {
    let doors = strict().await;
    let made = doors
        .post("/api/v1/sources", r#"{"name":"App","strict":true}"#)
        .await
        .good();
    assert_eq!(made["strict"], true);
    doors
        .put("/api/v1/sources/1", r#"{"name":"Store"}"#)
        .await
        .good();
    assert_eq!(doors.track("/v1/track", BAD).await.status.as_u16(), 400);
    let shown = doors
        .put("/api/v1/sources/1", r#"{"strict":false}"#)
        .await
        .good();
    assert_eq!(
        (&shown["strict"], &shown["name"]),
        (&json!(false), &json!("Store"))
    );
    assert_eq!(doors.track("/v1/track", BAD).await.status.as_u16(), 200);
    assert_eq!(doors.outcome("invalid", "missing_event_name").await, 1);
}
