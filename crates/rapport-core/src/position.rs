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

    /// What a command made, by its place: `12_3`. No other command ever has it.
    #[must_use]
    pub fn id(self) -> String {
        format!("{}_{}", self.request, self.command)
    }

    /// The place of the command that an [`id`](Position::id) names.
    #[must_use]
    pub fn of_id(id: &str) -> Option<Position> {
        let (request, command) = id.split_once('_')?;
        let place = Position::command(request.parse().ok()?, command.parse().ok()?);
        // Each place has one spelling.
        (place.command > 0 && place.id() == id).then_some(place)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_of_one_command_and_has_one_spelling() {
        let place = Position::command(12, 3);
        assert_eq!(place.id(), "12_3");
        assert_eq!(Position::of_id("12_3"), Some(place));
        for text in [
            "", "12", "12_", "_3", "12_0", "012_3", "+12_3", "12_3_4", "-1_3", " 12_3",
        ] {
            assert_eq!(Position::of_id(text), None, "{text}");
        }
    }
}
