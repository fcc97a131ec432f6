//! Wire formats: one file per dialect, each making the same [`Event`](super::Event) of a request.

use crate::event::mapping::Map;
use crate::event::{Dialect, Request, SourceNo, Validated};

pub mod hubspot;
pub mod import;
pub mod jitsu;
pub mod limits;
pub mod list;
mod manner;
pub mod object;
pub mod posthog;
pub mod readable;
pub mod rudder;
pub mod segment;
mod value;
pub mod webhook;

/// Makes events of a request, in the order of its items. Never panics, whatever the bytes are.
///
/// Each item becomes exactly one [`Validated`], at the index it was sent at. A body that no event
/// can be found in becomes one [`Validated::Invalid`] that holds all of it; an empty batch
/// becomes nothing. No configuration has a say but for deliveries of webhooks: the same bytes are
/// the same events for ever.
#[must_use]
pub fn validate(request: &Request, maps: &dyn Maps) -> Vec<Validated> {
    match request.origin.dialect {
        Dialect::Segment => segment::validate(request),
        Dialect::Rudder => rudder::validate(request),
        Dialect::Jitsu => jitsu::validate(request),
        Dialect::Posthog => posthog::validate(request),
        Dialect::Webhook => webhook::validate(request, maps.of(request.origin.source)),
        Dialect::Import => import::validate(request),
        Dialect::List => list::validate(request),
        Dialect::Hubspot => hubspot::validate(request),
    }
}

impl Dialect {
    /// Whether what a request of it becomes depends on the configuration in force when it is
    /// folded, so that its bytes alone do not say it later.
    #[must_use]
    pub fn is_configured(self) -> bool {
        self == Dialect::Webhook
    }
}

/// The maps in force.
pub trait Maps {
    /// The map of a source's webhook.
    ///
    /// # Errors
    /// A sentence that says why there is none.
    fn of(&self, source: SourceNo) -> Result<&Map, String>;
}

/// For dialects that no configuration has a say in: no source has a map.
#[derive(Debug, Clone, Copy)]
pub struct NoMaps;

impl Maps for NoMaps {
    fn of(&self, _source: SourceNo) -> Result<&Map, String> {
        Err("no source has a map here".to_owned())
    }
}
