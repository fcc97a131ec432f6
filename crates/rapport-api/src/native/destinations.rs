//! Destinations: the webhooks that hear of segments. Their secrets are never shown again.

use super::address::Named;
use super::bearer::Actor;
use super::body::Body;
use super::list::{self, List, Page};
use super::records::failed;
use crate::Api;
use crate::errors::{Code, Error};
use crate::rights::Asker;
use crate::rights::hearing::may_lead;
use crate::secret;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::routing::get;
use axum::{Json, Router};
use rapport_core::crm::subscription::AppNo;
use rapport_core::entry::{Command, Destination, Shape};
use rapport_core::time::Millis;
use serde::{Deserialize, Serialize};

/// What to do about a URL that may not be reached.
const REACH: &str = "Messages go to public addresses, and to the networks and hosts that \
    `webhooks.allow` lists in the settings (`RAPPORT_WEBHOOKS_ALLOW`).";

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/destinations", get(all))
        .route("/destinations/{key}", get(show).put(put).delete(remove))
}

/// A destination. `secret` only answers the request that made it.
#[derive(Serialize)]
struct Shown {
    key: String,
    url: String,
    shape: Shape,
    segments: Vec<String>,
    secret_hint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl Shown {
    fn of(destination: Destination) -> Shown {
        Shown {
            secret_hint: secret::hint(&destination.secret),
            key: destination.key,
            url: destination.url,
            shape: destination.shape,
            segments: destination.segments,
            secret: None,
        }
    }
}

fn find(api: &Api, key: &str) -> Result<Destination, Error> {
    let found = api
        .rapport
        .destinations()
        .into_iter()
        .find(|destination| destination.key == key);
    found.ok_or_else(|| Error::missing(format_args!("destination {key}")))
}

async fn all(State(api): State<Api>, _: Actor, page: Page) -> Result<Json<List<Shown>>, Error> {
    let after = page.after(|text| Some(text.to_owned()))?;
    let mut destinations = api.rapport.destinations();
    destinations.sort_unstable_by(|left, right| left.key.cmp(&right.key));
    let rest = destinations
        .into_iter()
        .filter(|destination| after.as_ref().is_none_or(|after| destination.key > *after));
    let shown = rest.take(page.limit + 1).map(Shown::of).collect();
    Ok(list::page(shown, page.limit, |last: &Shown| {
        last.key.clone()
    }))
}

async fn show(State(api): State<Api>, _: Actor, Named(key): Named) -> Result<Json<Shown>, Error> {
    Ok(Json(Shown::of(find(&api, &key)?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    url: String,
    secret: Option<String>,
    #[serde(default)]
    shape: Shape,
    #[serde(default)]
    segments: Vec<String>,
}

/// Makes a destination or changes it. Without a `secret` it keeps the one it has, or gets one.
async fn put(
    State(api): State<Api>,
    asker: Asker,
    Named(key): Named,
    Body(wanted): Body<Wanted>,
) -> Result<Json<Shown>, Error> {
    check(&key, &wanted.url)?;
    if (wanted.shape == Shape::HubSpot) != AppNo::of_key(&key).is_some() {
        let message = format!(
            "`{key}` cannot be of this shape: `hubspot` and `app-` with the number of an app belong \
             together"
        );
        return Err(Error::new(Code::InvalidDestination, message));
    }
    if let Some(app) = AppNo::of_key(&key) {
        may_lead(&api, &asker.actor, app).await.map_err(failed)?;
    }
    if let Some(reach) = &api.settings.reach
        && let Err(why) = reach.check(&wanted.url).await
    {
        return Err(Error::new(Code::InvalidDestination, why).with_help(REACH));
    }
    let kept = find(&api, &key).ok();
    let made = match (&wanted.secret, &kept) {
        (None, None) => {
            let made = secret::make("whs_");
            Some(made.map_err(|error| Error::new(Code::Storage, error.to_string()))?)
        }
        _ => None,
    };
    let secret = wanted
        .secret
        .or_else(|| kept.as_ref().map(|known| known.secret.clone()))
        .or_else(|| made.clone())
        .unwrap_or_default();
    let Wanted {
        url,
        shape,
        segments,
        ..
    } = wanted;
    let destination = Destination {
        key,
        url,
        secret,
        shape,
        segments,
        concurrency: kept.as_ref().and_then(|known| known.concurrency),
        created: Millis::default(),
        updated: Millis::default(),
    };
    api.rapport
        .command(asker.name(), Command::PutDestination(destination.clone()))
        .await?;
    Ok(Json(Shown {
        secret: made,
        ..Shown::of(destination)
    }))
}

fn check(key: &str, url: &str) -> Result<(), Error> {
    let fits =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    if key.is_empty() || key.len() > 64 || !key.bytes().all(fits) {
        let message = format!("`{key}` cannot be the key of a destination");
        return Err(Error::new(Code::InvalidDestination, message));
    }
    if !is_web_address(url) {
        let message = format!("`{url}` is no `http` or `https` URL");
        return Err(Error::new(Code::InvalidDestination, message));
    }
    Ok(())
}

/// Whether a text is an address that a message can be posted to.
pub(crate) fn is_web_address(url: &str) -> bool {
    let parsed = url.parse::<Uri>().ok();
    let scheme = parsed.as_ref().and_then(Uri::scheme_str);
    matches!(scheme, Some("http" | "https"))
}

async fn remove(
    State(api): State<Api>,
    Actor(actor): Actor,
    Named(key): Named,
) -> Result<StatusCode, Error> {
    api.rapport
        .command(&actor, Command::DeleteDestination { key })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_needs_a_key_and_a_web_address() {
        assert!(check("crm-1", "https://example.org/hook?a=b").is_ok());
        for (key, url) in [
            ("", "https://example.org"),
            ("CRM", "https://example.org"),
            ("a/b", "https://example.org"),
            ("crm", "ftp://example.org"),
            ("crm", "file:///etc/passwd"),
            ("crm", "/hook"),
            ("crm", ""),
        ] {
            assert!(check(key, url).is_err(), "{key} {url}");
        }
    }
}
