//! Zeros on disk ahead of the write-ahead log.
//!
//! A sync that makes a file longer waits for the file system's own journal; one that writes into
//! blocks already there does not (4 ms and 0.2 ms on the disk this was measured on). SQLite reads
//! zeros behind the last frame as the end of the log.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::PathBuf;

/// What a short log gets at least.
const STEP_BYTES: u64 = 256 << 10;

/// Keeps room ahead of one log; for its writer's thread alone, between two transactions.
pub(crate) struct Headroom {
    wal: PathBuf,
    most_bytes: u64,
    ready_bytes: u64,
    file: Option<File>,
}

impl Headroom {
    /// Room ahead of the log at `wal` until it is `most_bytes` long.
    pub(crate) fn new(wal: PathBuf, most_bytes: u64) -> Headroom {
        Headroom {
            wal,
            most_bytes,
            ready_bytes: 0,
            file: None,
        }
    }

    /// Where the log has outgrown the room, makes it half as long again. A failure (a full disk)
    /// only leaves the next writes slower.
    pub(crate) fn keep(&mut self) {
        let Ok(length) = std::fs::metadata(&self.wal).map(|found| found.len()) else {
            return;
        };
        if length <= self.ready_bytes || length >= self.most_bytes {
            return;
        }
        let ahead = (length / 2).max(STEP_BYTES).min(self.most_bytes - length);
        self.ready_bytes = length + ahead;
        if self.fill(ahead).is_err()
            && let Some(file) = &self.file
        {
            let _ = file.set_len(length);
        }
    }

    fn fill(&mut self, bytes: u64) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(OpenOptions::new().append(true).open(&self.wal)?),
        };
        io::copy(&mut io::repeat(0).take(bytes), file).map(|_| ())
    }
}
