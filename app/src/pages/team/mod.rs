//! A team itself: members, secrets, quota, events.

pub mod events;
pub mod members;
pub mod page;
pub mod quota;
pub mod secrets;

pub use page::TeamPage;
