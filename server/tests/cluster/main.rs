//! The clusters: one conformance suite for all of them, and what only the local one has to show.

mod conformance;
mod world;
