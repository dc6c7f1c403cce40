//! Webhooks: notices posted to a program that a team names, signed as the Standard Webhooks specification says.
//!
//! [`service`] is what one may ask, [`body`] what is sent, [`sign`] how it is signed.

pub mod body;
pub mod service;
pub mod sign;
