//! Rules about words that may not stand in a file.

use super::tree::{File, Tree};

/// Words that leave work open or keep a test from running. Split, so that this file keeps its own rule.
const LEFT_OPEN: [&str; 8] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("to", "do!("),
    concat!("unimpl", "emented!("),
    concat!("#[ig", "nore"),
    concat!(".sk", "ip(\""),
    concat!(".on", "ly(\""),
    concat!("pytest.mark.sk", "ip"),
];

/// Folders of one machine, and the start and end of the names of package registries' hosts.
const PLACES: [(&str, &str); 7] = [
    ("/wo", "rk/"),
    ("/ro", "ot/"),
    ("npmjs.", "org"),
    ("pypi.", "org"),
    ("pythonhosted.", "org"),
    ("deb.debian.", "org"),
    ("index.crates.", "io"),
];

/// Marks of work left open and of tests that do not run.
pub(super) fn left_open(tree: &Tree) -> Vec<String> {
    let checked = tree.files.iter().filter(|file| is_code(file));
    checked
        .flat_map(|file| lines(file, &LEFT_OPEN.map(str::to_owned)))
        .collect()
}

/// Paths of one machine and hosts of registries.
pub(super) fn places(tree: &Tree) -> Vec<String> {
    let words = PLACES.map(|(start, end)| format!("{start}{end}"));
    tree.files
        .iter()
        .flat_map(|file| lines(file, &words))
        .collect()
}

/// Lock files of npm that record an address for each package.
pub(super) fn lock_files(tree: &Tree) -> Vec<String> {
    let locks = tree
        .files
        .iter()
        .filter(|file| file.path.ends_with("package-lock.json"));
    locks
        .flat_map(|file| lines(file, &["\"resolved\": \"http".to_owned()]))
        .collect()
}

fn is_code(file: &File) -> bool {
    let ends = [
        ".rs", ".ts", ".tsx", ".js", ".mjs", ".py", ".sh", ".toml", ".yml",
    ];
    ends.iter().any(|end| file.path.ends_with(end)) && !is_of_others(file)
}

/// Files that others wrote and that are served as they came.
fn is_of_others(file: &File) -> bool {
    file.path.ends_with(".min.js")
        || file.path.contains("/vendor/")
        || file.path.contains("/assets/")
}

fn lines(file: &File, words: &[String]) -> Vec<String> {
    let hits = file.lines().filter_map(|(number, line)| {
        let word = words.iter().find(|word| line.contains(*word))?;
        Some(format!("{}: {word}", file.at(number)))
    });
    hits.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_left_open_is_found() {
        let text = format!("fn a() {{\n    {}later\")\n}}\n", LEFT_OPEN[2]);
        let tree = Tree {
            files: vec![File {
                path: "a.rs".to_owned(),
                text,
            }],
        };
        assert_eq!(left_open(&tree).len(), 1);
    }

    #[test]
    fn a_place_of_one_machine_is_found() {
        let text = format!("see {}{}notes\n", PLACES[0].0, PLACES[0].1);
        let tree = Tree {
            files: vec![File {
                path: "a.md".to_owned(),
                text,
            }],
        };
        assert_eq!(places(&tree).len(), 1);
    }
}
