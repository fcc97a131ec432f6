//! The core takes state, input and time as arguments: nothing in it may ask the machine.

use super::tree::Tree;

const IMPURE: [&str; 13] = [
    "HashMap",
    "HashSet",
    "std::time",
    "std::fs",
    "std::net",
    "std::env",
    "std::io",
    "std::thread",
    "std::process",
    "tokio",
    "async fn",
    "rand::",
    "println!",
];

/// Lines of the core, tests aside, that reach for the machine or for an unordered map.
pub(super) fn impure(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for file in tree
        .rust()
        .filter(|file| file.path.starts_with("crates/rapport-core/src/"))
    {
        for (number, line) in file.code() {
            let code = line.split("//").next().unwrap_or_default();
            if let Some(word) = IMPURE.iter().find(|word| has_word(code, word)) {
                found.push(format!("{}: {word}", file.at(number)));
            }
        }
    }
    found
}

/// Whether `word` stands in `code` and is not part of a longer name.
fn has_word(code: &str, word: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        !before.is_some_and(is_name) && (word.ends_with([':', '!']) || !after.is_some_and(is_name))
    })
}

#[cfg(test)]
mod tests {
    use super::super::tree::File;
    use super::*;

    fn check(line: &str, breaches: usize) {
        let path = "crates/rapport-core/src/a.rs".to_owned();
        let tree = Tree {
            files: vec![File {
                path,
                text: format!("//! A.\n{line}\n"),
            }],
        };
        assert_eq!(impure(&tree).len(), breaches, "{line}");
    }

    #[test]
    fn only_whole_words_of_code_count() {
        check("use std::collections::HashMap;", 1);
        check("let now = std::time::Instant::now();", 1);
        check("// A HashMap has no order.", 0);
        check("struct HashMapped;", 0);
    }
}
