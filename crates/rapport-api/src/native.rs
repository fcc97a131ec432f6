//! The native API under `/api/v1`: one file per resource, bearer tokens, one shape of errors.

use crate::Api;
use crate::errors::{Code, Error};
use crate::rights;
use axum::Router;
use axum::http::{Method, Uri};
use axum::middleware::from_fn_with_state;

mod address;
mod audit;
mod backups;
mod bearer;
mod body;
mod bulks;
mod companies;
mod dead_letters;
mod destinations;
mod events;
mod exposure;
mod identity;
mod imports;
mod list;
mod lists;
mod live;
mod members;
mod merges;
mod outcomes;
mod plans;
mod profiles;
mod records;
mod reference;
mod rejected;
mod revoked;
mod roles;
mod rule;
mod samples;
mod segments;
mod session;
mod shares;
mod sign_in;
mod signing;
mod slots;
mod sources;
mod spelled;
mod teams;
mod time_zone;
mod timeline;
mod tokens;
mod traits;
mod transformations;
mod views;
mod webhook;
mod webhook_maps;

pub(crate) use bulks::Driver;
pub(crate) use destinations::is_web_address;
pub(crate) use live::Tickets;
pub(crate) use sign_in::Guard;

/// The routes of all resources, each behind the rights it needs.
pub(crate) fn routes(api: &Api) -> Router<Api> {
    let check = from_fn_with_state(api.clone(), rights::check);
    resources().route_layer(check)
}

/// The routes without their rights.
pub(crate) fn resources() -> Router<Api> {
    let resources = Router::new()
        .merge(backups::routes())
        .merge(companies::routes())
        .merge(dead_letters::routes())
        .merge(destinations::routes())
        .merge(exposure::routes())
        .merge(identity::routes())
        .merge(imports::routes())
        .merge(live::routes())
        .merge(merges::routes())
        .merge(outcomes::routes())
        .merge(profiles::routes())
        .merge(records::routes())
        .merge(rejected::routes())
        .merge(samples::routes())
        .merge(segments::routes())
        .merge(signing::routes())
        .merge(slots::routes())
        .merge(sources::routes())
        .merge(time_zone::routes())
        .merge(timeline::routes())
        .merge(tokens::routes())
        .merge(webhook::routes())
        .merge(webhook_maps::routes())
        .merge(transformations::routes())
        .merge(events::routes())
        .merge(plans::routes())
        .merge(lists::routes())
        .merge(traits::routes())
        .merge(audit::routes())
        .merge(members::routes())
        .merge(roles::routes())
        .merge(session::routes())
        .merge(shares::routes())
        .merge(sign_in::routes())
        .merge(teams::routes())
        .merge(views::routes())
        .merge(bulks::routes())
        .merge(crate::openapi::routes());
    Router::new().nest("/api/v1", resources)
}

/// Answers an address that nothing is at.
pub(crate) async fn unknown_route(uri: Uri) -> Error {
    Error::new(
        Code::UnknownRoute,
        format!("there is nothing at {}", uri.path()),
    )
}

/// Answers a method that an address does not have.
pub(crate) async fn wrong_method(method: Method, uri: Uri) -> Error {
    Error::new(
        Code::MethodNotAllowed,
        format!("{} does not take {method}", uri.path()),
    )
}
