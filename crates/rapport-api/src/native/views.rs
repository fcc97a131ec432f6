//! Views: searches of records that are kept under a name, for oneself, a team or everybody.
//!
//! A view says what is looked for, never what may be seen: whoever asks by it sees of its records
//! what they would see without it. Who may not find by a property has no view that asks about it.

use super::address::Named;
use super::body::Body;
use super::list::{self, List, Page};
use super::records::{Filter, object, reach};
use crate::Api;
use crate::errors::{Code, Error};
use crate::rights::Asker;
use crate::rights::records::{Denied, Fields};
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use rapport_core::crm::query::{Search, Sort};
use rapport_core::crm::view::{Board, Draft, Removal, Shared, View};
use rapport_core::crm::{Definitions, TypeId};
use rapport_core::entry::Command;
use rapport_core::member::{Access, Scope, TeamNo};
use rapport_core::position::Position;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

pub(super) fn routes() -> Router<Api> {
    Router::new()
        .route("/views", get(all).post(make))
        .route("/views/{id}", get(show).put(change).delete(remove))
}

/// A view.
#[derive(Serialize)]
struct Shown {
    id: String,
    #[serde(flatten)]
    view: Spelled,
    owner: Option<u64>,
    created_at: String,
    updated_at: String,
}

/// What a view is, as it is sent and told.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Spelled {
    /// The type of the records.
    object: String,
    name: String,
    /// Words they contain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    words: Option<String>,
    /// Groups of filters: every one of a group holds, of any group.
    #[serde(default)]
    filters: Vec<Vec<Filter>>,
    /// Properties to order by; `-` in front for the highest first.
    #[serde(default)]
    sort: Vec<String>,
    /// Whether archived records are meant instead of the others.
    #[serde(default)]
    archived: bool,
    /// Properties that are shown.
    #[serde(default)]
    columns: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    board: Option<Grouped>,
    /// `me`, `team` or `everybody`.
    #[serde(default)]
    shared: With,
    /// The team, where it is shared with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    team: Option<u32>,
}

/// What a board of a view shows.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Grouped {
    by: String,
    #[serde(default)]
    sum: Vec<String>,
}

#[derive(Clone, Copy, Default, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum With {
    #[default]
    Me,
    Team,
    Everybody,
}

impl Shown {
    /// A view, as whoever asks may know of its columns.
    fn of(definitions: &Definitions, asker: &Asker, view: &View) -> Shown {
        let Draft {
            object,
            name,
            search,
            columns,
            board,
            shared,
            owner,
        } = &view.draft;
        let known = definitions.get(*object);
        let knows = |name: &str| {
            known.is_some_and(|object| {
                let fields = Fields::of(definitions, &asker.actor, object);
                let property = object.property(name);
                property.is_none_or(|property| fields.knows(property))
            })
        };
        let groups = search.groups.iter();
        let sort = search.sorts.iter().map(|sort| match sort.descending {
            true => format!("-{}", sort.property),
            false => sort.property.to_string(),
        });
        let (shared, team) = match shared {
            Shared::Nobody => (With::Me, None),
            Shared::Team(team) => (With::Team, Some(team.0)),
            Shared::Everybody => (With::Everybody, None),
        };
        Shown {
            id: view.id.id(),
            view: Spelled {
                object: known.map_or_else(|| object.to_string(), |one| one.head.name.to_string()),
                name: name.to_string(),
                words: search.words.as_deref().map(str::to_owned),
                filters: groups
                    .map(|group| group.iter().map(Filter::of).collect())
                    .collect(),
                sort: sort.collect(),
                archived: search.archived,
                columns: columns
                    .iter()
                    .filter(|name| knows(name))
                    .map(ToString::to_string)
                    .collect(),
                board: board.as_ref().map(|board| Grouped {
                    by: board.by.to_string(),
                    sum: board.sums.iter().map(ToString::to_string).collect(),
                }),
                shared,
                team,
            },
            owner: owner.map(|owner| owner.0),
            created_at: view.created.to_string(),
            updated_at: view.updated.to_string(),
        }
    }
}

impl Spelled {
    /// What it says, as far as whoever asks may say it.
    fn read(self, api: &Api, asker: &Asker) -> Result<Draft, Error> {
        let definitions = api.rapport.definitions();
        let object = object(&definitions, &self.object)?;
        writes(asker, object.id())?;
        let shared = match (self.shared, self.team) {
            (With::Me, None) => Shared::Nobody,
            (With::Everybody, None) => Shared::Everybody,
            (With::Team, Some(team)) => Shared::Team(TeamNo(team)),
            _ => {
                let message = "`team` is the team a view is shared with: `\"shared\": \"team\"`";
                return Err(Error::new(Code::InvalidBody, message));
            }
        };
        let actor = &asker.actor;
        if let Shared::Team(team) = shared
            && let Some(member) = actor.who()
            && !member.teams.contains(&team)
            && !actor.is_admin()
        {
            let message = "views are shared with teams one is in";
            return Err(Error::new(Code::Forbidden, message));
        }
        let groups = self.filters.into_iter().map(|group| {
            let filters = group.into_iter().map(Filter::read);
            filters.collect::<Result<Vec<_>, _>>()
        });
        let sorts = self.sort.iter().map(|text| match text.strip_prefix('-') {
            Some(property) => (property, true),
            None => (text.as_str(), false),
        });
        let sorts = sorts.map(|(property, descending)| Sort {
            property: property.into(),
            descending,
        });
        let draft = Draft {
            object: object.id(),
            name: self.name.trim().into(),
            search: Search {
                words: self.words.map(Into::into),
                groups: groups.collect::<Result<_, _>>()?,
                sorts: sorts.collect(),
                archived: self.archived,
            },
            columns: self.columns.into_iter().map(Into::into).collect(),
            board: self.board.map(|board| Board {
                by: board.by.into(),
                sums: board.sum.into_iter().map(Into::into).collect(),
            }),
            shared,
            owner: actor.who().map(|member| member.no),
        };
        opens(api, asker, &definitions, &draft)?;
        let reach = reach(api, asker, object, Access::Read)?;
        let knows = |name: &str| object.property(name).is_some_and(|one| reach.knows(one));
        match draft.columns.iter().find(|name| !knows(name)) {
            // What is hidden is answered like what is not there.
            Some(name) => Err(super::records::denied(Denied::Unknown(name.to_string()))),
            None => Ok(draft),
        }
    }
}

