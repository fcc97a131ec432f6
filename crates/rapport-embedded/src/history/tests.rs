//! What was written comes back, whatever it was and however the files were cut and merged.

use super::*;
use proptest::prelude::*;
use rapport_core::entry::{Command, CommandEntry};
use rapport_core::event::{Event, KeyKind, Kind, SourceNo};
use rapport_core::identity::{IdKind, Identifier};
use rapport_core::outcome::{Outcome, Reason};
use rapport_core::time::Millis;

mod export;

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
    rows.iter().map(|row| Entry::Event(Arc::new(row.clone()))).collect()
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
    history.scan_order(files, after, &mut sink).await.expect("the scan ends");
    read
}

async fn of_everybody(history: &ParquetHistory, files: &[File], scan: &Scan) -> Vec<Row> {
    let mut read = Vec::new();
    let mut sink = |row| {
        read.push(row);
        Ok(())
    };
    history.scan_people(files, scan, &mut sink).await.expect("the scan ends");
    read
}

fn everything() -> Scan {
    Scan {
        from: ProfileNo(0),
        to: ProfileNo(u64::MAX),
        through: Position { request: u64::MAX, command: 0, index: 0 },
        names: BTreeSet::new(),
        kinds: BTreeSet::new(),
    }
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
    let files = f.history.write(written.clone()).await.expect("it is written");
    assert_eq!(files.len(), 1);
    assert_eq!(files[0].rows, 6);
    assert_eq!((files[0].first, files[0].last), (Position::event(1, 0), Position::command(2, 1)));
    assert_eq!(files[0].at, (Millis(-5), Millis(10)));
    assert_eq!(files[0].people, (ProfileNo(7), ProfileNo(7)));
    assert_eq!(in_order(&f.history, &files, Position::default()).await, written);
    assert_eq!(f.history.check(&files).await.expect("it is read"), Vec::<String>::new());
    let compacted =
        f.history.compact(&files, &Ownership::default(), 1).await.expect("it is compacted");
    assert_eq!(compacted[0].level, 1);
    assert_eq!(File { level: 0, name: files[0].name.clone(), bytes: files[0].bytes, ..compacted[0].clone() }, files[0]);
    assert_eq!(in_order(&f.history, &compacted, Position::default()).await, written);
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
        files.extend(f.history.write(entries(&rows)).await.expect("it is written"));
    }
    let all = f.history.timeline(&files, &[ProfileNo(3)], &Ask::default()).await.expect("read");
    assert_eq!(all.len(), 400);
    let places: Vec<_> = all.iter().map(|row| (row.event.at, row.event.position)).collect();
    assert!(places.is_sorted_by(|left, right| left > right));
    assert!(all.iter().all(|row| row.origin == Some(ProfileNo(3))));
    let named = Ask {
        names: BTreeSet::from(["Event 1".to_owned()]),
        before: Some(places[100]),
        limit: 20,
        ..Ask::default()
    };
    let some = f.history.timeline(&files, &[ProfileNo(3)], &named).await.expect("read");
    let expected: Vec<_> =
        all[101..].iter().filter(|row| &*row.event.name == "Event 1").take(20).cloned().collect();
    assert_eq!(some, expected);
    let nobody = f.history.timeline(&files, &[ProfileNo(99)], &Ask::default()).await;
    assert_eq!(nobody.expect("read"), vec![]);
    let pages = Ask { kinds: BTreeSet::from(["page".to_owned()]), ..Ask::default() };
    let pages = f.history.timeline(&files, &[ProfileNo(3)], &pages).await;
    assert_eq!(pages.expect("read"), vec![]);
}

#[tokio::test]
async fn a_large_set_of_overlapping_files_is_sorted_on_disk() {
    let f = fixture();
    let rows: Vec<Row> = (0..30_000).map(|n| event(n, 0, n * 7919 % 1000, n as i64)).collect();
    let files = f.history.write(entries(&rows)).await.expect("it is written");
    let mut read = Vec::new();
    let mut emit = |chunk: Vec<Entry>| {
        read.extend(chunk.iter().map(Entry::position));
        ControlFlow::Continue(())
    };
    let (cache, folder) = (&f.history.cache, &f.history.folder);
    order::scan(cache, folder, &files, Position::event(9, 0), 300_000, &mut emit).expect("read");
    let expected: Vec<Position> = (10..30_000).map(|n| Position::event(n, 0)).collect();
    assert_eq!(read, expected);
    assert_eq!(f.history.folder.names().expect("names").len(), 1, "runs are gone");
}

