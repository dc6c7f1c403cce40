//! Deployments.

pub mod deployment;
pub mod list;
mod log;
pub mod redeploy;
pub mod revisions;
pub mod traffic;
pub mod try_it;

pub use deployment::DeploymentPage;
pub use list::Deployments;
