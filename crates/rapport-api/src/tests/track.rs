//! `/v1/...`: what SDKs send, and what they are told.

use super::{Answer, Doors, SERVER_KEY, WRITE_KEY};
use crate::{ApiSettings, UnknownKeys};
use axum::body::Body;
use axum::http::Request;
use base64::Engine as _;
use flate2::Compression;
use flate2::write::GzEncoder;
use rapport_store::memory::{Call, Fault};
use serde_json::json;
use std::io::Write;

mod jitsu;
mod pixel;
mod posthog;
mod rudder;
mod strict;
mod vectors;

const PAGE: &str = r#"{"userId":"u-1","type":"page","messageId":"m-1"}"#;

#[track_caller]
fn taken(answer: &Answer) {
    assert_eq!(
        answer.status.as_u16(),
        200,
        "{}",
        String::from_utf8_lossy(&answer.body)
    );
    assert_eq!(answer.body, br#"{"success":true}"#);
}

#[track_caller]
fn refused(answer: &Answer, code: &str) {
    assert_eq!(answer.status.as_u16(), 400);
    let body = answer.json();
    assert_eq!(
        (&body["success"], &body["code"]),
        (&json!(false), &json!(code)),
        "{body}"
    );
    assert!(
        body["message"]
            .as_str()
            .is_some_and(|text| !text.is_empty())
    );
}

fn gzip(plain: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plain.as_bytes()).expect("memory");
    encoder.finish().expect("memory")
}

