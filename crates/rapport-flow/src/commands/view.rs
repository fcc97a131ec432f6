//! Views: kept, changed, kept no longer.

use super::{Outcome, Reply};
use crate::configuration::{self, Configuration};
use crate::error::CommandError;
use crate::writer::Writer;
use rapport_core::crm::view::{Draft, Error, View, Views};
use rapport_core::entry::CommandEntry;
use rapport_core::position::Position;
use rapport_store::state::Write;
use std::sync::Arc;

/// Keeps a view, or changes one; whose it is stays.
pub(super) fn put(
    writer: &mut Writer,
    entry: &CommandEntry,
    id: Option<Position>,
    draft: &Draft,
    writes: &mut Vec<Write>,
) -> Outcome {
    let configuration = &writer.configuration;
    draft
        .check(&configuration.crm, &configuration.roster)
        .map_err(refused)?;
    let now = entry.received;
    let view = match id {
        None => {
            configuration.views.has_room(draft.owner).map_err(refused)?;
            View {
                id: entry.position,
                draft: draft.clone(),
                created: now,
                updated: now,
            }
        }
        Some(id) => {
            let known = configuration.views.get(id).ok_or_else(|| missing(id))?;
            View {
                id,
                draft: Draft {
                    owner: known.draft.owner,
                    ..draft.clone()
                },
                created: known.created,
                updated: now,
            }
        }
    };
    let view = Arc::new(view);
    writes.push(configuration::row(&key(view.id), &*view));
    change(writer, |views| views.put(view));
    Ok(Reply::Done)
}

/// Keeps a view no longer.
pub(super) fn delete(writer: &mut Writer, id: Position, writes: &mut Vec<Write>) -> Outcome {
    if writer.configuration.views.get(id).is_none() {
        return Err(missing(id));
    }
    writes.push(configuration::removal(&key(id)));
    change(writer, |views| {
        views.remove(id);
    });
    Ok(Reply::Done)
}

fn change(writer: &mut Writer, change: impl FnOnce(&mut Views)) {
    let mut configuration = Configuration::clone(&writer.configuration);
    change(Arc::make_mut(&mut configuration.views));
    writer.configure(configuration);
}

fn key(id: Position) -> String {
    format!("view/{}", id.id())
}

fn missing(id: Position) -> CommandError {
    CommandError::NotFound {
        what: format!("view {}", id.id()),
    }
}

fn refused(error: Error) -> CommandError {
    match &error {
        Error::TooMany { .. } => CommandError::Contradicts {
            message: error.to_string(),
        },
        _ => CommandError::Invalid {
            code: "invalid_body",
            message: error.to_string(),
            help: String::new(),
        },
    }
}
