//! `POST /v1/decide`: what a browser is told, and what it cannot find out.

use super::{Answer, Doors, WRITE_KEY};
use crate::ApiSettings;
use axum::body::Body;
use axum::http::Request;
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

/// A shop whose cheese fans may know that they are; `vip` is for those who are signed for.
async fn shop() -> Doors {
    let doors = Doors::open_with(patient()).await;
    for (key, rule) in [
        (
            "cheese-fans",
            "did \"Product Viewed\" where category = \"cheese\" ever",
        ),
        ("vip", "attribute plan = \"gold\""),
        ("hidden", "did \"Product Viewed\" ever"),
    ] {
        let body = json!({ "name": key, "rule": rule }).to_string();
        doors
            .put(&format!("/api/v1/segments/{key}"), &body)
            .await
            .good();
    }
    let exposure = json!({
        "public": { "segments": ["cheese-fans"], "traits": ["city"] },
        "signed": { "segments": ["vip"], "traits": ["plan"] },
    });
    doors
        .put("/api/v1/exposure", &exposure.to_string())
        .await
        .good();
    let slot = json!({
        "name": "Top of the page",
        "rules": [
            { "segment": "hidden", "content": { "title": "never told" } },
            { "segment": "vip", "content": { "title": "Gold" } },
            { "segment": "cheese-fans", "content": { "title": "Cheese" } },
        ],
        "default": { "title": "Hello" },
    });
    doors
        .put("/api/v1/slots/hero", &slot.to_string())
        .await
        .good();
    doors
}

/// Nothing here is about how busy the machine is.
fn patient() -> ApiSettings {
    let mut settings = ApiSettings::default();
    settings.reads.decide_wait_ms = 60_000;
    settings
}

async fn ask(doors: &Doors, body: Value) -> Answer {
    doors
        .track_with(
            "/v1/decide",
            &[("x-write-key", WRITE_KEY)],
            body.to_string(),
        )
        .await
}

async fn told(doors: &Doors, body: Value) -> Value {
    ask(doors, body).await.good()
}

fn cheese() -> Value {
    json!({ "type": "track", "event": "Product Viewed", "properties": { "category": "cheese" } })
}

const NOTHING: &str = r#"{"fresh":true,"signed":false,"segments":[],"traits":{},"content":{"hero":{"title":"Hello"}}}"#;

fn signature(secret: &str, user: &str, until: i64) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key");
    mac.update(format!("{until}.{user}").as_bytes());
    let code = mac.finalize().into_bytes();
    let hex: String = code.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{until}.{hex}")
}

