//! Deployments: served endpoints of a team, their revisions, and where their requests go.

pub mod follow;
pub mod gate;
pub mod ledger;
pub mod ledger_file;
pub mod limits;
pub mod model_files;
pub mod package;
pub mod plan;
pub mod replica;
pub mod revise;
pub mod routes;
pub mod runtime;
pub mod service;
pub mod smoke;
pub mod spec;
pub mod traffic;
pub mod view;
pub mod why;
