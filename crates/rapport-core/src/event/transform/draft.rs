//! A draft: an event as the text its SDK could have sent, while transformations work on it.

use super::path::Path;
use crate::event::dialect::segment;
use crate::event::{Event, Kind};
use crate::identity::{IdKind, Identifier, extract};
use crate::json::edit::{self, Edit, Part};
use crate::json::{self, Value};
use crate::outcome::Reason;
use crate::profile::reserved::member;
use std::borrow::Cow;

/// An event on its way through the steps of a source.
#[derive(Debug)]
pub struct Draft<'a> {
    event: &'a Event,
    item: String,
    is_changed: bool,
}

impl<'a> Draft<'a> {
    /// A draft of an event, unchanged so far.
    #[must_use]
    pub fn new(event: &'a Event) -> Draft<'a> {
        Draft {
            event,
            item: segment::print(event),
            is_changed: false,
        }
    }

    /// The event as it came.
    #[must_use]
    pub fn event(&self) -> &'a Event {
        self.event
    }

    /// The event as it is now: an item of a batch.
    #[must_use]
    pub fn item(&self) -> &str {
        &self.item
    }

    /// Puts another item in its place.
    pub fn replace(&mut self, item: String) {
        if item != self.item {
            self.item = item;
            self.is_changed = true;
        }
    }

    /// Lets `change` have its say about every value at a path.
    pub fn edit(&mut self, path: &Path, mut change: impl FnMut(&str) -> Edit) {
        self.edit_at(path.parts(), &mut change);
        if let Some(twin) = self.twin(path) {
            self.edit_at(twin, &mut change);
        }
    }

    /// The same for the objects that hold what a path leads to.
    pub fn edit_parent(&mut self, path: &Path, mut change: impl FnMut(&str) -> Edit) {
        let parent = |parts: &'_ [Part]| parts.len().saturating_sub(1);
        self.edit_at(&path.parts()[..parent(path.parts())], &mut change);
        if let Some(twin) = self.twin(path) {
            self.edit_at(&twin[..parent(twin)], &mut change);
        }
    }

    /// Puts a value at a path of names.
    pub fn put(&mut self, path: &Path, value: &str) {
        let parts = match self.twin(path) {
            None => path.parts(),
            // Only identify calls say traits of a person themselves; what both say is one thing.
            Some(twin) => {
                let is_identify = self.event.kind == Kind::Identify;
                let (own, other) = match path.is_of_call() == is_identify {
                    true => (path.parts(), twin),
                    false => (twin, path.parts()),
                };
                self.edit_at(other, &mut |_| Edit::Replace(value.to_owned()));
                own
            }
        };
        if let Some(item) = edit::put(&self.item, parts, value) {
            self.replace(item);
        }
    }

    /// The text of the value at a path of names.
    #[must_use]
    pub fn at(&self, path: &Path) -> Option<&str> {
        let own = edit::at(&self.item, path.parts());
        own.or_else(|| edit::at(&self.item, self.twin(path)?))
    }

    /// The text at a path of names that no operator spelled; `None` where it is no text.
    #[must_use]
    pub fn text(&self, names: &[&str]) -> Option<Cow<'_, str>> {
        let parts: Vec<Part> = names
            .iter()
            .map(|name| Part::Name((*name).into()))
            .collect();
        match Value::parse(edit::at(&self.item, &parts)?)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Adds members to an object inside the context; those it has stay as they are.
    pub fn complete(&mut self, name: &str, members: &[(&str, String)]) {
        for (member, value) in members {
            let parts = ["context", name, member].map(|part| Part::Name(part.into()));
            let known = edit::at(&self.item, &parts).filter(|raw| *raw != "null");
            if known.is_none()
                && let Some(item) = edit::put(&self.item, &parts, value)
            {
                self.replace(item);
            }
        }
    }

    /// The event that came of it; `None` where it is the same.
    ///
    /// # Errors
    /// Where it is no event any more: why not.
    pub fn finish(self) -> Result<Option<Box<Event>>, Reason> {
        if !self.is_changed {
            return Ok(None);
        }
        let mut event = segment::reread(self.event, &self.item)?;
        // What a dialect found elsewhere than where the tracking API has it.
        let derived = derived(self.event);
        for identifier in &self.event.identifiers {
            if !derived.contains(identifier) && !event.identifiers.contains(identifier) {
                event.identifiers.push(identifier.clone());
            }
        }
        Ok((event != *self.event).then(|| Box::new(event)))
    }

    fn twin<'p>(&self, path: &'p Path) -> Option<&'p [Part]> {
        path.twin().filter(|_| self.event.kind != Kind::Group)
    }

    fn edit_at(&mut self, parts: &[Part], change: &mut dyn FnMut(&str) -> Edit) {
        if let Some(item) = edit::edit(&self.item, parts, change) {
            self.replace(item);
        }
    }
}

/// The identifiers that an event's print has.
fn derived(event: &Event) -> Vec<Identifier> {
    let of = |kind: IdKind| event.identifiers.iter().find(move |id| id.kind == kind);
    let mut found: Vec<Identifier> = [IdKind::UserId, IdKind::AnonymousId]
        .into_iter()
        .filter_map(|kind| of(kind).cloned())
        .collect();
    let traits = match event.kind {
        Kind::Group => member(&event.context, "traits"),
        _ => Some(&*event.traits),
    };
    found.extend(traits.map(extract::of_traits).unwrap_or_default());
    found.extend(extract::of_context(&event.context));
    found
}

/// The value at a path of a rule's in an item; traits of a person are found in either place.
#[must_use]
pub fn pick<'a>(item: &'a str, names: &[Box<str>]) -> Option<Value<'a>> {
    json::pick(item, names).or_else(|| {
        let is_trait = names.first().is_some_and(|name| &**name == "traits");
        let context = is_trait.then(|| member(item, "context")).flatten()?;
        json::pick(context, names)
    })
}
