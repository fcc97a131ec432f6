//! The webhook of a source: its address, its map and its check. Secrets are never shown again.

use super::address::Named;
use super::bearer::Actor;
use super::body::Body;
use super::sources;
use super::spelled::owned;
use crate::errors::{Code, Error};
use crate::track::webhook::path;
use crate::{Api, secret, signature};
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use rapport_core::entry::Command;
use rapport_core::event::webhook::{Choice, Verify, Webhook};
use rapport_core::event::{KeyKind, SourceNo};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

pub(super) mod preview;

/// Members of a check that are never shown.
const SECRETS: [&str; 3] = ["secret", "password", "verify_token"];
/// Shorter secrets have no end that says nothing.
const HINTED_CHARS_MIN: usize = 16;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/sources/{id}/webhook", get(show).put(put).delete(remove))
        .route("/sources/{id}/webhook/preview", post(preview::answer))
}

/// A webhook as it is shown.
#[derive(Serialize)]
struct Shown {
    source: u32,
    /// Where the sender is to post: the path, behind the public address where that is configured.
    address: String,
    map: Box<RawValue>,
    verify: Value,
    /// How far its deliveries are trusted: like a server key, or like one in a browser.
    trust: KeyKind,
}

impl Shown {
    fn of(api: &Api, webhook: &Webhook) -> Shown {
        let public = api.settings.public_url.as_deref().unwrap_or_default();
        Shown {
            source: webhook.source.0,
            address: format!("{}{}", public.trim_end_matches('/'), path(webhook)),
            map: owned(match &webhook.map {
                Choice::Ready(name) => Value::from(name.as_str()).to_string(),
                Choice::Own(text) => text.clone(),
            }),
            verify: shown(&webhook.verify),
            trust: webhook.verify.trust(),
        }
    }
}

/// A check without what proves it.
fn shown(verify: &Verify) -> Value {
    let mut shown = serde_json::to_value(verify).unwrap_or_default();
    if let Some(members) = shown.as_object_mut() {
        members.retain(|name, _| !SECRETS.contains(&name.as_str()));
        let long = |secret: &&str| secret.chars().count() >= HINTED_CHARS_MIN;
        if let Some(secret) = verify.secret().filter(long) {
            members.insert("secret_hint".to_owned(), secret::hint(secret).into());
        }
    }
    shown
}

fn find(api: &Api, source: SourceNo) -> Result<Webhook, Error> {
    let found = api.rapport.hooks().of_source(source).cloned();
    found.ok_or_else(|| Error::missing(format_args!("webhook of source {}", source.0)))
}

async fn show(State(api): State<Api>, _: Actor, Named(id): Named) -> Result<Json<Shown>, Error> {
    let source = sources::find(&api, &id)?;
    Ok(Json(Shown::of(&api, &find(&api, source.no)?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    map: Option<Box<RawValue>>,
    verify: Option<Verify>,
    #[serde(default)]
    new_address: bool,
}

/// Makes the webhook of a source or changes it. What is left out stays; the address stays, too,
/// unless a new one is asked for.
async fn put(
    State(api): State<Api>,
    Actor(actor): Actor,
    Named(id): Named,
    Body(wanted): Body<Wanted>,
) -> Result<Json<Shown>, Error> {
    let source = sources::find(&api, &id)?;
    let known = find(&api, source.no).ok();
    let wrong = |message: String| Error::new(Code::InvalidWebhook, message);
    let map = match (&wanted.map, &known) {
        (Some(map), _) => choice(map)?,
        (None, Some(known)) => known.map.clone(),
        (None, None) => {
            return Err(wrong(
                "`map` is missing: a ready map's name, or a map".into(),
            ));
        }
    };
    let verify = match (wanted.verify, &known) {
        (Some(verify), _) => verify,
        (None, Some(known)) => known.verify.clone(),
        (None, None) => {
            let message = "`verify` is missing: how deliveries are checked. Who wants no check says so: `{\"scheme\": \"none\"}`";
            return Err(wrong(message.into()));
        }
    };
    signature::usable(&verify).map_err(|message| wrong(format!("`verify`: {message}")))?;
    let token = match known {
        Some(known) if !wanted.new_address => known.token,
        _ => {
            let made = secret::make("wh_");
            made.map_err(|error| Error::new(Code::Storage, error.to_string()))?
        }
    };
    let webhook = Webhook {
        source: source.no,
        token,
        map,
        verify,
    };
    let command = Command::PutWebhook(webhook.clone());
    api.rapport.command(&actor, command).await?;
    Ok(Json(Shown::of(&api, &webhook)))
}

/// A ready map's name, or a map; it can be read.
pub(super) fn choice(map: &RawValue) -> Result<Choice, Error> {
    let choice = match serde_json::from_str::<String>(map.get()) {
        Ok(name) => Choice::Ready(name),
        Err(_) => Choice::Own(map.get().to_owned()),
    };
    match choice.read() {
        Ok(_) => Ok(choice),
        Err(message) => Err(Error::new(
            Code::InvalidWebhook,
            format!("the map: {message}"),
        )),
    }
}

async fn remove(
    State(api): State<Api>,
    Actor(actor): Actor,
    Named(id): Named,
) -> Result<StatusCode, Error> {
    let source = sources::find(&api, &id)?.no;
    let command = Command::DeleteWebhook { source };
    api.rapport.command(&actor, command).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_check_is_shown_without_what_proves_it() {
        for (verify, expected) in [
            (json!({ "scheme": "none" }), json!({ "scheme": "none" })),
            (
                json!({ "scheme": "meta", "secret": "0123456789abcdef", "verify_token": "word" }),
                json!({ "scheme": "meta", "secret_hint": "cdef" }),
            ),
            (
                json!({ "scheme": "basic", "user": "dairy", "password": "short" }),
                json!({ "scheme": "basic", "user": "dairy" }),
            ),
            (
                json!({ "scheme": "hmac", "secret": "short", "header": "x-signature" }),
                json!({ "scheme": "hmac", "header": "x-signature", "prefix": "", "encoding": "hex" }),
            ),
        ] {
            let verify: Verify = serde_json::from_value(verify).expect("a check");
            assert_eq!(shown(&verify), expected);
        }
    }
}
