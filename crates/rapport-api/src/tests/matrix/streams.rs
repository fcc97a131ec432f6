//! Streams that stay open while things happen: they tell what whoever opened them may know.

use super::world::{Canary, Who, World};
use crate::tests::Doors;
use axum::body::{Body, HttpBody};
use axum::http::Request;
use axum::response::Response;
use rapport_core::crm::TypeId;
use rapport_core::member::{Access, Area, Scope};
use serde_json::json;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;
use tower::ServiceExt;

/// What happens last.
const LAST: &str = "the very last event";

async fn watch(doors: &Doors, who: &Who) -> Response {
    let bearer = format!("Bearer {}", who.token);
    let request = Request::get("/api/v1/live").header("authorization", bearer);
    let request = request.body(Body::empty()).expect("a request");
    let answer = doors.router.clone().oneshot(request).await;
    answer.expect("infallible")
}

/// Everything a stream says until it has said what happened last.
async fn until_last(mut body: Body) -> String {
    let mut text = String::new();
    while !text.contains(LAST) {
        let frame = poll_fn(|context| Pin::new(&mut body).poll_frame(context));
        let frame = tokio::time::timeout(Duration::from_secs(60), frame).await;
        let frame = frame.expect("something happens").expect("a frame");
        let bytes = frame.expect("sound").into_data().expect("data");
        text.push_str(std::str::from_utf8(&bytes).expect("text"));
    }
    text
}

/// What opening the stream comes to, as the rights say.
fn expected(who: &Who) -> u16 {
    let whole = [TypeId::CONTACT, TypeId::COMPANY];
    match &who.actor {
        None => 401,
        Some(actor)
            if actor.has(Scope::Area(Area::Events, Access::Read))
                && whole.iter().all(|object| actor.sees_whole(*object)) =>
        {
            200
        }
        Some(_) => 403,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn live_channel_an_open_stream_tells_nobody_what_they_may_not_know() {
    let mut world = World::make().await;
    let mut open = Vec::new();
    for (place, who) in world.everybody.iter().enumerate() {
        let answer = watch(&world.doors, who).await;
        assert_eq!(answer.status().as_u16(), expected(who), "{}", who.name);
        if expected(who) == 200 {
            open.push((place, answer.into_body()));
        }
    }
    let before = world.canaries.len();
    world.goes_on().await;
    let last = json!({ "userId": "somebody", "event": LAST, "messageId": "last" });
    world
        .doors
        .track("/v1/track", last.to_string())
        .await
        .good();
    let mut watched = Vec::new();
    for (place, body) in open {
        let who = &world.everybody[place];
        let text = until_last(body).await;
        let told = |canary: &&Canary| text.contains(&canary.word);
        let told: Vec<&Canary> = world.canaries.iter().filter(told).collect();
        for canary in &told {
            let is_open = canary.is_open_to(who.actor.as_ref());
            assert!(is_open, "{} was told {canary:?}: {text}", who.name);
        }
        let is_news = |canary: &Canary| {
            world.canaries[before..]
                .iter()
                .any(|one| one.word == canary.word)
        };
        let news = told.iter().filter(|canary| is_news(canary)).count();
        assert!(
            news >= super::OWNERS.len(),
            "{} was told {news} words",
            who.name
        );
        watched.push(who.name);
    }
    // Who sees everybody but not every deal watches, too.
    for name in ["ada", "pia"] {
        assert!(watched.contains(&name), "{watched:?}");
    }
    assert!(watched.len() < world.everybody.len() / 2, "{watched:?}");
}
