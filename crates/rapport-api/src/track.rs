//! The tracking door: one file per dialect, and what they share.
//!
//! A dialect hands a request to `door::submit`, which reads it, decides whose dialect it is where
//! two share an address, checks key, size and that it is JSON, and for a strict source every
//! event; then the dialect answers in its own shape. What is refused here is counted as refused
//! and is no event.

use crate::Api;
use axum::Router;

mod body;
mod cors;
mod decide;
mod door;
mod jitsu;
mod key;
mod look;
mod pixel;
mod posthog;
mod refused;
mod rudder;
mod segment;
mod shape;
pub(crate) mod webhook;

pub use look::{look, look_at_query, look_packed};

pub(crate) use door::{address, user_agent};
pub(crate) use key::basic_user;

/// The routes of all dialects.
pub(crate) fn routes() -> Router<Api> {
    Router::new()
        .merge(segment::routes())
        .merge(rudder::routes())
        .merge(jitsu::routes())
        .merge(posthog::routes())
        .merge(pixel::routes())
        .merge(webhook::routes())
        .merge(decide::routes())
}
