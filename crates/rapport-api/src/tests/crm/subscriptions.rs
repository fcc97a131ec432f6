//! Webhook subscriptions and settings: codes, what may be asked for, and who may ask.

use crate::tests::signed::{member, token, with_token};
use crate::tests::{Doors, TOKEN};
use axum::http::Method;
use rapport_core::entry::Shape;
use rapport_core::outbox::Delivery;
use serde_json::{Value, json};

const SETTINGS: &str = "/webhooks/v3/7/settings";
const SUBSCRIPTIONS: &str = "/webhooks/v3/7/subscriptions";

fn target(most: u32) -> Value {
    json!({
        "targetUrl": "https://app.example.org/hook",
        "throttling": { "maxConcurrentRequests": most },
    })
}

async fn doors() -> Doors {
    let doors = Doors::open().await;
    doors.ask(Method::PUT, SETTINGS, target(10)).await.good();
    doors
}

#[tokio::test]
async fn the_secret_is_shown_once_and_stays() {
    let doors = Doors::open().await;
    assert_eq!(doors.get(SETTINGS).await.fault().0, 404);
    let made = doors.ask(Method::PUT, SETTINGS, target(3)).await.good();
    let secret = made["clientSecret"].as_str().expect("a secret").to_owned();
    assert_eq!(made["targetUrl"], "https://app.example.org/hook");
    assert_eq!(made["throttling"]["maxConcurrentRequests"], 3);
    let shown = doors.get(SETTINGS).await.good();
    assert_eq!(shown.get("clientSecret"), None);
    assert_eq!(shown["createdAt"], made["createdAt"]);
    let again = doors.ask(Method::PUT, SETTINGS, target(5)).await.good();
    assert_eq!(again.get("clientSecret"), None);
    let kept = doors.rapport.destinations();
    assert_eq!((kept.len(), kept[0].shape), (1, Shape::HubSpot));
    assert_eq!((&kept[0].secret, kept[0].concurrency), (&secret, Some(5)));
    assert_eq!(doors.delete(SETTINGS).await.status.as_u16(), 204);
    assert_eq!(doors.delete(SETTINGS).await.fault().0, 404);
}

#[tokio::test]
async fn settings_that_cannot_be_are_refused() {
    let doors = Doors::open().await;
    let url = |url: &str| json!({ "targetUrl": url, "throttling": { "maxConcurrentRequests": 1 } });
    for body in [
        json!({}),
        url(""),
        url("/hook"),
        url("ftp://example.org"),
        url(&format!("https://example.org/{}", "x".repeat(3_000))),
        target(0),
        target(101),
    ] {
        let answer = doors.ask(Method::PUT, SETTINGS, body.clone()).await;
        assert_eq!(answer.fault(), (400, "VALIDATION_ERROR".into()), "{body}");
    }
    for app in ["0", "x", "-1", "01"] {
        let path = format!("/webhooks/v3/{app}/settings");
        let answer = doors.ask(Method::PUT, &path, target(1)).await;
        assert_eq!(answer.fault().0, 400, "{app}");
    }
    assert!(doors.rapport.destinations().is_empty());
}

#[tokio::test]
async fn a_subscription_is_made_switched_and_ended() {
    let doors = doors().await;
    let wanted = json!({ "eventType": "deal.propertyChange", "propertyName": "amount",
        "active": true });
    let made = doors.ask(Method::POST, SUBSCRIPTIONS, wanted.clone()).await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.json());
    let made = made.json();
    assert_eq!(made["id"], "1");
    assert_eq!(made["eventType"], "deal.propertyChange");
    assert_eq!(
        (&made["propertyName"], &made["objectTypeId"]),
        (&json!("amount"), &json!("0-3"))
    );
    let twice = doors.ask(Method::POST, SUBSCRIPTIONS, wanted).await;
    assert_eq!(twice.fault(), (409, "CONFLICT".into()));
    let one = format!("{SUBSCRIPTIONS}/1");
    let off = doors
        .ask(Method::PATCH, &one, json!({ "active": false }))
        .await
        .good();
    assert_eq!(off["active"], false);
    let listed = doors.get(SUBSCRIPTIONS).await.good();
    assert_eq!(listed, json!({ "results": [off] }));
    // Another app sees none of it.
    let other = "/webhooks/v3/8/subscriptions";
    assert_eq!(doors.get(other).await.good(), json!({ "results": [] }));
    assert_eq!(doors.get(&format!("{other}/1")).await.fault().0, 404);
    assert_eq!(doors.delete(&format!("{other}/1")).await.fault().0, 404);
    assert_eq!(doors.delete(&one).await.status.as_u16(), 204);
    assert_eq!(
        doors.get(&one).await.fault(),
        (404, "OBJECT_NOT_FOUND".into())
    );
    assert_eq!(doors.delete(&one).await.fault().0, 404);
}

