//! What was written comes back, whatever it was and however the files were cut and merged.

use super::*;
use rapport_core::entry::{Command, CommandEntry};
use rapport_core::event::{Event, KeyKind, Kind, SourceNo};
use rapport_core::identity::{IdKind, Identifier};
use rapport_core::outcome::{Outcome, Reason};
use rapport_core::time::Millis;

mod export;
mod properties;

fn event(request: u64, index: u32, origin: u64, at: i64) -> Row {
    Row {
        event: Event {
            position: Position::event(request, index),
            received: Millis(1_700_000_000_000 + request as i64),
            original: None,
            sent: None,
            at: Millis(at),
            source: SourceNo(1),
            key_kind: KeyKind::Browser,
            kind: Kind::Track,
            name: format!("Event {}", request % 3).into(),
            message_id: format!("message-{request}-{index}").into(),
            identifiers: vec![Identifier::new(IdKind::AnonymousId, format!("a{origin}"))],
            previous: None,
            group: None,
            traits: "{}".into(),
            properties: format!("{{\"n\":{request}}}").into(),
            context: "{}".into(),
            extra: "{}".into(),
        },
        origin: Some(ProfileNo(origin)),
        outcome: Outcome::Accepted,
    }
}

fn command(request: u64, n: u32) -> Entry {
    Entry::Command(Arc::new(CommandEntry {
        position: Position::command(request, n),
        received: Millis(1_700_000_000_000 + request as i64),
        actor: "ana".into(),
        command: Command::UndoMerge { merge: request },
    }))
}

fn entries(rows: &[Row]) -> Vec<Entry> {
    rows.iter()
        .map(|row| Entry::Event(Arc::new(row.clone())))
        .collect()
}

struct Fixture {
    folder: tempfile::TempDir,
    history: ParquetHistory,
}

fn fixture() -> Fixture {
    let folder = tempfile::tempdir().expect("a folder");
    let history = ParquetHistory::open(folder.path().join("history")).expect("history opens");
    Fixture { folder, history }
}

async fn in_order(history: &ParquetHistory, files: &[File], after: Position) -> Vec<Entry> {
    let mut read = Vec::new();
    let mut sink = |entry| {
        read.push(entry);
        Ok(())
    };
    history
        .scan_order(files, after, &mut sink)
        .await
        .expect("the scan ends");
    read
}

#[tokio::test]
async fn it_keeps_the_contract_of_history() {
    let folder = tempfile::tempdir().expect("a folder");
    let made = std::cell::Cell::new(0);
    rapport_store::conformance::history(async || {
        made.set(made.get() + 1);
        let root = folder.path().join(made.get().to_string());
        ParquetHistory::open(root).expect("history opens")
    })
    .await;
}

#[tokio::test]
async fn every_column_comes_back_as_it_was() {
    let mut odd = event(1, 0, 7, -5);
    odd.event.original = Some(Millis(-1));
    odd.event.sent = Some(Millis(i64::MAX));
    odd.event.key_kind = KeyKind::Server;
    odd.event.kind = Kind::Alias;
    odd.event.name = "ünïcödé \u{0}\u{1F980}\u{FFFF} 'quoted' \"\\".into();
    odd.event.message_id = "".into();
    odd.event.identifiers = vec![
        Identifier::new(IdKind::UserId, ""),
        Identifier::new(IdKind::Email, "Ana@Example.org"),
        Identifier::new(IdKind::Phone, "+1"),
        Identifier::new(IdKind::DeviceId, "d\u{202E}"),
        Identifier::new(IdKind::Custom("shop_card".into()), "99"),
    ];
    odd.event.previous = Some("".into());
    odd.event.group = Some("acme".into());
    odd.event.traits = "{\"a\":[1,null,\"\\ud83e\\udd80\"]}".into();
    odd.event.context = "{ \"spaced\" :  1.50 }".into();
    odd.event.extra = "{\"integrations\":{\"All\":true}}".into();
    let mut rows = vec![odd];
    let outcomes = [
        Outcome::Duplicate,
        Outcome::Filtered(Reason::new("blocked", "")),
        Outcome::Limited(Reason::new("rate", "too many")),
        Outcome::Invalid(Reason::new("missing_event_name", "a track has a name")),
    ];
    for (number, outcome) in outcomes.into_iter().enumerate() {
        let mut row = event(2, number as u32, 1, 10);
        row.event.identifiers.clear();
        row.origin = None;
        row.outcome = outcome;
        row.event.properties = "[1, \"not an object\"]".into();
        rows.push(row);
    }
    let mut written = entries(&rows);
    written.push(command(2, 1));
    let f = fixture();
    let files = f
        .history
        .write(written.clone())
        .await
        .expect("it is written");
    assert_eq!(files.len(), 1);
    assert_eq!(files[0].rows, 6);
    assert_eq!(
        (files[0].first, files[0].last),
        (Position::event(1, 0), Position::command(2, 1))
    );
    assert_eq!(files[0].at, (Millis(-5), Millis(10)));
    assert_eq!(files[0].people, (ProfileNo(7), ProfileNo(7)));
    assert_eq!(
        in_order(&f.history, &files, Position::default()).await,
        written
    );
    assert_eq!(
        f.history.check(&files).await.expect("it is read"),
        Vec::<String>::new()
    );
    let compacted = f
        .history
        .compact(&files, &Ownership::default(), 1)
        .await
        .expect("it is compacted");
    assert_eq!(compacted[0].level, 1);
    assert_eq!(
        File {
            level: 0,
            name: files[0].name.clone(),
            bytes: files[0].bytes,
            ..compacted[0].clone()
        },
        files[0]
    );
    assert_eq!(
        in_order(&f.history, &compacted, Position::default()).await,
        written
    );
    let behind = in_order(&f.history, &files, Position::event(2, 1)).await;
    assert_eq!(behind, written[3..]);
}

