//! RudderStack's SDKs: analytics-js single and by beacon, rudder-sdk-node, rudder-sdk-python.

use super::super::gzip;
use super::Vector;
use serde_json::json;

const BROWSER: (&str, &str) = ("authorization", "Basic YnJvd3Nlci1rZXk6");
const SERVER: (&str, &str) = ("authorization", "Basic c2VydmVyLWtleTo=");

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_sends_one_event_a_request_under_headers_of_its_own() {
    let body = br#"{"properties":{"price":1.25},"event":"Product Viewed","userId":"","anonymousId":"a-1","channel":"web","context":{"traits":{},"sessionId":1767323040000,"sessionStart":true,"app":{"name":"RudderLabs JavaScript SDK","version":"3.34.1","namespace":"com.rudderlabs.javascript","installType":"npm"},"library":{"name":"RudderLabs JavaScript SDK","version":"3.34.1"},"userAgent":"Mozilla/5.0","locale":"sv","screen":{"width":800,"height":600}},"originalTimestamp":"2026-01-02T03:04:02.000Z","messageId":"7d0c6c5e-1b2a-4c3d-9e8f-0a1b2c3d4e5f","type":"track","integrations":{"All":true},"sentAt":"2026-01-02T03:04:05.000Z"}"#;
    let vector = Vector {
        path: "/v1/track",
        headers: &[
            BROWSER,
            ("content-type", "application/json;charset=UTF-8"),
            ("anonymousid", "YS0x"),
            ("sentat", "2026-01-02T03:04:05.000Z"),
            ("origin", "https://shop.example"),
        ],
        body: body.to_vec(),
        answer: "ok",
        person: "anonymous_id:a-1",
        events: json!([[
            "7d0c6c5e-1b2a-4c3d-9e8f-0a1b2c3d4e5f",
            "track",
            "Product Viewed",
            "2026-01-02T03:04:02.000Z",
            { "price": 1.25 },
        ]]),
        identifiers: json!({ "anonymous_id": ["a-1"] }),
        attributes: json!({}),
    };
    let (answer, _) = vector.check().await;
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "https://shop.example"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_sends_a_beacon_from_ten_minutes_ahead() {
    let body = br#"{"batch":[{"type":"identify","userId":"u-1","anonymousId":"a-1","channel":"web","context":{"traits":{"firstName":"Ada"}},"originalTimestamp":"2026-01-02T03:04:02.000Z","messageId":"m-1","integrations":{"All":true}},{"type":"track","event":"Order Completed","userId":"u-1","anonymousId":"a-1","channel":"web","context":{"traits":{"firstName":"Ada"}},"properties":{"revenue":9.99},"originalTimestamp":"2026-01-02T03:04:03.000Z","messageId":"m-2","integrations":{"All":true}}],"sentAt":"2026-01-02T03:14:05.000Z"}"#;
    let vector = Vector {
        path: "/beacon/v1/batch?writeKey=browser-key",
        headers: &[("content-type", "text/plain;charset=UTF-8")],
        body: body.to_vec(),
        answer: "ok",
        person: "user_id:u-1",
        events: json!([
            ["m-1", "identify", null, "2026-01-02T03:04:02.000Z", {}],
            ["m-2", "track", "Order Completed", "2026-01-02T03:04:03.000Z", { "revenue": 9.99 }],
        ]),
        identifiers: json!({ "user_id": ["u-1"], "anonymous_id": ["a-1"] }),
        attributes: json!({ "firstName": "Ada" }),
    };
    vector.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn node_sends_gzip_and_calls_it_a_form() {
    let body = r#"{"batch":[{"userId":"u-1","event":"Order Completed","properties":{"revenue":9.99},"type":"track","channel":"server","context":{"library":{"name":"analytics-node","version":"3.0.13"}},"originalTimestamp":"2026-01-02T03:04:02.000Z","messageId":"m-1","_metadata":{"nodeVersion":"22.0.0"},"sentAt":"2026-01-02T03:04:05.000Z"}],"sentAt":"2026-01-02T03:04:05.000Z"}"#;
    let vector = Vector {
        path: "/v1/batch",
        headers: &[
            SERVER,
            ("content-type", "application/x-www-form-urlencoded"),
            ("content-encoding", "gzip"),
            ("user-agent", "analytics-node/3.0.13"),
        ],
        body: gzip(body),
        answer: "ok",
        person: "user_id:u-1",
        events: json!([[
            "m-1",
            "track",
            "Order Completed",
            "2026-01-02T03:04:02.000Z",
            { "revenue": 9.99 },
        ]]),
        identifiers: json!({ "user_id": ["u-1"] }),
        attributes: json!({}),
    };
    vector.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn python_keeps_traits_in_the_context() {
    let body = r#"{"batch": [{"context": {"traits": {"email": "ana@example.org", "plan": "gold"}, "library": {"name": "rudder-analytics-python", "version": "2.1.9"}}, "integrations": {"All": true}, "anonymousId": "a-1", "userId": "u-1", "type": "identify", "channel": "server", "originalTimestamp": "2026-01-02T03:04:02+00:00", "messageId": "m-1", "sentAt": "2026-01-02T03:04:05+00:00"}], "sentAt": "2026-01-02T03:04:05+00:00"}"#;
    let vector = Vector {
        path: "/v1/batch",
        headers: &[
            SERVER,
            ("content-type", "application/json"),
            ("content-encoding", "gzip"),
            ("user-agent", "analytics-python/2.1.9"),
        ],
        body: gzip(body),
        answer: "ok",
        person: "email:ana@example.org",
        events: json!([["m-1", "identify", null, "2026-01-02T03:04:02.000Z", {}]]),
        identifiers: json!({
            "user_id": ["u-1"],
            "email": ["ana@example.org"],
            "anonymous_id": ["a-1"],
        }),
        attributes: json!({ "email": "ana@example.org", "plan": "gold" }),
    };
    vector.check().await;
}
