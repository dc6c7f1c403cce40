//! Environments: named runtimes to work in.

pub mod environment;
pub mod list;
pub mod new;

pub use environment::EnvironmentPage;
pub use list::Environments;
