//! Members who are signed in, as tests ask in their name.

use super::{Answer, Doors, TOKEN};
use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};

pub(super) const PASSWORD: &str = "correct horse battery";

/// A browser in which somebody signed in.
#[derive(Clone, Debug)]
pub(super) struct Browser {
    /// Its cookies, as it sends them.
    pub(super) cookies: String,
    /// The mark of its session.
    pub(super) csrf: String,
}

impl Browser {
    /// What an answer to signing in gave it.
    #[track_caller]
    pub(super) fn of(answer: &Answer) -> Browser {
        let body = answer.good();
        let set = answer.headers.get_all("set-cookie").iter();
        let pairs = set.map(|line| {
            let line = line.to_str().expect("ASCII");
            line.split(';').next().expect("a pair").to_owned()
        });
        Browser {
            cookies: pairs.collect::<Vec<_>>().join("; "),
            csrf: body["session"]["csrf_token"]
                .as_str()
                .expect("a mark")
                .to_owned(),
        }
    }

    /// Asks as the console does.
    pub(super) async fn ask(
        &self,
        doors: &Doors,
        method: Method,
        path: &str,
        body: &str,
    ) -> Answer {
        let headers = [("cookie", &*self.cookies), ("x-csrf-token", &*self.csrf)];
        ask(doors, method, path, &headers, body).await
    }

    pub(super) async fn get(&self, doors: &Doors, path: &str) -> Answer {
        self.ask(doors, Method::GET, path, "").await
    }
}

/// Asks with these headers and no token.
pub(super) async fn ask(
    doors: &Doors,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body.to_owned()));
    doors.send(request.expect("a request")).await
}

/// Asks with a token.
pub(super) async fn with_token(
    doors: &Doors,
    token: &str,
    method: Method,
    path: &str,
    body: &str,
) -> Answer {
    let bearer = format!("Bearer {token}");
    ask(doors, method, path, &[("authorization", &bearer)], body).await
}

/// A member with a role and the password of tests; their number.
pub(super) async fn member(doors: &Doors, email: &str, role: &str) -> u64 {
    let body = json!({ "email": email, "role": role, "password": PASSWORD });
    let made = doors.post("/api/v1/members", &body.to_string()).await;
    made.good()["id"].as_u64().expect("a number")
}

/// A token with these scopes.
pub(super) async fn token(doors: &Doors, scopes: &[&str]) -> String {
    let body = json!({ "name": "tests", "scopes": scopes }).to_string();
    let made = with_token(doors, TOKEN, Method::POST, "/api/v1/tokens", &body).await;
    made.good()["token"].as_str().expect("a token").to_owned()
}

/// Tries to sign in.
pub(super) async fn attempt(doors: &Doors, email: &str, password: &str) -> Answer {
    attempt_with(doors, &[], email, password).await
}

pub(super) async fn attempt_with(
    doors: &Doors,
    headers: &[(&str, &str)],
    email: &str,
    password: &str,
) -> Answer {
    let body = json!({ "email": email, "password": password }).to_string();
    ask(doors, Method::POST, "/api/v1/sign-in", headers, &body).await
}

/// Signs in.
pub(super) async fn signed_in(doors: &Doors, email: &str) -> Browser {
    Browser::of(&attempt(doors, email, PASSWORD).await)
}

/// What the audit says, newest first.
pub(super) async fn audit(doors: &Doors) -> Vec<Value> {
    let list = doors.get("/api/v1/audit?limit=1000").await.good();
    list["results"].as_array().expect("a list").clone()
}

/// A role that reaches the member's own contacts, and everything else but records.
pub(super) fn own_contacts() -> Value {
    json!({
        "scopes": ["profiles.write", "segments.write", "crm.lists.write", "events.write",
            "imports.write", "sources.write", "decisions.write", "identity.write",
            "destinations.write", "backups.write", "settings.write", "members.write",
            "tokens.write", "audit.read"],
        "objects": { "contacts": { "levels": { "view": "own", "edit": "own" } } },
        "other_objects": { "levels": { "view": "all" } },
    })
}
