//! The flow over real engines in a temporary directory, with the clock moved by hand.

mod answered;
mod clock;
mod flow;
mod full;
mod imports;
mod insight;
mod large;
mod late;
mod listener;
mod lists;
mod mixes;
mod plans;
mod reading;
mod redrive;
mod refusals;
mod replay;
mod restart;
mod revoke;
mod segments;
mod traits;
mod transforms;
mod underway;
mod undo;
mod vetoed;
mod webhooks;
mod world;
