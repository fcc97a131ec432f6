//! Bulks: how far changes of many records are, what they did, and taking them back.

use super::address::Named;
use super::list::{self, List, Page};
use super::records::{Reached, reach, typed};
use crate::Api;
use crate::errors::Error;
use crate::rights::Asker;
use crate::rights::asker::Credential;
use crate::rights::records::Fields;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use rapport_core::crm::bulk::{Act, Bulk, By, Course, Does, Draft, Stop, Which};
use rapport_core::crm::{Property, RecordNo, Value as Kept};
use rapport_core::entry::Command;
use rapport_core::member::{Access, Action};
use rapport_core::position::Position;
use serde_json::{Value, json};
use std::time::Duration;

mod driver;

pub(crate) use driver::Driver;

/// How long a request waits for its bulk to end, and how often it looks.
const PATIENCE: u32 = 200;
const LOOK: Duration = Duration::from_millis(10);
/// Bulks that are looked at together for a page of them, and how often at most.
const LOOKED_AT: usize = 100;
const LOOKS_MAX: usize = 10;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/bulk", get(all))
        .route("/bulk/{id}", get(show))
        .route("/bulk/{id}/records", get(records))
        .route("/bulk/{id}/undo", post(undo))
        .route("/bulk/{id}/stop", post(stop))
}

/// By whose rights somebody's bulk is done.
pub(super) fn by(asker: &Asker) -> By {
    match (&asker.credential, asker.actor.who()) {
        (Credential::Session(..), Some(member)) => By::Member(member.no),
        (Credential::Token(hash) | Credential::Session(hash, _), _) => {
            By::Token(hash.as_str().into())
        }
    }
}

/// Begins a bulk; answers how it went where it ends soon, and else how far it is.
pub(super) async fn begin(
    api: &Api,
    asker: &Asker,
    draft: Draft,
) -> Result<(StatusCode, Json<Value>), Error> {
    let command = Command::StartBulk(draft);
    let id = api.rapport.command(asker.name(), command).await?.position;
    Driver::wake(api);
    for _ in 0..PATIENCE {
        let bulk = find(api, asker, &id.id()).await?;
        if !bulk.is_running() {
            return Ok((StatusCode::OK, Json(shown(api, asker, &bulk))));
        }
        tokio::time::sleep(LOOK).await;
    }
    let bulk = find(api, asker, &id.id()).await?;
    Ok((StatusCode::ACCEPTED, Json(shown(api, asker, &bulk))))
}

fn shown(api: &Api, asker: &Asker, bulk: &Bulk) -> Value {
    let definitions = api.rapport.definitions();
    let object = bulk.object_type(&definitions);
    let (does, undoes) = match bulk.does {
        Does::Set => ("set", None),
        Does::Archive => ("archive", None),
        Does::Restore => ("restore", None),
        Does::Undo(of) => ("undo", Some(of.id())),
    };
    let (state, reason) = match &bulk.course {
        Course::Running => ("running", None),
        Course::Done => ("done", None),
        Course::Stopped(reason) => ("stopped", Some(reason)),
    };
    let fields = object.map(|object| Fields::of(&definitions, &asker.actor, object));
    let knows = |property: &Property| fields.as_ref().is_none_or(|fields| fields.knows(property));
    let problems = bulk.problems.iter();
    let problems = problems.map(|(no, problem)| {
        let message = problem.told(object, knows);
        json!({ "id": no.to_string(), "message": message })
    });
    json!({
        "id": bulk.id.id(),
        "type": object.map_or_else(|| bulk.object.to_string(), |one| one.head.name.to_string()),
        "does": does,
        "undoes": undoes,
        "undone_by": bulk.undone_by.map(Position::id),
        "state": state,
        "reason": reason,
        "by": bulk.actor,
        "expected": bulk.expected,
        "changed": bulk.counts.changed,
        "unchanged": bulk.counts.unchanged,
        "refused": bulk.counts.refused,
        "kept": bulk.counts.kept,
        "problems": problems.collect::<Vec<_>>(),
        "began_at": bulk.began.to_string(),
        "ended_at": bulk.ended.map(|at| at.to_string()),
    })
}

/// Whether a bulk is somebody's own, or theirs to look after.
fn is_for(bulk: &Bulk, asker: &Asker) -> bool {
    by(asker) == bulk.by || asker.actor.is_admin()
}

