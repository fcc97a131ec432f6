//! Files that are made to harm, sent to the real program: what it takes for them is bounded, and
//! nobody else waits.

use super::{begin, counts, encoded, ended, post};
use crate::server::{Launch, Server};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;
use serde_json::Value;
use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// The most the process may ever hold, in bytes; it was 107 MB at most when this was written.
const MEMORY: u64 = 250 << 20;
/// The longest that somebody else's event may take meanwhile.
const PATIENCE: Duration = Duration::from_secs(5);

/// The most memory that a process has held so far, in bytes.
fn peak_bytes(server: &Server) -> u64 {
    let status = format!("/proc/{}/status", server.process());
    let status = std::fs::read_to_string(status).expect("a running process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.expect("a figure") * 1_024
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut script = std::process::Command::new("gzip")
        .arg("-c")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("gzip runs");
    let mut input = script.stdin.take().expect("its input is piped");
    let plain = plain.to_vec();
    let writing = std::thread::spawn(move || input.write_all(&plain));
    let packed = script.wait_with_output().expect("gzip ends").stdout;
    writing.join().expect("no panic").expect("it reads all");
    packed
}

/// A text of a megabyte that every row names: less than a KB as a file.
fn one_long_text(rows: usize) -> Vec<u8> {
    let text = "x".repeat(1 << 20);
    let named = arrow_array::Int32Array::from(vec![0; rows]);
    let texts = arrow_array::StringArray::from(vec![text]);
    let column = arrow_array::Int32DictionaryArray::new(named, Arc::new(texts));
    let batch = arrow_array::RecordBatch::try_from_iter([(
        "user_id",
        Arc::new(column) as arrow_array::ArrayRef,
    )])
    .expect("a batch");
    let packed = Compression::ZSTD(ZstdLevel::default());
    let properties = WriterProperties::builder()
        .set_compression(packed)
        .set_dictionary_page_size_limit(1 << 30)
        .set_data_page_size_limit(1 << 30);
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties.build()))
        .expect("a writer");
    writer.write(&batch).expect("memory");
    writer.into_inner().expect("memory")
}

/// Sends somebody's events for as long as the work takes; the longest that one took.
fn beside(server: &Server, work: impl FnOnce()) -> Duration {
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| {
            let mut longest = Duration::ZERO;
            for number in 0.. {
                let began = Instant::now();
                let key = crate::server::SERVER_KEY;
                let body = format!(
                    r#"{{"writeKey":"{key}","userId":"other","event":"E","messageId":"o{number}"}}"#
                );
                server.send("/v1/track", &body);
                longest = longest.max(began.elapsed());
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
            longest
        });
        let done = catch_unwind(AssertUnwindSafe(work));
        is_over.store(true, Ordering::Relaxed);
        if let Err(panic) = done {
            resume_unwind(panic);
        }
        sending.join().expect("every event is taken")
    })
}

fn codes(server: &Server, import: &Value) -> Vec<String> {
    let id = import["id"].as_str().expect("an id");
    let rejected = server.get(&format!("/api/v1/imports/{id}/rejected"));
    let rows = rejected["results"].as_array().expect("a list").iter();
    let mut codes: Vec<String> = rows
        .map(|row| row["code"].as_str().expect("a code").to_owned())
        .collect();
    codes.dedup();
    codes
}

#[test]
fn files_made_to_harm_are_read_in_bounded_memory_and_nobody_waits() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Launch::on(&folder.path().join("data")).start();
    let columns: Vec<String> = (0..4_096).map(|n| format!("c{n}")).collect();
    let empty = format!("o1{}\n", ",".repeat(4_095));
    let order = r#"{"event":"E","identifiers":{"user_id":"c0"},"lines":{"by":"c0","columns":{"sku":"c1"}}}"#;
    let alone = r#"{"event":"E","identifiers":{"user_id":"user_id"}}"#;
    let members: Vec<String> = (0..300_000).map(|n| format!("\"m{n}\":1")).collect();
    let line = format!("{{\"user_id\":\"u\",{}}}\n", members.join(","));
    let files = [
        // One order of as many lines as an order may have, each of nothing but separators.
        (
            "csv",
            order,
            format!("{}\n{}", columns.join(","), empty.repeat(5_000)).into_bytes(),
            "order_too_large",
            5_000,
        ),
        (
            "ndjson",
            alone,
            line.repeat(10).into_bytes(),
            "too_many_columns",
            10,
        ),
        (
            "csv",
            alone,
            format!("user_id,a\nu,\"{}", "x\n".repeat(10 << 20)).into_bytes(),
            "row_too_large",
            1,
        ),
        ("parquet", alone, one_long_text(200), "event_too_large", 200),
    ];
    let longest = beside(&server, || {
        for (format, mapping, file, code, rows) in files {
            let query = format!("format={format}&mapping={}", encoded(mapping));
            let import = ended(&server, &begin(&server, &query, &file));
            assert_eq!(import["state"], "done", "{format} {code}: {import}");
            assert_eq!(counts(&import), [rows, 0, 0, rows], "{import}");
            assert_eq!(codes(&server, &import), [code], "{import}");
        }
    });
    assert!(longest < PATIENCE, "somebody waited {longest:?}");
    let peak = peak_bytes(&server);
    assert!(peak < MEMORY, "the server took {} MB", peak >> 20);
}

