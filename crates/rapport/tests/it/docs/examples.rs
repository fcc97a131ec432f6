//! The examples of a document, sent one after another to a server that has seen nothing else.

use super::blocks;
use crate::server::{BROWSER_KEY, Launch, SERVER_KEY, Server, TOKEN};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

const PROFILE_API: &str = include_str!("../../../../../docs/profile-api.md");
const DECIDE: &str = include_str!("../../../../../docs/decide.md");
const UNDERSTANDING: &str = include_str!("../../../../../docs/understanding.md");
const LISTS: &str = include_str!("../../../../../docs/lists.md");
const HUBSPOT: &str = include_str!("../../../../../docs/hubspot.md");
const MEMBERS: &str = include_str!("../../../../../docs/members.md");
const RECORDS: &str = include_str!("../../../../../docs/records.md");
const LIVE: &str = include_str!("../../../../../docs/live.md");

/// What stands for any value.
const ANY: &str = "…";

#[test]
fn the_examples_of_the_profile_api_answer_as_written() {
    check(PROFILE_API, 8);
}

#[test]
fn the_examples_of_the_decision_call_answer_as_written() {
    check(DECIDE, 5);
}

#[test]
fn the_examples_of_understanding_segments_answer_as_written() {
    check(UNDERSTANDING, 8);
}

#[test]
fn the_examples_of_lists_answer_as_written() {
    check(LISTS, 6);
}

#[test]
fn the_examples_of_the_hubspot_compatible_api_answer_as_written() {
    check(HUBSPOT, 9);
}

#[test]
fn the_examples_of_members_answer_as_written() {
    check(MEMBERS, 8);
}

#[test]
fn the_examples_of_records_answer_as_written() {
    check(RECORDS, 8);
}

/// A message of the live view has the members that its document shows.
#[test]
fn the_live_view_tells_what_its_document_shows() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Launch::on(&folder.path().join("data")).start();
    let mut stream = TcpStream::connect(server.address).expect("a connection");
    let request =
        format!("GET /api/v1/live HTTP/1.1\r\nHost: it\r\nAuthorization: Bearer {TOKEN}\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    assert!(lines.any(|line| line == "event: ready"));
    let event =
        format!(r#"{{"writeKey": "{SERVER_KEY}", "userId": "ada", "event": "Order Completed"}}"#);
    server.send("/v1/track", &event);
    assert!(lines.any(|line| line == "event: event"));
    let told = lines.next().expect("data");
    let shown = blocks(LIVE, "sse")[0].lines().last().expect("data");
    let members = |line: &str| -> Vec<String> {
        let data = line.strip_prefix("data: ").expect("data");
        let data: Value = serde_json::from_str(data).expect("JSON");
        data.as_object()
            .expect("an object")
            .keys()
            .cloned()
            .collect()
    };
    assert_eq!(members(&told), members(shown));
    // A stream without an end does not keep a server from stopping.
    let began = std::time::Instant::now();
    assert!(server.stop().success());
    assert!(began.elapsed().as_secs() < 15, "{:?}", began.elapsed());
}

fn check(document: &str, at_least: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Launch::on(&folder.path().join("data"))
        .set("RAPPORT_READS_DECIDE_WAIT_MS", 60_000)
        .start();
    let examples = blocks(document, "example");
    assert!(examples.len() >= at_least, "{}", examples.len());
    let mut last = Value::Null;
    for example in examples {
        server.settle();
        // `$id` is the id of the answer before.
        let id = last["id"].as_str().unwrap_or_default();
        last = send(&server, &example.replace("$id", id));
    }
}

/// Sends a request as written, with the keys of the test, and compares the answer.
fn send(server: &Server, example: &str) -> Value {
    let (request, expected) = example.split_once("\n=> ").expect("an answer");
    let (line, body) = request.split_once('\n').unwrap_or((request, ""));
    let (method, path) = line.split_once(' ').expect("a method and a path");
    let authorization = match path {
        _ if path.starts_with("/api/") => format!("Bearer {TOKEN}"),
        _ if path.starts_with("/crm/") || path.starts_with("/events/") => format!("Bearer {TOKEN}"),
        _ if path.starts_with("/webhooks/") => format!("Bearer {TOKEN}"),
        _ if path.starts_with("/v1/spaces/") => basic(TOKEN),
        _ if path == "/v1/decide" => String::new(),
        _ => basic(SERVER_KEY),
    };
    let body = body.replace("$RAPPORT_WRITE_KEY", BROWSER_KEY);
    let headers = [("authorization", authorization.as_str())];
    let answer = server
        .client()
        .call((method, path), &headers, body.as_bytes());
    let answer = answer.expect("an answer");
    let (status, expected) = expected.split_once('\n').unwrap_or((expected, ""));
    assert_eq!(
        answer.status.to_string(),
        status,
        "{example}\n{}",
        answer.text()
    );
    if !expected.is_empty() {
        let expected: Value = serde_json::from_str(expected).expect(example);
        let same = is_like(&answer.json(), &expected);
        assert!(same, "{example}\n{}", answer.text());
    }
    serde_json::from_str(&answer.text()).unwrap_or_default()
}

fn is_like(answered: &Value, expected: &Value) -> bool {
    match (answered, expected) {
        (_, Value::String(any)) if any == ANY => true,
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(name, value)| right.get(name).is_some_and(|other| is_like(value, other)))
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| is_like(left, right))
        }
        _ => answered == expected,
    }
}

/// Basic authorization with this user and no password.
fn basic(user: &str) -> String {
    use base64::Engine as _;
    let code = base64::engine::general_purpose::STANDARD.encode(format!("{user}:"));
    format!("Basic {code}")
}
