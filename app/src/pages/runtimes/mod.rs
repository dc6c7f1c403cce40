//! Runtimes: everybody reads them, a platform admin declares them.

mod edit;
pub mod list;

pub use list::Runtimes;
