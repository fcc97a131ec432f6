//! Who may come in, and how often: bearer tokens, and the limits that clients know how to wait for.

use super::fault::{Fault, Limit};
use super::scope;
use crate::Api;
use crate::rights;
use axum::extract::{Query, Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use rapport_core::member::Actor;
use rapport_core::time::{Millis, SECOND_MS};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

const MAX: HeaderName = HeaderName::from_static("x-hubspot-ratelimit-max");
const REMAINING: HeaderName = HeaderName::from_static("x-hubspot-ratelimit-remaining");
const INTERVAL: HeaderName = HeaderName::from_static("x-hubspot-ratelimit-interval-milliseconds");
/// Where an answer says its id; an error says it in its body too.
pub(super) const CORRELATION: HeaderName = HeaderName::from_static("x-hubspot-correlation-id");

/// Seconds of the longer limit.
const SECONDS: usize = 10;

/// Who asks.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    /// The name of the token, which is the actor of what is done with it.
    pub(super) actor: String,
    /// What they may do.
    pub(super) who: Actor,
    /// The token itself, where something is asked of it.
    pub(super) token: String,
}

#[cfg(test)]
impl Caller {
    /// Somebody of this name.
    pub(super) fn named(actor: &str) -> Caller {
        Caller {
            actor: actor.to_owned(),
            who: Actor::token(actor, rapport_core::member::Scopes::admin()),
            token: String::new(),
        }
    }
}

/// Lets a request in and tells in the answer's headers what is left of the limit. Searches have
/// a limit of their own, and those headers not.
pub(super) async fn enter(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let caller = match caller(&api, request.headers(), request.uri()) {
        Ok(caller) => caller,
        Err(fault) => return sealed(fault.into_response()),
    };
    let now = api.rapport.clock().now();
    let reads = api.settings.reads;
    let is_search = request
        .uri()
        .path()
        .trim_end_matches('/')
        .ends_with("/search");
    let (most, limit) = if is_search {
        (reads.crm_searches_per_second, Limit::Secondly)
    } else {
        (reads.crm_per_ten_seconds, Limit::TenSecondly)
    };
    if let Err(fault) = scope::check(&caller.who, request.method(), request.uri().path()) {
        return sealed(fault.into_response());
    }
    let left = api.crm_requests.takes(&caller.actor, limit, now, most);
    request.extensions_mut().insert(caller);
    let mut response = match left {
        Some(_) => next.run(request).await,
        None => Fault::too_many(limit).into_response(),
    };
    if !is_search && most > 0 {
        let headers = response.headers_mut();
        headers.insert(MAX, HeaderValue::from(most));
        headers.insert(REMAINING, HeaderValue::from(left.unwrap_or(0)));
        headers.insert(INTERVAL, HeaderValue::from_static("10000"));
    }
    sealed(response)
}

/// What every answer carries.
fn sealed(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if !headers.contains_key(CORRELATION) {
        let id = super::correlation_id().and_then(|id| HeaderValue::from_str(&id).ok());
        headers.extend(id.map(|id| (CORRELATION, id)));
    }
    response
}

fn caller(api: &Api, headers: &HeaderMap, uri: &Uri) -> Result<Caller, Fault> {
    let token = headers.get(AUTHORIZATION);
    let token = token.and_then(|value| value.to_str().ok());
    let token = token.and_then(bearer).map(Cow::Borrowed);
    let token = token.or_else(|| developer_key(uri)).ok_or_else(|| {
        Fault::unknown_token(
            "Authentication credentials not found: send an API token as `Authorization: Bearer`.",
        )
    })?;
    let asker = rights::asker::by_token(api, &token).ok_or_else(|| {
        Fault::unknown_token("Authentication credentials are invalid: the token is not known.")
    })?;
    Ok(Caller {
        actor: asker.name().to_owned(),
        who: asker.actor,
        token: token.into_owned(),
    })
}

/// The token of those who set up webhooks: the clients send it in the address, and there alone.
/// Nowhere else is one taken from there, where logs of others would keep it.
fn developer_key(uri: &Uri) -> Option<Cow<'static, str>> {
    if !uri.path().starts_with("/webhooks/") {
        return None;
    }
    let Query(query) = Query::<Vec<(String, String)>>::try_from_uri(uri).ok()?;
    let key = query.into_iter().find(|(name, _)| name == "hapikey")?.1;
    (!key.is_empty()).then_some(Cow::Owned(key))
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// Requests of the last seconds, by who asked.
#[derive(Debug, Default)]
pub(crate) struct Meter(Mutex<BTreeMap<String, Counts>>);

/// How many requests each of the last seconds had.
#[derive(Debug, Default)]
struct Counts {
    second: i64,
    requests: [u32; SECONDS],
    searches: u32,
}

impl Meter {
    /// Counts a request and says how many more may follow; `None` where this one is too many.
    /// A limit of 0 is none.
    fn takes(&self, actor: &str, limit: Limit, now: Millis, most: u32) -> Option<u32> {
        if most == 0 {
            return Some(0);
        }
        let mut meter = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Only tokens that are known get here, so it stays small.
        let counts = meter.entry(actor.to_owned()).or_default();
        counts.roll(now.0.div_euclid(SECOND_MS));
        let taken = match limit {
            Limit::TenSecondly => counts.requests.iter().sum(),
            Limit::Secondly => counts.searches,
        };
        let left = most.checked_sub(taken).filter(|left| *left > 0)?;
        match limit {
            Limit::TenSecondly => counts.requests[SECONDS - 1] += 1,
            Limit::Secondly => counts.searches += 1,
        }
        Some(left - 1)
    }
}

impl Counts {
    /// Moves on to a second.
    fn roll(&mut self, second: i64) {
        let passed = usize::try_from(second - self.second).unwrap_or(0);
        if passed == 0 {
            return;
        }
        self.second = second;
        self.searches = 0;
        let gone = passed.min(SECONDS);
        self.requests.rotate_left(gone);
        self.requests[SECONDS - gone..].fill(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_seconds_have_their_requests_wherever_they_begin() {
        let meter = Meter::default();
        let taken = |ms| meter.takes("a", Limit::TenSecondly, Millis(ms), 3);
        assert_eq!(
            [taken(0), taken(900), taken(9_000)],
            [Some(2), Some(1), Some(0)]
        );
        assert_eq!(taken(9_999), None);
        assert_eq!([taken(10_000), taken(10_001)], [Some(1), Some(0)]);
        assert_eq!(taken(10_002), None);
        assert_eq!(
            meter.takes("b", Limit::TenSecondly, Millis(10_002), 3),
            Some(2)
        );
        assert_eq!(
            meter.takes("a", Limit::TenSecondly, Millis(10_002), 0),
            Some(0)
        );
    }

    #[test]
    fn a_second_has_its_searches() {
        let meter = Meter::default();
        let taken = |ms| meter.takes("a", Limit::Secondly, Millis(ms), 2).is_some();
        assert_eq!(
            [taken(5), taken(6), taken(7), taken(1_000)],
            [true, true, false, true]
        );
    }

    #[test]
    fn a_clock_that_steps_back_lets_nobody_ask_more() {
        let meter = Meter::default();
        let taken = |ms| {
            meter
                .takes("a", Limit::TenSecondly, Millis(ms), 1)
                .is_some()
        };
        assert_eq!([taken(50_000), taken(20_000)], [true, false]);
    }
}
