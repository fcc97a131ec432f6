//! `/api/v1/sources/{id}/plan` and its violations.

use super::Doors;
use serde_json::{Value, json};

const ADDRESS: &str = "/api/v1/sources/1/plan";

fn shop(action: &str) -> Value {
    json!({
        "name": "Shop", "on_violation": action, "on_unplanned": "flag",
        "events": { "Order Completed": {
            "required": ["order_id"], "properties": { "revenue": { "type": "number" } },
        } },
    })
}

async fn order(doors: &Doors, id: &str, properties: Value) {
    let event = json!({ "userId": "ana", "event": "Order Completed", "messageId": id, "properties": properties });
    doors.track("/v1/track", event.to_string()).await.good();
    doors.settle().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_put_shown_changed_and_taken_away() {
    let doors = Doors::open().await;
    assert_eq!(doors.get(ADDRESS).await.error(), (404, "not_found".into()));
    let put = doors.put(ADDRESS, &shop("flag").to_string()).await.good();
    assert_eq!(
        (&put["version"], &put["on_violation"], &put["violations"]),
        (&json!(1), &json!("flag"), &json!([]))
    );
    assert_eq!(doors.get(ADDRESS).await.good(), put);
    let put = doors.put(ADDRESS, &shop("omit").to_string()).await.good();
    assert_eq!(put["version"], 2);
    assert!(doors.delete(ADDRESS).await.status.is_success());
    for gone in [doors.delete(ADDRESS).await, doors.get(ADDRESS).await] {
        assert_eq!(gone.error(), (404, "not_found".into()));
    }
    let nowhere = doors.put("/api/v1/sources/9/plan", "{}").await;
    assert_eq!(nowhere.error().0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn violations_are_counted_listed_page_by_page_and_told() {
    let doors = Doors::open().await;
    doors.put(ADDRESS, &shop("omit").to_string()).await.good();
    order(&doors, "m1", json!({ "order_id": "o1", "revenue": 7 })).await;
    order(
        &doors,
        "m2",
        json!({ "order_id": "o2", "revenue": "seven" }),
    )
    .await;
    order(&doors, "m3", json!({ "revenue": 7 })).await;
    let waved = json!({ "userId": "ana", "event": "Waved", "messageId": "m4" }).to_string();
    doors.track("/v1/track", waved).await.good();
    doors.settle().await;
    let shown = doors.get(ADDRESS).await.good();
    let count = |event: &str, field: &str, kind: &str| {
        let counts = shown["violations"].as_array().expect("a list").iter();
        let mut own = counts.filter(|one| {
            (&one["event"], &one["field"], &one["type"])
                == (&json!(event), &json!(field), &json!(kind))
        });
        own.next().expect("it is counted")["count"].clone()
    };
    assert_eq!(count("Order Completed", "revenue", "type"), 1);
    assert_eq!(count("Order Completed", "order_id", "required"), 1);
    assert_eq!(count("Waved", "", "unplanned_event"), 1);

    let first = doors
        .get(&format!("{ADDRESS}/violations?limit=2"))
        .await
        .good();
    let ids = |page: &Value| -> Vec<String> {
        let all = page["results"].as_array().expect("a list").iter();
        all.map(|one| one["message_id"].as_str().expect("an id").to_owned())
            .collect()
    };
    assert_eq!(ids(&first), ["m4", "m3"]);
    let after = first["paging"]["next"]["after"]
        .as_str()
        .expect("a next page");
    let next = format!("{ADDRESS}/violations?limit=2&after={after}");
    let last = doors.get(&next).await.good();
    assert_eq!(ids(&last), ["m2"]);
    assert_eq!(last["paging"], json!({}));
    let one = &last["results"][0];
    assert_eq!(
        (&one["taken"], &one["plan_version"]),
        (&json!(true), &json!(1))
    );
    assert_eq!(one["violations"][0]["field"], "revenue");
    assert!(!last.to_string().contains("seven"), "the value is not told");

    while !doors.rapport.is_idle() {
        tokio::task::yield_now().await;
    }
    let told = "/api/v1/profiles/user_id:ana/timeline?event=Violation%20Generated";
    let told = doors.get(told).await.good();
    assert_eq!(told["results"].as_array().map(Vec::len), Some(3), "{told}");
    let sources = doors.get("/api/v1/sources").await.good();
    let telling = sources["results"].as_array().expect("a list").iter();
    let telling: Vec<&Value> = telling
        .filter(|source| source["name"] == "Tracking plan violations")
        .collect();
    assert_eq!(telling.len(), 1);
    let own = format!("/api/v1/sources/{}/plan", telling[0]["id"]);
    let refused = doors.put(&own, &shop("flag").to_string()).await;
    assert_eq!(refused.error(), (409, "conflict".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_no_plan_and_no_policy() {
    let doors = Doors::open().await;
    for address in [ADDRESS, "/api/v1/identity/policy"] {
        for body in ["[]", " [\"name\", 1]"] {
            let answer = doors.put(address, body).await;
            assert_eq!(answer.error(), (400, "invalid_body".into()), "{address}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_is_none_is_refused_with_the_place() {
    let doors = Doors::open().await;
    for (schema, part) in [
        (json!({ "type": "strange" }), "strange"),
        (json!({ "pattern": "(" }), "regex"),
        (
            json!({ "$ref": "https://schemas.example.org/order.json" }),
            "begins with `#/`",
        ),
        (json!({ "$ref": "#" }), "leads back to itself"),
        (
            json!({ "enum": (0..6_000).collect::<Vec<_>>() }),
            "5000 values",
        ),
    ] {
        let body = json!({ "events": { "Order Completed": schema } }).to_string();
        let answer = doors.put(ADDRESS, &body).await;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(answer.error(), (400, "invalid_plan".into()), "{text}");
        assert!(
            text.contains("Order Completed") && text.contains(part),
            "{text}"
        );
    }
    for body in [r#"{"event": {}}"#, r#"{"on_unplanned": "omit"}"#, "null"] {
        assert_eq!(doors.put(ADDRESS, body).await.error().0, 400, "{body}");
    }
    assert_eq!(doors.get(ADDRESS).await.error().0, 404, "nothing was kept");
}
