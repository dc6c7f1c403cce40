//! The frame around every page.

pub mod account_menu;
pub mod crumbs;
pub mod door;
pub mod frame;
pub mod notice_bell;
pub mod places;
pub mod side_nav;
pub mod top_bar;

pub use door::Door;
pub use frame::Frame;
