//! Transformations in the flow: what they change, what they leave out, what they cannot stall.

use super::replay::replay_equals_live;
use super::world::{World, roles};
use crate::tools::Tools;
use crate::{CommandError, Rapport, Settings};
use rapport_core::entry::{Command, Source};
use rapport_core::event::transform::script::Failure;
use rapport_core::event::transform::{self, Step};
use rapport_core::event::{Call, Dialect, KeyKind, Origin, SourceNo};
use rapport_core::identity::IdKind;
use rapport_script::QuickJs;
use rapport_store::history::Ask;
use rapport_store::ledger::Submission;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn tools() -> Tools {
    Tools {
        scripts: Some(Arc::new(QuickJs)),
        places: None,
    }
}

fn steps(spelled: &[&str]) -> Vec<Step> {
    transform::read(spelled).unwrap()
}

fn script(body: &str) -> String {
    let code = format!("function transform(event) {{ {body} }}");
    serde_json::json!({ "name": "s", "script": code }).to_string()
}

async fn world() -> World {
    let world = World::new().await;
    reopened(world).await
}

/// The same directory with tools; a restart of [`World`] has none.
async fn reopened(world: World) -> World {
    let World {
        rapport,
        clock,
        directory,
        settings,
    } = world;
    rapport.stop().await;
    drop(rapport);
    let (roles, own) = (roles(directory.path()), Arc::clone(&clock));
    let rapport = Rapport::start_with(roles, settings.clone(), tools(), own as _)
        .await
        .unwrap();
    World {
        rapport,
        clock,
        directory,
        settings,
    }
}

async fn put(world: &World, source: u32, spelled: &[&str]) {
    let command = Command::PutTransformations {
        source: SourceNo(source),
        enabled: true,
        steps: steps(spelled),
    };
    world.command(command).await.unwrap();
}

async fn second_source(world: &World) {
    let source = Source {
        no: SourceNo(2),
        name: "App".to_owned(),
        strict: false,
    };
    world.command(Command::PutSource(source)).await.unwrap();
}

async fn send(world: &World, source: u32, batch: &str) {
    let origin = Origin {
        source: SourceNo(source),
        key_kind: KeyKind::Server,
        dialect: Dialect::Segment,
        call: Call::Batch,
        ip: None,
        user_agent: None,
    };
    let body = format!("{{\"batch\":[{batch}]}}").into_bytes();
    let submission = Submission { origin, body };
    world.rapport.collect(submission).await.unwrap();
}

fn track(user: &str, message: &str, name: &str) -> String {
    format!(
        r#"{{"type":"track","userId":"{user}","event":"{name}","messageId":"{message}","properties":{{"price":24.50,"card":"4111"}}}}"#
    )
}

async fn events(world: &World, user: &str) -> Vec<(String, String)> {
    let Some(profile) = world.profile(IdKind::UserId, user).await else {
        return Vec::new();
    };
    let rows = world
        .rapport
        .timeline(&profile, &Ask::default())
        .await
        .unwrap();
    let spelled = |row: &Arc<rapport_store::history::Row>| {
        (row.event.name.to_string(), row.event.properties.to_string())
    };
    rows.iter().map(spelled).collect()
}

