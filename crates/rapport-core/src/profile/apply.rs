//! Folds one event into the profile it resolved to.

use crate::event::{Event, Kind};
use crate::identity::policy::Policy;
use crate::profile::Profile;
use crate::profile::attributes::Writing;
use crate::profile::reserved;

/// Moves what the event says of the person into the profile: when it was seen, and an identify's
/// traits. Returns the names of the attributes whose value is another one now. (A group call's
/// traits are the company's: [`company::apply`](crate::profile::company::apply).)
pub fn apply(policy: &Policy, profile: &mut Profile, event: &Event) -> Vec<Box<str>> {
    profile.first_seen = profile.first_seen.min(event.at);
    profile.last_seen = profile.last_seen.max(event.at);
    let mut changed = Vec::new();
    if event.kind != Kind::Identify {
        return changed;
    }
    let writing = Writing::of(policy, event);
    for (name, value) in reserved::traits_of(event) {
        if profile.attributes.write(&name, value, &writing) {
            changed.push(name.into());
        }
    }
    changed
}
