//! The documents hold: their rules can be read, and what is generated is up to date.

use rapport_core::event::dialect;
use rapport_core::event::mapping::{Delivery, Map, Mapped, ready};
use rapport_core::event::transform;
use rapport_core::event::transform::script::Engine as _;
use rapport_core::event::{Call, Dialect, KeyKind, Origin, Request, SourceNo, Validated};
use rapport_core::segment::computed::Function;
use rapport_core::segment::computed::library::LIBRARY;
use rapport_core::segment::{reference, text, tree};
use rapport_core::time::Millis;
use rapport_flow::plan::{Compiled, Verdict};
use rapport_import::{Format, Mapping, preview};
use rapport_script::QuickJs;
use serde_json::{Value, json};
use std::fmt::Write as _;

mod examples;

const SEGMENTS: &str = include_str!("../../../../docs/segments.md");
const TRAITS: &str = include_str!("../../../../docs/traits.md");
const WEBHOOK_SOURCES: &str = include_str!("../../../../docs/webhook-sources.md");
const TRANSFORMATIONS: &str = include_str!("../../../../docs/transformations.md");
const PLANS: &str = include_str!("../../../../docs/tracking-plans.md");
const IMPORTS: &str = include_str!("../../../../docs/imports.md");
const TRACKING: &str = include_str!("../../../../docs/tracking.md");
const NODE: &str = include_str!("../../../../tests/sdk/package.json");
const PYTHON: &str = include_str!("../../../../tests/sdk/requirements.txt");
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
fn every_trait_in_the_documents_can_be_read_and_the_ready_ones_are_those_of_the_library() {
    let blocks = |language| blocks(TRAITS, language).into_iter();
    let spelled: Vec<&str> = blocks("trait").flat_map(str::lines).collect();
    assert!(spelled.len() > 15, "{spelled:?}");
    for spelled in spelled {
        let read = text::parse_computed(spelled).unwrap_or_else(|e| panic!("{spelled}: {e}"));
        let printed = tree::print_computed(&read);
        assert_eq!(text::parse_computed(&read.to_string()).as_ref(), Ok(&read));
        assert_eq!(tree::parse_computed(&printed), Ok(read));
    }
    assert!(blocks("json-trait").count() > 0);
    for spelled in blocks("json-trait") {
        tree::parse_computed(spelled).unwrap_or_else(|e| panic!("{spelled}: {e}"));
    }
    for function in Function::ALL {
        let about = function.about();
        assert!(
            TRAITS.contains(&format!(" | {about} |")),
            "docs/traits.md lacks: {about}"
        );
    }
    for ready in LIBRARY {
        let row = format!("| `{}` | `{}` |", ready.key, ready.computed);
        assert!(TRAITS.contains(&row), "docs/traits.md lacks: {row}");
    }
}

/// A snippet shows one SDK, and what it is called there is what the suites install and run.
#[test]
fn every_sdk_of_the_tracking_page_is_set_up_in_a_few_lines_and_runs_in_the_suites() {
    let mut snippets = blocks(TRACKING, "js");
    snippets.extend(blocks(TRACKING, "python"));
    assert!(snippets.len() >= 10, "{snippets:?}");
    for snippet in snippets {
        assert!(snippet.lines().count() < 10, "{snippet}");
        let comment = snippet.lines().next().unwrap_or_default();
        let mut words = comment.split([' ', ',', ';']);
        let name = words.find(|word| word.contains(char::is_alphabetic));
        let name = name.unwrap_or_else(|| panic!("no SDK is named: {snippet}"));
        let in_node = format!("\"{name}\": \"");
        let in_python = format!("{name}==");
        let is_run =
            NODE.contains(&in_node) || PYTHON.lines().any(|line| line.starts_with(&in_python));
        assert!(is_run, "{name} is in no suite");
    }
}

