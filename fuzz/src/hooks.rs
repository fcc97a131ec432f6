//! Webhooks: maps, deliveries and signatures, which anybody may send.

use axum::http::{HeaderMap, HeaderValue};
use rapport_api::signature::{self, Sent};

use rapport_core::event::dialect::webhook;
use rapport_core::event::mapping::{Delivery, Map, Mapped, ready};
use rapport_core::event::webhook::{Encoding, HubspotVersions, Verify};
use rapport_core::time::Millis;

/// Maps as people write them.
pub(crate) const MAPS: &[&[u8]] = &[
    br#"{"otherwise":"skip","parts":[{"each":"a[].b[]","rules":[{"when":{"^.x":{"not":{"in":[1,"a",true]}},"@x-topic":{"starts_with":"o"}},"type":"track","event":{"map":"{s}","to":{"a":"E"},"else":"F"},"identifiers":{"email":"{e|lower}","phone":"{p ?? $.p|phone}"},"time":"{t|seconds}","message_id":"m-{id}","properties":{"n":{"sum":"l[]","of":["{p}","{q}",-1]},"l":{"each":"l[]","of":{"object":{"{k}":"{^.v|number}"}}},"f":{"first":["{a}",null,5]}}},{"skip":true}]}]}"#,
    br#"{"rules":[{"when":[{"a":1},{"b":{"same_as":"c"}}],"type":"alias","previous":"{a}","identifiers":{"user_id":"{{x}}"},"context":{"ip":"{c\\.d|trim|count|join|cents}"}}]}"#,
];

/// Deliveries as providers send them.
pub(crate) const DELIVERIES: &[&[u8]] = &[
    br#"{"headers":{"x-shopify-topic":"orders/paid"},"body":{"id":5,"email":"Ana@example.org","customer":{"id":7,"phone":"+46701740605"},"total_price":"28.33","line_items":[{"product_id":1,"price":"7.99","quantity":2}],"refunds":[{"id":9,"transactions":[{"amount":"7.99"}]}]}}"#,
    br#"{"headers":{},"body":{"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"contacts":[{"wa_id":"46701740605","profile":{"name":"Ana"}}],"messages":[{"from":"46701740605","id":"w1","timestamp":"1764061200","type":"order","order":{"product_items":[{"item_price":7.99,"quantity":2,"currency":"EUR"}]}}],"statuses":[{"id":"w2","status":"read","recipient_id":"46701740605"}]}}]}]}}"#,
    br#"{"redrive_of":"7.0","headers":{},"body":[{"event":"open","email":"a@b.cd","timestamp":1764061200,"sg_event_id":"x","category":["a","b"]},{"subscriptionType":"contact.propertyChange","propertyName":"email","propertyValue":"a@b.cd","objectId":1,"occurredAt":1764062400000}]}"#,
];

/// Values of the headers that carry signatures, and bodies that do.
pub(crate) const SIGNATURES: &[&[u8]] = &[
    b"t=1700000000,v1=248a374f50f943a28b0f6ab50faf9a7e7e29b710fa26df9fb1618b9bf8ea9c9a,v0=x",
    b"v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0= v1a,AAAA",
    b"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
    b"Basic ZGFpcnk6cDp3",
    b"MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM=",
    br#"{"signature":{"timestamp":"1700000000","token":"c0ffee","signature":"576b5a66"}}"#,
];

/// A map is refused with a place, or makes events of every delivery without a panic.
pub(crate) fn map(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    match Map::parse(&text) {
        Ok(map) => DELIVERIES.iter().for_each(|one| apply(&map, one)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Every ready map takes any delivery.
pub(crate) fn delivery(input: &[u8]) {
    for map in ready::names().into_iter().filter_map(ready::find) {
        apply(&map.map().expect("ready maps can be read"), input);
    }
}

fn apply(map: &Map, kept: &[u8]) {
    let text = String::from_utf8_lossy(kept);
    let Some(opened) = webhook::open(&text) else {
        return;
    };
    let delivery = Delivery {
        headers: &opened.headers,
        body: opened.body,
    };
    let mapped = map.apply(delivery);
    assert!(!mapped.is_empty(), "something becomes of every delivery");
    for one in mapped {
        match one {
            Mapped::Event(draft) => assert!(!draft.identifiers.is_empty()),
            Mapped::Skipped { body, .. } | Mapped::Invalid { body, .. } => {
                let again = webhook::envelope(&opened.headers, &body, None);
                let again = webhook::open(&again).expect("what is kept can be opened again");
                assert_eq!(again.body, body.trim_ascii());
            }
        }
    }
}

/// No scheme takes what it did not sign, and none panics over it.
pub(crate) fn signature(input: &[u8]) {
    let secret = || "not the secret of any of them".to_owned();
    let key = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==";
    let hmac = |encoding| Verify::Hmac {
        secret: secret(),
        header: "x-signature".to_owned(),
        prefix: "sha256=".to_owned(),
        encoding,
    };
    let hubspot = |accept| Verify::Hubspot {
        secret: secret(),
        accept,
    };
    let schemes = [
        Verify::Shopify { secret: secret() },
        Verify::Meta {
            secret: secret(),
            verify_token: secret(),
        },
        Verify::Stripe {
            secret: secret(),
            header: None,
        },
        Verify::Sendgrid {
            public_key: key.to_owned(),
        },
        Verify::Mailgun { secret: secret() },
        hubspot(HubspotVersions::V3),
        hubspot(HubspotVersions::Any),
        Verify::StandardWebhooks {
            secret: "whsec_AAAA".to_owned(),
        },
        hmac(Encoding::Hex),
        hmac(Encoding::Base64),
        Verify::Basic {
            user: "u".to_owned(),
            password: secret(),
        },
    ];
    let headers = headers(input);
    let sent = Sent {
        method: "POST",
        url: "https://cdp.example.org/v1/webhook/wh_1?a=%2F%",
        headers: &headers,
        body: input,
    };
    for scheme in &schemes {
        let proof = signature::check(scheme, &sent, Millis(1_700_000_000_000));
        let unproven = proof.expect_err("nobody signed this");
        assert!(!unproven.to_string().is_empty());
    }
}

/// The input in every header that a scheme reads, where it can stand in one.
fn headers(input: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let Ok(value) = HeaderValue::from_bytes(input) else {
        return headers;
    };
    for name in [
        "x-shopify-hmac-sha256",
        "x-hub-signature-256",
        "stripe-signature",
        "x-twilio-email-event-webhook-signature",
        "x-hubspot-signature",
        "x-hubspot-signature-v3",
        "webhook-signature",
        "x-signature",
        "authorization",
    ] {
        headers.insert(name, value.clone());
    }
    for name in [
        "x-twilio-email-event-webhook-timestamp",
        "x-hubspot-request-timestamp",
        "webhook-timestamp",
        "webhook-id",
    ] {
        headers.insert(name, HeaderValue::from_static("1700000000"));
    }
    headers
}
