//! Notices: what people are told without asking.
//!
//! [`plan`] says what an event is worth telling, pure; [`whom`] who is to know; [`service`] is what one may ask.

pub mod plan;
pub mod service;
pub mod whom;
