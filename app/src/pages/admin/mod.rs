//! The platform, for its admins.

pub mod images;
pub mod overview;
pub mod page;
pub mod placement;
pub mod teams;
pub mod users;

pub use page::Admin;
