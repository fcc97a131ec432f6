//! Takes keys, tokens and sources out of use, at once and for every request that follows.

use super::{Outcome, Reply};
use crate::configuration::{self, Configuration};
use crate::error::CommandError;
use crate::keys::{KeyRing, Revoked};
use crate::writer::Writer;
use rapport_core::entry::Command;
use rapport_core::event::SourceNo;
use rapport_store::state::Write;
use std::sync::Arc;

/// Applies a command that takes something out of use, or a source into it again.
pub(super) fn apply(writer: &mut Writer, command: &Command, writes: &mut Vec<Write>) -> Outcome {
    match command {
        Command::RevokeKey { key_hash } => key(writer, key_hash, writes)?,
        Command::RevokeToken { token_hash } => token(writer, token_hash, writes)?,
        Command::DisableSource { source } => disable(writer, *source, writes)?,
        Command::EnableSource { source } => enable(writer, *source, writes)?,
        _ => unreachable!("every other command has a file of its own"),
    }
    Ok(Reply::Done)
}

fn key(writer: &mut Writer, hash: &str, writes: &mut Vec<Write>) -> Result<(), CommandError> {
    let mut ring = KeyRing::clone(&writer.configuration.keys);
    let gone = ring.keys.remove(hash).ok_or_else(|| missing("write key"))?;
    let revoked = Revoked {
        hint: gone.hint,
        kind: Some(gone.kind),
    };
    writes.push(configuration::removal(&format!("key/{hash}")));
    bury(writer, ring, hash, revoked, writes);
    Ok(())
}

fn token(writer: &mut Writer, hash: &str, writes: &mut Vec<Write>) -> Result<(), CommandError> {
    let mut ring = KeyRing::clone(&writer.configuration.keys);
    let gone = ring.tokens.remove(hash).ok_or_else(|| missing("token"))?;
    if gone.is_admin() && ring.has_no_token() {
        // Nobody could make another one.
        return Err(CommandError::Contradicts {
            message: "this is the last token that opens everything: make another one first"
                .to_owned(),
        });
    }
    let revoked = Revoked {
        hint: gone.hint,
        kind: None,
    };
    writes.push(configuration::removal(&format!("token/{hash}")));
    bury(writer, ring, hash, revoked, writes);
    Ok(())
}

/// Remembers what is out of use for ever, so that the same value cannot come back.
fn bury(
    writer: &mut Writer,
    mut ring: KeyRing,
    hash: &str,
    revoked: Revoked,
    writes: &mut Vec<Write>,
) {
    writes.push(configuration::row(&format!("revoked/{hash}"), &revoked));
    ring.revoked.insert(hash.to_owned(), revoked);
    put_ring(writer, ring);
}

fn disable(
    writer: &mut Writer,
    source: SourceNo,
    writes: &mut Vec<Write>,
) -> Result<(), CommandError> {
    let mut ring = ring_of(writer, source)?;
    ring.disabled.insert(source);
    writes.push(configuration::row(
        &format!("disabled/{}", source.0),
        &source,
    ));
    put_ring(writer, ring);
    Ok(())
}

fn enable(
    writer: &mut Writer,
    source: SourceNo,
    writes: &mut Vec<Write>,
) -> Result<(), CommandError> {
    let mut ring = ring_of(writer, source)?;
    ring.disabled.remove(&source);
    writes.push(configuration::removal(&format!("disabled/{}", source.0)));
    put_ring(writer, ring);
    Ok(())
}

/// The keys in force, where there is such a source.
fn ring_of(writer: &Writer, source: SourceNo) -> Result<KeyRing, CommandError> {
    if !writer.configuration.sources.contains_key(&source) {
        return Err(missing(&format!("source {}", source.0)));
    }
    Ok(KeyRing::clone(&writer.configuration.keys))
}

fn put_ring(writer: &mut Writer, ring: KeyRing) {
    let mut configuration = Configuration::clone(&writer.configuration);
    configuration.keys = Arc::new(ring);
    writer.configure(configuration);
}

fn missing(what: &str) -> CommandError {
    CommandError::NotFound {
        what: what.to_owned(),
    }
}
