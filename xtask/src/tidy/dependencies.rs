//! The direction in which the crates may depend on each other.

use super::tree::Tree;

/// A crate of ours and those it may use. Tests may use the embedded engine too.
const ALLOWED: [(&str, &[&str]); 10] = [
    ("rapport-core", &[]),
    ("rapport-store", &["rapport-core"]),
    ("rapport-embedded", &["rapport-core", "rapport-store"]),
    ("rapport-cluster", &["rapport-core", "rapport-store"]),
    ("rapport-flow", &["rapport-core", "rapport-store"]),
    ("rapport-script", &["rapport-core"]),
    (
        "rapport-channels",
        &["rapport-core", "rapport-store", "rapport-flow"],
    ),
    (
        "rapport-import",
        &["rapport-core", "rapport-store", "rapport-flow"],
    ),
    (
        "rapport-api",
        &[
            "rapport-core",
            "rapport-store",
            "rapport-flow",
            "rapport-import",
        ],
    ),
    (
        "rapport",
        &[
            "rapport-core",
            "rapport-store",
            "rapport-embedded",
            "rapport-cluster",
            "rapport-flow",
            "rapport-channels",
            "rapport-import",
            "rapport-api",
            "rapport-script",
        ],
    ),
];

/// Crates that use one they may not, and crates that nobody placed.
pub(super) fn wrong_way(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for file in &tree.files {
        let Some(name) = file
            .path
            .strip_prefix("crates/")
            .and_then(|rest| rest.strip_suffix("/Cargo.toml"))
        else {
            continue;
        };
        let Some((_, allowed)) = ALLOWED.iter().find(|(ours, _)| *ours == name) else {
            found.push(format!(
                "{}: {name} has no place in the order of crates",
                file.path
            ));
            continue;
        };
        let Ok(manifest) = file.text.parse::<toml::Table>() else {
            found.push(format!("{}: not TOML", file.path));
            continue;
        };
        for used in uses(&manifest, "dependencies")
            .into_iter()
            .chain(uses(&manifest, "build-dependencies"))
        {
            if !allowed.contains(&used.as_str()) {
                found.push(format!("{}: {name} may not use {used}", file.path));
            }
        }
    }
    found
}

fn uses(manifest: &toml::Table, section: &str) -> Vec<String> {
    let Some(section) = manifest.get(section).and_then(toml::Value::as_table) else {
        return Vec::new();
    };
    section
        .keys()
        .filter(|name| name.starts_with("rapport"))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tree::File;
    use super::*;

    #[test]
    fn the_core_may_use_no_other_crate() {
        let path = "crates/rapport-core/Cargo.toml".to_owned();
        let text =
            "[dependencies]\nrapport-store.workspace = true\nserde.workspace = true\n".to_owned();
        let tree = Tree {
            files: vec![File { path, text }],
        };
        assert_eq!(wrong_way(&tree).len(), 1);
    }
}
