//! The tracking door as strangers use it: every limit at plus and minus one, and every bomb.

use crate::client::Answer;
use crate::server::{Launch, SERVER_KEY, Server};
use serde_json::json;

const EVENT_BYTES_MAX: usize = 32 * 1024;
const BATCH_BYTES_MAX: usize = 500 * 1024;

fn start() -> (tempfile::TempDir, Server) {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Launch::on(&folder.path().join("data")).start();
    (folder, server)
}

fn post(server: &Server, path: &str, body: &[u8]) -> Answer {
    let headers = [("content-type", "application/json")];
    server
        .client()
        .call(("POST", path), &headers, body)
        .expect("an answer, whatever was sent")
}

/// A single event of exactly this many bytes.
fn event_of(bytes: usize, id: &str) -> String {
    let with = |noise: &str| {
        format!(
            r#"{{"writeKey":"{SERVER_KEY}","userId":"u","event":"Sized","messageId":"{id}","properties":{{"noise":"{noise}"}}}}"#
        )
    };
    with(&"x".repeat(bytes - with("").len()))
}

/// A batch of exactly this many bytes, of events that fit each.
fn batch_of(bytes: usize, id: &str) -> String {
    let event = |n: usize, noise: usize| {
        format!(
            r#"{{"type":"track","userId":"u","event":"Sized","messageId":"{id}{n:02}","properties":{{"noise":"{}"}}}}"#,
            "x".repeat(noise)
        )
    };
    let with = |noise: usize| {
        let events: Vec<String> = (0..20)
            .map(|n| event(n, if n == 0 { noise } else { 25_300 }))
            .collect();
        format!(
            r#"{{"writeKey":"{SERVER_KEY}","batch":[{}]}}"#,
            events.join(",")
        )
    };
    with(bytes - with(0).len())
}

#[test]
fn sizes_are_limited_to_the_byte() {
    let (_folder, server) = start();
    for (path, body, status) in [
        ("/v1/track", event_of(EVENT_BYTES_MAX, "fits"), 200),
        ("/v1/track", event_of(EVENT_BYTES_MAX + 1, "over"), 400),
        ("/v1/batch", batch_of(BATCH_BYTES_MAX, "fits"), 200),
        ("/v1/batch", batch_of(BATCH_BYTES_MAX + 1, "over"), 400),
    ] {
        assert_eq!(
            post(&server, path, body.as_bytes()).status,
            status,
            "{path} {}",
            body.len()
        );
    }
    server.settle();
    let outcomes = server.get("/api/v1/outcomes");
    assert_eq!(
        (&outcomes["accepted"], &outcomes["refused"]),
        (&json!(21), &json!(2)),
        "{outcomes}"
    );
}

#[test]
fn what_cannot_be_parsed_is_refused_counted_and_harms_nobody() {
    let (_folder, server) = start();
    let deep = format!(
        r#"{{"writeKey":"{SERVER_KEY}","userId":"u","event":"E","properties":{}1{}}}"#,
        "[".repeat(9_000),
        "]".repeat(9_000)
    );
    for body in [
        "",
        "{",
        "[]",
        "nonsense",
        r#"{"a":1,}"#,
        "\u{0}",
        deep.as_str(),
    ] {
        assert_eq!(
            post(&server, "/v1/track", body.as_bytes()).status,
            400,
            "{body:.40}"
        );
    }
    assert_eq!(
        post(&server, "/v1/track", b"{\"a\":\"\xff\xfe\"}").status,
        400
    );
    assert_eq!(
        post(&server, "/v1/batch", b"\x1f\x8b\x08\x00broken").status,
        400
    );
    server.settle();
    let outcomes = server.get("/api/v1/outcomes");
    assert_eq!(outcomes["refused"], 9, "{outcomes}");
    server.send("/v1/track", &event_of(500, "after"));
}

#[test]
fn odd_events_end_in_one_outcome_each_and_spoil_no_neighbour() {
    let (_folder, server) = start();
    let good =
        |id: &str| format!(r#"{{"type":"track","userId":"u","event":"Good","messageId":"{id}"}}"#);
    let odd = [
        r#"{"type":"track","userId":null,"anonymousId":null,"event":"Nobody","messageId":"o1"}"#,
        r#"{"type":"track","userId":"u","messageId":"o2"}"#,
        r#"{"type":"nonsense","userId":"u","messageId":"o3"}"#,
        "null",
        "7",
        r#"{"type":"track","userId":"u","event":"\ud800 lone","messageId":"o4"}"#,
        r#"{"type":"track","userId":"u","userId":"v","event":"Twice","messageId":"o5"}"#,
    ];
    let mut events = vec![good("g1")];
    events.extend(odd.iter().map(|event| (*event).to_owned()));
    events.push(good("g2"));
    let body = format!(
        r#"{{"writeKey":"{SERVER_KEY}","batch":[{}]}}"#,
        events.join(",")
    );
    assert_eq!(post(&server, "/v1/batch", body.as_bytes()).status, 200);
    server.settle();
    let outcomes = server.get("/api/v1/outcomes");
    let words = ["accepted", "duplicate", "filtered", "limited", "invalid"];
    let ended: u64 = words
        .iter()
        .filter_map(|word| outcomes[word].as_u64())
        .sum();
    assert_eq!(ended, events.len() as u64, "{outcomes}");
    let timeline = server.get("/api/v1/profiles/user_id:u/timeline?event=Good");
    assert_eq!(
        timeline["results"].as_array().map(Vec::len),
        Some(2),
        "{timeline}"
    );
}

#[test]
fn an_empty_batch_and_an_unknown_key_keep_nothing() {
    let (_folder, server) = start();
    let empty = format!(r#"{{"writeKey":"{SERVER_KEY}","batch":[]}}"#);
    assert_eq!(post(&server, "/v1/batch", empty.as_bytes()).status, 200);
    let stranger = r#"{"writeKey":"stranger","userId":"u","event":"E","messageId":"s1"}"#;
    assert_eq!(post(&server, "/v1/track", stranger.as_bytes()).status, 200);
    server.settle();
    let outcomes = server.get("/api/v1/outcomes");
    assert_eq!(outcomes["refused"], 2, "{outcomes}");
    assert_eq!(
        outcomes["reasons"]["refused"]["empty_batch"], 1,
        "{outcomes}"
    );
    assert_eq!(
        outcomes["reasons"]["refused"]["unknown_key"], 1,
        "{outcomes}"
    );
    assert_eq!(
        server
            .client()
            .api("GET", "/api/v1/profiles/user_id:u", "")
            .expect("an answer")
            .status,
        404
    );
}
