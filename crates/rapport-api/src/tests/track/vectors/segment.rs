//! Segment's SDKs: analytics-next, analytics-node, analytics-python, and Customer.io's fork.

use super::super::gzip;
use super::Vector;
use crate::tests::{Doors, WRITE_KEY};
use serde_json::json;

/// `Basic` of the browser's key, and of the server's.
const BROWSER: (&str, &str) = ("authorization", "Basic YnJvd3Nlci1rZXk6");
const SERVER: (&str, &str) = ("authorization", "Basic c2VydmVyLWtleTo=");

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_sends_one_event_a_request() {
    let body = br#"{"timestamp":"2026-01-02T03:04:03.000Z","integrations":{},"anonymousId":"2f1c5e0a-9a0b-4a77-8a45-0c1d2e3f4a5b","userId":"u-1","event":"Product Viewed","type":"track","properties":{"sku":"milk-1","price":1.29},"context":{"page":{"path":"/milk","url":"https://shop.example/milk"},"userAgent":"Mozilla/5.0","locale":"sv","timezone":"Europe/Stockholm","library":{"name":"analytics.js","version":"npm:next-1.84.3"}},"messageId":"ajs-next-1767323043000-8a1f","writeKey":"browser-key","sentAt":"2026-01-02T03:04:04.000Z","_metadata":{"bundled":["Segment.io"],"unbundled":[],"bundledIds":[]}}"#;
    let vector = Vector {
        path: "/v1/t",
        headers: &[
            BROWSER,
            ("content-type", "text/plain"),
            ("origin", "https://shop.example"),
            ("user-agent", "Mozilla/5.0 (X11; Linux x86_64)"),
        ],
        body: body.to_vec(),
        answer: r#"{"success":true}"#,
        person: "user_id:u-1",
        // It was sent a second after it happened, and a second before it arrived: the clock is a second behind.
        events: json!([[
            "ajs-next-1767323043000-8a1f",
            "track",
            "Product Viewed",
            "2026-01-02T03:04:04.000Z",
            { "sku": "milk-1", "price": 1.29 },
        ]]),
        identifiers: json!({
            "user_id": ["u-1"],
            "anonymous_id": ["2f1c5e0a-9a0b-4a77-8a45-0c1d2e3f4a5b"],
        }),
        attributes: json!({}),
    };
    let (answer, doors) = vector.check().await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "https://shop.example"
    );
    let timeline = doors.get("/api/v1/profiles/user_id:u-1/timeline").await;
    let context = timeline.good()["results"][0]["context"].clone();
    assert_eq!(context["ip"], "203.0.113.9");
    assert_eq!(
        context["userAgent"], "Mozilla/5.0",
        "what the SDK says stands"
    );
    assert!(!String::from_utf8_lossy(&timeline.body).contains(WRITE_KEY));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_sends_batches() {
    let body = br#"{"writeKey":"browser-key","batch":[{"timestamp":"2026-01-02T03:04:00.000Z","integrations":{},"type":"page","properties":{"path":"/","title":"Dairy"},"name":"Home","context":{},"messageId":"ajs-next-1-a","anonymousId":"a-1","userId":null},{"timestamp":"2026-01-02T03:04:01.000Z","integrations":{},"type":"identify","userId":"u-1","traits":{"firstName":"Ada"},"context":{},"messageId":"ajs-next-2-b","anonymousId":"a-1"}],"sentAt":"2026-01-02T03:04:05.000Z"}"#;
    let vector = Vector {
        path: "/v1/b",
        headers: &[BROWSER, ("content-type", "text/plain")],
        body: body.to_vec(),
        answer: r#"{"success":true}"#,
        person: "anonymous_id:a-1",
        events: json!([
            ["ajs-next-1-a", "page", "Home", "2026-01-02T03:04:00.000Z", { "path": "/", "title": "Dairy" }],
            ["ajs-next-2-b", "identify", null, "2026-01-02T03:04:01.000Z", {}],
        ]),
        identifiers: json!({ "user_id": ["u-1"], "anonymous_id": ["a-1"] }),
        attributes: json!({ "firstName": "Ada" }),
    };
    vector.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_s_figures_about_itself_are_welcome_and_not_kept() {
    let doors = Doors::open().await;
    let figures = r#"{"series":[{"type":"Counter","metric":"analytics_js.invoke","value":1,"tags":{"message":["track"]}}]}"#;
    let headers = [("content-type", "text/plain")];
    let answer = doors.track_with("/v1/m", &headers, figures).await;
    assert_eq!(answer.good(), json!({ "success": true }));
    assert_eq!(doors.rapport.last_request(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn node_sends_a_batch() {
    // Customer.io's fork sends the same bytes under another name.
    for agent in ["analytics-node-next/latest", "cdp-analytics-node/latest"] {
        let body = br#"{"batch":[{"userId":"u-1","traits":{"email":"ana@example.org","plan":"gold"},"type":"identify","messageId":"node-next-1767323040000-1","timestamp":"2026-01-02T03:04:00.000Z","integrations":{},"context":{"library":{"name":"@segment/analytics-node","version":"3.1.0"}},"_metadata":{"nodeVersion":"22.0.0","jsRuntime":"node"}},{"userId":"u-1","event":"Order Completed","properties":{"revenue":24.5,"currency":"EUR"},"type":"track","messageId":"node-next-1767323041000-2","timestamp":"2026-01-02T03:04:01.000Z","integrations":{},"context":{}}],"writeKey":"server-key","sentAt":"2026-01-02T03:04:05.000Z"}"#;
        let vector = Vector {
            path: "/v1/batch",
            headers: &[
                SERVER,
                ("content-type", "application/json"),
                ("user-agent", agent),
            ],
            body: body.to_vec(),
            answer: r#"{"success":true}"#,
            person: "email:ana@example.org",
            events: json!([
                ["node-next-1767323040000-1", "identify", null, "2026-01-02T03:04:00.000Z", {}],
                [
                    "node-next-1767323041000-2",
                    "track",
                    "Order Completed",
                    "2026-01-02T03:04:01.000Z",
                    { "revenue": 24.5, "currency": "EUR" },
                ],
            ]),
            identifiers: json!({ "user_id": ["u-1"], "email": ["ana@example.org"] }),
            attributes: json!({ "email": "ana@example.org", "plan": "gold" }),
        };
        vector.check().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn python_sends_a_compressed_batch() {
    let body = r#"{"batch": [{"integrations": {}, "anonymousId": null, "userId": "u-1", "properties": {"revenue": 24.5}, "timestamp": "2026-01-02T03:03:50.123456+00:00", "context": {"library": {"name": "analytics-python", "version": "2.4.0"}}, "type": "track", "event": "Order Completed", "messageId": "4d1e5f9a-0b3c-4d2e-8f6a-7b8c9d0e1f2a"}, {"integrations": {}, "anonymousId": null, "userId": "u-1", "groupId": "dairy", "traits": {"name": "Dairy"}, "timestamp": "2026-01-02T03:03:51+00:00", "context": {}, "type": "group", "messageId": "5d1e5f9a-0b3c-4d2e-8f6a-7b8c9d0e1f2a"}], "sentAt": "2026-01-02T03:04:05+00:00", "writeKey": "server-key"}"#;
    let vector = Vector {
        path: "/v1/batch",
        headers: &[
            SERVER,
            ("content-type", "application/json"),
            ("content-encoding", "gzip"),
            ("user-agent", "analytics-python/2.4.0"),
        ],
        body: gzip(body),
        answer: r#"{"success":true}"#,
        person: "user_id:u-1",
        events: json!([
            [
                "4d1e5f9a-0b3c-4d2e-8f6a-7b8c9d0e1f2a",
                "track",
                "Order Completed",
                "2026-01-02T03:03:50.123Z",
                { "revenue": 24.5 },
            ],
            ["5d1e5f9a-0b3c-4d2e-8f6a-7b8c9d0e1f2a", "group", null, "2026-01-02T03:03:51.000Z", {}],
        ]),
        identifiers: json!({ "user_id": ["u-1"] }),
        attributes: json!({}),
    };
    let (_, doors) = vector.check().await;
    let company = doors.get("/api/v1/companies/dairy").await.good();
    assert_eq!(company["attributes"], json!({ "name": "Dairy" }));
}
