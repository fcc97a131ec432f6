//! Attacks that other systems of this kind fell to, a test for each class that sign-in, sessions,
//! tokens and rights can fall to.

use super::signed::{
    Browser, PASSWORD, ask, attempt, attempt_with, audit, member, own_contacts, signed_in, token,
    with_token,
};
use super::{Doors, TOKEN};
use axum::http::{Method, Request};
use rapport_core::entry::Command;
use rapport_core::member::MemberNo;
use rapport_flow::keys;
use serde_json::{Value, json};
use std::time::Duration;

async fn with_ana() -> Doors {
    let doors = Doors::open().await;
    member(&doors, "ana@example.org", "admin").await;
    doors
}

/// Guesses until it has to wait; that answer.
async fn slowed_down(doors: &Doors, email: &str) -> super::Answer {
    for n in 0..60 {
        let answer = attempt(doors, email, &format!("guess {n}")).await;
        if answer.status.as_u16() == 429 {
            return answer;
        }
    }
    panic!("60 guesses without a wait");
}

#[tokio::test(flavor = "multi_thread")]
async fn user_enumeration_an_attempt_says_nothing_of_who_there_is() {
    let doors = with_ana().await;
    member(&doors, "gone@example.org", "viewer").await;
    doors.delete("/api/v1/members/2").await;
    let body = json!({ "email": "new@example.org", "role": "viewer" }).to_string();
    doors.post("/api/v1/members", &body).await.good();
    let wrong = "wrong horse battery";
    let known = attempt(&doors, "ana@example.org", wrong).await;
    assert_eq!(known.error(), (401, "sign_in_refused".into()));
    for email in [
        "nobody@example.org",
        "gone@example.org",
        "new@example.org",
        "no address",
    ] {
        let other = attempt(&doors, email, wrong).await;
        assert_eq!(
            (other.status, &other.body),
            (known.status, &known.body),
            "{email}"
        );
        let names = |answer: &super::Answer| {
            let names = answer.headers.keys().map(ToString::to_string);
            names.collect::<Vec<_>>()
        };
        assert_eq!(names(&other), names(&known), "{email}");
    }
    // A wait says as little.
    for email in ["ana@example.org", "nobody@example.org"] {
        let slowed = slowed_down(&doors, email).await;
        assert_eq!(slowed.error(), (429, "too_many_attempts".into()), "{email}");
        assert!(!slowed.header("retry-after").is_empty());
    }
    let failed = audit(&doors).await;
    let about = |record: &&Value| record["what"] == "sign_in_failed";
    for record in failed.iter().filter(about) {
        let subject = record["subject"].as_str().expect("text");
        assert!(
            subject == "nobody" || subject.starts_with("member:"),
            "{record}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn account_takeover_by_guessing_is_slow_and_does_not_lock_the_member_out() {
    let doors = with_ana().await;
    let ana = signed_in(&doors, "ana@example.org").await;
    let device = ana
        .cookies
        .split("; ")
        .find(|pair| pair.starts_with("__Host-rapport-device="));
    let device = device.expect("a device").to_owned();
    let mut statuses = Vec::new();
    for n in 0..40 {
        let guess = format!("guess number {n} of many");
        statuses.push(
            attempt(&doors, "ana@example.org", &guess)
                .await
                .status
                .as_u16(),
        );
    }
    let looked_at = statuses.iter().filter(|status| **status == 401).count();
    assert!(looked_at <= 8, "{statuses:?}");
    slowed_down(&doors, "ana@example.org").await;
    let stranger = attempt(&doors, "ana@example.org", PASSWORD).await;
    assert_eq!(
        stranger.error().0,
        429,
        "from there the right one waits, too"
    );
    let headers = [("cookie", &*device)];
    let known = attempt_with(&doors, &headers, "ana@example.org", PASSWORD).await;
    assert_eq!(
        known.status.as_u16(),
        200,
        "from her own browser she gets in"
    );
    // A device cookie somebody made, or of somebody else, helps nobody.
    member(&doors, "eve@example.org", "viewer").await;
    for forged in [
        "__Host-rapport-device=1.9999999999999.00000000000000000000000000000000".to_owned(),
        device.replacen("=1.", "=2.", 1),
        device.replacen("=1.", "=1.9", 1),
    ] {
        let headers = [("cookie", &*forged)];
        slowed_down(&doors, "ana@example.org").await;
        let answer = attempt_with(&doors, &headers, "ana@example.org", PASSWORD).await;
        assert_eq!(answer.error().0, 429, "{forged}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn account_takeover_what_a_deactivated_member_had_opens_nothing_ever_again() {
    let doors = with_ana().await;
    let ben = member(&doors, "ben@example.org", "admin").await;
    let browser = signed_in(&doors, "ben@example.org").await;
    let path = format!("/api/v1/members/{ben}");
    assert_eq!(doors.delete(&path).await.status.as_u16(), 204);
    assert_eq!(browser.get(&doors, "/api/v1/session").await.error().0, 401);
    assert_eq!(
        attempt(&doors, "ben@example.org", PASSWORD).await.error().0,
        401
    );
    doors.put(&path, r#"{"active":true}"#).await.good();
    assert_eq!(
        browser.get(&doors, "/api/v1/session").await.error().0,
        401,
        "nor when they come back"
    );
    assert_eq!(
        attempt(&doors, "ben@example.org", PASSWORD).await.error().0,
        401
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn account_takeover_no_account_comes_with_rapport() {
    let doors = Doors::open().await;
    assert_eq!(
        doors.get("/api/v1/members").await.good()["results"],
        json!([])
    );
    for (email, password) in [
        ("admin@example.org", "admin"),
        ("admin", "admin"),
        ("root", "root"),
    ] {
        assert_eq!(attempt(&doors, email, password).await.error().0, 401);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn account_takeover_secrets_are_kept_as_hashes_and_told_to_nobody() {
    let doors = with_ana().await;
    let ana = signed_in(&doors, "ana@example.org").await;
    let id = ana
        .cookies
        .split(['=', ';'])
        .nth(1)
        .expect("an id")
        .to_owned();
    for path in [
        "/api/v1/members",
        "/api/v1/members/1",
        "/api/v1/session",
        "/api/v1/tokens",
        "/api/v1/audit",
    ] {
        let answer = ana.get(&doors, path).await;
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        for secret in [&*id, "argon2id", PASSWORD, &keys::hash(&id), TOKEN] {
            assert!(!text.contains(secret), "{path}: {text}");
        }
    }
    let hash = doors
        .rapport
        .roster()
        .password(MemberNo(1))
        .expect("one")
        .hash
        .clone();
    let command = Command::SetPassword {
        member: MemberNo(1),
        hash: hash.clone(),
    };
    assert!(
        !format!("{command:?}").contains(hash.phc()),
        "logs print what is debugged"
    );
    let sessions = doors.rapport.sessions(MemberNo(1));
    assert!(sessions.iter().all(|(hash, _)| *hash == keys::hash(&id)));
}

#[tokio::test(flavor = "multi_thread")]
async fn session_fixation_and_login_by_another_site_are_refused() {
    let doors = with_ana().await;
    for headers in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "same-site")],
        &[
            ("origin", "https://evil.example"),
            ("host", "crm.example.org"),
        ],
        &[("origin", "null"), ("host", "crm.example.org")],
    ] {
        let answer = attempt_with(&doors, headers, "ana@example.org", PASSWORD).await;
        assert_eq!(answer.error(), (403, "forged".into()), "{headers:?}");
    }
    let planted = [("cookie", "__Host-rapport=ses_planted")];
    let answer = attempt_with(&doors, &planted, "ana@example.org", PASSWORD).await;
    let browser = Browser::of(&answer);
    assert!(!browser.cookies.contains("planted"));
    let planted = ask(&doors, Method::GET, "/api/v1/session", &planted, "").await;
    assert_eq!(planted.error().0, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn write_first_authorise_later_a_refused_request_changes_nothing() {
    let doors = with_ana().await;
    member(&doors, "vic@example.org", "viewer").await;
    let vic = signed_in(&doors, "vic@example.org").await;
    let reader = token(&doors, &["segments.read", "sources.read", "members.read"]).await;
    let before = (doors.rapport.head().position, doors.rapport.roster());
    for (method, path, body) in [
        (Method::POST, "/api/v1/sources", r#"{"name":"X"}"#),
        (
            Method::PUT,
            "/api/v1/segments/x",
            r#"{"name":"X","rule":"did \"A\""}"#,
        ),
        (Method::PUT, "/api/v1/members/2", r#"{"role":"admin"}"#),
        (
            Method::PUT,
            "/api/v1/time_zone",
            r#"{"time_zone":"Asia/Tokyo"}"#,
        ),
        (Method::POST, "/api/v1/tokens", r#"{"name":"X"}"#),
        (Method::DELETE, "/api/v1/members/1", ""),
    ] {
        for answer in [
            vic.ask(&doors, method.clone(), path, body).await,
            with_token(&doors, &reader, method.clone(), path, body).await,
        ] {
            assert_eq!(answer.status.as_u16(), 403, "{method} {path}");
        }
    }
    assert_eq!(
        (doors.rapport.head().position, doors.rapport.roster()),
        before
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn field_level_bypass_a_masked_field_closes_every_view_that_would_show_it() {
    let doors = with_ana().await;
    let masked = json!({
        "scopes": ["profiles.read", "segments.write", "crm.lists.read", "events.read", "tokens.write"],
        "other_objects": {
            "levels": { "view": "all" },
            "fields": { "email": "masked" },
        },
    });
    doors
        .put("/api/v1/roles/masked", &masked.to_string())
        .await
        .good();
    member(&doors, "mia@example.org", "masked").await;
    let mia = signed_in(&doors, "mia@example.org").await;
    for path in [
        "/api/v1/profiles/user_id:ana",
        "/api/v1/profiles/user_id:ana/timeline",
        "/api/v1/segments",
        "/api/v1/segments/x/members",
        "/api/v1/lists",
        "/api/v1/live",
        "/api/v1/rejected",
        "/api/v1/events",
    ] {
        assert_eq!(
            mia.get(&doors, path).await.error(),
            (403, "forbidden".into()),
            "{path}"
        );
    }
    // Nor through a token of hers, nor in another dialect.
    let made = mia
        .ask(&doors, Method::POST, "/api/v1/tokens", r#"{"name":"mia"}"#)
        .await
        .good();
    let made = made["token"].as_str().expect("a token");
    let path = "/v1/spaces/default/collections/users/profiles/user_id:ana/traits";
    use base64::Engine as _;
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{made}:"));
    let basic = format!("Basic {basic}");
    let headers = [("authorization", &*basic)];
    let answer = ask(&doors, Method::GET, path, &headers, "").await;
    assert_eq!(answer.status.as_u16(), 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_object_check_no_side_door_shows_what_the_front_door_hides() {
    let doors = with_ana().await;
    doors
        .put("/api/v1/roles/own", &own_contacts().to_string())
        .await
        .good();
    member(&doors, "own@example.org", "own").await;
    let own = signed_in(&doors, "own@example.org").await;
    for (method, path, body) in [
        (
            Method::POST,
            "/api/v1/segments/preview",
            r#"{"rule":"did \"A\""}"#,
        ),
        (
            Method::POST,
            "/api/v1/profiles/merge",
            r#"{"left":"prf_1","right":"prf_2"}"#,
        ),
        (
            Method::PUT,
            "/api/v1/destinations/x",
            r#"{"url":"https://hooks.example.org"}"#,
        ),
        (Method::POST, "/api/v1/live/tickets", ""),
        (Method::POST, "/api/v1/backups", ""),
        (Method::GET, "/api/v1/dead-letters", ""),
        (Method::GET, "/api/v1/sources/1/samples", ""),
        (Method::GET, "/api/v1/imports/1/rejected", ""),
    ] {
        let answer = own.ask(&doors, method, path, body).await;
        assert_eq!(answer.error(), (403, "forbidden".into()), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unauthenticated_live_channel_a_stream_ends_with_what_opened_it() {
    let doors = with_ana().await;
    let made = doors.post(
        "/api/v1/tokens",
        r#"{"name":"watch","scopes":["events.read"]}"#,
    );
    let made = made.await.good();
    let watch = made["token"].as_str().expect("a token");
    let path = format!("/api/v1/tokens/{}", made["id"].as_str().expect("an id"));
    let ticket = with_token(&doors, watch, Method::POST, "/api/v1/live/tickets", "")
        .await
        .good();
    let other = with_token(&doors, watch, Method::POST, "/api/v1/live/tickets", "")
        .await
        .good();
    let request = Request::get(format!(
        "/api/v1/live?ticket={}",
        ticket["ticket"].as_str().expect("a ticket")
    ));
    let request = request.body(axum::body::Body::empty()).expect("a request");
    let stream = doors.send(request);
    let revoked = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        doors.delete(&path).await
    };
    // It ends by itself: nobody hangs up.
    let both = async { tokio::join!(stream, revoked) };
    let (stream, revoked) = tokio::time::timeout(Duration::from_secs(40), both)
        .await
        .expect("the stream ends");
    assert_eq!(
        (stream.status.as_u16(), revoked.status.as_u16()),
        (200, 204)
    );
    let path = format!(
        "/api/v1/live?ticket={}",
        other["ticket"].as_str().expect("a ticket")
    );
    let late = ask(&doors, Method::GET, &path, &[], "").await;
    assert_eq!(
        late.error(),
        (401, "unauthorized".into()),
        "a ticket is no more than its token"
    );
    let none = ask(&doors, Method::GET, "/api/v1/live?ticket=", &[], "").await;
    assert_eq!(none.error().0, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn supply_by_token_theft_a_stolen_token_opens_no_more_than_it_says_and_ends_at_once() {
    let doors = with_ana().await;
    let made = doors.post(
        "/api/v1/tokens",
        r#"{"name":"app","scopes":["segments.read"]}"#,
    );
    let made = made.await.good();
    let stolen = made["token"].as_str().expect("a token");
    for path in [
        "/api/v1/members",
        "/api/v1/audit",
        "/api/v1/profiles/prf_1",
        "/api/v1/tokens",
    ] {
        let answer = with_token(&doors, stolen, Method::GET, path, "").await;
        assert_eq!(answer.error(), (403, "missing_scope".into()), "{path}");
    }
    let path = format!("/api/v1/tokens/{}", made["id"].as_str().expect("an id"));
    assert_eq!(doors.delete(&path).await.status.as_u16(), 204);
    let answer = with_token(&doors, stolen, Method::GET, "/api/v1/segments", "").await;
    assert_eq!(answer.error(), (401, "unauthorized".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn mass_assignment_what_nobody_asked_to_be_set_is_refused() {
    let doors = with_ana().await;
    for (path, body) in [
        (
            "/api/v1/members/1",
            r#"{"first_name":"A","has_password":true}"#,
        ),
        ("/api/v1/members/1", r#"{"id":7}"#),
        ("/api/v1/teams/1", r#"{"archived":true}"#),
        ("/api/v1/roles/x", r#"{"builtin":true}"#),
        (
            "/api/v1/session/password",
            r#"{"new":"correct horse battery"}"#,
        ),
    ] {
        assert_eq!(
            doors.put(path, body).await.error(),
            (400, "invalid_body".into()),
            "{path}"
        );
    }
}
