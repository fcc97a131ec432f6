//! Sources, keys, tokens, the identity policy, destinations, shared identifiers, transformations.

use super::{Outcome, Reply, configure_with};
use crate::configuration::{self, Configuration};
use crate::error::CommandError;
use crate::keys::{KeyRing, KeyUse, TokenUse};
use crate::violations;
use crate::writer::Writer;
use rapport_core::entry::{Command, CommandEntry, Destination, Source};
use rapport_core::event::SourceNo;
use rapport_core::event::transform::{Step, Transformations};
use rapport_core::fold::Effects;
use rapport_core::identity::{Identifier, shared};
use rapport_core::time::Millis;
use rapport_store::state::Write;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Applies a command that only changes configuration.
pub(super) fn apply(
    writer: &mut Writer,
    entry: &CommandEntry,
    command: &Command,
    writes: &mut Vec<Write>,
) -> Outcome {
    match command {
        Command::PutSource(source) => put_source(writer, source, writes)?,
        Command::PutKey {
            key_hash,
            hint,
            source,
            kind,
        } => {
            let key = KeyUse {
                source: *source,
                kind: *kind,
                hint: hint.clone(),
            };
            put_key(writer, key_hash, &key, writes)?;
        }
        Command::PutToken {
            token_hash,
            name,
            hint,
            scopes,
            member,
        } => {
            let token = TokenUse {
                name: name.clone(),
                hint: hint.clone(),
                scopes: scopes.clone(),
                member: *member,
            };
            put_token(writer, token_hash, &token, writes)?;
        }
        Command::PutPolicy(policy) => {
            policy.validate().map_err(|error| CommandError::Invalid {
                code: "invalid_policy",
                message: error.to_string(),
                help: "Leave a field out to get its default.".to_owned(),
            })?;
            let change = |c: &mut Configuration| c.policy = Arc::new(policy.clone());
            configure_with(writer, "policy", policy, change, writes);
        }
        Command::PutDestination(destination) => {
            put_destination(writer, entry.received, destination, writes)?;
        }
        Command::DeleteDestination { key } => delete_destination(writer, key, writes)?,
        Command::PutTransformations {
            source,
            enabled,
            steps,
        } => put_transformations(writer, *source, *enabled, steps, writes)?,
        Command::DeleteTransformations { source } => {
            delete_transformations(writer, *source, writes)?;
        }
        _ => unreachable!("every other command has a file of its own"),
    }
    Ok(Reply::Done)
}

fn put_source(
    writer: &mut Writer,
    source: &Source,
    writes: &mut Vec<Write>,
) -> Result<(), CommandError> {
    let has_plan = writer.configuration.plans.contains_key(&source.no);
    if has_plan && violations::tells(source) {
        let message = format!(
            "source {} has a tracking plan, so it cannot be the one that tells of violations: take \
             the plan away first",
            source.no.0
        );
        return Err(CommandError::Contradicts { message });
    }
    let change = |c: &mut Configuration| {
        c.sources.insert(source.no, source.clone());
    };
    let row = format!("source/{}", source.no.0);
    configure_with(writer, &row, source, change, writes);
    Ok(())
}

fn put_key(
    writer: &mut Writer,
    hash: &str,
    key: &KeyUse,
    writes: &mut Vec<Write>,
) -> Result<(), CommandError> {
    if !writer.configuration.sources.contains_key(&key.source) {
        return Err(CommandError::NotFound {
            what: format!("source {}", key.source.0),
        });
    }
    unless_revoked(writer, hash)?;
    let change = |c: &mut Configuration| {
        let mut keys = KeyRing::clone(&c.keys);
        keys.keys.insert(hash.to_owned(), key.clone());
        c.keys = Arc::new(keys);
    };
    configure_with(writer, &format!("key/{hash}"), key, change, writes);
    Ok(())
}

fn put_token(
    writer: &mut Writer,
    hash: &str,
    token: &TokenUse,
    writes: &mut Vec<Write>,
) -> Result<(), CommandError> {
    unless_revoked(writer, hash)?;
    let roster = &writer.configuration.roster;
    if let Some(no) = token.member.filter(|no| roster.member(*no).is_none()) {
        return Err(CommandError::NotFound {
            what: format!("member {no}"),
        });
    }
    let change = |c: &mut Configuration| {
        let mut keys = KeyRing::clone(&c.keys);
        keys.tokens.insert(hash.to_owned(), token.clone());
        c.keys = Arc::new(keys);
    };
    configure_with(writer, &format!("token/{hash}"), token, change, writes);
    Ok(())
}

