//! Webhooks against real servers: what is sent, what answers mean, and what is never reached.

use super::*;
use crate::guard::SystemLookup;
use crate::guard::allow::Allow;
use crate::outbox::About;
use crate::receiver::{self, Receiver};
use axum::response::IntoResponse;
use hmac::{Hmac, Mac};
use rapport_core::entry::Shape;
use rapport_core::identity::ProfileNo;
use std::io;
use std::net::IpAddr;
use std::time::Instant;

mod document;

const NOW: Millis = Millis(1_700_000_000_123);

fn destination(url: impl Into<String>) -> Destination {
    Destination {
        key: "hook".into(),
        url: url.into(),
        secret: "whsec_dairy".into(),
        shape: Shape::Track,
        segments: Vec::new(),
        concurrency: None,
        created: Millis(0),
        updated: Millis(0),
    }
}

fn message() -> Message {
    Message {
        number: 1,
        destination: "hook".into(),
        about: About::Person(ProfileNo(42)),
        key: "aud_0123".into(),
        body: r#"{"type":"track","event":"Audience Entered","name":"Žofia"}"#.into(),
        events: 1,
        attempts: 0,
        next_at: NOW,
        created: NOW,
        last_error: String::new(),
    }
}

/// Names in these tests lead to this machine.
struct Here;

#[async_trait]
impl Lookup for Here {
    async fn lookup(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        Ok(vec![IpAddr::from([127, 0, 0, 1])])
    }
}

fn webhook(allowed: &[&str], settings: Settings) -> Webhook {
    let guard = Guard::new(Allow::parse(allowed).expect("a good allow list"));
    Webhook::new(guard, Arc::new(Here), settings).expect("a client")
}

fn local() -> Webhook {
    webhook(&["127.0.0.1"], Settings::default())
}

async fn send(webhook: &Webhook, url: impl Into<String>) -> Verdict {
    webhook
        .deliver(&destination(url), &[Arc::new(message())], NOW)
        .await
}

#[tokio::test]
async fn a_message_is_posted_as_it_is_with_key_and_name() {
    let receiver = Receiver::always(StatusCode::OK).await;
    assert_eq!(send(&local(), receiver.url()).await, Verdict::Delivered);
    let seen = receiver.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].path, "/hook");
    assert_eq!(seen[0].body, message().body);
    assert_eq!(seen[0].header("content-type"), "application/json");
    assert_eq!(seen[0].header("idempotency-key"), "aud_0123");
    let agent = format!("Rapport/{}", env!("CARGO_PKG_VERSION"));
    assert_eq!(seen[0].header("user-agent"), agent);
}

#[tokio::test]
async fn a_receiver_can_verify_both_signatures_from_the_raw_body() {
    let receiver = Receiver::always(StatusCode::OK).await;
    send(&local(), receiver.url()).await;
    let seen = receiver.seen().remove(0);

    let mut sha1 = Hmac::<sha1::Sha1>::new_from_slice(b"whsec_dairy").expect("any key");
    sha1.update(seen.body.as_bytes());
    let expected = hex::decode(seen.header("x-signature")).expect("hex");
    sha1.verify_slice(&expected)
        .expect("the compatible signature holds");

    let header = seen.header("x-rapport-signature");
    let (time, signature) = header.split_once(",v1=").expect("two parts");
    let time = time.strip_prefix("t=").expect("a time");
    assert_eq!(time, "1700000000");
    let mut sha256 = Hmac::<sha2::Sha256>::new_from_slice(b"whsec_dairy").expect("any key");
    sha256.update(time.as_bytes());
    sha256.update(b".");
    sha256.update(seen.body.as_bytes());
    sha256
        .verify_slice(&hex::decode(signature).expect("hex"))
        .expect("the signature holds");
}

#[tokio::test]
async fn without_a_secret_nothing_pretends_to_be_signed() {
    let receiver = Receiver::always(StatusCode::OK).await;
    let open = Destination {
        secret: String::new(),
        ..destination(receiver.url())
    };
    assert_eq!(
        local().deliver(&open, &[Arc::new(message())], NOW).await,
        Verdict::Delivered
    );
    let seen = receiver.seen().remove(0);
    assert_eq!(
        (
            seen.header("x-signature"),
            seen.header("x-rapport-signature")
        ),
        ("", "")
    );
}

