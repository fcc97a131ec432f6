//! Puts a source's tracking plan in force, or takes it away.

use super::{Outcome, Reply};
use crate::configuration::{self, Configuration};
use crate::error::CommandError;
use crate::plan::{Compiled, Plans};
use crate::violations;
use crate::writer::Writer;
use rapport_core::event::SourceNo;
use rapport_core::plan::Plan;
use rapport_store::state::Write;
use std::sync::Arc;

/// Applies to every event of the source that is folded from now on.
pub(super) fn put(
    writer: &mut Writer,
    source: SourceNo,
    plan: Option<&Plan>,
    writes: &mut Vec<Write>,
) -> Outcome {
    let missing = |what: String| CommandError::NotFound { what };
    let Some(own) = writer.configuration.sources.get(&source) else {
        return Err(missing(format!("source {}", source.0)));
    };
    if plan.is_some() && violations::tells(own) {
        // Each violation of it would be one more event of it.
        let message = format!(
            "source {} tells of violations and has no plan itself",
            source.0
        );
        return Err(CommandError::Contradicts { message });
    }
    let before = writer.configuration.plans.get(&source);
    let key = format!("plan/{}", source.0);
    let mut plans = Plans::clone(&writer.configuration.plans);
    match plan {
        Some(plan) => {
            let plan = Plan {
                version: before.map_or(0, |before| before.plan.version) + 1,
                ..plan.clone()
            };
            let compiled = Compiled::new(plan).map_err(|message| CommandError::Invalid {
                code: "invalid_plan",
                message,
                help: "Each of `events` is a JSON Schema of an event's properties; \
                       docs/tracking-plans.md has one, and the bounds."
                    .to_owned(),
            })?;
            writes.push(configuration::row(&key, &compiled.plan));
            plans.insert(source, Arc::new(compiled));
        }
        None if before.is_none() => {
            return Err(missing(format!("plan of source {}", source.0)));
        }
        None => {
            writes.push(configuration::removal(&key));
            plans.remove(&source);
        }
    }
    writer.configure(Configuration {
        plans: Arc::new(plans),
        ..Configuration::clone(&writer.configuration)
    });
    Ok(Reply::Done)
}
