//! What every history must do.

mod finding;
mod keeping;

use super::{command, event, invalid};
use crate::history::{Ask, Entry, File, History, Row, Scan, Seen};
use rapport_core::event::Sighting;
use rapport_core::identity::ProfileNo;
use rapport_core::position::Position;
use rapport_core::time::Millis;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// Runs the suite on fresh histories.
///
/// # Panics
/// Where the engine breaks the contract of [`History`].
pub async fn history<H: History>(make: impl AsyncFn() -> H) {
    nothing_written_is_no_file(&make().await).await;
    files_say_what_they_hold(&make().await).await;
    the_order_is_given_back(&make().await).await;
    a_timeline_is_newest_first(&make().await).await;
    a_timeline_gives_what_is_asked(&make().await).await;
    a_timeline_continues_where_a_page_ended(&make().await).await;
    finding::accepted_ids_are_found(&make().await).await;
    finding::ids_are_found_after_a_compaction(&make().await).await;
    everybody_is_seen_once(&make().await).await;
    a_scan_of_people_is_cut_and_filtered(&make().await).await;
    a_sink_stops_a_scan(&make().await).await;
    keeping::compaction_keeps_every_entry(&make().await).await;
    keeping::compaction_keeps_what_an_undo_moved(&make().await).await;
    keeping::only_unlisted_files_are_swept(&make().await).await;
    keeping::removed_files_leave_the_others(&make().await).await;
    keeping::a_backup_reads_like_the_original(&make().await).await;
}

/// Two files of four people: events, an invalid item, commands; late and equal moments.
fn story() -> [Vec<Entry>; 2] {
    let first = vec![
        event(1, 0, 1, 5_000, "Product Viewed"),
        event(1, 1, 2, 1_000, "Product Viewed"),
        invalid(1, 2, 1_500),
        command(1, 1, 70_000),
        event(2, 0, 3, 2_000, "Cart Viewed"),
        event(3, 0, 1, 5_000, "Order Completed"),
        event(3, 1, 1, 4_000, "Order Completed"),
    ];
    let second = vec![
        command(3, 1, 80_000),
        command(3, 2, 80_000),
        event(4, 0, 2, 9_000, "Order Completed"),
        event(5, 0, 1, 500, "Product Viewed"),
        event(5, 1, 40_000_000_000, 7_000, "Product Viewed"),
        event(6, 0, 3, 2_000, "Cart Viewed"),
    ];
    [first, second]
}

async fn told(history: &impl History) -> Vec<File> {
    let [first, second] = story();
    let mut files = history.write(first).await.unwrap();
    files.extend(history.write(second).await.unwrap());
    files
}

async fn nothing_written_is_no_file(history: &impl History) {
    assert_eq!(history.write(Vec::new()).await.unwrap(), []);
    assert!(
        history
            .timeline(&[], &[ProfileNo(1)], &Ask::default())
            .await
            .unwrap()
            .is_empty()
    );
    assert!(order(history, &[], Position::default()).await.is_empty());
    assert!(people(history, &[], &everybody()).await.is_empty());
    assert_eq!(history.sweep(&BTreeSet::new()).await.unwrap(), 0);
}

async fn files_say_what_they_hold(history: &impl History) {
    let files = history.write(story()[0].clone()).await.unwrap();
    let names: BTreeSet<&str> = files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names.len(), files.len(), "names differ");
    assert_eq!(files.iter().map(|file| file.rows).sum::<u64>(), 7);
    assert!(files.iter().all(|file| file.bytes > 0 && file.level == 0));
    assert_eq!(
        files.iter().map(|file| file.first).min(),
        Some(Position::event(1, 0))
    );
    assert_eq!(
        files.iter().map(|file| file.last).max(),
        Some(Position::event(3, 1))
    );
    assert_eq!(
        files.iter().map(|file| file.at.0).min(),
        Some(Millis(1_000))
    );
    assert_eq!(
        files.iter().map(|file| file.at.1).max(),
        Some(Millis(5_000))
    );
    assert_eq!(
        files.iter().map(|file| file.received.1).max(),
        Some(Millis(70_000))
    );
    assert_eq!(
        files.iter().map(|file| file.people.0).min(),
        Some(ProfileNo(1))
    );
    assert_eq!(
        files.iter().map(|file| file.people.1).max(),
        Some(ProfileNo(3))
    );
    let again = history.write(story()[1].clone()).await.unwrap();
    assert!(
        again.iter().all(|file| !names.contains(file.name.as_str())),
        "names are used once"
    );
}

