//! Webhook subscriptions: what an app wants to hear of records, and where it is told.

use super::asked::Asked;
use super::batch::Batch;
use super::body::{Body, Inputs, Text};
use super::fault::{Detail, Fault};
use super::paging;
use super::spelling::Spelled;
use crate::Api;
use crate::rights::hearing::may_hear;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use rapport_core::crm::subscription::message::Told;
use rapport_core::crm::subscription::{AppNo, Draft, Error, Subscription, SubscriptionNo, change};
use rapport_core::entry::Command;
use rapport_flow::commands::Reply;
use serde::Deserialize;
use serde_json::{Value, json};

mod settings;

/// Most subscriptions of a batch.
const INPUTS_MAX: usize = 100;

pub(super) fn routes() -> Router<Api> {
    Spelled::versioned("/webhooks", "v3", "/{app}")
        .at("/subscriptions", get(all).post(make))
        .at("/subscriptions/{id}", get(one).patch(change).delete(remove))
        .at("/subscriptions/batch/update", post(change_many))
        .at(
            "/settings",
            get(settings::show)
                .put(settings::put)
                .delete(settings::clear),
        )
        .routes()
}

/// The app that an address names.
fn app(asked: &Asked) -> Result<AppNo, Fault> {
    let named = asked.at("app");
    AppNo::parse(named).ok_or_else(|| {
        Fault::invalid(format!("`{named}` is no number of an app.")).about("appId", named)
    })
}

fn number(text: &str) -> Result<SubscriptionNo, Fault> {
    let number = text.parse().map(SubscriptionNo);
    number.map_err(|_| missing(text))
}

fn missing(named: &str) -> Fault {
    Fault::missing(format!("There is no subscription {named} of this app."))
        .about("subscriptionId", named)
}

fn shown(subscription: &Subscription) -> Value {
    let mut shown = json!({
        "id": subscription.no.to_string(),
        "eventType": subscription.kind.spelled(),
        "objectTypeId": subscription.kind.object.to_string(),
        "active": subscription.active,
        "createdAt": subscription.created.to_string(),
        "updatedAt": subscription.updated.to_string(),
    });
    if let Some(property) = &subscription.property {
        shown["propertyName"] = json!(property);
    }
    shown
}

async fn all(State(api): State<Api>, asked: Asked) -> Result<Json<Value>, Fault> {
    let app = app(&asked)?;
    let subscriptions = api.rapport.subscriptions();
    Ok(paging::whole(
        subscriptions.of_app(app).map(shown).collect(),
    ))
}

async fn one(State(api): State<Api>, asked: Asked) -> Result<Json<Value>, Fault> {
    let app = app(&asked)?;
    find(&api, app, number(asked.at("id"))?).map(Json)
}

fn find(api: &Api, app: AppNo, no: SubscriptionNo) -> Result<Value, Fault> {
    let subscriptions = api.rapport.subscriptions();
    let found = subscriptions.get(app, no);
    found.map(shown).ok_or_else(|| missing(&no.to_string()))
}

/// A subscription that is asked for. Clients write `null` for what they leave out.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    event_type: Option<Text>,
    object_type_id: Option<Text>,
    property_name: Option<Text>,
    active: Option<bool>,
}

async fn make(
    State(api): State<Api>,
    asked: Asked,
    Body(wanted): Body<Wanted>,
) -> Result<(StatusCode, Json<Value>), Fault> {
    let app = app(&asked)?;
    let text = |text: Option<Text>| text.map(|Text(text)| text.into());
    let draft = Draft {
        event: text(wanted.event_type)
            .ok_or_else(|| wrong("eventType", "`eventType` is missing."))?,
        object: text(wanted.object_type_id),
        property: text(wanted.property_name),
        active: wanted.active.unwrap_or(false),
    };
    let definitions = api.rapport.definitions();
    let kind = change::kind(&definitions, &draft).map_err(fault)?;
    let told = Told {
        object: kind.object,
        what: kind.what,
        property: draft.property.clone(),
    };
    may_hear(&definitions, &asked.caller.who, &told)?;
    let command = Command::PutSubscription { app, draft };
    let applied = api.rapport.command(&asked.caller.actor, command).await?;
    match applied.reply {
        Reply::Subscribed(made) => Ok((StatusCode::CREATED, Json(shown(&made)))),
        _ => Err(Fault::internal()),
    }
}

