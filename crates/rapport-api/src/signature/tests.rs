//! Each scheme against a vector that its provider published, or that another program computed.

use super::*;
use axum::http::HeaderValue;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rapport_core::event::webhook::{Encoding, HubspotVersions};
use rapport_core::time::SECOND_MS;

const NOW: Millis = Millis(1_700_000_000_000);

struct Case<'a> {
    headers: Vec<(&'static str, &'a str)>,
    body: &'a [u8],
    url: &'a str,
}

impl Case<'_> {
    fn at(&self, verify: &Verify, now: Millis) -> Result<Proof, &'static str> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            headers.insert(*name, HeaderValue::from_str(value).expect("a header"));
        }
        let sent = Sent {
            method: "POST",
            url: self.url,
            headers: &headers,
            body: self.body,
        };
        check(verify, &sent, now).map_err(|unproven| unproven.code())
    }
}

fn case<'a>(headers: &[(&'static str, &'a str)], body: &'a [u8]) -> Case<'a> {
    Case {
        headers: headers.to_vec(),
        body,
        url: "https://www.example.com/webhook_uri",
    }
}

/// Taken as it is; refused when the body, the secret or the signature is another one.
#[track_caller]
fn proves(case: &Case<'_>, verify: &Verify, other: &Verify, now: Millis) {
    assert!(case.at(verify, now).is_ok(), "{:?}", case.at(verify, now));
    assert_eq!(case.at(other, now), Err("wrong_signature"));
    let changed = Case {
        headers: case.headers.clone(),
        body: b"{\"another\":1}",
        ..*case
    };
    assert_eq!(changed.at(verify, now), Err("wrong_signature"));
    let unsigned = Case {
        headers: Vec::new(),
        ..*case
    };
    assert_eq!(unsigned.at(verify, now), Err("unsigned"));
    for garbage in [
        "",
        "x",
        "sha256=",
        "t=,v1=",
        "v1,",
        "sha256=zz",
        "t=1,v1=zz",
        "v1,!!",
    ] {
        let mut broken = Case {
            headers: case.headers.clone(),
            ..*case
        };
        broken.headers[0].1 = garbage;
        assert!(broken.at(verify, now).is_err(), "{garbage}");
    }
}

/// Refused once it is too old, and before its time.
#[track_caller]
fn grows_old(case: &Case<'_>, verify: &Verify, signed: Millis, tolerance_ms: i64) {
    for sign in [-1, 1] {
        assert!(case.at(verify, signed.plus(sign * tolerance_ms)).is_ok());
        let later = signed.plus(sign * (tolerance_ms + 2 * SECOND_MS));
        assert_eq!(case.at(verify, later), Err("stale_signature"));
    }
}

fn text(text: &str) -> String {
    text.to_owned()
}

/// The vector of GitHub's documentation, whose scheme is the same.
#[test]
fn meta_signs_the_body_in_hex() {
    let signature = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let meta = |secret: &str| Verify::Meta {
        secret: text(secret),
        verify_token: text("word"),
    };
    let case = case(&[("x-hub-signature-256", signature)], b"Hello, World!");
    proves(&case, &meta("It's a Secret to Everybody"), &meta("x"), NOW);
}

#[test]
fn meta_gets_its_challenge_back_for_the_right_word_only() {
    let verify = Verify::Meta {
        secret: text("s"),
        verify_token: text("word"),
    };
    let answer = |mode: &str, word: &str, challenge: &str| {
        let query = [
            ("hub.mode", mode),
            ("hub.verify_token", word),
            ("hub.challenge", challenge),
        ];
        let query = query.map(|(name, value)| (name.to_owned(), value.to_owned()));
        super::challenge(&verify, &query).map(str::to_owned)
    };
    assert_eq!(
        answer("subscribe", "word", "1158201444"),
        Some(text("1158201444"))
    );
    assert_eq!(answer("subscribe", "other", "1"), None);
    assert_eq!(answer("unsubscribe", "word", "1"), None);
    assert_eq!(answer("subscribe", "word", "<script>"), None);
    assert_eq!(answer("subscribe", "word", &"1".repeat(300)), None);
    assert_eq!(super::challenge(&Verify::None, &[]), None);
}

/// Computed with Python's `hmac` and `base64`.
#[test]
fn shopify_signs_the_body_in_base64() {
    let shopify = |secret: &str| Verify::Shopify {
        secret: text(secret),
    };
    let body = br#"{"id":820982911946154508,"email":"ana@example.org"}"#;
    let signature = "BZBEMS2x83uNF1VH70UEoEOHsYtu7S2sgA5Yq/1WZ5s=";
    let case = case(&[("x-shopify-hmac-sha256", signature)], body);
    proves(&case, &shopify("hush"), &shopify("hus"), NOW);
}

