//! The documents hold: their rules can be read, and what is generated is up to date.

use rapport_core::segment::{reference, text, tree};
use std::fmt::Write as _;

const SEGMENTS: &str = include_str!("../../../../docs/segments.md");
const CONFIGURATION: &str = include_str!("../../../../docs/configuration.md");
const DEFAULTS: &str = include_str!("../../../../config/rapport.default.toml");

/// The blocks of a document that are fenced as `language`.
fn blocks<'a>(document: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    let after = document.split(fence.as_str()).skip(1);
    after
        .filter_map(|rest| rest.split("\n```").next())
        .collect()
}

#[test]
fn every_rule_in_the_documents_can_be_read_and_comes_back_from_its_print() {
    let rules: Vec<&str> = blocks(SEGMENTS, "rule")
        .into_iter()
        .flat_map(str::lines)
        .collect();
    assert!(rules.len() > 10, "{rules:?}");
    for rule in rules {
        let read = text::parse(rule).unwrap_or_else(|error| panic!("{rule}: {error}"));
        assert_eq!(text::parse(&read.to_string()), Ok(read.clone()), "{rule}");
        assert_eq!(tree::parse(&tree::print(&read)), Ok(read), "{rule}");
    }
}

#[test]
fn the_grammar_and_the_tables_of_the_language_are_those_of_the_parser() {
    let grammar = format!("```text\n{}```", reference::grammar());
    for part in [grammar, reference::operators(), reference::facts()] {
        assert!(SEGMENTS.contains(&part), "docs/segments.md lacks:\n{part}");
    }
}

#[test]
fn every_tree_in_the_documents_can_be_read() {
    let trees = blocks(SEGMENTS, "json-rule");
    assert!(!trees.is_empty());
    for spelled in trees {
        tree::parse(spelled).unwrap_or_else(|error| panic!("{spelled}: {error}"));
    }
}

#[test]
fn the_configuration_page_says_what_the_default_file_says() {
    let page = configuration();
    if page != CONFIGURATION {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../docs/configuration.md.tmp"
        );
        std::fs::write(path, &page).expect("a page");
    }
    assert!(
        page == CONFIGURATION,
        "move docs/configuration.md.tmp to docs/configuration.md"
    );
}

/// The default file as a table per section.
fn configuration() -> String {
    let mut page = String::from(
        "# Configuration\n\nEvery setting with its default, from `config/rapport.default.toml`. \
         Set what you change in a file of your own (`rapport serve --config FILE`) or in the \
         environment, which wins.\n",
    );
    let (mut section, mut about) = ("", String::new());
    for line in DEFAULTS.lines() {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            section = name;
            about.clear();
            let _ = write!(
                page,
                "\n## {name}\n\n| key | default | environment | |\n| --- | --- | --- | --- |\n"
            );
        } else if let Some(comment) = line.strip_prefix("# ") {
            about = format!("{about} {comment}").trim().to_owned();
        } else if let Some((key, value)) = line.split_once(" = ") {
            let variable = format!("RAPPORT_{section}_{key}").to_uppercase();
            let _ = writeln!(page, "| `{key}` | `{value}` | `{variable}` | {about} |");
            about.clear();
        }
    }
    page
}
