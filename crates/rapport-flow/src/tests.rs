//! The flow over real engines in a temporary directory, with the clock moved by hand.

mod clock;
mod flow;
mod imports;
mod mixes;
mod reading;
mod replay;
mod restart;
mod segments;
mod transforms;
mod undo;
mod vetoed;
mod world;
