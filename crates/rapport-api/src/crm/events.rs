//! Events of the same dialect: what a contact did, told by a server. They go the way of all events.

use super::asked::Asked;
use super::body::{Body, Inputs, Text, Values};
use super::fault::Fault;
use super::gate::Caller;
use super::reading;
use super::spelling::Spelled;
use crate::Api;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use rapport_core::crm::{RecordNo, TypeId};
use rapport_core::entry::Reference;
use rapport_core::event::dialect::segment::{BATCH_BYTES_MAX, EVENT_BYTES_MAX};
use rapport_core::event::{Call, Dialect, KeyKind, Origin, Request, SourceNo, Validated, dialect};
use rapport_core::identity::{IdKind, ProfileNo};
use rapport_core::member::{Access, Action};
use rapport_core::time::Millis;
use rapport_store::ledger::Submission;
use serde::Deserialize;
use serde_json::{Value, json};

/// The source of what comes by a token rather than by a write key.
const OWN: SourceNo = SourceNo(0);
/// Most events of a batch.
const EVENTS_MAX: usize = 500;

pub(super) fn routes() -> Router<Api> {
    Spelled::versioned("/events", "v3", "/send")
        .and("/events/send/2026-03")
        .and("/events/send/2026-09")
        .at("", post(one))
        .at("/batch", post(many))
        .routes()
}

/// Something that somebody did.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sent {
    event_name: String,
    #[serde(default)]
    occurred_at: Option<Text>,
    #[serde(default)]
    uuid: Option<Text>,
    #[serde(default)]
    email: Option<Text>,
    #[serde(default)]
    object_id: Option<Text>,
    #[serde(default)]
    utk: Option<Text>,
    #[serde(default)]
    properties: Values,
}

async fn one(
    State(api): State<Api>,
    asked: Asked,
    Body(sent): Body<Sent>,
) -> Result<StatusCode, Fault> {
    let sent = vec![sent];
    check(&api, &asked.caller, &sent).await?;
    take(&api, sent).await
}

async fn many(
    State(api): State<Api>,
    asked: Asked,
    Body(sent): Body<Inputs<Sent>>,
) -> Result<StatusCode, Fault> {
    let sent = sent.at_most(EVENTS_MAX)?;
    check(&api, &asked.caller, &sent).await?;
    take(&api, sent).await
}

/// What somebody is said to have done changes what is known of them: who may not edit every
/// contact tells it of those they may edit, each by its id.
async fn check(api: &Api, caller: &Caller, sent: &[Sent]) -> Result<(), Fault> {
    if caller.who.reaches_all(TypeId::CONTACT, Action::Edit) {
        return Ok(());
    }
    let definitions = reading::definitions(api);
    let contacts = reading::object(&definitions, &TypeId::CONTACT.to_string())?;
    let reach = reading::reach(api, caller, contacts, Access::Write)?;
    for event in sent {
        let (None, None, Some(Text(id))) = (&event.email, &event.utk, &event.object_id) else {
            let message = "Your role does not let you edit every contact: say with `objectId` \
                           alone whose event it is.";
            return Err(Fault::forbidden(message));
        };
        let number: Vec<RecordNo> = RecordNo::parse(id).into_iter().collect();
        if reach.among(Action::View, &number).await?.is_empty() {
            return Err(nobody(id));
        }
        if reach.among(Action::Edit, &number).await?.is_empty() {
            return Err(Fault::forbidden(
                "Your role does not let you edit this Contact.",
            ));
        }
    }
    Ok(())
}

fn nobody(id: &str) -> Fault {
    Fault::missing(format!("There is no contact {id}."))
}

