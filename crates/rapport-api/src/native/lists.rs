//! Lists: segments whose members are named, one by one, in a file, or by freezing another segment.

use super::address::Named;
use super::bearer::Actor;
use super::body::Body;
use super::list::{self, List, Page};
use super::reference;
use crate::Api;
use crate::errors::{Code, Error};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use rapport_core::entry::{Command, Reference};
use rapport_core::identity::{IdKind, Identifier};
use rapport_core::segment;
use rapport_core::segment::registry::{Build, Definition};
use serde::{Deserialize, Serialize};

use self::report::{Report, Row};

mod csv;
mod report;

/// References in one request at most.
const MEMBERS_MAX: usize = 10_000;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/lists", get(all).post(make))
        .route("/lists/{key}", get(show).delete(remove))
        .route("/lists/{key}/members", post(add))
        .route("/lists/{key}/remove", post(take_off))
        .route("/lists/{key}/csv", post(upload))
        .route("/segments/{key}/freeze", post(freeze))
}

/// A list. Who is on it, and everything else, is asked of the segment of the same key.
#[derive(Serialize)]
struct Shown {
    key: String,
    name: String,
    /// `live`, or `filling` while a frozen segment's members are put on it.
    state: &'static str,
    size: u64,
}

async fn shown(api: &Api, definition: &Definition) -> Result<Shown, Error> {
    let is_filling =
        definition.build != Build::Complete || api.rapport.is_filling(definition.no).await?;
    Ok(Shown {
        key: definition.key.to_string(),
        name: definition.name.to_string(),
        state: if is_filling { "filling" } else { "live" },
        size: api.rapport.segment_size(definition.no),
    })
}

fn find(api: &Api, key: &str) -> Result<Definition, Error> {
    let registry = api.rapport.registry();
    let definition = registry.get(key).cloned();
    definition
        .filter(|definition| segment::list::name(&definition.rule).is_some())
        .ok_or_else(|| Error::missing(format_args!("list {key}")))
}

async fn all(State(api): State<Api>, _: Actor, page: Page) -> Result<Json<List<Shown>>, Error> {
    let after = page.after(|text| Some(text.to_owned()))?;
    let registry = api.rapport.registry();
    let mut lists: Vec<&Definition> = registry.segments().iter().collect();
    lists.retain(|definition| segment::list::name(&definition.rule).is_some());
    lists.retain(|definition| {
        let after = after.as_deref();
        after.is_none_or(|after| &*definition.key > after)
    });
    lists.sort_unstable_by(|left, right| left.key.cmp(&right.key));
    let mut found = Vec::new();
    for definition in lists.into_iter().take(page.limit + 1) {
        found.push(shown(&api, definition).await?);
    }
    Ok(list::page(found, page.limit, |last| last.key.clone()))
}