#[tokio::test]
async fn what_could_tell_of_nothing_is_refused() {
    let doors = doors().await;
    for (body, status) in [
        (json!({}), 400),
        (json!({ "eventType": "deal.made" }), 400),
        (json!({ "eventType": "deal.propertyChange" }), 400),
        (
            json!({ "eventType": "deal.propertyChange", "propertyName": "no_such" }),
            400,
        ),
        (
            json!({ "eventType": "deal.creation", "propertyName": "amount" }),
            400,
        ),
        (
            json!({ "eventType": "deal.creation", "objectTypeId": "0-1" }),
            400,
        ),
        (json!({ "eventType": "object.creation" }), 400),
        (
            json!({ "eventType": "object.creation", "objectTypeId": "2-99" }),
            400,
        ),
        (json!({ "eventType": "conversation.creation" }), 501),
        (json!({ "eventType": "contact.privacyDeletion" }), 501),
    ] {
        let answer = doors.ask(Method::POST, SUBSCRIPTIONS, body.clone()).await;
        assert_eq!(answer.fault().0, status, "{body}");
    }
    let nowhere = "/webhooks/v3/8/subscriptions";
    let answer = doors
        .ask(
            Method::POST,
            nowhere,
            json!({ "eventType": "deal.creation" }),
        )
        .await;
    assert_eq!(answer.fault().0, 400);
    assert!(
        answer.json()["message"]
            .as_str()
            .expect("text")
            .contains("target URL")
    );
}

#[tokio::test]
async fn a_batch_switches_those_that_are_there() {
    let doors = doors().await;
    for event in ["deal.creation", "contact.creation"] {
        doors
            .ask(Method::POST, SUBSCRIPTIONS, json!({ "eventType": event }))
            .await;
    }
    let path = format!("{SUBSCRIPTIONS}/batch/update");
    let inputs = |ids: &[u32]| {
        let input = |id: &u32| json!({ "id": id, "active": true });
        json!({ "inputs": ids.iter().map(input).collect::<Vec<_>>() })
    };
    let all = doors.ask(Method::POST, &path, inputs(&[1, 2])).await;
    assert_eq!(all.status.as_u16(), 200, "{}", all.json());
    let active = all.json()["results"].clone();
    assert!(
        active
            .as_array()
            .expect("a list")
            .iter()
            .all(|one| one["active"] == true)
    );
    let some = doors.ask(Method::POST, &path, inputs(&[1, 99])).await;
    assert_eq!(
        (some.status.as_u16(), &some.json()["numErrors"]),
        (207, &json!(1))
    );
    let none = doors.ask(Method::POST, &path, inputs(&[99])).await;
    assert_eq!(none.fault().0, 404);
    let many: Vec<u32> = (0..101).collect();
    assert_eq!(
        doors
            .ask(Method::POST, &path, inputs(&many))
            .await
            .fault()
            .0,
        400
    );
}

