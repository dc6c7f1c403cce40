//! Recurring runs: when they are due ([`schedule`], [`plan`], pure), what one may ask of them ([`service`]), and the making of a run whose
//! time has come ([`fire`]), which `reconcile/recurring.rs` sees to.

mod cron;
pub mod fire;
pub mod placeholders;
pub mod plan;
pub mod schedule;
pub mod service;
mod view;
pub mod words;
