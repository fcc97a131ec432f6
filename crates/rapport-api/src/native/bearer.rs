//! Who asks, as entries name them. Rights were checked before a handler runs.

use crate::Api;
use crate::errors::Error;
use crate::rights::Asker;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;

/// The actor of a request: the name of its token, or `member:7`.
pub(super) struct Actor(pub(super) String);

impl FromRequestParts<Api> for Actor {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Actor, Error> {
        let asker = Asker::from_request_parts(parts, api).await?;
        Ok(Actor(asker.name().to_owned()))
    }
}
