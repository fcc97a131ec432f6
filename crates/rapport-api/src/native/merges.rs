//! Merges: the journal of a person, and taking a merge back.

use super::address::Named;
use super::bearer::Actor;
use super::list::{self, List, Page};
use super::{profiles, reference};
use crate::Api;
use crate::errors::{Code, Error};
use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use rapport_core::entry::Command;
use rapport_core::identity::ProfileNo;
use rapport_core::identity::journal::{MergeCause, Record, What};
use rapport_flow::commands::Reply;
use serde_json::{Value, json};

/// What a list of merges shows unless it is asked for other types.
const TYPES_SHOWN: [&str; 2] = ["merged", "undone"];
const TYPES: [&str; 5] = ["merged", "refused", "undone", "shared", "released"];

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/profiles/{reference}/merges", get(of_profile))
        .route("/merges/{id}", get(show))
        .route("/merges/{id}/undo", post(undo))
}

async fn of_profile(
    State(api): State<Api>,
    _: Actor,
    Named(text): Named,
    page: Page,
) -> Result<Json<List<Value>>, Error> {
    let profile = profiles::find(&api, &text).await?;
    let wanted = types(&page)?;
    let mut before = page.after(|text| reference::number(text, "mrg_").ok())?;
    let mut found = Vec::new();
    loop {
        let records = api
            .rapport
            .journal_of(&profile.numbers(), before, page.limit + 1)
            .await?;
        before = records.last().map(|(number, _)| *number);
        let is_last = records.len() <= page.limit;
        let shown = records
            .iter()
            .map(|(number, record)| spelled(*number, record));
        found.extend(shown.filter(|line| wanted.iter().any(|word| line["type"] == *word)));
        if is_last || found.len() > page.limit {
            break;
        }
    }
    Ok(list::page(found, page.limit, |last| {
        last["id"].as_str().unwrap_or_default().to_owned()
    }))
}

fn types(page: &Page) -> Result<Vec<&str>, Error> {
    let asked = page.all("type");
    if asked.is_empty() {
        return Ok(TYPES_SHOWN.to_vec());
    }
    if let Some(unknown) = asked.iter().find(|word| !TYPES.contains(&word.as_str())) {
        let message = format!("`type={unknown}` is none of {}", TYPES.join(", "));
        return Err(Error::new(Code::InvalidQuery, message));
    }
    Ok(asked.iter().map(String::as_str).collect())
}

async fn show(State(api): State<Api>, _: Actor, Named(id): Named) -> Result<Json<Value>, Error> {
    let number = reference::number(&id, "mrg_")?;
    let record = api.rapport.journal(number).await?;
    let record = record.ok_or_else(|| Error::missing(format_args!("merge {id}")))?;
    Ok(Json(spelled(number, &record)))
}

async fn undo(
    State(api): State<Api>,
    Actor(actor): Actor,
    Named(id): Named,
) -> Result<Json<Value>, Error> {
    let merge = reference::number(&id, "mrg_")?;
    let applied = api
        .rapport
        .command(&actor, Command::UndoMerge { merge })
        .await?;
    let profiles = match applied.reply {
        Reply::Undone { profiles } => profiles,
        _ => Vec::new(),
    };
    Ok(Json(json!({ "undone": id, "profiles": ids(&profiles) })))
}

fn spelled(number: u64, record: &Record) -> Value {
    let mut line = match &record.what {
        What::Merged {
            survivor,
            absorbed,
            cause,
            ..
        } => json!({
            "type": "merged",
            "survivor": survivor.to_string(),
            "absorbed": absorbed.to_string(),
            "cause": cause_of(cause),
        }),
        What::Refused {
            profiles,
            dropped,
            why,
        } => json!({
            "type": "refused",
            "profiles": ids(profiles),
            "identifier": dropped.to_string(),
            "why": why,
        }),
        What::Undone { merge } => json!({ "type": "undone", "merge": format!("mrg_{merge}") }),
        What::Shared { identifier, why } => {
            json!({ "type": "shared", "identifier": identifier.to_string(), "why": why })
        }
        What::Released { identifier } => {
            json!({ "type": "released", "identifier": identifier.to_string() })
        }
    };
    line["id"] = json!(format!("mrg_{number}"));
    line["position"] = json!(record.place.to_string());
    line["at"] = json!(record.received.to_string());
    line
}

fn cause_of(cause: &MergeCause) -> Value {
    match cause {
        MergeCause::Event { identifiers, kind } => json!({
            "event": kind,
            "identifiers": identifiers.iter().map(ToString::to_string).collect::<Vec<_>>(),
        }),
        MergeCause::Member { actor, .. } => json!({ "member": actor }),
    }
}

fn ids(profiles: &[ProfileNo]) -> Vec<String> {
    profiles.iter().map(ToString::to_string).collect()
}
