//! What the program can be asked to do, a file each.

pub(crate) mod bench;
pub(crate) mod serve;
