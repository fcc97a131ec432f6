//! Where an app is told, and how much at once: its destination, as the dialect shows one.

use super::{app, wrong};
use crate::Api;
use crate::crm::asked::Asked;
use crate::crm::body::Body;
use crate::crm::fault::Fault;
use crate::native::is_web_address;
use crate::rights::hearing::may_lead;
use crate::secret;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use rapport_core::crm::subscription::AppNo;
use rapport_core::entry::{Command, Destination, Shape};
use rapport_core::time::Millis;
use serde::Deserialize;
use serde_json::{Value, json};

/// Requests on their way at once, where nobody says.
const CONCURRENCY: u32 = 10;
/// The most that may be asked for.
const CONCURRENCY_MAX: u32 = 100;
/// Longest address, in bytes.
const URL_BYTES_MAX: usize = 2_048;

fn find(api: &Api, app: AppNo) -> Option<Destination> {
    let mut all = api.rapport.destinations().into_iter();
    all.find(|destination| AppNo::of(destination) == Some(app))
}

fn missing(app: AppNo) -> Fault {
    Fault::missing(format!("App {app} has no webhook settings.")).about("appId", app.to_string())
}

fn shown(destination: &Destination) -> Value {
    json!({
        "targetUrl": destination.url,
        "throttling": {
            "maxConcurrentRequests": destination.concurrency.unwrap_or(CONCURRENCY),
            "period": "SECONDLY",
        },
        "createdAt": destination.created.to_string(),
        "updatedAt": destination.updated.to_string(),
    })
}

pub(super) async fn show(State(api): State<Api>, asked: Asked) -> Result<Json<Value>, Fault> {
    let app = app(&asked)?;
    let found = find(&api, app).ok_or_else(|| missing(app))?;
    Ok(Json(shown(&found)))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Wanted {
    target_url: Option<String>,
    throttling: Option<Throttling>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Throttling {
    max_concurrent_requests: Option<u32>,
}

/// Sets them. The answer that made the secret is the only one that shows it.
pub(super) async fn put(
    State(api): State<Api>,
    asked: Asked,
    Body(wanted): Body<Wanted>,
) -> Result<Json<Value>, Fault> {
    let app = app(&asked)?;
    may_lead(&api, &asked.caller.who, app).await?;
    let url = target(&api, wanted.target_url).await?;
    let most = wanted
        .throttling
        .and_then(|one| one.max_concurrent_requests);
    let most = most.unwrap_or(CONCURRENCY);
    if !(1..=CONCURRENCY_MAX).contains(&most) {
        let message = format!("`maxConcurrentRequests` is a number from 1 to {CONCURRENCY_MAX}.");
        return Err(wrong("throttling.maxConcurrentRequests", message));
    }
    let known = find(&api, app);
    let made = match known {
        Some(_) => None,
        None => Some(secret::make("whs_").map_err(|_| Fault::internal())?),
    };
    let kept = known.map(|known| known.secret);
    let destination = Destination {
        key: app.key(),
        url,
        secret: kept.or_else(|| made.clone()).unwrap_or_default(),
        shape: Shape::HubSpot,
        segments: Vec::new(),
        concurrency: Some(most),
        created: Millis::default(),
        updated: Millis::default(),
    };
    let command = Command::PutDestination(destination);
    api.rapport.command(&asked.caller.actor, command).await?;
    let found = find(&api, app).ok_or_else(|| missing(app))?;
    let mut shown = shown(&found);
    if let Some(made) = made {
        shown["clientSecret"] = json!(made);
    }
    Ok(Json(shown))
}

/// The address that is asked for, where messages may go there.
async fn target(api: &Api, url: Option<String>) -> Result<String, Fault> {
    let url = url.unwrap_or_default();
    if url.len() > URL_BYTES_MAX || !is_web_address(&url) {
        let message = format!(
            "`targetUrl` is an `https` or `http` address of at most {URL_BYTES_MAX} bytes."
        );
        return Err(wrong("targetUrl", message));
    }
    if let Some(reach) = &api.settings.reach
        && let Err(why) = reach.check(&url).await
    {
        let message = format!(
            "{why}. Messages go to public addresses, and to those that `webhooks.allow` lists."
        );
        return Err(wrong("targetUrl", message));
    }
    Ok(url)
}

/// Takes them away: nothing is told until there are others. The subscriptions stay.
pub(super) async fn clear(State(api): State<Api>, asked: Asked) -> Result<StatusCode, Fault> {
    let app = app(&asked)?;
    if find(&api, app).is_none() {
        return Err(missing(app));
    }
    let key = app.key();
    let command = Command::DeleteDestination { key };
    api.rapport.command(&asked.caller.actor, command).await?;
    Ok(StatusCode::NO_CONTENT)
}
