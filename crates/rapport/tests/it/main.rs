//! The one integration-test binary: the real program in a directory of its own, over HTTP.

mod client;
mod crash;
mod docs;
mod doors;
mod imports;
mod members;
mod server;
mod setup;
mod track;
