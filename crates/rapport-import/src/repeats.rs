//! Repeats: which units of a file say what an earlier one said, found on disk and not in memory.
//!
//! Every unit's key goes to one of many small files; each fits memory, and gives the units whose
//! key comes up again, with their occurrence, in the order of rows. Reading merges the files, so
//! a pass over the rows meets its repeats as it goes. Sorted on disk, seventy million rows need a
//! gigabyte there and a few megabytes here.

use crate::error::{Result, disk};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

/// Files that keys are spread over.
const PARTS: usize = 128;
const ENTRY_BYTES: usize = 16;
const BUFFER_BYTES: usize = 8 << 10;

/// Keys on their way to disk.
pub struct Index {
    folder: PathBuf,
    parts: Vec<BufWriter<File>>,
}

impl Index {
    /// Begins an index in a folder of its own, emptied first.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub fn begin(folder: &Path) -> Result<Index> {
        let failed = || disk(format!("the index {}", folder.display()));
        if folder.exists() {
            fs::remove_dir_all(folder).map_err(failed())?;
        }
        fs::create_dir_all(folder).map_err(failed())?;
        let part = |number: usize| {
            let file = File::create(folder.join(format!("keys-{number}")))?;
            Ok(BufWriter::with_capacity(BUFFER_BYTES, file))
        };
        let parts: io::Result<Vec<_>> = (0..PARTS).map(part).collect();
        Ok(Index {
            folder: folder.to_owned(),
            parts: parts.map_err(failed())?,
        })
    }

    /// Adds the key of the unit that begins with `row`; rows come ascending.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub fn add(&mut self, key: u64, row: u64) -> Result<()> {
        // The highest bits choose the file, so that inside one the lower ones still differ.
        let part = &mut self.parts[(key >> 57) as usize];
        let written = part
            .write_all(&key.to_be_bytes())
            .and_then(|()| part.write_all(&row.to_be_bytes()));
        written.map_err(disk("the index of rows"))
    }

    /// Finds the repeats and returns how many there are.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub fn finish(self) -> Result<u64> {
        let failed = || disk("the index of rows");
        let mut count = 0;
        for (number, part) in self.parts.into_iter().enumerate() {
            drop(
                part.into_inner()
                    .map_err(|error| failed()(error.into_error()))?,
            );
            let path = self.folder.join(format!("keys-{number}"));
            let repeats = repeats(fs::read(&path).map_err(failed())?);
            if !repeats.is_empty() {
                count += repeats.len() as u64;
                let file = File::create(repeats_path(&self.folder, number)).map_err(failed())?;
                let mut file = BufWriter::new(file);
                for (row, occurrence) in repeats {
                    file.write_all(&row.to_be_bytes()).map_err(failed())?;
                    file.write_all(&occurrence.to_be_bytes())
                        .map_err(failed())?;
                }
                file.flush().map_err(failed())?;
            }
            fs::remove_file(&path).map_err(failed())?;
        }
        fs::write(self.folder.join("whole"), b"").map_err(failed())?;
        Ok(count)
    }
}

/// Whether an index in this folder was finished.
#[must_use]
pub fn is_whole(folder: &Path) -> bool {
    folder.join("whole").exists()
}

fn repeats_path(folder: &Path, number: usize) -> PathBuf {
    folder.join(format!("repeats-{number}"))
}

/// Rows whose key came up before, each with its occurrence, by row.
fn repeats(bytes: Vec<u8>) -> Vec<(u64, u64)> {
    let mut entries: Vec<(u64, u64)> = bytes.chunks_exact(ENTRY_BYTES).map(entry).collect();
    drop(bytes);
    entries.sort_unstable();
    let mut found = Vec::new();
    for same in entries.chunk_by(|left, right| left.0 == right.0) {
        for (place, (_, row)) in same.iter().enumerate().skip(1) {
            found.push((*row, place as u64 + 1));
        }
    }
    found.sort_unstable();
    found
}

fn entry(bytes: &[u8]) -> (u64, u64) {
    let number = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0, |all, byte| all << 8 | u64::from(*byte))
    };
    (number(&bytes[..8]), number(&bytes[8..]))
}

/// Repeats in the order of rows.
#[derive(Default)]
pub struct Repeats {
    parts: Vec<BufReader<File>>,
    next: BinaryHeap<Reverse<(u64, u64, usize)>>,
}

impl Repeats {
    /// Opens the repeats of a finished index.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub fn open(folder: &Path) -> Result<Repeats> {
        let mut repeats = Repeats::default();
        for number in 0..PARTS {
            match File::open(repeats_path(folder, number)) {
                Ok(file) => {
                    repeats
                        .parts
                        .push(BufReader::with_capacity(BUFFER_BYTES, file));
                    repeats.fill(repeats.parts.len() - 1)?;
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(disk("the index of rows")(error)),
            }
        }
        Ok(repeats)
    }

    /// Which occurrence the unit that begins with `row` is; rows are asked ascending.
    ///
    /// # Errors
    /// Where the disk refuses.
    pub fn occurrence(&mut self, row: u64) -> Result<u64> {
        while let Some(Reverse((at, occurrence, part))) = self.next.peek().copied() {
            if at > row {
                break;
            }
            self.next.pop();
            self.fill(part)?;
            if at == row {
                return Ok(occurrence);
            }
        }
        Ok(1)
    }

    /// The first repeat behind what was asked for.
    #[must_use]
    pub fn first(&self) -> Option<u64> {
        self.next.peek().map(|Reverse((row, _, _))| *row)
    }

    fn fill(&mut self, part: usize) -> Result<()> {
        let mut bytes = [0; ENTRY_BYTES];
        match self.parts[part].read_exact(&mut bytes) {
            Ok(()) => {
                let (row, occurrence) = entry(&bytes);
                self.next.push(Reverse((row, occurrence, part)));
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(()),
            Err(error) => Err(disk("the index of rows")(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn occurrences_are_those_of_a_plain_count() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("index");
        let key = |row: u64| (row * row % 1_013).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut index = Index::begin(&folder).unwrap();
        for row in 1..=5_000 {
            index.add(key(row), row).unwrap();
        }
        assert!(!is_whole(&folder));
        let count = index.finish().unwrap();
        assert!(is_whole(&folder));
        let mut seen: BTreeMap<u64, u64> = BTreeMap::new();
        let expected: Vec<u64> = (1..=5_000)
            .map(|row| {
                let times = seen.entry(key(row)).or_default();
                *times += 1;
                *times
            })
            .collect();
        assert_eq!(
            count,
            expected.iter().filter(|times| **times > 1).count() as u64
        );
        for from in [1, 2_500] {
            let mut repeats = Repeats::open(&folder).unwrap();
            for row in from..=5_000 {
                assert_eq!(
                    repeats.occurrence(row).unwrap(),
                    expected[row as usize - 1],
                    "{row}"
                );
            }
        }
    }
}
