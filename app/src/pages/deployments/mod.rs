//! Deployments.

mod callers;
pub mod deployment;
mod ledger;
mod limits;
pub mod list;
mod log;
mod program;
pub mod redeploy;
pub mod replicas;
mod revisions;
pub mod traffic;
pub mod try_it;

pub use deployment::DeploymentPage;
pub use list::Deployments;
