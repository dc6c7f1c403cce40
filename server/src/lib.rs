//! Slipway's server. Floors, lowest first (`server/tests/floors.rs` holds them apart):
//! ground (clock ids error config wake records) < cellar (store cluster artifacts logs secrets) < rooms (access teams quota environments
//! notebooks runs models deployments) < doors (http reconcile) < roof (serve cli doctor).
#![recursion_limit = "512"]

pub mod artifacts;
pub mod clock;
pub mod cluster;
pub mod error;
pub mod ids;
pub mod records;
pub mod store;
pub mod wake;
pub mod logs;
