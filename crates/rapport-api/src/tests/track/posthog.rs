//! PostHog's SDKs at the door.

use super::{gzip, preflighted};
use crate::tests::{Answer, Doors, SERVER_KEY, WRITE_KEY};
use base64::Engine as _;
use rapport_store::memory::{Call, Fault};
use serde_json::json;

fn event(id: &str) -> String {
    format!(r#"{{"event":"E","distinct_id":"u","properties":{{}},"uuid":"{id}"}}"#)
}

fn batch(id: &str) -> String {
    format!(
        r#"{{"api_key":"{SERVER_KEY}","batch":[{}],"sent_at":"2026-01-01T00:00:00Z"}}"#,
        event(id)
    )
}

#[track_caller]
fn taken(answer: &Answer) {
    assert_eq!(answer.good(), json!({ "status": 1 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_address_and_packing_takes_events() {
    let doors = Doors::open().await;
    for (n, path) in ["/batch/", "/batch", "/i/v0/ai/batch/"].iter().enumerate() {
        taken(&doors.track_with(path, &[], batch(&format!("b-{n}"))).await);
        let zipped = gzip(&batch(&format!("z-{n}")));
        let headers = [
            ("content-encoding", "gzip"),
            ("user-agent", "posthog-node/5"),
        ];
        taken(&doors.track_with(path, &headers, zipped).await);
    }
    let single = |id: &str| {
        format!(
            r#"{{"event":"E","properties":{{"distinct_id":"u","token":"{WRITE_KEY}"}},"uuid":"{id}"}}"#
        )
    };
    for (n, path) in ["/e/", "/i/v0/e/", "/capture/", "/track/", "/engage/"]
        .iter()
        .enumerate()
    {
        let encode = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        let form = |id: &str| format!("data={}", encode(&single(id)).replace('+', "%2B"));
        let list = format!("[{}]", single(&format!("l-{n}")));
        taken(&doors.track_with(path, &[], single(&format!("s-{n}"))).await);
        taken(&doors.track_with(path, &[], list).await);
        let packed = format!("{path}?compression=gzip-js&_=1");
        taken(
            &doors
                .track_with(&packed, &[], gzip(&single(&format!("g-{n}"))))
                .await,
        );
        let packed = format!("{path}?compression=base64");
        taken(
            &doors
                .track_with(&packed, &[], form(&format!("f-{n}")))
                .await,
        );
        taken(
            &doors
                .fetch(&format!("{path}?{}", form(&format!("q-{n}"))), &[])
                .await,
        );
    }
    assert_eq!(doors.outcome("accepted", "").await, 6 + 25);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_address_is_answered_by_what_was_sent() {
    let doors = Doors::open().await;
    let page = r#"{"batch":[{"type":"page","userId":"u","messageId":"m"}]}"#;
    let answer = doors.track("/batch", page).await;
    assert_eq!(&answer.body[..], br#"{"success":true}"#);
    let keyed = page.replace(
        "{\"batch\"",
        &format!("{{\"writeKey\":\"{WRITE_KEY}\",\"batch\""),
    );
    let answer = doors.track_with("/batch/", &[], keyed).await;
    assert_eq!(&answer.body[..], br#"{"success":true}"#);
    assert_eq!(doors.outcome("accepted", "").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_have_its_shape_and_what_is_too_large_is_413() {
    let doors = Doors::open().await;
    let many = format!(
        r#"{{"api_key":"{SERVER_KEY}","batch":[{}]}}"#,
        vec!["{}"; 2_501].join(",")
    );
    let large = format!(
        r#"{{"api_key":"{SERVER_KEY}","event":"E","a":"{}"}}"#,
        "x".repeat(1024 * 1024)
    );
    let deep = format!(
        r#"{{"api_key":"{SERVER_KEY}","a":{}{}}}"#,
        "[".repeat(5_000),
        "]".repeat(5_000)
    );
    let bomb = gzip(&" ".repeat(21 << 20));
    let agent = [("user-agent", "posthog-python/7")];
    let cases: Vec<(&str, Vec<u8>, u16, &str)> = vec![
        (
            "/batch/",
            batch("m").replace(SERVER_KEY, "other").into(),
            401,
            "unknown_key",
        ),
        ("/e/", b"{".to_vec(), 400, "invalid_json"),
        ("/e/", deep.into(), 400, "too_deep"),
        ("/e/", b"data=!!!".to_vec(), 400, "invalid_packing"),
        ("/batch/", many.into(), 413, "too_many_events"),
        ("/e/", large.into(), 413, "event_too_large"),
        ("/e/", vec![b' '; (2 << 20) + 1], 413, "body_too_large"),
        ("/batch/", vec![b' '; (20 << 20) + 1], 413, "body_too_large"),
        ("/batch/", bomb, 413, "body_too_large"),
    ];
    for (path, body, status, code) in cases {
        let answer = doors.track_with(path, &agent, body).await;
        assert_eq!(answer.status.as_u16(), status, "{code}");
        let error = answer.json();
        assert_eq!(error["code"], code);
        assert!(error["detail"].is_string() && error["type"].is_string());
    }
    assert_eq!(doors.rapport.last_request(), 0);
    doors.memory.faults.inject(Call::Append, 1, Fault::Full);
    let busy = doors.track_with("/batch/", &agent, batch("m")).await;
    assert_eq!(busy.status.as_u16(), 503);
    assert!(!busy.header("retry-after").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_may_have_20_mb_and_not_a_byte_more() {
    let doors = Doors::open().await;
    let sized = |bytes: usize| batch("m") + &" ".repeat(bytes - batch("m").len());
    taken(&doors.track_with("/batch/", &[], sized(20 << 20)).await);
    taken(
        &doors
            .track_with("/batch/", &[], gzip(&sized(20 << 20)))
            .await,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_sdks_fetch_says_that_there_are_no_flags_and_no_recordings() {
    let doors = Doors::open().await;
    let origin = [("origin", "https://shop.example")];
    let config = doors
        .fetch(&format!("/array/{WRITE_KEY}/config"), &origin)
        .await;
    assert_eq!(config.good()["sessionRecording"], false);
    assert_eq!(
        config.header("access-control-allow-origin"),
        "https://shop.example"
    );
    let script = doors
        .fetch(&format!("/array/{WRITE_KEY}/config.js"), &origin)
        .await;
    assert!(String::from_utf8_lossy(&script.body).contains("_POSTHOG_REMOTE_CONFIG"));
    assert_eq!(
        doors
            .fetch("/array/other/config", &origin)
            .await
            .status
            .as_u16(),
        401
    );
    for path in ["/flags/?v=2", "/flags/?v=4", "/decide/?v=3"] {
        let asked = format!(r#"{{"token":"{WRITE_KEY}","distinct_id":"u"}}"#);
        let answer = doors.track_with(path, &origin, asked).await.good();
        assert_eq!(
            (&answer["flags"], &answer["featureFlags"]),
            (&json!({}), &json!({}))
        );
        assert_eq!(answer["errorsWhileComputingFlags"], false);
        let unknown = doors
            .track_with(path, &origin, r#"{"token":"other"}"#)
            .await;
        assert_eq!(unknown.status.as_u16(), 401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_item_is_sent_again_in_its_own_dialect() {
    let doors = Doors::open().await;
    let body = format!(r#"{{"api_key":"{SERVER_KEY}","batch":[{{"event":"E","uuid":"m"}}]}}"#);
    taken(&doors.track_with("/batch/", &[], body).await);
    assert_eq!(doors.outcome("invalid", "missing_id").await, 1);
    let rejected = doors.get("/api/v1/rejected").await.good();
    let id = rejected["results"][0]["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let path = format!("/api/v1/rejected/{id}/redrive");
    let sent = doors.post(&path, &event("m")).await;
    assert_eq!(sent.status.as_u16(), 202);
    assert_eq!(doors.outcome("accepted", "").await, 1);
    doors.get("/api/v1/profiles/user_id:u").await.good();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_company_is_described_by_a_server_that_names_nobody() {
    let doors = Doors::open().await;
    let body = format!(
        r#"{{"api_key":"{SERVER_KEY}","batch":[{{"event":"$groupidentify","distinct_id":"$company_acme","uuid":"m",
        "properties":{{"$group_type":"company","$group_key":"acme","$group_set":{{"name":"Acme"}}}}}}]}}"#
    );
    taken(&doors.track_with("/batch/", &[], body).await);
    assert_eq!(doors.outcome("accepted", "").await, 1);
    let company = doors.get("/api/v1/companies/acme").await.good();
    assert_eq!(company["attributes"]["name"], "Acme");
}

#[tokio::test(flavor = "multi_thread")]
async fn its_preflights_are_allowed() {
    let doors = Doors::open().await;
    for path in ["/batch/", "/e/", "/i/v0/e/", "/flags/"] {
        preflighted(&doors, path, "content-type").await;
    }
}
