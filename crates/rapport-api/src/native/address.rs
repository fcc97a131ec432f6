//! The parts of an address that name something, percent-decoded.

use crate::errors::{Code, Error};
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

/// What the two parameters of a path say.
pub(super) struct NamedIn(pub(super) String, pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for NamedIn {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<NamedIn, Error> {
        let read = Path::<(String, String)>::from_request_parts(parts, state).await;
        read.map(|Path((outer, inner))| NamedIn(outer, inner))
            .map_err(|error| Error::new(Code::InvalidReference, error.body_text()))
    }
}

/// What the one parameter of a path says.
pub(super) struct Named(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Named, Error> {
        let read = Path::<String>::from_request_parts(parts, state).await;
        read.map(|Path(name)| Named(name))
            .map_err(|error| Error::new(Code::InvalidReference, error.body_text()))
    }
}
