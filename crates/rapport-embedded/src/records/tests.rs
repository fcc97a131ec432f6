//! The records' suite, and what only a file can suffer.

use super::*;
use crate::Directory;
use rapport_store::conformance;
use rapport_store::records::{Changes, Count, Direction, Form, Sort, Test};
use rapport_store::state::State;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

const DEAL: u32 = 3;
const STAGE: u16 = 16;
const DAY: u16 = 17;

fn open(path: &Path) -> SqliteState {
    SqliteState::open(&Directory::open(path).unwrap()).unwrap()
}

async fn commit(state: &SqliteState, records: Vec<RecordWrite>) {
    let head = state.head().await.unwrap();
    let changes = Changes {
        writes: Vec::new(),
        records,
    };
    let done = state.commit(head.version, head.position, changes).await;
    done.unwrap();
}

fn define(column: u16, form: Form) -> RecordWrite {
    RecordWrite::Define {
        object: DEAL,
        column,
        form,
        unique: false,
    }
}

fn put(id: u64, stage: &str, day: i64) -> RecordWrite {
    RecordWrite::Put {
        object: DEAL,
        id,
        cells: vec![
            (2, Cell::Integer(0)),
            (STAGE, Cell::text(stage)),
            (DAY, Cell::Integer(day)),
        ],
    }
}

fn definitions() -> Vec<RecordWrite> {
    vec![define(STAGE, Form::Text), define(DAY, Form::Integer)]
}

async fn count(state: &SqliteState, filter: Filter) -> u64 {
    let query = Query {
        filter,
        count: Count::Exact,
        limit: 0,
        ..Query::all(DEAL)
    };
    state.query(query).await.unwrap().total.unwrap().count
}

fn in_stage(stage: &str) -> Filter {
    Filter::equal(STAGE, Cell::text(stage))
}

#[tokio::test]
async fn the_suite_passes() {
    let root = tempfile::tempdir().unwrap();
    let made = AtomicU32::new(0);
    conformance::records(async || {
        let name = made.fetch_add(1, Ordering::Relaxed).to_string();
        open(&root.path().join(name))
    })
    .await;
}

#[tokio::test]
async fn a_large_table_answers_the_same_before_and_behind_its_indexes() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    conformance::compare_records(&state, 7, 3_000, 4).await;
    let indexes = |state: &SqliteState| state.shelf.catalog().indexes.len();
    assert!(
        indexes(&state) > 3,
        "questions made {} indexes",
        indexes(&state)
    );
    let made = indexes(&state);
    drop(state);
    let state = open(folder.path());
    assert!(
        indexes(&state) >= made,
        "they are known when it is opened again"
    );
    assert_eq!(state.check().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn whoever_saw_a_commit_return_reads_it_while_others_read() {
    let folder = tempfile::tempdir().unwrap();
    let state = Arc::new(open(folder.path()));
    let mut changes = definitions();
    changes.extend((1..=500).map(|id| put(id, "new", 0)));
    commit(&state, changes).await;
    let done = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let others = (0..2).map(|_| {
        let (state, done) = (Arc::clone(&state), Arc::clone(&done));
        tokio::spawn(async move {
            let mut asked = 0;
            while !done.load(Ordering::Relaxed) {
                let either = Test::In(vec![Cell::text("new"), Cell::text("won")]);
                let filter = Filter::Column(STAGE, either);
                assert_eq!(
                    count(&state, filter).await,
                    500,
                    "each row is in one of two stages"
                );
                let near = Test::Compare(
                    rapport_store::records::Comparison::Below,
                    Cell::Integer(asked % 50),
                );
                count(&state, Filter::Column(DAY, near)).await;
                asked += 1;
            }
            asked
        })
    });
    let others: Vec<_> = others.collect();
    for id in 1..=300 {
        commit(&state, vec![put(id, "won", id.cast_signed())]).await;
        assert_eq!(count(&state, in_stage("won")).await, id);
        assert_eq!(count(&state, in_stage("new")).await, 500 - id);
    }
    done.store(true, Ordering::Relaxed);
    for other in others {
        assert!(other.await.unwrap() > 0);
    }
    for bound in [0, 7, 150, 299, 301] {
        let below = Test::Compare(
            rapport_store::records::Comparison::Below,
            Cell::Integer(bound),
        );
        let wanted = if bound == 0 {
            0
        } else {
            200 + bound.min(301) - 1
        };
        let found = count(&state, Filter::Column(DAY, below)).await;
        assert_eq!(found, wanted.cast_unsigned(), "days below {bound}");
    }
}

#[tokio::test]
async fn a_crash_keeps_a_property_whole_or_loses_it_whole() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    commit(&state, vec![define(STAGE, Form::Text), put_stage(1, "new")]).await;
    let kept = state.size_bytes().await.unwrap();
    commit(&state, vec![define(DAY, Form::Integer), put(2, "new", 5)]).await;
    assert!(state.size_bytes().await.unwrap() >= kept);
    let frames = state.database.read(|log| {
        let noop = "PRAGMA wal_checkpoint(NOOP)";
        let frames = log.query_row(noop, [], |row| row.get::<_, u32>(1));
        frames.map_err(|error| failure("the log", &error))
    });
    let end = 32 + u64::from(frames.await.unwrap()) * (4_096 + 24);
    for (cut, rows) in [(0, 2), (1, 1)] {
        let copy = tempfile::tempdir().unwrap();
        Directory::prepare(copy.path()).unwrap();
        for name in ["state.db", "state.db-wal"] {
            std::fs::copy(folder.path().join(name), copy.path().join(name)).unwrap();
        }
        let log = copy.path().join("state.db-wal");
        let log = std::fs::OpenOptions::new().write(true).open(log).unwrap();
        log.set_len(end - cut).unwrap();
        let state = open(copy.path());
        assert_eq!(count(&state, Filter::every()).await, rows);
        let objects = state.objects().await.unwrap();
        assert_eq!(objects[0].1.len() as u64, rows, "{objects:?}");
        commit(&state, vec![define(DAY, Form::Integer), put(3, "new", 7)]).await;
        let found = state.find(DEAL, DAY, &[Cell::Integer(7)]).await.unwrap();
        assert_eq!(found, [Some(3)]);
        assert_eq!(state.check().await.unwrap(), Vec::<String>::new());
    }
}

fn put_stage(id: u64, stage: &str) -> RecordWrite {
    RecordWrite::Put {
        object: DEAL,
        id,
        cells: vec![(2, Cell::Integer(0)), (STAGE, Cell::text(stage))],
    }
}

#[tokio::test]
async fn a_backup_has_records_and_their_words() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    let mut changes = definitions();
    changes.push(put(1, "new", 1));
    changes.push(RecordWrite::Search {
        object: DEAL,
        id: 1,
        text: "Oak table".into(),
    });
    commit(&state, changes).await;
    let target = tempfile::tempdir().unwrap();
    state.back_up(target.path()).await.unwrap();
    let copy = open(target.path());
    let found = copy.query(Query {
        search: Some("oak".to_owned()),
        sort: vec![Sort {
            column: STAGE,
            direction: Direction::Descending,
        }],
        columns: vec![DAY],
        ..Query::all(DEAL)
    });
    let rows = found.await.unwrap().rows;
    assert_eq!(
        rows,
        [Row {
            id: 1,
            cells: vec![Cell::Integer(1)]
        }]
    );
    assert_eq!(copy.check().await.unwrap(), Vec::<String>::new());
}
