//! Lists: people named one by one or frozen out of a segment.

use super::replay::replay_equals_live;
use super::world::World;
use crate::lists::Problem;
use rapport_core::entry::{Command, Reference};
use rapport_core::event::KeyKind;
use rapport_core::identity::{IdKind, Identifier, ProfileNo, Trust};
use rapport_core::segment::list;
use rapport_core::time::MINUTE_MS;

fn email(value: &str) -> Reference {
    Reference::Identifier(Identifier::new(IdKind::Email, value))
}

fn user(value: &str) -> Reference {
    Reference::Identifier(Identifier::new(IdKind::UserId, value))
}

fn known(user: &str) -> String {
    format!(
        r#"{{"type":"identify","userId":"{user}","traits":{{"email":"{user}@example.com"}},"messageId":"id-{user}"}}"#
    )
}

async fn make(world: &World, key: &str) {
    let rule = list::rule(&format!("{key}:{}", world.rapport.clock().now().0)).unwrap();
    world.segment(key, &rule.to_string()).await;
}

async fn world() -> World {
    let world = World::new().await;
    for name in ["ada", "bob", "cid", "dan"] {
        world.server(&known(name)).await;
    }
    make(&world, "vip").await;
    world
        .segment(
            "others",
            r#"attribute email exists and not in segment "vip""#,
        )
        .await;
    world
}

