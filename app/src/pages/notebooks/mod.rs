//! Notebooks.

pub mod actions;
pub mod launch;
pub mod list;
pub mod notebook;

pub use list::Notebooks;
pub use notebook::NotebookPage;
