//! Registered models, their versions and aliases, and the logged models they come from.
//!
//! Whoever serves a version calls [`fetch::resolve`] and [`fetch::fetch`]; everything else is about what is known of it.

pub mod aliases;
pub mod fetch;
pub mod kept;
pub mod location;
pub mod logged;
pub mod logged_search;
pub mod mlmodel;
pub mod names;
pub mod preview;
pub mod proxy;
pub mod register;
pub mod registered;
pub mod run_files;
pub mod search;
pub mod source;
pub mod versions;
pub mod view;