/// Whether somebody may keep anything about records of a type.
fn writes(asker: &Asker, object: TypeId) -> Result<(), Error> {
    let scope = Scope::RecordsOf(object, Access::Write);
    match asker.actor.has(scope) {
        true => Ok(()),
        false => Err(super::records::denied(Denied::Scope(scope))),
    }
}

/// Whether somebody may find by all that a view asks about.
fn opens(api: &Api, asker: &Asker, definitions: &Definitions, draft: &Draft) -> Result<(), Error> {
    let missing = || Error::missing(format_args!("type of records {}", draft.object));
    let object = definitions.get(draft.object).ok_or_else(missing)?;
    let reach = reach(api, asker, object, Access::Read)?;
    reach.finds(draft.asks()).map_err(super::records::denied)?;
    if draft.search.words.is_some() {
        reach.looks_for_words().map_err(super::records::denied)?;
    }
    Ok(())
}

/// The view of an id, where whoever asks has it and may find by all it asks about.
pub(super) fn find(api: &Api, asker: &Asker, id: &str) -> Result<Arc<View>, Error> {
    let view = held(api, asker, id)?;
    opens(api, asker, &api.rapport.definitions(), &view.draft)?;
    Ok(view)
}

/// The view of an id, where whoever asks has it.
fn held(api: &Api, asker: &Asker, id: &str) -> Result<Arc<View>, Error> {
    let missing = || Error::missing(format_args!("view {id}"));
    let place = Position::of_id(id).ok_or_else(missing)?;
    let configuration = api.rapport.configuration();
    let view = configuration.views.get(place);
    let view = view.filter(|view| view.is_for(&asker.actor));
    view.map(Arc::clone).ok_or_else(missing)
}

/// The same, where it is theirs to change or to remove: also where they may not ask by it any more.
fn own(api: &Api, asker: &Asker, id: &str) -> Result<Arc<View>, Error> {
    let view = held(api, asker, id)?;
    writes(asker, view.draft.object)?;
    match view.is_of(&asker.actor) || asker.actor.is_admin() {
        true => Ok(view),
        false => {
            let message = format!("the view {id} is somebody else's: make one like it");
            Err(Error::new(Code::Forbidden, message))
        }
    }
}

async fn all(State(api): State<Api>, asker: Asker, page: Page) -> Result<Json<List<Shown>>, Error> {
    let configuration = api.rapport.configuration();
    let definitions = &configuration.crm;
    let of = page.one("object").map(|word| object(definitions, word));
    let of = of.transpose()?.map(|object| object.id());
    let after = page.after(Position::of_id)?.unwrap_or_default();
    let views = configuration.views.after(after).filter(|view| {
        view.is_for(&asker.actor)
            && of.is_none_or(|of| of == view.draft.object)
            && opens(&api, &asker, definitions, &view.draft).is_ok()
    });
    let shown = views
        .take(page.limit + 1)
        .map(|view| Shown::of(definitions, &asker, view));
    Ok(list::page(shown.collect(), page.limit, |last| {
        last.id.clone()
    }))
}

async fn show(
    State(api): State<Api>,
    asker: Asker,
    Named(id): Named,
) -> Result<Json<Shown>, Error> {
    let view = find(&api, &asker, &id)?;
    Ok(Json(Shown::of(&api.rapport.definitions(), &asker, &view)))
}

async fn make(
    State(api): State<Api>,
    asker: Asker,
    Body(spelled): Body<Spelled>,
) -> Result<(StatusCode, Json<Shown>), Error> {
    let draft = spelled.read(&api, &asker)?;
    let command = Command::PutView { view: None, draft };
    let made = api.rapport.command(asker.name(), command).await?.position;
    let view = find(&api, &asker, &made.id())?;
    let shown = Shown::of(&api.rapport.definitions(), &asker, &view);
    Ok((StatusCode::CREATED, Json(shown)))
}

async fn change(
    State(api): State<Api>,
    asker: Asker,
    Named(id): Named,
    Body(spelled): Body<Spelled>,
) -> Result<Json<Shown>, Error> {
    let view = Some(own(&api, &asker, &id)?.id);
    let draft = spelled.read(&api, &asker)?;
    let command = Command::PutView { view, draft };
    api.rapport.command(asker.name(), command).await?;
    let view = find(&api, &asker, &id)?;
    Ok(Json(Shown::of(&api.rapport.definitions(), &asker, &view)))
}

async fn remove(
    State(api): State<Api>,
    asker: Asker,
    Named(id): Named,
) -> Result<StatusCode, Error> {
    let view = own(&api, &asker, &id)?.id;
    let command = Command::DeleteView(Removal { view });
    api.rapport.command(asker.name(), command).await?;
    Ok(StatusCode::NO_CONTENT)
}
