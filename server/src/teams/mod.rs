//! Teams, their members, their secrets.

pub mod members;
pub mod secrets;
pub mod service;
