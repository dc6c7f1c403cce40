//! Registered models.

pub mod deploy;
pub mod edit;
pub mod list;
pub mod model;
pub mod version;

pub use list::Models;
pub use model::ModelPage;
pub use version::VersionPage;
