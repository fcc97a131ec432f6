//! Activate: turns changes of membership into messages, which become rows of the outbox.

use crate::outbox::Message;
use crate::writer::Writer;
use rapport_core::activate::{self, Change};
use rapport_core::fold::{self, Effects, Member, Why};
use rapport_core::identity::IdKind;
use rapport_core::position::Position;
use rapport_core::profile::Profile;

/// Decides who hears of what, in the order it happened.
pub(crate) fn step(writer: &mut Writer, effects: &Effects) -> Vec<Message> {
    let configuration = std::sync::Arc::clone(&writer.configuration);
    if configuration.destinations.is_empty() {
        return Vec::new();
    }
    let mut messages = Vec::new();
    for change in &effects.changes {
        let Some(segment) = configuration.registry.by_no(change.segment) else {
            continue;
        };
        // Whoever was absorbed later in the same batch is spoken of by the survivor's identifiers.
        let survivor = writer.people.survivor(change.person);
        let Some(person) = writer.people.profile(survivor) else {
            continue;
        };
        let decided = activate::messages(
            &configuration.destinations,
            &Change {
                segment_key: &segment.key,
                segment_no: segment.no.0,
                segment_name: &segment.name,
                ..about(change, person)
            },
        );
        for message in decided {
            messages.push(Message {
                number: writer.next_message,
                destination: message.destination,
                person: message.person,
                key: message.key,
                body: message.body,
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

fn about<'a>(change: &fold::Change, person: &'a Profile) -> Change<'a> {
    let latest = |kind: IdKind| {
        let mut of_kind = person
            .links
            .iter()
            .filter(move |link| link.identifier.kind == kind);
        of_kind.next_back().map(|link| &*link.identifier.value)
    };
    Change {
        segment_key: "",
        segment_no: 0,
        segment_name: "",
        entered: change.member == Member::In,
        at: change.at,
        late: change.why == Why::LateEvent,
        person: change.person,
        user_id: latest(IdKind::UserId),
        anonymous_id: latest(IdKind::AnonymousId),
        email: latest(IdKind::Email),
        cause: if change.why == Why::Timer {
            Position::default()
        } else {
            change.cause
        },
    }
}
