//! However entries are cut into files, and whatever is compacted: every read answers the same.

use super::*;
use proptest::prelude::*;
use rapport_store::history::Seen;
use std::sync::Mutex;

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
    let behind: Vec<Entry> = entries
        .iter()
        .filter(|entry| entry.position() > after)
        .cloned()
        .collect();
    assert_eq!(in_order(history, files, after).await, behind);
    let mut newest = accepted(entries);
    newest.sort_by_key(|row| std::cmp::Reverse((row.event.at, row.event.position)));
    let origins = [ProfileNo(4), ProfileNo(1)];
    newest.retain(|row| row.origin.is_some_and(|origin| origins.contains(&origin)));
    for limit in [0, 1, 7] {
        let ask = Ask {
            limit,
            ..Ask::default()
        };
        let read = history.timeline(files, &origins, &ask).await.expect("read");
        let kept = if limit == 0 {
            newest.len()
        } else {
            limit.min(newest.len())
        };
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
        content: true,
        positions: true,
    };
    let mut expected = accepted(entries);
    expected.retain(|row| {
        row.origin >= Some(scan.from)
            && row.origin < Some(scan.to)
            && row.event.position <= scan.through
            && scan.names.contains(&*row.event.name)
    });
    assert_eq!(of_everybody(history, files, &scan).await, shown(&expected));
    let all = of_everybody(history, files, &everything()).await;
    assert_eq!(all, shown(&accepted(entries)));
}

type Shown = (Option<ProfileNo>, Position, String);

fn shown(rows: &[Row]) -> Vec<Shown> {
    let of = |row: &Row| {
        (
            row.origin,
            row.event.position,
            format!("{:?}", row.event.sighting()),
        )
    };
    let mut shown: Vec<Shown> = rows.iter().map(of).collect();
    shown.sort_unstable();
    shown
}

async fn of_everybody(history: &ParquetHistory, files: &[File], scan: &Scan) -> Vec<Shown> {
    let read = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&read);
    let observer = Box::new(move |seen: &Seen<'_>| {
        let one = (
            Some(seen.origin),
            seen.position,
            format!("{:?}", seen.event),
        );
        into.lock().expect("nobody panicked").push(one);
        Ok(())
    });
    history
        .scan_people(files, scan, observer)
        .await
        .expect("the scan ends");
    let mut read = std::mem::take(&mut *read.lock().expect("nobody panicked"));
    read.sort_unstable();
    read
}

fn everything() -> Scan {
    Scan {
        from: ProfileNo(0),
        to: ProfileNo(u64::MAX),
        through: Position {
            request: u64::MAX,
            command: 0,
            index: 0,
        },
        names: BTreeSet::new(),
        kinds: BTreeSet::new(),
        content: true,
        positions: true,
    }
}