#[tokio::test]
async fn a_sweep_removes_what_no_listing_names() {
    let f = fixture();
    let kept = f.history.write(entries(&[event(1, 0, 1, 1)])).await.expect("it is written");
    let lost = f.history.write(entries(&[event(2, 0, 1, 1)])).await.expect("it is written");
    let root = f.folder.path().join("history");
    std::fs::write(root.join("0123.tmp"), b"half").expect("a leftover");
    let listed = BTreeSet::from([kept[0].name.clone()]);
    assert_eq!(f.history.sweep(&listed).await.expect("it sweeps"), 2);
    assert_eq!(f.history.folder.names().expect("names"), vec![kept[0].name.clone()]);
    assert_eq!(in_order(&f.history, &kept, Position::default()).await.len(), 1);
    let gone = f.history.timeline(&lost, &[ProfileNo(1)], &Ask::default()).await;
    assert!(matches!(gone, Err(Error::Damaged { what, .. }) if what.contains(&lost[0].name)));
    f.history.remove(&[lost[0].name.clone()]).await.expect("removing twice is fine");
}

#[tokio::test]
async fn a_damaged_file_is_named_and_never_skipped() {
    let f = fixture();
    let rows: Vec<Row> = (0..5000).map(|n| event(n, 0, n % 50, n as i64)).collect();
    let files = f.history.write(entries(&rows)).await.expect("it is written");
    let path = f.folder.path().join("history").join(&files[0].name);
    let whole = std::fs::read(&path).expect("it is there");
    let mut cases = vec![whole[..whole.len() - 1].to_vec(), Vec::new(), whole[..100].to_vec()];
    for place in (0..whole.len()).step_by(997).chain([whole.len() - 1]) {
        let mut flipped = whole.clone();
        flipped[place] ^= 0x10;
        cases.push(flipped);
    }
    for (number, bytes) in cases.into_iter().enumerate() {
        std::fs::write(&path, bytes).expect("it is overwritten");
        let history = ParquetHistory::open(f.folder.path().join("history")).expect("opens");
        let mut sink = |_| Ok(());
        let read = history.scan_order(&files, Position::default(), &mut sink).await;
        let named = matches!(&read, Err(Error::Damaged { what, .. }) if what.contains(&files[0].name));
        assert!(named, "case {number}: {read:?}");
        let merged = history.compact(&files, &Ownership::default(), 1).await;
        assert!(matches!(merged, Err(Error::Damaged { .. })), "case {number}: {merged:?}");
        assert_eq!(history.check(&files).await.expect("it is read").len(), 1);
    }
    assert_eq!(f.history.folder.names().expect("names").len(), 1, "no half file is left");
}

#[tokio::test]
async fn a_backup_reads_like_the_original() {
    let f = fixture();
    let rows: Vec<Row> = (1..51).map(|n| event(n, 0, n % 5, n as i64)).collect();
    let files = f.history.write(entries(&rows)).await.expect("it is written");
    let target = f.folder.path().join("backup");
    f.history.back_up(&files, &target).await.expect("it is copied");
    f.history.remove(&[files[0].name.clone()]).await.expect("it is removed");
    let copy = ParquetHistory::open(target).expect("opens");
    assert_eq!(in_order(&copy, &files, Position::default()).await, entries(&rows));
}

#[tokio::test]
async fn a_consumer_that_fails_ends_the_scan_with_its_error() {
    let f = fixture();
    let rows: Vec<Row> = (0..20_000).map(|n| event(n, 0, n % 5, n as i64)).collect();
    let files = f.history.write(entries(&rows)).await.expect("it is written");
    let mut taken = 0;
    let mut sink = |_| {
        taken += 1;
        if taken == 3 { Err(Error::Full { what: "the sink".into() }) } else { Ok(()) }
    };
    let ended = f.history.scan_order(&files, Position::default(), &mut sink).await;
    assert!(matches!(ended, Err(Error::Full { .. })));
    assert_eq!(taken, 3);
}