async fn the_order_is_given_back(history: &impl History) {
    let mut files = told(history).await;
    files.reverse();
    let all: Vec<Entry> = story().concat();
    assert_eq!(order(history, &files, Position::default()).await, all);
    for after in all.iter().map(Entry::position) {
        let behind: Vec<Entry> = all
            .iter()
            .filter(|entry| entry.position() > after)
            .cloned()
            .collect();
        assert_eq!(
            order(history, &files, after).await,
            behind,
            "behind {after}"
        );
    }
}

async fn a_timeline_is_newest_first(history: &impl History) {
    let files = told(history).await;
    let found = timeline(history, &files, &[1], &Ask::default()).await;
    let wanted = [(3, 0), (1, 0), (3, 1), (5, 0)].map(|(r, n)| Position::event(r, n));
    assert_eq!(found, wanted, "newest at first, equal ones by position");
    let found = timeline(history, &files, &[3, 2, 99], &Ask::default()).await;
    let wanted = [(4, 0), (6, 0), (2, 0), (1, 1)].map(|(r, n)| Position::event(r, n));
    assert_eq!(found, wanted, "several origins are one timeline");
    let rows = history
        .timeline(&files, &[ProfileNo(2)], &Ask::default())
        .await
        .unwrap();
    let stored: Vec<Arc<Row>> = rows_of(&story().concat());
    assert!(
        rows.iter().all(|row| stored.contains(row)),
        "rows come back as written"
    );
}

async fn a_timeline_gives_what_is_asked(history: &impl History) {
    let files = told(history).await;
    let words = |list: &[&str]| {
        list.iter()
            .map(|&word| word.to_owned())
            .collect::<BTreeSet<_>>()
    };
    let track = words(&["track"]);
    for (ask, wanted) in [
        (
            Ask {
                names: words(&["Order Completed"]),
                ..Ask::default()
            },
            vec![(3, 0), (3, 1)],
        ),
        (
            Ask {
                names: words(&["No Such", "Product Viewed"]),
                ..Ask::default()
            },
            vec![(1, 0), (5, 0)],
        ),
        (
            Ask {
                names: words(&["No Such"]),
                ..Ask::default()
            },
            vec![],
        ),
        (
            Ask {
                kinds: track,
                limit: 2,
                ..Ask::default()
            },
            vec![(3, 0), (1, 0)],
        ),
        (
            Ask {
                kinds: words(&["page", "identify"]),
                ..Ask::default()
            },
            vec![],
        ),
        (
            Ask {
                limit: 3,
                ..Ask::default()
            },
            vec![(3, 0), (1, 0), (3, 1)],
        ),
        (
            Ask {
                before: Some((Millis(4_000), Position::event(3, 1))),
                ..Ask::default()
            },
            vec![(5, 0)],
        ),
        (
            Ask {
                before: Some((Millis(500), Position::default())),
                ..Ask::default()
            },
            vec![],
        ),
    ] {
        let wanted: Vec<Position> = wanted
            .into_iter()
            .map(|(r, n)| Position::event(r, n))
            .collect();
        assert_eq!(
            timeline(history, &files, &[1], &ask).await,
            wanted,
            "{ask:?}"
        );
    }
    assert!(
        timeline(history, &files, &[], &Ask::default())
            .await
            .is_empty(),
        "nobody has no events"
    );
}

async fn a_timeline_continues_where_a_page_ended(history: &impl History) {
    let files = told(history).await;
    let origins = [1, 2, 3, 40_000_000_000].map(ProfileNo);
    let whole = history
        .timeline(&files, &origins, &Ask::default())
        .await
        .unwrap();
    assert_eq!(whole.len(), 9);
    let mut paged = Vec::new();
    let mut ask = Ask {
        limit: 2,
        ..Ask::default()
    };
    loop {
        let page = history.timeline(&files, &origins, &ask).await.unwrap();
        let Some(last) = page.last() else { break };
        ask.before = Some((last.event.at, last.event.position));
        paged.extend(page);
    }
    assert_eq!(paged, whole);
}

async fn everybody_is_seen_once(history: &impl History) {
    let mut files = told(history).await;
    files.reverse();
    let mut wanted: Vec<_> = rows_of(&story().concat())
        .iter()
        .map(|row| (row.origin, row.event.position, shown(&row.event.sighting())))
        .collect();
    wanted.sort_unstable();
    let found = people(history, &files, &everybody()).await;
    assert_eq!(found, wanted, "each accepted event once, and nothing else");
    let content = wanted.iter().map(|(.., shown)| shown);
    assert!(
        content.clone().any(|shown| shown.contains("{\\\"")),
        "there is content"
    );
    let blind = Scan {
        content: false,
        positions: false,
        ..everybody()
    };
    let blind = people(history, &files, &blind).await;
    assert_eq!(blind.len(), wanted.len());
    assert!(
        !blind.iter().any(|(.., shown)| shown.contains("{\\\"")),
        "no content"
    );
    let nowhere = blind
        .iter()
        .all(|(_, position, _)| *position == Position::default());
    assert!(nowhere, "and no place");
}

