//! Exports hold what was asked for, owned by who owns it now, and leave nothing half done.

use super::*;
use crate::history::export::{Content, Extent, Filter, Progress, to_ndjson, to_parquet};

async fn content(f: &Fixture) -> Content {
    let mut first = entries(&[event(1, 0, 1, 10), event(1, 1, 2, 20), event(2, 0, 3, 30)]);
    first.push(command(2, 1));
    let mut odd = event(3, 0, 1, 40);
    odd.event.properties = "{\n  \"a\": \"x\\ny\",\r\n \"b\": 1.50 }".into();
    odd.event.name = "Line\nbreak".into();
    let mut refused = event(3, 1, 1, 50);
    refused.origin = None;
    refused.outcome = Outcome::Invalid(Reason::new("broken", "it is"));
    refused.event.properties = "no json".into();
    Content {
        files: f.history.write(first).await.expect("it is written"),
        tail: entries(&[refused, odd]),
        ownership: Ownership {
            redirects: [(ProfileNo(2), ProfileNo(1))].into(),
            moved: [((ProfileNo(1), Position::event(1, 0)), ProfileNo(9))].into(),
        },
    }
}

async fn lines(f: &Fixture, content: &Content, filter: Filter) -> Vec<serde_json::Value> {
    let target = f.folder.path().join("export.ndjson");
    let done = to_ndjson(&f.history, content.clone(), filter, &target, |_| ()).await;
    let text = std::fs::read_to_string(target).expect("it is there");
    let lines: Vec<_> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line is JSON"))
        .collect();
    assert_eq!(done.expect("it is exported").written, lines.len() as u64);
    lines
}

#[tokio::test]
async fn a_line_holds_an_entry_as_it_was() {
    let f = fixture();
    let content = content(&f).await;
    let all = Filter {
        extent: Extent::Entries,
        ..Filter::default()
    };
    let lines = lines(&f, &content, all).await;
    assert_eq!(lines.len(), 6);
    let column = |name: &str| -> Vec<_> { lines.iter().map(|line| line[name].clone()).collect() };
    assert_eq!(
        column("profile"),
        serde_json::json!([9, 1, 3, null, 1, null])
            .as_array()
            .expect("a list")
            .clone()
    );
    assert_eq!(lines[0]["at"], "1970-01-01T00:00:00.010Z");
    assert_eq!(
        lines[0]["identifiers"],
        serde_json::json!([{"kind": "anonymous_id", "value": "a1"}])
    );
    assert_eq!(
        lines[3]["command_json"],
        serde_json::json!({"command": "undo_merge", "merge": 2})
    );
    assert_eq!(
        lines[4]["properties"],
        serde_json::json!({"a": "x\ny", "b": 1.50})
    );
    assert_eq!(lines[4]["event"], "Line\nbreak");
    assert_eq!(lines[5]["properties"], "no json");
    assert_eq!(lines[5]["reason"], "broken");
}

#[tokio::test]
async fn a_filter_leaves_out_the_rest() {
    let f = fixture();
    let content = content(&f).await;
    let check = async |filter: Filter, expected: &[&str]| {
        let found = lines(&f, &content, filter).await;
        let ids: Vec<_> = found
            .iter()
            .map(|line| line["message_id"].as_str().unwrap_or(""))
            .collect();
        assert_eq!(ids, expected);
    };
    let none = Filter::default;
    check(
        none(),
        &["message-1-0", "message-1-1", "message-2-0", "message-3-0"],
    )
    .await;
    check(
        Filter {
            profile: Some(ProfileNo(1)),
            ..none()
        },
        &["message-1-1", "message-3-0"],
    )
    .await;
    let middle = Filter {
        from: Some(Millis(20)),
        to: Some(Millis(40)),
        ..none()
    };
    check(middle, &["message-1-1", "message-2-0"]).await;
    let named = Filter {
        names: BTreeSet::from(["Event 2".to_owned()]),
        ..none()
    };
    check(named, &["message-2-0"]).await;
    let events = Filter {
        extent: Extent::Events,
        from: Some(Millis(40)),
        ..none()
    };
    check(events, &["message-3-0", "message-3-1"]).await;
}

#[tokio::test]
async fn an_exported_file_opens_like_history() {
    let f = fixture();
    let content = content(&f).await;
    let target = f.folder.path().join("export.parquet");
    let filter = Filter {
        extent: Extent::Entries,
        ..Filter::default()
    };
    let last = Arc::new(std::sync::Mutex::new(Progress::default()));
    let seen = last.clone();
    let report = move |progress| *seen.lock().expect("unpoisoned") = progress;
    let done = to_parquet(&f.history, content.clone(), filter, &target, report).await;
    let done = done.expect("it is exported");
    assert_eq!(
        done,
        Progress {
            read: 6,
            of: 6,
            written: 6
        }
    );
    assert_eq!(*last.lock().expect("unpoisoned"), done);
    let file = std::fs::File::open(&target).expect("it is there");
    let opened = opened::Opened::new("the export", file, None).expect("it opens");
    let batch = opened
        .reader()
        .build()
        .expect("a reader")
        .next()
        .expect("a batch")
        .expect("read");
    let rows = decode::Rows::new(&batch).expect("columns");
    let read: Vec<Entry> = (0..6)
        .map(|row| rows.entry(row).expect("an entry"))
        .collect();
    assert_eq!(
        read[..4],
        in_order(&f.history, &content.files, Position::default()).await
    );
    assert_eq!(
        read[4..],
        [content.tail[1].clone(), content.tail[0].clone()]
    );
    let profiles = decode::numbers::<arrow_array::types::UInt64Type>(&batch, columns::PROFILE);
    let profiles: Vec<_> = profiles.expect("a column").iter().collect();
    assert_eq!(profiles, [Some(9), Some(1), Some(3), None, Some(1), None]);
}

#[tokio::test]
async fn an_export_that_fails_leaves_no_file() {
    let f = fixture();
    let content = content(&f).await;
    f.history
        .remove(&[content.files[0].name.clone()])
        .await
        .expect("it is removed");
    let target = f.folder.path().join("export.parquet");
    let failed = to_parquet(&f.history, content, Filter::default(), &target, |_| ()).await;
    assert!(matches!(failed, Err(Error::Damaged { .. })));
    let left = std::fs::read_dir(f.folder.path())
        .expect("a folder")
        .count();
    assert_eq!(left, 1, "only history itself");
}
