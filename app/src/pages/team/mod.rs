//! A team itself: members, secrets, quota, events.

pub mod clean_up;
pub mod deliveries;
pub mod events;
pub mod members;
pub mod page;
pub mod quota;
pub mod secrets;
pub mod stages;
pub mod webhooks;

pub use page::TeamPage;
