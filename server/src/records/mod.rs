//! The nouns as the house keeps them, and their lawful changes.

pub mod notebook;
pub mod principal;
pub mod run;
pub mod search;
