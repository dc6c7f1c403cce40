//! Deployments: served endpoints of a team, their revisions, and where their requests go.

pub mod caller_tokens;
pub mod callers;
pub mod canary;
pub mod choice;
pub mod follow;
pub mod gate;
pub mod health;
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
pub mod scale;
pub mod service;
pub mod smoke;
pub mod spec;
pub mod split;
pub mod traffic;
pub mod view;
pub mod why;
