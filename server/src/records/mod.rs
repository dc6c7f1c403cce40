//! One struct or enum per noun, with its lawful changes.

pub mod run;
