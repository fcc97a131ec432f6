//! `/api/v1/...`: the shapes that scripts rely on.

use super::Doors;
use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};

/// Ana: two events and a company; then a stranger on another device.
async fn with_people() -> Doors {
    let doors = Doors::open().await;
    let batch = json!({ "batch": [
        { "type": "identify", "userId": "ana", "anonymousId": "anon-1", "messageId": "m-1",
          "traits": { "email": "ana+news@example.org", "plan": "gold", "score": 1.50 },
          "timestamp": "2025-01-01T10:00:00Z" },
        { "type": "track", "userId": "ana", "messageId": "m-2", "event": "Order Completed",
          "properties": { "revenue": 9.90 }, "timestamp": "2025-01-02T10:00:00Z" },
        { "type": "track", "userId": "ana", "messageId": "m-3", "event": "Product Viewed",
          "timestamp": "2025-01-03T10:00:00Z" },
        { "type": "group", "userId": "ana", "messageId": "m-4", "groupId": "dairy/1",
          "traits": { "name": "Dairy" }, "timestamp": "2025-01-04T10:00:00Z" },
        { "type": "page", "anonymousId": "anon-2", "messageId": "m-5" },
    ]});
    let answer = doors.track("/v1/batch", batch.to_string()).await;
    assert_eq!(answer.status.as_u16(), 200);
    doors.settle().await;
    doors
}

fn results(list: &Value) -> &Vec<Value> {
    list["results"]
        .as_array()
        .unwrap_or_else(|| panic!("no list: {list}"))
}