async fn find(api: &Api, asker: &Asker, id: &str) -> Result<Bulk, Error> {
    let missing = || Error::missing(format_args!("bulk {id}"));
    let place = Position::of_id(id).ok_or_else(missing)?;
    let bulk = api.rapport.bulk(place).await?;
    bulk.filter(|bulk| is_for(bulk, asker)).ok_or_else(missing)
}

/// A page of those that are somebody's. Others' are passed over, so many at most: then it is short,
/// or empty, and there is a next one nevertheless.
async fn all(State(api): State<Api>, asker: Asker, page: Page) -> Result<Json<List<Value>>, Error> {
    let mut before = page.after(Position::of_id)?;
    let mut told = Vec::new();
    for _ in 0..LOOKS_MAX {
        let some = api.rapport.bulks(before, LOOKED_AT).await?;
        let is_last = some.len() < LOOKED_AT;
        for bulk in some {
            if told.len() == page.limit {
                return Ok(list::behind(told, before.map(Position::id)));
            }
            before = Some(bulk.id);
            if is_for(&bulk, &asker) {
                told.push(shown(&api, &asker, &bulk));
            }
        }
        if is_last {
            return Ok(list::behind(told, None));
        }
    }
    Ok(list::behind(told, before.map(Position::id)))
}

async fn show(
    State(api): State<Api>,
    asker: Asker,
    Named(id): Named,
) -> Result<Json<Value>, Error> {
    let bulk = find(&api, &asker, &id).await?;
    Ok(Json(shown(&api, &asker, &bulk)))
}

/// What it did to each record, as far as that may be seen.
async fn records(
    State(api): State<Api>,
    asker: Asker,
    Named(id): Named,
    page: Page,
) -> Result<Json<List<Value>>, Error> {
    let bulk = find(&api, &asker, &id).await?;
    let definitions = api.rapport.definitions();
    let object = bulk.object_type(&definitions);
    let object = object.ok_or_else(|| Error::missing("type of its records"))?;
    let reach: Reached<'_> = reach(&api, &asker, object, Access::Read)?;
    let after = page.after(|text| text.parse().ok())?.unwrap_or(0);
    let some = api
        .rapport
        .bulk_records(bulk.id, RecordNo(after), page.limit)
        .await?;
    let next = some.last().filter(|_| some.len() == page.limit);
    let next = next.map(|(no, _)| no.to_string());
    let numbers: Vec<RecordNo> = some.iter().map(|(no, _)| *no).collect();
    let seen = reach.among(Action::View, &numbers).await?;
    let told = some.iter().filter(|(no, _)| seen.contains(no));
    let told = told.map(|(no, touched)| {
        let fields = touched.fields.iter().filter_map(|field| {
            let property = object.properties.get(&field.no)?;
            let property = reach.reads(property).then_some(property)?;
            let value = |text: &Option<Box<str>>| {
                let parsed = text.as_deref().map(|text| Kept::parse(property, text));
                typed(parsed.and_then(Result::ok).flatten().as_ref())
            };
            let change = json!({ "from": value(&field.old), "to": value(&field.new) });
            Some((property.name.to_string(), change))
        });
        let problem = touched.problem();
        let problem = problem.map(|problem| problem.told(Some(object), |one| reach.knows(one)));
        json!({
            "id": no.to_string(),
            "properties": fields.collect::<serde_json::Map<_, _>>(),
            "archived": touched.archived.map(|(_, after)| after.is_some()),
            "problem": problem,
        })
    });
    Ok(list::behind(told.collect(), next))
}

/// Takes back what it changed, where nobody changed the same since.
async fn undo(
    State(api): State<Api>,
    asker: Asker,
    Named(id): Named,
) -> Result<(StatusCode, Json<Value>), Error> {
    let bulk = find(&api, &asker, &id).await?;
    let draft = Draft {
        object: bulk.object,
        which: Which::Changed,
        act: Act::Undo(bulk.id),
        until: RecordNo(u64::MAX),
        expected: bulk.counts.changed,
        by: by(&asker),
    };
    begin(&api, &asker, draft).await
}

/// Ends it where it is; what is done stays done, and can be undone.
async fn stop(
    State(api): State<Api>,
    asker: Asker,
    Named(id): Named,
) -> Result<Json<Value>, Error> {
    let bulk = find(&api, &asker, &id).await?.id;
    let reason = format!("stopped by {}", asker.name()).into();
    let command = Command::StopBulk(Stop { bulk, reason });
    api.rapport.command(asker.name(), command).await?;
    Ok(Json(shown(&api, &asker, &find(&api, &asker, &id).await?)))
}
