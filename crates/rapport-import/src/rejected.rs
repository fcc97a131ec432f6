//! The file of an import's rejected rows: row, reason, and the row, a line each.

use crate::error::{Result, disk};
use crate::rows::Rejected;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::Path;

/// The file grows to this, in bytes; what is beyond is counted and not listed.
const BYTES_MAX: u64 = 256 << 20;

/// A rejected row as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its number in the file, from 1.
    pub row: u64,
    /// The last row, where an order of several was rejected.
    pub last: u64,
    /// A stable word for programs.
    pub code: String,
    /// A sentence for people.
    pub message: String,
    /// The row, as far as it is kept.
    pub raw: String,
}

/// Where rejected rows are kept.
pub(crate) struct Kept {
    file: File,
    bytes: u64,
    is_dirty: bool,
}

impl Kept {
    /// Opens the file, cut to what a cursor knows of.
    pub(crate) fn open(path: &Path, bytes: u64) -> Result<Kept> {
        let failed = || disk("the file of rejected rows");
        let mut options = OpenOptions::new();
        let options = options.create(true).truncate(false).write(true);
        let mut file = options.open(path).map_err(failed())?;
        let bytes = bytes.min(file.metadata().map_err(failed())?.len());
        file.set_len(bytes).map_err(failed())?;
        file.seek(SeekFrom::Start(bytes)).map_err(failed())?;
        Ok(Kept {
            file,
            bytes,
            is_dirty: false,
        })
    }

    /// Keeps a row.
    pub(crate) fn add(&mut self, rejected: &Rejected) -> Result<()> {
        if self.bytes >= BYTES_MAX {
            return Ok(());
        }
        let line = Line {
            row: rejected.row,
            last: rejected.last,
            code: rejected.reason.code.clone(),
            message: rejected.reason.message.clone(),
            raw: rejected.raw.clone(),
        };
        let mut line = serde_json::to_vec(&line).unwrap_or_default();
        line.push(b'\n');
        let written = self.file.write_all(&line);
        written.map_err(disk("the file of rejected rows"))?;
        self.bytes += line.len() as u64;
        self.is_dirty = true;
        Ok(())
    }

    /// Makes what was kept durable and says how long the file is.
    pub(crate) fn settle(&mut self) -> Result<u64> {
        if std::mem::take(&mut self.is_dirty) {
            let synced = self.file.sync_data();
            synced.map_err(disk("the file of rejected rows"))?;
        }
        Ok(self.bytes)
    }
}

/// Rejected rows behind byte `after` of the file, and where the next page begins.
///
/// # Errors
/// Where the disk refuses.
pub fn page(path: &Path, after: u64, limit: usize) -> Result<(Vec<Line>, Option<u64>)> {
    let failed = || disk("the file of rejected rows");
    let Ok(mut file) = File::open(path) else {
        return Ok((Vec::new(), None));
    };
    file.seek(SeekFrom::Start(after)).map_err(failed())?;
    let mut lines = BufReader::new(file);
    let (mut found, mut at) = (Vec::new(), after);
    let mut line = String::new();
    while found.len() < limit {
        line.clear();
        let read = lines.read_line(&mut line).map_err(failed())?;
        // A line that is being written has no end yet.
        if read == 0 || !line.ends_with('\n') {
            return Ok((found, None));
        }
        at += read as u64;
        if let Ok(line) = serde_json::from_str(&line) {
            found.push(line);
        }
    }
    let has_more = !lines.fill_buf().map_err(failed())?.is_empty();
    Ok((found, has_more.then_some(at)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rapport_core::outcome::Reason;

    #[test]
    fn rows_are_listed_in_pages_and_cut_where_a_crash_left_too_many() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rejected");
        let mut kept = Kept::open(&path, 0).unwrap();
        let row = |row| Rejected::new(row, Reason::new("not_json", "no"), "{\n");
        kept.add(&row(1)).unwrap();
        kept.add(&row(2)).unwrap();
        let known = kept.settle().unwrap();
        kept.add(&row(3)).unwrap();
        let mut kept = Kept::open(&path, known).unwrap();
        kept.add(&row(4)).unwrap();
        let (first, next) = page(&path, 0, 2).unwrap();
        assert_eq!(
            first.iter().map(|line| line.row).collect::<Vec<_>>(),
            [1, 2]
        );
        let (second, end) = page(&path, next.unwrap(), 2).unwrap();
        assert_eq!(second.iter().map(|line| line.row).collect::<Vec<_>>(), [4]);
        assert_eq!((second[0].raw.as_str(), end), ("{\n", None));
    }
}
