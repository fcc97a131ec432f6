//! Reads: what is asked of the state and of history, each from what is folded so far.

pub mod behind;
pub mod company;
pub mod edits;
pub mod journal;
pub mod members;
pub mod messages;
pub mod overlap;
pub mod preview;
pub mod profile;
pub mod rejected;
pub mod samples;
pub mod timeline;
pub mod turnover;
pub mod violations;
