//! Who asks: the name of the API token a request carries. Every native route asks for it.

use crate::Api;
use crate::errors::{Code, Error};
use axum::extract::FromRequestParts;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;

/// The actor of a request: the name of its token.
pub(super) struct Actor(pub(super) String);

impl FromRequestParts<Api> for Actor {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Actor, Error> {
        let token = parts
            .headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let token = token
            .and_then(bearer)
            .ok_or_else(|| Error::new(Code::Unauthorized, "the request carries no bearer token"))?;
        // Found by hash: how long the look-up takes says nothing about the token.
        let keys = api.rapport.keys();
        let name = keys.token(token);
        let name = name.ok_or_else(|| Error::new(Code::Unauthorized, "the token is not known"))?;
        Ok(Actor(name.to_owned()))
    }
}

fn bearer(value: &str) -> Option<&str> {
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_token_is_what_stands_behind_the_word() {
        assert_eq!(bearer("Bearer abc"), Some("abc"));
        assert_eq!(bearer("bearer  abc "), Some("abc"));
        for value in ["Bearer", "Bearer ", "Basic abc", "abc", ""] {
            assert_eq!(bearer(value), None, "{value}");
        }
    }
}
