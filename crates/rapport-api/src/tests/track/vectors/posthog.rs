//! PostHog's SDKs: posthog-python, posthog-node, posthog-js.

use super::super::gzip;
use super::Vector;
use base64::Engine as _;
use serde_json::json;

const VISITOR: &str = "0190d3e1-5c2b-7f00-8a4e-9b1c2d3e4f50";

#[tokio::test(flavor = "multi_thread")]
async fn python_sends_a_batch() {
    let body = br#"{"batch": [{"properties": {"price": 1.25, "$lib": "posthog-python", "$lib_version": "7.91.1"}, "timestamp": "2026-01-02T03:04:02+00:00", "distinct_id": "u-1", "event": "Order Completed", "uuid": "m-1"}, {"distinct_id": "u-1", "$set": {"email": "ana@example.org", "plan": "gold"}, "properties": {"$lib": "posthog-python"}, "timestamp": "2026-01-02T03:04:03+00:00", "event": "$set", "uuid": "m-2"}, {"event": "$groupidentify", "properties": {"$group_type": "company", "$group_key": "dairy", "$group_set": {"name": "Dairy"}}, "distinct_id": "u-1", "timestamp": "2026-01-02T03:04:04+00:00", "uuid": "m-3"}], "historical_migration": false, "sent_at": "2026-01-02T03:04:05+00:00", "api_key": "server-key"}"#;
    let vector = Vector {
        path: "/batch/",
        headers: &[
            ("content-type", "application/json"),
            ("user-agent", "posthog-python/7.91.1"),
        ],
        body: body.to_vec(),
        answer: r#"{"status":1}"#,
        person: "email:ana@example.org",
        events: json!([
            [
                "m-1",
                "track",
                "Order Completed",
                "2026-01-02T03:04:02.000Z",
                { "price": 1.25, "$lib": "posthog-python", "$lib_version": "7.91.1" },
            ],
            ["m-2", "identify", null, "2026-01-02T03:04:03.000Z", {}],
            ["m-3", "group", null, "2026-01-02T03:04:04.000Z", {}],
        ]),
        identifiers: json!({ "user_id": ["u-1"], "email": ["ana@example.org"] }),
        attributes: json!({ "email": "ana@example.org", "plan": "gold" }),
    };
    let (answer, doors) = vector.check().await;
    assert_eq!(answer.header("content-type"), "application/json");
    let company = doors.get("/api/v1/companies/dairy").await.good();
    assert_eq!(company["attributes"], json!({ "name": "Dairy" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn node_sends_a_compressed_batch() {
    let body = format!(
        r#"{{"api_key":"server-key","batch":[{{"distinct_id":"{VISITOR}","event":"Product Viewed","properties":{{"price":1.25,"$process_person_profile":false,"$lib":"posthog-node"}},"type":"capture","library":"posthog-node","library_version":"5.70.0","timestamp":"2026-01-02T03:04:02.000Z","uuid":"m-1"}},{{"distinct_id":"u-1","event":"$identify","properties":{{"$set":{{"firstName":"Ada"}},"$anon_distinct_id":"{VISITOR}","$lib":"posthog-node"}},"type":"capture","library":"posthog-node","timestamp":"2026-01-02T03:04:03.000Z","uuid":"m-2"}}],"sent_at":"2026-01-02T03:04:05.000Z"}}"#
    );
    let vector = Vector {
        path: "/batch/",
        headers: &[
            ("content-type", "application/json"),
            ("content-encoding", "gzip"),
            ("user-agent", "posthog-node/5.70.0"),
        ],
        body: gzip(&body),
        answer: r#"{"status":1}"#,
        person: "user_id:u-1",
        events: json!([
            [
                "m-1",
                "track",
                "Product Viewed",
                "2026-01-02T03:04:02.000Z",
                { "price": 1.25, "$process_person_profile": false, "$lib": "posthog-node" },
            ],
            ["m-2", "identify", null, "2026-01-02T03:04:03.000Z", {}],
        ]),
        identifiers: json!({ "user_id": ["u-1"], "anonymous_id": [VISITOR] }),
        attributes: json!({ "firstName": "Ada" }),
    };
    vector.check().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_sends_events_compressed_or_in_a_form() {
    let event = format!(
        r#"{{"uuid":"m-1","event":"$pageview","properties":{{"token":"browser-key","distinct_id":"{VISITOR}","$device_id":"{VISITOR}","$is_identified":false,"$current_url":"https://shop.example/milk","title":"Milk","$lib":"web"}},"offset":1500}}"#
    );
    let form = base64::engine::general_purpose::STANDARD.encode(&event);
    let form = format!("data={}", form.replace('+', "%2B"));
    for (path, content_type, body) in [
        (
            "/e/?ip=0&_=1767323045000&ver=1.449.2&compression=gzip-js",
            "text/plain",
            gzip(&event),
        ),
        (
            "/e/?ip=0&_=1767323045000&ver=1.449.2&compression=base64",
            "application/x-www-form-urlencoded",
            form.into_bytes(),
        ),
        (
            "/i/v0/e/?ip=0&_=1767323045000&ver=1.449.2",
            "text/plain",
            event.clone().into_bytes(),
        ),
    ] {
        let vector = Vector {
            path,
            headers: &[
                ("content-type", content_type),
                ("user-agent", "Mozilla/5.0"),
            ],
            body,
            answer: r#"{"status":1}"#,
            person: &format!("anonymous_id:{VISITOR}"),
            // It happened so long before it was sent.
            events: json!([[
                "m-1",
                "page",
                "Milk",
                "2026-01-02T03:04:03.500Z",
                {
                    "$current_url": "https://shop.example/milk",
                    "$device_id": VISITOR,
                    "$is_identified": false,
                    "$lib": "web",
                    "distinct_id": VISITOR,
                    "title": "Milk",
                },
            ]]),
            identifiers: json!({ "anonymous_id": [VISITOR] }),
            attributes: json!({}),
        };
        vector.check().await;
    }
}