#[tokio::test]
async fn each_kind_of_answer_has_its_meaning() {
    for (status, expected) in [
        (200, "delivered"),
        (204, "delivered"),
        (299, "delivered"),
        (301, "refused"),
        (400, "refused"),
        (401, "refused"),
        (404, "refused"),
        (410, "refused"),
        (408, "failed"),
        (429, "busy"),
        (500, "failed"),
        (502, "failed"),
        (503, "failed"),
        (504, "failed"),
    ] {
        let status = StatusCode::from_u16(status).expect("a status");
        let receiver = Receiver::always(status).await;
        let verdict = send(&local(), receiver.url()).await;
        let word = match &verdict {
            Verdict::Delivered => "delivered",
            Verdict::Failed { .. } => "failed",
            Verdict::Busy { .. } => "busy",
            Verdict::Refused { .. } => "refused",
        };
        assert_eq!(word, expected, "{status}: {verdict:?}");
    }
}

#[tokio::test]
async fn a_rest_that_is_asked_for_is_passed_on() {
    for status in [
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::SERVICE_UNAVAILABLE,
    ] {
        let answer = move |_: &receiver::Seen| (status, [("retry-after", "7")]).into_response();
        let receiver = Receiver::start(answer).await;
        let verdict = send(&local(), receiver.url()).await;
        assert!(
            matches!(
                verdict,
                Verdict::Busy {
                    after_ms: Some(7_000),
                    ..
                }
            ),
            "{verdict:?}"
        );
    }
}

#[tokio::test]
async fn an_error_tells_people_what_was_answered_in_one_line() {
    let answer = |_: &receiver::Seen| (StatusCode::BAD_REQUEST, "no such\nfield").into_response();
    let receiver = Receiver::start(answer).await;
    let error = "answered 400 Bad Request: no such field".to_owned();
    assert_eq!(
        send(&local(), receiver.url()).await,
        Verdict::Refused { error }
    );
}

#[tokio::test]
async fn a_closed_port_is_a_failure_that_does_not_repeat_the_url() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a free port");
    let url = format!(
        "http://{}/hook?token=secret",
        listener.local_addr().expect("an address")
    );
    drop(listener);
    let Verdict::Failed { error } = send(&local(), url).await else {
        panic!("it must fail");
    };
    assert!(
        error.starts_with("could not connect") && !error.contains("secret"),
        "{error}"
    );
}

#[tokio::test]
async fn an_address_that_is_not_allowed_is_never_connected_to() {
    let receiver = Receiver::always(StatusCode::OK).await;
    let strict = webhook(&[], Settings::default());
    for url in [
        receiver.url(),
        format!("http://localhost:{}/hook", receiver.at.port()),
        format!("http://rebind.example:{}/hook", receiver.at.port()),
        format!("http://2130706433:{}/hook", receiver.at.port()),
        format!("http://[::ffff:127.0.0.1]:{}/hook", receiver.at.port()),
    ] {
        let verdict = send(&strict, url.clone()).await;
        assert!(
            matches!(verdict, Verdict::Refused { .. }),
            "{url}: {verdict:?}"
        );
    }
    assert!(receiver.seen().is_empty());
}

#[tokio::test]
async fn the_systems_own_resolver_is_guarded_too() {
    let receiver = Receiver::always(StatusCode::OK).await;
    let strict = Webhook::new(
        Guard::default(),
        Arc::new(SystemLookup),
        Settings::default(),
    );
    let url = format!("http://localhost:{}/hook", receiver.at.port());
    let verdict = send(&strict.expect("a client"), url).await;
    assert!(
        matches!(&verdict, Verdict::Refused { error } if error.contains("localhost")),
        "{verdict:?}"
    );
    assert!(receiver.seen().is_empty());
}

#[tokio::test]
async fn an_allowed_name_is_reached_by_its_name() {
    let receiver = Receiver::always(StatusCode::OK).await;
    let named = webhook(&["hooks.internal"], Settings::default());
    let url = format!("http://hooks.internal:{}/hook", receiver.at.port());
    assert_eq!(send(&named, url).await, Verdict::Delivered);
    assert_eq!(
        receiver.seen()[0].header("host"),
        format!("hooks.internal:{}", receiver.at.port())
    );
}

fn redirecting(
    status: StatusCode,
    to: String,
) -> impl Fn(&receiver::Seen) -> axum::response::Response + Clone {
    move |seen| match seen.path.as_str() {
        "/hook" => (status, [("location", to.clone())]).into_response(),
        _ => StatusCode::OK.into_response(),
    }
}

