//! Who belongs to which segment, exactly and at every moment.
//!
//! A [`rule::Rule`] has two equal spellings, [`text`] and [`tree`]. The [`registry::Registry`] is
//! the stored configuration: rules, the numbers of their leaves, and how far each is built. From
//! it a [`catalogue::Catalogue`] is compiled, which knows what an event, an attribute or a moment
//! can move, and settles exactly that. Per profile two things are stored: what its
//! [`leaf::Leaves`] keep of its events, and its [`membership::Memberships`].

pub use self::error::Error;

pub mod catalogue;
mod chain;
pub mod complete;
pub mod computed;
pub mod count;
pub mod error;
pub mod estimate;
pub mod explain;
pub mod fact;
pub mod leaf;
pub mod list;
pub mod literal;
pub mod membership;
pub mod operator;
pub mod path;
mod person;
mod question;
pub mod random;
pub mod reference;
pub mod registry;
pub mod rule;
pub mod span;
pub mod text;
pub mod tree;
pub mod trial;
pub mod window;
pub mod zone;

#[cfg(test)]
mod oracle_tests;
#[cfg(test)]
mod sentence_tests;
#[cfg(test)]
mod spelling_tests;
