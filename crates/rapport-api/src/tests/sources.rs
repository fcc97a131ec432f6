//! `/api/v1/sources/{id}`: how it goes with a source, and what it really sent.

use super::{Doors, SERVER_KEY, WRITE_KEY};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_source_tells_how_its_events_ended_and_names_the_newest_that_did_not() {
    let doors = Doors::open().await;
    let good =
        json!({ "userId": "ana", "event": "Order Completed", "messageId": "m-1" }).to_string();
    for _ in 0..2 {
        doors.track("/v1/track", good.clone()).await.good();
    }
    for _ in 0..5 {
        doors
            .track("/v1/track", json!({ "userId": "ana" }).to_string())
            .await
            .good();
    }
    assert_eq!(doors.track("/v1/track", "{").await.status.as_u16(), 400);
    doors.settle().await;
    let source = doors.get("/api/v1/sources/1").await.good();
    assert_eq!(source["name"], "Shop");
    assert_eq!(source["received"], 7);
    assert_eq!(
        source["refused"],
        json!({ "count": 1, "codes": { "invalid_json": 1 } })
    );
    let outcomes = &source["outcomes"];
    assert_eq!(outcomes["accepted"], json!({ "count": 1 }));
    assert_eq!(outcomes["duplicate"]["count"], 1);
    let invalid = &outcomes["invalid"];
    assert_eq!(invalid["count"], 5);
    let reasons = invalid["reasons"].as_object().expect("reasons");
    let because = reasons.values().next().expect("a reason");
    assert_eq!(because["count"], 5);
    let newest = because["newest"].as_array().expect("ids");
    assert_eq!(newest.len(), 3);
    let rejected = doors.get("/api/v1/rejected?limit=1").await.good();
    assert_eq!(rejected["results"][0]["id"], newest[0]);
    assert!(
        source["last_received_at"]
            .as_str()
            .is_some_and(|at| at.ends_with('Z'))
    );
    assert_eq!(source["lag_requests"], 0);
    let other = doors
        .post("/api/v1/sources", "{\"name\":\"Other\"}")
        .await
        .good();
    let other = doors
        .get(&format!("/api/v1/sources/{}", other["id"]))
        .await
        .good();
    assert_eq!(
        (&other["received"], &other["last_received_at"]),
        (&json!(0), &json!(null))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn samples_are_the_newest_requests_as_they_came_without_their_keys() {
    let doors = Doors::open().await;
    for number in 0..5 {
        let body = json!({ "writeKey": WRITE_KEY, "userId": format!("u{number}"), "event": "Seen",
            "context": { "library": { "name": "odd-sdk" } } });
        let answer = doors
            .track_with("/v1/track", &[("user-agent", "odd/1")], body.to_string())
            .await;
        answer.good();
    }
    doors
        .track_with(
            "/v1/t",
            &[("x-write-key", SERVER_KEY)],
            "{\"userId\":\"u5\"}",
        )
        .await
        .good();
    doors.settle().await;
    let all = doors.get("/api/v1/sources/1/samples").await.good();
    let all = all["results"].as_array().expect("samples").clone();
    assert_eq!(all.len(), 6);
    assert_eq!(all[0]["body"], json!({ "userId": "u5" }));
    assert_eq!(
        (&all[0]["key"], &all[0]["events"][0]["outcome"]),
        (&json!("server"), &json!("invalid"))
    );
    assert!(all[0]["events"][0]["reason"]["message"].is_string());
    assert_eq!(all[1]["body"]["userId"], "u4");
    assert_eq!(all[1]["body"]["writeKey"], "not shown");
    assert_eq!(
        (&all[1]["user_agent"], &all[1]["ip"]),
        (&json!("odd/1"), &json!("203.0.113.9"))
    );
    assert_eq!(
        (&all[1]["dialect"], &all[1]["call"]),
        (&json!("segment"), &json!({ "one": "track" }))
    );
    let two = doors.get("/api/v1/sources/1/samples?limit=2").await.good();
    assert_eq!(two["results"].as_array().map(Vec::len), Some(2));
    assert_eq!(doors.get("/api/v1/sources/9/samples").await.error().0, 404);
}