#[tokio::test]
async fn redirects_are_refused_unless_configured() {
    for status in [301, 302, 303, 307, 308] {
        let status = StatusCode::from_u16(status).expect("a status");
        let receiver = Receiver::start(redirecting(status, "/there".into())).await;
        let verdict = send(&local(), receiver.url()).await;
        assert!(
            matches!(verdict, Verdict::Refused { .. }),
            "{status}: {verdict:?}"
        );
        assert_eq!(receiver.seen().len(), 1, "{status}");
    }
}

fn following(allowed: &[&str]) -> Webhook {
    webhook(
        allowed,
        Settings {
            redirects: Redirects::Follow,
            ..Settings::default()
        },
    )
}

#[tokio::test]
async fn a_followed_redirect_keeps_method_body_and_key() {
    let status = StatusCode::PERMANENT_REDIRECT;
    let receiver = Receiver::start(redirecting(status, "/there".into())).await;
    assert_eq!(
        send(&following(&["127.0.0.1"]), receiver.url()).await,
        Verdict::Delivered
    );
    let there = receiver.seen().remove(1);
    assert_eq!(
        (there.path.as_str(), there.body.clone()),
        ("/there", message().body)
    );
    assert_eq!(there.header("idempotency-key"), "aud_0123");
}

#[tokio::test]
async fn a_redirect_that_would_lose_the_body_or_the_guard_is_refused() {
    let inside = Receiver::always(StatusCode::OK).await;
    let port = inside.at.port();
    for (status, to) in [
        (302, "/there".to_owned()),
        (307, format!("http://127.0.0.1:{port}/secret")),
        (307, format!("http://[::1]:{port}/secret")),
        (307, format!("//127.0.0.1:{port}/secret")),
        (307, "http://169.254.169.254/latest/meta-data/".to_owned()),
        (308, format!("http://0x7f.1:{port}/secret")),
        (308, format!("http://inside.example:{port}/secret")),
        (308, "file:///etc/passwd".to_owned()),
        (308, String::new() + "http://user:pass@example.org/"),
    ] {
        let status = StatusCode::from_u16(status).expect("a status");
        let receiver = Receiver::start(redirecting(status, to.clone())).await;
        // Only the first hop is allowed, by its name.
        let url = format!("http://hooks.internal:{}/hook", receiver.at.port());
        let verdict = send(&following(&["hooks.internal"]), url).await;
        assert!(
            matches!(verdict, Verdict::Refused { .. }),
            "{to}: {verdict:?}"
        );
        assert_eq!(receiver.seen().len(), 1, "{to}");
    }
    assert!(inside.seen().is_empty());
}

#[tokio::test]
async fn a_redirect_in_a_circle_ends() {
    let receiver =
        Receiver::start(redirecting(StatusCode::TEMPORARY_REDIRECT, "/hook".into())).await;
    let verdict = send(&following(&["127.0.0.1"]), receiver.url()).await;
    assert!(matches!(verdict, Verdict::Refused { .. }), "{verdict:?}");
    assert_eq!(receiver.seen().len(), 1 + HOPS);
}

fn impatient() -> Webhook {
    webhook(
        &["127.0.0.1"],
        Settings {
            timeout_ms: 300,
            ..Settings::default()
        },
    )
}

#[tokio::test]
async fn headers_that_never_end_are_given_up_in_time() {
    let at = receiver::dribbling(b"HTTP/1.1 200 OK\r\nx-a: ", b"b", 20).await;
    let started = Instant::now();
    let verdict = send(&impatient(), format!("http://{at}/")).await;
    assert!(matches!(verdict, Verdict::Failed { .. }), "{verdict:?}");
    assert!(started.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn headers_without_bounds_are_refused_before_they_fill_the_memory() {
    const FLOOD: &[u8] = &[b'x'; 65_536];
    let at = receiver::dribbling(b"HTTP/1.1 200 OK\r\nx-a: ", FLOOD, 0).await;
    let verdict = send(&local(), format!("http://{at}/")).await;
    assert!(matches!(verdict, Verdict::Failed { .. }), "{verdict:?}");
}

#[tokio::test]
async fn a_body_that_never_ends_neither_holds_the_slot_nor_changes_the_verdict() {
    const FLOOD: &[u8] = &[b'x'; 65_536];
    for (drop, every_ms) in [(b"x".as_slice(), 20), (FLOOD, 0)] {
        let at = receiver::dribbling(b"HTTP/1.1 200 OK\r\n\r\n", drop, every_ms).await;
        let started = Instant::now();
        assert_eq!(
            send(&local(), format!("http://{at}/")).await,
            Verdict::Delivered
        );
        assert!(started.elapsed() < Duration::from_secs(3));
    }
}