async fn show(State(api): State<Api>, _: Actor, Named(key): Named) -> Result<Json<Shown>, Error> {
    Ok(Json(shown(&api, &find(&api, &key)?).await?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    key: String,
    name: Option<String>,
}

/// Makes an empty list.
async fn make(
    State(api): State<Api>,
    Actor(actor): Actor,
    Body(wanted): Body<Wanted>,
) -> Result<(StatusCode, Json<Shown>), Error> {
    let Wanted { key, name } = wanted;
    if api.rapport.registry().get(&key).is_some() {
        return Err(Error::new(
            Code::Conflict,
            format!("there is a segment or list {key} already"),
        ));
    }
    put(&api, &actor, &key, name).await?;
    Ok((
        StatusCode::CREATED,
        Json(shown(&api, &find(&api, &key)?).await?),
    ))
}

/// A list is a segment with a rule of its own, named by when it was made: one that is made again
/// under the same key begins empty.
async fn put(api: &Api, actor: &str, key: &str, name: Option<String>) -> Result<(), Error> {
    let rule = segment::list::rule(&format!("{key}:{}", api.rapport.clock().now().0));
    let rule = rule.ok_or_else(|| Error::new(Code::InvalidSegment, "this key is no key"))?;
    api.rapport
        .command(
            actor,
            Command::PutSegment {
                key: key.to_owned(),
                name: name.unwrap_or_else(|| key.to_owned()),
                rule: rule.to_string(),
            },
        )
        .await?;
    Ok(())
}

async fn remove(
    State(api): State<Api>,
    Actor(actor): Actor,
    Named(key): Named,
) -> Result<StatusCode, Error> {
    find(&api, &key)?;
    api.rapport
        .command(&actor, Command::DeleteSegment { key })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Members {
    members: Vec<String>,
}

async fn add(
    State(api): State<Api>,
    _: Actor,
    Named(key): Named,
    Body(members): Body<Members>,
) -> Result<Json<Report>, Error> {
    change(&api, &key, true, members).await
}

async fn take_off(
    State(api): State<Api>,
    _: Actor,
    Named(key): Named,
    Body(members): Body<Members>,
) -> Result<Json<Report>, Error> {
    change(&api, &key, false, members).await
}

async fn change(
    api: &Api,
    key: &str,
    on: bool,
    Members { members }: Members,
) -> Result<Json<Report>, Error> {
    if members.len() > MEMBERS_MAX {
        let message = format!("{MEMBERS_MAX} members at once: send the others in another request");
        return Err(Error::new(Code::InvalidBody, message));
    }
    let rows = members.into_iter().zip(1..).map(|(text, row)| {
        let reference = reference::profile(&text).map_err(|error| error.message().to_owned());
        Row {
            row,
            text,
            reference,
        }
    });
    report::change(api, key, on, rows.collect()).await.map(Json)
}

/// A file with a column of identifiers; each row puts somebody on the list, or takes them off it.
async fn upload(
    State(api): State<Api>,
    _: Actor,
    Named(key): Named,
    page: Page,
    request: Request,
) -> Result<Json<Report>, Error> {
    find(&api, &key)?;
    let column = page.one("column").ok_or_else(|| {
        Error::new(
            Code::InvalidQuery,
            "name the column with the identifiers: `?column=email&kind=email`",
        )
    })?;
    let word = page.one("kind").unwrap_or(column);
    let kind = IdKind::from_word(word).ok_or_else(|| {
        let message = format!(
            "`{word}` is no kind of identifier: say which with `kind`, such as `kind=email`"
        );
        Error::new(Code::InvalidQuery, message)
    })?;
    let on = match page.one("action").unwrap_or("add") {
        "add" => true,
        "remove" => false,
        other => {
            let message = format!("`action={other}` is neither `add` nor `remove`");
            return Err(Error::new(Code::InvalidQuery, message));
        }
    };
    let bytes = csv::bytes(request).await?;
    let column = column.to_owned();
    let reading = tokio::task::spawn_blocking(move || {
        let refer = |text: &str| Reference::Identifier(Identifier::new(kind.clone(), text));
        csv::column(&bytes, &column, refer)
    });
    let rows = reading
        .await
        .unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?;
    report::change(&api, &key, on, rows).await.map(Json)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Frozen {
    list: String,
    name: Option<String>,
}

/// Puts everybody who is in a segment now on a list, which is made where there is none.
async fn freeze(
    State(api): State<Api>,
    Actor(actor): Actor,
    Named(segment): Named,
    Body(frozen): Body<Frozen>,
) -> Result<(StatusCode, Json<Shown>), Error> {
    let Frozen { list, name } = frozen;
    let registry = api.rapport.registry();
    if registry.get(&segment).is_none() {
        return Err(Error::missing(format_args!("segment {segment}")));
    }
    if registry.get(&list).is_none() {
        put(&api, &actor, &list, name).await?;
    }
    let command = Command::FreezeSegment {
        segment,
        list: list.clone(),
    };
    api.rapport.command(&actor, command).await?;
    Ok((
        StatusCode::ACCEPTED,
        Json(shown(&api, &find(&api, &list)?).await?),
    ))
}
