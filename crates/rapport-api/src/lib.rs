//! The doors: HTTP by dialect and resource.
//!
//! [`track`] takes events in the dialects that SDKs speak; [`native`] is the API of scripts and
//! of the console; `profile_api` is Segment's; `crm` is the one HubSpot's clients speak; [`operate`] tells operators how it goes. [`router`] puts them together and
//! [`serve`](serve::serve) answers connections with it.

use axum::Router;
use axum::http::{Method, Uri};
use axum::response::{IntoResponse, Response};
use rapport_flow::Rapport;
use rapport_import::Imports;
use std::sync::Arc;
use tokio::sync::Mutex;

mod console;
mod crm;
pub mod errors;
mod live_page;
pub mod native;
mod openapi;
pub mod operate;
pub mod password;
mod profile_api;
mod rights;
pub mod secret;
pub mod serve;
pub mod settings;
pub mod signature;
pub mod track;

pub use serve::{Peer, serve};
pub use settings::{
    ApiSettings, Proxy, Reach, ReadLimits, SignInSettings, UnknownKeys, Unreachable,
};

/// What every handler works with.
#[derive(Clone)]
pub struct Api {
    /// The flow behind the doors.
    pub rapport: Rapport,
    /// How the doors are set up.
    pub settings: Arc<ApiSettings>,
    /// Where files are taken; `None` takes none.
    pub imports: Option<Imports>,
    /// Held while a new source gets its number.
    numbering: Arc<Mutex<()>>,
    /// Words of webhooks that count only once, and did.
    replays: Arc<track::webhook::Replays>,
    /// Where passwords are hashed and verified.
    passwords: Arc<password::Passwords>,
    /// Who guesses passwords.
    guard: Arc<native::Guard>,
    /// Tickets of live views.
    tickets: Arc<native::Tickets>,
    /// How much the Profile API is asked.
    profile_reads: Arc<profile_api::Meter>,
    /// How much the HubSpot-compatible API is asked.
    crm_requests: Arc<crm::Meter>,
    /// Who leads bulks on.
    bulks: Arc<native::Driver>,
}

/// Every route of every door; files are taken where there is a desk for them.
pub fn router(rapport: Rapport, settings: ApiSettings, imports: Option<Imports>) -> Router {
    let api = Api {
        rapport,
        settings: Arc::new(settings),
        imports,
        numbering: Arc::default(),
        replays: Arc::default(),
        passwords: Arc::default(),
        guard: Arc::default(),
        tickets: Arc::default(),
        profile_reads: Arc::default(),
        crm_requests: Arc::default(),
        bulks: Arc::default(),
    };
    // What was under way when the process before this one ended goes on.
    native::Driver::wake(&api);
    Router::new()
        .merge(console::routes())
        .merge(live_page::routes())
        .merge(track::routes())
        .merge(native::routes(&api))
        .merge(operate::routes())
        .merge(profile_api::routes())
        .merge(crm::routes(&api))
        .fallback(unknown_route)
        .method_not_allowed_fallback(wrong_method)
        .with_state(api)
}

/// Answers an address that nothing is at, in the shape of those that are like it.
async fn unknown_route(uri: Uri) -> Response {
    if crm::is_address(&uri) {
        return crm::unknown_route(&uri);
    }
    native::unknown_route(uri).await.into_response()
}

/// Answers a method that an address does not have, in the shape of those that are like it.
async fn wrong_method(method: Method, uri: Uri) -> Response {
    if crm::is_address(&uri) {
        return crm::wrong_method(&method, &uri);
    }
    native::wrong_method(method, uri).await.into_response()
}

#[cfg(test)]
mod tests;