#[test]
fn what_is_refused_whole_is_refused_with_a_way_out_and_nobody_waits() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Launch::on(&folder.path().join("data")).start();
    let repeated = format!("{}\n1\n", vec!["a"; 4_097].join(","));
    let nested = format!("{{\"event\":{}", "[".repeat(10_000));
    let wide = (0..2_000).fold(String::new(), |all, n| format!("{all}p{n} = \"c\"\n"));
    let wide = format!("event = \"E\"\n[properties]\n{wide}");
    let files: [(&str, &str, Vec<u8>, &str, &str); 7] = [
        (
            "csv",
            "",
            gzip(&vec![b'x'; 300 << 20]),
            "invalid_file",
            "250 times its size",
        ),
        (
            "csv",
            "",
            repeated.into_bytes(),
            "invalid_file",
            "larger than any heading",
        ),
        (
            "csv",
            "",
            gzip(&gzip(b"user_id\nu\n")),
            "invalid_file",
            "no text",
        ),
        (
            "parquet",
            "",
            b"PAR1PAR1".to_vec(),
            "invalid_file",
            "footer",
        ),
        (
            "csv",
            &nested,
            b"user_id\nu\n".to_vec(),
            "invalid_mapping",
            "cannot be read",
        ),
        (
            "csv",
            &wide,
            b"user_id\nu\n".to_vec(),
            "invalid_mapping",
            "there is no column `c`; the file has user_id",
        ),
        (
            "csv",
            "event = \"E\"\ntime = { column = \"t\", format = \"%Q%\" }",
            b"t\n1\n".to_vec(),
            "invalid_mapping",
            "%d/%m/%Y",
        ),
    ];
    let longest = beside(&server, || {
        for (format, mapping, file, code, told) in &files {
            let mapping = match mapping.is_empty() {
                true => String::new(),
                false => format!("&mapping={}", encoded(mapping)),
            };
            let answer = post(&server, &format!("format={format}{mapping}"), file);
            assert_eq!(answer.status, 400, "{told}: {}", answer.text());
            let error = &answer.json()["error"];
            assert_eq!(error["code"], *code, "{told}: {error}");
            let message = error["message"].as_str().expect("a message");
            assert!(message.contains(told), "{told}: {message}");
            assert!(error["help"].as_str().is_some_and(|help| !help.is_empty()));
        }
    });
    assert!(longest < PATIENCE, "somebody waited {longest:?}");
    let peak = peak_bytes(&server);
    assert!(peak < MEMORY, "the server took {} MB", peak >> 20);
    let kept = std::fs::read_dir(folder.path().join("data/imports")).expect("a folder");
    assert_eq!(kept.count(), 0, "what was refused leaves nothing behind");
}

#[test]
fn a_mapping_too_long_to_be_sent_is_refused_in_words_before_anything_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let server = Launch::on(&folder.path().join("data")).start();
    let orders = folder.path().join("orders.csv");
    std::fs::write(&orders, "user_id\nu\n").expect("a file");
    for (entries, told) in [
        (4_000, "the mapping is too long to be sent"),
        (1_000_000, "a mapping may have 65536 bytes"),
    ] {
        let map = folder.path().join("map.toml");
        let mut file = std::fs::File::create(&map).expect("a file");
        file.write_all(b"event = \"E\"\n[properties]\n")
            .expect("room");
        let lines: String = (0..entries).map(|n| format!("p{n} = \"c\"\n")).collect();
        file.write_all(lines.as_bytes()).expect("room");
        let said = std::process::Command::new(env!("CARGO_BIN_EXE_rapport"))
            .arg("import")
            .arg(&orders)
            .args(["--to", &format!("http://{}", server.address)])
            .args(["--token", crate::server::TOKEN, "--source", "1", "--map"])
            .arg(&map)
            .output()
            .expect("the program runs");
        let text = String::from_utf8_lossy(&said.stderr);
        assert!(!said.status.success() && text.contains(told), "{text}");
    }
    assert_eq!(
        server.get("/api/v1/imports")["results"],
        serde_json::json!([])
    );
}