/// Computed with Python's `hmac`.
#[test]
fn stripe_signs_time_and_body_and_may_sign_twice() {
    let stripe = |secret: &str| Verify::Stripe {
        secret: text(secret),
        header: None,
    };
    let right = "248a374f50f943a28b0f6ab50faf9a7e7e29b710fa26df9fb1618b9bf8ea9c9a";
    let wrong = "0".repeat(64);
    let value = format!("t=1700000000,v1={right}");
    let body = br#"{"id":"evt_1"}"#;
    let (verify, other) = (stripe("whsec_test_secret"), stripe("whsec_other"));
    let one = case(&[("stripe-signature", &value)], body);
    proves(&one, &verify, &other, NOW);
    grows_old(&one, &verify, NOW, TOLERANCE_MS);
    let twice = format!("t=1700000000,v1={wrong},v0=ab,v1={right}");
    assert!(
        case(&[("stripe-signature", &twice)], body)
            .at(&verify, NOW)
            .is_ok()
    );
    let moved = format!("t=1700000001,v1={right}");
    let moved = case(&[("stripe-signature", &moved)], body);
    assert_eq!(moved.at(&verify, NOW), Err("wrong_signature"));
}

/// The vector of the service that the standard came from.
#[test]
fn standard_webhooks_sign_id_time_and_body() {
    let standard = |secret: &str| Verify::StandardWebhooks {
        secret: text(secret),
    };
    let body = br#"{"event_type":"ping","data":{"success":true}}"#;
    let signature = "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=";
    let (verify, other) = (
        standard("whsec_plJ3nmyCDGBKInavdOK15jsl"),
        standard("whsec_AAAA"),
    );
    let signed = Millis(1_731_705_121_000);
    for prefix in [
        ["webhook-signature", "webhook-id", "webhook-timestamp"],
        ["svix-signature", "svix-id", "svix-timestamp"],
    ] {
        let headers = [
            (prefix[0], signature),
            (prefix[1], "msg_loFOjxBNrRLzqYUf"),
            (prefix[2], "1731705121"),
        ];
        let case = case(&headers, body);
        proves(&case, &verify, &other, signed);
        grows_old(&case, &verify, signed, TOLERANCE_MS);
    }
    assert!(usable(&standard("whsec_!")).is_err());
}

/// The vector of SendGrid's own libraries.
#[test]
fn sendgrid_signs_with_a_key_that_is_checked_in_public() {
    const KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==";
    const OTHER: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqTxd43gyp8IOEto2LdIfjRQrIbsd4SXZkLW6jDutdhXSJCWHw8REntlo7aNDthvj+y7GjUuFDb/R1NGe1OPzpA==";
    const SIGNATURE: &str = "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM=";
    let sendgrid = |key: &str| Verify::Sendgrid {
        public_key: text(key),
    };
    let body = concat!(
        r#"[{"email":"hello@world.com","event":"dropped","reason":"Bounced Address","#,
        r#""sg_event_id":"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA","#,
        r#""sg_message_id":"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0","#,
        r#""smtp-id":"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>","timestamp":1600112492}]"#,
        "\r\n"
    );
    let signed = Millis(1_600_112_502_000);
    let headers = [
        ("x-twilio-email-event-webhook-signature", SIGNATURE),
        ("x-twilio-email-event-webhook-timestamp", "1600112502"),
    ];
    let case = case(&headers, body.as_bytes());
    proves(&case, &sendgrid(KEY), &sendgrid(OTHER), signed);
    grows_old(&case, &sendgrid(KEY), signed, 25 * 60 * MINUTE_MS);
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{KEY}\n-----END PUBLIC KEY-----\n");
    assert!(case.at(&sendgrid(&pem), signed).is_ok());
    for key in ["", "AAAA", "not base64", &STANDARD.encode([0x30; 91])] {
        assert!(usable(&sendgrid(key)).is_err(), "{key}");
    }
}

/// Computed with Python's `hmac`.
#[test]
fn mailgun_signs_a_token_that_counts_once() {
    let mailgun = |secret: &str| Verify::Mailgun {
        secret: text(secret),
    };
    let body = br#"{"signature":{"timestamp":"1700000000","token":"c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00ff","signature":"576b5a66985537a97471642ae70cedcff9ae05141e9e6948c2c126d1e5695529"},"event-data":{}}"#;
    let case = case(&[], body);
    let proof = case.at(&mailgun("key-dairy"), NOW).expect("a proof");
    let once = proof.once.expect("a token");
    assert!(once.ends_with("c0ffee00ff"), "{once}");
    assert_eq!(case.at(&mailgun("key-other"), NOW), Err("wrong_signature"));
    grows_old(&case, &mailgun("key-dairy"), NOW, mailgun::TOLERANCE_MS);
    for body in ["", "[]", "{}", "{\"signature\":\"x\"}"] {
        let case = self::case(&[], body.as_bytes());
        assert_eq!(
            case.at(&mailgun("key-dairy"), NOW),
            Err("unsigned"),
            "{body}"
        );
    }
}

const HUBSPOT: &str = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy";

fn hubspot(secret: &str, accept: HubspotVersions) -> Verify {
    Verify::Hubspot {
        secret: text(secret),
        accept,
    }
}

