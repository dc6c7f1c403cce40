//! The store, one suite on SQLite and on PostgreSQL.

mod clean_up;
mod deployments;
mod engines;
mod experiments;
mod logged_models;
mod many_runs;
mod metrics;
mod model_search;
mod models;
mod newer;
mod notices;
mod pipeline_images;
mod pipeline_search;
mod pipelines;
mod placements;
mod promotions;
mod recurring_runs;
mod run_plans;
mod run_search;
mod runs;
mod usage;
mod webhooks;
mod workloads;
mod writer;
