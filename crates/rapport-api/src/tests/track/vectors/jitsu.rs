//! Jitsu's SDK: @jitsu/js in browsers and on servers.

use super::Vector;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_sends_one_event_an_address() {
    let body = br#"{"type":"track","event":"Product Viewed","properties":{"price":1.25},"userId":null,"anonymousId":"a-1","writeKey":"browser-key:***","context":{"ip":"198.51.100.1","userAgent":"forged/1","library":{"name":"@jitsu/js","version":"0.0.0","env":"browser"},"page":{"url":"https://shop.example/milk"},"clientIds":{},"campaign":{}},"timestamp":"2026-01-02T03:04:02.000Z","sentAt":"2026-01-02T03:04:05.000Z","messageId":"2cbqh4gk0z8fmvxw0d7a1"}"#;
    let vector = Vector {
        path: "/api/s/track",
        headers: &[
            ("x-write-key", "browser-key:secret"),
            ("content-type", "application/json"),
            ("origin", "https://shop.example"),
            ("user-agent", "Mozilla/5.0"),
        ],
        body: body.to_vec(),
        answer: r#"{"ok":true}"#,
        person: "anonymous_id:a-1",
        events: json!([[
            "2cbqh4gk0z8fmvxw0d7a1",
            "track",
            "Product Viewed",
            "2026-01-02T03:04:02.000Z",
            { "price": 1.25 },
        ]]),
        identifiers: json!({ "anonymous_id": ["a-1"] }),
        attributes: json!({}),
    };
    let (answer, doors) = vector.check().await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "https://shop.example"
    );
    let timeline = doors
        .get("/api/v1/profiles/anonymous_id:a-1/timeline")
        .await;
    let context = timeline.good()["results"][0]["context"].clone();
    let socket = (&context["ip"], &context["userAgent"]);
    assert_eq!(
        socket,
        (&json!("203.0.113.9"), &json!("Mozilla/5.0")),
        "a browser's address and agent are its socket's"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_sends_with_its_secret() {
    let body = br#"{"type":"identify","userId":"u-1","traits":{"email":"ana@example.org","plan":"gold"},"anonymousId":"a-1","writeKey":"server-key:***","context":{"library":{"name":"@jitsu/js","env":"node"}},"timestamp":"2026-01-02T03:04:02.000Z","sentAt":"2026-01-02T03:04:05.000Z","messageId":"m-1"}"#;
    let vector = Vector {
        path: "/api/s/s2s/identify",
        headers: &[
            ("x-write-key", "server-key:secret"),
            ("content-type", "application/json"),
        ],
        body: body.to_vec(),
        answer: r#"{"ok":true}"#,
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
