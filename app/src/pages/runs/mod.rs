//! Training runs.

pub mod columns;
pub mod list;
pub mod overview;
pub mod register;
pub mod run;
pub mod submit;
pub mod tabs;

pub use list::Runs;
pub use run::RunPage;
pub use submit::SubmitRun;
