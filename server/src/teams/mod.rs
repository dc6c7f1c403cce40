//! Teams, their members.

pub mod service;
