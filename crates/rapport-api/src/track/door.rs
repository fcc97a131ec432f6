//! What every dialect does with a call: read it, check it, find its key, hand it to the ledger.

use super::refused::Refused;
use super::shape::Shape;
use super::{body, key};
use crate::serve::Peer;
use crate::{Api, Proxy};
use axum::body::Body;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use rapport_core::event::dialect::readable::{mend_surrogates, without_mark};
use rapport_core::event::{Call, Dialect, Origin, SourceNo};
use rapport_flow::Refusal;
use rapport_flow::keys::KeyUse;
use rapport_store::ledger::Submission;

/// How much of a `User-Agent` header is kept, in bytes.
const USER_AGENT_BYTES_MAX: usize = 512;
/// Seconds after which to try again while the disk is full: somebody must make room first.
const RETRY_FULL_S: u32 = 30;
/// Seconds after which to try again while the server restarts.
const RETRY_STOPPING_S: u32 = 2;

/// Takes a call: when it returns, the request is on disk.
///
/// # Errors
/// [`Refused`], already counted: nothing of the request is kept.
pub(super) async fn submit(
    api: &Api,
    (dialect, call): (Dialect, Call),
    parts: &Parts,
    body: Body,
) -> Result<(), Refused> {
    let mut source = None;
    let taken = take(api, (dialect, call), parts, body, &mut source).await;
    if let Err(refused) = &taken {
        api.rapport.count_refused(source, refused.code());
    }
    taken
}

async fn take(
    api: &Api,
    (dialect, call): (Dialect, Call),
    parts: &Parts,
    body: Body,
    source: &mut Option<SourceNo>,
) -> Result<(), Refused> {
    let read = body::read(body).await;
    // Even what cannot be read is counted for its source where the headers name it.
    let bytes = read.inspect_err(|_| *source = find(api, parts, None).map(|key| key.source))?;
    let body = if without_mark(&bytes).len() == bytes.len() {
        bytes
    } else {
        bytes[3..].to_vec()
    };
    let key = check(api, call, parts, &body, source)?;
    let origin = Origin {
        source: key.source,
        key_kind: key.kind,
        dialect,
        call,
        ip: address(api, parts),
        user_agent: user_agent(parts),
    };
    api.rapport
        .collect(Submission { origin, body })
        .await
        .map_err(busy)
}

/// Checks a body and finds the key it was sent with.
fn check(
    api: &Api,
    call: Call,
    parts: &Parts,
    body: &[u8],
    source: &mut Option<SourceNo>,
) -> Result<KeyUse, Refused> {
    let text = std::str::from_utf8(body).map_err(|error| Refused::InvalidJson(error.to_string()));
    let mended = text.map(mend_surrogates);
    let shape = match &mended {
        Ok(text) => Shape::look(text, call),
        Err(refused) => Err(refused.clone()),
    };
    let of_body = shape
        .as_ref()
        .ok()
        .and_then(|shape| shape.write_key.as_deref());
    let key = find(api, parts, of_body);
    *source = key.as_ref().map(|key| key.source);
    let shape = shape?;
    let key = key.ok_or(Refused::UnknownKey)?;
    shape.check_count()?;
    Ok(key)
}

/// The first key of the request that is known.
pub(super) fn find(api: &Api, parts: &Parts, of_body: Option<&str>) -> Option<KeyUse> {
    let ring = api.rapport.keys();
    key::candidates(&parts.headers, &parts.uri, of_body)
        .find_map(|candidate| ring.write_key(&candidate).cloned())
}

/// What the flow does not take now is busy to whoever sent it.
pub(super) fn busy(refusal: Refusal) -> Refused {
    let retry_after_s = match refusal {
        Refusal::Busy { retry_after_s } => retry_after_s.max(1),
        Refusal::Full => RETRY_FULL_S,
        Refusal::Stopping => RETRY_STOPPING_S,
    };
    Refused::Busy { retry_after_s }
}

/// The client's address: of the socket, or as a trusted proxy appended it.
pub(super) fn address(api: &Api, parts: &Parts) -> Option<String> {
    let forwarded = match api.settings.proxy {
        Proxy::None => None,
        Proxy::Trusted => parts.headers.get_all("x-forwarded-for").iter().next_back(),
    };
    let forwarded =
        forwarded.and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse().ok());
    let socket = || parts.extensions.get::<Peer>().map(|peer| peer.0.ip());
    let address: std::net::IpAddr = forwarded.or_else(socket)?;
    Some(address.to_canonical().to_string())
}

/// The client's `User-Agent`, of a length that is kept.
pub(super) fn user_agent(parts: &Parts) -> Option<String> {
    let value = parts.headers.get(USER_AGENT)?.to_str().ok()?;
    Some(value[..value.len().min(USER_AGENT_BYTES_MAX)].to_owned())
}
