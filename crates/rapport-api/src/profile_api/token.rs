//! Who asks: an API token as the user of Basic authorization, with an empty password.

use super::fault::Fault;
use crate::Api;
use crate::track::basic_user;
use axum::http::HeaderMap;

/// Lets nobody through without a token that is known.
///
/// # Errors
/// `authentication_error`.
pub(super) fn check(api: &Api, headers: &HeaderMap) -> Result<(), Fault> {
    let token = basic_user(headers).filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| {
        Fault::unknown_token("Send an API token as the user of Basic authorization.")
    })?;
    // Found by hash: how long the look-up takes says nothing about the token.
    match api.rapport.keys().token(&token) {
        Some(_) => Ok(()),
        None => Err(Fault::unknown_token("The token is not known.")),
    }
}