async fn a_scan_of_people_is_cut_and_filtered(history: &impl History) {
    let files = told(history).await;
    let words = |list: &[&str]| {
        list.iter()
            .map(|&word| word.to_owned())
            .collect::<BTreeSet<_>>()
    };
    for scan in [
        Scan {
            from: ProfileNo(2),
            to: ProfileNo(3),
            ..everybody()
        },
        Scan {
            from: ProfileNo(2),
            to: ProfileNo(2),
            ..everybody()
        },
        Scan {
            from: ProfileNo(3),
            ..everybody()
        },
        Scan {
            through: Position::event(3, 0),
            ..everybody()
        },
        Scan {
            through: Position::command(3, 2),
            ..everybody()
        },
        Scan {
            through: Position::default(),
            ..everybody()
        },
        Scan {
            names: words(&["Cart Viewed", "No Such"]),
            ..everybody()
        },
        Scan {
            kinds: words(&["track"]),
            to: ProfileNo(2),
            ..everybody()
        },
        Scan {
            kinds: words(&["page"]),
            ..everybody()
        },
    ] {
        let mut found: Vec<_> = people(history, &files, &scan)
            .await
            .iter()
            .map(|(_, position, _)| *position)
            .collect();
        found.sort_unstable();
        let wanted: Vec<_> = rows_of(&story().concat())
            .iter()
            .filter(|row| {
                row.origin
                    .is_some_and(|origin| (scan.from..scan.to).contains(&origin))
            })
            .filter(|row| row.event.position <= scan.through)
            .filter(|row| scan.names.is_empty() || scan.names.contains(&*row.event.name))
            .filter(|row| scan.kinds.is_empty() || scan.kinds.contains(row.event.kind.word()))
            .map(|row| row.event.position)
            .collect();
        assert_eq!(found, wanted, "{scan:?}");
    }
}

async fn a_sink_stops_a_scan(history: &impl History) {
    let files = told(history).await;
    let stop = || crate::Error::Engine {
        what: "the sink".into(),
        detail: "enough".into(),
    };
    let mut taken = 0;
    let mut sink = |_: Entry| {
        taken += 1;
        if taken == 3 { Err(stop()) } else { Ok(()) }
    };
    let stopped = history
        .scan_order(&files, Position::default(), &mut sink)
        .await
        .unwrap_err();
    assert!(stopped.to_string().contains("enough"), "{stopped}");
    assert_eq!(taken, 3, "nothing more is given");
    let stopped = history
        .scan_people(&files, &everybody(), Box::new(move |_| Err(stop())))
        .await;
    assert!(stopped.unwrap_err().to_string().contains("enough"));
}

fn everybody() -> Scan {
    Scan {
        from: ProfileNo(0),
        to: ProfileNo(u64::MAX),
        through: Position {
            request: u64::MAX,
            command: u32::MAX,
            index: u32::MAX,
        },
        names: BTreeSet::new(),
        kinds: BTreeSet::new(),
        content: true,
        positions: true,
    }
}

/// The accepted events among entries.
fn rows_of(entries: &[Entry]) -> Vec<Arc<Row>> {
    let row = |entry: &Entry| match entry {
        Entry::Event(row) if row.origin.is_some() => Some(Arc::clone(row)),
        _ => None,
    };
    entries.iter().filter_map(row).collect()
}

async fn order(history: &impl History, files: &[File], after: Position) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut sink = |entry| {
        entries.push(entry);
        Ok(())
    };
    history.scan_order(files, after, &mut sink).await.unwrap();
    entries
}

/// What is seen of everybody, in order.
async fn people(
    history: &impl History,
    files: &[File],
    scan: &Scan,
) -> Vec<(Option<ProfileNo>, Position, String)> {
    let found = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&found);
    let observer = Box::new(move |seen: &Seen<'_>| {
        let one = (Some(seen.origin), seen.position, shown(&seen.event));
        into.lock().unwrap().push(one);
        Ok(())
    });
    history.scan_people(files, scan, observer).await.unwrap();
    let mut found = std::mem::take(&mut *found.lock().unwrap());
    found.sort_unstable();
    found
}

fn shown(event: &Sighting<'_>) -> String {
    format!("{event:?}")
}

async fn timeline(
    history: &impl History,
    files: &[File],
    origins: &[u64],
    ask: &Ask,
) -> Vec<Position> {
    let origins: Vec<ProfileNo> = origins.iter().copied().map(ProfileNo).collect();
    let rows = history.timeline(files, &origins, ask).await.unwrap();
    rows.iter().map(|row| row.event.position).collect()
}
