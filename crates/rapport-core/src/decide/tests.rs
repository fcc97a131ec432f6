//! Who is told what, and what nobody is told.

use super::*;
use crate::event::SourceNo;
use crate::identity::{Link, ProfileNo};
use crate::position::Position;
use crate::segment::registry::Moment;
use crate::segment::text;
use crate::time::Millis;

fn anonymous() -> Identifier {
    Identifier::new(IdKind::AnonymousId, "v1")
}

fn user() -> Identifier {
    Identifier::new(IdKind::UserId, "ada")
}

fn profile(links: &[(Identifier, Trust)]) -> Profile {
    let mut profile = Profile::born(ProfileNo(1), Position::event(1, 0), Millis(0));
    for (identifier, trust) in links {
        profile.links.push(Link {
            identifier: identifier.clone(),
            cause: Position::event(1, 0),
            source: Some(SourceNo(1)),
            since: Millis(0),
            trust: *trust,
        });
    }
    profile
}

fn check(others: &[(IdKind, Trust)], of_anonymous: Trust, visitor: Standing, signed: Standing) {
    let mut links = vec![(anonymous(), of_anonymous)];
    for (kind, trust) in others {
        let value = if *kind == IdKind::UserId { "ada" } else { "x" };
        links.push((Identifier::new(kind.clone(), value), *trust));
    }
    let profile = profile(&links);
    assert_eq!(
        by_anonymous_id(&profile, &anonymous()),
        visitor,
        "{links:?}"
    );
    assert_eq!(by_signature(&profile, &user()), signed, "{links:?}");
}

#[test]
fn a_claim_never_opens_a_profile() {
    use Standing::{Signed, Stranger, Visitor};
    use Trust::{Claimed, Confirmed, Seen};
    let custom = IdKind::from_word("loyalty_card").expect("a word");
    check(&[], Seen, Visitor, Stranger);
    check(&[(IdKind::DeviceId, Seen)], Seen, Visitor, Stranger);
    check(&[(IdKind::UserId, Seen)], Seen, Stranger, Signed);
    check(&[(IdKind::UserId, Confirmed)], Seen, Stranger, Signed);
    check(&[(IdKind::UserId, Confirmed)], Confirmed, Visitor, Signed);
    check(&[(IdKind::UserId, Seen)], Confirmed, Stranger, Signed);
    for kind in [IdKind::Email, IdKind::Phone] {
        check(&[(kind.clone(), Claimed)], Seen, Stranger, Stranger);
        check(&[(kind.clone(), Claimed)], Confirmed, Stranger, Stranger);
        check(&[(kind.clone(), Confirmed)], Seen, Stranger, Stranger);
        check(&[(kind.clone(), Confirmed)], Confirmed, Visitor, Stranger);
        check(
            &[(IdKind::UserId, Confirmed), (kind, Claimed)],
            Confirmed,
            Stranger,
            Stranger,
        );
    }
    check(&[(custom.clone(), Seen)], Seen, Stranger, Stranger);
    check(&[(custom.clone(), Seen)], Confirmed, Stranger, Stranger);
    check(
        &[(IdKind::UserId, Confirmed), (custom, Seen)],
        Confirmed,
        Stranger,
        Stranger,
    );
}

/// Two segments the person is in: `fans` is public, `vip` for those whose identity is signed;
/// `secret` is shown to nobody.
fn world() -> (Registry, Exposure, Profile, Slot) {
    let mut registry = Registry::default();
    let mut person = profile(&[(anonymous(), Trust::Seen)]);
    for key in ["fans", "vip", "secret"] {
        let moment = Moment {
            position: Position::command(0, 1),
            received: Millis(0),
            next_profile: ProfileNo(1),
        };
        let rule = text::parse("attribute plan = \"gold\"").expect("a rule");
        let put = registry.put(key, key, rule, moment).expect("a segment");
        person.memberships.enter(put.no, Millis(0));
    }
    let mut exposure = Exposure::default();
    exposure.public.segments.insert("fans".into());
    exposure.signed.segments.insert("vip".into());
    let rule = |segment: &str| slot::Rule {
        segment: segment.into(),
        content: format!("\"for {segment}\"").into(),
    };
    let slot = Slot {
        key: "hero".into(),
        name: "Hero".into(),
        rules: vec![rule("secret"), rule("vip"), rule("fans")],
        default: "\"for everybody\"".into(),
    };
    (registry, exposure, person, slot)
}

