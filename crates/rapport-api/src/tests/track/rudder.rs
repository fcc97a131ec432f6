//! RudderStack's SDKs at the door.

use super::{gzip, preflighted};
use crate::tests::{Doors, SERVER_KEY, WRITE_KEY};
use base64::Engine as _;

const EVENT: &str =
    r#"{"type":"track","event":"E","userId":"u","channel":"server","messageId":"m-1"}"#;

fn basic(key: &str) -> String {
    let encoded = base64::engine::general_purpose::STANDARD.encode(format!("{key}:"));
    format!("Basic {encoded}")
}

#[tokio::test(flavor = "multi_thread")]
async fn its_sdks_are_told_ok_on_the_addresses_they_share_with_segment_s() {
    let doors = Doors::open().await;
    let key = basic(SERVER_KEY);
    let batch = format!(r#"{{"batch":[{EVENT}]}}"#);
    let of_node = [
        ("authorization", key.as_str()),
        ("user-agent", "analytics-node/3.0.13"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("content-encoding", "gzip"),
    ];
    let answer = doors.track_with("/v1/batch", &of_node, gzip(&batch)).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.body[..]),
        (200, &b"ok"[..])
    );
    let of_browser = [
        ("authorization", key.as_str()),
        ("anonymousid", "YQ=="),
        ("sentat", "2026-01-01T00:00:00Z"),
    ];
    let answer = doors.track_with("/v1/track", &of_browser, EVENT).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.body[..]),
        (200, &b"ok"[..])
    );
    assert_eq!(doors.outcome("accepted", "").await, 1);
    assert_eq!(doors.outcome("duplicate", "").await, 1);
    // Segment's older SDKs have the same name, and no channel.
    let of_segment = EVENT.replace("channel", "version");
    let answer = doors
        .track_with("/v1/track", &of_node[..2], of_segment)
        .await;
    assert_eq!(&answer.body[..], br#"{"success":true}"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_plain_text_with_its_statuses() {
    let doors = Doors::open().await;
    let key = basic(SERVER_KEY);
    let headers = [("authorization", key.as_str()), ("anonymousid", "YQ==")];
    let many = format!("{{\"batch\":[{}]}}", vec!["{}"; 2_501].join(","));
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(1024 * 1024));
    for (path, body, status) in [
        ("/v1/batch", "{".to_owned(), 400),
        ("/v1/batch", "{\"batch\":[]}".into(), 400),
        ("/v1/batch", many, 413),
        ("/v1/track", large, 413),
        ("/v1/batch", " ".repeat(4_000 * 1024 + 1), 413),
    ] {
        let answer = doors.track_with(path, &headers, body).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        assert!(answer.header("content-type").starts_with("text/plain"));
        assert!(!answer.body.is_empty());
    }
    let other = basic("other");
    let unknown = [("authorization", other.as_str()), ("anonymousid", "YQ==")];
    assert_eq!(
        doors
            .track_with("/v1/track", &unknown, EVENT)
            .await
            .status
            .as_u16(),
        401
    );
    assert_eq!(doors.rapport.last_request(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_may_have_4000_kb_and_not_a_byte_more() {
    let doors = Doors::open().await;
    let key = basic(SERVER_KEY);
    let headers = [("authorization", key.as_str()), ("sentat", "now")];
    let batch = format!(r#"{{"batch":[{EVENT}]}}"#);
    let sized = |bytes: usize| batch.clone() + &" ".repeat(bytes - batch.len());
    for (bytes, status) in [(4_000 * 1024, 200), (4_000 * 1024 + 1, 413)] {
        let answer = doors.track_with("/v1/batch", &headers, sized(bytes)).await;
        assert_eq!(answer.status.as_u16(), status, "{bytes}");
        let answer = doors
            .track_with("/v1/batch", &headers, gzip(&sized(bytes)))
            .await;
        assert_eq!(answer.status.as_u16(), status, "{bytes} compressed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn beacons_and_merges_have_addresses_of_their_own() {
    let doors = Doors::open().await;
    let path = format!("/beacon/v1/batch?writeKey={WRITE_KEY}");
    let batch = format!(r#"{{"batch":[{EVENT}]}}"#);
    let answer = doors
        .track_with(&path, &[("content-type", "text/plain")], batch)
        .await;
    assert_eq!(&answer.body[..], b"ok");
    let merge = r#"{"type":"merge","messageId":"m-2","mergeProperties":[{"type":"email","value":"a@b.cd"},
        {"type":"userId","value":"u"}]}"#;
    let key = basic(SERVER_KEY);
    let answer = doors
        .track_with("/v1/merge", &[("authorization", &key)], merge)
        .await;
    assert_eq!(&answer.body[..], b"ok");
    assert_eq!(doors.outcome("accepted", "").await, 2);
    let person = doors.get("/api/v1/profiles/email:a@b.cd").await.good();
    assert_eq!(person["identifiers"]["user_id"][0], "u");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_browser_sdk_is_given_a_source_without_destinations() {
    let doors = Doors::open().await;
    let key = basic(WRITE_KEY);
    for (path, headers) in [
        (
            "/sourceConfig/?p=npm&v=3.34.1&build=modern&lockIntegrationsVersion=true".to_owned(),
            vec![("authorization", key.as_str())],
        ),
        (format!("/sourceConfig?writeKey={WRITE_KEY}"), vec![]),
    ] {
        let mut headers = headers;
        headers.push(("origin", "https://shop.example"));
        let answer = doors.fetch(&path, &headers).await;
        let source = answer.good()["source"].clone();
        assert_eq!(
            (&source["enabled"], &source["destinations"]),
            (&true.into(), &serde_json::json!([]))
        );
        assert!(source["config"].is_object());
        assert_eq!(
            answer.header("access-control-allow-origin"),
            "https://shop.example"
        );
    }
    let unknown = doors
        .fetch(
            "/sourceConfig?writeKey=other",
            &[("origin", "https://shop.example")],
        )
        .await;
    assert_eq!(unknown.status.as_u16(), 401);
    assert_eq!(
        unknown.header("access-control-allow-origin"),
        "https://shop.example"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn its_preflights_are_allowed_with_the_headers_of_its_retries() {
    let doors = Doors::open().await;
    for path in ["/v1/track", "/sourceConfig/", "/beacon/v1/batch"] {
        for asked in [
            "anonymousid,authorization,content-type,sentat",
            "anonymousid,authorization,content-type,rsa-retry-attempt,rsa-retry-reason,rsa-since-first-attempt,rsa-since-last-attempt,sentat",
        ] {
            preflighted(&doors, path, asked).await;
        }
    }
}
