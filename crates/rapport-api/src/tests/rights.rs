//! Every native route, as the router itself names them, by actors of different rights.

use super::Doors;
use super::signed::{ask, member, own_contacts, signed_in, token, with_token};
use crate::native;
use crate::openapi::account;
use crate::rights::access;
use crate::rights::routes::{self, Door, Route};
use axum::http::Method;
use rapport_core::member::Scope;
use std::collections::BTreeMap;

/// Every path of the native API and the methods it takes.
fn walked() -> BTreeMap<String, Vec<Method>> {
    let routes = account::routes(&native::resources());
    assert!(
        routes.len() > 70,
        "the router tells its routes otherwise now"
    );
    for (path, taken) in &routes {
        assert!(!taken.is_empty(), "{path} takes nothing");
    }
    routes
}

/// Whether the router's path takes an address.
fn leads_to(path: &str, address: &str) -> bool {
    let parts = || path.split('/').zip(address.split('/'));
    let same_length = path.split('/').count() == address.split('/').count();
    same_length && parts().all(|(part, given)| part == given || part.starts_with('{'))
}

fn needs(path: &str) -> Option<&'static Route> {
    routes::find(path.strip_prefix("/api/v1")?)
}

/// The same address with something in place of its parameters.
fn filled(path: &str) -> String {
    path.replace("{reference}", "user_id:nobody")
        .replace("{identifier}", "email:nobody@example.org")
        .replace("{position}", "1.0")
        .replace("{key}", "nothing")
        .replace("{name}", "Nothing")
        .replace("{id}", "99")
}

#[test]
fn of_every_route_it_is_said_who_may_come() {
    let walked = walked();
    for path in walked.keys() {
        assert!(
            needs(path).is_some(),
            "say in rights/routes.rs who may come to {path}"
        );
    }
    for route in routes::all() {
        let path = format!("/api/v1{}", route.path);
        let leads_there = |walked: &String| leads_to(walked, &path);
        assert!(
            walked.keys().any(leads_there),
            "{path} is no route any more"
        );
    }
    let open: Vec<&str> = routes::all()
        .iter()
        .filter(|route| route.door == Door::Open)
        .map(|route| route.path)
        .collect();
    assert_eq!(open, ["/sign-in", "/sign-out", "/openapi.json"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_comes_in_without_saying_who_they_are() {
    let doors = Doors::open().await;
    for (path, methods) in walked() {
        if needs(&path).is_some_and(|route| route.door == Door::Open) {
            continue;
        }
        for method in methods {
            let before = doors.rapport.head().position;
            for headers in [
                &[][..],
                &[("cookie", "__Host-rapport=ses_x")],
                &[("authorization", "Bearer server-key")],
            ] {
                let answer = ask(&doors, method.clone(), &filled(&path), headers, "{}").await;
                assert_eq!(
                    answer.error(),
                    (401, "unauthorized".into()),
                    "{method} {path}"
                );
            }
            assert_eq!(doors.rapport.head().position, before, "{method} {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_without_the_scope_of_a_route_is_told_which_and_changes_nothing() {
    let doors = Doors::open().await;
    let other = token(&doors, &["crm.export", "crm.objects.write"]).await;
    let mut tokens = BTreeMap::new();
    for (path, methods) in walked() {
        let route = needs(&path).expect("said");
        let (Door::Area(area) | Door::Ticket(area)) = route.door else {
            continue;
        };
        for method in methods {
            let scope = Scope::Area(area, route.access(&method)).to_string();
            let before = doors.rapport.head().position;
            let refused = with_token(&doors, &other, method.clone(), &filled(&path), "{}").await;
            assert_eq!(
                refused.error(),
                (403, "missing_scope".into()),
                "{method} {path}"
            );
            assert!(
                String::from_utf8_lossy(&refused.body).contains(&scope),
                "{method} {path}"
            );
            assert_eq!(doors.rapport.head().position, before, "{method} {path}");
            if route.door.is_ticket() {
                // It answers without an end.
                continue;
            }
            if !tokens.contains_key(&scope) {
                tokens.insert(scope.clone(), token(&doors, &[scope.as_str()]).await);
            }
            // With the scope, whatever is wrong is something else.
            let body = "no JSON";
            let held = &tokens[&scope];
            let let_in = with_token(&doors, held, method.clone(), &filled(&path), body).await;
            let status = let_in.status.as_u16();
            assert!(!matches!(status, 401 | 403), "{method} {path}: {status}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_shows_everybody_is_closed_to_a_member_who_sees_their_own() {
    let doors = Doors::open().await;
    doors
        .put("/api/v1/roles/own", &own_contacts().to_string())
        .await
        .good();
    member(&doors, "ana@example.org", "own").await;
    let ana = signed_in(&doors, "ana@example.org").await;
    let viewer = member(&doors, "vic@example.org", "viewer").await;
    let vic = signed_in(&doors, "vic@example.org").await;
    assert_eq!(viewer, 2);
    for (path, methods) in walked() {
        let route = needs(&path).expect("said");
        for method in methods {
            let before = doors.rapport.head().position;
            let answer = ana
                .ask(&doors, method.clone(), &filled(&path), "no JSON")
                .await;
            if !route.whole.is_empty() {
                assert_eq!(answer.error(), (403, "forbidden".into()), "{method} {path}");
            }
            // Whoever looks alone changes nothing anywhere.
            let writes = !matches!(route.door, Door::Open | Door::Signed)
                && route.access(&method) == access(&Method::POST);
            if writes {
                let answer = vic.ask(&doors, method.clone(), &filled(&path), "{}").await;
                assert_eq!(answer.status.as_u16(), 403, "{method} {path}");
            }
            assert_eq!(doors.rapport.head().position, before, "{method} {path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cookie_alone_changes_nothing() {
    let doors = Doors::open().await;
    member(&doors, "ada@example.org", "admin").await;
    let ada = signed_in(&doors, "ada@example.org").await;
    let cookie = ("cookie", &*ada.cookies);
    let mark = ("x-csrf-token", &*ada.csrf);
    for (path, methods) in walked() {
        let is_sign_in = path == "/api/v1/sign-in";
        for method in methods
            .into_iter()
            .filter(|method| *method != Method::GET && !is_sign_in)
        {
            for headers in [
                &[cookie][..],
                &[cookie, ("x-csrf-token", "0123456789abcdef0123456789abcdef")],
                &[cookie, mark, ("sec-fetch-site", "cross-site")],
                &[
                    cookie,
                    mark,
                    ("host", "crm.example.org"),
                    ("origin", "https://evil.example"),
                ],
            ] {
                let answer = ask(&doors, method.clone(), &filled(&path), headers, "{}").await;
                assert_eq!(answer.error(), (403, "forged".into()), "{method} {path}");
            }
        }
    }
    assert_eq!(
        ada.get(&doors, "/api/v1/session").await.status.as_u16(),
        200
    );
}
