//! What leaves the portal by itself: posts to addresses that teams give, and mails.

pub mod address;
pub mod mail;
pub mod retry;
pub mod web;

pub use mail::Mailer;
pub use web::{Answered, WebPost};
