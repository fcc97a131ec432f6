//! Jitsu's calls: Segment's, with larger limits. The event's own type goes before the address's
//! (`/api/s/event` has none), and a browser's address and agent are its socket's.

use super::manner::{Manner, Sockets, Types};
use super::segment;
use crate::event::{Dialect, Request, Validated};

const MANNER: Manner = Manner {
    dialect: Dialect::Jitsu,
    types: Types::OfTheItem,
    sockets: Sockets::OverTheEvent,
    ..Manner::PLAIN
};

/// Makes events of a request in Jitsu's dialect.
#[must_use]
pub fn validate(request: &Request) -> Vec<Validated> {
    segment::validate_as(request, &MANNER)
}

#[cfg(test)]
mod tests;
