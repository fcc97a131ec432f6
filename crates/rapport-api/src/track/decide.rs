//! The decision call: a browser's events in; this visitor's segments, traits and content out.
//!
//! The events go on the ledger like any batch. The answer waits a moment until they are folded,
//! so that it is as of after them. What it tells is decided by how well the visitor's identity is
//! vouched for, never by what the call claims ([`rapport_core::decide`]).
//!
//! An answer says the same of a user id that is known and one that is not: without a signature no
//! profile is looked up by user id at all, and every answer takes a floor of time, above which
//! only the disk and the fold are seen.

use super::refused::Refused;
use super::{body, cors, door};
use crate::Api;
use asked::Asked;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, ORIGIN, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use rapport_core::decide::{self, Decision, Slot, Standing};
use rapport_core::event::dialect::limits::Limits;
use rapport_core::event::dialect::readable::{mend_surrogates, without_mark};
use rapport_core::event::{Call, Dialect, Origin, SourceNo};
use rapport_core::identity::normalise::normalise;
use rapport_core::identity::{IdKind, Identifier};
use rapport_core::profile::Profile;
use rapport_flow::keys::KeyUse;
use rapport_flow::{Result as Answered, Seen};
use rapport_store::ledger::Submission;
use serde::Serialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::time::Instant;

mod asked;
mod signature;

/// No answer takes less: how long a profile took to read shows in none.
const FLOOR: Duration = Duration::from_millis(3);

/// The one address, with and without a slash at its end.
pub(super) fn routes() -> Router<Api> {
    let decide = post(answer).options(cors::preflight);
    Router::new()
        .route("/v1/decide", decide.clone())
        .route("/v1/decide/", decide)
}

/// What a browser is told.
#[derive(Serialize)]
struct Told<'a> {
    /// Whether this is as of after the events of this call.
    fresh: bool,
    /// Whether the signature was good.
    signed: bool,
    segments: Vec<&'a str>,
    traits: BTreeMap<&'a str, &'a RawValue>,
    content: BTreeMap<&'a str, &'a RawValue>,
}

