//! The parsers, each with the payloads it is meant for.

use crate::{corpus, hooks, imports, plans, stored};
use rapport_core::event::dialect::NoMaps;
use rapport_core::event::dialect::limits::Limits;
use rapport_core::event::dialect::segment::{BATCH_BYTES_MAX, BATCH_EVENTS_MAX};
use rapport_core::event::transform;
use rapport_core::event::{Call, Dialect, KeyKind, Kind, Origin, Request, SourceNo, dialect};
use rapport_core::identity::journal::Record;
use rapport_core::identity::normalise::normalise;
use rapport_core::identity::policy::Policy;
use rapport_core::identity::{IdKind, Identifier, ProfileNo, extract};
use rapport_core::json;
use rapport_core::profile::Profile;
use rapport_core::segment::complete::complete;
use rapport_core::segment::registry::Registry;
use rapport_core::segment::{text, tree};
use rapport_core::time::Millis;
use rapport_flow::rejected::Rejected;
use rapport_flow::rows;
use rapport_flow::tail::Ends;
use rapport_import::Format;
use rapport_store::history::File;
use rapport_store::seen::Run;
use rapport_store::state::Table;

/// A parser under test.
pub(crate) struct Target {
    /// Its name.
    pub(crate) name: &'static str,
    /// Input as it should be.
    pub(crate) golden: fn() -> &'static [&'static [u8]],
    /// Gives it an input; what holds for everything it takes is checked.
    pub(crate) take: fn(&[u8]),
}

/// Every parser.
pub(crate) const ALL: &[Target] = &[
    Target {
        name: "a batch",
        golden: || corpus::BODIES,
        take: |input| validate(Dialect::Segment, Call::Batch, input),
    },
    Target {
        name: "an identify call",
        golden: || corpus::BODIES,
        take: |input| validate(Dialect::Segment, Call::One(Kind::Identify), input),
    },
    Target {
        name: "a rule in text",
        golden: || corpus::RULES,
        take: rule_in_text,
    },
    Target {
        name: "a rule to complete",
        golden: || corpus::RULES,
        take: rule_to_complete,
    },
    Target {
        name: "a rule in JSON",
        golden: || corpus::TREES,
        take: rule_in_json,
    },
    Target {
        name: "a value of JSON",
        golden: || corpus::JSON,
        take: pick,
    },
    Target {
        name: "traits and context",
        golden: || corpus::BODIES,
        take: extracted,
    },
    Target {
        name: "rows of the state",
        golden: || corpus::ROWS,
        take: of_state,
    },
    Target {
        name: "a body at the door, of a batch",
        golden: stored::bodies,
        take: |input| at_the_door(Call::Batch, input),
    },
    Target {
        name: "a body at the door, of a single call",
        golden: stored::bodies,
        take: |input| at_the_door(Call::One(Kind::Track), input),
    },
    Target {
        name: "a group on the ledger",
        golden: stored::groups,
        take: stored::group,
    },
    Target {
        name: "a run of seen ids",
        golden: stored::runs,
        take: stored::run,
    },
    Target {
        name: "a file of history",
        golden: stored::files,
        take: stored::file,
    },
    Target {
        name: "a mapping",
        golden: || corpus::MAPPINGS,
        take: imports::mapping,
    },
    Target {
        name: "a mapping and what it makes of files",
        golden: || corpus::MAPPINGS,
        take: imports::mapped,
    },
    Target {
        name: "a pattern of times",
        golden: || imports::PATTERNS,
        take: imports::pattern,
    },
    Target {
        name: "a file of separated values",
        golden: || corpus::FILES,
        take: |input| imports::file(Format::Csv, input),
    },
    Target {
        name: "a file of lines of JSON",
        golden: || corpus::BODIES,
        take: |input| imports::file(Format::Ndjson, input),
    },
    Target {
        name: "a preview of a file, packed or not",
        golden: stored::packed,
        take: |input| imports::previewed(Format::Csv, input),
    },
    Target {
        name: "a Parquet file to be imported",
        golden: stored::files,
        take: |input| imports::previewed(Format::Parquet, input),
    },
    Target {
        name: "instants and identifiers",
        golden: || corpus::WORDS,
        take: words,
    },
    Target {
        name: "a map of a webhook",
        golden: || hooks::MAPS,
        take: hooks::map,
    },
    Target {
        name: "a delivery of a webhook",
        golden: || hooks::DELIVERIES,
        take: hooks::delivery,
    },
    Target {
        name: "a signature of a webhook",
        golden: || hooks::SIGNATURES,
        take: hooks::signature,
    },
    Target {
        name: "a step of a transformation",
        golden: || corpus::STEPS,
        take: step,
    },
    Target {
        name: "an event to be transformed",
        golden: || corpus::BODIES,
        take: transformed,
    },
    Target {
        name: "a batch of RudderStack's",
        golden: || corpus::RUDDER,
        take: |input| validate(Dialect::Rudder, Call::Batch, input),
    },
    Target {
        name: "a merge of RudderStack's",
        golden: || corpus::RUDDER,
        take: |input| validate(Dialect::Rudder, Call::One(Kind::Alias), input),
    },
    Target {
        name: "an event of Jitsu's",
        golden: || corpus::JITSU,
        take: |input| validate(Dialect::Jitsu, Call::One(Kind::Track), input),
    },
    Target {
        name: "a body of PostHog's",
        golden: || corpus::POSTHOG,
        take: |input| validate(Dialect::Posthog, Call::Batch, input),
    },
    Target {
        name: "a packed body of PostHog's",
        golden: stored::packings,
        take: packed,
    },
    Target {
        name: "an image's query",
        golden: || corpus::QUERIES,
        take: query,
    },
    Target {
        name: "a batch of an import's rows",
        golden: || corpus::BODIES,
        take: |input| validate(Dialect::Import, Call::Batch, input),
    },
    Target {
        name: "a batch of a list's items",
        golden: || corpus::ITEMS,
        take: |input| validate(Dialect::List, Call::Batch, input),
    },
    Target {
        name: "a tracking plan",
        golden: || plans::PLANS,
        take: plans::plan,
    },
    Target {
        name: "an event that is held against a plan",
        golden: || corpus::BODIES,
        take: plans::event,
    },
];

