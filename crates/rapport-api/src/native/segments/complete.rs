//! What may be written next in a rule: words of the language, and what is seen in the data.

use super::super::body::Body;
use crate::Api;
use crate::errors::Error;
use axum::Json;
use axum::response::{IntoResponse, Response};
use rapport_core::event::Kind;
use rapport_core::plan::discovered::Discovered;
use rapport_core::segment::complete::{Completion, Slot, complete, spell_path, spell_text};
use rapport_core::segment::error::Place;
use rapport_core::segment::registry::Registry;
use rapport_flow::discovery::Found;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Suggestions in one answer at most.
const SUGGESTIONS_MAX: usize = 50;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    text: String,
    /// In bytes; the end of the text where it is left out.
    at: Option<usize>,
}

#[derive(Serialize)]
struct Shown {
    /// What a suggestion replaces, in bytes.
    from: usize,
    to: usize,
    suggestions: Vec<Suggestion>,
    /// What else may stand there: `number`, `date`, `name`.
    expects: Vec<&'static str>,
    /// Whether what stands before the place is a whole rule.
    whole: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Wrong>,
}

#[derive(Serialize)]
struct Suggestion {
    /// What to write.
    text: String,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<String>,
    /// Sorts what is likelier first.
    #[serde(skip)]
    weight: u64,
    /// What it is found by.
    #[serde(skip)]
    plain: String,
}

#[derive(Serialize)]
struct Wrong {
    message: String,
    help: Option<String>,
    at: Option<Place>,
}

/// Completes a rule's text.
pub(super) async fn show(api: &Api, Body(asked): Body<Asked>) -> Result<Response, Error> {
    let completion = complete(&asked.text, asked.at.unwrap_or(usize::MAX));
    let known = api.rapport.known().await?;
    let suggestions = suggested(&completion, &known, &api.rapport.registry());
    let mut expects: Vec<_> = completion.slots.iter().filter_map(expected).collect();
    expects.dedup();
    Ok(Json(Shown {
        from: completion.from,
        to: completion.to,
        suggestions,
        expects,
        whole: completion.is_whole,
        error: completion.error.map(|error| Wrong {
            message: error.to_string(),
            help: error.help(),
            at: error.place(),
        }),
    })
    .into_response())
}

fn expected(slot: &Slot) -> Option<&'static str> {
    match slot {
        Slot::Number => Some("number"),
        Slot::Date => Some("date"),
        Slot::Draw | Slot::Step => Some("name"),
        _ => None,
    }
}

/// What fits, the likeliest first: what is seen before words of the language, what begins like the
/// stem before what only has it inside.
fn suggested(completion: &Completion, known: &Found, registry: &Registry) -> Vec<Suggestion> {
    let mut all = Vec::new();
    for slot in &completion.slots {
        of_slot(slot, known, registry, &mut all);
    }
    if !completion.is_quoted {
        all.extend(completion.words.iter().map(|word| Suggestion {
            text: word.to_string(),
            kind: "word",
            about: None,
            weight: 0,
            plain: word.to_string(),
        }));
    } else {
        all.retain(|one| one.text.starts_with('"') || one.kind == "property");
    }
    let stem = completion.stem.to_lowercase();
    let mut ranked: Vec<(bool, Suggestion)> = all
        .into_iter()
        .filter_map(|one| {
            let plain = one.plain.to_lowercase();
            let begins = plain.starts_with(&stem);
            (begins || plain.contains(&stem)).then_some((!begins, one))
        })
        .collect();
    ranked.sort_by_cached_key(|(is_inside, one)| {
        let is_sign = !one
            .text
            .starts_with(|first: char| first.is_alphanumeric() || first == '"');
        let is_word = one.kind == "word";
        let rank = (*is_inside, is_word, is_sign, u64::MAX - one.weight);
        (rank, one.text.clone())
    });
    ranked.dedup_by(|(_, one), (_, other)| one.text == other.text);
    let suggestions = ranked.into_iter().map(|(_, suggestion)| suggestion);
    suggestions.take(SUGGESTIONS_MAX).collect()
}

