//! What is asked about segments: who a rule would find, how two overlap, who came and went.

use super::replay::replayed;
use super::world::World;
use crate::archive::Archive;
use crate::reads::preview::{Bounds, Preview};
use crate::reads::turnover::{Asked, Change};
use crate::rows;
use crate::writer::all;
use rapport_core::entry::{Command, Reference};
use rapport_core::identity::{IdKind, Identifier};
use rapport_core::segment::membership::SegmentNo;
use rapport_core::segment::text;
use rapport_core::segment::trial::Trial;
use rapport_core::time::{DAY_MS, HOUR_MS, MINUTE_MS, Millis};
use rapport_store::state::{Key, Table, Value};
use std::time::Duration;

const BOUNDS: Bounds = Bounds {
    sample: 5_000,
    members: 100,
    budget: Duration::from_secs(20),
};

fn bought(user: &str, id: &str) -> String {
    format!(r#"{{"type":"track","userId":"{user}","event":"Milk Bought","messageId":"{id}"}}"#)
}

async fn preview(world: &World, rule: &str, bounds: Bounds) -> Preview {
    let rule = text::parse(rule).unwrap();
    let trial = Trial::new(&world.rapport.registry(), &rule).unwrap();
    world.rapport.preview(&trial, bounds).await.unwrap()
}

fn numbers(preview: &Preview) -> Vec<u64> {
    let members = preview.members.iter();
    members.map(|profile| profile.number.0).collect()
}

/// Forty people who bought up to three times, some of whom are one with another since.
async fn shop() -> World {
    let world = World::new().await;
    for user in 0..40 {
        for time in 0..=user % 4 {
            let (user, id) = (format!("u{user}"), format!("m{user}-{time}"));
            world
                .send(rapport_core::event::KeyKind::Server, &bought(&user, &id))
                .await;
        }
    }
    world.settle().await;
    for (left, right) in [("u0", "u1"), ("u2", "u3"), ("u8", "u12")] {
        merge(&world, left, right).await;
    }
    world
}

async fn merge(world: &World, left: &str, right: &str) {
    let user = |user: &str| Reference::Identifier(Identifier::new(IdKind::UserId, user));
    world
        .command(Command::Merge {
            left: user(left),
            right: user(right),
        })
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preview_of_few_people_is_what_the_saved_segment_has() {
    let world = shop().await;
    world.segment("buyers", r#"did "Milk Bought""#).await;
    // Half of what happens is in files, half in memory.
    world.advance(HOUR_MS).await;
    assert!(!world.rapport.recorded().0.history.is_empty());
    for user in 0..20 {
        let (user, id) = (format!("u{user}"), format!("late-{user}"));
        world.server(&bought(&user, &id)).await;
    }
    let rules = [
        // Kept already.
        r#"did "Milk Bought""#,
        r#"in segment "buyers" and not did "Milk Bought""#,
        // Nobody keeps so many, or this at all.
        r#"did "Milk Bought" at least 3 times"#,
        r#"in segment "buyers" and did "Milk Bought" at most 2 times within 30 minutes"#,
        r#"did not "Milk Bought" within 30 minutes"#,
        r#"sequence "Milk Bought" then "Milk Bought" then "Milk Bought""#,
        r#"random "half" below 50 percent"#,
    ];
    for (nth, rule) in rules.into_iter().enumerate() {
        let seen = preview(&world, rule, BOUNDS).await;
        let key = format!("rule-{nth}");
        world.segment(&key, rule).await;
        let members = world.members(&key).await;
        assert_eq!(numbers(&seen), members, "{rule}");
        let estimate = seen.estimate.expect("everybody was looked at");
        let known = members.len() as u64;
        assert_eq!(
            (estimate.low, estimate.size, estimate.high),
            (known, known, known)
        );
        assert_eq!((seen.looked, seen.all, seen.people), (40, 40, 37));
        // Saved, it is answered without a look into history, and the same.
        let again = preview(&world, rule, BOUNDS).await;
        assert_eq!((numbers(&again), again.read_back), (members, 0), "{rule}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preview_that_has_no_time_says_that_nobody_was_looked_at() {
    let world = shop().await;
    let hurried = Bounds {
        budget: Duration::ZERO,
        ..BOUNDS
    };
    let seen = preview(&world, r#"did "Milk Bought" at least 3 times"#, hurried).await;
    assert_eq!((seen.looked, seen.estimate), (0, None));
    // What rows answer is always looked at a little.
    let seen = preview(&world, r#"random "all" below 100 percent"#, hurried).await;
    assert_eq!(seen.estimate.map(|estimate| estimate.size), Some(37));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preview_of_a_sample_has_bounds_that_mostly_hold_the_truth() {
    const SAMPLES: u32 = 16;
    let few = Bounds {
        sample: 16,
        members: 2,
        ..BOUNDS
    };
    let rule = r#"did "Milk Bought" at least 3 times"#;
    let mut held = 0;
    for _ in 0..SAMPLES {
        // Each directory draws by a secret of its own.
        let world = shop().await;
        let seen = preview(&world, rule, few).await;
        let all = preview(&world, rule, BOUNDS).await;
        let (estimate, truth) = (seen.estimate.unwrap(), all.estimate.unwrap().size);
        assert_eq!((seen.looked, seen.members.len()), (16, 2));
        assert!(estimate.low < estimate.high);
        held += u32::from((estimate.low..=estimate.high).contains(&truth));
    }
    // They hold 95 times of a hundred: fewer than ten of sixteen is one run of a hundred thousand.
    assert!(held >= 10, "{held} of {SAMPLES}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_overlap_counts_each_member_once() {
    let world = shop().await;
    world.segment("one", r#"did "Milk Bought""#).await;
    world
        .segment("two", r#"did "Milk Bought" at least 2 times"#)
        .await;
    world.segment("none", r#"did "Milk Sold""#).await;
    let no = |key: &str| world.rapport.registry().get(key).unwrap().no;
    let (one, two) = (world.members("one").await, world.members("two").await);
    let overlap = world.rapport.overlap(no("one"), no("two")).await.unwrap();
    assert_eq!(overlap.both as usize, two.len());
    assert_eq!(overlap.only_left as usize, one.len() - two.len());
    assert_eq!(overlap.only_right, 0);
    let overlap = world.rapport.overlap(no("none"), no("two")).await.unwrap();
    assert_eq!((overlap.both, overlap.only_left), (0, 0));
    assert_eq!(overlap.only_right as usize, two.len());
}

fn asked(segment: SegmentNo) -> Asked {
    Asked {
        segment,
        from: Millis(0),
        to: Millis::MAX,
        has_left: None,
        after: None,
        limit: 1_000,
    }
}

async fn changes(world: &World, key: &str) -> Vec<Change> {
    let no = world.rapport.registry().get(key).unwrap().no;
    world.rapport.changes(&asked(no)).await.unwrap().changes
}

fn said(changes: &[Change]) -> Vec<(u64, bool, &'static str)> {
    let said = changes.iter();
    said.map(|one| (one.person.0, one.has_left, one.why.word()))
        .collect()
}

/// Built, entered, left by time, merged, taken apart.
async fn comings() -> World {
    let world = World::new().await;
    world.server(&bought("u1", "m1")).await;
    world
        .segment("fresh", r#"did "Milk Bought" within 2 hours"#)
        .await;
    world.advance(HOUR_MS).await;
    world.server(&bought("u2", "m2")).await;
    world.advance(HOUR_MS).await;
    world.advance(MINUTE_MS).await;
    merge(&world, "u1", "u2").await;
    world.advance(MINUTE_MS).await;
    world
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_entered_and_left_is_kept_with_why_and_survives_a_restart() {
    let world = comings().await;
    let expected = [
        (1, false, "build"),
        (2, false, "event"),
        (1, true, "timer"),
        (1, false, "merge"),
        (2, true, "merge"),
    ];
    let known = changes(&world, "fresh").await;
    let mut sorted = said(&known);
    sorted.sort_unstable();
    let mut wanted = expected.to_vec();
    wanted.sort_unstable();
    assert_eq!(sorted, wanted);
    let moments: Vec<_> = known.iter().map(|one| one.at).collect();
    assert!(moments.is_sorted());
    let journal = world
        .rapport
        .journal_of(&[known[0].person], None, 10)
        .await
        .unwrap();
    world
        .command(Command::UndoMerge {
            merge: journal[0].0,
        })
        .await
        .unwrap();
    let world = world.restart().await;
    let after = changes(&world, "fresh").await;
    assert_eq!(
        said(&after[known.len()..]),
        [(1, true, "member"), (2, false, "member")]
    );
    let no = world.rapport.registry().get("fresh").unwrap().no;
    let turnover = world.rapport.turnover(no, Millis(0)).await.unwrap();
    assert_eq!(turnover.size, 1);
    let (entered, left) = turnover
        .moved
        .values()
        .fold((0, 0), |(entered, left), hour| {
            (entered + hour.0, left + hour.1)
        });
    assert_eq!((entered, left), (4, 3));
    assert_eq!(world.members("fresh").await, [2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_are_listed_in_pages_one_way_or_the_other() {
    let world = comings().await;
    let no = world.rapport.registry().get("fresh").unwrap().no;
    let all = changes(&world, "fresh").await;
    let mut paged = Vec::new();
    let mut page = Asked {
        limit: 2,
        ..asked(no)
    };
    loop {
        let found = world.rapport.changes(&page).await.unwrap();
        assert!(found.changes.len() <= 2);
        paged.extend(found.changes);
        page.after = found.after;
        if page.after.is_none() {
            break;
        }
    }
    assert_eq!(paged, all);
    let left = Asked {
        has_left: Some(true),
        from: all[1].at,
        ..asked(no)
    };
    let left = world.rapport.changes(&left).await.unwrap().changes;
    assert_eq!(said(&left), [(1, true, "timer"), (2, true, "merge")]);
    let none = Asked {
        to: all[0].at,
        ..asked(no)
    };
    assert_eq!(world.rapport.changes(&none).await.unwrap().changes, []);
}

async fn kept(archive: &Archive) -> Vec<(Key, Value)> {
    let mut kept = Vec::new();
    for table in [Table::Change, Table::Turnover, Table::Series] {
        kept.extend(all(&*archive.shared.roles.state, table).await.unwrap());
    }
    kept.retain(|(key, _)| !key.starts_with(b"received/"));
    kept
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_notes_the_same_comings_and_goings() {
    let world = comings().await;
    for user in 3..9 {
        let user = format!("u{user}");
        world.server(&bought(&user, &format!("{user}-1"))).await;
        world.advance(HOUR_MS / 2).await;
    }
    world.settle().await;
    // An entry behind every timer: a replay fires what is due before it.
    world.segment("last", r#"in segment "fresh""#).await;
    let replayed = replayed(world).await;
    let (live, again) = (&replayed.live, &replayed.again);
    let (live, again) = (kept(live).await, kept(again).await);
    assert!(live.len() > 20, "{}", live.len());
    assert_eq!(live, again);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn old_changes_are_forgotten_and_those_of_removed_segments_too() {
    let world = comings().await;
    world.segment("other", r#"did "Milk Bought""#).await;
    let no = world.rapport.registry().get("fresh").unwrap().no;
    let other = world.rapport.registry().get("other").unwrap().no;
    world
        .command(Command::DeleteSegment {
            key: "other".to_owned(),
        })
        .await
        .unwrap();
    world.advance(89 * DAY_MS).await;
    let count = async |segment| {
        world
            .rapport
            .changes(&asked(segment))
            .await
            .unwrap()
            .changes
            .len()
    };
    assert_eq!(count(other).await, 0);
    assert_eq!(count(no).await, 6);
    world.advance(2 * DAY_MS).await;
    assert_eq!(count(no).await, 0);
    // How many they were is kept for longer.
    let turnover = world.rapport.turnover(no, Millis(0)).await.unwrap();
    assert!(!turnover.moved.is_empty());
    world.advance(650 * DAY_MS).await;
    let turnover = world.rapport.turnover(no, Millis(0)).await.unwrap();
    assert!(turnover.moved.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_changes_are_forgotten_oldest_first() {
    let settings = crate::Settings {
        changes_max: 4,
        ..crate::Settings::default()
    };
    let world = World::with(settings).await;
    world
        .segment("fresh", r#"did "Milk Bought" within 30 minutes"#)
        .await;
    for user in 1..5 {
        let user = format!("u{user}");
        world.server(&bought(&user, &user)).await;
        world.advance(HOUR_MS).await;
    }
    world.advance(HOUR_MS).await;
    let left = changes(&world, "fresh").await;
    assert_eq!(
        said(&left),
        [
            (3, false, "event"),
            (3, true, "timer"),
            (4, false, "event"),
            (4, true, "timer")
        ]
    );
    assert_eq!(rows::change_of(&left[0].key).map(|one| one.2.0), Some(3));
}