#[tokio::test]
async fn a_timeline_is_newest_first_and_holds_only_what_was_asked() {
    let f = fixture();
    let mut files = Vec::new();
    for flush in 0..10_u64 {
        let rows: Vec<Row> = (0..200)
            .map(|n| {
                let request = flush * 1000 + n;
                event(request, 0, n % 5, (request % 7) as i64)
            })
            .collect();
        files.extend(
            f.history
                .write(entries(&rows))
                .await
                .expect("it is written"),
        );
    }
    let all = f
        .history
        .timeline(&files, &[ProfileNo(3)], &Ask::default())
        .await
        .expect("read");
    assert_eq!(all.len(), 400);
    let places: Vec<_> = all
        .iter()
        .map(|row| (row.event.at, row.event.position))
        .collect();
    assert!(places.is_sorted_by(|left, right| left > right));
    assert!(all.iter().all(|row| row.origin == Some(ProfileNo(3))));
    let named = Ask {
        names: BTreeSet::from(["Event 1".to_owned()]),
        before: Some(places[100]),
        limit: 20,
        ..Ask::default()
    };
    let some = f
        .history
        .timeline(&files, &[ProfileNo(3)], &named)
        .await
        .expect("read");
    let expected: Vec<_> = all[101..]
        .iter()
        .filter(|row| &*row.event.name == "Event 1")
        .take(20)
        .cloned()
        .collect();
    assert_eq!(some, expected);
    let nobody = f
        .history
        .timeline(&files, &[ProfileNo(99)], &Ask::default())
        .await;
    assert_eq!(nobody.expect("read"), vec![]);
    let pages = Ask {
        kinds: BTreeSet::from(["page".to_owned()]),
        ..Ask::default()
    };
    let pages = f.history.timeline(&files, &[ProfileNo(3)], &pages).await;
    assert_eq!(pages.expect("read"), vec![]);
}

#[tokio::test]
async fn a_large_set_of_overlapping_files_is_sorted_on_disk() {
    let f = fixture();
    let rows: Vec<Row> = (0..30_000)
        .map(|n| event(n, 0, n * 7919 % 1000, n as i64))
        .collect();
    let files = f
        .history
        .write(entries(&rows))
        .await
        .expect("it is written");
    let mut read = Vec::new();
    let mut emit = |chunk: Vec<Entry>| {
        read.extend(chunk.iter().map(Entry::position));
        ControlFlow::Continue(())
    };
    let (cache, folder) = (&f.history.cache, &f.history.folder);
    order::scan(
        cache,
        folder,
        &files,
        Position::event(9, 0),
        300_000,
        &mut emit,
    )
    .expect("read");
    let expected: Vec<Position> = (10..30_000).map(|n| Position::event(n, 0)).collect();
    assert_eq!(read, expected);
    assert_eq!(
        f.history.folder.names().expect("names").len(),
        1,
        "runs are gone"
    );
}

#[tokio::test]
async fn a_sweep_removes_what_no_listing_names() {
    let f = fixture();
    let kept = f
        .history
        .write(entries(&[event(1, 0, 1, 1)]))
        .await
        .expect("it is written");
    let lost = f
        .history
        .write(entries(&[event(2, 0, 1, 1)]))
        .await
        .expect("it is written");
    let root = f.folder.path().join("history");
    std::fs::write(root.join("0123.tmp"), b"half").expect("a leftover");
    let listed = BTreeSet::from([kept[0].name.clone()]);
    assert_eq!(f.history.sweep(&listed).await.expect("it sweeps"), 2);
    assert_eq!(
        f.history.folder.names().expect("names"),
        vec![kept[0].name.clone()]
    );
    assert_eq!(
        in_order(&f.history, &kept, Position::default()).await.len(),
        1
    );
    let gone = f
        .history
        .timeline(&lost, &[ProfileNo(1)], &Ask::default())
        .await;
    assert!(matches!(gone, Err(Error::Damaged { what, .. }) if what.contains(&lost[0].name)));
    f.history
        .remove(&[lost[0].name.clone()])
        .await
        .expect("removing twice is fine");
}

