//! Who is asking, and what they may do.
//!
//! A door finds out the [`Principal`]; a room demands a proof ([`proof`]): a value that cannot be made without the check.

pub mod first_admin;
pub mod known;
pub mod password;
pub mod proof;
pub mod sign_in;
pub mod tokens;
pub mod users;

pub use crate::records::principal::{Principal, Subject, Via};
pub use known::{Known, Tokens};
pub use proof::{PlatformAdmin, TeamEditor, TeamMaintainer, TeamMember, TeamViewer};
