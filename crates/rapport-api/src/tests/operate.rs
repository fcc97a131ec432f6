//! `/health` and `/metrics`.

use super::Doors;
use crate::{ApiSettings, router};
use axum::body::{Body, to_bytes};
use axum::http::Request;
use rapport_core::event::{Call, Dialect, KeyKind, Origin, SourceNo};
use rapport_core::time::{DAY_MS, HOUR_MS, Millis};
use rapport_flow::clock::{Clock, HandClock};
use rapport_flow::{Rapport, Roles, Settings};
use rapport_store::ledger::Submission;
use rapport_store::memory::Memory;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tower::ServiceExt;

#[tokio::test(flavor = "multi_thread")]
async fn health_and_figures_need_no_token() {
    let doors = Doors::open().await;
    let unsigned = |path: &str| Request::get(path).body(Body::empty());
    let live = doors
        .send(unsigned("/health/live").expect("a request"))
        .await;
    assert_eq!(live.good(), json!({ "status": "live" }));
    let ready = doors
        .send(unsigned("/health/ready").expect("a request"))
        .await;
    assert_eq!(ready.good()["status"], "ready");
    let figures = doors.send(unsigned("/metrics").expect("a request")).await;
    let text = String::from_utf8(figures.body).expect("text");
    assert!(text.contains("\nrapport_requests_total 0\n"), "{text}");
    assert!(
        text.contains("rapport_outcomes_total{outcome=\"accepted\"} 0\n"),
        "{text}"
    );
}

async fn answered(rapport: &Rapport, path: &str) -> String {
    let request = Request::get(path).body(Body::empty()).expect("a request");
    let router = router(rapport.clone(), ApiSettings::default(), None);
    let response = router.oneshot(request).await.expect("infallible");
    let body = to_bytes(response.into_body(), usize::MAX).await;
    String::from_utf8(body.expect("a body").to_vec()).expect("text")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dedup_window_that_its_disk_budget_shortens_is_shown() {
    let memory = Memory::new();
    let roles = Roles {
        ledger: memory.ledger.clone(),
        state: memory.state.clone(),
        history: memory.history.clone(),
        seen: memory.seen.clone(),
    };
    let settings = Settings {
        dedup_disk_bytes: 1,
        ..Settings::default()
    };
    let clock = Arc::new(HandClock::at(Millis(1_700_000_000_000)));
    let rapport = Rapport::start(roles, settings, clock.clone()).await;
    let rapport = rapport.expect("a flow");
    let whole = answered(&rapport, "/health/ready").await;
    assert!(
        whole.contains(&format!("\"dedup_window_ms\":{}", 7 * DAY_MS)),
        "{whole}"
    );
    let figures = answered(&rapport, "/metrics").await;
    assert!(
        figures.contains("\nrapport_dedup_window_seconds 604800\n"),
        "{figures}"
    );

    let origin = Origin {
        source: SourceNo(1),
        key_kind: KeyKind::Server,
        dialect: Dialect::Segment,
        call: Call::Batch,
        ip: None,
        user_agent: None,
    };
    let body = br#"{"batch":[{"type":"page","userId":"u","messageId":"m"}]}"#.to_vec();
    let taken = rapport.collect(Submission { origin, body }).await;
    taken.expect("it is taken");
    // Flushed after a moment, forgotten at the next look: then the window begins behind it.
    while rapport.recorded().0.forgotten.is_none() {
        clock.set(clock.now().plus(61_000));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    clock.set(clock.now().plus(HOUR_MS));
    let ready = answered(&rapport, "/health/ready").await;
    let ready: serde_json::Value = serde_json::from_str(&ready).expect("JSON");
    let window_ms = ready["dedup_window_ms"].as_i64().expect("a number");
    assert!((HOUR_MS..7 * DAY_MS).contains(&window_ms), "{ready}");
    let figures = answered(&rapport, "/metrics").await;
    let shown = format!(
        "rapport_dedup_window_seconds {}",
        window_ms as f64 / 1_000.0
    );
    assert!(
        figures.lines().any(|line| line == shown),
        "{shown}: {figures}"
    );
    for name in ["_bucket{le=\"+Inf\"} 1", "_count 1"] {
        let line = format!("rapport_event_to_commit_seconds{name}");
        assert!(
            figures.lines().any(|found| found == line),
            "{line}: {figures}"
        );
    }
    assert!(figures.contains("\nrapport_profiles_held 1\n"), "{figures}");
    rapport.stop().await;
}
