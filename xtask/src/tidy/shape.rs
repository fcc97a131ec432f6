//! Rules about the shape and the names of files.

use super::tree::{File, Tree};

const FILE_LINES: usize = 500;
const FUNCTION_LINES: usize = 70;
const EMPTY_NAMES: [&str; 5] = ["utils", "util", "helpers", "common", "manager"];

/// Rust files that do not open with `//!`.
pub(super) fn opening(tree: &Tree) -> Vec<String> {
    let closed = tree.rust().filter(|file| !file.text.starts_with("//! "));
    closed.map(|file| file.path.clone()).collect()
}

/// Rust files that are too long.
pub(super) fn length(tree: &Tree) -> Vec<String> {
    let long = tree
        .rust()
        .map(|file| (file, file.code().count()))
        .filter(|(_, lines)| *lines > FILE_LINES);
    long.map(|(file, lines)| format!("{}: {lines} lines", file.path))
        .collect()
}

/// Functions that do not fit a screen.
pub(super) fn functions(tree: &Tree) -> Vec<String> {
    tree.rust().flat_map(long_functions).collect()
}

fn long_functions(file: &File) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Option<(usize, usize)> = None;
    for (number, line) in file.code() {
        let indent = line.len() - line.trim_start().len();
        match open {
            None if is_function(line) && !line.ends_with(';') && !line.ends_with('}') => {
                open = Some((number, indent))
            }
            // The formatter puts the closing brace under the start of the function.
            Some((start, at)) if indent == at && line.trim() == "}" => {
                let lines = number - start + 1;
                if lines > FUNCTION_LINES {
                    found.push(format!("{}: {lines} lines", file.at(start)));
                }
                open = None;
            }
            // A function of a trait without a body.
            Some((_, at)) if indent == at && line.ends_with(';') => open = None,
            _ => {}
        }
    }
    found
}

fn is_function(line: &str) -> bool {
    let mut words = line.split_whitespace().skip_while(|word| {
        word.starts_with("pub") || ["in", "async", "const", "extern"].contains(word)
    });
    words.next() == Some("fn")
}

/// Tests whose name begins with `test_`.
pub(super) fn names_of_tests(tree: &Tree) -> Vec<String> {
    let start = concat!("fn te", "st_");
    lines_with(tree, |line| {
        line.trim_start().starts_with(start) || line.contains(&format!(" {start}"))
    })
}

/// Allowed lints without a reason in the attribute or a comment above it.
pub(super) fn allows(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for file in tree.rust() {
        let mut above = "";
        for (number, line) in file.lines() {
            let line = line.trim();
            let is_allow = line.starts_with("#[allow(") || line.starts_with("#![allow(");
            let is_explained =
                line.contains("reason") || line.contains("//") || above.starts_with("//");
            // An attribute over several lines has its reason further down.
            let is_open = !line.contains(']');
            if is_allow && !is_explained && !is_open {
                found.push(file.at(number));
            }
            above = line;
        }
    }
    found
}

/// Files named `mod.rs`.
pub(super) fn module_files(tree: &Tree) -> Vec<String> {
    let named = tree.rust().filter(|file| file.path.ends_with("/mod.rs"));
    named.map(|file| file.path.clone()).collect()
}

/// Files and folders whose name says nothing about what they hold.
pub(super) fn names(tree: &Tree) -> Vec<String> {
    let says_nothing = |path: &str| {
        path.split('/')
            .any(|part| EMPTY_NAMES.contains(&part.split('.').next().unwrap_or_default()))
    };
    let named = tree.files.iter().filter(|file| says_nothing(&file.path));
    named.map(|file| file.path.clone()).collect()
}

fn lines_with(tree: &Tree, breaks: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for file in tree.rust() {
        found.extend(
            file.lines()
                .filter(|(_, line)| breaks(line))
                .map(|(number, _)| file.at(number)),
        );
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(path: &str, text: &str) -> Tree {
        Tree {
            files: vec![File {
                path: path.to_owned(),
                text: text.to_owned(),
            }],
        }
    }

    #[test]
    fn a_long_function_is_found() {
        let body = "    step();\n".repeat(FUNCTION_LINES);
        let tree = one(
            "a.rs",
            &format!("//! A.\npub async fn long(\n    a: u8,\n) {{\n{body}}}\n"),
        );
        assert_eq!(functions(&tree), ["a.rs:2: 74 lines"]);
    }

    #[test]
    fn a_short_function_is_not() {
        let tree = one(
            "a.rs",
            "//! A.\nfn short() {\n    step();\n}\n\ntrait A {\n    fn a();\n}\n",
        );
        assert!(functions(&tree).is_empty());
    }

    #[test]
    fn names_that_say_nothing_are_found_in_folders_and_files() {
        assert_eq!(names(&one("crates/a/src/utils/time.rs", "")).len(), 1);
        assert_eq!(names(&one("crates/a/src/helpers.rs", "")).len(), 1);
        assert_eq!(names(&one("crates/a/src/time.rs", "")).len(), 0);
    }

    #[test]
    fn an_allow_needs_a_reason() {
        assert_eq!(allows(&one("a.rs", "#[allow(dead_code)]\n")).len(), 1);
        assert_eq!(
            allows(&one(
                "a.rs",
                "// The macro needs it.\n#[allow(dead_code)]\n"
            ))
            .len(),
            0
        );
    }
}
