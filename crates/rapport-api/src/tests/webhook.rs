//! Webhooks as sources: set up, delivered to, previewed, mended.

use super::{Answer, Doors};
use crate::ApiSettings;
use axum::body::Body;
use axum::http::{Method, Request};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use rapport_store::memory::{Call, Fault};
use serde_json::{Value, json};
use sha2::Sha256;

const HOOK: &str = "/api/v1/sources/1/webhook";
const SECRET: &str = "a-shared-secret-of-a-shop";

fn mac(secret: &str, text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// Doors whose source takes deliveries, and the path of its address.
async fn taking(webhook: Value) -> (Doors, String) {
    let doors = Doors::open().await;
    let made = doors.put(HOOK, &webhook.to_string()).await.good();
    let address = made["address"].as_str().expect("an address").to_owned();
    (doors, address)
}

/// The first sample of a ready map, as the catalogue shows it.
async fn sample(doors: &Doors, name: &str) -> Value {
    let maps = doors.get("/api/v1/webhook-maps").await.good();
    let maps = maps["results"].as_array().expect("a list").clone();
    let found = maps.into_iter().find(|map| map["name"] == name);
    found.expect("a map")["samples"][0].clone()
}

async fn send(doors: &Doors, address: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    doors.track_with(address, headers, body.to_owned()).await
}

async fn signed(doors: &Doors, address: &str, topic: &str, body: &str) -> Answer {
    let signature = STANDARD.encode(mac(SECRET, body));
    let headers = [
        ("x-shopify-hmac-sha256", signature.as_str()),
        ("x-shopify-topic", topic),
    ];
    send(doors, address, &headers, body).await
}

fn shopify() -> Value {
    json!({ "map": "shopify", "verify": { "scheme": "shopify", "secret": SECRET } })
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_of_a_shop_becomes_an_event_of_its_customer_once() {
    let (doors, address) = taking(shopify()).await;
    let body = sample(&doors, "shopify").await["body"].to_string();
    for _ in 0..2 {
        let answer = signed(&doors, &address, "orders/paid", &body).await;
        assert_eq!(answer.good(), json!({ "success": true }));
    }
    assert_eq!(doors.outcome("accepted", "").await, 1);
    assert_eq!(doors.outcome("duplicate", "").await, 1);
    let person = doors
        .get("/api/v1/profiles/email:ana.lind@example.org")
        .await;
    let person = person.good();
    assert_eq!(person["identifiers"]["phone"], json!(["+46701740605"]));
    assert_eq!(
        person["identifiers"]["shopify_customer_id"],
        json!(["7721340011"])
    );
    let id = person["id"].as_str().expect("an id");
    let timeline = doors
        .get(&format!("/api/v1/profiles/{id}/timeline"))
        .await
        .good();
    let event = &timeline["results"][0];
    assert_eq!(event["event"], "Order Completed");
    assert_eq!(event["message_id"], "shopify-order-5820982911946");
    assert_eq!(event["timestamp"], "2025-11-25T09:12:30.000Z");
    assert_eq!(event["properties"]["revenue"], json!(21.43));
    assert_eq!(event["properties"]["products"][1]["sku"], "milk-1l");
    let links = doors
        .get(&format!("/api/v1/profiles/{id}/identifiers"))
        .await
        .good();
    let trusts = links["results"].as_array().expect("a list").iter();
    assert!(
        trusts
            .map(|link| &link["trust"])
            .all(|trust| trust == "confirmed"),
        "{links}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_signature_is_401_and_nothing_is_kept() {
    let (doors, address) = taking(shopify()).await;
    let forged = [
        ("x-shopify-hmac-sha256", "AAAA"),
        ("x-shopify-topic", "orders/paid"),
    ];
    for (headers, code) in [(&forged[..], "wrong_signature"), (&[], "unsigned")] {
        let answer = send(&doors, &address, headers, "{}").await;
        assert_eq!(answer.status.as_u16(), 401);
        let body = answer.json();
        assert_eq!(
            (&body["success"], &body["code"]),
            (&json!(false), &json!(code))
        );
        assert_eq!(doors.outcome("refused", code).await, 1);
    }
    let nowhere = send(&doors, "/v1/webhook/wh_nobody", &[], "{}").await;
    assert_eq!(nowhere.status.as_u16(), 404);
    assert_eq!(doors.outcome("refused", "unknown_webhook").await, 1);
    assert_eq!(doors.rapport.last_request(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_that_is_too_old_is_refused_with_its_age() {
    let verify = json!({ "scheme": "stripe", "secret": SECRET });
    let rules =
        json!([{ "type": "track", "event": "Paid", "identifiers": { "user_id": "{who}" } }]);
    let (doors, address) = taking(json!({ "map": { "rules": rules }, "verify": verify })).await;
    let body = r#"{"who":"ana"}"#;
    let now_s = doors.rapport.clock().now().0 / 1_000;
    for (signed_s, status) in [(now_s - 400, 401), (now_s, 200)] {
        let signature = hex::encode(mac(SECRET, &format!("{signed_s}.{body}")));
        let value = format!("t={signed_s},v1={signature}");
        let answer = send(&doors, &address, &[("stripe-signature", &value)], body).await;
        assert_eq!(answer.status.as_u16(), status);
    }
    assert_eq!(doors.outcome("refused", "stale_signature").await, 1);
    assert_eq!(doors.outcome("accepted", "").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_mailgun_counts_once_and_again_where_it_was_not_kept() {
    let verify = json!({ "scheme": "mailgun", "secret": SECRET });
    let (doors, address) = taking(json!({ "map": "mailgun", "verify": verify })).await;
    let mut body = sample(&doors, "mailgun").await["body"].clone();
    let now_s = doors.rapport.clock().now().0 / 1_000;
    body["signature"]["timestamp"] = json!(now_s.to_string());
    let token = body["signature"]["token"]
        .as_str()
        .expect("a token")
        .to_owned();
    body["signature"]["signature"] = json!(hex::encode(mac(SECRET, &format!("{now_s}{token}"))));
    let body = body.to_string();
    doors.memory.faults.inject(Call::Append, 1, Fault::Full);
    let full = send(&doors, &address, &[], &body).await;
    assert_eq!(full.status.as_u16(), 503, "{full:?}");
    assert!(!full.header("retry-after").is_empty());
    assert_eq!(
        send(&doors, &address, &[], &body).await.status.as_u16(),
        200
    );
    let again = send(&doors, &address, &[], &body).await;
    assert_eq!(again.status.as_u16(), 406);
    assert_eq!(again.json()["code"], "replayed");
    assert_eq!(doors.outcome("accepted", "").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn meta_shakes_hands_before_it_delivers_messages() {
    let verify = json!({ "scheme": "meta", "secret": SECRET, "verify_token": "a word" });
    let (doors, address) = taking(json!({ "map": "whatsapp", "verify": verify })).await;
    let hello = |word: &str| {
        format!("{address}?hub.mode=subscribe&hub.verify_token={word}&hub.challenge=1158")
    };
    let get = async |path: String| {
        doors
            .send(Request::get(path).body(Body::empty()).expect("a request"))
            .await
    };
    let answer = get(hello("a%20word")).await;
    assert_eq!((answer.status.as_u16(), &*answer.body), (200, &b"1158"[..]));
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(get(hello("another")).await.status.as_u16(), 403);
    assert_eq!(get(address.clone()).await.status.as_u16(), 403);
    assert_eq!(
        get("/v1/webhook/wh_x".to_owned()).await.status.as_u16(),
        404
    );
    let body = sample(&doors, "whatsapp").await["body"].to_string();
    let signature = format!("sha256={}", hex::encode(mac(SECRET, &body)));
    let sent = send(
        &doors,
        &address,
        &[("x-hub-signature-256", &signature)],
        &body,
    )
    .await;
    assert_eq!(sent.status.as_u16(), 200);
    assert_eq!(doors.outcome("accepted", "").await, 3);
    let ana = doors
        .get("/api/v1/profiles/phone:%2B46701740605")
        .await
        .good();
    assert_eq!(ana["attributes"]["name"], "Ana Lind");
}

#[tokio::test(flavor = "multi_thread")]
async fn hubspot_signs_the_address_as_it_knows_it() {
    let settings = ApiSettings {
        public_url: Some("https://cdp.example.org/".to_owned()),
        ..ApiSettings::default()
    };
    let doors = Doors::open_with(settings).await;
    let verify = json!({ "scheme": "hubspot", "secret": SECRET });
    let made = doors
        .put(
            HOOK,
            &json!({ "map": "hubspot", "verify": verify }).to_string(),
        )
        .await;
    let address = made.good()["address"]
        .as_str()
        .expect("an address")
        .to_owned();
    let path = address
        .strip_prefix("https://cdp.example.org")
        .expect("the public address");
    let body = sample(&doors, "hubspot").await["body"].to_string();
    let now = doors.rapport.clock().now().0.to_string();
    let signature = STANDARD.encode(mac(SECRET, &format!("POST{address}{body}{now}")));
    let headers = [
        ("x-hubspot-signature-v3", signature.as_str()),
        ("x-hubspot-request-timestamp", now.as_str()),
    ];
    assert_eq!(
        send(&doors, path, &headers, &body).await.status.as_u16(),
        200
    );
    assert_eq!(doors.outcome("accepted", "").await, 5);
    assert_eq!(doors.outcome("filtered", "no_rule").await, 1);
    let ana = doors
        .get("/api/v1/profiles/hubspot_contact_id:901")
        .await
        .good();
    assert_eq!(ana["identifiers"]["email"], json!(["ana.lind@example.org"]));
    assert_eq!(ana["attributes"]["firstName"], "Ana");
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_that_are_no_json_or_too_large_are_refused() {
    let webhook = json!({ "map": "sendgrid", "verify": { "scheme": "none" } });
    let (doors, address) = taking(webhook).await;
    let large = format!("[\"{}\"]", "x".repeat(3 * 1024 * 1024));
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    for (body, status, code) in [
        ("", 400, "invalid_json"),
        ("a=b&c=d", 400, "invalid_json"),
        ("5", 400, "invalid_json"),
        ("{}{}", 400, "invalid_json"),
        (&deep, 400, "too_deep"),
        (&large, 413, "body_too_large"),
    ] {
        let answer = send(&doors, &address, &[], body).await;
        assert_eq!(answer.status.as_u16(), status, "{code}");
        assert_eq!(answer.json()["code"], code);
    }
    assert_eq!(doors.rapport.last_request(), 0);
    let empty = send(&doors, &address, &[], "\u{feff}[ ]").await;
    assert_eq!(empty.status.as_u16(), 200);
    assert_eq!(doors.outcome("filtered", "no_items").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_signs_is_trusted_like_a_browser() {
    let webhook = json!({ "map": "sendgrid", "verify": { "scheme": "none" } });
    let (doors, address) = taking(webhook).await;
    let shown = doors.get(HOOK).await.good();
    assert_eq!(
        (&shown["verify"], &shown["trust"]),
        (&json!({ "scheme": "none" }), &json!("browser"))
    );
    let body = sample(&doors, "sendgrid").await["body"].to_string();
    assert_eq!(
        send(&doors, &address, &[], &body).await.status.as_u16(),
        200
    );
    doors.settle().await;
    let links = doors
        .get("/api/v1/profiles/email:ana.lind@example.org/identifiers")
        .await;
    assert_eq!(links.good()["results"][0]["trust"], "claimed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_keeps_its_address_and_never_shows_its_secret() {
    let (doors, address) = taking(shopify()).await;
    assert!(
        address.starts_with("/v1/webhook/wh_") && address.len() > 40,
        "{address}"
    );
    let shown = doors.get(HOOK).await;
    assert!(!String::from_utf8_lossy(&shown.body).contains(SECRET));
    let shown = shown.good();
    assert_eq!(
        shown["verify"],
        json!({ "scheme": "shopify", "secret_hint": "shop" })
    );
    assert_eq!(
        (&shown["map"], &shown["trust"]),
        (&json!("shopify"), &json!("server"))
    );
    let map = json!({ "rules": [{ "skip": true }] });
    let changed = doors
        .put(HOOK, &json!({ "map": map }).to_string())
        .await
        .good();
    assert_eq!(
        (&changed["address"], &changed["map"]),
        (&json!(address), &map)
    );
    assert_eq!(changed["verify"]["scheme"], "shopify");
    let moved = doors.put(HOOK, r#"{"new_address": true}"#).await.good();
    assert_ne!(moved["address"], json!(address));
    assert_eq!(
        signed(&doors, &address, "t", "{}").await.status.as_u16(),
        404
    );
    assert_eq!(doors.delete(HOOK).await.status.as_u16(), 204);
    assert_eq!(doors.get(HOOK).await.error(), (404, "not_found".into()));
    assert_eq!(doors.delete(HOOK).await.error(), (404, "not_found".into()));
    let gone = moved["address"].as_str().expect("an address");
    assert_eq!(signed(&doors, gone, "t", "{}").await.status.as_u16(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_set_up_is_an_error_with_its_place() {
    let doors = Doors::open().await;
    let none = json!({ "scheme": "none" });
    for (webhook, code, part) in [
        (json!({}), "invalid_webhook", "`map`"),
        (json!({ "map": "shopify" }), "invalid_webhook", "`verify`"),
        (
            json!({ "map": "myspace", "verify": none }),
            "invalid_webhook",
            "shopify",
        ),
        (
            json!({ "map": { "rules": [{ "type": "buy" }] }, "verify": none }),
            "invalid_webhook",
            "rules[0].type",
        ),
        (
            json!({ "map": 5, "verify": none }),
            "invalid_webhook",
            "object",
        ),
        (
            json!({ "map": "shopify", "verify": { "scheme": "shopify", "secret": "" } }),
            "invalid_webhook",
            "empty",
        ),
        (
            json!({ "map": "sendgrid", "verify": { "scheme": "sendgrid", "public_key": "x" } }),
            "invalid_webhook",
            "public_key",
        ),
        (
            json!({ "map": "shopify", "verify": { "scheme": "magic" } }),
            "invalid_body",
            "magic",
        ),
        (
            json!({ "map": "shopify", "verify": none, "other": 1 }),
            "invalid_body",
            "other",
        ),
    ] {
        let answer = doors.put(HOOK, &webhook.to_string()).await;
        assert_eq!(answer.error(), (400, code.into()), "{webhook}");
        let message = answer.json()["error"]["message"].to_string();
        assert!(message.contains(part), "{message}");
    }
    let nowhere = doors
        .put("/api/v1/sources/9/webhook", &shopify().to_string())
        .await;
    assert_eq!(nowhere.error(), (404, "not_found".into()));
    let request = Request::builder()
        .method(Method::PUT)
        .uri(HOOK)
        .body(Body::from("{}"));
    let answer = doors.send(request.expect("a request")).await;
    assert_eq!(answer.error(), (401, "unauthorized".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_says_what_becomes_of_samples_and_changes_nothing() {
    let doors = Doors::open().await;
    let path = format!("{HOOK}/preview");
    let map = json!({ "each": "items[]", "rules": [
        { "when": { "noise": true }, "skip": true },
        { "type": "track", "event": "{@x-topic}", "identifiers": { "email": "{e}" }, "message_id": "m-{id}" } ] });
    let samples = json!([{ "headers": { "X-Topic": "Bought" },
        "body": { "items": [{ "id": 1, "e": "ana@example.org" }, { "id": 2 }, { "noise": true }] } }]);
    let asked = json!({ "map": map, "samples": samples });
    let answer = doors.post(&path, &asked.to_string()).await.good();
    let items = &answer["results"][0]["items"];
    assert_eq!(items[0]["event"]["event"], "Bought");
    assert_eq!(items[0]["identifiers"], json!(["email:ana@example.org"]));
    assert_eq!(
        (&items[1]["outcome"], &items[1]["reason"]["code"]),
        (&json!("invalid"), &json!("missing_id"))
    );
    let message = items[1]["reason"]["message"].as_str().expect("a message");
    assert!(message.contains("`rules[1].identifiers`"), "{message}");
    assert_eq!(items[2]["outcome"], "filtered");
    assert_eq!(doors.rapport.last_request(), 0);
    assert_eq!(doors.get(HOOK).await.error().0, 404);
    for (asked, status) in [
        (json!({ "samples": samples }), 404),
        (json!({ "map": { "rules": [] }, "samples": samples }), 400),
        (json!({ "map": map, "samples": [] }), 400),
        (json!({ "map": map, "last": 1_000 }), 400),
    ] {
        assert_eq!(
            doors.post(&path, &asked.to_string()).await.error().0,
            status,
            "{asked}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_preview_can_look_at_what_was_delivered_lately() {
    let webhook = json!({ "map": { "rules": [{ "skip": true }] }, "verify": { "scheme": "none" } });
    let (doors, address) = taking(webhook).await;
    for number in 1..=3 {
        let body = format!(r#"{{"number":{number}}}"#);
        assert_eq!(
            send(&doors, &address, &[], &body).await.status.as_u16(),
            200
        );
    }
    let rules =
        json!([{ "type": "track", "event": "E{number}", "identifiers": { "user_id": "u" } }]);
    let asked = json!({ "map": { "rules": rules }, "last": 2 });
    let answer = doors
        .post(&format!("{HOOK}/preview"), &asked.to_string())
        .await
        .good();
    let results = answer["results"].as_array().expect("a list");
    let named: Vec<_> = results
        .iter()
        .map(|one| &one["items"][0]["event"]["event"])
        .collect();
    assert_eq!(named, ["E3", "E2"]);
    assert_eq!(results[0]["body"], json!({ "number": 3 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejected_item_is_sent_again_once_the_map_is_mended() {
    let map = |who: &str| {
        let rule = json!({ "type": "track", "event": "E", "identifiers": { "user_id": who }, "message_id": "m-{id}" });
        json!({ "map": { "each": "[]", "rules": [rule] }, "verify": { "scheme": "none" } })
    };
    let (doors, address) = taking(map("{whom}")).await;
    send(
        &doors,
        &address,
        &[],
        r#"[{"id":1,"who":"ana"},{"id":2,"who":"bo"}]"#,
    )
    .await;
    assert_eq!(doors.outcome("invalid", "missing_id").await, 2);
    doors.put(HOOK, &map("{who}").to_string()).await.good();
    let rejected = doors.get("/api/v1/rejected").await.good();
    let kept = &rejected["results"][1];
    assert!(
        kept["raw"]
            .as_str()
            .expect("the item")
            .contains(r#""body":[{"id":1,"who":"ana"}]"#),
        "{kept}"
    );
    let again = format!(
        "/api/v1/rejected/{}/redrive",
        kept["id"].as_str().expect("an id")
    );
    assert_eq!(doors.post(&again, "").await.status.as_u16(), 202);
    assert_eq!(doors.outcome("accepted", "").await, 1);
    assert_eq!(
        doors
            .get("/api/v1/profiles/user_id:ana")
            .await
            .status
            .as_u16(),
        200
    );
    assert_eq!(
        doors
            .get("/api/v1/profiles/user_id:bo")
            .await
            .status
            .as_u16(),
        404
    );
}
