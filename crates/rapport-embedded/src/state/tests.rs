//! The state's suite, and what only a file can suffer.

use super::*;
use proptest::prelude::*;
use rapport_store::conformance;
use rapport_store::state::{Order, Write, number_key};
use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};

#[tokio::test]
async fn the_suite_passes() {
    let root = tempfile::tempdir().unwrap();
    let made = AtomicU32::new(0);
    conformance::state(async || {
        let name = made.fetch_add(1, Ordering::Relaxed).to_string();
        open(&root.path().join(name))
    })
    .await;
}

fn open(path: &Path) -> SqliteState {
    SqliteState::open(&Directory::open(path).unwrap()).unwrap()
}

fn put(number: u64, value: &str) -> Write {
    Write {
        table: Table::Profile,
        key: number_key(number),
        value: Some(value.into()),
    }
}

async fn value(state: &SqliteState, number: u64) -> Option<String> {
    let loaded = state
        .load(Table::Profile, &[number_key(number)])
        .await
        .unwrap();
    loaded[0]
        .clone()
        .map(|bytes| String::from_utf8(bytes).unwrap())
}

#[tokio::test]
async fn a_commit_survives_closing_and_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    let head = state
        .commit(0, Position::command(4, 2), vec![put(1, "one")].into())
        .await
        .unwrap();
    let copy = tempfile::tempdir().unwrap();
    Directory::prepare(copy.path()).unwrap();
    for name in ["state.db", "state.db-wal"] {
        fs::copy(folder.path().join(name), copy.path().join(name)).unwrap();
    }
    drop(state);
    for path in [folder.path(), copy.path()] {
        let reopened = open(path);
        assert_eq!(reopened.head().await.unwrap(), head);
        assert_eq!(value(&reopened, 1).await.as_deref(), Some("one"));
    }
}

#[tokio::test]
async fn a_torn_last_commit_takes_only_itself() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    state
        .commit(0, Position::event(1, 0), vec![put(1, "one")].into())
        .await
        .unwrap();
    state
        .commit(
            1,
            Position::event(2, 0),
            vec![put(1, "two"), put(2, "two")].into(),
        )
        .await
        .unwrap();
    let copy = tempfile::tempdir().unwrap();
    Directory::prepare(copy.path()).unwrap();
    for name in ["state.db", "state.db-wal"] {
        fs::copy(folder.path().join(name), copy.path().join(name)).unwrap();
    }
    let noop = "PRAGMA wal_checkpoint(NOOP)";
    let frames = state.read(move |log| log.query_row(noop, [], |row| row.get::<_, u32>(1)));
    let end = 32 + u64::from(frames.await.unwrap()) * (4_096 + 24);
    let wal = fs::OpenOptions::new()
        .write(true)
        .open(copy.path().join("state.db-wal"))
        .unwrap();
    wal.set_len(end - 1).unwrap();
    let reopened = open(copy.path());
    assert_eq!(
        reopened.head().await.unwrap(),
        Head {
            position: Position::event(1, 0),
            version: 1
        }
    );
    assert_eq!(value(&reopened, 1).await.as_deref(), Some("one"));
    assert_eq!(value(&reopened, 2).await, None);
}

