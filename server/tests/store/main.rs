//! The store, one suite on SQLite and on PostgreSQL.

mod engines;
mod experiments;
mod metrics;
mod runs;
