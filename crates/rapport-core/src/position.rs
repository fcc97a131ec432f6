//! Where an entry stands in the one order of everything that changes state.

use serde::{Deserialize, Serialize};
use std::fmt;

/// The place of an entry: events by request and index, commands behind the request they follow.
///
/// An event stands at `(request, 0, index)`: the request's number on the ledger (dense, from 1)
/// and the event's place inside it. A command stands at `(last request folded, n, 0)` with `n`
/// from 1, so it orders behind every event of that request and before the next request.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Position {
    /// Number of the request on the ledger, dense from 1; 0 is before the first.
    pub request: u64,
    /// 0 for an event; the command's number behind that request, from 1.
    pub command: u32,
    /// The event's place inside its request, from 0.
    pub index: u32,
}

impl Position {
    /// Behind every entry there can be.
    pub const LAST: Position = Position {
        request: u64::MAX,
        command: u32::MAX,
        index: u32::MAX,
    };

    /// The position of event `index` of `request`.
    #[must_use]
    pub fn event(request: u64, index: u32) -> Position {
        Position {
            request,
            command: 0,
            index,
        }
    }

    /// The position of the `n`th command behind `request`.
    #[must_use]
    pub fn command(request: u64, n: u32) -> Position {
        Position {
            request,
            command: n,
            index: 0,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.command {
            0 => write!(f, "{}.{}", self.request, self.index),
            n => write!(f, "{}+{n}", self.request),
        }
    }
}