#[tokio::test]
async fn a_full_disk_writes_nothing_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    let limit = |connection: &mut Connection| {
        connection
            .execute_batch("PRAGMA max_page_count = 1")
            .unwrap();
        Ok(())
    };
    state.database.write(limit).await.unwrap();
    let writes: Vec<Write> = (0..1_000).map(|n| put(n, &"x".repeat(200))).collect();
    let refused = state
        .commit(0, Position::event(1, 0), writes.clone().into())
        .await;
    assert!(matches!(refused, Err(Error::Full { .. })), "{refused:?}");
    assert_eq!(state.head().await.unwrap(), Head::default());
    assert_eq!(value(&state, 1).await, None);
    drop(state);
    let state = open(folder.path());
    state
        .commit(0, Position::event(1, 0), writes.into())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_backup_is_one_commit_while_commits_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    let text = "x".repeat(500);
    let target = tempfile::tempdir().unwrap();
    let commits = async {
        for version in 0..40 {
            let writes: Vec<Write> = (0..200)
                .map(|n| put(n, &format!("{version} {text}")))
                .collect();
            state
                .commit(version, Position::event(version + 1, 0), writes.into())
                .await
                .unwrap();
        }
    };
    let backup = async {
        while state.head().await.unwrap().version < 5 {
            tokio::task::yield_now().await;
        }
        state.back_up(target.path()).await.unwrap()
    };
    let ((), head) = tokio::join!(commits, backup);
    assert!(head.version >= 5, "{head:?}");
    let copy = open(target.path());
    assert_eq!(copy.head().await.unwrap(), head);
    for number in [0, 100, 199] {
        let value = value(&copy, number).await.unwrap();
        assert!(
            value.starts_with(&format!("{} ", head.version - 1)),
            "profile {number} of {head:?}"
        );
    }
    assert_eq!(copy.check().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn the_log_starts_over_beside_readers_and_writers() {
    let folder = tempfile::tempdir().unwrap();
    let directory = Directory::open(folder.path()).unwrap();
    let settings = Settings {
        name: "state",
        page_bytes: 4_096,
        writer_cache_kib: 4_096,
        reader_cache_kib: 512,
        readers: 2,
        wal_bytes: 1 << 20,
        shrinks: false,
        application_id: 7,
        schema: sql::schema(),
    };
    let database = Database::open(directory.state(), settings).unwrap();
    let state = SqliteState {
        database,
        shelf: Arc::new(Shelf::new(records::Catalog::default())),
        _directory: directory,
    };
    let text = "x".repeat(4_000);
    let mut longest = 0;
    for version in 0..400 {
        let writes: Vec<Write> = (0..20)
            .map(|n| put((version * 7_919 + n * 104_729) % 5_000, &text))
            .collect();
        state
            .commit(version, Position::event(version + 1, 0), writes.into())
            .await
            .unwrap();
        state
            .load(Table::Profile, &[number_key(version)])
            .await
            .unwrap();
        longest = longest.max(
            fs::metadata(folder.path().join("state.db-wal"))
                .unwrap()
                .len(),
        );
    }
    assert!(
        longest < 16 << 20,
        "the log grew to {longest} bytes of about 40 MB written"
    );
    assert_eq!(state.check().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn damage_is_told_from_other_failures() {
    let folder = tempfile::tempdir().unwrap();
    let state = open(folder.path());
    let writes: Vec<Write> = (0..2_000).map(|n| put(n, &"y".repeat(300))).collect();
    state
        .commit(0, Position::event(1, 0), writes.into())
        .await
        .unwrap();
    drop(state);
    let path = folder.path().join("state.db");
    let mut bytes = fs::read(&path).unwrap();
    for byte in &mut bytes[200_000..400_000] {
        *byte = 0xa5;
    }
    fs::write(&path, bytes).unwrap();
    let state = open(folder.path());
    let page = Page {
        table: Table::Profile,
        from: Box::default(),
        to: None,
        limit: usize::MAX,
        order: Order::Ascending,
    };
    assert!(matches!(state.scan(page).await, Err(Error::Damaged { .. })));
    assert!(!state.check().await.unwrap().is_empty());
}

proptest! {
    #[test]
    fn row_ids_keep_the_order_of_numbers(left: u64, right: u64) {
        let row_id = |n: u64| keys::number(Table::Profile, &number_key(n)).unwrap();
        prop_assert_eq!(row_id(left).cmp(&row_id(right)), left.cmp(&right));
        prop_assert_eq!(keys::key(row_id(left)), left.to_be_bytes());
    }

    #[test]
    fn bounds_of_any_bytes_agree_with_key_order(bytes in prop::collection::vec(any::<u8>(), 0..11), number: u64) {
        let row_id = keys::number(Table::Profile, &number_key(number)).unwrap();
        let behind = keys::first_at(&bytes).is_some_and(|first| row_id >= first);
        prop_assert_eq!(behind, number_key(number)[..] >= bytes[..]);
    }
}
