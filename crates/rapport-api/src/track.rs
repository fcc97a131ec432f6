//! The tracking door: one file per dialect, and what they share.
//!
//! A dialect reads a request with `door::submit`, which checks key, size and that it is JSON,
//! and answers in its own shape. What is refused here is counted as refused and is no event.

use crate::Api;
use axum::Router;

mod body;
mod cors;
mod decide;
mod door;
mod key;
mod refused;
mod segment;
mod shape;

pub(crate) use key::basic_user;

/// The routes of all dialects.
pub(crate) fn routes() -> Router<Api> {
    segment::routes().merge(decide::routes())
}
