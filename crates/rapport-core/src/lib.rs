//! The rules of Rapport, pure: state, entry and configuration in; new state and effects out.
//!
//! Nothing here reads a clock, a file or a socket, awaits, or iterates in an order that can
//! differ between two runs. [`fold`] is where an entry meets the rules one after another.

pub mod activate;
pub mod crm;
pub mod decide;
pub mod entry;
pub mod event;
pub mod fold;
pub mod identity;
pub mod json;
pub mod member;
pub mod outbox;
pub mod outcome;
pub mod people;
pub mod plan;
pub mod position;
pub mod profile;
pub mod segment;
pub mod time;
