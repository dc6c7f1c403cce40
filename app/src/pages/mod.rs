//! One folder per entry of the side nav, one file per route. Pages never import pages.

pub mod home;
pub mod not_found;
pub mod notebooks;
pub mod runs;
pub mod setup;
pub mod sign_in;
