//! `/api/v1/live`: what viewers are told, in which order, and what they cannot do.

use super::{Doors, SERVER_KEY, TOKEN, WRITE_KEY};
use crate::ApiSettings;
use axum::body::{Body, HttpBody};
use axum::http::Request;
use serde_json::{Value, json};
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;
use tower::ServiceExt;

/// An open stream.
struct Stream {
    body: Body,
    text: String,
}

/// A message of a stream.
#[derive(Clone, Debug, PartialEq)]
struct Message {
    id: Option<String>,
    event: String,
    data: Value,
}

impl Stream {
    async fn open(doors: &Doors, query: &str, headers: &[(&str, &str)]) -> Stream {
        let mut request = Request::get(format!("/api/v1/live{query}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let bearer = format!("Bearer {TOKEN}");
        let request = request.header("authorization", bearer).body(Body::empty());
        let answer = doors
            .router
            .clone()
            .oneshot(request.expect("a request"))
            .await;
        let answer = answer.expect("infallible");
        assert_eq!(answer.status().as_u16(), 200);
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let body = answer.into_body();
        let mut stream = Stream {
            body,
            text: String::new(),
        };
        assert_eq!(stream.next().await.expect("a message").event, "ready");
        stream
    }

    /// The next message; `None` where the stream is over.
    async fn next(&mut self) -> Option<Message> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                match message(&block) {
                    Some(message) => return Some(message),
                    None => continue,
                }
            }
            let body = &mut self.body;
            let frame = poll_fn(|context| Pin::new(&mut *body).poll_frame(context));
            let frame = tokio::time::timeout(Duration::from_secs(60), frame);
            let frame = frame.await.expect("something happens")?.expect("a frame");
            let bytes = frame.into_data().expect("data");
            self.text
                .push_str(std::str::from_utf8(&bytes).expect("text"));
        }
    }

    /// The next messages of a kind.
    async fn take(&mut self, event: &str, count: usize) -> Vec<Message> {
        let mut taken = Vec::new();
        while taken.len() < count {
            let next = self.next().await.expect("a message");
            if next.event == event {
                taken.push(next);
            }
        }
        taken
    }
}

fn message(block: &str) -> Option<Message> {
    let field = |name: &str| {
        let mut lines = block.lines();
        lines.find_map(|line| line.strip_prefix(name).map(str::to_owned))
    };
    // Every line is a field: nothing that was sent can begin one.
    for line in block.lines() {
        let known = ["id: ", "event: ", "data: ", "retry: ", ": "];
        assert!(known.iter().any(|name| line.starts_with(name)), "{line}");
    }
    Some(Message {
        id: field("id: "),
        event: field("event: ")?,
        data: serde_json::from_str(&field("data: ")?).expect("JSON"),
    })
}

async fn track(doors: &Doors, user: &str, event: &str) {
    let call = json!({ "userId": user, "event": event, "messageId": format!("{user}-{event}") });
    doors.track("/v1/track", call.to_string()).await.good();
}

