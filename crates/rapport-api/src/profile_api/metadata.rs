//! Metadata: since when somebody is known, and what was heard of them first and last.

use super::external_ids::first_messages;
use super::fault::Fault;
use super::subject::Subject;
use crate::Api;
use axum::Json;
use axum::response::{IntoResponse, Response};
use rapport_core::profile::Profile;
use rapport_store::history::Ask;
use serde::Serialize;
use std::collections::BTreeSet;

#[derive(Serialize)]
struct Shown {
    metadata: Metadata,
}

#[derive(Default, Serialize)]
struct Metadata {
    created_at: String,
    updated_at: String,
    /// Profiles do not expire.
    expires_at: Option<String>,
    first_message_id: Option<Box<str>>,
    first_source_id: Option<String>,
    last_message_id: Option<Box<str>>,
    last_source_id: Option<String>,
}

/// The one record of it.
pub(super) async fn answer(api: &Api, subject: &Subject) -> Result<Response, Fault> {
    let metadata = match subject {
        Subject::User(profile) => user(api, profile).await?,
        Subject::Account(company) => Metadata {
            created_at: company.first_seen.to_string(),
            updated_at: company.last_seen.to_string(),
            ..Metadata::default()
        },
    };
    Ok(Json(Shown { metadata }).into_response())
}

async fn user(api: &Api, profile: &Profile) -> Result<Metadata, Fault> {
    let newest = Ask {
        limit: 1,
        ..Ask::default()
    };
    let last = api.rapport.timeline(profile, &newest).await?.pop();
    let born = BTreeSet::from([profile.birth]);
    let first = first_messages(api, profile, born).await?;
    let source = profile
        .links
        .iter()
        .find(|link| link.cause == profile.birth)
        .and_then(|link| link.source);
    Ok(Metadata {
        created_at: profile.first_seen.to_string(),
        updated_at: profile.last_seen.to_string(),
        expires_at: None,
        first_message_id: first.get(&profile.birth).cloned(),
        first_source_id: source.map(|source| source.0.to_string()),
        last_message_id: last.as_ref().map(|row| row.event.message_id.clone()),
        last_source_id: last.map(|row| row.event.source.0.to_string()),
    })
}
