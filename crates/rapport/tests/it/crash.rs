//! What an acknowledgement is worth: kills, power cuts, full disks, and a second opener.

mod audit;
mod full;
mod kill;
mod load;
mod power;
mod promise;
mod stop;
