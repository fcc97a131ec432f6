//! What browsers may be told: which segments and attributes, which slots, and who signs for whom.

use super::{Outcome, Reply, configure_with};
use crate::configuration::{self, Configuration, Decisions};
use crate::error::CommandError;
use crate::writer::Writer;
use rapport_core::decide::{Exposure, Slot};
use rapport_core::entry::Command;
use rapport_core::event::SourceNo;
use rapport_store::state::Write;
use std::sync::Arc;

/// The most slots there may be.
const SLOTS_MAX: usize = 1_000;

/// Applies one of these commands.
pub(super) fn apply(writer: &mut Writer, command: &Command, writes: &mut Vec<Write>) -> Outcome {
    match command {
        Command::PutExposure(exposure) => put_exposure(writer, exposure, writes)?,
        Command::PutSlot(slot) => put_slot(writer, slot, writes)?,
        Command::DeleteSlot { key } => delete_slot(writer, key, writes)?,
        Command::PutSigning { source, secret } => {
            put_signing(writer, *source, secret.as_ref(), writes)?;
        }
        _ => unreachable!("every other command has a file of its own"),
    }
    Ok(Reply::Done)
}

/// Takes a segment that is no more out of what browsers may see.
pub(super) fn hide_segment(writer: &mut Writer, key: &str, writes: &mut Vec<Write>) {
    let before = &writer.configuration.decisions.exposure;
    let exposure = before.without_segment(key);
    if exposure != *before {
        let change = |decisions: &mut Decisions| decisions.exposure = exposure.clone();
        configure_with(writer, "exposure", &exposure, changing(change), writes);
    }
}

fn put_exposure(
    writer: &mut Writer,
    exposure: &Exposure,
    writes: &mut Vec<Write>,
) -> Result<(), CommandError> {
    exposure.check().map_err(invalid)?;
    let registry = &writer.configuration.registry;
    if let Some(key) = exposure
        .named_segments()
        .find(|key| registry.get(key).is_none())
    {
        return Err(CommandError::NotFound {
            what: format!("segment {key}"),
        });
    }
    let change = |decisions: &mut Decisions| decisions.exposure = exposure.clone();
    configure_with(writer, "exposure", exposure, changing(change), writes);
    Ok(())
}

fn put_slot(writer: &mut Writer, slot: &Slot, writes: &mut Vec<Write>) -> Result<(), CommandError> {
    slot.check().map_err(invalid)?;
    let configuration = &writer.configuration;
    let slots = &configuration.decisions.slots;
    if slots.len() >= SLOTS_MAX && !slots.contains_key(&slot.key) {
        return Err(invalid(format!("there may be {SLOTS_MAX} slots")));
    }
    let missing = |rule: &&rapport_core::decide::slot::Rule| {
        configuration.registry.get(&rule.segment).is_none()
    };
    if let Some(rule) = slot.rules.iter().find(missing) {
        return Err(CommandError::NotFound {
            what: format!("segment {}", rule.segment),
        });
    }
    let change = |decisions: &mut Decisions| {
        decisions.slots.insert(slot.key.clone(), slot.clone());
    };
    let key = format!("slot/{}", slot.key);
    configure_with(writer, &key, slot, changing(change), writes);
    Ok(())
}

fn delete_slot(
    writer: &mut Writer,
    key: &str,
    writes: &mut Vec<Write>,
) -> Result<(), CommandError> {
    let mut configuration = Configuration::clone(&writer.configuration);
    let mut decisions = Decisions::clone(&configuration.decisions);
    if decisions.slots.remove(key).is_none() {
        return Err(CommandError::NotFound {
            what: format!("slot {key}"),
        });
    }
    configuration.decisions = Arc::new(decisions);
    writer.configure(configuration);
    writes.push(configuration::removal(&format!("slot/{key}")));
    Ok(())
}

fn put_signing(
    writer: &mut Writer,
    source: SourceNo,
    secret: Option<&String>,
    writes: &mut Vec<Write>,
) -> Result<(), CommandError> {
    if !writer.configuration.sources.contains_key(&source) {
        return Err(CommandError::NotFound {
            what: format!("source {}", source.0),
        });
    }
    let key = format!("signing/{}", source.0);
    if let Some(secret) = secret {
        let change = |decisions: &mut Decisions| {
            decisions.signing.insert(source, secret.clone());
        };
        configure_with(writer, &key, secret, changing(change), writes);
        return Ok(());
    }
    let mut configuration = Configuration::clone(&writer.configuration);
    let mut decisions = Decisions::clone(&configuration.decisions);
    decisions.signing.remove(&source);
    configuration.decisions = Arc::new(decisions);
    writer.configure(configuration);
    writes.push(configuration::removal(&key));
    Ok(())
}

fn changing(change: impl FnOnce(&mut Decisions)) -> impl FnOnce(&mut Configuration) {
    |configuration| {
        let mut decisions = Decisions::clone(&configuration.decisions);
        change(&mut decisions);
        configuration.decisions = Arc::new(decisions);
    }
}

fn invalid(message: String) -> CommandError {
    CommandError::Invalid {
        code: "invalid",
        message,
        help: String::new(),
    }
}