/// What was revoked stays so, whoever sets it again.
fn unless_revoked(writer: &Writer, hash: &str) -> Result<(), CommandError> {
    if writer.configuration.keys.revoked(hash).is_none() {
        return Ok(());
    }
    Err(CommandError::Contradicts {
        message: "this key or token was revoked and stays so: set another value".to_owned(),
    })
}

/// Lets a shared identifier resolve again.
pub(super) async fn release(
    writer: &mut Writer,
    entry: &CommandEntry,
    identifier: &Identifier,
    writes: &mut Vec<Write>,
) -> Outcome {
    let mut effects = Effects::default();
    let (place, received) = (entry.position, entry.received);
    let journal = &mut effects.journal;
    if !shared::release(&mut writer.people, identifier, place, received, journal) {
        return Err(CommandError::NotFound {
            what: format!("shared identifier {identifier}"),
        });
    }
    writer.effects(&effects, writes).await?;
    Ok(Reply::Done)
}

fn put_destination(
    writer: &mut Writer,
    received: Millis,
    destination: &Destination,
    writes: &mut Vec<Write>,
) -> Result<(), CommandError> {
    for segment in &destination.segments {
        if writer.configuration.registry.get(segment).is_none() {
            return Err(CommandError::NotFound {
                what: format!("segment {segment}"),
            });
        }
    }
    let known = writer.configuration.destinations.iter();
    let known = known.filter(|known| known.key == destination.key);
    let destination = &Destination {
        created: known.map(|known| known.created).next().unwrap_or(received),
        updated: received,
        ..destination.clone()
    };
    let change = |c: &mut Configuration| {
        let mut all = Vec::clone(&c.destinations);
        all.retain(|other| other.key != destination.key);
        all.push(destination.clone());
        all.sort_by(|left, right| left.key.cmp(&right.key));
        c.destinations = Arc::new(all);
    };
    let key = format!("destination/{}", destination.key);
    configure_with(writer, &key, destination, change, writes);
    Ok(())
}

fn delete_destination(
    writer: &mut Writer,
    key: &str,
    writes: &mut Vec<Write>,
) -> Result<(), CommandError> {
    let mut configuration = Configuration::clone(&writer.configuration);
    let mut all = Vec::clone(&configuration.destinations);
    let before = all.len();
    all.retain(|destination| destination.key != key);
    if all.len() == before {
        return Err(CommandError::NotFound {
            what: format!("destination {key}"),
        });
    }
    configuration.destinations = Arc::new(all);
    writer.configure(configuration);
    writes.push(configuration::removal(&format!("destination/{key}")));
    Ok(())
}

fn put_transformations(
    writer: &mut Writer,
    source: SourceNo,
    enabled: bool,
    steps: &[Step],
    writes: &mut Vec<Write>,
) -> Result<(), CommandError> {
    let configuration = &writer.configuration;
    if !configuration.sources.contains_key(&source) {
        return Err(CommandError::NotFound {
            what: format!("source {}", source.0),
        });
    }
    let before = configuration.transformations.get(&source);
    let transformations = Transformations {
        enabled,
        version: before.map_or(0, |before| before.version) + 1,
        steps: steps.to_vec(),
    };
    let key = format!("transformation/{}", source.0);
    let kept = transformations.clone();
    let change = |c: &mut Configuration| {
        let mut all = BTreeMap::clone(&c.transformations);
        all.insert(source, Arc::new(transformations));
        c.transformations = Arc::new(all);
    };
    configure_with(writer, &key, &kept, change, writes);
    Ok(())
}

fn delete_transformations(
    writer: &mut Writer,
    source: SourceNo,
    writes: &mut Vec<Write>,
) -> Result<(), CommandError> {
    let mut configuration = Configuration::clone(&writer.configuration);
    let mut all = BTreeMap::clone(&configuration.transformations);
    if all.remove(&source).is_none() {
        return Err(CommandError::NotFound {
            what: format!("transformation of source {}", source.0),
        });
    }
    configuration.transformations = Arc::new(all);
    writer.configure(configuration);
    let key = format!("transformation/{}", source.0);
    writes.push(configuration::removal(&key));
    Ok(())
}
