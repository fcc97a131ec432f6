//! What every dialect does with a call: read it, check it, find its key, hand it to the ledger.

use super::refused::Refused;
use super::shape::Shape;
use super::{body, jitsu, key, posthog};
use crate::serve::Peer;
use crate::{Api, Proxy};
use axum::body::Body;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use rapport_core::event::dialect::readable::{mend_surrogates, without_mark};
use rapport_core::event::dialect::{self, limits::Limits};
use rapport_core::event::{Call, Dialect, Origin, Request, SourceNo, Validated};
use rapport_flow::Refusal;
use rapport_flow::keys::KeyUse;
use rapport_store::ledger::Submission;

/// How much of a `User-Agent` header is kept, in bytes.
const USER_AGENT_BYTES_MAX: usize = 512;
/// Seconds after which to try again while the disk is full: somebody must make room first.
const RETRY_FULL_S: u32 = 30;
/// Seconds after which to try again while the server restarts.
const RETRY_STOPPING_S: u32 = 2;

/// How a request of a dialect is read.
#[derive(Clone, Copy)]
pub(super) struct Way {
    /// Which call it is.
    pub(super) call: Call,
    /// The most bytes its body may have here, whatever the dialect allows elsewhere.
    pub(super) body_bytes_max: usize,
    /// Whose dialect it is, by the headers and, once it is there, the text of the body.
    pub(super) dialect: fn(&Parts, Option<&str>) -> Dialect,
    /// Unpacks what is packed otherwise than by gzip.
    pub(super) unpack: Unpack,
}

type Unpack = fn(&Parts, Vec<u8>, usize) -> Result<Vec<u8>, Refused>;

impl Way {
    /// A call of one dialect, within its limits.
    pub(super) fn of(
        call: Call,
        dialect: fn(&Parts, Option<&str>) -> Dialect,
        largest: Dialect,
    ) -> Way {
        Way {
            call,
            body_bytes_max: Limits::of(largest).body_bytes,
            dialect,
            unpack: |_, body, _| Ok(body),
        }
    }
}

/// How a request fared at the door.
pub(super) struct Answered {
    /// Taken, and then it is on disk; or refused, and then nothing of it is kept.
    pub(super) taken: Result<(), Refused>,
    /// Whose dialect it was, and is to be answered in.
    pub(super) dialect: Dialect,
    /// Whether its source wants errors for what is else answered with a success.
    pub(super) strict: bool,
}

/// Takes a call: when it returns, the request is on disk, or refused and counted.
pub(super) async fn submit(api: &Api, way: Way, parts: &Parts, body: Body) -> Answered {
    let mut found = Found {
        dialect: (way.dialect)(parts, None),
        source: None,
        strict: false,
    };
    let taken = take(api, way, parts, body, &mut found).await;
    if let Err(refused) = &taken {
        api.rapport.count_refused(found.source, refused.code());
    }
    Answered {
        taken,
        dialect: found.dialect,
        strict: found.strict,
    }
}

/// What is found out about a request on its way, for counting and answering it.
struct Found {
    dialect: Dialect,
    source: Option<SourceNo>,
    strict: bool,
}

impl Found {
    fn key(&mut self, api: &Api, key: Option<&KeyUse>) {
        self.source = key.map(|key| key.source);
        self.strict = self
            .source
            .is_some_and(|source| api.rapport.is_strict(source));
    }
}

async fn take(
    api: &Api,
    way: Way,
    parts: &Parts,
    body: Body,
    found: &mut Found,
) -> Result<(), Refused> {
    let read = body::read(body, way.body_bytes_max).await;
    // Even what cannot be read is counted for its source where the headers name it.
    let arrived = read.inspect_err(|_| found.key(api, find(api, parts, None).as_ref()))?;
    let body::Arrived { bytes, room: _room } = arrived;
    let bytes = (way.unpack)(parts, bytes, way.body_bytes_max)?;
    let body = if without_mark(&bytes).len() == bytes.len() {
        bytes
    } else {
        bytes[3..].to_vec()
    };
    let key = check(api, way, parts, &body, found)?;
    let origin = Origin {
        source: key.source,
        key_kind: key.kind,
        dialect: found.dialect,
        call: way.call,
        ip: jitsu::ip(found.dialect, parts, address(api, parts)),
        user_agent: user_agent(parts),
    };
    let submission = if found.strict {
        strictly(api, origin, body)?
    } else {
        Submission { origin, body }
    };
    api.rapport.collect(submission).await.map_err(busy)
}

/// Checks a body and finds the key it was sent with.
fn check(
    api: &Api,
    way: Way,
    parts: &Parts,
    body: &[u8],
    found: &mut Found,
) -> Result<KeyUse, Refused> {
    let text = std::str::from_utf8(body).map_err(|error| Refused::InvalidJson(error.to_string()));
    let mended = text.map(mend_surrogates);
    if let Ok(text) = &mended {
        found.dialect = (way.dialect)(parts, Some(text));
    }
    let mut limits = Limits::of(found.dialect);
    limits.body_bytes = limits.body_bytes.min(way.body_bytes_max);
    let shape = match &mended {
        _ if body.len() > limits.body_bytes => Err(Refused::BodyTooLarge(limits.body_bytes)),
        Ok(text) => match found.dialect {
            Dialect::Posthog => posthog::look(text),
            _ => Shape::look(text, way.call),
        },
        Err(refused) => Err(refused.clone()),
    };
    let shape = shape.and_then(|shape| shape.check_event(body.len(), limits).map(|()| shape));
    let of_body = shape
        .as_ref()
        .ok()
        .and_then(|shape| shape.write_key.as_deref());
    let key = find(api, parts, of_body);
    found.key(api, key.as_ref());
    let shape = shape?;
    let key = key.ok_or(Refused::UnknownKey)?;
    shape.check_count(limits)?;
    Ok(key)
}

/// The submission, where every item of it is an event. One that is none refuses them all, so that
/// nothing is taken by half.
fn strictly(api: &Api, origin: Origin, body: Vec<u8>) -> Result<Submission, Refused> {
    let request = Request {
        number: 0,
        received: api.rapport.clock().now(),
        origin,
        body,
    };
    let configuration = api.rapport.configuration();
    for validated in dialect::validate(&request, &*configuration) {
        if let Validated::Invalid {
            position, reason, ..
        } = validated
        {
            let index = position.index;
            return Err(Refused::Invalid { index, reason });
        }
    }
    let Request { origin, body, .. } = request;
    Ok(Submission { origin, body })
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
pub(crate) fn address(api: &Api, parts: &Parts) -> Option<String> {
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
pub(crate) fn user_agent(parts: &Parts) -> Option<String> {
    let value = parts.headers.get(USER_AGENT)?.to_str().ok()?;
    Some(value[..value.len().min(USER_AGENT_BYTES_MAX)].to_owned())
}
