//! One's own account.

pub mod notices;
pub mod page;
pub mod tokens;

pub use page::Account;
