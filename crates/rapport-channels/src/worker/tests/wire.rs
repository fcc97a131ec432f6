//! The worker and the webhook together, against a real HTTP server on this machine.

use super::*;
use crate::guard::allow::Allow;
use crate::guard::{Guard, SystemLookup};
use crate::receiver::{Receiver, Seen};
use crate::webhook::{self, Webhook};
use axum::http::StatusCode;
use axum::response::IntoResponse;

fn channel() -> Arc<Webhook> {
    let guard = Guard::new(Allow::parse(&["127.0.0.0/8"]).expect("a good allow list"));
    let settings = webhook::Settings::default();
    Arc::new(Webhook::new(guard, Arc::new(SystemLookup), settings).expect("a client"))
}

/// Retries within milliseconds: these tests run in real time.
fn quick() -> Settings {
    let retry = retry::Policy {
        base_ms: 5,
        cap_ms: 20,
        ..retry::Policy::default()
    };
    let circuit = circuit::Policy {
        failures: 5,
        rest_ms: 5,
        rest_cap_ms: 20,
    };
    Settings {
        retry,
        circuit,
        ..settings()
    }
}

fn at(receiver: &Receiver) -> Arc<Shelf> {
    Shelf::of(&[destination("hook", receiver.url())])
}

fn numbers(seen: &[Seen]) -> Vec<(u64, u64)> {
    let field = |seen: &Seen, name: &str| {
        let body: serde_json::Value = serde_json::from_str(&seen.body).expect("JSON");
        body[name].as_u64().expect("a number")
    };
    seen.iter()
        .map(|seen| (field(seen, "person"), field(seen, "number")))
        .collect()
}

#[tokio::test]
async fn after_a_503_the_same_key_comes_again_and_is_taken() {
    let calls = Arc::new(AtomicUsize::new(0));
    let receiver = Receiver::start(move |_| match calls.fetch_add(1, Ordering::SeqCst) {
        0 => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        _ => StatusCode::OK.into_response(),
    })
    .await;
    let shelf = at(&receiver);
    shelf.put("hook", 1);
    let worker = Worker::start(shelf.clone(), channel(), quick());
    shelf.emptied_soon().await;
    worker.stop().await;
    let seen = receiver.seen();
    assert_eq!(seen.len(), 2);
    assert_eq!(seen[0].header("idempotency-key"), "key-1");
    assert_eq!(seen[1].header("idempotency-key"), "key-1");
    assert_eq!(seen[0].body, seen[1].body);
    assert!(shelf.dead().is_empty());
}

#[tokio::test]
async fn a_400_is_a_dead_letter_at_once_and_the_next_message_goes() {
    let receiver = Receiver::start(|seen| {
        let bad = seen.body.contains("\"number\":1,");
        if bad {
            (StatusCode::BAD_REQUEST, "no such field").into_response()
        } else {
            StatusCode::OK.into_response()
        }
    })
    .await;
    let shelf = at(&receiver);
    shelf.put("hook", 1);
    shelf.put("hook", 1);
    let worker = Worker::start(shelf.clone(), channel(), quick());
    shelf.emptied_soon().await;
    worker.stop().await;
    assert_eq!(numbers(&receiver.seen()), [(1, 1), (1, 2)]);
    assert_eq!(shelf.dead()[&1], "answered 400 Bad Request: no such field");
}

#[tokio::test]
async fn a_429_is_left_alone_as_long_as_it_asks() {
    let calls = Arc::new(AtomicUsize::new(0));
    let receiver = Receiver::start(move |_| match calls.fetch_add(1, Ordering::SeqCst) {
        0 => (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "1")]).into_response(),
        _ => StatusCode::OK.into_response(),
    })
    .await;
    let shelf = at(&receiver);
    shelf.put("hook", 1);
    let started = std::time::Instant::now();
    let worker = Worker::start(shelf.clone(), channel(), quick());
    shelf.emptied_soon().await;
    worker.stop().await;
    let waited = started.elapsed();
    assert!(
        waited >= Duration::from_secs(1) && waited < Duration::from_secs(5),
        "{waited:?}"
    );
    assert_eq!(receiver.seen().len(), 2);
}

#[tokio::test]
async fn order_is_kept_per_person_on_the_wire_while_many_fail() {
    let calls = Arc::new(AtomicUsize::new(0));
    let receiver = Receiver::start(move |_| match calls.fetch_add(1, Ordering::SeqCst) % 4 {
        1 => StatusCode::BAD_GATEWAY.into_response(),
        _ => StatusCode::OK.into_response(),
    })
    .await;
    let shelf = at(&receiver);
    for n in 0..400 {
        shelf.put("hook", n % 80);
    }
    let worker = Worker::start(shelf.clone(), channel(), quick());
    shelf.emptied_soon().await;
    worker.stop().await;
    let mut by_person: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    for (person, number) in numbers(&receiver.seen()) {
        by_person.entry(person).or_default().push(number);
    }
    for (person, mut numbers) in by_person {
        assert!(numbers.is_sorted(), "person {person}: {numbers:?}");
        numbers.dedup();
        assert_eq!(numbers.len(), 5, "person {person}");
    }
    assert!(shelf.dead().is_empty());
}

#[tokio::test]
async fn a_destination_that_comes_up_late_gets_everything() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let closed = listener.local_addr().expect("an address");
    drop(listener);
    let shelf = Shelf::of(&[destination("hook", format!("http://{closed}/hook"))]);
    for n in 0..50 {
        shelf.put("hook", n);
    }
    let worker = Worker::start(shelf.clone(), channel(), quick());
    let mut health = worker.health.clone();
    let open = |told: &BTreeMap<String, Health>| {
        told.get("hook")
            .is_some_and(|health| matches!(health.circuit, Circuit::Open { .. }))
    };
    health.wait_for(open).await.expect("the worker runs");

    let receiver = Receiver::always(StatusCode::OK).await;
    shelf.configure(&[destination("hook", receiver.url())]);
    shelf.emptied_soon().await;
    worker.stop().await;
    assert_eq!(receiver.seen().len(), 50);
}
