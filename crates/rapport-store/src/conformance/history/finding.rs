//! What looking up message ids must find, and what it must not.

use super::{event, story, told};
use crate::history::{Entry, File, History, MessageKey, Ownership};
use rapport_core::event::SourceNo;
use rapport_core::outcome::Outcome;

/// Events whose ids no other test uses; enough for a filter to be more than one block.
const MANY: u64 = 3_000;

pub(super) async fn accepted_ids_are_found(history: &impl History) {
    let files = told(history).await;
    let all: Vec<Entry> = story().concat();
    assert_finds(history, &files, &all).await;
    let none = history.find(&files, &[]).await.unwrap();
    assert!(none.is_empty(), "nothing asked is nothing found");
    let id = asked(&all[0]).unwrap().0;
    assert_eq!(
        history.find(&[], std::slice::from_ref(&id)).await.unwrap(),
        [false],
        "no file has no id"
    );
    let behind = history
        .find(&files[1..], std::slice::from_ref(&id))
        .await
        .unwrap();
    assert_eq!(behind, [false], "only the files asked are looked at");
    let elsewhere = (SourceNo(2), id.1.clone());
    let found = history
        .find(&files, &[elsewhere, id.clone(), id])
        .await
        .unwrap();
    assert_eq!(found, [false, true, true], "an id is one of its source");
}

pub(super) async fn ids_are_found_after_a_compaction(history: &impl History) {
    let many = |request: u64| (0..MANY).map(move |n| event(request, n as u32, n, 1_000, "Seen"));
    let mut files = history.write(many(7).collect()).await.unwrap();
    files.extend(history.write(many(8).collect()).await.unwrap());
    let all: Vec<Entry> = many(7).chain(many(8)).chain(many(9)).collect();
    let written = all.len() - MANY as usize;
    let ids: Vec<MessageKey> = all.iter().filter_map(asked).map(|(id, _)| id).collect();
    let compacted = history
        .compact(&files, &Ownership::default(), 1)
        .await
        .unwrap();
    for files in [files, compacted] {
        let found = history.find(&files, &ids).await.unwrap();
        let first_wrong = found
            .iter()
            .enumerate()
            .find(|(n, found)| **found != (*n < written));
        assert_eq!(first_wrong, None, "those written are found, and no other");
        let few = history
            .find(&files, &ids[written - 2..written + 2])
            .await
            .unwrap();
        assert_eq!(few, [true, true, false, false]);
    }
}

async fn assert_finds(history: &impl History, files: &[File], entries: &[Entry]) {
    let asked: Vec<(MessageKey, bool)> = entries.iter().filter_map(asked).collect();
    let ids: Vec<MessageKey> = asked.iter().map(|(id, _)| id.clone()).collect();
    let found = history.find(files, &ids).await.unwrap();
    let wanted: Vec<bool> = asked.iter().map(|(_, is_accepted)| *is_accepted).collect();
    assert!(
        wanted.contains(&false),
        "the story has an item that was not accepted"
    );
    assert_eq!(found, wanted, "{ids:?}");
}

/// What an entry is asked by, and whether it was accepted.
fn asked(entry: &Entry) -> Option<(MessageKey, bool)> {
    match entry {
        Entry::Event(row) => {
            let id = (row.event.source, row.event.message_id.clone());
            Some((id, row.outcome == Outcome::Accepted))
        }
        Entry::Command(_) => None,
    }
}
