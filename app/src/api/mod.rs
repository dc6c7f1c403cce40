//! The words of Slipway: what the REST API takes and answers, and the one typed client for it.
//!
//! One file per noun. The dashboard uses the client over `fetch` in the browser and in process while the server renders;
//! the command line uses it over the network. There is no other door.

pub mod callers;
pub mod canary;
pub mod capacity;
pub mod changes;
pub mod client;
pub mod deployments;
pub mod environments;
pub mod events;
pub mod experiments;
pub mod explain;
pub mod gate_words;
pub mod home;
pub mod ledger;
pub mod limits;
pub mod logs;
pub mod markdown;
pub mod members;
pub mod models;
pub mod name;
pub mod notebooks;
pub mod notices;
pub mod page;
pub mod pipeline_comparison;
pub mod pipeline_diff;
pub mod pipeline_images;
pub mod pipeline_runs;
pub mod pipelines;
pub mod placements;
pub mod platform;
pub mod previews;
pub mod problem;
pub mod promotions;
pub mod quotas;
pub mod recurring_runs;
pub mod replicas;
pub mod reply;
pub mod resources;
pub mod runs;
pub mod runtimes;
pub mod secrets;
pub mod session;
pub mod state;
pub mod teams;
pub mod template;
pub mod tokens;
pub mod transport;
pub mod usage;
pub mod users;
pub mod webhooks;

pub use client::Client;
pub use page::{ListQuery, Page};
pub use problem::Problem;
pub use state::State;
