//! Runs and their tracking: experiments, metrics, parameters, tags, and the search over them.

pub mod search;
