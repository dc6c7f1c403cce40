//! The store, one suite on SQLite and on PostgreSQL.

mod engines;
mod experiments;
mod logged_models;
mod model_search;
mod metrics;
mod models;
mod runs;
