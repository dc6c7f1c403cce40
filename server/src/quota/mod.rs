//! How much a team may hold, and the sizes on offer.

pub mod capacity;
mod rooms;
pub mod service;
pub mod sizes;
