//! Limits: what is dropped, in which order, and where the event then goes.

use super::*;

#[test]
fn two_user_ids_never_meet_and_the_weaker_identifier_is_dropped() {
    let mut world = World::new();
    world.send(track(Server, "u:1 a:1"));
    assert_eq!(
        world.number(track(Server, "u:2 a:1")),
        2,
        "the new user id stands"
    );
    assert_eq!(world.people(), "a:1 u:1 | u:2");
    assert_eq!(world.number(track(Server, "u:2 a:1")), 2);
    let refusal = ("a:1".to_owned(), RefusalWhy::TwoUserIds);
    assert_eq!(world.refusals(), [refusal], "told once, however often");
    let What::Refused { profiles, .. } = &world.journal[0].what else {
        panic!("no refusal")
    };
    assert_eq!(*profiles, [ProfileNo(1), ProfileNo(2)]);
}

#[test]
fn the_order_is_user_id_email_the_rest_by_word_and_anonymous_id() {
    // Each pair names two people: the stronger identifier decides.
    for (stronger, weaker) in [
        ("u:1", "e:2"),
        ("e:1", "c:2"),
        ("c:1", "d:2"),
        ("d:1", "p:+46701234567"),
        ("p:+46701234567", "a:2"),
    ] {
        let mut world = World::new();
        world.send(track(Server, &format!("u:77 {weaker}")));
        if stronger != "u:1" {
            world.send(track(Server, &format!("u:1 {stronger}")));
        }
        let number = world.number(track(Server, &format!("{weaker} {stronger}")));
        assert_eq!(number, 2, "{stronger} against {weaker}");
        assert_eq!(world.refusals()[0].0, weaker);
    }
}

#[test]
fn a_policy_can_change_the_order() {
    let mut world = World::with(r#"{"kinds": {"anonymous_id": {"priority": 1}}}"#);
    world.send(track(Server, "u:1 a:1"));
    assert_eq!(world.number(track(Server, "u:2 a:1")), 1);
    assert_eq!(world.refusals(), [("u:2".to_owned(), RefusalWhy::Limit)]);
}

#[test]
fn identifiers_beyond_a_kinds_limit_are_not_attached() {
    let mut world = World::new();
    for n in 0..7 {
        assert_eq!(world.number(track(Server, &format!("u:1 e:{n}"))), 1);
    }
    assert_eq!(world.people(), "e:0 e:1 e:2 e:3 e:4 u:1");
    let limit = RefusalWhy::Limit;
    assert_eq!(
        world.refusals(),
        [("e:5".to_owned(), limit), ("e:6".to_owned(), limit)]
    );
    assert_eq!(
        world.number(track(Server, "e:5")),
        2,
        "it is free for somebody else"
    );
}

#[test]
fn a_weaker_identifier_of_nobody_is_attached_although_a_stronger_one_is_refused() {
    let mut world = World::new();
    world.send(track(Server, "u:1 e:1"));
    assert_eq!(world.number(track(Server, "u:2 e:1 a:9")), 2);
    assert_eq!(world.people(), "e:1 u:1 | a:9 u:2");
}

#[test]
fn an_event_that_contradicts_itself_joins_nothing_weaker() {
    let mut world = World::new();
    world.send(track(Server, "u:1 e:1"));
    world.send(track(Server, "a:9"));
    assert_eq!(world.number(track(Server, "u:2 e:1 a:9")), 3);
    assert_eq!(world.people(), "e:1 u:1 | a:9 | u:2");
    let (two, weaker) = (RefusalWhy::TwoUserIds, RefusalWhy::Contradicted);
    assert_eq!(
        world.refusals(),
        [("e:1".to_owned(), two), ("a:9".to_owned(), weaker)]
    );
}

#[test]
fn a_merge_that_would_exceed_a_limit_is_refused() {
    let mut world = World::with(r#"{"kinds": {"device_id": {"limit": 2}}}"#);
    world.send(track(Browser, "d:1 d:2 a:1"));
    world.send(track(Browser, "d:3 a:2"));
    assert_eq!(world.number(track(Browser, "a:1 a:2")), 1);
    assert_eq!(world.people(), "a:1 d:1 d:2 | a:2 d:3");
    assert_eq!(world.refusals(), [("a:2".to_owned(), RefusalWhy::Limit)]);
}

#[test]
fn one_event_cannot_make_a_profile_beyond_its_limits() {
    let mut world = World::new();
    assert_eq!(
        world.number(track(Server, "u:1 u:2 e:1 e:2 e:3 e:4 e:5 e:6")),
        1
    );
    assert_eq!(world.people(), "e:1 e:2 e:3 e:4 e:5 u:1");
    assert_eq!(world.refusals().len(), 2);
}

#[test]
fn all_kinds_together_have_a_limit() {
    let mut world = World::with(r#"{"identifiers_max": 3}"#);
    world.send(track(Browser, "u:1 a:1 a:2"));
    world.send(track(Browser, "u:1 a:3"));
    assert_eq!(world.people(), "a:1 a:2 u:1");
    world.send(track(Browser, "a:4 a:5"));
    assert_eq!(world.number(track(Browser, "u:1 a:5")), 1);
    assert_eq!(world.people(), "a:1 a:2 u:1 | a:4 a:5");
}
