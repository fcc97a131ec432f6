//! `/api/v1/members`, `/teams`, `/roles`, `/shares`, `/tokens`: the shapes scripts rely on, and who
//! may give what.

use super::signed::{Browser, audit, member, own_contacts, signed_in, token, with_token};
use super::{Doors, TOKEN};
use axum::http::Method;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn members_are_made_changed_listed_and_deactivated() {
    let doors = Doors::open().await;
    let none = doors.get("/api/v1/members").await.good();
    assert_eq!(none["results"], json!([]), "no account comes with Rapport");
    doors
        .post("/api/v1/teams", r#"{"name":"Sales"}"#)
        .await
        .good();
    let body =
        json!({ "email": "Ana@Example.org", "first_name": "Ana", "role": "viewer", "teams": [1] });
    let made = doors.post("/api/v1/members", &body.to_string()).await;
    assert_eq!(made.status.as_u16(), 201);
    let ana = made.good();
    assert_eq!(
        (&ana["email"], &ana["has_password"]),
        (&json!("ana@example.org"), &json!(false))
    );
    let twin = doors.post("/api/v1/members", &body.to_string()).await;
    assert_eq!(twin.error(), (409, "conflict".into()));
    let changed = doors
        .put("/api/v1/members/1", r#"{"last_name":"Lee","teams":[]}"#)
        .await
        .good();
    assert_eq!(
        (&changed["first_name"], &changed["last_name"]),
        (&json!("Ana"), &json!("Lee"))
    );
    let found = doors
        .get("/api/v1/members?email=ANA@example.org")
        .await
        .good();
    assert_eq!(found["results"].as_array().map(Vec::len), Some(1));
    let found = doors
        .get("/api/v1/members?email=%27%20OR%201=1")
        .await
        .good();
    assert_eq!(found["results"], json!([]));
    for (body, code) in [
        (json!({ "email": "x", "role": "viewer" }), "invalid_member"),
        (json!({ "email": "x@y.z", "role": "none" }), "not_found"),
        (
            json!({ "email": "x@y.z", "role": "viewer", "teams": [9] }),
            "not_found",
        ),
        (
            json!({ "email": "x@y.z", "role": "viewer", "teams": [1, 1] }),
            "invalid_member",
        ),
        (
            json!({ "email": "x@y.z", "role": "viewer", "password": "short" }),
            "weak_password",
        ),
        (
            json!({ "email": "x@y.z", "role": "viewer", "id": 7 }),
            "invalid_body",
        ),
    ] {
        let answer = doors.post("/api/v1/members", &body.to_string()).await;
        assert_eq!(answer.error().1, code, "{body}");
    }
    assert_eq!(doors.put("/api/v1/members/1", "{}").await.error().0, 400);
    for _ in 0..2 {
        assert_eq!(
            doors.delete("/api/v1/members/1").await.status.as_u16(),
            204,
            "twice"
        );
    }
    assert_eq!(doors.get("/api/v1/members/1").await.good()["active"], false);
    let set = doors.put(
        "/api/v1/members/1/password",
        r#"{"password":"correct horse battery"}"#,
    );
    assert_eq!(set.await.error(), (409, "conflict".into()));
    let back = doors
        .put("/api/v1/members/1", r#"{"active":true}"#)
        .await
        .good();
    assert_eq!(
        (&back["active"], &back["has_password"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(doors.get("/api/v1/members/9").await.error().0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn teams_are_inside_of_each_other() {
    let doors = Doors::open().await;
    doors
        .post("/api/v1/teams", r#"{"name":"Sales"}"#)
        .await
        .good();
    let north = doors
        .post("/api/v1/teams", r#"{"name":"North","parent":1}"#)
        .await
        .good();
    assert_eq!(
        north,
        json!({ "id": 2, "name": "North", "parent": 1, "path": "/1/2/" })
    );
    let circle = doors.put("/api/v1/teams/1", r#"{"parent":2}"#).await;
    assert_eq!(circle.error(), (409, "conflict".into()));
    assert_eq!(
        doors.delete("/api/v1/teams/1").await.error(),
        (409, "conflict".into())
    );
    let out = doors
        .put("/api/v1/teams/2", r#"{"parent":null}"#)
        .await
        .good();
    assert_eq!(
        (&out["path"], &out["name"]),
        (&json!("/2/"), &json!("North"))
    );
    assert_eq!(doors.delete("/api/v1/teams/1").await.status.as_u16(), 204);
    assert_eq!(doors.delete("/api/v1/teams/1").await.error().0, 404);
    let next = doors
        .post("/api/v1/teams", r#"{"name":"South"}"#)
        .await
        .good();
    assert_eq!(next["id"], 3, "a number is never given twice");
    assert_eq!(
        doors
            .post("/api/v1/teams", r#"{"name":" "}"#)
            .await
            .error()
            .0,
        400
    );
    let list = doors.get("/api/v1/teams?limit=1").await.good();
    assert_eq!(list["paging"]["next"]["after"], "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_are_told_as_they_were_put_and_what_comes_with_rapport_stays() {
    let doors = Doors::open().await;
    let put = doors
        .put("/api/v1/roles/sales", &own_contacts().to_string())
        .await
        .good();
    assert_eq!(put["objects"]["contacts"]["levels"]["view"], "own");
    assert_eq!(doors.get("/api/v1/roles/sales").await.good(), put);
    let keys = doors.get("/api/v1/roles").await.good();
    let keys: Vec<&Value> = keys["results"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|r| &r["key"])
        .collect();
    assert_eq!(keys, ["admin", "sales", "viewer"]);
    for (key, body) in [
        ("Sales", json!({})),
        ("x", json!({ "scopes": ["everything"] })),
        ("x", json!({ "objects": { "dragons": {} } })),
        (
            "x",
            json!({ "objects": { "deals": { "levels": { "view": "most" } } } }),
        ),
        ("x", json!({ "objects": { "deals": { "level": {} } } })),
    ] {
        let answer = doors
            .put(&format!("/api/v1/roles/{key}"), &body.to_string())
            .await;
        assert_eq!(answer.error().0, 400, "{key} {body}");
    }
    assert_eq!(
        doors.put("/api/v1/roles/admin", "{}").await.error(),
        (409, "conflict".into())
    );
    member(&doors, "ana@example.org", "sales").await;
    assert_eq!(
        doors.delete("/api/v1/roles/sales").await.error(),
        (409, "conflict".into())
    );
    doors
        .put("/api/v1/members/1", r#"{"role":"viewer"}"#)
        .await
        .good();
    assert_eq!(
        doors.delete("/api/v1/roles/sales").await.status.as_u16(),
        204
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn records_are_shared_with_one_member_or_one_team() {
    let doors = Doors::open().await;
    member(&doors, "ana@example.org", "viewer").await;
    let share = json!({ "object": "deals", "record": "7", "member": 1, "edit": true });
    let put = doors.put("/api/v1/shares", &share.to_string()).await.good();
    assert_eq!(put, share);
    assert_eq!(
        doors.get("/api/v1/shares").await.good()["results"],
        json!([share])
    );
    for body in [
        json!({ "object": "deals", "record": "7" }),
        json!({ "object": "deals", "record": "7", "member": 1, "team": 1 }),
        json!({ "object": "deals", "record": "x", "member": 1 }),
        json!({ "object": "dragons", "record": "7", "member": 1 }),
    ] {
        let answer = doors.put("/api/v1/shares", &body.to_string()).await;
        assert_eq!(answer.error(), (400, "invalid_member".into()), "{body}");
    }
    let unknown = json!({ "object": "deals", "record": "7", "team": 9 });
    assert_eq!(
        doors
            .put("/api/v1/shares", &unknown.to_string())
            .await
            .error()
            .0,
        404
    );
    let gone = doors
        .call(Method::DELETE, "/api/v1/shares", share.to_string())
        .await;
    assert_eq!(gone.status.as_u16(), 204);
    let twice = doors
        .call(Method::DELETE, "/api/v1/shares", share.to_string())
        .await;
    assert_eq!(twice.error().0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_what_its_scopes_say_and_makes_none_that_opens_more() {
    let doors = Doors::open().await;
    let reader = token(&doors, &["segments.read", "tokens.write"]).await;
    let list = with_token(&doors, &reader, Method::GET, "/api/v1/segments", "").await;
    assert_eq!(list.status.as_u16(), 200);
    let refused = with_token(&doors, &reader, Method::DELETE, "/api/v1/segments/x", "").await;
    assert_eq!(refused.error(), (403, "missing_scope".into()));
    assert!(String::from_utf8_lossy(&refused.body).contains("`segments.write`"));
    let wider = json!({ "name": "wider", "scopes": ["segments.write"] }).to_string();
    let refused = with_token(&doors, &reader, Method::POST, "/api/v1/tokens", &wider).await;
    assert_eq!(refused.error(), (403, "forbidden".into()));
    let same = with_token(
        &doors,
        &reader,
        Method::POST,
        "/api/v1/tokens",
        r#"{"name":"same"}"#,
    )
    .await;
    assert_eq!(
        same.good()["scopes"],
        json!(["segments.read", "tokens.write"])
    );
    let session = with_token(&doors, &reader, Method::GET, "/api/v1/session", "")
        .await
        .good();
    assert_eq!(session["actor"], "tests");
    let all = doors.get("/api/v1/tokens").await.good();
    let admin = all["results"].as_array().expect("a list").iter();
    let admin = admin
        .clone()
        .find(|token| token["scopes"] == json!(["admin"]))
        .expect("one");
    let path = format!("/api/v1/tokens/{}", admin["id"].as_str().expect("an id"));
    let refused = with_token(&doors, &reader, Method::DELETE, &path, "").await;
    assert_eq!(refused.error(), (403, "forbidden".into()));
    for scopes in [
        json!(["nothing"]),
        json!([]),
        json!(["crm.objects.dragons.read"]),
    ] {
        let body = json!({ "name": "x", "scopes": scopes }).to_string();
        let answer = with_token(&doors, TOKEN, Method::POST, "/api/v1/tokens", &body).await;
        assert_eq!(answer.error().0, 400, "{scopes}");
    }
    let posing = with_token(
        &doors,
        TOKEN,
        Method::POST,
        "/api/v1/tokens",
        r#"{"name":"member:1"}"#,
    );
    assert_eq!(posing.await.error().0, 400);
}

/// Somebody who manages members without being an admin.
async fn lead(doors: &Doors) -> Browser {
    let lead = json!({
        "scopes": ["members.write", "tokens.write", "segments.read", "audit.read"],
        "other_objects": { "levels": { "view": "team", "edit": "own" } },
    });
    doors
        .put("/api/v1/roles/lead", &lead.to_string())
        .await
        .good();
    member(doors, "lea@example.org", "lead").await;
    signed_in(doors, "lea@example.org").await
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gives_or_takes_more_than_they_have() {
    let doors = Doors::open().await;
    let admin = member(&doors, "ada@example.org", "admin").await;
    let lea = lead(&doors).await;
    let before = doors.rapport.head().position;
    let ada = format!("/api/v1/members/{admin}");
    let (password, out) = (format!("{ada}/password"), format!("{ada}/sign-out"));
    let ada = ada.as_str();
    for (method, path, body) in [
        (
            Method::POST,
            "/api/v1/members",
            json!({ "email": "x@y.z", "role": "admin" }),
        ),
        (Method::PUT, "/api/v1/members/2", json!({ "role": "admin" })),
        (
            Method::PUT,
            "/api/v1/members/2",
            json!({ "role": "viewer" }),
        ),
        (Method::PUT, ada, json!({ "role": "lead" })),
        (Method::PUT, ada, json!({ "active": false })),
        (Method::DELETE, ada, json!({})),
        (
            Method::PUT,
            &*password,
            json!({ "password": "correct horse battery" }),
        ),
        (Method::POST, &*out, json!({})),
        (
            Method::PUT,
            "/api/v1/roles/lead",
            json!({ "scopes": ["sources.write"] }),
        ),
        (
            Method::PUT,
            "/api/v1/roles/new",
            json!({ "other_objects": { "levels": { "view": "all" } } }),
        ),
        (Method::POST, "/api/v1/teams", json!({ "name": "Mine" })),
        (
            Method::PUT,
            "/api/v1/shares",
            json!({ "object": "deals", "record": "7", "member": 2 }),
        ),
        (
            Method::POST,
            "/api/v1/tokens",
            json!({ "name": "x", "member": admin }),
        ),
        (
            Method::POST,
            "/api/v1/tokens",
            json!({ "name": "x", "scopes": ["segments.write"], "member": admin }),
        ),
    ] {
        let answer = lea
            .ask(&doors, method.clone(), path, &body.to_string())
            .await;
        assert_eq!(
            answer.error(),
            (403, "forbidden".into()),
            "{method} {path} {body}"
        );
    }
    assert_eq!(doors.rapport.head().position, before, "no entry was made");
    let made = json!({ "email": "leo@example.org", "role": "lead" }).to_string();
    let made = lea
        .ask(&doors, Method::POST, "/api/v1/members", &made)
        .await;
    assert_eq!(made.status.as_u16(), 201);
    let teams = json!({ "teams": [1] }).to_string();
    doors
        .post("/api/v1/teams", r#"{"name":"Sales"}"#)
        .await
        .good();
    let joined = lea
        .ask(&doors, Method::PUT, "/api/v1/members/2", &teams)
        .await;
    assert_eq!(
        joined.error(),
        (403, "forbidden".into()),
        "nor into another team"
    );
    // A token somebody makes is theirs, and goes with them.
    let own = lea
        .ask(&doors, Method::POST, "/api/v1/tokens", r#"{"name":"own"}"#)
        .await
        .good();
    assert_eq!(own["member"], 2);
    let own = own["token"].as_str().expect("a token");
    let list = with_token(&doors, own, Method::GET, "/api/v1/members", "").await;
    assert_eq!(list.status.as_u16(), 200);
    let sources = with_token(&doors, own, Method::GET, "/api/v1/sources", "").await;
    assert_eq!(sources.error(), (403, "missing_scope".into()));
    assert_eq!(doors.delete("/api/v1/members/2").await.status.as_u16(), 204);
    let gone = with_token(&doors, own, Method::GET, "/api/v1/members", "").await;
    assert_eq!(gone.error(), (401, "unauthorized".into()));
    assert_eq!(lea.get(&doors, "/api/v1/members").await.error().0, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_rights_is_in_the_audit_and_no_secret_is() {
    let doors = Doors::open().await;
    let lea = lead(&doors).await;
    doors
        .put("/api/v1/members/1", r#"{"role":"viewer"}"#)
        .await
        .good();
    let made = token(&doors, &["segments.read"]).await;
    let records = audit(&doors).await;
    let words: Vec<&str> = records
        .iter()
        .filter_map(|record| record["what"].as_str())
        .collect();
    assert_eq!(
        words[..6],
        [
            "token_put",
            "member_put",
            "signed_in",
            "password_set",
            "member_put",
            "role_put"
        ]
    );
    assert_eq!(records[1]["actor"], "tests");
    assert_eq!(records[1]["subject"], "member:1");
    assert_eq!(records[1]["detail"]["role"], "viewer");
    assert_eq!(records[2]["address"], "203.0.113.9");
    let text = serde_json::to_string(&records).expect("JSON");
    let id = lea.cookies.split(['=', ';']).nth(1).expect("an id");
    for secret in [made.as_str(), id, "argon2", super::signed::PASSWORD] {
        assert!(!text.contains(secret), "{secret}");
    }
    let some = doors
        .get("/api/v1/audit?what=member_put&limit=1")
        .await
        .good();
    let after = some["paging"]["next"]["after"].as_str().expect("more");
    let next = doors
        .get(&format!(
            "/api/v1/audit?what=member_put&limit=1&after={after}"
        ))
        .await;
    assert_ne!(next.good()["results"], some["results"]);
    assert_eq!(doors.get("/api/v1/audit?what=x").await.error().0, 400);
}
