//! An object of a map whose members are taken one by one, so that one that is left is an error.

use super::super::error::Error;
use serde_json::{Map, Value as Json};
use std::collections::BTreeSet;

/// An object that is being read.
pub(super) struct Object<'j> {
    members: &'j Map<String, Json>,
    place: String,
    taken: BTreeSet<String>,
}

impl<'j> Object<'j> {
    pub(super) fn of(json: &'j Json, place: &str) -> Result<Object<'j>, Error> {
        let members = json
            .as_object()
            .ok_or_else(|| Error::new(place, "this is an object"))?;
        Ok(Object {
            members,
            place: place.to_owned(),
            taken: BTreeSet::new(),
        })
    }

    /// Where the object stands.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// The member of this name and its place.
    pub(super) fn take(&mut self, name: &str) -> Option<(&'j Json, String)> {
        self.taken.insert(name.to_owned());
        let json = self.members.get(name)?;
        Some((json, inside(&self.place, name)))
    }

    /// The member of this name, which must be there.
    pub(super) fn need(&mut self, name: &str) -> Result<(&'j Json, String), Error> {
        let found = self.take(name);
        found.ok_or_else(|| Error::new(&self.place, format!("`{name}` is missing")))
    }

    /// Checks that nothing else is there.
    pub(super) fn end(self) -> Result<(), Error> {
        let other = self.members.keys().find(|name| !self.taken.contains(*name));
        let Some(other) = other else { return Ok(()) };
        let known: Vec<&str> = self.taken.iter().map(String::as_str).collect();
        let message = format!(
            "there is no such member here; there are {}",
            known.join(", ")
        );
        Err(Error::new(&inside(&self.place, other), message))
    }
}

/// The place of a member.
pub(super) fn inside(place: &str, name: &str) -> String {
    if place.is_empty() {
        return name.to_owned();
    }
    format!("{place}.{name}")
}
