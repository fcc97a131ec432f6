//! The doors in front of a whole flow in memory: requests in, answers out.

use crate::{ApiSettings, Peer, router};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use rapport_core::entry::{Command, Source};
use rapport_core::event::{KeyKind, SourceNo};
use rapport_core::member::Scopes;
use rapport_core::time::Millis;
use rapport_flow::clock::{Clock, HandClock, SystemClock};
use rapport_flow::{Rapport, Roles, Settings, keys};
use rapport_store::memory::Memory;
use serde_json::Value;
use std::sync::Arc;
use tower::ServiceExt;

mod attacks;
mod bulks;
mod crm;
mod decide;
mod destinations;
mod insight;
mod live;
mod matrix;
mod members;
mod native;
mod one_person;
mod openapi;
mod operate;
mod plans;
mod profile_api;
mod revoke;
mod rights;
mod serve;
mod sign_in;
mod signed;
mod sources;
mod track;
mod traits;
mod transformations;
mod views;
mod webhook;

const WRITE_KEY: &str = "browser-key";
const SERVER_KEY: &str = "server-key";
const TOKEN: &str = "api-token";

/// Every door of a flow with one source, a key of each kind and a token.
struct Doors {
    memory: Memory,
    rapport: Rapport,
    router: Router,
}

/// What came back.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    #[track_caller]
    fn json(&self) -> Value {
        let text = String::from_utf8_lossy(&self.body);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The body of an answer that must be a success.
    #[track_caller]
    fn good(&self) -> Value {
        assert!(
            self.status.is_success(),
            "{self:?} {}",
            String::from_utf8_lossy(&self.body)
        );
        self.json()
    }

    /// Status and code of a native error, whose shape is checked.
    #[track_caller]
    fn error(&self) -> (u16, String) {
        let body = self.json();
        let error = body["error"]
            .as_object()
            .unwrap_or_else(|| panic!("no error: {body}"));
        assert!(
            error["message"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{body}"
        );
        assert!(
            error["help"].as_str().is_some_and(|text| !text.is_empty()),
            "{body}"
        );
        (
            self.status.as_u16(),
            error["code"].as_str().expect("a code").to_owned(),
        )
    }
}

impl Doors {
    async fn open() -> Doors {
        Doors::open_with(ApiSettings::default()).await
    }

    async fn open_with(settings: ApiSettings) -> Doors {
        Doors::open_by(settings, Arc::new(SystemClock::start())).await
    }

    /// The same where it is always `now`, so that what is stored can be told to the millisecond.
    async fn open_at(now: Millis) -> Doors {
        Doors::open_by(ApiSettings::default(), Arc::new(HandClock::at(now))).await
    }

    async fn open_by(settings: ApiSettings, clock: Arc<dyn Clock>) -> Doors {
        let memory = Memory::new();
        let roles = Roles {
            ledger: memory.ledger.clone(),
            state: memory.state.clone(),
            history: memory.history.clone(),
            seen: memory.seen.clone(),
        };
        let rapport = Rapport::start(roles, Settings::default(), clock)
            .await
            .expect("a flow");
        let source = SourceNo(1);
        let commands = [
            Command::PutSource(Source {
                no: source,
                name: "Shop".into(),
                strict: false,
            }),
            put_key(WRITE_KEY, KeyKind::Browser),
            put_key(SERVER_KEY, KeyKind::Server),
            Command::PutToken {
                token_hash: keys::hash(TOKEN),
                name: "tests".into(),
                hint: crate::secret::hint(TOKEN),
                scopes: Scopes::admin(),
                member: None,
            },
        ];
        for command in commands {
            rapport.command("tests", command).await.expect("configured");
        }
        let router = router(rapport.clone(), settings, None);
        Doors {
            memory,
            rapport,
            router,
        }
    }

    async fn send(&self, mut request: Request<Body>) -> Answer {
        request
            .extensions_mut()
            .insert(Peer("203.0.113.9:4711".parse().expect("an address")));
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("infallible");
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("a body").to_vec();
        let answer = Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        };
        openapi::is_as_said(&method, &path, &answer);
        answer
    }

    /// A tracking call with the server key.
    async fn track(&self, path: &str, body: impl Into<Body>) -> Answer {
        self.track_with(path, &[("x-write-key", SERVER_KEY)], body)
            .await
    }

    async fn track_with(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::post(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body.into()).expect("a request"))
            .await
    }

    /// What SDKs fetch.
    async fn fetch(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::get(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::empty()).expect("a request"))
            .await
    }

    /// A native call with the token.
    async fn call(&self, method: Method, path: &str, body: impl Into<Body>) -> Answer {
        let request = Request::builder().method(method).uri(path);
        let request = request.header("authorization", format!("Bearer {TOKEN}"));
        self.send(request.body(body.into()).expect("a request"))
            .await
    }

    async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, Body::empty()).await
    }

    async fn put(&self, path: &str, body: &str) -> Answer {
        self.call(Method::PUT, path, body.to_owned()).await
    }

    async fn post(&self, path: &str, body: &str) -> Answer {
        self.call(Method::POST, path, body.to_owned()).await
    }

    async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, Body::empty()).await
    }

    /// Returns once everything collected is folded.
    async fn settle(&self) {
        while self.rapport.last_request() > self.rapport.head().position.request {
            tokio::task::yield_now().await;
        }
    }

    /// Counts of one outcome, or of what the door refused for one reason.
    async fn outcome(&self, word: &str, code: &str) -> u64 {
        self.settle().await;
        let outcomes = self.get("/api/v1/outcomes").await.good();
        let count = match code {
            "" => &outcomes[word],
            code => &outcomes["reasons"][word][code],
        };
        count.as_u64().unwrap_or(0)
    }
}

fn put_key(key: &str, kind: KeyKind) -> Command {
    Command::PutKey {
        key_hash: keys::hash(key),
        hint: crate::secret::hint(key),
        source: SourceNo(1),
        kind,
    }
}
