//! Webhooks as sources.

use super::{Outcome, Reply};
use crate::configuration::{self, Configuration};
use crate::error::CommandError;
use crate::hooks::Hooks;
use crate::writer::Writer;
use rapport_core::event::SourceNo;
use rapport_core::event::webhook::Webhook;
use rapport_store::state::Write;
use std::sync::Arc;

/// Lets a source take deliveries, or changes how.
pub(super) fn put(writer: &mut Writer, webhook: &Webhook, writes: &mut Vec<Write>) -> Outcome {
    let source = webhook.source;
    if !writer.configuration.sources.contains_key(&source) {
        return Err(missing(format!("source {}", source.0)));
    }
    // What was a map once is one in a replay, even if this version reads maps otherwise.
    change(writer, |hooks| hooks.put(webhook.clone()));
    writes.push(configuration::row(&key(source), webhook));
    Ok(Reply::Done)
}

/// Ends it.
pub(super) fn delete(writer: &mut Writer, source: SourceNo, writes: &mut Vec<Write>) -> Outcome {
    if writer.configuration.hooks.of_source(source).is_none() {
        return Err(missing(format!("webhook of source {}", source.0)));
    }
    change(writer, |hooks| {
        hooks.remove(source);
    });
    writes.push(configuration::removal(&key(source)));
    Ok(Reply::Done)
}

fn change(writer: &mut Writer, change: impl FnOnce(&mut Hooks)) {
    let mut configuration = Configuration::clone(&writer.configuration);
    let mut hooks = Hooks::clone(&configuration.hooks);
    change(&mut hooks);
    configuration.hooks = Arc::new(hooks);
    writer.configure(configuration);
}

fn key(source: SourceNo) -> String {
    format!("webhook/{}", source.0)
}

fn missing(what: String) -> CommandError {
    CommandError::NotFound { what }
}
