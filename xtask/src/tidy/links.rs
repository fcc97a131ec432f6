//! Links between the documents of the repository.

use std::path::{Component, Path, PathBuf};

use super::tree::{File, Tree};
use crate::places;

/// Links to files and headings of this repository that are not there.
pub(super) fn broken(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for file in tree.files.iter().filter(|file| file.path.ends_with(".md")) {
        for (number, line) in prose(file) {
            for target in targets(line).filter(|target| is_broken(tree, file, target)) {
                found.push(format!("{}: {target}", file.at(number)));
            }
        }
    }
    found
}

/// The lines outside of code blocks.
fn prose(file: &File) -> Vec<(usize, &str)> {
    let mut is_code = false;
    let mut lines = Vec::new();
    for (number, line) in file.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            lines.push((number, line));
        }
    }
    lines
}

/// What stands between `](` and `)`.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
}

fn is_broken(tree: &Tree, from: &File, target: &str) -> bool {
    if target.contains("://") || target.starts_with("mailto:") {
        return false;
    }
    let (path, heading) = match target.split_once('#') {
        Some((path, heading)) => (path, Some(heading)),
        None => (target, None),
    };
    let path = if path.is_empty() {
        from.path.clone()
    } else {
        resolve(&from.path, path)
    };
    if !places::root().join(&path).exists() {
        return true;
    }
    match (heading, tree.file(&path)) {
        (Some(heading), Some(file)) if path.ends_with(".md") => !has_heading(file, heading),
        _ => false,
    }
}

fn resolve(from: &str, target: &str) -> String {
    let folder = Path::new(from).parent().unwrap_or(Path::new(""));
    let mut resolved = PathBuf::new();
    for part in folder.join(target).components() {
        match part {
            Component::ParentDir => {
                resolved.pop();
            }
            Component::Normal(part) => resolved.push(part),
            _ => {}
        }
    }
    resolved.to_string_lossy().into_owned()
}

fn has_heading(file: &File, wanted: &str) -> bool {
    prose(file)
        .iter()
        .any(|(_, line)| line.starts_with('#') && slug(line) == wanted)
}

/// A heading as its link spells it: small letters, hyphens for spaces, no signs.
fn slug(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text
        .chars()
        .filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Tree {
        Tree {
            files: vec![File {
                path: "Cargo.md".to_owned(),
                text: text.to_owned(),
            }],
        }
    }

    #[test]
    fn a_link_to_nothing_is_broken() {
        assert_eq!(broken(&document("see [this](no/such.md)\n")).len(), 1);
        assert_eq!(
            broken(&document(
                "see [this](xtask/src/main.rs) and [that](https://example.com/x)\n"
            ))
            .len(),
            0
        );
    }

    #[test]
    fn a_heading_is_linked_by_its_slug() {
        assert_eq!(slug("## Time, and `at`"), "time-and-at");
    }
}