fn of_slot(slot: &Slot, known: &Found, registry: &Registry, all: &mut Vec<Suggestion>) {
    match slot {
        Slot::Event(kind) => {
            let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
            for ((_, of, name), seen) in known {
                if of == kind && !name.is_empty() {
                    *counts.entry(name).or_default() += seen.count;
                }
            }
            all.extend(counts.into_iter().map(|(name, count)| Suggestion {
                text: spell_text(name),
                kind: "event",
                about: Some(format!("{count} seen")),
                weight: count,
                plain: name.to_owned(),
            }));
        }
        Slot::Property(kind, name) => {
            properties(&seen(known, *kind, name.as_deref()), "", "property", all);
        }
        Slot::Fact(word) => {
            properties(
                &seen(known, Kind::Identify, None),
                inside(word),
                "attribute",
                all,
            );
        }
        Slot::Value(of, path) => {
            let (seen, path) = match &**of {
                Slot::Property(kind, name) => {
                    (seen(known, *kind, name.as_deref()), path.to_string())
                }
                Slot::Fact(word) => (
                    seen(known, Kind::Identify, None),
                    format!("{}{path}", inside(word)),
                ),
                _ => return,
            };
            values(&seen, &path, all);
        }
        Slot::Segment => all.extend(registry.segments().iter().map(|segment| Suggestion {
            text: spell_text(&segment.key),
            kind: "segment",
            about: Some(segment.name.to_string()),
            weight: 0,
            plain: segment.key.to_string(),
        })),
        Slot::Draw | Slot::Number | Slot::Date | Slot::Step => {}
    }
}

/// The attribute that a fact looks into, as the beginning of a path.
fn inside(fact: &str) -> &'static str {
    match fact {
        "consent" => "consent.",
        "score" => "scores.",
        _ => "",
    }
}

fn seen<'a>(known: &'a Found, kind: Kind, name: Option<&str>) -> Vec<&'a Discovered> {
    let fits =
        |one: &&(_, Kind, Box<str>)| one.1 == kind && name.is_none_or(|name| *one.2 == *name);
    let fitting = known.iter().filter(|(one, _)| fits(one));
    fitting.map(|(_, seen)| seen).collect()
}

fn properties(seen: &[&Discovered], inside: &str, kind: &'static str, all: &mut Vec<Suggestion>) {
    let mut counts: BTreeMap<&str, (u64, Vec<&str>)> = BTreeMap::new();
    for (path, property) in seen.iter().flat_map(|seen| &seen.properties) {
        let Some(path) = path.strip_prefix(inside) else {
            continue;
        };
        let (count, types) = counts.entry(path).or_default();
        *count += property.count;
        types.extend(property.types.keys().map(|one| &**one));
    }
    all.extend(counts.into_iter().map(|(path, (count, mut types))| {
        types.sort_unstable();
        types.dedup();
        Suggestion {
            text: spell_path(path),
            kind,
            about: Some(types.join(" or ")),
            weight: count,
            plain: path.to_owned(),
        }
    }));
}

fn values(seen: &[&Discovered], path: &str, all: &mut Vec<Suggestion>) {
    // A rule may spell a path with quotes; those seen have none.
    let path = path.replace('"', "");
    for property in seen.iter().filter_map(|seen| seen.properties.get(&*path)) {
        for example in &property.examples {
            let value: Option<serde_json::Value> = serde_json::from_str(example).ok();
            let (text, plain) = match value {
                Some(serde_json::Value::String(text)) => (spell_text(&text), text),
                Some(value @ (serde_json::Value::Number(_) | serde_json::Value::Bool(_))) => {
                    (value.to_string(), value.to_string())
                }
                _ => continue,
            };
            all.push(Suggestion {
                text,
                kind: "value",
                about: None,
                weight: 1,
                plain,
            });
        }
    }
}
