//! Files imported through the real program: once, twice, after a crash, after the dedup window.

use crate::client::Answer;
use crate::server::{Launch, Server, wait_for};
use serde_json::Value;
use std::fmt::Write as _;

mod hostile;

const MAPPING: &str = r#"{"event":"Order Completed","time":{"column":"date"},
    "identifiers":{"user_id":"customer"},"properties":{"revenue":"amount"}}"#;

/// A query parameter's value.
fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        let _ = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => write!(encoded, "{}", char::from(byte)),
            _ => write!(encoded, "%{byte:02X}"),
        };
        encoded
    })
}

fn post(server: &Server, query: &str, file: &[u8]) -> Answer {
    let source = server.get("/api/v1/sources")["results"][0]["id"].clone();
    let token = format!("Bearer {}", crate::server::TOKEN);
    let path = format!("/api/v1/imports?source={source}&{query}");
    let headers = [("authorization", token.as_str())];
    let sent = server.client().call(("POST", &path), &headers, file);
    sent.expect("an answer")
}

fn begin(server: &Server, query: &str, file: &[u8]) -> String {
    let answer = post(server, query, file);
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()["id"].as_str().expect("an id").to_owned()
}

fn ended(server: &Server, id: &str) -> Value {
    wait_for("the import is over", || {
        let import = server.get(&format!("/api/v1/imports/{id}"));
        let state = import["state"].as_str().expect("a state").to_owned();
        ["done", "failed", "cancelled"]
            .contains(&state.as_str())
            .then_some(import)
    })
}

fn counts(import: &Value) -> [u64; 4] {
    ["rows_read", "accepted", "duplicate", "rows_rejected"].map(|name| {
        import[name]
            .as_u64()
            .unwrap_or_else(|| panic!("{name}: {import}"))
    })
}

/// Orders of a few people; every tenth row is the one before it again.
fn orders(count: u32) -> Vec<u8> {
    let mut csv = String::from("customer,date,amount,note\n");
    for row in 0..count {
        let n = if row % 10 == 9 { row - 1 } else { row };
        let _ = writeln!(
            csv,
            "c{},2019-03-{:02},{}.25,\"said \"\"{n}\"\"\"",
            n % 97,
            n % 28 + 1,
            n % 50
        );
    }
    csv.into_bytes()
}

#[test]
fn a_file_is_imported_once_however_often_it_is_sent() {
    let folder = tempfile::tempdir().expect("a folder");
    let launch = Launch::on(&folder.path().join("data"))
        .with_small_flushes()
        .set("RAPPORT_FLOW_DEDUP_DISK_BYTES", 1);
    let server = launch.start();
    let query = format!("format=csv&mapping={}", encoded(MAPPING));
    let file = orders(3_000);
    let first = ended(&server, &begin(&server, &query, &file));
    assert_eq!(counts(&first), [3_000, 3_000, 0, 0], "{first}");
    let second = ended(&server, &begin(&server, &query, &file));
    assert_eq!(counts(&second), [3_000, 0, 3_000, 0], "{second}");
    // With no room for ids on disk, the first look after a start lets go of all of them.
    server.stop();
    let server = launch.start();
    wait_for("ids are forgotten", || {
        let runs = std::fs::read_dir(launch.data.join("seen")).ok()?.count();
        (runs == 0).then_some(())
    });
    let third = ended(&server, &begin(&server, &query, &file));
    assert_eq!(counts(&third), [3_000, 0, 3_000, 0], "{third}");
    let mut more = orders(3_000);
    more.extend(b"c1,2019-03-01,1.00,new\n");
    let fourth = ended(&server, &begin(&server, &query, &more));
    assert_eq!(counts(&fourth), [3_001, 1, 3_000, 0], "{fourth}");
    server.stop();
}

