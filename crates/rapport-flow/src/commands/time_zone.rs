//! Setting the time zone of people who have none of their own.

use super::segment::install;
use super::{Outcome, Reply};
use crate::error::CommandError;
use crate::writer::Writer;
use rapport_core::entry::CommandEntry;
use rapport_core::segment::registry::{Moment, Registry};
use rapport_store::state::Write;

/// Sets it; the segments that ask the calendar are built again.
pub(super) fn put(
    writer: &mut Writer,
    entry: &CommandEntry,
    zone: &str,
    writes: &mut Vec<Write>,
) -> Outcome {
    let mut registry = Registry::clone(&writer.configuration.registry);
    let moment = Moment {
        position: entry.position,
        received: entry.received,
        next_profile: writer.people.next(),
    };
    if !registry.put_zone(zone, moment) {
        return Err(CommandError::Invalid {
            code: "invalid",
            message: format!("there is no time zone `{zone}`"),
            help: "Name one of the IANA database, like Europe/Berlin.".to_owned(),
        });
    }
    install(writer, registry, writes);
    writer.undos += 1;
    Ok(Reply::Done)
}
