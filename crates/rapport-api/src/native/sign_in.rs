//! Signing in with a password, and out again.
//!
//! Whatever is wrong with an attempt, the answer is the same and takes as long. A session's id is
//! new with each sign-in, stands in a cookie no script reads, and is kept as a hash.

use super::body::Body;
use super::members::Shown;
use super::session;
use crate::Api;
use crate::errors::{Code, Error};
use crate::password::{self, Line};
use crate::rights::{Asker, asker, cookie, origin};
use crate::secret;
use crate::track::{address, user_agent};
use axum::extract::{FromRequestParts, State};
use axum::http::header::{CACHE_CONTROL, SET_COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use rapport_core::member::{Member, MemberNo, normal_email};
use rapport_core::position::Position;
use rapport_core::time::{DAY_MS, Millis, SECOND_MS};
use rapport_flow::audit::{Record, What};
use rapport_flow::keys;
use rapport_flow::sessions::{Change, Session};
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;
use subtle::ConstantTimeEq;

mod guard;

use guard::Attempt;
pub(crate) use guard::Guard;

/// What device cookies are sealed for.
const DEVICE: &str = "device";
/// How long a browser is known.
const DEVICE_MS: i64 = 365 * DAY_MS;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/sign-in", post(sign_in))
        .route("/sign-out", post(sign_out))
}

/// From where somebody asks, and what their browser brings.
pub(super) struct Caller {
    pub(super) headers: HeaderMap,
    pub(super) address: String,
    pub(super) agent: String,
}

