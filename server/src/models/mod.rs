//! Registered models, their versions and aliases, and the logged models they come from.

pub mod mlmodel;
pub mod names;
