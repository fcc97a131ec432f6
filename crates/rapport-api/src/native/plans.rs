//! Tracking plans: what a source is expected to send, and what it sent instead.

use super::address::Named;
use super::bearer::Actor;
use super::body::Body;
use super::list::{self, List, Page};
use super::reference;
use super::sources;
use crate::Api;
use crate::errors::Error;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use rapport_core::entry::Command;
use rapport_core::plan::{Plan, Violation};
use rapport_flow::violations::Broken;
use serde::Serialize;
use serde_json::{Value, json};

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/sources/{id}/plan", get(show).put(put).delete(remove))
        .route("/sources/{id}/plan/violations", get(violations))
}

async fn show(State(api): State<Api>, _: Actor, Named(id): Named) -> Result<Json<Value>, Error> {
    let source = sources::find(&api, &id)?;
    let configuration = api.rapport.configuration();
    let plan = configuration.plans.get(&source.no);
    let plan = plan.ok_or_else(|| Error::missing(format_args!("plan of source {id}")))?;
    let mut shown = json!(plan.plan);
    let counts = api.rapport.violation_counts(source.no).into_iter();
    shown["violations"] = counts
        .map(|one| {
            json!({ "event": one.event, "field": one.field, "type": one.kind, "count": one.count })
        })
        .collect();
    Ok(Json(shown))
}

async fn put(
    State(api): State<Api>,
    Actor(actor): Actor,
    Named(id): Named,
    Body(plan): Body<Plan>,
) -> Result<Json<Value>, Error> {
    let source = sources::find(&api, &id)?;
    sources::for_violations(&api, &actor).await?;
    let command = Command::PutPlan {
        source: source.no,
        plan: Some(plan),
    };
    api.rapport.command(&actor, command).await?;
    show(State(api), Actor(actor), Named(id)).await
}

async fn remove(
    State(api): State<Api>,
    Actor(actor): Actor,
    Named(id): Named,
) -> Result<StatusCode, Error> {
    let source = sources::find(&api, &id)?.no;
    let command = Command::PutPlan { source, plan: None };
    api.rapport.command(&actor, command).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An event that was not as planned.
#[derive(Serialize)]
struct Shown {
    id: String,
    event: Box<str>,
    r#type: Box<str>,
    message_id: Box<str>,
    timestamp: String,
    received_at: String,
    taken: bool,
    plan_version: u32,
    violations: Vec<Violation>,
}

impl From<Broken> for Shown {
    fn from(broken: Broken) -> Shown {
        Shown {
            id: broken.position.to_string(),
            event: broken.name,
            r#type: broken.kind,
            message_id: broken.message_id,
            timestamp: broken.at.to_string(),
            received_at: broken.received.to_string(),
            taken: broken.taken,
            plan_version: broken.version,
            violations: broken.violations,
        }
    }
}

async fn violations(
    State(api): State<Api>,
    _: Actor,
    Named(id): Named,
    page: Page,
) -> Result<Json<List<Shown>>, Error> {
    let source = sources::find(&api, &id)?.no;
    let before = page.after(reference::position)?;
    let found = api
        .rapport
        .violations(source, before, page.limit + 1)
        .await?;
    let shown: Vec<Shown> = found.into_iter().map(Shown::from).collect();
    Ok(list::page(shown, page.limit, |last| last.id.clone()))
}
