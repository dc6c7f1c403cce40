//! What leaves the portal by itself: posts to addresses that teams give.

pub mod address;
pub mod retry;
pub mod web;

pub use web::{Answered, WebPost};
