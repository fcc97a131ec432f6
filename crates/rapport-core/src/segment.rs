//! Who belongs to which segment, exactly and at every moment.
//!
//! A [`rule::Rule`] has two equal spellings, [`text`] and [`tree`]. The [`registry::Registry`] is
//! the stored configuration: rules, the numbers of their leaves, and how far each is built. From
//! it a [`catalogue::Catalogue`] is compiled, which knows what an event, an attribute or a moment
//! can move, and settles exactly that. Per profile two things are stored: what its
//! [`leaf::Leaves`] keep of its events, and its [`membership::Memberships`].

pub use self::error::Error;

pub mod catalogue;
pub mod count;
pub mod error;
pub mod explain;
pub mod leaf;
pub mod literal;
pub mod membership;
pub mod operator;
pub mod path;
pub mod registry;
pub mod rule;
pub mod text;
pub mod tree;

#[cfg(test)]
mod oracle_tests;
#[cfg(test)]
mod spelling_tests;