#[tokio::test]
async fn a_developer_s_key_opens_webhooks_and_nothing_else() {
    let doors = doors().await;
    let known = |path: &str| format!("{path}?hapikey={TOKEN}");
    for path in [
        SUBSCRIPTIONS,
        "/webhooks/2026-03/7/subscriptions",
        "/webhooks/2026-09/7/settings/",
    ] {
        let answer = doors.fetch(&known(path), &[]).await;
        assert_eq!(answer.status.as_u16(), 200, "{path}");
    }
    let unknown = format!("{SUBSCRIPTIONS}?hapikey=nonsense");
    for path in [&unknown, SUBSCRIPTIONS, &known("/crm/v3/objects/contacts")] {
        let answer = doors.fetch(path, &[]).await;
        assert_eq!(
            answer.fault(),
            (401, "INVALID_AUTHENTICATION".into()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn an_app_s_destination_and_its_shape_belong_together() {
    let doors = doors().await;
    let url = "https://app.example.org/other";
    let hubspot = json!({ "url": url, "shape": "hubspot", "secret": "mine" });
    let own = "/api/v1/destinations/app-7";
    doors.ask(Method::PUT, own, hubspot.clone()).await.good();
    assert_eq!(doors.get(SETTINGS).await.good()["targetUrl"], url);
    assert_eq!(doors.rapport.destinations()[0].concurrency, Some(10));
    let elsewhere = doors
        .ask(Method::PUT, "/api/v1/destinations/crm", hubspot)
        .await;
    assert_eq!(elsewhere.error(), (400, "invalid_destination".into()));
    let track = doors.ask(Method::PUT, own, json!({ "url": url })).await;
    assert_eq!(track.error(), (400, "invalid_destination".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_without_the_scope_learns_and_changes_nothing() {
    let doors = doors().await;
    let reader = token(&doors, &["crm.objects.write", "crm.schemas.write"]).await;
    let body = r#"{"eventType": "deal.creation"}"#;
    for (method, path, body) in [
        (Method::GET, SUBSCRIPTIONS, ""),
        (Method::GET, SETTINGS, ""),
        (Method::POST, SUBSCRIPTIONS, body),
        (
            Method::PUT,
            SETTINGS,
            r#"{"targetUrl": "https://elsewhere.example.org"}"#,
        ),
        (Method::DELETE, SETTINGS, ""),
    ] {
        let answer = with_token(&doors, &reader, method.clone(), path, body).await;
        assert_eq!(answer.fault().0, 403, "{method} {path}");
    }
    assert_eq!(
        doors.get(SETTINGS).await.good()["targetUrl"],
        "https://app.example.org/hook"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_does_not_see_all_of_a_type_hears_none_of_it() {
    let doors = doors().await;
    let role = json!({
        "scopes": ["destinations.read", "destinations.write"],
        "objects": { "contacts": { "levels": { "view": "own" } } },
        "other_objects": { "levels": { "view": "all" } },
    });
    let made = doors.put("/api/v1/roles/rep", &role.to_string()).await;
    made.good();
    let rep = member(&doors, "rep@example.org", "rep").await;
    let scopes = ["destinations.write", "crm.objects.read"];
    let wanted = json!({ "name": "rep", "scopes": scopes, "member": rep });
    let made = doors.post("/api/v1/tokens", &wanted.to_string()).await;
    let rep = made.good()["token"].as_str().expect("a token").to_owned();
    let ask = |method: Method, path: &'static str, body: &'static str| {
        let (doors, rep) = (&doors, &rep);
        async move { with_token(doors, rep, method, path, body).await }
    };
    let contacts = r#"{"eventType": "contact.creation", "active": true}"#;
    let refused = ask(Method::POST, SUBSCRIPTIONS, contacts).await;
    assert_eq!(refused.fault(), (403, "MISSING_SCOPES".into()));
    // How many contacts a deal has, and which, tells of them.
    for body in [
        r#"{"eventType": "deal.propertyChange", "propertyName": "num_associated_contacts"}"#,
        r#"{"eventType": "deal.associationChange"}"#,
    ] {
        let refused = ask(Method::POST, SUBSCRIPTIONS, body).await;
        assert_eq!(refused.fault(), (403, "MISSING_SCOPES".into()), "{body}");
    }
    let deals = r#"{"eventType": "deal.creation", "active": true}"#;
    let made = ask(Method::POST, SUBSCRIPTIONS, deals).await;
    assert_eq!(made.status.as_u16(), 201, "{}", made.json());
    // Somebody else lets the app hear of contacts: then it is not theirs to lead elsewhere.
    doors
        .ask(
            Method::POST,
            SUBSCRIPTIONS,
            json!({ "eventType": "contact.creation" }),
        )
        .await
        .good();
    let elsewhere = r#"{"targetUrl": "https://rep.example.org"}"#;
    assert_eq!(ask(Method::PUT, SETTINGS, elsewhere).await.fault().0, 403);
    let on = ask(
        Method::PATCH,
        "/webhooks/v3/7/subscriptions/2",
        r#"{"active": true}"#,
    )
    .await;
    assert_eq!(on.fault().0, 403);
    let native = r#"{"url": "https://rep.example.org", "shape": "hubspot"}"#;
    let native = ask(Method::PUT, "/api/v1/destinations/app-7", native).await;
    assert_eq!(native.status.as_u16(), 403);
    let kept = doors.rapport.destinations();
    assert_eq!(kept[0].url, "https://app.example.org/hook");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_lets_an_app_hear_of_what_it_opens_itself() {
    let doors = doors().await;
    let scopes = ["destinations.write", "crm.objects.deals.read"];
    let narrow = token(&doors, &scopes).await;
    for (event, status) in [
        ("deal.creation", 201),
        ("contact.creation", 403),
        ("deal.associationChange", 403),
    ] {
        let body = json!({ "eventType": event }).to_string();
        let answer = with_token(&doors, &narrow, Method::POST, SUBSCRIPTIONS, &body).await;
        assert_eq!(answer.status.as_u16(), status, "{event}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_still_waits_is_led_elsewhere_by_nobody_who_may_not_hear_it() {
    let doors = doors().await;
    let body = json!({ "eventType": "contact.creation", "active": true });
    doors.ask(Method::POST, SUBSCRIPTIONS, body).await.good();
    let ada = r#"{"properties": {"email": "ada@example.org"}}"#;
    doors.post("/crm/v3/objects/contacts", ada).await.good();
    let narrow = token(&doors, &["destinations.write", "crm.objects.deals.read"]).await;
    let only = format!("{SUBSCRIPTIONS}/1");
    let gone = with_token(&doors, &narrow, Method::DELETE, &only, "").await;
    assert_eq!(gone.status.as_u16(), 204);
    let elsewhere = r#"{"targetUrl": "https://elsewhere.example.org"}"#;
    let lead = || with_token(&doors, &narrow, Method::PUT, SETTINGS, elsewhere);
    let native = r#"{"url": "https://elsewhere.example.org", "shape": "hubspot"}"#;
    let own = "/api/v1/destinations/app-7";
    let refused = || async {
        assert_eq!(lead().await.fault(), (403, "MISSING_SCOPES".into()));
        let native = with_token(&doors, &narrow, Method::PUT, own, native).await;
        assert_eq!(native.status.as_u16(), 403);
    };
    refused().await;
    let waiting = doors.rapport.outbox(0, 10).await.expect("the outbox");
    let number = waiting.last().expect("one").number;
    let error = "410".to_owned();
    let dead = doors
        .rapport
        .delivered(vec![(number, Delivery::Dead { error })]);
    dead.await.expect("recorded");
    refused().await;
    // Once it is sent there is nothing left to hear.
    assert!(doors.rapport.redrive(number).await.expect("sent again"));
    let waiting = doors.rapport.outbox(0, 10).await.expect("the outbox");
    let sent = waiting
        .iter()
        .map(|one| (one.number, Delivery::Delivered))
        .collect();
    doors.rapport.delivered(sent).await.expect("recorded");
    assert_eq!(lead().await.status.as_u16(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_app_refused_is_read_and_sent_again_by_who_may_hear_it() {
    let doors = doors().await;
    for event in ["deal.creation", "deal.associationChange"] {
        let body = json!({ "eventType": event, "active": true });
        let made = doors.ask(Method::POST, SUBSCRIPTIONS, body).await;
        assert_eq!(made.status.as_u16(), 201, "{event}");
    }
    let deal = doors.post("/crm/v3/objects/deals", r#"{"properties": {}}"#);
    let deal = deal.await.good()["id"].clone();
    let waiting = doors.rapport.outbox(0, 10).await.expect("the outbox");
    let dead = |number| {
        let error = "410".to_owned();
        (number, Delivery::Dead { error })
    };
    let refused = waiting.iter().map(|message| dead(message.number));
    let recorded = doors.rapport.delivered(refused.collect()).await;
    recorded.expect("recorded");
    let letters = "/api/v1/dead-letters";
    let shown = doors.get(letters).await.good();
    let record = format!("0-3/{}", deal.as_str().expect("an id"));
    assert_eq!(shown["results"][0]["record"], record);
    let id = shown["results"][0]["id"].as_str().expect("an id");
    let again = format!("{letters}/{id}/redrive");
    let people = token(&doors, &["destinations.write", "crm.objects.contacts.read"]).await;
    let unseen = with_token(&doors, &people, Method::GET, letters, "").await;
    assert_eq!(unseen.good()["results"], json!([]));
    let unseen = with_token(&doors, &people, Method::POST, &again, "").await;
    assert_eq!(unseen.status.as_u16(), 404);
    let deals = token(&doors, &["destinations.write", "crm.objects.deals.read"]).await;
    let seen = with_token(&doors, &deals, Method::GET, letters, "").await;
    assert_eq!(seen.good()["results"][0]["id"], id);
    let sent = with_token(&doors, &deals, Method::POST, &again, "").await;
    assert_eq!(sent.status.as_u16(), 202);
    let waiting = doors.rapport.outbox(0, 10).await.expect("the outbox");
    assert_eq!(waiting.len(), 1);
}