#[tokio::test(flavor = "multi_thread")]
async fn only_tokens_and_fresh_tickets_open_a_stream() {
    let doors = Doors::open().await;
    for (query, authorization) in [
        ("", String::new()),
        ("", format!("Bearer {WRITE_KEY}")),
        ("", format!("Bearer {SERVER_KEY}")),
        ("?ticket=live_other", String::new()),
        ("?ticket=", format!("Bearer {TOKEN}")),
    ] {
        let request = Request::get(format!("/api/v1/live{query}"))
            .header("authorization", authorization)
            .body(Body::empty());
        let answer = doors.send(request.expect("a request")).await;
        assert_eq!(answer.error(), (401, "unauthorized".into()), "{query}");
    }
    let request = Request::post("/api/v1/live/tickets").body(Body::empty());
    assert_eq!(doors.send(request.expect("a request")).await.error().0, 401);
    let made = doors.post("/api/v1/live/tickets", "").await.good();
    let path = format!(
        "/api/v1/live?ticket={}",
        made["ticket"].as_str().expect("a ticket")
    );
    let request = Request::get(&path).body(Body::empty()).expect("a request");
    let first = doors
        .router
        .clone()
        .oneshot(request)
        .await
        .expect("infallible");
    assert_eq!(first.status().as_u16(), 200);
    let request = Request::get(&path).body(Body::empty()).expect("a request");
    assert_eq!(
        doors.send(request).await.error(),
        (401, "unauthorized".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn events_merges_and_memberships_come_as_they_happen() {
    let doors = Doors::open().await;
    let rule = json!({ "name": "Buyers", "rule": "did \"Order Completed\" ever" });
    doors
        .put("/api/v1/segments/buyers", &rule.to_string())
        .await
        .good();
    let mut stream = Stream::open(&doors, "", &[]).await;
    track(&doors, "ana", "Order Completed").await;
    let event = stream.next().await.expect("a message");
    assert_eq!((event.event.as_str(), &event.id), ("event", &None));
    assert_eq!(event.data["event"], "Order Completed");
    assert_eq!(event.data["outcome"], "accepted");
    assert_eq!(event.data["identifiers"], json!({ "user_id": ["ana"] }));
    let entered = stream.next().await.expect("a message");
    assert_eq!(entered.event, "entered");
    assert_eq!(
        (&entered.data["segment"], &entered.data["why"]),
        (&json!("buyers"), &json!("event"))
    );
    assert_eq!(entered.data["profile_id"], event.data["profile_id"]);
    // The last message of an entry carries its position.
    assert_eq!(entered.id.as_deref(), event.data["position"].as_str());
    track(&doors, "ana", "Order Completed").await;
    assert_eq!(
        stream.next().await.expect("a message").data["outcome"],
        "duplicate"
    );
    track(&doors, "bo", "Order Completed").await;
    stream.take("entered", 1).await;
    let both = json!({ "left": "user_id:ana", "right": "user_id:bo" }).to_string();
    let merged = doors.post("/api/v1/profiles/merge", &both).await.good();
    let told = stream.take("merged", 1).await.remove(0);
    assert_eq!(told.data["id"], merged["id"]);
    assert_eq!(told.data["survivor"], merged["profile_id"]);
    doors
        .post(
            &format!(
                "/api/v1/merges/{}/undo",
                merged["id"].as_str().expect("an id")
            ),
            "",
        )
        .await
        .good();
    assert_eq!(stream.take("undone", 1).await[0].data["id"], merged["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_lets_through_what_it_names() {
    let doors = Doors::open().await;
    track(&doors, "ana", "First").await;
    doors.settle().await;
    let mut by_name = Stream::open(&doors, "?event=Wanted", &[]).await;
    let mut by_outcome = Stream::open(&doors, "?outcome=invalid", &[]).await;
    let mut by_person = Stream::open(&doors, "?profile=user_id:ana&kind=event", &[]).await;
    let mut by_type = Stream::open(&doors, "?type=page&source=1", &[]).await;
    let mut merges = Stream::open(&doors, "?kind=merged,entered", &[]).await;
    track(&doors, "bo", "Other").await;
    doors
        .track("/v1/track", json!({ "userId": "bo" }).to_string())
        .await
        .good();
    track(&doors, "bo", "Wanted").await;
    doors
        .track("/v1/page", json!({ "userId": "bo" }).to_string())
        .await
        .good();
    let both = json!({ "left": "user_id:ana", "right": "user_id:bo" }).to_string();
    doors.settle().await;
    doors.post("/api/v1/profiles/merge", &both).await.good();
    // Bo is Ana now: whoever watches Ana sees what Bo does.
    track(&doors, "bo", "Later").await;
    assert_eq!(
        by_name.next().await.expect("a message").data["event"],
        "Wanted"
    );
    let invalid = by_outcome.next().await.expect("a message");
    assert_eq!(invalid.data["outcome"], "invalid");
    assert!(invalid.data["reason"]["code"].is_string());
    // What Bo did before may be seen as Ana's, too, by a viewer that looks after the merge.
    while by_person.take("event", 1).await[0].data["event"] != "Later" {}
    assert_eq!(
        by_type.next().await.expect("a message").data["type"],
        "page"
    );
    assert_eq!(merges.next().await.expect("a message").event, "merged");
    for query in [
        "?kind=wish",
        "?outcome=good",
        "?type=wish",
        "?after=x",
        "?profile=x",
    ] {
        let answer = doors.get(&format!("/api/v1/live{query}")).await;
        assert_eq!(answer.error().0, 400, "{query}");
    }
    for query in ["?source=9", "?profile=user_id:no"] {
        assert_eq!(
            doors.get(&format!("/api/v1/live{query}")).await.error().0,
            404,
            "{query}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_misses_nothing_and_gets_nothing_twice() {
    let doors = Doors::open().await;
    for number in 0..30 {
        track(&doors, "ana", &format!("E{number:02}")).await;
    }
    doors.settle().await;
    let names = |messages: Vec<Message>| -> Vec<String> {
        let name = |message: &Message| message.data["event"].as_str().unwrap_or("").to_owned();
        messages.iter().map(name).collect()
    };
    let expected = |from: usize, to: usize| -> Vec<String> {
        (from..to).map(|number| format!("E{number:02}")).collect()
    };
    // Nobody watched: memory, or history, has it.
    let mut stream = Stream::open(&doors, "?after=0.0", &[]).await;
    let first = stream.take("event", 10).await;
    assert_eq!(names(first.clone()), expected(0, 10));
    drop(stream);
    let last = first[9].id.clone().expect("an id");
    for number in 30..40 {
        track(&doors, "ana", &format!("E{number:02}")).await;
    }
    let mut stream = Stream::open(&doors, "", &[("last-event-id", &last)]).await;
    assert_eq!(names(stream.take("event", 30).await), expected(10, 40));
    track(&doors, "ana", "E40").await;
    let next = stream.take("event", 1).await;
    assert_eq!(names(next.clone()), expected(40, 41));
    drop(stream);
    // It is all in what the hub still keeps.
    track(&doors, "ana", "E41").await;
    doors.settle().await;
    let last = next[0].id.clone().expect("an id");
    let mut stream = Stream::open(&doors, &format!("?after={last}"), &[]).await;
    assert_eq!(names(stream.take("event", 1).await), expected(41, 42));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_can_take_all_the_places() {
    let mut settings = ApiSettings::default();
    settings.reads.viewers = 2;
    let doors = Doors::open_with(settings).await;
    let first = Stream::open(&doors, "", &[]).await;
    let _second = Stream::open(&doors, "", &[]).await;
    assert_eq!(
        doors.get("/api/v1/live").await.error(),
        (429, "busy".into())
    );
    drop(first);
    while doors.rapport.viewers() > 1 {
        tokio::task::yield_now().await;
    }
    Stream::open(&doors, "", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_is_told_in_part_and_counted_in_full() {
    let doors = Doors::open().await;
    let mut stream = Stream::open(&doors, "", &[]).await;
    let event =
        json!({ "type": "track", "userId": "ana", "event": "Flood", "properties": { "a": 1 } });
    let batch = json!({ "batch": vec![event; 2_000] }).to_string();
    doors.track("/v1/batch", batch).await.good();
    let (mut told, mut skipped) = (0, 0);
    while told + skipped < 2_000 {
        let message = stream.next().await.expect("a message");
        match message.event.as_str() {
            "event" => told += 1,
            "skipped" => skipped += message.data["count"].as_u64().expect("a count"),
            other => panic!("{other}"),
        }
    }
    assert!(told >= 20 && told + skipped == 2_000, "{told} {skipped}");
}

/// Who does not read is not waited for: memory stays, the writer goes on, and the stream ends.
#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_that_does_not_read_is_let_go() {
    let doors = Doors::open().await;
    let mut stream = Stream::open(&doors, "", &[]).await;
    let long = json!({ "type": "track", "userId": "ana", "event": "Flood" });
    for _ in 0..24 {
        let batch = json!({ "batch": vec![long.clone(); 2_500] }).to_string();
        doors.track("/v1/batch", batch).await.good();
        doors.settle().await;
        tokio::time::sleep(Duration::from_millis(120)).await;
    }
    let mut last = None;
    while let Some(message) = stream.next().await {
        last = Some(message);
    }
    let last = last.expect("a last word");
    assert_eq!(last.event, "lagged");
    assert!(last.data["after"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_cannot_begin_a_message_of_its_own() {
    let doors = Doors::open().await;
    let mut stream = Stream::open(&doors, "", &[]).await;
    let body = "{\"userId\":\"ana\",\"event\":\"x\\n\\nevent: merged\\ndata: {}\",\n\"properties\":{\r\n\"a\":\n\n\"id: 9.9\"}}";
    doors.track("/v1/track", body).await.good();
    let message = stream.next().await.expect("a message");
    assert_eq!(message.event, "event");
    assert_eq!(message.data["event"], "x\n\nevent: merged\ndata: {}");
    assert_eq!(message.data["properties"], json!({ "a": "id: 9.9" }));
}
