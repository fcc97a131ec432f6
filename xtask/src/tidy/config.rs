//! The configuration file teaches: each key stands there with its default under a sentence.

use super::tree::Tree;

const DEFAULTS: &str = "config/rapport.default.toml";

/// Keys without a comment above them.
pub(super) fn unexplained(tree: &Tree) -> Vec<String> {
    let Some(file) = tree.file(DEFAULTS) else {
        return vec![format!("{DEFAULTS} is not there")];
    };
    let mut found = Vec::new();
    let mut above = "";
    for (number, line) in file.lines() {
        let is_key = line.contains('=') && line.starts_with(|c: char| c.is_ascii_lowercase());
        if is_key && !above.starts_with('#') {
            found.push(format!(
                "{}: {}",
                file.at(number),
                line.split('=').next().unwrap_or_default().trim()
            ));
        }
        above = line;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::tree::File;
    use super::*;

    #[test]
    fn a_key_needs_a_sentence() {
        let text = "# Where it listens.\nlisten = \"a\"\n\nport = 1\n".to_owned();
        let tree = Tree {
            files: vec![File {
                path: DEFAULTS.to_owned(),
                text,
            }],
        };
        assert_eq!(unexplained(&tree), ["config/rapport.default.toml:4: port"]);
    }
}
