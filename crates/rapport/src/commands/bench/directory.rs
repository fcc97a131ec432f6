//! The directories of the servers that are measured.

use anyhow::{Context, Result, bail};
use std::path::Path;

/// Makes an empty directory; one that the bench made before is emptied, any other is refused.
///
/// # Errors
/// Where it holds something else, or cannot be made.
pub(super) fn make_empty(data: &Path) -> Result<()> {
    let mark = data.join("made-by-rapport-bench");
    if data.exists() {
        let is_empty = std::fs::read_dir(data)?.next().is_none();
        if !is_empty && !mark.exists() {
            bail!(
                "{} is not empty and not of an earlier bench: name another --data",
                data.display()
            );
        }
        std::fs::remove_dir_all(data)?;
    }
    std::fs::create_dir_all(data).with_context(|| data.display().to_string())?;
    std::fs::write(mark, "")?;
    Ok(())
}

/// Bytes of all files below a path whose names begin with `prefix`; all files where it is empty.
pub(super) fn bytes(folder: &Path, prefix: &str) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    let size = |entry: std::fs::DirEntry| {
        let is_ours = entry.file_name().to_string_lossy().starts_with(prefix);
        match entry.metadata() {
            Ok(about) if is_ours && about.is_dir() => bytes(&entry.path(), ""),
            Ok(about) if is_ours => about.len(),
            _ => 0,
        }
    };
    entries.flatten().map(size).sum()
}
