//! A team itself: members, secrets, quota, events.

pub mod events;
pub mod members;
pub mod page;
pub mod quota;
pub mod secrets;
pub mod stages;

pub use page::TeamPage;
