//! `/health` and `/metrics`.

use super::Doors;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn health_and_figures_need_no_token() {
    let doors = Doors::open().await;
    let unsigned = |path: &str| axum::http::Request::get(path).body(axum::body::Body::empty());
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
