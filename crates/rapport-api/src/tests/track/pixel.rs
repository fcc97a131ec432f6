//! Calls as images.

use crate::tests::{Doors, WRITE_KEY};
use base64::Engine as _;

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_an_event_in_each_dialect_that_has_one() {
    let doors = Doors::open().await;
    let mut sent = 0;
    for prefix in ["/v1/pixel", "/pixel/v1", "/api/px"] {
        sent += 1;
        let dotted = format!(
            "{prefix}/track?writeKey={WRITE_KEY}&userId=u&event=Mail%20Opened&messageId=d-{sent}&properties.campaign.id=7"
        );
        let event = format!(
            r#"{{"writeKey":"{WRITE_KEY}","userId":"u","event":"Mail Opened","messageId":"b-{sent}"}}"#
        );
        let data = base64::engine::general_purpose::URL_SAFE.encode(event);
        for path in [dotted, format!("{prefix}/track/?data={data}")] {
            let answer = doors.fetch(&path, &[]).await;
            assert_eq!(
                (answer.status.as_u16(), answer.header("content-type")),
                (200, "image/gif")
            );
            assert!(answer.body.starts_with(b"GIF89a"));
            assert!(answer.header("cache-control").contains("no-store"));
        }
    }
    assert_eq!(doors.outcome("accepted", "").await, 6);
    let timeline = doors
        .get("/api/v1/profiles/user_id:u/timeline")
        .await
        .good();
    let events = timeline["results"].as_array().expect("events");
    assert!(
        events
            .iter()
            .any(|event| event["properties"]["campaign"]["id"] == "7")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_is_the_same_image_and_counted() {
    let doors = Doors::open().await;
    for (query, code) in [
        ("", "unknown_key"),
        ("writeKey=other&userId=u&event=E", "unknown_key"),
        ("data=!!!", "invalid_json"),
    ] {
        let before = doors.outcome("refused", code).await;
        let answer = doors.fetch(&format!("/v1/pixel/track?{query}"), &[]).await;
        assert_eq!(answer.status.as_u16(), 200, "{query}");
        assert!(answer.body.starts_with(b"GIF89a"));
        assert_eq!(doors.outcome("refused", code).await, before + 1, "{query}");
    }
    assert_eq!(doors.rapport.last_request(), 0);
}