#[tokio::test]
async fn a_damaged_file_is_named_and_never_skipped() {
    let f = fixture();
    let rows: Vec<Row> = (0..5000).map(|n| event(n, 0, n % 50, n as i64)).collect();
    let files = f
        .history
        .write(entries(&rows))
        .await
        .expect("it is written");
    let path = f.folder.path().join("history").join(&files[0].name);
    let whole = std::fs::read(&path).expect("it is there");
    let mut cases = vec![
        whole[..whole.len() - 1].to_vec(),
        Vec::new(),
        whole[..100].to_vec(),
    ];
    for place in (0..whole.len()).step_by(997).chain([whole.len() - 1]) {
        let mut flipped = whole.clone();
        flipped[place] ^= 0x10;
        cases.push(flipped);
    }
    for (number, bytes) in cases.into_iter().enumerate() {
        std::fs::write(&path, bytes).expect("it is overwritten");
        let history = ParquetHistory::open(f.folder.path().join("history")).expect("opens");
        let mut sink = |_| Ok(());
        let read = history
            .scan_order(&files, Position::default(), &mut sink)
            .await;
        let named =
            matches!(&read, Err(Error::Damaged { what, .. }) if what.contains(&files[0].name));
        assert!(named, "case {number}: {read:?}");
        let merged = history.compact(&files, &Ownership::default(), 1).await;
        assert!(
            matches!(merged, Err(Error::Damaged { .. })),
            "case {number}: {merged:?}"
        );
        assert_eq!(history.check(&files).await.expect("it is read").len(), 1);
    }
    assert_eq!(
        f.history.folder.names().expect("names").len(),
        1,
        "no half file is left"
    );
}

#[tokio::test]
async fn a_backup_reads_like_the_original() {
    let f = fixture();
    let rows: Vec<Row> = (1..51).map(|n| event(n, 0, n % 5, n as i64)).collect();
    let files = f
        .history
        .write(entries(&rows))
        .await
        .expect("it is written");
    let target = f.folder.path().join("backup");
    f.history
        .back_up(&files, &target)
        .await
        .expect("it is copied");
    f.history
        .remove(&[files[0].name.clone()])
        .await
        .expect("it is removed");
    let copy = ParquetHistory::open(target).expect("opens");
    assert_eq!(
        in_order(&copy, &files, Position::default()).await,
        entries(&rows)
    );
}

#[tokio::test]
async fn a_consumer_that_fails_ends_the_scan_with_its_error() {
    let f = fixture();
    let rows: Vec<Row> = (0..20_000).map(|n| event(n, 0, n % 5, n as i64)).collect();
    let files = f
        .history
        .write(entries(&rows))
        .await
        .expect("it is written");
    let mut taken = 0;
    let mut sink = |_| {
        taken += 1;
        if taken == 3 {
            Err(Error::Full {
                what: "the sink".into(),
            })
        } else {
            Ok(())
        }
    };
    let ended = f
        .history
        .scan_order(&files, Position::default(), &mut sink)
        .await;
    assert!(matches!(ended, Err(Error::Full { .. })));
    assert_eq!(taken, 3);
}

/// Where a page says how much of it says what is there, a decoder believes it.
#[tokio::test]
async fn a_page_that_contradicts_itself_is_damage_and_no_panic() {
    let f = fixture();
    let rows: Vec<Row> = (1..4).map(|n| event(n, 0, 1, n as i64)).collect();
    let files = f
        .history
        .write(entries(&rows))
        .await
        .expect("it is written");
    let path = f.folder.path().join("history").join(&files[0].name);
    let whole = std::fs::read(&path).expect("it is there");
    let mut refused = 0;
    for place in 0..whole.len() {
        for byte in [whole[place] ^ 0x02, whole[place].wrapping_add(2), 0xff] {
            let mut changed = whole.clone();
            changed[place] = byte;
            std::fs::write(&path, changed).expect("it is overwritten");
            let history = ParquetHistory::open(f.folder.path().join("history")).expect("opens");
            let ask = Ask::default();
            let read = history.timeline(&files, &[ProfileNo(1)], &ask).await;
            if let Err(error) = read {
                let told = error.to_string();
                assert!(!told.contains("panicked"), "byte {place} as {byte}: {told}");
                refused += 1;
            }
        }
    }
    assert!(refused > whole.len(), "{refused} of {} bytes", whole.len());
}
