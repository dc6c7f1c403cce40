//! Clean-up: what takes room and nobody needs, said before it is freed; and what is kept, with the reason.
//!
//! What is freed is marked in a transaction that looks once more whether anything needs it. Files go afterwards, by
//! `reconcile/clean_up.rs` and `reconcile/environments.rs`, and again after a crash.

pub mod needs;
pub mod service;
