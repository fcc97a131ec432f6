//! Wire formats: one file per dialect, each making the same [`Event`](super::Event) of a request.

use crate::event::{Dialect, Request, Validated};

pub mod jitsu;
pub mod limits;
mod manner;
pub mod object;
pub mod posthog;
pub mod readable;
pub mod rudder;
pub mod segment;
mod value;

/// Makes events of a request, in the order of its items. Never panics, whatever the bytes are.
///
/// Each item becomes exactly one [`Validated`], at the index it was sent at. A body that no event
/// can be found in becomes one [`Validated::Invalid`] that holds all of it; an empty batch
/// becomes nothing. No configuration has a say: the same bytes are the same events for ever.
#[must_use]
pub fn validate(request: &Request) -> Vec<Validated> {
    match request.origin.dialect {
        Dialect::Segment => segment::validate(request),
        Dialect::Rudder => rudder::validate(request),
        Dialect::Jitsu => jitsu::validate(request),
        Dialect::Posthog => posthog::validate(request),
    }
}