/// Puts events on the ledger, all of them or none.
async fn take(api: &Api, sent: Vec<Sent>) -> Result<StatusCode, Fault> {
    let mut items = Vec::with_capacity(sent.len());
    for (place, event) in sent.into_iter().enumerate() {
        let item = item(api, event).await;
        items.push(item.map_err(|fault| fault.about("index", place.to_string()))?);
    }
    if items.is_empty() {
        return Ok(StatusCode::NO_CONTENT);
    }
    let body = json!({ "batch": items }).to_string().into_bytes();
    if body.len() > BATCH_BYTES_MAX {
        return Err(Fault::invalid(format!(
            "The events of a batch have at most {BATCH_BYTES_MAX} bytes together: send fewer."
        )));
    }
    let origin = Origin {
        source: OWN,
        key_kind: KeyKind::Server,
        dialect: Dialect::Hubspot,
        call: Call::Batch,
        ip: None,
        user_agent: None,
    };
    let submission = checked(api, origin, body)?;
    api.rapport.collect(submission).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The submission, where each item of it is an event.
fn checked(api: &Api, origin: Origin, body: Vec<u8>) -> Result<Submission, Fault> {
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
            let message = format!("The event cannot be taken: {}.", reason.message);
            return Err(Fault::invalid(message).about("index", position.index.to_string()));
        }
    }
    let Request { origin, body, .. } = request;
    Ok(Submission { origin, body })
}

/// The event as a tracking call.
async fn item(api: &Api, sent: Sent) -> Result<Value, Fault> {
    if sent.event_name.trim().is_empty() {
        return Err(Fault::invalid("`eventName` names the event."));
    }
    let mut item = json!({
        "type": "track",
        "event": sent.event_name,
        "properties": sent.properties.0,
    });
    if let Some(Text(at)) = given(sent.occurred_at) {
        let at = instant(&at)?;
        item["timestamp"] = json!(at.to_string());
    }
    if let Some(Text(uuid)) = given(sent.uuid) {
        item["messageId"] = json!(uuid);
    }
    if let Some(Text(utk)) = given(sent.utk) {
        item["anonymousId"] = json!(utk);
    }
    let mut names = Vec::new();
    if let Some(Text(email)) = given(sent.email) {
        names.push(
            json!({ "type": "email", "id": email, "collection": "users", "encoding": "none" }),
        );
    }
    if let Some(Text(id)) = given(sent.object_id) {
        name(api, &id, &mut item, &mut names).await?;
    }
    if names.is_empty() && item["anonymousId"].is_null() && item["userId"].is_null() {
        let message = "Say whose event it is with `email`, `objectId` or `utk`.";
        return Err(Fault::invalid(message));
    }
    item["context"] = json!({ "externalIds": names });
    if item.to_string().len() > EVENT_BYTES_MAX {
        let message = format!("An event has at most {EVENT_BYTES_MAX} bytes.");
        return Err(Fault::invalid(message));
    }
    Ok(item)
}

fn given(text: Option<Text>) -> Option<Text> {
    text.filter(|text| !text.0.is_empty())
}

fn instant(text: &str) -> Result<Millis, Fault> {
    let ms = text.parse().ok().map(Millis);
    ms.or_else(|| Millis::parse(text)).ok_or_else(|| {
        Fault::invalid(format!(
            "`occurredAt` is an instant such as `2026-11-26T10:00:00.000Z`, not `{text}`."
        ))
    })
}

/// Names the contact of this id by an identifier that leads there.
async fn name(api: &Api, id: &str, item: &mut Value, names: &mut Vec<Value>) -> Result<(), Fault> {
    let nobody = || nobody(id);
    let number = id.parse().map(ProfileNo).map_err(|_| nobody())?;
    let profile = api.rapport.profile(&Reference::Number(number)).await?;
    let profile = profile.ok_or_else(nobody)?;
    let policy = api.rapport.policy();
    let links = profile.links.iter();
    let best = links.max_by_key(|link| policy.priority(&link.identifier.kind));
    let best = best.ok_or_else(nobody)?;
    let (kind, value) = (&best.identifier.kind, &best.identifier.value);
    match kind {
        IdKind::UserId => item["userId"] = json!(value),
        IdKind::AnonymousId => item["anonymousId"] = json!(value),
        kind => names.push(json!({
            "type": kind.word(), "id": value, "collection": "users", "encoding": "none",
        })),
    }
    Ok(())
}
