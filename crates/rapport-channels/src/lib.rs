//! Where decisions leave the process: every sink is a channel behind the outbox.
//!
//! A message waits in the [`outbox`] until the [`worker`] has handed it to a [`channel`] and the
//! result is recorded. [`webhook`] is the first channel. [`guard`] decides which addresses may
//! be reached at all, [`retry`] when a failed message goes again, and [`circuit`] when a whole
//! destination rests.

pub mod channel;
pub mod circuit;
pub mod guard;
pub mod outbox;
#[cfg(test)]
mod receiver;
pub mod retry;
#[cfg(test)]
mod shelf;
pub mod webhook;
pub mod worker;
