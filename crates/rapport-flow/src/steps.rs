//! The steps of the flow, a file each; [`flow`](crate::flow) is the list.

pub mod activate;
pub mod answer;
pub mod commit;
pub mod dedup;
pub mod fold;
pub mod load;
pub mod plan;
pub mod transform;
pub mod validate;
