//! `/api/v1/sign-in`, `/sign-out`, `/session`: who is signed in, and for how long.

use super::Doors;
use super::signed::{Browser, PASSWORD, ask, attempt, attempt_with, audit, member, signed_in};
use axum::http::Method;
use serde_json::json;

async fn with_ana() -> Doors {
    let doors = Doors::open().await;
    member(&doors, "ana@example.org", "admin").await;
    doors
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_signs_in_asks_and_signs_out() {
    let doors = with_ana().await;
    let answer = attempt(&doors, " Ana@Example.ORG", PASSWORD).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    for line in answer.headers.get_all("set-cookie") {
        let line = line.to_str().expect("ASCII");
        for part in [
            "__Host-rapport",
            "Secure",
            "HttpOnly",
            "SameSite=Lax",
            "Path=/",
        ] {
            assert!(line.contains(part), "{line}");
        }
    }
    let ana = Browser::of(&answer);
    let session = ana.get(&doors, "/api/v1/session").await.good();
    assert_eq!(session["actor"], "member:1");
    assert_eq!(session["member"]["email"], "ana@example.org");
    assert_eq!(session["role"]["key"], "admin");
    assert_eq!(session["session"]["csrf_token"], *ana.csrf);
    assert_eq!(
        ana.get(&doors, "/api/v1/segments").await.status.as_u16(),
        200
    );
    let put = ana
        .ask(
            &doors,
            Method::PUT,
            "/api/v1/time_zone",
            r#"{"time_zone":"Europe/Berlin"}"#,
        )
        .await;
    assert_eq!(put.status.as_u16(), 200);
    let out = ana.ask(&doors, Method::POST, "/api/v1/sign-out", "").await;
    assert_eq!(out.status.as_u16(), 204);
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    let gone = ana.get(&doors, "/api/v1/session").await;
    assert_eq!(gone.error(), (401, "unauthorized".into()));
    let again = ana.ask(&doors, Method::POST, "/api/v1/sign-out", "").await;
    assert_eq!(again.status.as_u16(), 204, "twice is once");
    let words: Vec<String> = audit(&doors)
        .await
        .iter()
        .map(|r| r["what"].to_string())
        .collect();
    assert_eq!(words[..2], ["\"signed_out\"", "\"signed_in\""]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_sign_in_has_an_id_of_its_own_and_takes_the_place_of_the_browsers_last() {
    let doors = with_ana().await;
    let first = signed_in(&doors, "ana@example.org").await;
    let headers = [("cookie", &*first.cookies)];
    let answer = attempt_with(&doors, &headers, "ana@example.org", PASSWORD).await;
    let second = Browser::of(&answer);
    assert_ne!(
        (&first.cookies, &first.csrf),
        (&second.cookies, &second.csrf)
    );
    assert_eq!(
        first.get(&doors, "/api/v1/session").await.status.as_u16(),
        401
    );
    assert_eq!(
        second.get(&doors, "/api/v1/session").await.status.as_u16(),
        200
    );
    // An id somebody chose is not taken over.
    let planted = [("cookie", "__Host-rapport=ses_planted")];
    let answer = attempt_with(&doors, &planted, "ana@example.org", PASSWORD).await;
    assert!(!Browser::of(&answer).cookies.contains("ses_planted"));
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_everywhere_ends_every_session_of_the_member_alone() {
    let doors = with_ana().await;
    member(&doors, "ben@example.org", "viewer").await;
    let ben = signed_in(&doors, "ben@example.org").await;
    let (one, two) = (
        signed_in(&doors, "ana@example.org").await,
        signed_in(&doors, "ana@example.org").await,
    );
    let body = r#"{"everywhere":true}"#;
    let out = one
        .ask(&doors, Method::POST, "/api/v1/sign-out", body)
        .await;
    assert_eq!(out.status.as_u16(), 204);
    for browser in [&one, &two] {
        assert_eq!(
            browser.get(&doors, "/api/v1/session").await.status.as_u16(),
            401
        );
    }
    assert_eq!(
        ben.get(&doors, "/api/v1/session").await.status.as_u16(),
        200
    );
    assert_eq!(
        doors
            .post("/api/v1/members/2/sign-out", "")
            .await
            .status
            .as_u16(),
        204
    );
    assert_eq!(
        ben.get(&doors, "/api/v1/session").await.status.as_u16(),
        401
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_password_ends_what_was_signed_in_with_the_last_one() {
    let doors = with_ana().await;
    let (here, there) = (
        signed_in(&doors, "ana@example.org").await,
        signed_in(&doors, "ana@example.org").await,
    );
    let path = "/api/v1/session/password";
    let wrong = json!({ "current": "not the one", "new": "another horse battery" }).to_string();
    let refused = here.ask(&doors, Method::PUT, path, &wrong).await;
    assert_eq!(refused.error(), (401, "sign_in_refused".into()));
    let weak = json!({ "current": PASSWORD, "new": "password1234" }).to_string();
    let refused = here.ask(&doors, Method::PUT, path, &weak).await;
    assert_eq!(refused.error(), (400, "weak_password".into()));
    let fine = json!({ "current": PASSWORD, "new": "another horse battery" }).to_string();
    let renewed = Browser::of(&here.ask(&doors, Method::PUT, path, &fine).await);
    for over in [&here, &there] {
        assert_eq!(
            over.get(&doors, "/api/v1/session").await.status.as_u16(),
            401
        );
    }
    assert_eq!(
        renewed.get(&doors, "/api/v1/session").await.status.as_u16(),
        200
    );
    assert_eq!(
        attempt(&doors, "ana@example.org", PASSWORD)
            .await
            .status
            .as_u16(),
        401
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_quiet_or_old_is_over() {
    let settings = crate::ApiSettings {
        sign_in: crate::SignInSettings {
            idle_ms: 0,
            session_ms: 60_000,
        },
        ..crate::ApiSettings::default()
    };
    let doors = Doors::open_with(settings).await;
    member(&doors, "ana@example.org", "admin").await;
    let ana = signed_in(&doors, "ana@example.org").await;
    assert_eq!(
        ana.get(&doors, "/api/v1/session").await.status.as_u16(),
        401,
        "quiet"
    );
    let settings = crate::ApiSettings {
        sign_in: crate::SignInSettings {
            idle_ms: 60_000,
            session_ms: 0,
        },
        ..crate::ApiSettings::default()
    };
    let doors = Doors::open_with(settings).await;
    member(&doors, "ana@example.org", "admin").await;
    let ana = signed_in(&doors, "ana@example.org").await;
    assert_eq!(
        ana.get(&doors, "/api/v1/session").await.status.as_u16(),
        401,
        "old"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_told_and_counts_for_nothing() {
    let doors = with_ana().await;
    for body in [
        "",
        "[]",
        "{}",
        r#"{"email":"a","password":1}"#,
        r#"{"email":"a@b.c","password":"x","admin":true}"#,
    ] {
        let answer = ask(&doors, Method::POST, "/api/v1/sign-in", &[], body).await;
        assert_eq!(answer.error(), (400, "invalid_body".into()), "{body}");
    }
    let long = "x".repeat(5_000);
    let answer = attempt(&doors, "ana@example.org", &long).await;
    assert_eq!(answer.error(), (401, "sign_in_refused".into()));
    let answer = attempt(&doors, "no address", PASSWORD).await;
    assert_eq!(answer.error(), (401, "sign_in_refused".into()));
}