/// Entries in order, some of nobody, some commands; few people, so that timelines are long.
fn any_entries() -> impl Strategy<Value = Vec<Entry>> {
    let one = (0..6_u64, -50..50_i64, 0..8_u8, "\\PC{0,12}");
    proptest::collection::vec(one, 0..120).prop_map(|made| {
        let of = |(number, (origin, at, what, text)): (usize, (u64, i64, u8, String))| {
            let request = 1 + number as u64 / 3;
            if what == 0 {
                return command(request, 1 + number as u32 % 3);
            }
            let mut row = event(request, number as u32 % 3, origin, at);
            row.event.properties = text.into();
            if what == 1 {
                row.origin = None;
                row.outcome = Outcome::Duplicate;
            }
            Entry::Event(Arc::new(row))
        };
        let mut entries: Vec<Entry> = made.into_iter().enumerate().map(of).collect();
        entries.sort_by_key(Entry::position);
        entries
    })
}

fn accepted(entries: &[Entry]) -> Vec<Row> {
    let rows = entries.iter().filter_map(|entry| match entry {
        Entry::Event(row) => row.origin.is_some().then(|| Row::clone(row)),
        Entry::Command(_) => None,
    });
    rows.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn no_cut_and_no_compaction_changes_what_is_read(
        entries in any_entries(),
        cuts in proptest::collection::vec(1..40_usize, 1..8),
        compacted in 0..8_usize,
        again in 0..8_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let f = fixture();
            let mut files = Vec::new();
            let mut rest = entries.as_slice();
            for cut in cuts.iter().cycle() {
                if rest.is_empty() { break; }
                let (flush, behind) = rest.split_at((*cut).min(rest.len()));
                files.extend(f.history.write(flush.to_vec()).await.expect("written"));
                rest = behind;
            }
            for (level, from) in [(1, compacted), (2, again)] {
                let from = from.min(files.len());
                let merged = files.split_off(from);
                let ownership = Ownership::default();
                files.extend(f.history.compact(&merged, &ownership, level).await.expect("merged"));
                let names: Vec<String> = merged.into_iter().map(|file| file.name).collect();
                f.history.remove(&names).await.expect("removed");
            }
            check(&f.history, &files, &entries).await;
        });
    }
}

async fn check(history: &ParquetHistory, files: &[File], entries: &[Entry]) {
    assert_eq!(in_order(history, files, Position::default()).await, entries);
    let after = Position::event(7, 1);
    let behind: Vec<Entry> =
        entries.iter().filter(|entry| entry.position() > after).cloned().collect();
    assert_eq!(in_order(history, files, after).await, behind);
    let mut newest = accepted(entries);
    newest.sort_by_key(|row| std::cmp::Reverse((row.event.at, row.event.position)));
    let origins = [ProfileNo(4), ProfileNo(1)];
    newest.retain(|row| row.origin.is_some_and(|origin| origins.contains(&origin)));
    for limit in [0, 1, 7] {
        let ask = Ask { limit, ..Ask::default() };
        let read = history.timeline(files, &origins, &ask).await.expect("read");
        let kept = if limit == 0 { newest.len() } else { limit.min(newest.len()) };
        let read: Vec<Row> = read.iter().map(|row| Row::clone(row)).collect();
        assert_eq!(read, newest[..kept]);
    }
    check_people(history, files, entries).await;
}

async fn check_people(history: &ParquetHistory, files: &[File], entries: &[Entry]) {
    let scan = Scan {
        from: ProfileNo(1),
        to: ProfileNo(5),
        through: Position::event(20, 1),
        names: BTreeSet::from(["Event 1".to_owned(), "Event 2".to_owned()]),
        kinds: BTreeSet::from(["track".to_owned()]),
    };
    let read = of_everybody(history, files, &scan).await;
    assert!(read.is_sorted_by_key(|row| row.origin));
    let mut expected = accepted(entries);
    expected.retain(|row| {
        row.origin >= Some(scan.from)
            && row.origin < Some(scan.to)
            && row.event.position <= scan.through
            && scan.names.contains(&*row.event.name)
    });
    assert_eq!(by_position(read), by_position(expected));
    let all = of_everybody(history, files, &everything()).await;
    assert!(all.is_sorted_by_key(|row| row.origin));
    assert_eq!(by_position(all), by_position(accepted(entries)));
}

fn by_position(mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort_by_key(|row| row.event.position);
    rows
}
