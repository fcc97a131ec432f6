//! The text files of the repository as git sees them, with what the rules ask of a file.

use anyhow::{Context, Result};

use crate::{places, program};

/// Every file that is or would be committed, except what is not text.
pub(super) struct Tree {
    /// The files in the order of their paths.
    pub(super) files: Vec<File>,
}

/// One text file.
pub(super) struct File {
    /// The path from the root, with `/`.
    pub(super) path: String,
    /// The whole text.
    pub(super) text: String,
}

impl Tree {
    /// Reads the working tree; ignored files are left out.
    pub(super) fn read() -> Result<Tree> {
        let list = ["ls-files", "--cached", "--others", "--exclude-standard"];
        let paths =
            program::answer(program::command("git").args(list)).context("git ls-files failed")?;
        let mut files: Vec<File> = paths.lines().filter_map(read_text).collect();
        files.sort_by(|left, right| left.path.cmp(&right.path));
        files.dedup_by(|left, right| left.path == right.path);
        Ok(Tree { files })
    }

    /// The Rust files.
    pub(super) fn rust(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| file.path.ends_with(".rs"))
    }

    /// The file at this path, if there is one.
    pub(super) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }
}

impl File {
    /// Whether the whole file is tests: a sibling of what it tests, or a suite that every engine runs.
    pub(super) fn is_test(&self) -> bool {
        let is_folder_of_tests = |folder| ["tests", "conformance", "fuzz"].contains(&folder);
        let mut parts = self.path.split('/').rev();
        let name = parts.next().unwrap_or_default();
        name.ends_with("tests.rs") || parts.any(is_folder_of_tests)
    }

    /// The lines before the file's own tests, which come last.
    pub(super) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let is_whole_test = self.is_test();
        self.lines()
            .take_while(move |(_, line)| !is_whole_test && *line != "#[cfg(test)]")
    }

    /// All lines, counted from one.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line))
    }

    /// `path:line`, as an editor understands it.
    pub(super) fn at(&self, line: usize) -> String {
        format!("{}:{line}", self.path)
    }
}

fn read_text(path: &str) -> Option<File> {
    // What git lists and is not there was removed and not yet committed; what is not UTF-8 is not text.
    let bytes = std::fs::read(places::root().join(path)).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    Some(File {
        path: path.to_owned(),
        text,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_ends_where_the_tests_begin() {
        let file = File {
            path: "a.rs".to_owned(),
            text: "//! A.\nfn a() {}\n#[cfg(test)]\nmod tests {}\n".to_owned(),
        };
        assert_eq!(file.code().count(), 2);
    }

    #[test]
    fn a_folder_of_tests_holds_no_code() {
        let file = File {
            path: "crates/x/tests/it/main.rs".to_owned(),
            text: "//! A.\n".to_owned(),
        };
        assert!(file.is_test());
        assert_eq!(file.code().count(), 0);
    }
}
