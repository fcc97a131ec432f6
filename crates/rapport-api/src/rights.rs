//! Rights at the doors: who asks, and whether a route is open to them.
//!
//! Every native route passes [`check`] before its handler runs. [`routes`] says of each what it
//! needs; one of which nothing is said is open to nobody. What a route shows without asking for
//! each record is open only to those who see all of them.

use crate::Api;
use crate::errors::{Code, Error};
use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::Method;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use rapport_core::member::{Access, Actor, Scope};
use rapport_flow::audit::{Record, What};

pub(crate) use self::asker::{Asker, asker};
use self::routes::{Door, Route};

pub(crate) mod asker;
pub(crate) mod cookie;
pub(crate) mod hearing;
pub(crate) mod objects;
pub(crate) mod origin;
pub(crate) mod records;
pub(crate) mod routes;

/// Where the native API begins.
const BEGIN: &str = "/api/v1";

/// Lets a request to a native route through, or answers it.
pub(crate) async fn check(State(api): State<Api>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let route = parts
        .extensions
        .get::<MatchedPath>()
        .and_then(|path| routes::find(path.as_str().strip_prefix(BEGIN)?));
    let admitted = match route {
        Some(route) => admit(&api, route, &mut parts),
        None => Err(unsaid(&parts)),
    };
    if let Err(error) = admitted {
        return error.into_response();
    }
    let taken = route.filter(|route| route.takes_out && parts.method != Method::GET);
    let record = taken.and_then(|_| exported(&api, &parts));
    let answer = next.run(Request::from_parts(parts, body)).await;
    if let Some(record) = record.filter(|_| answer.status().is_success())
        && let Err(error) = api.rapport.record(record).await
    {
        return Error::from(error).into_response();
    }
    answer
}

/// Finds out who asks where the route needs to know, and whether it is open to them.
fn admit(api: &Api, route: &Route, parts: &mut Parts) -> Result<(), Error> {
    let is_ticket = route.door.is_ticket() && cookie::has_parameter(&parts.uri, "ticket");
    if is_ticket || matches!(route.door, Door::Open) {
        return Ok(());
    }
    let asker = asker(api, &parts.headers, &parts.method)?;
    opens(&asker.actor, route, &parts.method)?;
    parts.extensions.insert(asker);
    Ok(())
}

/// Whether a route is open to somebody.
///
/// # Errors
/// `missing_scope`, `forbidden`.
pub(crate) fn opens(actor: &Actor, route: &Route, method: &Method) -> Result<(), Error> {
    let scope = match route.door {
        Door::Open | Door::Signed => return Ok(()),
        Door::Area(area) | Door::Ticket(area) => Scope::Area(area, route.access(method)),
    };
    if !actor.has(scope) {
        return Err(lacking(actor, scope));
    }
    let hidden = route
        .whole
        .iter()
        .find(|object| !actor.sees_whole(**object));
    if let Some(object) = hidden {
        let message = format!(
            "this shows every one of the {}, and your role does not let you see all of each",
            objects::name(*object)
        );
        return Err(Error::new(Code::Forbidden, message));
    }
    let writes = route.access(method) == Access::Write;
    let unreached = route.acts.filter(|action| {
        let mut whole = route.whole.iter();
        writes && whole.any(|object| !actor.reaches_all(*object, *action))
    });
    match unreached {
        Some(action) => Err(Error::new(
            Code::Forbidden,
            format!("your role does not let you {} any record", action.word()),
        )),
        None => Ok(()),
    }
}

/// Says which scope somebody lacks.
pub(crate) fn lacking(actor: &Actor, scope: Scope) -> Error {
    let whose = match actor.scopes().open(scope) {
        true => "your role",
        false => "the token",
    };
    let message = format!("{whose} lacks the scope `{scope}`");
    Error::new(Code::MissingScope, message)
}

/// A route of which nobody said what it needs.
fn unsaid(parts: &Parts) -> Error {
    tracing::error!(
        path = parts.uri.path(),
        "nothing says who may use this route"
    );
    Error::new(Code::Forbidden, "nothing says who may use this route")
}

/// The record of what is about to be taken out.
fn exported(api: &Api, parts: &Parts) -> Option<Record> {
    let asker = parts.extensions.get::<Asker>()?;
    let now = api.rapport.clock().now();
    let record = Record::new(now, What::Exported, asker.actor.name(), parts.uri.path());
    Some(record.at_address(crate::track::address(api, parts).unwrap_or_default()))
}

impl FromRequestParts<Api> for Asker {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _api: &Api) -> Result<Asker, Error> {
        let asker = parts.extensions.get::<Asker>().cloned();
        asker.ok_or_else(|| Error::new(Code::Unauthorized, "nobody said who asks"))
    }
}

/// Whether somebody may go on watching what a route shows as it happens.
pub(crate) fn goes_on(api: &Api, asker: &Asker, path: &str) -> bool {
    let route = routes::find(path);
    let now = asker.now(api);
    now.zip(route)
        .is_some_and(|(now, route)| opens(&now.actor, route, &Method::GET).is_ok())
}

/// What whoever reads needs at least.
pub(crate) fn access(method: &Method) -> Access {
    match *method {
        Method::GET | Method::HEAD | Method::OPTIONS => Access::Read,
        _ => Access::Write,
    }
}
