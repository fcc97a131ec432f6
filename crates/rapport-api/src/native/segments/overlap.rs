//! How two segments overlap.

use super::super::address::Named;
use super::super::bearer::Actor;
use super::super::list::Page;
use super::find;
use crate::Api;
use crate::errors::{Code, Error};
use axum::Json;
use axum::extract::State;
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct Shown {
    segment: String,
    with: String,
    size: u64,
    with_size: u64,
    both: u64,
    only: u64,
    only_with: u64,
    either: u64,
}

/// Counts who is in a segment and in another one.
pub(super) async fn show(
    State(api): State<Api>,
    _: Actor,
    Named(key): Named,
    page: Page,
) -> Result<Json<Shown>, Error> {
    let segment = find(&api, &key)?;
    let with = page.one("with").ok_or_else(|| {
        Error::new(
            Code::InvalidQuery,
            "name the other segment: `?with=its-key`",
        )
    })?;
    let other = find(&api, with)?;
    let overlap = api.rapport.overlap(segment.no, other.no).await?;
    Ok(Json(Shown {
        segment: key,
        with: other.key.to_string(),
        size: overlap.both + overlap.only_left,
        with_size: overlap.both + overlap.only_right,
        both: overlap.both,
        only: overlap.only_left,
        only_with: overlap.only_right,
        either: overlap.both + overlap.only_left + overlap.only_right,
    }))
}