/// Checks that a browser may send these headers to this address from any page.
async fn preflighted(doors: &Doors, path: &str, asked: &str) {
    let preflight = Request::options(path)
        .header("origin", "https://shop.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", asked);
    let answer = doors
        .send(preflight.body(Body::empty()).expect("a request"))
        .await;
    assert_eq!(answer.status.as_u16(), 204, "{path}");
    assert_eq!(answer.header("access-control-allow-headers"), asked);
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "https://shop.example"
    );
    assert_eq!(answer.header("access-control-allow-credentials"), "true");
    let max_age = answer.header("access-control-max-age").parse::<u32>();
    assert!(max_age.expect("seconds") >= 600);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_path_takes_events_with_and_without_a_slash() {
    let doors = Doors::open().await;
    let singles: [&str; 12] = [
        "identify", "track", "page", "screen", "group", "alias", "i", "t", "p", "s", "g", "a",
    ];
    let batches = [
        "/v1/batch",
        "/v1/b",
        "/v1/import",
        "/v1/batch/b",
        "/batch/b",
        "/batch",
        "/b",
    ];
    let singles = singles.map(|word| (format!("/v1/{word}"), "EVENT"));
    let batches = batches.map(|path| (path.to_owned(), "{\"batch\":[EVENT]}"));
    let mut sent = 0;
    for (path, body) in singles.into_iter().chain(batches) {
        for slash in ["", "/"] {
            sent += 1;
            let event = format!(
                r#"{{"type":"track","userId":"u","previousId":"p","groupId":"g","event":"E","messageId":"m-{sent}"}}"#
            );
            let body = body.replace("EVENT", &event);
            taken(&doors.track(&format!("{path}{slash}"), body).await);
        }
    }
    assert_eq!(doors.outcome("accepted", "").await, sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_key_is_found_wherever_sdks_put_it() {
    let doors = Doors::open().await;
    let basic = |text: &str| {
        format!(
            "Basic {}",
            base64::engine::general_purpose::STANDARD.encode(text)
        )
    };
    let with_colon = basic(&format!("{WRITE_KEY}:"));
    let without = basic(WRITE_KEY);
    taken(
        &doors
            .track_with("/v1/p", &[("authorization", &with_colon)], PAGE)
            .await,
    );
    taken(
        &doors
            .track_with("/v1/p", &[("authorization", &without)], PAGE)
            .await,
    );
    let in_body = PAGE.replace('{', &format!("{{\"writeKey\":\"{WRITE_KEY}\","));
    taken(
        &doors
            .track_with("/v1/p", &[("authorization", "Bearer oauth")], in_body)
            .await,
    );
    taken(
        &doors
            .track_with(&format!("/v1/p?writeKey={WRITE_KEY}"), &[], PAGE)
            .await,
    );
    taken(
        &doors
            .track_with(&format!("/v1/p?writekey={WRITE_KEY}"), &[], PAGE)
            .await,
    );
    taken(
        &doors
            .track_with("/v1/p", &[("x-write-key", SERVER_KEY)], PAGE)
            .await,
    );
    assert_eq!(doors.outcome("refused", "unknown_key").await, 0);
    assert_eq!(
        doors.outcome("accepted", "").await,
        1,
        "the same message each time"
    );
    assert_eq!(doors.outcome("duplicate", "").await, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_key_is_told_nothing_unless_asked_for_and_nothing_is_kept() {
    let doors = Doors::open().await;
    taken(
        &doors
            .track_with("/v1/p", &[("x-write-key", "other")], PAGE)
            .await,
    );
    taken(&doors.track_with("/v1/p", &[], PAGE).await);
    assert_eq!(doors.outcome("refused", "unknown_key").await, 2);
    assert_eq!(doors.rapport.last_request(), 0);

    let strict = ApiSettings {
        unknown_keys: UnknownKeys::Refuse,
        ..ApiSettings::default()
    };
    let strict = Doors::open_with(strict).await;
    let answer = strict
        .track_with("/v1/p", &[("x-write-key", "other")], PAGE)
        .await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["code"]),
        (401, &json!("unknown_key"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_json_whatever_they_are_called() {
    let doors = Doors::open().await;
    let types = [
        "application/json",
        "text/plain",
        "application/x-www-form-urlencoded",
        "",
    ];
    for (n, content_type) in types.iter().enumerate() {
        let body = PAGE.replace("m-1", &format!("plain-{n}"));
        let headers = [("x-write-key", SERVER_KEY), ("content-type", *content_type)];
        taken(&doors.track_with("/v1/p", &headers, body.clone()).await);
        let zipped = gzip(&body.replace("plain", "zipped"));
        taken(&doors.track_with("/v1/p", &headers, zipped).await);
    }
    let marked = format!("\u{feff}{}", PAGE.replace("m-1", "marked"));
    taken(&doors.track("/v1/p", marked).await);
    let cut = PAGE
        .replace("m-1", "cut\\ud83d")
        .replace("page\"", "page\",\"name\":\"a\\u0000\"");
    taken(&doors.track("/v1/p", cut).await);
    assert_eq!(doors.outcome("accepted", "").await, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_parsed_is_refused_with_its_reason_and_counted() {
    let doors = Doors::open().await;
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(5_000), "]".repeat(5_000));
    let not_utf8 = vec![b'{', b'"', 0xff, b'"', b':', b'1', b'}'];
    let bomb = gzip(&" ".repeat(5_000_000));
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(33_000));
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("/v1/t", b"".to_vec(), "invalid_json"),
        ("/v1/t", b"{".to_vec(), "invalid_json"),
        ("/v1/t", b"[]".to_vec(), "invalid_json"),
        ("/v1/t", not_utf8, "invalid_json"),
        ("/v1/t", deep.into_bytes(), "too_deep"),
        ("/v1/t", large.into_bytes(), "event_too_large"),
        ("/v1/b", b"{}".to_vec(), "invalid_batch"),
        ("/v1/b", b"{\"batch\":7}".to_vec(), "invalid_batch"),
        ("/v1/b", bomb, "body_too_large"),
        ("/v1/b", vec![b' '; 512_001], "body_too_large"),
        ("/v1/b", vec![0x1f, 0x8b, 0, 0], "invalid_gzip"),
    ];
    for (path, body, code) in cases {
        let before = doors.outcome("refused", code).await;
        refused(&doors.track(path, body).await, code);
        assert_eq!(doors.outcome("refused", code).await, before + 1, "{code}");
    }
    assert_eq!(doors.rapport.last_request(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_limited_to_the_event_and_to_the_byte() {
    let doors = Doors::open().await;
    let batch = |count| format!("{{\"batch\":[{}]}}", vec!["{}"; count].join(","));
    taken(&doors.track("/v1/b", batch(2_500)).await);
    assert_eq!(doors.outcome("invalid", "missing_type").await, 2_500);
    taken(&doors.track("/v1/b", batch(2_501)).await);
    assert_eq!(doors.outcome("refused", "too_many_events").await, 1);
    taken(&doors.track("/v1/b", batch(0)).await);
    assert_eq!(doors.outcome("refused", "empty_batch").await, 1);
    let sized = |bytes: usize| batch(1) + &" ".repeat(bytes - batch(1).len());
    taken(&doors.track("/v1/b", sized(512_000)).await);
    refused(
        &doors.track("/v1/b", sized(512_001)).await,
        "body_too_large",
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poisoned_batch_is_taken_and_each_item_has_its_outcome() {
    let doors = Doors::open().await;
    let long = "x".repeat(40_000);
    let body = format!(
        r#"{{"batch":[{PAGE},null,{{"type":"track","userId":"u"}},{{"type":"page","userId":"{long}"}},{PAGE}]}}"#
    );
    taken(&doors.track("/v1/batch", body).await);
    assert_eq!(doors.outcome("accepted", "").await, 1);
    assert_eq!(doors.outcome("duplicate", "").await, 1);
    for code in ["invalid_event", "missing_event_name", "event_too_large"] {
        assert_eq!(doors.outcome("invalid", code).await, 1, "{code}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn browsers_may_send_from_any_page_and_read_when_to_try_again() {
    let doors = Doors::open().await;
    let asked = "authorization, content-type, x-retry-count";
    let preflight = Request::options("/v1/t")
        .header("origin", "https://shop.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", asked);
    let answer = doors
        .send(preflight.body(Body::empty()).expect("a request"))
        .await;
    assert_eq!(answer.status.as_u16(), 204);
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "https://shop.example"
    );
    assert_eq!(answer.header("access-control-allow-credentials"), "true");
    assert_eq!(answer.header("access-control-allow-headers"), asked);
    assert!(
        answer
            .header("access-control-max-age")
            .parse::<u32>()
            .expect("seconds")
            >= 600
    );

    let headers = [
        ("origin", "https://shop.example"),
        ("x-write-key", WRITE_KEY),
    ];
    for body in [PAGE, "{"] {
        let answer = doors.track_with("/v1/p", &headers, body).await;
        assert_eq!(
            answer.header("access-control-allow-origin"),
            "https://shop.example"
        );
        assert!(
            answer
                .header("access-control-expose-headers")
                .contains("Retry-After")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_answered_429_and_heals() {
    let doors = Doors::open().await;
    doors.memory.faults.inject(Call::Append, 1, Fault::Full);
    let answer = doors.track("/v1/p", PAGE).await;
    assert_eq!(answer.status.as_u16(), 429);
    assert!(
        answer
            .header("retry-after")
            .parse::<u32>()
            .expect("seconds")
            > 0
    );
    assert_eq!(
        answer.header("x-ratelimit-reset"),
        answer.header("retry-after")
    );
    taken(&doors.track("/v1/p", PAGE).await);
    assert_eq!(doors.outcome("accepted", "").await, 1);
    doors.rapport.stop().await;
    assert_eq!(doors.track("/v1/p", PAGE).await.status.as_u16(), 429);
}

#[tokio::test(flavor = "multi_thread")]
async fn sdks_are_pointed_at_this_host() {
    let doors = Doors::open().await;
    for path in ["/v1/projects", "/projects", "/projects/projects"] {
        let request = Request::get(format!("{path}/{WRITE_KEY}/settings"))
            .header("host", "cdp.test:8080")
            .header("origin", "http://page.test");
        let answer = doors
            .send(request.body(Body::empty()).expect("a request"))
            .await;
        let segment = answer.good()["integrations"]["Segment.io"].clone();
        assert_eq!(segment["apiKey"], WRITE_KEY);
        assert_eq!(segment["apiHost"], "cdp.test:8080/v1");
        assert_eq!(segment["protocol"], "http");
        assert_eq!(
            answer.header("access-control-allow-origin"),
            "http://page.test"
        );
    }
    let unknown = Request::get("/v1/projects/other/settings").body(Body::empty());
    assert_eq!(
        doors
            .send(unknown.expect("a request"))
            .await
            .status
            .as_u16(),
        404
    );
    taken(&doors.track_with("/v1/m", &[], r#"{"series":[]}"#).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_browser_events_get_the_address_of_the_socket() {
    let doors = Doors::open().await;
    for (key, user) in [(WRITE_KEY, "b"), (SERVER_KEY, "s")] {
        let body = format!(r#"{{"userId":"{user}","messageId":"{user}"}}"#);
        let headers = [
            ("x-write-key", key),
            ("user-agent", "test/1"),
            ("x-forwarded-for", "10.0.0.1"),
        ];
        taken(&doors.track_with("/v1/p", &headers, body).await);
    }
    doors.settle().await;
    let context = async |user: &str| {
        let timeline = doors
            .get(&format!("/api/v1/profiles/user_id:{user}/timeline"))
            .await
            .good();
        timeline["results"][0]["context"].clone()
    };
    assert_eq!(
        context("b").await,
        json!({ "ip": "203.0.113.9", "userAgent": "test/1" })
    );
    assert_eq!(context("s").await, json!({}));
}