/// Every result of a list, read page by page.
async fn every(doors: &Doors, path: &str, limit: usize) -> Vec<Value> {
    let mark = if path.contains('?') { '&' } else { '?' };
    let mut next = format!("{path}{mark}limit={limit}");
    let mut all = Vec::new();
    loop {
        let list = doors.get(&next).await.good();
        assert!(results(&list).len() <= limit);
        all.extend(results(&list).iter().cloned());
        let Some(after) = list["paging"]["next"]["after"].as_str() else {
            assert!(list["paging"].get("next").is_none());
            return all;
        };
        next = format!("{path}{mark}limit={limit}&after={after}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_shown_without_a_token() {
    let doors = with_people().await;
    for token in [
        "",
        "Bearer",
        "Bearer other",
        "Basic YXBpLXRva2Vu",
        "Bearer server-key",
    ] {
        for path in [
            "/api/v1/profiles/user_id:ana",
            "/api/v1/segments",
            "/api/v1/outcomes",
        ] {
            let request = Request::get(path)
                .header("authorization", token)
                .body(Body::empty());
            let answer = doors.send(request.expect("a request")).await;
            assert_eq!(
                answer.error(),
                (401, "unauthorized".into()),
                "{token} {path}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_addresses_and_methods_are_errors_of_the_same_shape() {
    let doors = Doors::open().await;
    for path in [
        "/api/v1/nothing",
        "/api/v2/profiles",
        "/api/v1/profiles/a/b/c",
    ] {
        assert_eq!(
            doors.get(path).await.error(),
            (404, "unknown_route".into()),
            "{path}"
        );
    }
    let wrong = doors.delete("/api/v1/outcomes").await;
    assert_eq!(wrong.error(), (405, "method_not_allowed".into()));
    assert_eq!(doors.get("/v1/track").await.error().0, 405);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_profile_is_found_by_each_of_its_names() {
    let doors = with_people().await;
    let ana = doors.get("/api/v1/profiles/user_id:ana").await.good();
    assert_eq!(ana["attributes"]["plan"], "gold");
    assert_eq!(ana["traits"], json!({}));
    assert_eq!(ana["identifiers"]["user_id"], json!(["ana"]));
    assert_eq!(ana["identifiers"]["anonymous_id"], json!(["anon-1"]));
    assert_eq!(ana["segments"], json!([]));
    assert_eq!(ana["first_seen"], "2025-01-01T10:00:00.000Z");
    assert_eq!(ana["last_seen"], "2025-01-04T10:00:00.000Z");
    let id = ana["id"].as_str().expect("an id");
    for name in [
        id,
        "email:ana+news@example.org",
        "email:ana%2Bnews%40example.org",
        "anonymous_id:anon-1",
    ] {
        assert_eq!(
            doors.get(&format!("/api/v1/profiles/{name}")).await.good(),
            ana,
            "{name}"
        );
    }
    let raw = doors.get("/api/v1/profiles/user_id:ana").await.body;
    assert!(
        String::from_utf8_lossy(&raw).contains("\"score\":1.5"),
        "numbers as they came"
    );
    for name in ["user_id:nobody", "prf_999", "loyalty:7"] {
        let answer = doors.get(&format!("/api/v1/profiles/{name}")).await;
        assert_eq!(answer.error(), (404, "not_found".into()), "{name}");
    }
    for name in ["ana", "USER:ana", "user_id:", "prf_-1", "%00", "%FF"] {
        assert_eq!(
            doors
                .get(&format!("/api/v1/profiles/{name}"))
                .await
                .error()
                .0,
            400,
            "{name}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_identifier_names_its_cause_and_its_source() {
    let doors = with_people().await;
    let path = "/api/v1/profiles/user_id:ana/identifiers";
    let all = every(&doors, path, 1).await;
    let named: Vec<_> = all
        .iter()
        .map(|one| one["kind"].as_str().expect("a kind"))
        .collect();
    let mut sorted = named.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, ["anonymous_id", "email", "user_id"]);
    assert!(
        all.iter()
            .all(|one| one["cause"] == "1.0" && one["source"] == 1),
        "{all:?}"
    );
    assert!(all.iter().all(|one| one["trust"] == "confirmed"), "{all:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timeline_is_newest_first_and_can_be_filtered_and_paged() {
    let doors = with_people().await;
    let path = "/api/v1/profiles/user_id:ana/timeline";
    let all = every(&doors, path, 2).await;
    let ids: Vec<_> = all
        .iter()
        .map(|entry| entry["message_id"].as_str().expect("an id"))
        .collect();
    assert_eq!(ids, ["m-4", "m-3", "m-2", "m-1"]);
    assert_eq!(all[2]["type"], "track");
    assert_eq!(all[2]["event"], "Order Completed");
    assert_eq!(all[2]["timestamp"], "2025-01-02T10:00:00.000Z");
    assert_eq!(all[2]["properties"], json!({ "revenue": 9.90 }));
    let one = every(&doors, &format!("{path}?event=Order%20Completed"), 10).await;
    assert_eq!(one.len(), 1);
    let two = every(
        &doors,
        &format!("{path}?event=Order+Completed&event=Product+Viewed"),
        1,
    )
    .await;
    assert_eq!(two.len(), 2);
    assert_eq!(
        every(&doors, &format!("{path}?type=group"), 10).await.len(),
        1
    );
    for query in [
        "limit=0",
        "limit=1001",
        "limit=x",
        "after=x",
        "type=dance",
        "after=1_2+3",
    ] {
        let answer = doors.get(&format!("{path}?{query}")).await;
        assert_eq!(answer.error(), (400, "invalid_query".into()), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_is_listed_explained_and_undone() {
    let doors = with_people().await;
    let body = r#"{"left":"user_id:ana","right":"anonymous_id:anon-2"}"#;
    let merged = doors.post("/api/v1/profiles/merge", body).await.good();
    let id = merged["id"].as_str().expect("an id");
    let list = doors
        .get("/api/v1/profiles/anonymous_id:anon-2/merges")
        .await
        .good();
    assert_eq!(results(&list)[0]["id"], id);
    assert_eq!(results(&list)[0]["type"], "merged");
    assert_eq!(results(&list)[0]["cause"], json!({ "member": "tests" }));
    assert_eq!(
        doors.get(&format!("/api/v1/merges/{id}")).await.good()["survivor"],
        merged["profile_id"]
    );

    let undone = doors
        .post(&format!("/api/v1/merges/{id}/undo"), "")
        .await
        .good();
    assert_eq!(
        undone["profiles"].as_array().map(Vec::len),
        Some(2),
        "{undone}"
    );
    let ana = doors.get("/api/v1/profiles/user_id:ana").await.good();
    let other = doors
        .get("/api/v1/profiles/anonymous_id:anon-2")
        .await
        .good();
    assert_ne!(ana["id"], other["id"]);
    assert_eq!(
        doors
            .post("/api/v1/merges/mrg_999/undo", "")
            .await
            .error()
            .0,
        404
    );
    assert_eq!(doors.post("/api/v1/merges/7/undo", "").await.error().0, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_segment_is_put_in_either_spelling_and_says_who_is_in_it() {
    let doors = with_people().await;
    let put = doors.put(
        "/api/v1/segments/buyers",
        r#"{"name":"Buyers","rule":"did \"Order Completed\""}"#,
    );
    let put = put.await.good();
    assert_eq!(
        (&put["key"], &put["name"]),
        (&json!("buyers"), &json!("Buyers"))
    );
    let mut shown = doors.get("/api/v1/segments/buyers").await.good();
    while shown["state"] == "building" {
        tokio::task::yield_now().await;
        shown = doors.get("/api/v1/segments/buyers").await.good();
    }
    assert_eq!(
        (&shown["state"], &shown["size"]),
        (&json!("live"), &json!(1)),
        "{shown}"
    );
    let members = doors.get("/api/v1/segments/buyers/members").await.good();
    let ana = doors.get("/api/v1/profiles/user_id:ana").await.good();
    assert_eq!(ana["segments"], json!(["buyers"]));
    assert_eq!(results(&members)[0]["profile_id"], ana["id"]);
    assert_eq!(results(&members)[0]["identifiers"], ana["identifiers"]);
    assert!(results(&members)[0]["entered_at"].is_string());

    let tree = json!({ "rule": shown["tree"] }).to_string();
    let again = doors.put("/api/v1/segments/buyers", &tree).await.good();
    assert_eq!(
        (&again["rule"], &again["version"]),
        (&shown["rule"], &shown["version"])
    );
    assert_eq!(again["name"], "Buyers", "a name left out stays");

    let path = "/api/v1/segments/buyers/explain?profile=";
    let explained = doors
        .get(&format!("{path}email:ana+news@example.org"))
        .await
        .good();
    assert_eq!(explained["member"], true, "{explained}");
    assert_eq!(
        doors
            .get(&format!("{path}anonymous_id:anon-2"))
            .await
            .good()["member"],
        false
    );
    assert_eq!(
        doors.get(&format!("{path}user_id:nobody")).await.error().0,
        404
    );
    assert_eq!(
        doors.get("/api/v1/segments/buyers/explain").await.error().0,
        400
    );

    assert_eq!(every(&doors, "/api/v1/segments", 1).await.len(), 1);
    assert_eq!(
        doors
            .delete("/api/v1/segments/buyers")
            .await
            .status
            .as_u16(),
        204
    );
    assert_eq!(
        doors.get("/api/v1/segments/buyers").await.error(),
        (404, "not_found".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_is_kept_up_to_a_limit_says_so() {
    let doors = Doors::open().await;
    let rule = r#"{"rule":"did \"Order Completed\" with sum of revenue >= 100 within 30 days"}"#;
    let shown = doors.put("/api/v1/segments/big", rule).await.good();
    let note = shown["notes"][0].as_str().unwrap_or_default();
    assert!(
        note.contains("at most 1000 events of a person are kept"),
        "{shown}"
    );
    let plain = r#"{"rule":"did \"Order Completed\" within 30 days"}"#;
    let shown = doors.put("/api/v1/segments/plain", plain).await.good();
    assert!(shown.get("notes").is_none(), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn days_begin_where_the_workspace_says() {
    let doors = Doors::open().await;
    let zone = |answer: Value| answer["time_zone"].as_str().unwrap_or_default().to_owned();
    assert_eq!(zone(doors.get("/api/v1/time_zone").await.good()), "UTC");
    let rule = r#"{"rule":"did \"Order Completed\" today"}"#;
    doors.put("/api/v1/segments/today", rule).await.good();
    let berlin = r#"{"time_zone":"Europe/Berlin"}"#;
    doors.put("/api/v1/time_zone", berlin).await.good();
    assert_eq!(
        zone(doors.get("/api/v1/time_zone").await.good()),
        "Europe/Berlin"
    );
    let shown = doors.get("/api/v1/segments/today").await.good();
    assert_eq!(shown["version"], 2, "{shown}");
    let nowhere = doors
        .put("/api/v1/time_zone", r#"{"time_zone":"Middle/Earth"}"#)
        .await;
    assert_eq!(nowhere.error(), (400, "invalid".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_rule_is_refused_and_its_place_is_named() {
    let doors = Doors::open().await;
    let answer = doors
        .put(
            "/api/v1/segments/a",
            r#"{"rule":"did \"A\" witihn 7 days"}"#,
        )
        .await;
    assert_eq!(answer.error(), (400, "invalid_rule".into()));
    assert_eq!(
        answer.json()["error"]["at"]["column"],
        9,
        "{}",
        answer.json()
    );
    for (path, body, code) in [
        ("/api/v1/segments/a", r#"{"rule":""}"#, "invalid_rule"),
        (
            "/api/v1/segments/a",
            r#"{"rule":{"dance":1}}"#,
            "invalid_rule",
        ),
        ("/api/v1/segments/a", r#"{"rule":7}"#, "invalid_rule"),
        ("/api/v1/segments/a", r#"{}"#, "invalid_body"),
        ("/api/v1/segments/a", r#"{"rule":"\ud800"}"#, "invalid_body"),
        ("/api/v1/segments/a", "", "invalid_body"),
        (
            "/api/v1/segments/a",
            r#"{"rule":"did \"A\"","colour":1}"#,
            "invalid_body",
        ),
    ] {
        let answer = doors.put(path, body).await;
        assert_eq!(answer.error(), (400, code.into()), "{body}");
    }
    for (key, rule) in [("A!", r#"did \"A\""#), ("a", r#"in segment \"a\""#)] {
        let path = format!("/api/v1/segments/{key}");
        let answer = doors.put(&path, &format!("{{\"rule\":\"{rule}\"}}")).await;
        assert_eq!(answer.error().0, 400, "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_events_are_kept_and_can_be_sent_again() {
    let doors = Doors::open().await;
    let raw = r#"{"type":"track","userId":"u","messageId":"m"}"#;
    doors
        .track("/v1/batch", format!("{{\"batch\":[{raw},7]}}"))
        .await;
    doors.settle().await;
    let all = every(&doors, "/api/v1/rejected", 1).await;
    assert_eq!(all.len(), 2);
    assert_eq!(all[1]["raw"], raw);
    assert_eq!(all[1]["outcome"], "invalid");
    assert_eq!(all[1]["reason"]["code"], "missing_event_name");
    let id = all[1]["id"].as_str().expect("an id");
    let mended = raw.replace("\"userId\"", "\"event\":\"E\",\"userId\"");
    let sent = doors
        .post(&format!("/api/v1/rejected/{id}/redrive"), &mended)
        .await;
    assert_eq!(sent.status.as_u16(), 202);
    assert_eq!(doors.outcome("accepted", "").await, 1);
    let path = format!("/api/v1/rejected/{id}/redrive");
    assert_eq!(
        doors.post(&path, "{},{}").await.error(),
        (400, "invalid_body".into())
    );
    assert_eq!(
        doors
            .post("/api/v1/rejected/99.0/redrive", "")
            .await
            .error()
            .0,
        404
    );
    assert_eq!(
        doors.post("/api/v1/rejected/x/redrive", "").await.error().0,
        400
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_gets_keys_that_are_shown_once() {
    let doors = Doors::open().await;
    let made = doors.post("/api/v1/sources", r#"{"name":"App"}"#).await;
    assert_eq!(made.status.as_u16(), 201);
    let id = made.json()["id"].as_u64().expect("a number");
    let key = doors
        .post(
            &format!("/api/v1/sources/{id}/keys"),
            r#"{"kind":"server"}"#,
        )
        .await
        .good();
    let secret = key["key"].as_str().expect("a key");
    let sent = doors
        .track_with("/v1/p", &[("x-write-key", secret)], r#"{"userId":"u"}"#)
        .await;
    assert_eq!(sent.status.as_u16(), 200);
    assert_eq!(doors.outcome("accepted", "").await, 1);
    let list = doors.get("/api/v1/sources").await;
    assert!(!String::from_utf8_lossy(&list.body).contains(secret));
    assert_eq!(every(&doors, "/api/v1/sources", 1).await.len(), 2);
    let counts = doors
        .get(&format!("/api/v1/outcomes?source={id}"))
        .await
        .good();
    assert_eq!(counts["accepted"], 1);
    assert_eq!(
        doors.get("/api/v1/outcomes?source=1").await.good()["accepted"],
        0
    );
    assert_eq!(doors.get("/api/v1/outcomes?source=9").await.error().0, 404);
    let renamed = doors
        .put(&format!("/api/v1/sources/{id}"), r#"{"name":"Phone"}"#)
        .await
        .good();
    assert_eq!(renamed["name"], "Phone");

    let token = doors
        .post("/api/v1/tokens", r#"{"name":"ci"}"#)
        .await
        .good();
    let bearer = format!("Bearer {}", token["token"].as_str().expect("a token"));
    let request = Request::get("/api/v1/sources").header("authorization", bearer);
    assert_eq!(
        doors
            .send(request.body(Body::empty()).expect("a request"))
            .await
            .status
            .as_u16(),
        200
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_destination_s_secret_is_shown_once_and_kept_by_a_change() {
    let doors = Doors::open().await;
    let path = "/api/v1/destinations/crm";
    let made = doors
        .put(path, r#"{"url":"https://crm.example/hook"}"#)
        .await
        .good();
    let secret = made["secret"].as_str().expect("a secret").to_owned();
    let changed = doors
        .put(
            path,
            r#"{"url":"https://crm.example/2","shape":"identify"}"#,
        )
        .await
        .good();
    assert_eq!(
        (&changed["secret"], &changed["secret_hint"]),
        (&Value::Null, &made["secret_hint"])
    );
    let shown = doors.get(path).await;
    assert!(!String::from_utf8_lossy(&shown.body).contains(&secret));
    assert_eq!(shown.good()["shape"], "identify");
    assert_eq!(every(&doors, "/api/v1/destinations", 1).await.len(), 1);
    let bad = doors.put(path, r#"{"url":"file:///etc/passwd"}"#).await;
    assert_eq!(bad.error(), (400, "invalid_destination".into()));
    assert_eq!(doors.delete(path).await.status.as_u16(), 204);
    assert_eq!(doors.delete(path).await.error().0, 404);
    assert_eq!(
        results(&doors.get("/api/v1/dead-letters").await.good()).len(),
        0
    );
    assert_eq!(
        doors
            .post("/api/v1/dead-letters/msg_1/redrive", "")
            .await
            .error()
            .0,
        404
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_identity_policy_is_read_checked_and_replaced() {
    let doors = Doors::open().await;
    let policy = doors.get("/api/v1/identity/policy").await.good();
    let put = doors
        .put("/api/v1/identity/policy", &policy.to_string())
        .await
        .good();
    assert_eq!(put, policy);
    let bad = doors
        .put("/api/v1/identity/policy", r#"{"kinds":{"E-Mail":{}}}"#)
        .await;
    assert_eq!(bad.error(), (400, "invalid_policy".into()));
    assert_eq!(
        doors.put("/api/v1/identity/policy", "[").await.error(),
        (400, "invalid_body".into())
    );
    assert_eq!(
        results(&doors.get("/api/v1/identity/shared").await.good()).len(),
        0
    );
    let release = doors
        .post("/api/v1/identity/shared/anonymous_id:kiosk/release", "")
        .await;
    assert_eq!(release.error().0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_company_is_found_by_the_id_of_its_group_calls() {
    let doors = with_people().await;
    let company = doors.get("/api/v1/companies/dairy%2F1").await.good();
    assert_eq!(company["attributes"], json!({ "name": "Dairy" }));
    assert_eq!(doors.get("/api/v1/companies/other").await.error().0, 404);
    let ana = doors.get("/api/v1/profiles/user_id:ana").await.good();
    assert_eq!(ana["companies"], json!(["dairy/1"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_bodies_are_errors_of_the_same_shape() {
    let doors = Doors::open().await;
    let large = format!("{{\"name\":\"{}\"}}", "x".repeat(1 << 20));
    let large = doors.call(Method::POST, "/api/v1/sources", large).await;
    assert_eq!(large.error(), (413, "body_too_large".into()));
    for body in [
        "",
        "{",
        "[]",
        "null",
        "{\"name\":7}",
        "{\"name\":\"\\ud800\"}",
        "{\"nom\":\"x\"}",
    ] {
        let answer = doors.post("/api/v1/sources", body).await;
        assert_eq!(answer.error(), (400, "invalid_body".into()), "{body}");
    }
    let binary = doors
        .call(Method::POST, "/api/v1/sources", vec![0xff, 0xfe])
        .await;
    assert_eq!(binary.error(), (400, "invalid_body".into()));
    let keyed = doors
        .post("/api/v1/sources/1/keys", r#"{"kind":"master"}"#)
        .await;
    assert_eq!(keyed.error(), (400, "invalid_body".into()));
}