#[test]
fn an_import_goes_on_after_kill_9_and_doubles_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let launch = Launch::on(&folder.path().join("data")).with_small_flushes();
    let query = format!("format=csv&mapping={}", encoded(MAPPING));
    let mut file = orders(20_000);
    file.extend(b"c1,yesterday,1,x\nc1,2019-01-01,1\n");
    let server = launch.start();
    let id = begin(&server, &query, &file);
    let mut server = server;
    for _ in 0..3 {
        let before = server.get(&format!("/api/v1/imports/{id}"))["rows_read"].as_u64();
        wait_for("the import moves", || {
            let import = server.get(&format!("/api/v1/imports/{id}"));
            let is_over = import["state"] == "done";
            (is_over || import["rows_read"].as_u64() > before).then_some(())
        });
        server.kill();
        server = launch.start();
    }
    let import = ended(&server, &id);
    assert_eq!(counts(&import), [20_002, 20_000, 0, 2], "{import}");
    let rejected = server.get(&format!("/api/v1/imports/{id}/rejected"));
    let told: Vec<_> = rejected["results"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| (row["row"].as_u64(), row["code"].as_str()))
        .collect();
    assert_eq!(
        told,
        [
            (Some(20_001), Some("unreadable_time")),
            (Some(20_002), Some("wrong_number_of_cells"))
        ]
    );
    let again = ended(&server, &begin(&server, &query, &file));
    assert_eq!(counts(&again), [20_002, 0, 20_000, 2], "{again}");
    server.stop();
    let verdict = std::process::Command::new(env!("CARGO_BIN_EXE_rapport"))
        .args(["doctor", "--verify", "--data"])
        .arg(&launch.data)
        .output()
        .expect("the doctor runs");
    assert!(
        verdict.status.success(),
        "{}",
        String::from_utf8_lossy(&verdict.stdout)
    );
}

#[test]
fn what_cannot_be_imported_is_refused_in_words() {
    let folder = tempfile::tempdir().expect("a folder");
    let launch = Launch::on(&folder.path().join("data")).set("RAPPORT_IMPORTS_BYTES_MAX", 4_096);
    let server = launch.start();
    let order = b"customer,date,amount\nc1,2019-01-01,1\n";
    let mapped = format!("format=csv&mapping={}", encoded(MAPPING));
    for (query, file, status, code) in [
        ("format=csv", b"".as_slice(), 400, "invalid_file"),
        (
            "format=csv",
            b"colour,size\nred,1\n",
            400,
            "invalid_mapping",
        ),
        ("format=xlsx", order, 400, "invalid_file"),
        ("format=parquet", order, 400, "invalid_file"),
        ("format=csv", b"PK\x03\x04rest", 400, "invalid_file"),
        ("format=csv&mapping=%7B", order, 400, "invalid_mapping"),
        ("format=csv&trust=blind", order, 400, "invalid_query"),
        (
            &mapped,
            b"customer,day\nc1,2019-01-01\n",
            400,
            "invalid_mapping",
        ),
        (&mapped, &[b'x'; 5_000], 413, "import_too_large"),
    ] {
        let answer = post(&server, query, file);
        let text = answer.text();
        assert_eq!(answer.status, status, "{query}: {text}");
        assert_eq!(answer.json()["error"]["code"], code, "{query}: {text}");
    }
    let none = server.get("/api/v1/imports");
    assert_eq!(none["results"].as_array().map(Vec::len), Some(0), "{none}");
    let kept = std::fs::read_dir(launch.data.join("imports")).expect("a folder");
    assert_eq!(kept.count(), 0, "what was refused leaves nothing behind");
}

#[test]
fn a_dry_run_shows_what_would_happen_and_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Launch::on(&folder.path().join("data")).start();
    let file = b"E-Mail;Order Date;Total\na@example.org;22.11.2020;1.234,50\n;23.11.2020;1,00\n";
    let preview = post(&server, "dry_run=true&name=orders.csv", file);
    assert_eq!(preview.status, 200, "{}", preview.text());
    let preview = preview.json();
    let event = &preview["events"][0];
    assert_eq!(event["event"], "Order Completed", "{preview}");
    assert_eq!(event["timestamp"], "2020-11-22T00:00:00.000Z", "{preview}");
    assert_eq!(event["properties"]["revenue"], 1234.5, "{preview}");
    assert_eq!(preview["rejected"][0]["code"], "missing_id", "{preview}");
    assert_eq!(server.get("/api/v1/outcomes")["accepted"], 0);
}

