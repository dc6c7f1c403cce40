//! Background work: level-triggered, one file per noun. A tick gathers what is, lets the room decide, performs.

pub mod clean_up;
pub mod deliveries;
pub mod deployments;
pub mod driver;
pub mod environments;
pub mod following;
pub mod housekeeping;
pub mod mails;
pub mod notebook_activity;
pub mod notebooks;
pub mod notices;
mod pace;
pub mod pipelines;
pub mod promotions;
pub mod recurring_runs;
pub mod runs;
pub mod teams;
pub mod usage;
pub mod workloads;

pub use crate::reports::Report;
pub use driver::{Driver, Task};
