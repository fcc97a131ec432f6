//! Roles: how far members reach.

use super::address::Named;
use super::body::Body;
use super::list::{self, List, Page};
use super::members::beyond;
use crate::Api;
use crate::errors::{Code, Error};
use crate::rights::Asker;
use crate::rights::objects;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use rapport_core::entry::Command;
use rapport_core::member::role::{ADMIN, VIEWER};
use rapport_core::member::{ObjectRights, Role, Scope, Scopes};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/roles", get(all))
        .route("/roles/{key}", get(show).put(put).delete(remove))
}

/// A role as it is told.
pub(super) fn shown(role: &Role) -> Value {
    let scopes: Vec<String> = role.scopes.iter().map(objects::spelled).collect();
    let named = role.objects.iter();
    let named: Map<String, Value> = named
        .map(|(object, rights)| (objects::name(*object), json!(rights)))
        .collect();
    let builtin = [ADMIN, VIEWER].contains(&&*role.key);
    json!({
        "key": role.key,
        "name": role.name,
        "scopes": scopes,
        "objects": named,
        "other_objects": role.other_objects,
        "builtin": builtin,
    })
}

/// Reads scopes as people spell them.
///
/// # Errors
/// `invalid_member`.
pub(super) fn scopes(texts: &[String]) -> Result<Scopes, Error> {
    let read = |text: &String| {
        let scope = Scope::parse(text, objects::find);
        scope.ok_or_else(|| Error::new(Code::InvalidMember, format!("`{text}` is no scope")))
    };
    texts.iter().map(read).collect()
}

async fn all(State(api): State<Api>, _: Asker, page: Page) -> Result<Json<List<Value>>, Error> {
    let after = page.after(|text| Some(text.to_owned()))?;
    let roster = api.rapport.roster();
    let rest = roster.roles().filter(|role| {
        let after = after.as_deref();
        after.is_none_or(|after| &*role.key > after)
    });
    let rest = rest.take(page.limit + 1).map(|role| shown(role));
    Ok(list::page(rest.collect(), page.limit, |last| {
        last["key"].as_str().unwrap_or_default().to_owned()
    }))
}

async fn show(State(api): State<Api>, _: Asker, Named(key): Named) -> Result<Json<Value>, Error> {
    let roster = api.rapport.roster();
    let role = roster.role(&key);
    let role = role.ok_or_else(|| Error::missing(format_args!("role `{key}`")))?;
    Ok(Json(shown(role)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    name: String,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    objects: BTreeMap<String, ObjectRights>,
    #[serde(default)]
    other_objects: ObjectRights,
}

async fn put(
    State(api): State<Api>,
    asker: Asker,
    Named(key): Named,
    Body(wanted): Body<Wanted>,
) -> Result<Json<Value>, Error> {
    let named = wanted.objects.into_iter().map(|(name, rights)| {
        let object = objects::find(&name);
        let unknown = || {
            Error::new(
                Code::InvalidMember,
                format!("`{name}` is no type of records"),
            )
        };
        Ok((object.ok_or_else(unknown)?, rights))
    });
    let role = Role {
        key: key.as_str().into(),
        name: wanted.name.into(),
        scopes: scopes(&wanted.scopes)?,
        objects: named.collect::<Result<_, Error>>()?,
        other_objects: wanted.other_objects,
    };
    within(&api, &asker, &key)?;
    if !asker.actor.covers(Some(&role), &Scopes::admin()) {
        return Err(beyond("such a role"));
    }
    let command = Command::PutRole(role);
    api.rapport.command(asker.name(), command).await?;
    let roster = api.rapport.roster();
    let role = roster.role(&key);
    role.map(|role| Json(shown(role)))
        .ok_or_else(|| Error::missing(format_args!("role `{key}`")))
}

async fn remove(
    State(api): State<Api>,
    asker: Asker,
    Named(key): Named,
) -> Result<StatusCode, Error> {
    within(&api, &asker, &key)?;
    let command = Command::DeleteRole { key };
    api.rapport.command(asker.name(), command).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Nobody changes a role that opens more than is open to them.
fn within(api: &Api, asker: &Asker, key: &str) -> Result<(), Error> {
    let roster = api.rapport.roster();
    let covers = |role: &Role| asker.actor.covers(Some(role), &Scopes::admin());
    match roster.role(key).is_none_or(|role| covers(role)) {
        true => Ok(()),
        false => Err(beyond(&format!("the role `{key}`"))),
    }
}
