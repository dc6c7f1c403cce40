//! Home: one's teams, and what a team came to know.

pub mod team_choice;
pub mod team_home;

pub use team_choice::TeamChoice;
pub use team_home::TeamHome;
