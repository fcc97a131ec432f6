//! Segment's Profile API: one profile read back, by the token of a server, in Segment's shapes.
//!
//! There is one space, `default`. `users` are profiles, `accounts` are companies. Segments are
//! traits of the class `audience`. Browsers get no CORS headers here, on purpose: a token reads
//! everybody.

use crate::Api;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

mod cursor;
mod events;
mod external_ids;
mod fault;
mod links;
mod metadata;
mod meter;
mod subject;
mod token;
mod traits;
mod wanted;

pub(crate) use meter::Meter;

use fault::Fault;
use subject::{Address, Subject};
use wanted::Wanted;

const REQUEST_ID: HeaderName = HeaderName::from_static("request-id");
const PATH: &str = "/v1/spaces/{space}/collections/{collection}/profiles/{profile}/{view}";

/// The one route; what stands in it decides which view answers.
pub(crate) fn routes() -> Router<Api> {
    Router::new().route(PATH, get(answer))
}

async fn answer(State(api): State<Api>, request: Request) -> Response {
    let viewed = view(&api, request).await;
    let mut response = viewed.unwrap_or_else(IntoResponse::into_response);
    let headers = response.headers_mut();
    if let Some(id) = request_id() {
        headers.insert(REQUEST_ID, id);
    }
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

async fn view(api: &Api, request: Request) -> Result<Response, Fault> {
    let (mut parts, _) = request.into_parts();
    token::check(api, &parts.headers)?;
    let now = api.rapport.clock().now();
    if !api
        .profile_reads
        .takes(now, api.settings.reads.profile_api_per_second)
    {
        return Err(Fault::too_many());
    }
    let address = Address::read(&mut parts).await?;
    let wanted = Wanted::read(&parts.uri)?;
    let subject = Subject::find(api, &address).await?;
    match (address.view.as_str(), subject) {
        ("traits", subject) => traits::answer(api, &address, &subject, &wanted),
        ("external_ids", subject) => external_ids::answer(api, &address, &subject, &wanted).await,
        ("events", Subject::User(profile)) => {
            events::answer(api, &address, &profile, &wanted).await
        }
        ("events", Subject::Account(_)) => Err(Fault::invalid(
            "events are kept of users: read the events of an account's users, which `links` names",
        )),
        ("metadata", subject) => metadata::answer(api, &subject).await,
        ("links", subject) => links::answer(api, &address, &subject, &wanted).await,
        (other, _) => Err(Fault::missing(format!("There is no view `{other}`."))),
    }
}

/// An id of its own for every answer, in the form of a UUID.
fn request_id() -> Option<HeaderValue> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).ok()?;
    let digits = format!("{:032x}", u128::from_be_bytes(bytes));
    let (a, b, c) = (&digits[..8], &digits[8..12], &digits[12..16]);
    let id = format!("{a}-{b}-{c}-{}-{}", &digits[16..20], &digits[20..]);
    HeaderValue::from_str(&id).ok()
}
