//! Environments: named runtimes to work in. Versions are made by a workload of their own ([`spec`]) and shared by content ([`digest`]).

pub mod awaits;
pub mod build_result;
pub mod digest;
pub mod free;
pub mod images;
pub mod packages;
pub mod plan;
pub mod progress;
pub mod python;
pub mod service;
pub mod shipped;
pub mod spec;
