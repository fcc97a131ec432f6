//! `/api/v1/sources/{id}/transformations`: put, tried, and taken away again.

use super::Doors;
use serde_json::json;

const ADDRESS: &str = "/api/v1/sources/1/transformations";
const EVENT: &str = r#"{"userId":"ana","event":"Milk Seen","messageId":"m-1","properties":{"sku":"7","price":1.50}}"#;

#[tokio::test(flavor = "multi_thread")]
async fn transformations_are_put_shown_and_taken_away() {
    let doors = Doors::open().await;
    assert_eq!(doors.get(ADDRESS).await.error(), (404, "not_found".into()));
    let body = json!({ "steps": [{ "drop": ["properties.sku"] }] }).to_string();
    let put = doors.put(ADDRESS, &body).await.good();
    let expected = json!({ "source": 1, "enabled": true, "version": 1,
        "steps": [{ "name": "drop_1", "drop": ["properties.sku"] }] });
    assert_eq!(put, expected);
    assert_eq!(doors.get(ADDRESS).await.good(), expected);
    doors.track("/v1/track", EVENT).await.good();
    doors.settle().await;
    let timeline = doors
        .get("/api/v1/profiles/user_id:ana/timeline")
        .await
        .good();
    assert_eq!(
        timeline["results"][0]["properties"],
        json!({ "price": 1.50 })
    );
    let body = json!({ "steps": put["steps"], "enabled": false }).to_string();
    assert_eq!(doors.put(ADDRESS, &body).await.good()["version"], 2);
    assert!(doors.delete(ADDRESS).await.status.is_success());
    assert_eq!(
        doors.delete(ADDRESS).await.error(),
        (404, "not_found".into())
    );
    assert_eq!(
        doors
            .put("/api/v1/sources/9/transformations", &body)
            .await
            .error()
            .0,
        404
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_are_tried_on_what_was_sent_and_change_nothing() {
    let doors = Doors::open().await;
    doors.track("/v1/track", EVENT).await.good();
    doors.settle().await;
    let steps = json!([{ "drop": ["properties.sku"] }, { "geo_": 1 }]);
    let attempt = format!("{ADDRESS}/try");
    let refused = doors
        .post(&attempt, &json!({ "steps": steps }).to_string())
        .await;
    assert_eq!(refused.error(), (400, "invalid_transformation".into()));
    let steps = json!([{ "drop": ["properties.sku"] },
        { "name": "cheap", "filter": { "drop": "properties.price < 2" }, "when": "type = \"track\"" }]);
    let tried = doors
        .post(&attempt, &json!({ "steps": steps }).to_string())
        .await
        .good();
    let result = &tried["results"][0];
    assert_eq!(
        result["before"]["properties"],
        json!({ "sku": "7", "price": 1.50 })
    );
    assert_eq!(
        (&result["outcome"], &result["after"]),
        (&json!("filtered"), &json!(null))
    );
    assert_eq!(result["reason"]["code"], "transform_cheap");
    assert_eq!(result["steps"][0]["result"], "changed");
    assert_eq!(
        result["steps"][0]["after"]["properties"],
        json!({ "price": 1.50 })
    );
    assert!(result["steps"][0]["microseconds"].is_number());
    let samples = json!({ "steps": steps, "samples": [{ "type": "page", "userId": "u" }, 7] });
    let tried = doors.post(&attempt, &samples.to_string()).await.good();
    assert_eq!(tried["results"][0]["outcome"], "accepted");
    assert_eq!(tried["results"][1]["outcome"], "invalid");
    assert_eq!(doors.get(ADDRESS).await.error(), (404, "not_found".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_that_cannot_be_done_are_refused_with_a_way_out() {
    let doors = Doors::open().await;
    for (step, said) in [
        (json!({ "drop": ["messageId"] }), "cannot be changed"),
        (json!({ "geo": {} }), "database of places"),
        (
            json!({ "script": "function transform(e) { return e }" }),
            "runs no scripts",
        ),
        (json!({ "mask": { "paths": ["a"], "by": "blur" } }), "blur"),
    ] {
        let body = json!({ "steps": [step] }).to_string();
        let answer = doors.put(ADDRESS, &body).await;
        assert_eq!(
            answer.error(),
            (400, "invalid_transformation".into()),
            "{step}"
        );
        assert!(
            answer.json()["error"]["message"].to_string().contains(said),
            "{step}"
        );
    }
    for body in ["{}", "[]", r#"{"steps":[],"on":true}"#, r#"{"steps":{}}"#] {
        assert_eq!(
            doors.put(ADDRESS, body).await.error(),
            (400, "invalid_body".into()),
            "{body}"
        );
    }
}
