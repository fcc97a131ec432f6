//! Activate: turns changes of membership into messages, which become rows of the outbox.

use crate::configuration::Configuration;
use crate::outbox::Message;
use crate::writer::Writer;
use rapport_core::activate::{self, Change};
use rapport_core::fold::{self, Effects, Member, Why};
use rapport_core::identity::Identifier;
use rapport_core::position::Position;

/// Decides who hears of what, in the order it happened.
pub(crate) fn step(writer: &mut Writer, effects: &Effects) -> Vec<Message> {
    let configuration = std::sync::Arc::clone(&writer.configuration);
    if configuration.destinations.is_empty() {
        return Vec::new();
    }
    let mut messages = Vec::new();
    for change in &effects.changes {
        let Some(names) = names(writer, effects, change) else {
            continue;
        };
        for message in decided(writer, &configuration, change, &names) {
            messages.push(Message {
                number: writer.next_message,
                destination: message.destination,
                about: message.about,
                key: message.key,
                body: message.body,
                events: message.events,
                attempts: 0,
                next_at: change.at,
                created: change.at,
                last_error: String::new(),
            });
            writer.next_message += 1;
        }
    }
    messages
}

/// The identifiers a change is about: those it names, those of somebody absorbed as they were, or
/// those of the person.
fn names(writer: &Writer, effects: &Effects, change: &fold::Change) -> Option<Vec<Identifier>> {
    let known = change.about.as_ref();
    if let Some(names) = known.or_else(|| effects.absorbed.get(&change.person)) {
        return Some(names.to_vec());
    }
    let person = writer.people.profile(change.person)?;
    let names = person.links.iter().map(|link| link.identifier.clone());
    Some(names.collect())
}

fn decided(
    writer: &Writer,
    configuration: &Configuration,
    change: &fold::Change,
    names: &[Identifier],
) -> Vec<activate::Message> {
    let Some(segment) = configuration.registry.by_no(change.segment) else {
        return Vec::new();
    };
    let change = Change {
        segment_key: &segment.key,
        segment_no: segment.no.0,
        segment_name: &segment.name,
        entered: change.member == Member::In,
        at: change.at,
        late: change.why == Why::LateEvent,
        person: change.person,
        profile: writer.people.survivor(change.person),
        names,
        cause: match change.why {
            Why::Timer => Position::default(),
            _ => change.cause,
        },
    };
    activate::messages(&configuration.destinations, &change)
}
