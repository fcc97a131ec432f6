//! Folds one event into the profile it resolved to.

use crate::event::{Event, Kind};
use crate::identity::policy::Policy;
use crate::profile::Profile;
use crate::profile::attributes::Writing;
use crate::profile::reserved;

/// Moves what the event says of the person into the profile: when it was seen, an identify's
/// traits, and what another event says beside its own. Returns the names of the attributes whose value is another one now. (A group call's
/// traits are the company's: [`company::apply`](crate::profile::company::apply).)
pub fn apply(policy: &Policy, profile: &mut Profile, event: &Event) -> Vec<Box<str>> {
    // Who is put on a list was not seen.
    if event.kind == Kind::List {
        return Vec::new();
    }
    profile.first_seen = profile.first_seen.min(event.at);
    profile.last_seen = profile.last_seen.max(event.at);
    let mut changed = Vec::new();
    if matches!(event.kind, Kind::Group | Kind::Alias) {
        return changed;
    }
    let writing = Writing::of(policy, event);
    for (name, value) in reserved::traits_of(event) {
        if profile.attributes.write(&name, value, &writing) {
            changed.push(name.into());
        }
    }
    for (name, value) in reserved::once_of(event) {
        let unknown = profile.attributes.get(&name).is_none();
        if unknown && profile.attributes.write(&name, value, &writing) {
            changed.push(name.into());
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{KeyKind, SourceNo};
    use crate::identity::ProfileNo;
    use crate::position::Position;
    use crate::time::Millis;

    fn event(kind: Kind, at: i64, traits: &str) -> Event {
        Event {
            position: Position::event(1, 0),
            received: Millis(1_000),
            original: None,
            sent: None,
            at: Millis(at),
            source: SourceNo(1),
            key_kind: KeyKind::Browser,
            kind,
            name: "".into(),
            message_id: format!("m{at}").into(),
            identifiers: Vec::new(),
            previous: None,
            group: None,
            traits: traits.into(),
            properties: "{}".into(),
            context: "{}".into(),
            extra: "{}".into(),
        }
    }

    fn profile() -> Profile {
        Profile::born(ProfileNo(1), Position::event(1, 0), Millis(500))
    }

    #[test]
    fn an_identify_names_the_attributes_it_moved() {
        let (policy, mut profile) = (Policy::default(), profile());
        let first = event(Kind::Identify, 500, r#"{"plan": "gold", "city": null}"#);
        assert_eq!(apply(&policy, &mut profile, &first), ["plan".into()]);
        let second = event(Kind::Identify, 600, r#"{"plan": "gold", "city": "Lund"}"#);
        assert_eq!(apply(&policy, &mut profile, &second), ["city".into()]);
        let late = event(Kind::Identify, 400, r#"{"plan": "free"}"#);
        assert!(apply(&policy, &mut profile, &late).is_empty());
        assert_eq!(profile.attributes.get("plan"), Some("\"gold\""));
    }

    #[test]
    fn a_track_may_say_something_of_its_person_and_something_only_once() {
        let (policy, mut profile) = (Policy::default(), profile());
        let said = |at, extra: &str| Event {
            extra: extra.into(),
            ..event(Kind::Track, at, "{}")
        };
        let first = said(
            500,
            r#"{"$said":{"set":{"plan":"gold"},"once":{"came_by":"ad"}}}"#,
        );
        let moved = apply(&policy, &mut profile, &first);
        assert_eq!(moved, ["plan".into(), "came_by".into()]);
        let second = said(
            600,
            r#"{"$said":{"set":{"plan":"free"},"once":{"came_by":"mail"}}}"#,
        );
        assert_eq!(apply(&policy, &mut profile, &second), ["plan".into()]);
        assert_eq!(profile.attributes.get("came_by"), Some("\"ad\""));
    }

    #[test]
    fn seen_times_widen_with_every_kind_and_nothing_else_moves() {
        let (policy, mut profile) = (Policy::default(), profile());
        for (kind, at) in [(Kind::Page, 700), (Kind::Group, 300), (Kind::Track, 600)] {
            let event = event(kind, at, r#"{"plan": "gold"}"#);
            assert!(apply(&policy, &mut profile, &event).is_empty());
        }
        let seen = (profile.first_seen, profile.last_seen);
        assert_eq!(seen, (Millis(300), Millis(700)));
        assert!(profile.attributes.is_empty());
    }
}