#[test]
fn events_in_segments_shape_and_counter_rows_name_the_same_person() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Launch::on(&folder.path().join("data")).start();
    let archive = concat!(
        r#"{"type":"identify","userId":"ada","traits":{"email":"ada@example.org"},"timestamp":"2020-01-01T00:00:00Z","sentAt":"2020-01-01T00:00:09Z"}"#,
        "\n{broken\n",
        r#"{"type":"track","userId":"ada","event":"Tasted","timestamp":"2020-01-02T00:00:00Z"}"#,
    );
    let import = ended(
        &server,
        &begin(&server, "format=ndjson", archive.as_bytes()),
    );
    assert_eq!(counts(&import), [3, 2, 0, 1], "{import}");
    let counter = b"email,date,total\nada@example.org,2020-01-03,12.50\n";
    let import = ended(&server, &begin(&server, "format=csv", counter));
    assert_eq!(counts(&import), [1, 1, 0, 0], "{import}");
    let timeline = server.get("/api/v1/profiles/user_id:ada/timeline");
    let names: Vec<_> = timeline["results"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|event| event["event"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(names, ["Order Completed", "Tasted", ""], "{timeline}");
}

#[test]
fn orders_are_imported_whole_or_not_at_all() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Launch::on(&folder.path().join("data")).start();
    let mapping = r#"{"event":"Order Completed","identifiers":{"user_id":"customer"},
        "time":{"column":"date"},"types":{"price":"number"},
        "lines":{"by":"order","columns":{"sku":"sku","price":"price"}}}"#;
    let query = format!("format=csv&mapping={}", encoded(mapping));
    let head = "order,customer,date,sku,price\n";
    let whole = format!(
        "{head}o1,c1,2019-01-01,milk,1\no1,c1,2019-01-01,oats,2\n\
         o2,c2,2019-01-02,milk,1\no2,c2,2019-01-02,oats,cheap\no3,c1,2019-01-03,milk,1\n"
    );
    let import = ended(&server, &begin(&server, &query, whole.as_bytes()));
    assert_eq!(counts(&import), [5, 2, 0, 2], "{import}");
    let id = import["id"].as_str().expect("an id");
    let rejected = server.get(&format!("/api/v1/imports/{id}/rejected"));
    let order = &rejected["results"][0];
    assert_eq!(
        (order["row"].as_u64(), order["last"].as_u64()),
        (Some(3), Some(4)),
        "{rejected}"
    );
    let timeline = server.get("/api/v1/profiles/user_id:c1/timeline");
    let products = &timeline["results"][1]["properties"]["products"];
    assert_eq!(products.as_array().map(Vec::len), Some(2), "{timeline}");
    let apart = format!(
        "{head}o8,c1,2019-01-01,milk,1\no9,c1,2019-01-01,milk,1\no8,c1,2019-01-01,oats,2\n"
    );
    let import = ended(&server, &begin(&server, &query, apart.as_bytes()));
    assert_eq!(import["state"], "failed", "{import}");
    assert!(
        import["error"]
            .as_str()
            .is_some_and(|told| told.contains("sort the file by `order`"))
    );
    assert_eq!(server.get("/api/v1/outcomes")["accepted"], 2);
}

#[test]
fn a_heading_alone_is_done_at_once_and_a_cancelled_import_can_be_sent_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Launch::on(&folder.path().join("data")).start();
    let query = format!("format=csv&mapping={}", encoded(MAPPING));
    let import = ended(&server, &begin(&server, &query, b"customer,date,amount\n"));
    assert_eq!(
        (&import["state"], counts(&import)),
        (&"done".into(), [0, 0, 0, 0])
    );
    let file = orders(10_000);
    let id = begin(&server, &query, &file);
    let path = format!("/api/v1/imports/{id}");
    let cancelled = server.client().api("DELETE", &path, "").expect("an answer");
    assert_eq!(cancelled.status, 204, "{}", cancelled.text());
    let first = ended(&server, &id);
    server.settle();
    let first = counts(&server.get(&format!(
        "/api/v1/imports/{}",
        first["id"].as_str().expect("an id")
    )));
    let again = counts(&ended(&server, &begin(&server, &query, &file)));
    assert_eq!(
        (first[1] + again[1], again[2]),
        (10_000, first[1]),
        "{first:?} {again:?}"
    );
    let forgotten = server.client().api("DELETE", &path, "").expect("an answer");
    assert_eq!(forgotten.status, 204, "{}", forgotten.text());
    let gone = server.client().api("GET", &path, "").expect("an answer");
    assert_eq!(gone.status, 404);
}
