//! Making, changing and removing segments.

use super::{Outcome, Reply, decide};
use crate::configuration::{self};
use crate::error::CommandError;
use crate::writer::Writer;
use rapport_core::entry::CommandEntry;
use rapport_core::segment;
use rapport_core::segment::list;
use rapport_core::segment::registry::{Moment, Registry};
use rapport_core::segment::text;
use rapport_store::state::Write;

/// Makes a segment or changes its rule.
pub(super) async fn put(
    writer: &mut Writer,
    entry: &CommandEntry,
    key: &str,
    name: &str,
    rule: &str,
    writes: &mut Vec<Write>,
) -> Outcome {
    let rule = text::parse(rule).map_err(invalid)?;
    let mut registry = Registry::clone(&writer.configuration.registry);
    let known = registry.get(key).map(|definition| &definition.rule);
    if let Some(known) = known.filter(|known| list::name(known).is_some() && **known != rule) {
        return Err(CommandError::Contradicts {
            message: format!("{key} is a list: its members are named, and `{known}` stays"),
        });
    }
    let moment = Moment {
        position: entry.position,
        received: entry.received,
        next_profile: writer.people.next(),
    };
    let put = registry.put(key, name, rule, moment).map_err(invalid)?;
    let building = registry
        .building()
        .any(|definition| definition.no == put.no);
    install(writer, registry, writes);
    writer.undos += 1;
    Ok(Reply::Segment {
        no: put.no.0,
        version: put.version,
        building,
    })
}

/// Removes a segment and its member list.
pub(super) async fn delete(writer: &mut Writer, key: &str, writes: &mut Vec<Write>) -> Outcome {
    let mut registry = Registry::clone(&writer.configuration.registry);
    let Some(no) = registry.get(key).map(|definition| definition.no) else {
        return Err(CommandError::NotFound {
            what: format!("segment {key}"),
        });
    };
    registry
        .delete(key)
        .map_err(|error| CommandError::Contradicts {
            message: error.to_string(),
        })?;
    install(writer, registry, writes);
    decide::hide_segment(writer, key, writes);
    // Memberships of a segment that is no more are dropped where a profile is loaded; one at hand
    // would carry its own into the next merge, and from there into a member list.
    writer.start_over();
    writer.drop_members(no, writes).await?;
    Ok(Reply::Done)
}

/// Puts other segments in force with the next commit.
pub(super) fn install(writer: &mut Writer, registry: Registry, writes: &mut Vec<Write>) {
    writes.push(configuration::row("registry", &registry));
    let configuration = writer.configuration.with_registry(registry);
    writer.configure(configuration);
}

fn invalid(error: segment::error::Error) -> CommandError {
    CommandError::Invalid {
        code: "invalid_rule",
        message: error.to_string(),
        help: error.help().unwrap_or_default(),
    }
}