async fn count(world: &World, word: &str, code: &str) -> u64 {
    world.settle().await;
    let outcomes = world.rapport.outcomes(None);
    let key = (word.to_owned(), code.to_owned());
    outcomes.reasons.get(&key).copied().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_has_events_as_transformed_across_restarts_and_replays() {
    let world = world().await;
    second_source(&world).await;
    let native = r#"{"drop":["properties.card"]}"#;
    let named = r#"{"set":{"path":"event","value":"Milk Seen"},"when":"event = \"Milk Viewed\""}"#;
    put(
        &world,
        1,
        &[
            native,
            named,
            &script("event.properties.by = 's'; return event"),
        ],
    )
    .await;
    send(&world, 1, &track("u1", "m1", "Milk Viewed")).await;
    send(&world, 2, &track("u2", "m1", "Milk Viewed")).await;
    world.settle().await;
    let expected = [(
        "Milk Seen".to_owned(),
        r#"{"price":24.50,"by":"s"}"#.to_owned(),
    )];
    assert_eq!(events(&world, "u1").await, expected);
    assert_eq!(events(&world, "u2").await[0].0, "Milk Viewed");
    // What is put in their place has no say about what was folded.
    put(&world, 1, &[r#"{"set":{"path":"event","value":"Other"}}"#]).await;
    let world = reopened(world).await;
    assert_eq!(events(&world, "u1").await, expected);
    world.settle().await;
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_left_out_is_counted_kept_and_stays_left_out() {
    let world = world().await;
    put(
        &world,
        1,
        &[r#"{"name":"no_bots","filter":{"drop":"event = \"Bot\""}}"#],
    )
    .await;
    world
        .server(&format!(
            "{},{}",
            track("u1", "m1", "Bot"),
            track("u1", "m2", "Milk")
        ))
        .await;
    assert_eq!(count(&world, "filtered", "transform_no_bots").await, 1);
    assert_eq!(events(&world, "u1").await.len(), 1);
    let kept = world.rapport.rejected(None, 10).await.unwrap();
    assert!(kept[0].raw.contains("\"Bot\"") && kept[0].raw.contains("4111"));
    let gone = Command::DeleteTransformations {
        source: SourceNo(1),
    };
    world.command(gone).await.unwrap();
    let world = reopened(world).await;
    assert_eq!(events(&world, "u1").await.len(), 1);
    assert!(
        world
            .rapport
            .redrive_rejected(kept[0].position, None)
            .await
            .unwrap()
    );
    world.settle().await;
    assert_eq!(events(&world, "u1").await.len(), 2);
    replay_equals_live(world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_script_breaks_is_kept_as_it_came_and_driven_again_once_it_is_mended() {
    let world = world().await;
    put(
        &world,
        1,
        &[
            r#"{"drop":["properties.card"]}"#,
            &script("return event.nothing.there"),
        ],
    )
    .await;
    world.server(&track("u1", "m1", "Milk")).await;
    assert_eq!(count(&world, "invalid", "script_threw").await, 1);
    let world = reopened(world).await;
    let kept = world.rapport.rejected(None, 10).await.unwrap();
    assert!(kept[0].raw.contains("4111"), "as it came: {}", kept[0].raw);
    put(
        &world,
        1,
        &[&script("event.properties.mended = true; return event")],
    )
    .await;
    assert!(
        world
            .rapport
            .redrive_rejected(kept[0].position, None)
            .await
            .unwrap()
    );
    world.settle().await;
    assert!(events(&world, "u1").await[0].1.contains("\"mended\":true"));
    replay_equals_live(world).await;
}

/// Hostile scripts cost their own source its events and nobody else anything.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hostile_script_cannot_stall_the_flow() {
    for attack in [
        "while (true) {}",
        "const kept = []; while (true) kept.push('x'.repeat(1000) + kept.length)",
        "const f = (n) => f(n + 1) + 1; f(0)",
        "/^(a+)+$/.test('a'.repeat(50) + 'b')",
        "let s = 'x'; while (true) s += s",
        "Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)",
        "return { toJSON() { while (true) {} } }",
    ] {
        let world = world().await;
        second_source(&world).await;
        put(&world, 1, &[&script(&format!("{attack}; return event"))]).await;
        let began = Instant::now();
        for number in 0..40 {
            send(&world, 1, &track("bad", &format!("m{number}"), "Milk")).await;
            send(&world, 2, &track("good", &format!("m{number}"), "Milk")).await;
        }
        world.settle().await;
        assert!(
            began.elapsed() < Duration::from_secs(8),
            "{attack}: {:?}",
            began.elapsed()
        );
        let outcomes = world.rapport.outcomes(None).words;
        assert_eq!(
            (outcomes["accepted"], outcomes["invalid"]),
            (40, 40),
            "{attack}"
        );
        assert_eq!(events(&world, "good").await.len(), 40, "{attack}");
        assert_eq!(
            world.rapport.rejected(None, 100).await.unwrap().len(),
            40,
            "{attack}"
        );
        assert!(world.rapport.health().is_ready(), "{attack}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_that_overruns_rests_and_people_are_told() {
    let world = world().await;
    put(
        &world,
        1,
        &[&script("while (event.event === 'Slow') {} return event")],
    )
    .await;
    let slow: Vec<String> = (0..10)
        .map(|n| track("u1", &format!("s{n}"), "Slow"))
        .collect();
    world.server(&slow.join(",")).await;
    assert_eq!(count(&world, "invalid", "script_overran").await, 5);
    assert_eq!(count(&world, "invalid", "script_off").await, 5);
    let kept = world.rapport.rejected(None, 20).await.unwrap();
    assert_eq!(kept.len(), 10);
    assert_eq!(world.rapport.health().notices.len(), 1);
    // Another one in its place starts anew.
    put(&world, 1, &[&script("return event")]).await;
    world.server(&track("u1", "m1", "Slow")).await;
    assert_eq!(events(&world, "u1").await.len(), 1);
    assert_eq!(world.rapport.health().notices, Vec::<String>::new());
}

/// An engine whose scripts cannot be stopped from within.
struct Deaf;

impl transform::script::Engine for Deaf {
    fn open(&self, _: &str, _: u64) -> Result<Box<dyn transform::script::Opened>, Failure> {
        Ok(Box::new(Deaf))
    }
}

impl transform::script::Opened for Deaf {
    fn run(
        &mut self,
        _: &str,
        _: rapport_core::time::Millis,
        _: u64,
    ) -> Result<Option<String>, Failure> {
        std::thread::sleep(Duration::from_secs(20));
        Ok(None)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_that_cannot_be_stopped_is_left_behind() {
    let World {
        rapport,
        clock,
        directory,
        settings,
    } = World::new().await;
    rapport.stop().await;
    drop(rapport);
    let deaf = Tools {
        scripts: Some(Arc::new(Deaf)),
        places: None,
    };
    let (roles, own) = (roles(directory.path()), Arc::clone(&clock));
    let rapport = Rapport::start_with(roles, settings.clone(), deaf, own as _)
        .await
        .unwrap();
    let world = World {
        rapport,
        clock,
        directory,
        settings,
    };
    second_source(&world).await;
    put(&world, 1, &[&script("return event")]).await;
    let began = Instant::now();
    for number in 0..20 {
        send(&world, 1, &track("bad", &format!("m{number}"), "Milk")).await;
        send(&world, 2, &track("good", &format!("m{number}"), "Milk")).await;
    }
    assert_eq!(count(&world, "invalid", "script_stalled").await, 20);
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!(events(&world, "good").await.len(), 20);
    assert_eq!(world.rapport.health().notices.len(), 1);
    assert!(world.rapport.health().is_ready());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn steps_are_tried_on_the_newest_events_as_they_came() {
    let world = world().await;
    put(&world, 1, &[r#"{"drop":["properties.card"]}"#]).await;
    world.server(&track("u1", "m1", "Milk")).await;
    let samples = world.rapport.newest_samples(SourceNo(1), 10).await.unwrap();
    let slow = script("while (true) {} return event");
    let other = r#"{"rename":{"from":"properties.card","to":"properties.pan"}}"#;
    let tried = world
        .rapport
        .try_transformations(SourceNo(1), steps(&[other, &slow]), samples)
        .await;
    assert_eq!(tried.len(), 1);
    assert!(tried[0].before.contains("4111"));
    let results: Vec<&str> = tried[0].steps.iter().map(|step| step.result).collect();
    assert_eq!(results, ["changed", "failed"]);
    assert_eq!(tried[0].outcome.word(), "invalid");
    assert_eq!(tried[0].after, None);
    let given = [
        r#"{"type":"page","anonymousId":"a"}"#,
        r#"{"type":"dance"}"#,
    ];
    let samples = world.rapport.given_samples(SourceNo(1), &given);
    let tried = world
        .rapport
        .try_transformations(SourceNo(1), steps(&[other]), samples)
        .await;
    let words: Vec<&str> = tried.iter().map(|tried| tried.outcome.word()).collect();
    assert_eq!(words, ["accepted", "invalid"]);
    assert_eq!(events(&world, "u1").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transformations_are_of_sources_that_are_there() {
    let world = World::with(Settings::default()).await;
    let command = Command::PutTransformations {
        source: SourceNo(9),
        enabled: true,
        steps: Vec::new(),
    };
    assert!(matches!(
        world.command(command).await,
        Err(CommandError::NotFound { .. })
    ));
    let command = Command::DeleteTransformations {
        source: SourceNo(1),
    };
    assert!(matches!(
        world.command(command).await,
        Err(CommandError::NotFound { .. })
    ));
}