pub(crate) fn request(dialect: Dialect, call: Call, body: &[u8]) -> Request {
    let origin = Origin {
        source: SourceNo(1),
        key_kind: KeyKind::Browser,
        dialect,
        call,
        ip: Some("192.0.2.1".to_owned()),
        user_agent: None,
    };
    Request {
        number: 1,
        received: Millis(1_700_000_000_000),
        origin,
        body: body.to_vec(),
    }
}

fn validate(dialect: Dialect, call: Call, input: &[u8]) {
    let request = request(dialect, call, input);
    let once = dialect::validate(&request, &NoMaps);
    assert_eq!(
        once,
        dialect::validate(&request, &NoMaps),
        "the same bytes are the same items"
    );
    for validated in &once {
        if let rapport_core::event::Validated::Event(event) = validated {
            assert!(event.at <= event.received);
        }
    }
}

fn at_the_door(call: Call, input: &[u8]) {
    let Ok(taken) = rapport_api::track::look(input.to_vec(), call) else {
        return;
    };
    assert!(
        taken.len() <= BATCH_BYTES_MAX,
        "{} bytes are let in",
        taken.len()
    );
    let items = dialect::validate(&request(Dialect::Segment, call, &taken), &NoMaps);
    assert!((1..=BATCH_EVENTS_MAX).contains(&items.len()));
}

/// What is unpacked of PostHog's packings is JSON of no more bytes than a body may have.
fn packed(input: &[u8]) {
    for query in [
        "",
        "compression=gzip-js",
        "compression=base64",
        "compression=lz64",
    ] {
        let Ok(taken) = rapport_api::track::look_packed(query, input.to_vec()) else {
            continue;
        };
        assert!(taken.len() <= Limits::of(Dialect::Posthog).body_bytes);
        validate(Dialect::Posthog, Call::Batch, &taken);
    }
}

/// An image's query is a body, whatever becomes of it.
fn query(input: &[u8]) {
    let sent = String::from_utf8_lossy(input);
    let body = rapport_api::track::look_at_query(&sent);
    for dialect in [Dialect::Segment, Dialect::Rudder, Dialect::Jitsu] {
        validate(dialect, Call::One(Kind::Track), &body);
    }
}

/// Every place of a text has an answer that lies in it.
fn rule_to_complete(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    for at in [0, text.len() / 2, text.len()] {
        let found = complete(text, at);
        assert!(found.from <= found.to && found.to <= text.len());
        assert!(text.get(found.from..found.to).is_some());
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

fn of_state(input: &[u8]) {
    let _ = rows::unpack::<Profile>(Table::Profile, input);
    let _ = rows::unpack::<Record>(Table::Journal, input);
    let _ = rows::unpack::<Registry>(Table::Config, input);
    let _ = rows::unpack::<File>(Table::File, input);
    let _ = rows::unpack::<Run>(Table::File, input);
    let _ = rows::unpack::<Rejected>(Table::Rejected, input);
    let _ = rows::unpack::<Ends>(Table::Tail, input);
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

fn step(input: &[u8]) {
    let sent = String::from_utf8_lossy(input);
    let Ok(steps) = transform::read(&[&sent]) else {
        return;
    };
    let kept = serde_json::to_string(&steps).unwrap_or_default();
    assert_eq!(
        serde_json::from_str::<Vec<transform::Step>>(&kept).ok(),
        Some(steps.clone()),
        "what is kept is read as it was put"
    );
    for body in corpus::BODIES {
        apply(&steps, body);
    }
}

fn transformed(input: &[u8]) {
    for spelled in corpus::STEPS {
        let spelled = String::from_utf8_lossy(spelled);
        if let Ok(steps) = transform::read(&[&spelled]) {
            apply(&steps, input);
        }
    }
}

/// What comes of steps is an event whose parts are JSON, known by what it was known by.
fn apply(steps: &[transform::Step], body: &[u8]) {
    let request = request(Dialect::Segment, Call::Batch, body);
    let transformations = transform::Transformations {
        enabled: true,
        version: 1,
        steps: steps.to_vec(),
    };
    for validated in dialect::validate(&request, &NoMaps) {
        let rapport_core::event::Validated::Event(event) = validated else {
            continue;
        };
        let mut tools = transform::Tools {
            hash: &|text| text.len() as u128,
            places: None,
            scripts: None,
        };
        let after = transformations.apply(&event, &mut tools);
        if let transform::Transformed::Changed(after) = after {
            assert_eq!(after.message_id, event.message_id);
            assert_eq!(
                (after.position, after.source),
                (event.position, event.source)
            );
            for text in [
                &after.traits,
                &after.properties,
                &after.context,
                &after.extra,
            ] {
                let read = serde_json::from_str::<&serde_json::value::RawValue>(text);
                assert!(read.is_ok(), "{text}");
            }
            let change = transform::change::Change::of(&event, &after);
            let mut made = (*event).clone();
            change.make(&mut made);
            assert_eq!(made, *after);
        }
    }
}
