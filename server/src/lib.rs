//! Slipway's server. Floors, lowest first (`server/tests/floors.rs` holds them apart):
//! ground (clock ids error config wake records) < cellar (store cluster artifacts logs secrets launcher) < rooms (access teams quota environments
//! notebooks runs models pipelines deployments) < doors (http reconcile) < roof (serve cli doctor).
#![recursion_limit = "512"]

pub mod access;
pub mod artifacts;
pub mod clean_up;
pub mod cli;
pub mod clock;
pub mod cluster;
pub mod config;
pub mod deployments;
pub mod durable;
pub mod environments;
pub mod error;
pub mod http;
pub mod ids;
pub mod launcher;
pub mod logs;
pub mod models;
pub mod notebooks;
pub mod notices;
pub mod pipelines;
pub mod platform;
pub mod post;
pub mod promotions;
pub mod quota;
pub mod reconcile;
pub mod records;
pub mod reports;
pub mod runs;
pub mod secrets;
pub mod serve;
pub mod store;
pub mod teams;
pub mod telemetry;
pub mod wake;
pub mod webhooks;
pub mod workloads;

/// Less processor than the C library's, and memory that is free goes back to the system (`docs/adr/0032`).
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
