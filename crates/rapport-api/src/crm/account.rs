//! What clients ask of the account and of their own token before they begin.

use super::asked::Asked;
use super::body::Body;
use super::fault::Fault;
use super::spelling::Spelled;
use crate::{Api, rights};
use axum::extract::{Path, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use rapport_flow::keys;
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) use rapport_core::crm::subscription::message::PORTAL;

/// Scopes that clients look for before they offer something: a token opens all of it.
const SCOPES: [&str; 22] = [
    "oauth",
    "crm.objects.contacts.read",
    "crm.objects.contacts.write",
    "crm.objects.companies.read",
    "crm.objects.companies.write",
    "crm.objects.deals.read",
    "crm.objects.deals.write",
    "crm.objects.custom.read",
    "crm.objects.custom.write",
    "crm.objects.owners.read",
    "crm.objects.line_items.read",
    "crm.objects.line_items.write",
    "crm.objects.quotes.read",
    "crm.objects.quotes.write",
    "crm.schemas.contacts.read",
    "crm.schemas.contacts.write",
    "crm.schemas.custom.read",
    "crm.schemas.custom.write",
    "crm.lists.read",
    "crm.lists.write",
    "tickets",
    "behavioral_events.event_definitions.read_write",
];

/// Routes for whoever has a token.
pub(super) fn routes() -> Router<Api> {
    Spelled::versioned("/account-info", "v3", "/details")
        .at("", get(details))
        .routes()
}

/// Routes where the token is what is asked about, and proves itself.
pub(crate) fn open_routes() -> Router<Api> {
    Spelled::under(vec!["/oauth".to_owned()])
        .at("/v1/access-tokens/{token}", get(access_token))
        .at("/v2/private-apps/get/access-token-info", post(private_app))
        .routes()
}

async fn details(State(api): State<Api>, _: Asked) -> Json<Value> {
    let zone = api.rapport.registry().zone_name().to_owned();
    Json(json!({
        "portalId": PORTAL,
        "accountType": "STANDARD",
        "timeZone": zone,
        "companyCurrency": Value::Null,
        "additionalCurrencies": [],
        "utcOffset": "+00:00",
        "utcOffsetMilliseconds": 0,
        "uiDomain": api.settings.public_url.as_deref().map_or("", domain),
        "dataHostingLocation": Value::Null,
    }))
}

/// What stands between the scheme and the path.
fn domain(url: &str) -> &str {
    let behind = url.split_once("://").map_or(url, |(_, rest)| rest);
    behind.split('/').next().unwrap_or_default()
}

async fn access_token(
    State(api): State<Api>,
    Path(token): Path<String>,
) -> Result<Json<Value>, Fault> {
    let known = known(&api, &token)?;
    Ok(Json(json!({
        "token": token,
        "token_type": "access",
        "user": known.name,
        "user_id": known.user,
        "hub_id": PORTAL,
        "hub_domain": api.settings.public_url.as_deref().map_or("", domain),
        "app_id": PORTAL,
        "scopes": known.scopes,
        // A token is in force until it is revoked: as long as there is a number for it.
        "expires_in": i32::MAX,
    })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    token_key: String,
}

async fn private_app(
    State(api): State<Api>,
    Body(wanted): Body<Wanted>,
) -> Result<Json<Value>, Fault> {
    let known = known(&api, &wanted.token_key)?;
    Ok(Json(json!({
        "userId": known.user, "hubId": PORTAL, "appId": PORTAL, "scopes": known.scopes,
    })))
}

fn known(api: &Api, token: &str) -> Result<Known, Fault> {
    let asker = rights::asker::by_token(api, token);
    let actor = asker
        .ok_or_else(|| Fault::missing("The token is not known."))?
        .actor;
    let member = actor.who().map(|member| member.no.0);
    let scopes = match actor.scopes().are_admin() {
        true => SCOPES.iter().map(ToString::to_string).collect(),
        false => actor
            .scopes()
            .iter()
            .map(rights::objects::spelled)
            .collect(),
    };
    Ok(Known {
        name: actor.name().to_owned(),
        user: member.unwrap_or_else(|| user_of(&keys::hash(token))),
        scopes,
    })
}

/// What there is to say of a token.
struct Known {
    name: String,
    /// The number of the user it stands for.
    user: u64,
    scopes: Vec<String>,
}

/// A number that a token keeps: the beginning of its hash, small enough for every client.
pub(super) fn user_of(hash: &str) -> u64 {
    u64::from_str_radix(&hash[..8], 16).unwrap_or(PORTAL)
}
