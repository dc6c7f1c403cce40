//! The clusters: one conformance suite for all of them, and what only the local one has to show.

mod adoption;
mod by_hand;
mod conformance;
mod doctor;
mod ending;
mod isolation;
mod kubeflow;
mod kubernetes;
mod kueue;
mod limits;
mod log;
mod many;
mod nodes;
mod pods;
mod prepare;
mod server;
mod spare;
mod world;
