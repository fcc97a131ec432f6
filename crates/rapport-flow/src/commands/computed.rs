//! Making, changing and removing computed traits.

use super::segment::install;
use super::{Outcome, Reply};
use crate::error::CommandError;
use crate::writer::Writer;
use rapport_core::entry::CommandEntry;
use rapport_core::segment::error::Error;
use rapport_core::segment::registry::{Moment, Registry};
use rapport_core::segment::text;
use rapport_store::state::Write;

/// The most computed traits there may be: each is computed whenever a profile is read.
const TRAITS_MAX: usize = 500;

/// Makes a computed trait or changes how it is made.
pub(super) fn put(
    writer: &mut Writer,
    entry: &CommandEntry,
    key: &str,
    name: &str,
    computed: &str,
    writes: &mut Vec<Write>,
) -> Outcome {
    let computed = text::parse_computed(computed).map_err(invalid)?;
    let mut registry = Registry::clone(&writer.configuration.registry);
    if registry.get_trait(key).is_none() && registry.traits().len() >= TRAITS_MAX {
        return Err(CommandError::Contradicts {
            message: format!("there may be {TRAITS_MAX} computed traits"),
        });
    }
    let moment = Moment {
        position: entry.position,
        received: entry.received,
        next_profile: writer.people.next(),
    };
    registry
        .put_trait(key, name, computed, moment)
        .map_err(invalid)?;
    install(writer, registry, writes);
    // What a build scanned before was for leaves as they were.
    writer.undos += 1;
    Ok(Reply::Done)
}

/// Removes a computed trait.
pub(super) fn delete(writer: &mut Writer, key: &str, writes: &mut Vec<Write>) -> Outcome {
    let mut registry = Registry::clone(&writer.configuration.registry);
    if registry.get_trait(key).is_none() {
        return Err(CommandError::NotFound {
            what: format!("trait {key}"),
        });
    }
    registry
        .delete_trait(key)
        .map_err(|error| CommandError::Contradicts {
            message: error.to_string(),
        })?;
    install(writer, registry, writes);
    Ok(Reply::Done)
}

fn invalid(error: Error) -> CommandError {
    CommandError::Invalid {
        code: "invalid_rule",
        message: error.to_string(),
        help: error.help().unwrap_or_default(),
    }
}