async fn answer(State(api): State<Api>, request: Request) -> Response {
    let began = Instant::now();
    let (parts, body) = request.into_parts();
    let mut source = None;
    let mut response = match told(&api, &parts, body, &mut source).await {
        Ok(response) => response,
        Err(refused) => {
            api.rapport.count_refused(source, refused.code());
            failure(&refused)
        }
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    cors::allow_without_credentials(parts.headers.get(ORIGIN), &mut response);
    tokio::time::sleep_until(began + FLOOR).await;
    response
}

async fn told(
    api: &Api,
    parts: &Parts,
    body: Body,
    source: &mut Option<SourceNo>,
) -> Result<Response, Refused> {
    let limits = Limits::of(Dialect::Segment);
    let read = body::read(body, limits.body_bytes).await;
    let arrived = read.inspect_err(|_| {
        *source = door::find(api, parts, None).map(|key| key.source);
    })?;
    let text = std::str::from_utf8(without_mark(&arrived.bytes));
    let text = text.map_err(|error| Refused::InvalidJson(error.to_string()))?;
    let text = mend_surrogates(text);
    let asked = Asked::read(&text);
    let of_body = asked.as_ref().ok().and_then(|asked| asked.write_key());
    let key = door::find(api, parts, of_body);
    *source = key.as_ref().map(|key| key.source);
    let asked = asked?;
    let key = key.ok_or(Refused::UnknownKey)?;
    asked.check()?;
    let is_signed = is_signed(api, &asked, key.source);
    let named = named(&asked, is_signed);
    let about = named.as_ref().map(|(identifier, _)| identifier);
    let Seen { is_fresh, person } = see(api, parts, &asked, &key, about).await?;
    // The events are on disk: whatever reading says, sending them again would be wrong.
    let (person, fresh) = match person {
        Ok(person) => (person, is_fresh),
        Err(error) => {
            tracing::error!(%error, "a decision could not read its visitor");
            (None, false)
        }
    };
    let person = named.zip(person).map(|((identifier, is_signed), profile)| {
        let standing = standing(api, &profile, &identifier, is_signed);
        (profile, standing)
    });
    Ok(decided(api, &asked, is_signed, fresh, person.as_ref()))
}

/// Whether the call is signed by the source's own server.
fn is_signed(api: &Api, asked: &Asked<'_>, source: SourceNo) -> bool {
    let configuration = api.rapport.configuration();
    let secret = configuration.decisions.signing.get(&source);
    match (secret, asked.user_id(), asked.signature()) {
        (Some(secret), Some(user), Some(signature)) => {
            signature::is_good(secret, user, signature, api.rapport.clock().now())
        }
        _ => false,
    }
}

/// Puts the events on the ledger and sees whom the call is about once they are folded; without
/// events, once all that was collected before is.
async fn see(
    api: &Api,
    parts: &Parts,
    asked: &Asked<'_>,
    key: &KeyUse,
    about: Option<&Identifier>,
) -> Result<Seen, Refused> {
    let rapport = &api.rapport;
    let patience = Duration::from_millis(api.settings.reads.decide_wait_ms);
    let Some(body) = asked.batch() else {
        let is_fresh = rapport.folded(rapport.last_request(), patience).await;
        let person = read(api, about).await;
        return Ok(Seen { is_fresh, person });
    };
    let origin = Origin {
        source: key.source,
        key_kind: key.kind,
        dialect: Dialect::Segment,
        call: Call::Batch,
        ip: door::address(api, parts),
        user_agent: door::user_agent(parts),
    };
    let submission = Submission { origin, body };
    if let Some(about) = about {
        let seen = rapport.collect_and_see(submission, about, patience).await;
        return seen.map_err(door::busy);
    }
    let collected = rapport.collect_numbered(submission).await;
    let is_fresh = rapport
        .folded(collected.map_err(door::busy)?, patience)
        .await;
    let person = Ok(None);
    Ok(Seen { is_fresh, person })
}

async fn read(api: &Api, about: Option<&Identifier>) -> Answered<Option<Profile>> {
    match about {
        Some(about) => api.rapport.named(about).await,
        None => Ok(None),
    }
}

/// Whom the answer is about: a signed user id, else whoever the anonymous id leads to. A user id
/// that nobody signed is a claim, and looked up by nobody.
fn named(asked: &Asked<'_>, is_signed: bool) -> Option<(Identifier, bool)> {
    let user = asked.user_id().filter(|_| is_signed);
    if let Some(user) = user {
        return Some((Identifier::new(IdKind::UserId, user), true));
    }
    let visitor = asked.anonymous_id()?;
    Some((Identifier::new(IdKind::AnonymousId, visitor), false))
}

/// How well the person's identity is vouched for by the identifier that led to them.
fn standing(api: &Api, profile: &Profile, identifier: &Identifier, is_signed: bool) -> Standing {
    let normal = normalise(&api.rapport.policy(), identifier);
    let identifier = normal.as_ref().unwrap_or(identifier);
    match is_signed {
        true => decide::by_signature(profile, identifier),
        false => decide::by_anonymous_id(profile, identifier),
    }
}

fn decided(
    api: &Api,
    asked: &Asked<'_>,
    is_signed: bool,
    fresh: bool,
    person: Option<&(Profile, Standing)>,
) -> Response {
    let configuration = api.rapport.configuration();
    let decisions = &configuration.decisions;
    let slots: Vec<&Slot> = asked
        .slots()
        .iter()
        .filter_map(|key| decisions.slots.get(key.as_str()))
        .collect();
    let now = api.rapport.clock().now();
    let traits = person.map(|(profile, _)| configuration.catalogue.traits_of(profile, now));
    let ask = decide::Ask {
        segments: asked.segments(),
        slots: &slots,
        computed: traits.as_ref(),
    };
    let person = person.map(|(profile, standing)| (profile, *standing));
    let Decision {
        segments,
        traits,
        content,
    } = decide::decide(&decisions.exposure, &configuration.registry, person, ask);
    let told = Told {
        fresh,
        signed: is_signed,
        segments,
        traits: spelled(traits),
        content: spelled(content),
    };
    Json(told).into_response()
}

fn spelled<'a>(pairs: Vec<(&'a str, &'a str)>) -> BTreeMap<&'a str, &'a RawValue> {
    let raw = |(name, json): (&'a str, &'a str)| {
        (name, serde_json::from_str(json).unwrap_or(RawValue::NULL))
    };
    pairs.into_iter().map(raw).collect()
}

#[derive(Serialize)]
struct Failure<'a> {
    error: Reason<'a>,
}

#[derive(Serialize)]
struct Reason<'a> {
    code: &'a str,
    message: String,
}

fn failure(refused: &Refused) -> Response {
    let status = match refused {
        Refused::UnknownKey => StatusCode::UNAUTHORIZED,
        Refused::Busy { .. } => StatusCode::TOO_MANY_REQUESTS,
        Refused::Unfinished => StatusCode::REQUEST_TIMEOUT,
        Refused::BodyTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::BAD_REQUEST,
    };
    let error = Reason {
        code: refused.code(),
        message: refused.to_string(),
    };
    let mut response = (status, Json(Failure { error })).into_response();
    if let Refused::Busy { retry_after_s } = refused {
        let seconds = HeaderValue::from(*retry_after_s);
        response.headers_mut().insert(RETRY_AFTER, seconds);
    }
    response
}
