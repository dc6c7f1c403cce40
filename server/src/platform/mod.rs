//! The platform itself: is everything there that it needs.

pub mod cluster;
pub mod doctor;
pub mod home;
pub mod placements;
