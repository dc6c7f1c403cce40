//! The platform itself: is everything there that it needs.

pub mod doctor;
pub mod home;
