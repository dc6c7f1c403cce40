//! Runs and their tracking: experiments, metrics, parameters, tags, and the search over them; and the runs that Slipway executes.

pub mod check;
pub mod code;
pub mod command;
pub mod curves;
pub mod experiments;
mod gather;
pub mod git;
pub mod known_runs;
pub mod log;
pub mod names;
pub mod plan;
#[cfg(test)]
mod plan_tests;
pub mod search;
pub mod service;
pub mod spec;
pub mod submission;
pub mod submit;
pub mod tracked;
pub mod tracking;
pub mod validate;
pub mod view;
pub mod writer;

pub use writer::MetricWriter;
