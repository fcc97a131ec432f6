//! `/api/v1/segments/...`: previews, overlaps, sizes and changes; and `/api/v1/lists`.

use super::Doors;
use axum::http::Method;
use serde_json::{Value, json};

async fn shop() -> Doors {
    let doors = Doors::open().await;
    let people = (0..30).map(|user| {
        json!({ "type": "identify", "userId": format!("u{user}"), "messageId": format!("i{user}"),
                "traits": { "email": format!("u{user}@example.com"), "plan": if user % 3 == 0 { "gold" } else { "free" } } })
    });
    let orders = (0..10).map(|user| {
        json!({ "type": "track", "userId": format!("u{user}"), "messageId": format!("o{user}"),
                "event": "Order Completed", "properties": { "revenue": user } })
    });
    let batch: Vec<Value> = people.chain(orders).collect();
    let sent = doors
        .track("/v1/batch", json!({ "batch": batch }).to_string())
        .await;
    assert_eq!(sent.status.as_u16(), 200);
    doors.settle().await;
    segment(&doors, "gold", r#"attribute plan = "gold""#).await;
    segment(&doors, "buyers", r#"did "Order Completed""#).await;
    doors
}

async fn segment(doors: &Doors, key: &str, rule: &str) {
    let body = json!({ "rule": rule }).to_string();
    doors
        .put(&format!("/api/v1/segments/{key}"), &body)
        .await
        .good();
    live(doors, key).await;
}

async fn live(doors: &Doors, key: &str) {
    while doors.get(&format!("/api/v1/segments/{key}")).await.good()["state"] != "live" {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_says_how_many_and_what_it_looked_at() {
    let doors = shop().await;
    let rule = r#"in segment "gold" and did "Order Completed" where revenue >= 3"#;
    let asked = json!({ "rule": rule, "members": 2, "budget_ms": 20_000 }).to_string();
    let seen = doors.post("/api/v1/segments/preview", &asked).await.good();
    assert_eq!(seen["size"], 3, "{seen}");
    assert_eq!(seen["exact"], true);
    assert_eq!(seen["between"], json!([3, 3]));
    assert_eq!(seen["looked_at"]["numbers"], 30);
    assert_eq!(seen["looked_at"]["history_of"], 30);
    assert_eq!(seen["members"].as_array().map(Vec::len), Some(2));
    let name = seen["members"][0]["identifiers"]["user_id"][0].as_str();
    assert!(matches!(name, Some("u3" | "u6" | "u9")), "{name:?}");
    let notes = seen["notes"].to_string();
    assert!(notes.contains("no segment keeps"), "{notes}");
    // The tree it answers asks the same.
    let tree = json!({ "rule": seen["tree"], "sample": 10, "budget_ms": 20_000 }).to_string();
    let sampled = doors.post("/api/v1/segments/preview", &tree).await.good();
    assert_eq!(sampled["exact"], false);
    assert_eq!(sampled["confidence"], 0.95);
    assert_eq!(sampled["looked_at"]["numbers"], 10);
    let between: Vec<u64> = serde_json::from_value(sampled["between"].clone()).expect("two");
    assert!(between[0] <= 3 && 3 <= between[1], "{between:?}");
    // Nothing was saved.
    assert_eq!(
        doors.get("/api/v1/segments/preview").await.error(),
        (404, "not_found".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_of_what_is_no_rule_says_where() {
    let doors = shop().await;
    for (body, code) in [
        (r#"{"rule": "did Order"}"#, "invalid_rule"),
        (r#"{"rule": "in segment \"none\""}"#, "invalid_segment"),
        (r#"{"rule": {"did": 1}}"#, "invalid_rule"),
        (r#"{"rule": "did \"x\"", "sample": 0}"#, "invalid_body"),
        (
            r#"{"rule": "did \"x\"", "sample": 1000000}"#,
            "invalid_body",
        ),
        (
            r#"{"rule": "did \"x\"", "budget_ms": 600000}"#,
            "invalid_body",
        ),
        (r#"{"rule": "did \"x\"", "other": 1}"#, "invalid_body"),
        ("{}", "invalid_body"),
    ] {
        let (status, said) = doors.post("/api/v1/segments/preview", body).await.error();
        assert_eq!((status, said.as_str()), (400, code), "{body}");
    }
    let (status, code) = doors.post("/api/v1/segments/gold", "{}").await.error();
    assert_eq!((status, code.as_str()), (405, "method_not_allowed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_segments_are_laid_over_each_other() {
    let doors = shop().await;
    let seen = doors
        .get("/api/v1/segments/gold/overlap?with=buyers")
        .await
        .good();
    let expected = json!({ "segment": "gold", "with": "buyers", "size": 10, "with_size": 10,
                           "both": 4, "only": 6, "only_with": 6, "either": 16 });
    assert_eq!(seen, expected);
    let refused = doors.get("/api/v1/segments/gold/overlap").await.error();
    assert_eq!(refused, (400, "invalid_query".into()));
    let missing = doors
        .get("/api/v1/segments/gold/overlap?with=none")
        .await
        .error();
    assert_eq!(missing.0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_is_shown_over_time_with_who_came_and_went() {
    let doors = shop().await;
    let event = json!({ "type": "identify", "userId": "u1", "traits": { "plan": "gold" }, "messageId": "g1" });
    doors
        .track("/v1/batch", json!({ "batch": [event] }).to_string())
        .await;
    doors.settle().await;
    for every in ["hour", "day"] {
        let seen = doors
            .get(&format!(
                "/api/v1/segments/gold/sizes?every={every}&limit=1000"
            ))
            .await
            .good();
        let points = seen["results"].as_array().expect("points");
        let last = points.last().expect("a point");
        assert_eq!(last["size"], 11, "{last}");
        assert_eq!(points[0]["size"], 0);
        let entered: u64 = points
            .iter()
            .filter_map(|point| point["entered"].as_u64())
            .sum();
        assert_eq!(entered, 11);
    }
    let seen = doors
        .get("/api/v1/segments/gold/changes?limit=1000")
        .await
        .good();
    let changes = seen["results"].as_array().expect("changes");
    assert_eq!(changes.len(), 11);
    let last = changes.last().expect("a change");
    assert_eq!(
        (&last["change"], &last["why"]),
        (&json!("entered"), &json!("event"))
    );
    assert_eq!(last["identifiers"]["user_id"][0], "u1");
    let first = doors
        .get("/api/v1/segments/gold/changes?limit=4")
        .await
        .good();
    let after = first["paging"]["next"]["after"]
        .as_str()
        .expect("a next page");
    let rest = doors
        .get(&format!(
            "/api/v1/segments/gold/changes?limit=1000&after={after}"
        ))
        .await
        .good();
    assert_eq!(rest["results"].as_array().map(Vec::len), Some(7));
    let left = doors
        .get("/api/v1/segments/gold/changes?change=left")
        .await
        .good();
    assert_eq!(left["results"], json!([]));
    for query in [
        "from=yesterday",
        "change=both",
        "from=2026-01-02&to=2026-01-01",
        "after=%20",
    ] {
        let refused = doors
            .get(&format!("/api/v1/segments/gold/changes?{query}"))
            .await
            .error();
        assert_eq!(refused, (400, "invalid_query".into()), "{query}");
    }
    for query in ["every=week", "to=x"] {
        let refused = doors
            .get(&format!("/api/v1/segments/gold/sizes?{query}"))
            .await
            .error();
        assert_eq!(refused, (400, "invalid_query".into()), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_made_filled_and_used_in_rules() {
    let doors = shop().await;
    let made = doors
        .post("/api/v1/lists", r#"{"key": "vip", "name": "Our best"}"#)
        .await;
    assert_eq!(made.status.as_u16(), 201);
    live(&doors, "vip").await;
    let members = json!({ "members": ["email:U1@example.com", "user_id:u2", "prf_4", "user_id:u2",
                                      "email:who@example.com", "nonsense"] });
    let report = doors
        .post("/api/v1/lists/vip/members", &members.to_string())
        .await
        .good();
    assert_eq!(report["changed"], 3, "{report}");
    assert_eq!(
        (
            &report["already"],
            &report["not_found"],
            &report["rejected"]
        ),
        (&json!(1), &json!(1), &json!(1))
    );
    assert_eq!(report["problems"][0]["row"], 5);
    assert_eq!(report["problems"][0]["reason"], "not_found");
    assert_eq!(report["problems"][1]["reason"], "unreadable");
    let shown = doors.get("/api/v1/lists/vip").await.good();
    assert_eq!(
        shown,
        json!({ "key": "vip", "name": "Our best", "state": "live", "size": 3 })
    );
    segment(
        &doors,
        "best",
        r#"in segment "vip" and did "Order Completed""#,
    )
    .await;
    assert_eq!(doors.get("/api/v1/segments/best").await.good()["size"], 3);
    let report = doors
        .post("/api/v1/lists/vip/remove", r#"{"members": ["user_id:u2"]}"#)
        .await
        .good();
    assert_eq!(report["changed"], 1);
    assert_eq!(doors.get("/api/v1/segments/best").await.good()["size"], 2);
    let refused = doors
        .put("/api/v1/segments/vip", r#"{"rule": "did \"x\""}"#)
        .await
        .error();
    assert_eq!(refused, (409, "conflict".into()));
    let refused = doors
        .post("/api/v1/lists", r#"{"key": "vip"}"#)
        .await
        .error();
    assert_eq!(refused, (409, "conflict".into()));
    let refused = doors
        .post("/api/v1/lists", r#"{"key": "Not A Key"}"#)
        .await
        .error();
    assert_eq!(refused.0, 400);
    let missing = doors
        .post("/api/v1/lists/gold/members", r#"{"members": []}"#)
        .await
        .error();
    assert_eq!(missing, (404, "not_found".into()));
    let lists = doors.get("/api/v1/lists").await.good();
    assert_eq!(lists["results"].as_array().map(Vec::len), Some(1));
    let used = doors.delete("/api/v1/lists/vip").await.error();
    assert_eq!(used, (409, "conflict".into()));
    assert_eq!(
        doors.delete("/api/v1/segments/best").await.status.as_u16(),
        204
    );
    assert_eq!(doors.delete("/api/v1/lists/vip").await.status.as_u16(), 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_puts_people_on_a_list_and_says_whom_it_did_not_find() {
    let doors = shop().await;
    doors
        .post("/api/v1/lists", r#"{"key": "fair"}"#)
        .await
        .good();
    live(&doors, "fair").await;
    let file = "name,E-Mail\n\"One, A\",u1@example.com\nTwo, U2@EXAMPLE.COM \nNobody,who@example.com\nNone,\nOdd,not an e-mail\n";
    let path = "/api/v1/lists/fair/csv?column=E-Mail&kind=email";
    for changed in [2, 0] {
        let report = doors.call(Method::POST, path, file).await.good();
        assert_eq!(report["rows"], 5);
        assert_eq!(report["changed"], changed, "{report}");
        assert_eq!(
            (&report["not_found"], &report["rejected"]),
            (&json!(1), &json!(2))
        );
        assert_eq!(report["problems"][0]["row"], 4);
        assert_eq!(report["problems"][0]["value"], "who@example.com");
    }
    let report = doors
        .call(Method::POST, &format!("{path}&action=remove"), file)
        .await
        .good();
    assert_eq!(report["changed"], 2);
    for (query, code) in [
        ("column=Phone&kind=phone", "invalid_file"),
        ("column=E-Mail", "invalid_query"),
        ("kind=email", "invalid_query"),
        ("column=E-Mail&kind=email&action=both", "invalid_query"),
    ] {
        let path = format!("/api/v1/lists/fair/csv?{query}");
        let (status, said) = doors.call(Method::POST, &path, file).await.error();
        assert_eq!((status, said.as_str()), (400, code), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_is_frozen_into_a_list() {
    let doors = shop().await;
    let frozen = doors
        .post("/api/v1/segments/gold/freeze", r#"{"list": "gold-today"}"#)
        .await;
    assert_eq!(frozen.status.as_u16(), 202);
    loop {
        let list = doors.get("/api/v1/lists/gold-today").await.good();
        if list["state"] == "live" && list["size"] == 10 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let refused = doors
        .post("/api/v1/segments/none/freeze", r#"{"list": "x"}"#)
        .await
        .error();
    assert_eq!(refused.0, 404);
    let refused = doors
        .post("/api/v1/segments/gold/freeze", r#"{"list": "buyers"}"#)
        .await
        .error();
    assert_eq!(refused, (409, "conflict".into()));
}

async fn completed(doors: &Doors, text: &str) -> (Vec<String>, Value) {
    let asked = json!({ "text": text }).to_string();
    let answer = doors.post("/api/v1/segments/complete", &asked).await.good();
    let suggestions = answer["suggestions"].as_array().expect("suggestions");
    let texts = suggestions.iter().filter_map(|one| one["text"].as_str());
    (texts.map(str::to_owned).collect(), answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_is_completed_from_the_language_and_from_what_is_seen() {
    let doors = shop().await;
    for (text, first) in [
        ("", "attribute"),
        ("did ", "\"Order Completed\""),
        ("did \"ord", "\"Order Completed\""),
        ("did \"Order Completed\" where ", "revenue"),
        ("did \"Order Completed\" at l", "least"),
        ("attribute ", "email"),
        ("attribute plan = ", "\"free\""),
        ("attribute plan = \"go", "\"gold\""),
        ("in segment \"g", "\"gold\""),
        ("in segment \"gold\" an", "and"),
        ("did \"Order Completed\" within 7 d", "day"),
    ] {
        let (texts, answer) = completed(&doors, text).await;
        assert_eq!(
            texts.first().map(String::as_str),
            Some(first),
            "{text}: {answer}"
        );
    }
    let (texts, answer) = completed(&doors, "did \"Order Completed\" within ").await;
    assert!(texts.is_empty(), "{texts:?}");
    assert_eq!(answer["expects"], json!(["number"]));
    let (_, answer) = completed(&doors, "did \"Order Completed\" ").await;
    assert_eq!(
        (&answer["whole"], &answer["from"]),
        (&json!(true), &json!(22))
    );
    let (texts, answer) = completed(&doors, "did Order and ").await;
    assert!(texts.is_empty());
    assert_eq!(answer["error"]["at"]["offset"], 4, "{answer}");
    let refused = doors
        .post("/api/v1/segments/complete", r#"{"text": 1}"#)
        .await
        .error();
    assert_eq!(refused, (400, "invalid_body".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_explanation_names_the_events_that_count() {
    let doors = shop().await;
    segment(&doors, "spent", r#"did "Order Completed" where revenue >= 3 within 7 days and attribute plan = "gold" and in segment "buyers""#).await;
    let why = doors
        .get("/api/v1/segments/spent/explain?profile=user_id:u3")
        .await
        .good();
    assert_eq!(why["member"], true, "{why}");
    let parts = why["rule"]["parts"].as_array().expect("parts");
    let event = &parts[0]["events"][0];
    assert_eq!(event["message_id"], "o3");
    assert_eq!(
        (&event["type"], &event["name"]),
        (&json!("track"), &json!("Order Completed"))
    );
    assert_eq!(event["properties"], json!({ "revenue": 3 }));
    assert!(
        event["at"].is_string() && parts[0]["flips_at"].is_string(),
        "{why}"
    );
    assert_eq!(parts[1]["value"], "gold");
    assert!(parts[1]["since"].is_string(), "{why}");
    assert!(parts[2]["entered_at"].is_string(), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_could_keep_any_number_of_events_says_so_when_it_is_made() {
    let doors = shop().await;
    for (rule, says) in [
        (r#"did "Order Completed" with sum of revenue >= 100"#, true),
        (r#"sequence "Order Completed" then "Order Completed""#, true),
        (
            r#"did "Order Completed" between 2 days and 9 days ago"#,
            true,
        ),
        (
            r#"did "Order Completed" at least 3 times within 7 days"#,
            false,
        ),
        (r#"attribute plan = "gold""#, false),
    ] {
        let body = json!({ "rule": rule }).to_string();
        for _ in 0..2 {
            let put = doors.put("/api/v1/segments/noted", &body).await.good();
            let notes = put["notes"].to_string();
            assert_eq!(
                notes.contains("at most 1000 events"),
                says,
                "{rule}: {notes}"
            );
            let shown = doors.get("/api/v1/segments/noted").await.good();
            assert_eq!(shown["notes"], put["notes"]);
        }
    }
}