/// The vectors of HubSpot's documentation and of its own libraries.
#[test]
fn hubspot_signs_in_three_ways() {
    let signed = Millis(1_693_657_560_000);
    let third = [
        (
            "x-hubspot-signature-v3",
            "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y=",
        ),
        ("x-hubspot-request-timestamp", "1693657560000"),
    ];
    let third = case(&third, b"{'example_field':'example_value'}");
    let (verify, other) = (
        hubspot(HUBSPOT, HubspotVersions::V3),
        hubspot("x", HubspotVersions::V3),
    );
    proves(&third, &verify, &other, signed);
    grows_old(&third, &verify, signed, TOLERANCE_MS);
    let elsewhere = Case {
        url: "https://www.example.com/other",
        headers: third.headers.clone(),
        ..third
    };
    assert_eq!(elsewhere.at(&verify, signed), Err("wrong_signature"));
    let (any, other) = (
        hubspot(HUBSPOT, HubspotVersions::Any),
        hubspot("x", HubspotVersions::Any),
    );
    let first = [(
        "x-hubspot-signature",
        "232db2615f3d666fe21a8ec971ac7b5402d33b9a925784df3ca654d05f4817de",
    )];
    let body = br#"[{"eventId":1,"subscriptionId":12345,"portalId":62515,"occurredAt":1564113600000,"subscriptionType":"contact.creation","attemptNumber":0,"objectId":123,"changeSource":"CRM","changeFlag":"NEW","appId":54321}]"#;
    proves(&case(&first, body), &any, &other, NOW);
    let second = [
        (
            "x-hubspot-signature",
            "9569219f8ba981ffa6f6f16aa0f48637d35d728c7e4d93d0d52efaa512af7900",
        ),
        ("x-hubspot-signature-version", "v2"),
    ];
    let second = case(&second, br#"{"example_field":"example_value"}"#);
    proves(&second, &any, &other, NOW);
}

#[test]
fn a_signature_of_hubspot_that_never_grows_old_counts_only_where_it_is_asked_for() {
    let first = [(
        "x-hubspot-signature",
        "232db2615f3d666fe21a8ec971ac7b5402d33b9a925784df3ca654d05f4817de",
    )];
    let case = case(&first, b"[]");
    assert_eq!(
        case.at(&hubspot(HUBSPOT, HubspotVersions::V3), NOW),
        Err("unsigned")
    );
}

/// Computed with Python's `hmac`.
#[test]
fn a_signature_may_stand_in_any_header_in_two_spellings() {
    let keyed = |secret: &str, prefix: &str, encoding| Verify::Hmac {
        secret: text(secret),
        header: text("X-Signature"),
        prefix: text(prefix),
        encoding,
    };
    let hex = "v0=add853b103fbcc936a194f9eb15e29c4ff08af6e47d5d1bca4f20218e31e4fff";
    let base64 = "rdhTsQP7zJNqGU+esV4pxP8Ir25H1dG8pPICGOMeT/8=";
    let hexed = case(&[("x-signature", hex)], b"{}");
    let (verify, other) = (
        keyed("k", "v0=", Encoding::Hex),
        keyed("x", "v0=", Encoding::Hex),
    );
    proves(&hexed, &verify, &other, NOW);
    let (verify, other) = (
        keyed("k", "", Encoding::Base64),
        keyed("x", "", Encoding::Base64),
    );
    proves(
        &case(&[("x-signature", base64)], b"{}"),
        &verify,
        &other,
        NOW,
    );
}

#[test]
fn passwords_and_words_say_who_sends() {
    let basic = Verify::Basic {
        user: text("dairy"),
        password: text("p:w"),
    };
    let right = format!("Basic {}", STANDARD.encode("dairy:p:w"));
    let wrong = format!("Basic {}", STANDARD.encode("dairy:p"));
    assert!(
        case(&[("authorization", &right)], b"")
            .at(&basic, NOW)
            .is_ok()
    );
    for (value, code) in [
        (wrong.as_str(), "wrong_signature"),
        ("Bearer x", "malformed_signature"),
        ("Basic !", "malformed_signature"),
    ] {
        assert_eq!(
            case(&[("authorization", value)], b"").at(&basic, NOW),
            Err(code)
        );
    }
    let word = Verify::Header {
        header: text("X-Token"),
        secret: text("word"),
    };
    assert!(case(&[("x-token", "word")], b"").at(&word, NOW).is_ok());
    assert_eq!(
        case(&[("x-token", "wor")], b"").at(&word, NOW),
        Err("wrong_signature")
    );
    assert_eq!(case(&[], b"").at(&word, NOW), Err("unsigned"));
    assert!(case(&[], b"").at(&Verify::None, NOW).is_ok());
}

#[test]
fn an_empty_secret_and_a_header_of_no_name_are_not_usable() {
    let empty = Verify::Shopify { secret: text(" ") };
    assert!(usable(&empty).is_err());
    let nameless = Verify::Header {
        header: text("X Token"),
        secret: text("s"),
    };
    assert!(usable(&nameless).is_err());
    assert!(usable(&Verify::None).is_ok());
}
