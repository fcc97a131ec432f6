//! The way back: an event as a call of Segment's, to be sent again.

use crate::event::dialect::object::{self, Builder};
use crate::event::{Event, Kind};
use crate::identity::IdKind;

/// The event as an item of a batch. Read again it is the same event: its time is the corrected
/// one, which no later clock correction may move, so there is no `sentAt`.
#[must_use]
pub fn print(event: &Event) -> String {
    let mut item = Builder::new();
    item.put_text("type", event.kind.word());
    item.put_text("messageId", &event.message_id);
    for (kind, member) in [
        (IdKind::UserId, "userId"),
        (IdKind::AnonymousId, "anonymousId"),
    ] {
        let found = event
            .identifiers
            .iter()
            .find(|identifier| identifier.kind == kind);
        if let Some(found) = found {
            item.put_text(member, &found.value);
        }
    }
    if let Some(previous) = &event.previous {
        item.put_text("previousId", previous);
    }
    if let Some(group) = &event.group {
        item.put_text("groupId", group);
    }
    match event.kind {
        Kind::Track => item.put_text("event", &event.name),
        Kind::Page | Kind::Screen if !event.name.is_empty() => item.put_text("name", &event.name),
        _ => {}
    }
    item.put_text("timestamp", &event.at.to_string());
    match event.kind {
        Kind::Identify | Kind::Group => item.put("traits", &event.traits),
        Kind::Track | Kind::Page | Kind::Screen | Kind::List => {
            item.put("properties", &event.properties)
        }
        Kind::Alias => {}
    }
    item.put("context", &event.context);
    // An unreadable timestamp that was kept aside gives way to the one above.
    let _ = object::members(&event.extra, |name, value| {
        if name != "timestamp" && name != "originalTimestamp" {
            item.put(&name, value.get());
        }
    });
    item.finish().into()
}
