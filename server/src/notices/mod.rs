//! Notices: what people are told without asking.
//!
//! [`plan`] says what an event is worth telling, pure; [`whom`] who is to know; [`letter`] how it reads as a mail; [`service`] is what one may ask.

pub mod letter;
pub mod plan;
pub mod service;
pub mod whom;
