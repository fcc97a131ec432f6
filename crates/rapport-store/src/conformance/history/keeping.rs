//! What compaction, removal, sweeps and backups must keep.

use super::{event, everybody, order, people, story, timeline, told};
use crate::history::{Ask, File, History, Ownership};
use rapport_core::identity::ProfileNo;
use rapport_core::position::Position;
use std::collections::{BTreeMap, BTreeSet};

pub(super) async fn compaction_keeps_every_entry(history: &impl History) {
    let files = told(history).await;
    let ownership = Ownership {
        redirects: BTreeMap::from([(ProfileNo(3), ProfileNo(1))]),
        ..Ownership::default()
    };
    let daily = history.compact(&files, &ownership, 1).await.unwrap();
    assert_reads_like_the_story(history, &daily).await;
    assert!(daily.iter().all(|file| file.level == 1));
    assert_reads_like_the_story(history, &files).await;
    let names: Vec<String> = files.iter().map(|file| file.name.clone()).collect();
    assert!(
        daily.iter().all(|file| !names.contains(&file.name)),
        "old files stay until removed"
    );
    history.remove(&names).await.unwrap();
    let monthly = history
        .compact(&daily, &Ownership::default(), 2)
        .await
        .unwrap();
    assert!(monthly.iter().all(|file| file.level == 2));
    assert_reads_like_the_story(history, &monthly).await;
}

pub(super) async fn compaction_keeps_what_an_undo_moved(history: &impl History) {
    let files = told(history).await;
    let moved = BTreeMap::from([((ProfileNo(1), Position::event(3, 0)), ProfileNo(7))]);
    let ownership = Ownership {
        moved,
        ..Ownership::default()
    };
    let compacted = history.compact(&files, &ownership, 1).await.unwrap();
    assert_reads_like_the_story(history, &compacted).await;
}

pub(super) async fn only_unlisted_files_are_swept(history: &impl History) {
    let listed = told(history).await;
    let left_behind = history
        .write(vec![event(9, 0, 1, 1, "Lost")])
        .await
        .unwrap();
    let names: BTreeSet<String> = listed.iter().map(|file| file.name.clone()).collect();
    assert_eq!(
        history.sweep(&names).await.unwrap(),
        left_behind.len() as u64
    );
    assert_reads_like_the_story(history, &listed).await;
    assert_eq!(
        history.sweep(&names).await.unwrap(),
        0,
        "a second sweep finds nothing"
    );
    let gone = history
        .timeline(&left_behind, &[ProfileNo(1)], &Ask::default())
        .await;
    assert!(
        gone.is_err(),
        "a listed file that is missing is never skipped"
    );
}

pub(super) async fn removed_files_leave_the_others(history: &impl History) {
    let [first, second] = story();
    let first = history.write(first).await.unwrap();
    let kept = history.write(second.clone()).await.unwrap();
    let names: Vec<String> = first.iter().map(|file| file.name.clone()).collect();
    for _ in 0..2 {
        history.remove(&names).await.unwrap();
    }
    assert_eq!(order(history, &kept, Position::default()).await, second);
}

pub(super) async fn a_backup_reads_like_the_original(history: &impl History) {
    let files = told(history).await;
    let target = std::env::temp_dir().join(format!("rapport-suite-{}", std::process::id()));
    history.back_up(&files, &target).await.unwrap();
    let _ = std::fs::remove_dir_all(&target);
    assert_reads_like_the_story(history, &files).await;
}

async fn assert_reads_like_the_story(history: &impl History, files: &[File]) {
    assert_eq!(files.iter().map(|file| file.rows).sum::<u64>(), 13);
    assert_eq!(
        order(history, files, Position::default()).await,
        story().concat()
    );
    let found = timeline(history, files, &[1], &Ask::default()).await;
    assert_eq!(
        found,
        [(3, 0), (1, 0), (3, 1), (5, 0)].map(|(r, n)| Position::event(r, n))
    );
    let rows = people(history, files, &everybody()).await;
    assert_eq!(rows.len(), 9);
}