#[test]
fn content_tells_of_no_segment_that_may_not_be_seen() {
    let (registry, exposure, person, slot) = world();
    for (standing, segments, content) in [
        (Standing::Stranger, vec![], "\"for everybody\""),
        (Standing::Visitor, vec!["fans"], "\"for fans\""),
        (Standing::Signed, vec!["fans", "vip"], "\"for vip\""),
    ] {
        let ask = Ask {
            segments: None,
            slots: &[&slot],
            computed: None,
        };
        let told = decide(&exposure, &registry, Some((&person, standing)), ask);
        assert_eq!(told.segments, segments);
        assert_eq!(told.content, [("hero", content)]);
    }
}

#[test]
fn a_stranger_is_told_what_nobody_at_all_is_told() {
    let (registry, exposure, person, slot) = world();
    let ask = Ask {
        segments: None,
        slots: &[&slot],
        computed: None,
    };
    let of_nobody = decide(&exposure, &registry, None, ask);
    let stranger = Some((&person, Standing::Stranger));
    assert_eq!(decide(&exposure, &registry, stranger, ask), of_nobody);
}

#[test]
fn asking_for_segments_shows_fewer_and_never_more() {
    let (registry, exposure, person, _) = world();
    let wanted = ["secret", "vip", "none"].map(str::to_owned);
    let ask = Ask {
        segments: Some(&wanted),
        slots: &[],
        computed: None,
    };
    let told = |standing| decide(&exposure, &registry, Some((&person, standing)), ask).segments;
    assert!(told(Standing::Visitor).is_empty());
    assert_eq!(told(Standing::Signed), ["vip"]);
}

#[test]
fn names_that_javascript_takes_for_its_own_are_refused() {
    let mut exposure = Exposure::default();
    assert!(exposure.check().is_ok());
    exposure.public.traits.insert("__proto__".into());
    assert!(exposure.check().is_err());
}

#[test]
fn a_slot_needs_a_key_and_json() {
    let (_, _, _, slot) = world();
    assert!(slot.check().is_ok());
    let bad_key = Slot {
        key: "__proto__".into(),
        ..slot.clone()
    };
    let bad_content = Slot {
        default: "{".into(),
        ..slot
    };
    assert!(bad_key.check().is_err() && bad_content.check().is_err());
}

#[test]
fn a_computed_trait_is_told_to_whom_its_name_may_be_shown_and_hides_an_attribute() {
    let (registry, mut exposure, person, _) = world();
    exposure.signed.traits.insert("orders".into());
    let computed = BTreeMap::from([("orders", "3".to_owned()), ("revenue", "9".to_owned())]);
    let ask = Ask {
        computed: Some(&computed),
        ..Ask::default()
    };
    let told = |standing| decide(&exposure, &registry, Some((&person, standing)), ask).traits;
    assert!(told(Standing::Signed).contains(&("orders", "3")));
    for standing in [Standing::Visitor, Standing::Signed] {
        assert!(told(standing).iter().all(|(name, _)| *name != "revenue"));
    }
    assert!(
        told(Standing::Visitor)
            .iter()
            .all(|(name, _)| *name != "orders")
    );
    let none = decide(
        &exposure,
        &registry,
        Some((&person, Standing::Signed)),
        Ask::default(),
    );
    assert!(none.traits.iter().all(|(name, _)| *name != "orders"));
}
