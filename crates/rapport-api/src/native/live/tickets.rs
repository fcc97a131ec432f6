//! Tickets: a page that has a token gets one, and opens one stream with it.

use crate::errors::{Code, Error};
use crate::rights::Asker;
use crate::secret;
use rapport_flow::keys;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a ticket is good for.
pub(super) const GOOD_FOR: Duration = Duration::from_secs(60);
/// Tickets that may be open at a time.
const OPEN_MAX: usize = 10_000;

/// Tickets that were made and not redeemed, by hash.
#[derive(Default)]
pub(crate) struct Tickets(Mutex<BTreeMap<String, (Instant, Asker)>>);

impl Tickets {
    /// Makes a ticket for whoever asks.
    pub(super) fn make(&self, asker: Asker) -> Result<String, Error> {
        let made = secret::make("live_");
        let ticket = made.map_err(|error| Error::new(Code::Storage, error.to_string()))?;
        let mut open = self.open();
        open.retain(|_, (made, _)| made.elapsed() < GOOD_FOR);
        if open.len() >= OPEN_MAX {
            return Err(Error::new(Code::Busy, "too many tickets are open"));
        }
        open.insert(keys::hash(&ticket), (Instant::now(), asker));
        Ok(ticket)
    }

    /// Takes a ticket, which is good once; returns whose it was.
    pub(super) fn redeem(&self, ticket: &str) -> Result<Asker, Error> {
        // Found by hash: how long the look-up takes says nothing about a ticket.
        let made = self.open().remove(&keys::hash(ticket));
        match made.filter(|(made, _)| made.elapsed() < GOOD_FOR) {
            Some((_, asker)) => Ok(asker),
            None => Err(Error::new(
                Code::Unauthorized,
                "the ticket is not known, or used, or over",
            )
            .with_help("Make another one with `POST /api/v1/live/tickets`.")),
        }
    }

    fn open(&self) -> MutexGuard<'_, BTreeMap<String, (Instant, Asker)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rights::asker::Credential;
    use rapport_core::member::Actor;

    #[test]
    fn a_ticket_is_good_once() {
        let tickets = Tickets::default();
        let asker = Asker {
            actor: Actor::rapport(),
            credential: Credential::Token(String::new()),
        };
        let ticket = tickets.make(asker).expect("a ticket");
        assert!(tickets.redeem("live_other").is_err());
        assert!(tickets.redeem(&ticket).is_ok());
        assert!(tickets.redeem(&ticket).is_err());
    }
}
