//! The context that PostHog spreads over an event's properties.

use super::item::Properties;
use crate::event::dialect::object::{self, Builder};
use crate::event::{KeyKind, Origin};

/// The context of an event, over the body's; address and agent of a browser's socket where the
/// event has none.
pub(super) fn of(properties: &Properties<'_>, origin: &Origin, of_body: Option<&str>) -> Box<str> {
    let mut context = Builder::new();
    let mut done: Vec<&str> = Vec::new();
    let mut nested: Vec<(&str, Builder)> = Vec::new();
    for (place, raw) in &properties.context {
        // Of a name that is sent twice, or in two spellings, the first counts.
        if done.contains(place) {
            continue;
        }
        done.push(place);
        match place.split_once('.') {
            None => context.put(place, raw),
            Some((outer, inner)) => match nested.iter_mut().find(|(name, _)| *name == outer) {
                Some((_, object)) => object.put(inner, raw),
                None => {
                    let mut object = Builder::new();
                    object.put(inner, raw);
                    nested.push((outer, object));
                }
            },
        }
    }
    if origin.key_kind == KeyKind::Browser {
        for (place, of_socket) in [("ip", &origin.ip), ("userAgent", &origin.user_agent)] {
            if let Some(of_socket) = of_socket.as_deref().filter(|_| !done.contains(&place)) {
                context.put_text(place, of_socket);
            }
        }
    }
    for (name, object) in nested {
        context.put(name, &object.finish());
    }
    let context = context.finish();
    match of_body {
        Some(of_body) => object::merged(&context, of_body),
        None => context,
    }
}
