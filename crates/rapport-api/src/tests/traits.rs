//! Computed traits over the API.

use super::{Doors, TOKEN};
use axum::body::Body;
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

async fn with_ana() -> Doors {
    let doors = Doors::open().await;
    let order = |id: &str, revenue: Value| {
        json!({ "type": "track", "userId": "ana", "messageId": id, "event": "Order Completed",
            "properties": { "revenue": revenue }, "timestamp": "2025-01-02T10:00:00Z" })
    };
    let batch = json!({ "batch": [
        { "type": "identify", "userId": "ana", "messageId": "m-1",
          "traits": { "orders": "many", "plan": "gold" } },
        order("m-2", json!(9.90)),
        order("m-3", json!(10)),
        { "type": "track", "userId": "ana", "messageId": "m-4", "event": "Order Refunded",
          "properties": { "total": 4.5 } },
    ]});
    let answer = doors.track("/v1/batch", batch.to_string()).await;
    assert_eq!(answer.status.as_u16(), 200);
    doors.settle().await;
    doors
}

async fn built(doors: &Doors) {
    while doors.rapport.registry().building().next().is_some() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trait_is_put_in_either_spelling_and_shown_on_the_profile() {
    let doors = with_ana().await;
    let path = "/api/v1/traits/orders";
    let spelled = r#"{"name":"Orders","trait":"count  of \"Order Completed\" ever"}"#;
    let put = doors.put(path, spelled).await.good();
    assert_eq!(put["trait"], r#"count of "Order Completed""#, "{put}");
    assert!(
        put["notes"][0]
            .as_str()
            .is_some_and(|note| note.contains("1000 events"))
    );
    built(&doors).await;
    let shown = doors.get(path).await.good();
    assert_eq!(
        (&shown["state"], &shown["version"]),
        (&json!("live"), &json!(1))
    );
    let tree = json!({ "trait": shown["tree"] }).to_string();
    let again = doors.put(path, &tree).await.good();
    assert_eq!(
        (&again["version"], &again["name"]),
        (&json!(1), &json!("Orders"))
    );
    let ana = doors.get("/api/v1/profiles/user_id:ana").await.good();
    assert_eq!(ana["traits"], json!({ "orders": 2 }));
    assert_eq!(
        ana["attributes"]["orders"], "many",
        "an attribute is another thing"
    );
    let all = doors.get("/api/v1/traits").await.good();
    assert_eq!(all["results"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_asks_for_a_trait_and_explains_it_and_the_trait_stays_meanwhile() {
    let doors = with_ana().await;
    let unknown = doors.put("/api/v1/segments/often", r#"{"rule":"trait ordrs >= 2"}"#);
    assert_eq!(unknown.await.error().0, 400);
    let spelled = r#"{"trait":"count of \"Order Completed\""}"#;
    doors.put("/api/v1/traits/orders", spelled).await.good();
    let unknown = doors
        .put("/api/v1/segments/often", r#"{"rule":"trait ordrs >= 2"}"#)
        .await;
    assert!(
        unknown
            .json()
            .to_string()
            .contains("did you mean `orders`?")
    );
    let put = doors.put("/api/v1/segments/often", r#"{"rule":"trait orders >= 2"}"#);
    let put = put.await.good();
    let note = put["notes"][0].as_str().unwrap_or_default();
    assert!(
        note.starts_with(r#"of `did "Order Completed"` at most 1000"#),
        "{put}"
    );
    built(&doors).await;
    let explained = doors
        .get("/api/v1/segments/often/explain?profile=user_id:ana")
        .await
        .good();
    assert_eq!(explained["member"], true, "{explained}");
    assert_eq!(explained["rule"]["kind"], "trait");
    assert_eq!(explained["rule"]["value"], 2);
    assert_eq!(explained["rule"]["counted"], 2);
    let kept = doors.delete("/api/v1/traits/orders").await.error();
    assert_eq!(kept, (409, "conflict".into()));
    assert_eq!(
        doors.delete("/api/v1/segments/often").await.status.as_u16(),
        204
    );
    assert_eq!(
        doors.delete("/api/v1/traits/orders").await.status.as_u16(),
        204
    );
    assert_eq!(doors.get("/api/v1/traits/orders").await.error().0, 404);
    assert_eq!(doors.delete("/api/v1/traits/orders").await.error().0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_trait_is_refused_at_its_place() {
    let doors = Doors::open().await;
    for (key, body, code) in [
        ("a", r#"{"trait":"cuont of \"A\""}"#, "invalid_rule"),
        (
            "a",
            r#"{"trait":{"function":"sum","did":"A"}}"#,
            "invalid_rule",
        ),
        ("a", r#"{"trait":7}"#, "invalid_rule"),
        ("a", r#"{"rule":"x"}"#, "invalid_body"),
        ("A%20B", r#"{"trait":"count of \"A\""}"#, "invalid_rule"),
    ] {
        let answer = doors.put(&format!("/api/v1/traits/{key}"), body).await;
        assert_eq!(answer.error(), (400, code.into()), "{key} {body}");
    }
    let answer = doors
        .put("/api/v1/traits/a", r#"{"trait":"cuont of \"A\""}"#)
        .await;
    assert!(answer.json().to_string().contains("did you mean `count`?"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_ready_trait_installs_and_one_of_your_own_stays() {
    let doors = with_ana().await;
    let library = doors.get("/api/v1/traits/library").await.good();
    let ready = library["results"].as_array().expect("a list").clone();
    assert!(ready.len() >= 10);
    for one in &ready {
        assert_eq!(one["installed"], false, "{one}");
        let path = format!("/api/v1/traits/library/{}", one["key"].as_str().unwrap());
        let shown = doors.post(&path, "").await.good();
        assert_eq!(
            (&shown["trait"], &shown["name"]),
            (&one["trait"], &one["name"])
        );
        doors.post(&path, "").await.good();
    }
    built(&doors).await;
    let traits = doors.get("/api/v1/profiles/user_id:ana").await.good()["traits"].clone();
    assert_eq!(traits["orders"], 2, "{traits}");
    assert_eq!(traits["revenue"], 15.4);
    assert_eq!(traits["average_order_value"], 9.95);
    assert_eq!(traits["last_order_at"], "2025-01-02T10:00:00.000Z");
    assert!(
        traits.get("favourite_category").is_none(),
        "of nothing there is none"
    );
    let own = r#"{"trait":"count of \"A\""}"#;
    doors.put("/api/v1/traits/orders", own).await.good();
    let refused = doors
        .post("/api/v1/traits/library/orders", "")
        .await
        .error();
    assert_eq!(refused, (409, "conflict".into()));
    assert_eq!(
        doors.post("/api/v1/traits/library/no", "").await.error().0,
        404
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_profile_api_shows_computed_traits_by_class() {
    let doors = with_ana().await;
    let spelled = r#"{"trait":"count of \"Order Completed\""}"#;
    doors.put("/api/v1/traits/orders", spelled).await.good();
    built(&doors).await;
    let ask = async |query: &str| {
        let users = "/v1/spaces/default/collections/users/profiles";
        let path = format!("{users}/user_id:ana/traits?{query}");
        let user = format!("Basic {}", STANDARD.encode(format!("{TOKEN}:")));
        let request = Request::get(path).header("authorization", user);
        let request = request.body(Body::empty()).expect("a request");
        doors.send(request).await.good()["traits"].clone()
    };
    assert_eq!(ask("class=computed_trait").await, json!({ "orders": 2 }));
    assert_eq!(
        ask("include=orders,plan").await,
        json!({ "orders": 2, "plan": "gold" })
    );
    assert_eq!(ask("class=audience").await, json!({}));
    let told = ask("class=computed_trait&verbose=true").await;
    assert_eq!(told["orders"]["source_id"], "trt_1");
}