#[tokio::test(flavor = "multi_thread")]
async fn events_in_and_segments_traits_and_content_out_in_one_round_trip() {
    let doors = shop().await;
    let identify = json!({ "type": "identify", "traits": { "city": "Gouda", "plan": "gold" } });
    let answer = told(
        &doors,
        json!({ "anonymousId": "v1", "events": [cheese(), identify], "content": ["hero", "no"] }),
    )
    .await;
    assert_eq!(
        answer,
        json!({
            "fresh": true, "signed": false, "segments": ["cheese-fans"],
            "traits": { "city": "Gouda" }, "content": { "hero": { "title": "Cheese" } },
        })
    );
    let accepted = doors.outcome("accepted", "").await;
    assert_eq!(accepted, 2);
    let again = told(
        &doors,
        json!({ "anonymousId": "v1", "segments": ["vip", "hidden"] }),
    )
    .await;
    assert_eq!(
        (&again["segments"], &again["content"]),
        (&json!([]), &json!({}))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_shown_unless_somebody_says_so() {
    let doors = shop().await;
    doors.put("/api/v1/exposure", "{}").await.good();
    let body = json!({ "anonymousId": "v1", "events": [cheese()], "content": ["hero"] });
    let answer = ask(&doors, body).await;
    assert_eq!(String::from_utf8_lossy(&answer.body), NOTHING);
}

/// Whoever claims an id gets the same bytes whether somebody is known by it or not, at once and
/// when they ask again.
#[tokio::test(flavor = "multi_thread")]
async fn naming_somebody_else_tells_nothing() {
    let doors = shop().await;
    let ada = json!({ "batch": [
        { "type": "identify", "userId": "ada", "anonymousId": "ada-phone",
          "traits": { "email": "ada@example.org", "plan": "gold", "city": "Gouda" } },
        { "type": "track", "userId": "ada", "event": "Product Viewed", "properties": { "category": "cheese" } },
    ]});
    assert_eq!(
        doors
            .track("/v1/batch", ada.to_string())
            .await
            .status
            .as_u16(),
        200
    );
    doors.settle().await;
    let claims = [
        json!({ "userId": "ID" }),
        json!({ "events": [{ "type": "identify", "userId": "ID" }] }),
        json!({ "userId": "ID", "events": [{ "type": "page" }] }),
        json!({ "events": [{ "type": "identify", "traits": { "email": "ID@example.org" } }] }),
        json!({ "userId": "ID", "signature": format!("2000000000.{}", "0".repeat(64)) }),
        json!({ "events": [{ "type": "alias", "userId": "ID", "previousId": "old" }] }),
    ];
    for (number, claim) in claims.iter().enumerate() {
        let mut answers = Vec::new();
        for user in ["ada", "nobody"] {
            let text = claim.to_string().replace("ID", user);
            let mut body: Value = serde_json::from_str(&text).expect("JSON");
            body["anonymousId"] = json!(format!("spy-{number}-{user}"));
            body["content"] = json!(["hero"]);
            answers.push(ask(&doors, body.clone()).await.body);
            body["events"] = json!([]);
            body["userId"] = Value::Null;
            answers.push(ask(&doors, body).await.body);
        }
        for answer in answers {
            assert_eq!(String::from_utf8_lossy(&answer), NOTHING, "{claim}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_signed_for_reads_what_is_kept_for_them_as_long_as_every_link_is_confirmed() {
    let doors = shop().await;
    let made = doors.post("/api/v1/sources/1/signing", "").await.good();
    let secret = made["secret"].as_str().expect("a secret").to_owned();
    let now = doors.rapport.clock().now().0 / 1_000;
    let ada = json!({ "batch": [
        { "type": "identify", "userId": "ada", "traits": { "email": "ada@example.org", "plan": "gold", "city": "Gouda" } },
    ]});
    doors.track("/v1/batch", ada.to_string()).await.good();
    let body = |signature: String| json!({ "anonymousId": "v1", "userId": "ada", "signature": signature, "content": ["hero"] });
    let good = signature(&secret, "ada", now + 600);
    let answer = told(&doors, body(good.clone())).await;
    assert_eq!(
        answer,
        json!({
            "fresh": true, "signed": true, "segments": ["vip"],
            "traits": { "city": "Gouda", "plan": "gold" }, "content": { "hero": { "title": "Gold" } },
        })
    );
    for bad in [
        signature(&secret, "ada", now - 1),
        signature(&secret, "bo", now + 600),
        signature("other", "ada", now + 600),
    ] {
        let answer = ask(&doors, body(bad)).await;
        assert_eq!(String::from_utf8_lossy(&answer.body), NOTHING);
    }
    let claim =
        json!({ "type": "identify", "userId": "ada", "traits": { "email": "other@example.org" } });
    let mut claiming = body(good.clone());
    claiming["events"] = json!([claim]);
    let claimed = told(&doors, claiming).await;
    assert_eq!(
        (&claimed["signed"], &claimed["segments"], &claimed["traits"]),
        (&json!(true), &json!([]), &json!({}))
    );
    let confirm = json!({ "userId": "ada", "traits": { "email": "other@example.org" } });
    doors
        .track("/v1/identify", confirm.to_string())
        .await
        .good();
    doors.settle().await;
    assert_eq!(
        told(&doors, body(good.clone())).await["segments"],
        json!(["vip"])
    );
    doors.delete("/api/v1/sources/1/signing").await;
    assert_eq!(told(&doors, body(good)).await["signed"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_make_no_sense_are_refused_counted_and_leave_nothing() {
    let doors = shop().await;
    let events = vec![json!({ "type": "page" }); 101];
    for (body, status, code) in [
        ("".to_owned(), 400, "invalid_json"),
        ("[]".to_owned(), 400, "invalid_json"),
        ("{\"anonymousId\":\"v\"} x".to_owned(), 400, "invalid_json"),
        ("{}".to_owned(), 400, "invalid_call"),
        (
            json!({ "anonymousId": "v", "events": events }).to_string(),
            400,
            "invalid_call",
        ),
        (
            format!(
                "{{\"anonymousId\":\"v\",\"x\":\"{}\"}}",
                "x".repeat(600_000)
            ),
            413,
            "body_too_large",
        ),
    ] {
        let answer = doors
            .track_with("/v1/decide", &[("x-write-key", WRITE_KEY)], body)
            .await;
        assert_eq!(answer.status.as_u16(), status);
        assert_eq!(answer.json()["error"]["code"], code);
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    let unknown = doors
        .track_with(
            "/v1/decide",
            &[("x-write-key", "no")],
            "{\"anonymousId\":\"v\"}",
        )
        .await;
    assert_eq!(unknown.status.as_u16(), 401);
    assert_eq!(doors.outcome("refused", "invalid_call").await, 2);
    assert_eq!(doors.outcome("refused", "unknown_key").await, 1);
    assert_eq!(doors.outcome("accepted", "").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn any_page_may_ask_and_cookies_say_nothing() {
    let doors = shop().await;
    let body = json!({ "anonymousId": "v1", "writeKey": WRITE_KEY }).to_string();
    let mut answers = Vec::new();
    for cookie in ["", "ajs_user_id=ada; session=1"] {
        let request = Request::post("/v1/decide")
            .header("origin", "https://shop.example.org")
            .header("cookie", cookie);
        let answer = doors
            .send(request.body(Body::from(body.clone())).expect("a request"))
            .await;
        assert_eq!(
            answer.header("access-control-allow-origin"),
            "https://shop.example.org"
        );
        assert!(
            !answer
                .headers
                .contains_key("access-control-allow-credentials")
        );
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(answer.header("vary").contains("Origin"));
        answers.push(answer.body);
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_javascript_takes_for_its_own_go_nowhere() {
    let doors = shop().await;
    let special = json!({ "public": { "traits": ["__proto__"] } }).to_string();
    assert_eq!(doors.put("/api/v1/exposure", &special).await.error().0, 400);
    let event =
        r#"{"type":"identify","traits":{"__proto__":{"city":"x"},"constructor":1,"city":"Gouda"}}"#;
    let body = format!(
        "{{\"anonymousId\":\"v1\",\"__proto__\":{{\"userId\":\"ada\"}},\"events\":[{event}],\"content\":[\"__proto__\",\"constructor\"]}}"
    );
    let answer = doors
        .track_with("/v1/decide", &[("x-write-key", WRITE_KEY)], body)
        .await
        .good();
    assert_eq!(
        (&answer["traits"], &answer["content"]),
        (&json!({ "city": "Gouda" }), &json!({}))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn slots_and_what_browsers_see_name_segments_that_exist() {
    let doors = shop().await;
    let slots = doors.get("/api/v1/slots").await.good();
    assert_eq!(slots["results"][0]["key"], "hero");
    for (path, body) in [
        (
            "/api/v1/slots/next",
            json!({ "rules": [{ "segment": "no", "content": 1 }], "default": 2 }),
        ),
        (
            "/api/v1/exposure",
            json!({ "public": { "segments": ["no"] } }),
        ),
    ] {
        assert_eq!(
            doors.put(path, &body.to_string()).await.error(),
            (404, "not_found".into())
        );
    }
    for (path, body) in [
        ("/api/v1/slots/N%20o", json!({ "default": 2 })),
        (
            "/api/v1/slots/large",
            json!({ "default": "x".repeat(40_000) }),
        ),
        ("/api/v1/slots/next", json!({ "rules": [] })),
        ("/api/v1/exposure", json!({ "publik": {} })),
    ] {
        assert_eq!(
            doors.put(path, &body.to_string()).await.error().0,
            400,
            "{path}"
        );
    }
    // A segment that is gone is not shown again only because there is one of its key again.
    doors.delete("/api/v1/segments/cheese-fans").await;
    let exposure = doors.get("/api/v1/exposure").await.good();
    assert_eq!(exposure["public"]["segments"], json!([]));
    assert_eq!(
        doors.delete("/api/v1/slots/hero").await.status.as_u16(),
        204
    );
    assert_eq!(doors.delete("/api/v1/slots/hero").await.error().0, 404);
}

/// A writer that does not get on delays nobody: what is known is told, and that it is old.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_cannot_wait_says_that_it_is_not_fresh() {
    let mut settings = ApiSettings::default();
    settings.reads.decide_wait_ms = 0;
    let doors = Doors::open_with(settings).await;
    let body = json!({ "anonymousId": "v1", "events": [cheese()] });
    let answer = told(&doors, body).await;
    assert_eq!(answer["segments"], json!([]));
    assert!(answer["fresh"].is_boolean());
    assert_eq!(doors.outcome("accepted", "").await, 1);
}