impl FromRequestParts<Api> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Caller, Error> {
        Ok(Caller {
            headers: parts.headers.clone(),
            address: address(api, parts).unwrap_or_default(),
            agent: user_agent(parts).unwrap_or_default(),
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    email: String,
    password: String,
}

async fn sign_in(
    State(api): State<Api>,
    caller: Caller,
    Body(wanted): Body<Wanted>,
) -> Result<Response, Error> {
    // Else another site could sign a browser in as somebody else.
    origin::check(&api, &caller.headers)?;
    let email = normal_email(&wanted.email).ok();
    let roster = api.rapport.roster();
    let member = email.as_ref().and_then(|email| roster.by_email(email));
    let account = email.as_deref().unwrap_or_default();
    if !verified(&api, &caller, member, account, wanted.password).await? {
        failed(&api, &caller, member).await?;
        return Err(Error::new(
            Code::SignInRefused,
            "the address or the password is not right",
        ));
    }
    let member = member.ok_or_else(|| Error::new(Code::SignInRefused, "nobody signs in"))?;
    let set = roster.password(member.no).map(|password| password.set);
    begin(
        &api,
        &caller,
        member,
        set.unwrap_or_default(),
        What::SignedIn,
    )
    .await
}

/// Whether this is the password of somebody who may sign in; guesses are slowed down.
///
/// # Errors
/// `too_many_attempts`, `busy`.
pub(super) async fn verified(
    api: &Api,
    caller: &Caller,
    member: Option<&Arc<Member>>,
    account: &str,
    password: String,
) -> Result<bool, Error> {
    let now = api.rapport.clock().now();
    let known = cookie::read(&caller.headers, cookie::DEVICE);
    let known = known.filter(|text| is_device_of(api, text, member, now));
    let attempt = Attempt {
        account,
        address: &caller.address,
        device: known,
    };
    api.guard.begin(&attempt, now).map_err(|wait_ms| {
        let seconds = (wait_ms + SECOND_MS - 1) / SECOND_MS;
        let message = format!("too many attempts: try again in {seconds} s");
        let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
        Error::new(Code::TooManyAttempts, message).retry_after(seconds)
    })?;
    let roster = api.rapport.roster();
    let kept = member
        .filter(|member| member.is_active())
        .and_then(|member| roster.password(member.no))
        .map(|password| password.hash.clone());
    let line = if known.is_some() {
        Line::Known
    } else {
        Line::Anybody
    };
    let fits = password.len() <= password::BYTES_MAX;
    let kept = kept.filter(|_| fits);
    let password = if fits { password } else { String::new() };
    let is_it = api.passwords.verify(line, kept, password).await?;
    if is_it {
        api.guard.succeeded(&attempt);
    }
    Ok(is_it)
}

/// Records that somebody failed; a flood of that is counted more than recorded.
async fn failed(api: &Api, caller: &Caller, member: Option<&Arc<Member>>) -> Result<(), Error> {
    let now = api.rapport.clock().now();
    let Some(unrecorded) = api.guard.records(now) else {
        return Ok(());
    };
    // What was given for an address may be a password: only one that somebody has is kept.
    let subject = member.map_or_else(
        || "nobody".to_owned(),
        |member| format!("member:{}", member.no),
    );
    let mut record = Record::new(now, What::SignInFailed, "somebody", subject)
        .at_address(caller.address.clone());
    if unrecorded > 0 {
        record = record.with("unrecorded_before", unrecorded.to_string());
    }
    Ok(api.rapport.record(record).await?)
}

/// Begins a session, with an id that was never seen before, in place of the one a browser brings.
pub(super) async fn begin(
    api: &Api,
    caller: &Caller,
    member: &Member,
    password: Position,
    what: What,
) -> Result<Response, Error> {
    let made = secret::make("ses_");
    let id = made.map_err(|error| Error::new(Code::Storage, error.to_string()))?;
    let now = api.rapport.clock().now();
    let settings = &api.settings.sign_in;
    let session = Session {
        member: member.no,
        password,
        made: now,
        seen: now,
        until: now.plus(settings.session_ms),
        address: caller.address.clone().into(),
        agent: caller.agent.clone().into(),
    };
    let hash = keys::hash(&id);
    let change = Change::Begin {
        hash: hash.clone(),
        session: session.clone(),
        instead: cookie::read(&caller.headers, cookie::SESSION).map(keys::hash),
    };
    let name = format!("member:{}", member.no);
    let record = Record::new(now, what, &name, name.clone()).at_address(caller.address.clone());
    api.rapport.sign(change, vec![record]).await?;
    let body = json!({
        "member": Shown::of(api, member),
        "session": session::shown(api, &hash, &session),
    });
    let device = device(api, member.no, now.plus(DEVICE_MS));
    let mut answer = Json(body).into_response();
    let headers = answer.headers_mut();
    headers.append(
        SET_COOKIE,
        cookie::set(cookie::SESSION, &id, settings.session_ms / SECOND_MS),
    );
    headers.append(
        SET_COOKIE,
        cookie::set(cookie::DEVICE, &device, DEVICE_MS / SECOND_MS),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(answer)
}

/// What says that a member signed in from a browser before: nobody else can make it.
fn device(api: &Api, member: MemberNo, until: Millis) -> String {
    let said = format!("{member}.{}", until.0);
    let seal = api.rapport.seal(DEVICE, &said);
    format!("{said}.{seal}")
}

fn is_device_of(api: &Api, text: &str, member: Option<&Arc<Member>>, now: Millis) -> bool {
    let Some((said, seal)) = text.rsplit_once('.') else {
        return false;
    };
    let Some((whose, until)) = said.split_once('.') else {
        return false;
    };
    let is_sealed = api
        .rapport
        .seal(DEVICE, said)
        .as_bytes()
        .ct_eq(seal.as_bytes());
    let until = until.parse().map(Millis);
    bool::from(is_sealed)
        && until.is_ok_and(|until| now < until)
        && member.is_some_and(|member| member.no.to_string() == whose)
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Leaving {
    /// Whether every session of the member ends.
    #[serde(default)]
    everywhere: bool,
}

/// Ends the session; a browser that has none is signed out already.
async fn sign_out(
    State(api): State<Api>,
    caller: Caller,
    request: axum::extract::Request,
) -> Result<Response, Error> {
    let bytes = super::body::bytes(request).await?;
    let leaving = match bytes.is_empty() {
        true => Leaving::default(),
        false => serde_json::from_slice(&bytes)
            .map_err(|error| Error::new(Code::InvalidBody, error.to_string()))?,
    };
    match asker(&api, &caller.headers, &Method::POST) {
        Ok(asker) => end(&api, &caller, &asker, leaving.everywhere).await?,
        Err(error) if error.code() == Code::Unauthorized => {}
        Err(error) => return Err(error),
    }
    let gone = cookie::set(cookie::SESSION, "", 0);
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, gone)]).into_response())
}

async fn end(api: &Api, caller: &Caller, asker: &Asker, everywhere: bool) -> Result<(), Error> {
    let Some((hash, session)) = asker.session() else {
        let message = "a token is not signed in: revoke it instead";
        return Err(Error::new(Code::Invalid, message));
    };
    let change = match everywhere {
        true => Change::EndAll {
            member: session.member,
            but: None,
        },
        false => Change::End {
            hash: hash.to_owned(),
        },
    };
    let now = api.rapport.clock().now();
    let record = Record::new(now, What::SignedOut, asker.name(), asker.name())
        .at_address(caller.address.clone())
        .with("everywhere", everywhere.to_string());
    Ok(api.rapport.sign(change, vec![record]).await?)
}