async fn change(world: &World, on: bool, members: &[Reference]) -> crate::lists::Report {
    let report = world.rapport.change_list("vip", on, members).await.unwrap();
    assert!(report.is_folded);
    world.settle().await;
    report
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_put_on_a_list_and_taken_off_and_rules_follow() {
    let world = world().await;
    let members = [
        email("Ada@Example.com"),
        user("bob"),
        email("nobody@example.com"),
        email("not an e-mail"),
        Reference::Number(ProfileNo(1)),
        Reference::Number(ProfileNo(77)),
    ];
    let report = change(&world, true, &members).await;
    assert_eq!((report.changed, report.already), (2, 1));
    let problems = report.problems;
    assert!(
        matches!(
            problems.as_slice(),
            [
                (2, Problem::NotFound),
                (3, Problem::Unreadable(_)),
                (5, Problem::NotFound)
            ]
        ),
        "{problems:?}"
    );
    assert_eq!(world.members("vip").await, [1, 2]);
    assert_eq!(world.members("others").await, [3, 4]);
    // Nobody was made of who is unknown, and nobody was seen.
    assert!(
        world
            .profile(IdKind::Email, "nobody@example.com")
            .await
            .is_none()
    );
    let seen = world.user("ada").await.last_seen;
    world.advance(MINUTE_MS).await;
    // Twice is once.
    let again = change(&world, true, &members[..2]).await;
    assert_eq!((again.changed, again.already), (0, 2));
    let off = change(&world, false, &members[..1]).await;
    assert_eq!((off.changed, off.already), (1, 0));
    assert_eq!(world.members("vip").await, [2]);
    assert_eq!(world.members("others").await, [1, 3, 4]);
    assert_eq!(world.user("ada").await.last_seen, seen);
    world.advance(MINUTE_MS).await;
    let on = change(&world, true, &members[..1]).await;
    assert_eq!(on.changed, 1);
    assert_eq!(world.members("vip").await, [1, 2]);
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_merge_puts_both_on_the_list_and_its_undo_only_who_was() {
    let world = world().await;
    change(&world, true, &[user("bob")]).await;
    let merge = Command::Merge {
        left: user("ada"),
        right: user("bob"),
    };
    world.command(merge).await.unwrap();
    assert_eq!(world.members("vip").await, [1]);
    let journal = world
        .rapport
        .journal_of(&[ProfileNo(1)], None, 1)
        .await
        .unwrap();
    world
        .command(Command::UndoMerge {
            merge: journal[0].0,
        })
        .await
        .unwrap();
    assert_eq!(world.members("vip").await, [2]);
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_door_puts_anybody_on_a_list() {
    let world = world().await;
    let rule = world.rapport.registry().get("vip").unwrap().rule.clone();
    let name = list::name(&rule).unwrap().to_owned();
    for kind in [KeyKind::Browser, KeyKind::Server] {
        for (nth, said) in [
            format!(r#"{{"type":"list","userId":"ada","event":"{name}","name":"{name}","properties":{{"on":true}},"messageId":"l1"}}"#),
            format!(r#"{{"type":"track","userId":"ada","event":"{name}","properties":{{"on":true}},"messageId":"l2"}}"#),
            format!(r#"{{"list":"{name}","on":true,"kind":"user_id","value":"ada","id":"l3"}}"#),
        ].into_iter().enumerate() {
            world.send(kind, &said).await;
            world.settle().await;
            assert_eq!(world.members("vip").await, [0_u64; 0], "{nth} {kind:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_confirms_no_claim() {
    let world = world().await;
    world
        .browser(r#"{"type":"identify","anonymousId":"a9","traits":{"email":"eve@example.com"},"messageId":"e1"}"#)
        .await;
    let claims = async || {
        let eve = world.profile(IdKind::AnonymousId, "a9").await.unwrap();
        let links = eve.links.into_iter();
        let mut trusts = links
            .map(|link| (link.identifier.to_string(), link.trust))
            .collect::<Vec<_>>();
        trusts.sort();
        trusts
    };
    let before = claims().await;
    assert!(
        before.iter().any(|(_, trust)| *trust == Trust::Claimed),
        "{before:?}"
    );
    change(&world, true, &[email("eve@example.com")]).await;
    assert_eq!(world.members("vip").await.len(), 1);
    assert_eq!(claims().await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_keeps_its_rule_and_begins_empty_when_made_again() {
    let world = world().await;
    change(&world, true, &[user("bob")]).await;
    let put = Command::PutSegment {
        key: "vip".to_owned(),
        name: "vip".to_owned(),
        rule: r#"did "Milk Bought""#.to_owned(),
    };
    let refused = world.command(put).await.unwrap_err();
    assert!(refused.to_string().contains("list"), "{refused}");
    for key in ["others", "vip"] {
        let key = key.to_owned();
        world.command(Command::DeleteSegment { key }).await.unwrap();
    }
    world.advance(1).await;
    make(&world, "vip").await;
    assert_eq!(world.members("vip").await, [0_u64; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_segment_stays_on_its_list_whatever_becomes_of_it() {
    let world = world().await;
    world.segment("known", "attribute email exists").await;
    let freeze = Command::FreezeSegment {
        segment: "known".to_owned(),
        list: "vip".to_owned(),
    };
    world.command(freeze.clone()).await.unwrap();
    world.server(&known("eve")).await;
    world.settle().await;
    assert_eq!(world.members("known").await, [1, 2, 3, 4, 5]);
    assert_eq!(world.members("vip").await, [1, 2, 3, 4]);
    // Taken off and frozen again, they are on it again.
    world.advance(MINUTE_MS).await;
    change(&world, false, &[user("ada")]).await;
    world.advance(MINUTE_MS).await;
    world.command(freeze).await.unwrap();
    world.settle().await;
    assert_eq!(world.members("vip").await, [1, 2, 3, 4, 5]);
    let world = world.restart().await;
    assert_eq!(world.members("vip").await, [1, 2, 3, 4, 5]);
    for (segment, list) in [
        ("known", "known"),
        ("vip", "vip"),
        ("none", "vip"),
        ("known", "none"),
    ] {
        let freeze = Command::FreezeSegment {
            segment: segment.to_owned(),
            list: list.to_owned(),
        };
        assert!(world.command(freeze).await.is_err(), "{segment} {list}");
    }
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_freeze_that_was_cut_short_goes_on_after_a_restart() {
    let world = world().await;
    world.segment("known", "attribute email exists").await;
    let freeze = Command::FreezeSegment {
        segment: "known".to_owned(),
        list: "vip".to_owned(),
    };
    let World {
        rapport,
        clock,
        directory,
        settings,
    } = world;
    rapport.command("test", freeze).await.unwrap();
    rapport.kill().await;
    let rapport = super::world::open(directory.path(), &settings, &clock).await;
    let world = World {
        rapport,
        clock,
        directory,
        settings,
    };
    for _ in 0..200 {
        let no = world.rapport.registry().get("vip").unwrap().no;
        world.settle().await;
        if world.rapport.segment_size(no) == 4 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(world.members("vip").await, [1, 2, 3, 4]);
}