/// Why a draft is none.
fn fault(error: Error) -> Fault {
    let message = format!("{error}.");
    match error {
        Error::NotHere(_) => Fault::not_yet(message),
        Error::UnknownEvent(_) => wrong("eventType", message),
        Error::NoObject | Error::WrongObject(_) => wrong("objectTypeId", message),
        _ => Fault::invalid(message),
    }
}

/// What is wrong with a member of a body.
fn wrong(member: &str, message: impl Into<String>) -> Fault {
    let message = message.into();
    Fault::invalid(&*message).with(Detail {
        message,
        place: Some(member.to_owned()),
        ..Detail::default()
    })
}

fn may_switch(api: &Api, asked: &Asked, known: &Subscription) -> Result<(), Fault> {
    let definitions = api.rapport.definitions();
    may_hear(&definitions, &asked.caller.who, &Told::by(known)).map_err(Fault::from)
}

#[derive(Debug, Deserialize)]
struct Switch {
    active: Option<bool>,
}

async fn change(
    State(api): State<Api>,
    asked: Asked,
    Body(switch): Body<Switch>,
) -> Result<Json<Value>, Fault> {
    let app = app(&asked)?;
    let no = number(asked.at("id"))?;
    let subscriptions = api.rapport.subscriptions();
    let known = subscriptions.get(app, no);
    let known = known.ok_or_else(|| missing(asked.at("id")))?;
    // Nothing else of a subscription can change.
    if let Some(active) = switch.active {
        may_switch(&api, &asked, known)?;
        let switches = vec![(no, active)];
        let command = Command::SwitchSubscriptions { app, switches };
        api.rapport.command(&asked.caller.actor, command).await?;
    }
    find(&api, app, no).map(Json)
}

#[derive(Debug, Deserialize)]
struct OneOfMany {
    id: Text,
    active: bool,
}

async fn change_many(
    State(api): State<Api>,
    asked: Asked,
    Body(inputs): Body<Inputs<OneOfMany>>,
) -> Result<Response, Fault> {
    let batch = Batch::begin(&api);
    let app = app(&asked)?;
    let inputs = inputs.at_most(INPUTS_MAX)?;
    let subscriptions = api.rapport.subscriptions();
    let mut switches = Vec::new();
    let mut faults = Vec::new();
    for OneOfMany { id, active } in inputs {
        let number = number(&id.0).ok();
        match number.and_then(|no| subscriptions.get(app, no)) {
            Some(known) => match may_switch(&api, &asked, known) {
                Ok(()) => switches.push((known.no, active)),
                Err(fault) => faults.push(fault.about("subscriptionId", id.0)),
            },
            None => faults.push(missing(&id.0)),
        }
    }
    let changed: Vec<SubscriptionNo> = switches.iter().map(|(no, _)| *no).collect();
    if !switches.is_empty() {
        let command = Command::SwitchSubscriptions { app, switches };
        api.rapport.command(&asked.caller.actor, command).await?;
    }
    let mut answer = batch.done(&api);
    for no in changed {
        match find(&api, app, no) {
            Ok(shown) => answer.result(shown),
            Err(fault) => answer.error(fault),
        }
    }
    faults.into_iter().for_each(|fault| answer.error(fault));
    Ok(answer.respond_to_write(StatusCode::OK))
}

async fn remove(State(api): State<Api>, asked: Asked) -> Result<StatusCode, Fault> {
    let app = app(&asked)?;
    let subscription = number(asked.at("id"))?;
    if api.rapport.subscriptions().get(app, subscription).is_none() {
        return Err(missing(asked.at("id")));
    }
    let command = Command::DeleteSubscription { app, subscription };
    api.rapport.command(&asked.caller.actor, command).await?;
    Ok(StatusCode::NO_CONTENT)
}
