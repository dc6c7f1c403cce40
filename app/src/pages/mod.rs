//! One folder per entry of the side nav, one file per route. Pages never import pages.

pub mod account;
pub mod admin;
pub mod deployments;
pub mod environments;
pub mod home;
pub mod models;
pub mod not_found;
pub mod notebooks;
pub mod notices;
pub mod pipelines;
pub mod runs;
pub mod runtimes;
pub mod setup;
pub mod sign_in;
pub mod team;
