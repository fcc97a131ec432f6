//! The records' suite, and what only a file can suffer.

use super::*;
use crate::Directory;
use rapport_store::conformance;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

fn open(path: &Path) -> SqliteState {
    SqliteState::open(&Directory::open(path).unwrap()).unwrap()
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
