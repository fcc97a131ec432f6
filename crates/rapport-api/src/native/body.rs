//! JSON bodies: bounded, and with an error that names what is wrong.

use crate::Api;
use crate::errors::{Code, Error};
use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use serde::de::DeserializeOwned;

/// Largest body of a native request.
const BYTES_MAX: usize = 1 << 20;

/// A JSON body, whatever its content type.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Api> for Body<T> {
    type Rejection = Error;

    async fn from_request(request: Request, _api: &Api) -> Result<Body<T>, Error> {
        let bytes = bytes(request).await?;
        // A list would be read as an object's members in their order: an empty one as all defaults.
        let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
        if first == Some(&b'[') {
            return Err(Error::new(
                Code::InvalidBody,
                "this takes a JSON object, not a list",
            ));
        }
        let body = serde_json::from_slice(&bytes);
        body.map(Body)
            .map_err(|error| Error::new(Code::InvalidBody, error.to_string()))
    }
}

/// The bytes of a body.
pub(super) async fn bytes(request: Request) -> Result<axum::body::Bytes, Error> {
    let body = to_bytes(request.into_body(), BYTES_MAX).await;
    body.map_err(|_| {
        Error::new(
            Code::BodyTooLarge,
            format!("a body may have {BYTES_MAX} bytes"),
        )
    })
}