#[test]
fn the_map_in_the_documents_makes_the_events_beside_it() {
    let one = |language: &str| {
        let found = blocks(WEBHOOK_SOURCES, language);
        assert_eq!(found.len(), 1, "{language}");
        found[0]
    };
    let map = Map::parse(one("json map")).expect("a map");
    let mapped = map.apply(Delivery {
        headers: &[],
        body: one("json delivery"),
    });
    let [Mapped::Event(draft), Mapped::Skipped { .. }] = &*mapped else {
        panic!("{mapped:?}");
    };
    let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
    let expected = read(one("json events"));
    assert_eq!(read(&draft.properties), expected["properties"]);
    assert_eq!(expected["messageId"], *draft.message_id);
    assert_eq!(expected["event"], *draft.name);
    let time = draft.original.expect("a time").to_string();
    assert_eq!(expected["timestamp"], time);
}

#[test]
fn the_documents_name_every_ready_map() {
    for name in ready::names() {
        let row = format!("| `{name}` |");
        assert!(WEBHOOK_SOURCES.contains(&row), "{row}");
    }
}

#[test]
fn every_step_and_script_in_the_documents_can_be_read() {
    let steps: Vec<&str> = blocks(TRANSFORMATIONS, "step")
        .into_iter()
        .flat_map(str::lines)
        .collect();
    assert!(steps.len() > 8, "{steps:?}");
    transform::read(&steps).unwrap_or_else(|error| panic!("{error}"));
    let scripts = blocks(TRANSFORMATIONS, "js");
    assert!(!scripts.is_empty());
    for code in scripts {
        let opened = QuickJs.open(code, 50_000);
        let mut script = opened.unwrap_or_else(|failure| panic!("{code}: {failure:?}"));
        let item = r#"{"event":"Sold","properties":{"cents":250}}"#;
        let made = script.run(item, Millis(0), 50_000);
        let expected = r#"{"event":"Sold","properties":{"revenue":2.5}}"#;
        assert_eq!(made, Ok(Some(expected.to_owned())));
    }
}

#[test]
fn the_plan_in_the_documents_makes_of_the_event_what_stands_beside_it() {
    let call = blocks(PLANS, "sh")
        .into_iter()
        .find(|call| call.contains("-X PUT"));
    let spelled = call.and_then(|call| call.split('\'').nth(1));
    let plan = serde_json::from_str(spelled.expect("a body")).expect("a plan");
    let plan = Compiled::new(plan).expect("schemas");
    let read = |language: &str| -> Value {
        let found = blocks(PLANS, language);
        assert_eq!(found.len(), 1, "{language}");
        serde_json::from_str(found[0]).expect("JSON")
    };
    let body = json!({ "batch": [read("json sent")] }).to_string();
    let request = Request {
        number: 1,
        received: Millis(1_700_000_000_000),
        origin: Origin {
            source: SourceNo(1),
            key_kind: KeyKind::Server,
            dialect: Dialect::Segment,
            call: Call::Batch,
            ip: None,
            user_agent: None,
        },
        body: body.into_bytes(),
    };
    let mut items = dialect::validate(&request, &dialect::NoMaps);
    let Some(Validated::Event(mut event)) = items.pop() else {
        panic!("{items:?}");
    };
    let Verdict::Trimmed(_, mut violations) = plan.judge(&mut event) else {
        panic!("it is trimmed");
    };
    violations.sort();
    let taken: Value = serde_json::from_str(&event.properties).expect("JSON");
    assert_eq!(taken, read("json taken"));
    let told = violations
        .iter()
        .map(|one| json!({ "field": one.field, "kind": one.kind }));
    assert_eq!(told.collect::<Value>(), read("json violations"));
}

#[test]
fn every_file_in_the_documents_becomes_the_events_beside_it() {
    let files = blocks(IMPORTS, "csv");
    let mappings = blocks(IMPORTS, "toml");
    let events = blocks(IMPORTS, "json");
    assert_eq!((files.len(), mappings.len(), events.len()), (2, 2, 2));
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("file.csv");
    for ((file, mapping), events) in files.into_iter().zip(mappings).zip(events) {
        std::fs::write(&path, file).expect("a file");
        let mapping = Mapping::parse(mapping).expect("a mapping");
        let now = Millis(1_700_000_000_000);
        let found =
            preview::preview(&path, Format::Csv, Some(mapping), now, 10).expect("a preview");
        let found: Vec<&str> = found.events.iter().map(|event| event.get()).collect();
        assert_eq!(found, events.lines().collect::<Vec<_>>());
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
