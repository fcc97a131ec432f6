//! Who asks: an API token as the user of Basic authorization, with an empty password.

use super::fault::Fault;
use crate::Api;
use crate::rights::{self, routes};
use crate::track::basic_user;
use axum::http::{HeaderMap, Method};

/// Lets nobody through without a token that is known.
///
/// # Errors
/// `authentication_error`.
pub(super) fn check(api: &Api, headers: &HeaderMap) -> Result<(), Fault> {
    let token = basic_user(headers).filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| {
        Fault::unknown_token("Send an API token as the user of Basic authorization.")
    })?;
    let asker = rights::asker::by_token(api, &token)
        .ok_or_else(|| Fault::unknown_token("The token is not known."))?;
    // What the native API shows of profiles, under the same rights.
    let route = routes::find("/profiles/{reference}");
    let opened = route.map(|route| rights::opens(&asker.actor, route, &Method::GET));
    match opened {
        Some(Ok(())) => Ok(()),
        Some(Err(error)) => Err(Fault::forbidden(error.message())),
        None => Err(Fault::forbidden("nothing says who may read profiles")),
    }
}
