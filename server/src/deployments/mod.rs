//! Deployments: served endpoints of a team, their revisions, and where their requests go.

pub mod model_files;
pub mod package;
pub mod plan;
pub mod replica;
pub mod routes;
pub mod runtime;
pub mod service;
pub mod smoke;
pub mod spec;
pub mod traffic;
pub mod view;
pub mod why;
