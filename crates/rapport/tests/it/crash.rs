//! What an acknowledgement is worth: kills, power cuts, full disks, and a second opener.

mod audit;
mod bulks;
mod doctor;
mod full;
mod kill;
mod load;
mod power;
mod promise;
mod stop;

pub use doctor::doctor;
