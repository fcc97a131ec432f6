//! Tracking plans, compiled: judges one event against its source's plan.
//!
//! Schemas are JSON Schema; patterns in them run on an engine of linear time, references lead
//! nowhere outside of the schema, and its size is bounded, so none can stall the flow.

use jsonschema::error::ValidationErrorKind;
use jsonschema::paths::LocationSegment;
use jsonschema::{PatternOptions, ValidationError, Validator};
use rapport_core::event::{Event, Kind, SourceNo};
use rapport_core::json::without;
use rapport_core::plan::{Action, Plan, Unplanned, Violation};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

mod bounds;

/// The most violations that are told of one event.
pub const VIOLATIONS_MAX: usize = 10;
/// Memory a compiled pattern may take, in bytes.
const PATTERN_BYTES_MAX: usize = 256 << 10;

/// The plans in force, by source.
pub type Plans = BTreeMap<SourceNo, Arc<Compiled>>;

/// A plan, and its schemas ready to be asked.
pub struct Compiled {
    /// The plan as it was put.
    pub plan: Plan,
    schemas: BTreeMap<Box<str>, Validator>,
}

impl fmt::Debug for Compiled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Compiled").field(&self.plan).finish()
    }
}

/// What a plan says of an event.
#[derive(Debug)]
pub enum Verdict {
    /// It is as planned.
    AsPlanned,
    /// It is taken as it is, though it is not as planned.
    Flagged(Vec<Violation>),
    /// It is taken with what violates the plan left out; beside it as it was.
    Trimmed(Box<Event>, Vec<Violation>),
    /// It is not taken.
    Blocked(Vec<Violation>),
}

impl Compiled {
    /// Compiles a plan.
    ///
    /// # Errors
    /// A sentence for people that names the event whose schema is none.
    pub fn new(plan: Plan) -> Result<Compiled, String> {
        plan.check()?;
        let mut schemas = BTreeMap::new();
        for (name, schema) in &plan.events {
            let wrong = |what: String| format!("the schema of `{name}` is none: {what}");
            bounds::check(schema).map_err(wrong)?;
            let patterns = PatternOptions::regex()
                .size_limit(PATTERN_BYTES_MAX)
                .dfa_size_limit(PATTERN_BYTES_MAX);
            let options = jsonschema::options()
                .offline()
                .with_pattern_options(patterns);
            let schema = options
                .should_validate_formats(true)
                .build(schema)
                .map_err(|error| wrong(error.to_string()))?;
            schemas.insert(name.clone(), schema);
        }
        Ok(Compiled { plan, schemas })
    }

    /// Judges an event, and leaves out of it what the plan wants left out.
    #[must_use]
    pub fn judge(&self, event: &mut Event) -> Verdict {
        let Some(schema) = self.schemas.get(schema_name(event)) else {
            return self.unplanned(event);
        };
        let raw = looked_at(event);
        // The door checked that it is JSON.
        let Ok(properties) = serde_json::from_str::<Value>(raw) else {
            return Verdict::AsPlanned;
        };
        if schema.is_valid(&properties) {
            return Verdict::AsPlanned;
        }
        let mut violations = Vec::new();
        let mut paths = Vec::new();
        for error in schema.iter_errors(&properties).take(VIOLATIONS_MAX) {
            for (path, kind) in broken(&error) {
                violations.push(Violation {
                    field: path.join(".").into(),
                    kind,
                    description: describe(&error),
                });
                paths.push(path);
            }
        }
        violations.truncate(VIOLATIONS_MAX);
        match self.plan.on_violation {
            Action::Flag => Verdict::Flagged(violations),
            Action::Block => Verdict::Blocked(violations),
            Action::Omit => match without::without(raw, &paths) {
                Some(trimmed) => {
                    let before = Box::new(event.clone());
                    *looked_at_mut(event) = trimmed.into();
                    Verdict::Trimmed(before, violations)
                }
                None => Verdict::Flagged(violations),
            },
        }
    }

    fn unplanned(&self, event: &Event) -> Verdict {
        // Other calls than track have no names that a plan could leave out.
        if event.kind != Kind::Track {
            return Verdict::AsPlanned;
        }
        let violation = || {
            vec![Violation {
                field: "".into(),
                kind: "unplanned_event".into(),
                description: format!("the plan does not name `{}`", event.name).into(),
            }]
        };
        match self.plan.on_unplanned {
            Unplanned::Allow => Verdict::AsPlanned,
            Unplanned::Flag => Verdict::Flagged(violation()),
            Unplanned::Block => Verdict::Blocked(violation()),
        }
    }
}

/// The name under which a plan has an event's schema.
fn schema_name(event: &Event) -> &str {
    match event.kind {
        Kind::Track => &event.name,
        Kind::Identify => "$identify",
        Kind::Group => "$group",
        Kind::Page => "$page",
        Kind::Screen => "$screen",
        Kind::Alias => "$alias",
        Kind::List => "$list",
    }
}

fn looked_at(event: &Event) -> &str {
    match event.kind {
        Kind::Identify | Kind::Group => &event.traits,
        Kind::Track | Kind::Page | Kind::Screen | Kind::Alias | Kind::List => &event.properties,
    }
}

fn looked_at_mut(event: &mut Event) -> &mut Box<str> {
    match event.kind {
        Kind::Identify | Kind::Group => &mut event.traits,
        Kind::Track | Kind::Page | Kind::Screen | Kind::Alias | Kind::List => &mut event.properties,
    }
}

/// The fields an error speaks of, each with the word for what is wrong with it.
fn broken(error: &ValidationError<'_>) -> Vec<(Vec<String>, Box<str>)> {
    let place: Vec<String> = error
        .instance_path()
        .segments()
        .map(|segment| match segment {
            LocationSegment::Property(name) => name.into_owned(),
            LocationSegment::Index(index) => index.to_string(),
        })
        .collect();
    let below = |name: &str| place.iter().cloned().chain([name.to_owned()]).collect();
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => unexpected
            .iter()
            .map(|name| (below(name), "additional_property".into()))
            .collect(),
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            vec![(below(name), "required".into())]
        }
        kind => vec![(place, kind.keyword().into())],
    }
}

/// What is wrong, without the value: it may be a secret that should not have been sent.
fn describe(error: &ValidationError<'_>) -> Box<str> {
    error.masked().to_string().into()
}

#[cfg(test)]
mod tests;
