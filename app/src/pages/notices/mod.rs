//! One's own notices.

pub mod list;

pub use list::Notices;
