//! The most a write-ahead log grows, however little the checkpointer gets to run.
//!
//! A checkpointer that waits for the disk or for a processor copies nothing, while the writer goes
//! on. From some length on the writer therefore copies the log itself between two transactions:
//! writes wait then, as they must where they come faster than the disk takes them.

use super::checkpointer::{Copying, checkpoint};
use rusqlite::Connection;

/// The log may pass its limit this many times before the writer copies it.
const STRETCH: u64 = 8;

/// Looks at the log after each job; for its writer's thread alone.
pub(crate) struct Brake {
    copying: Copying,
    frame_bytes: u64,
    limit_bytes: u64,
    /// The length from which on the log is copied; further out where a reader held it up.
    next_bytes: u64,
}

impl Brake {
    /// For a log of pages of `page_bytes` that the checkpointer keeps below `limit_bytes`.
    pub(crate) fn new(copying: Copying, page_bytes: u32, limit_bytes: u64) -> Brake {
        Brake {
            copying,
            frame_bytes: u64::from(page_bytes) + 24,
            limit_bytes,
            next_bytes: limit_bytes.saturating_mul(STRETCH),
        }
    }

    /// Copies a log that has grown too long, so that the next write starts it over. A reader of an
    /// old state, such as a long backup, keeps it from doing so; then it is tried again once the
    /// log is longer by its limit. A failure shows at the checkpointer, which tries the same.
    pub(crate) fn hold(&mut self, connection: &Connection) {
        let bytes = |frames: u64| frames.saturating_mul(self.frame_bytes);
        let Ok(length) = checkpoint(connection, "NOOP").map(|now| bytes(now.frames)) else {
            return;
        };
        let first_bytes = self.limit_bytes.saturating_mul(STRETCH);
        if length < first_bytes {
            self.next_bytes = first_bytes;
        }
        if length < self.next_bytes {
            return;
        }
        // SQLite refuses a second copy beside one under way instead of waiting for it.
        let _alone = self.copying.wait();
        let _ = checkpoint(connection, "PASSIVE");
        self.next_bytes = length.saturating_add(self.limit_bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    const PAGE_BYTES: u32 = 4_096;
    const LIMIT_BYTES: u64 = 64 << 10;
    const JOB_BYTES: u64 = 20_000;

    fn open(path: &Path) -> Connection {
        let connection = Connection::open(path).unwrap();
        let how = "PRAGMA journal_mode=WAL; PRAGMA wal_autocheckpoint=0; PRAGMA synchronous=OFF";
        connection.execute_batch(how).unwrap();
        connection
    }

    /// The longest the log gets while nobody but the brake copies it.
    fn longest(connection: &Connection, brake: &mut Brake, wal: &Path, jobs: usize) -> u64 {
        let mut longest = 0;
        for _ in 0..jobs {
            let job = "INSERT INTO noise VALUES (randomblob(?1))";
            connection.execute(job, [JOB_BYTES as i64]).unwrap();
            brake.hold(connection);
            longest = longest.max(std::fs::metadata(wal).unwrap().len());
        }
        longest
    }

    #[test]
    fn a_log_that_nobody_else_copies_stays_within_bounds() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let connection = open(&path);
        connection
            .execute_batch("CREATE TABLE noise (x BLOB)")
            .unwrap();
        let mut brake = Brake::new(Copying::default(), PAGE_BYTES, LIMIT_BYTES);
        let wal = folder.path().join("a.db-wal");
        let bound = LIMIT_BYTES * STRETCH + 2 * JOB_BYTES;
        let length = longest(&connection, &mut brake, &wal, 300);
        assert!(length <= bound, "{length} bytes of 6 MB written");

        // A reader of an old state holds the log; once it is gone, the log starts over again.
        let reader = open(&path);
        reader
            .execute_batch("BEGIN; SELECT count(*) FROM noise")
            .unwrap();
        let held = longest(&connection, &mut brake, &wal, 300);
        assert!(held > bound, "{held}");
        reader.execute_batch("COMMIT").unwrap();
        let frames = |connection: &Connection| checkpoint(connection, "NOOP").unwrap().frames;
        longest(&connection, &mut brake, &wal, 30);
        assert!(frames(&connection) * u64::from(PAGE_BYTES) < bound);
    }
}
