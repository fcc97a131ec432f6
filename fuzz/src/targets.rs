//! The parsers, each with the payloads it is meant for.

use crate::corpus;
use rapport_core::event::{Call, Dialect, KeyKind, Kind, Origin, Request, SourceNo, dialect};
use rapport_core::identity::journal::Record;
use rapport_core::identity::normalise::normalise;
use rapport_core::identity::policy::Policy;
use rapport_core::identity::{IdKind, Identifier, ProfileNo, extract};
use rapport_core::json;
use rapport_core::profile::Profile;
use rapport_core::segment::registry::Registry;
use rapport_core::segment::{text, tree};
use rapport_core::time::Millis;
use rapport_flow::rows;
use rapport_store::state::Table;

/// A parser under test.
pub(crate) struct Target {
    /// Its name.
    pub(crate) name: &'static str,
    /// Input as it should be.
    pub(crate) golden: &'static [&'static [u8]],
    /// Gives it an input; what holds for everything it takes is checked.
    pub(crate) take: fn(&[u8]),
}

/// Every parser.
pub(crate) const ALL: &[Target] = &[
    Target {
        name: "a batch",
        golden: corpus::BODIES,
        take: |input| validate(Call::Batch, input),
    },
    Target {
        name: "an identify call",
        golden: corpus::BODIES,
        take: |input| validate(Call::One(Kind::Identify), input),
    },
    Target {
        name: "a rule in text",
        golden: corpus::RULES,
        take: rule_in_text,
    },
    Target {
        name: "a rule in JSON",
        golden: corpus::TREES,
        take: rule_in_json,
    },
    Target {
        name: "a value of JSON",
        golden: corpus::JSON,
        take: pick,
    },
    Target {
        name: "traits and context",
        golden: corpus::BODIES,
        take: extracted,
    },
    Target {
        name: "rows of the state",
        golden: corpus::ROWS,
        take: stored,
    },
    Target {
        name: "instants and identifiers",
        golden: corpus::WORDS,
        take: words,
    },
];

fn validate(call: Call, input: &[u8]) {
    let origin = Origin {
        source: SourceNo(1),
        key_kind: KeyKind::Browser,
        dialect: Dialect::Segment,
        call,
        ip: Some("192.0.2.1".to_owned()),
        user_agent: None,
    };
    let request = Request {
        number: 1,
        received: Millis(1_700_000_000_000),
        origin,
        body: input.to_vec(),
    };
    let once = dialect::validate(&request);
    assert_eq!(
        once,
        dialect::validate(&request),
        "the same bytes are the same items"
    );
    for validated in &once {
        if let rapport_core::event::Validated::Event(event) = validated {
            assert!(event.at <= event.received);
        }
    }
}

fn rule_in_text(input: &[u8]) {
    let sent = String::from_utf8_lossy(input);
    match text::parse(&sent) {
        Ok(rule) => assert_eq!(text::parse(&rule.to_string()).as_ref(), Ok(&rule)),
        Err(error) => drop(error.to_string()),
    }
}

fn rule_in_json(input: &[u8]) {
    let sent = String::from_utf8_lossy(input);
    match tree::parse(&sent) {
        Ok(rule) => assert_eq!(tree::parse(&tree::print(&rule)).as_ref(), Ok(&rule)),
        Err(error) => drop(error.to_string()),
    }
}

fn pick(input: &[u8]) {
    let raw = String::from_utf8_lossy(input);
    let _ = json::Value::parse(&raw);
    for path in [&["a"][..], &["a", "b"], &["price"], &[]] {
        let path: Vec<Box<str>> = path.iter().map(|name| (*name).into()).collect();
        let _ = json::pick(&raw, &path);
    }
    let _ = json::members(&raw).count() + json::items(&raw).count();
    let _ = json::unescape(&raw);
}

fn extracted(input: &[u8]) {
    let raw = String::from_utf8_lossy(input);
    let _ = extract::of_traits(&raw);
    let _ = extract::of_context(&raw);
}

fn stored(input: &[u8]) {
    let _ = rows::unpack::<Profile>(Table::Profile, input);
    let _ = rows::unpack::<Record>(Table::Journal, input);
    let _ = rows::unpack::<Registry>(Table::Config, input);
    if let Ok(entries) = rows::cell_entries(Table::Identifier, input) {
        assert_eq!(rows::cell(&entries), input);
    }
    let _ = (
        rows::timer_of(input),
        rows::moved_of(input, input).ok(),
        rows::position_of(input),
    );
}

fn words(input: &[u8]) {
    let word = String::from_utf8_lossy(input);
    if let Some(instant) = Millis::parse(&word) {
        assert_eq!(Millis::parse(&instant.to_string()), Some(instant));
    }
    let _ = ProfileNo::parse(&word);
    let policy = Policy::default();
    for kind in [
        IdKind::UserId,
        IdKind::Email,
        IdKind::Phone,
        IdKind::AnonymousId,
    ] {
        if let Ok(once) = normalise(&policy, &Identifier::new(kind, &*word)) {
            assert_eq!(
                normalise(&policy, &once).as_ref(),
                Ok(&once),
                "normalising twice is once"
            );
        }
    }
}
