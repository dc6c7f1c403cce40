//! The metadata database: SQLite or PostgreSQL behind one concrete type, with the SQL in sight.
//!
//! One file per noun adds noun-first methods (`run_insert`, `run_list`) to [`Store`] (reads) and [`Tx`] (reads and writes). What is not
//! found is an `Option`; the names of constraints become sentences ([`constraint`]).

pub mod arg;
pub mod at_rest;
pub mod caller_tokens;
pub mod clean_up;
pub mod constraint;
pub mod db;
pub mod deliveries;
pub mod deployments;
pub mod environments;
pub mod epoch;
pub mod events;
pub mod experiment_search;
pub mod experiments;
pub mod find;
pub mod held;
pub mod idempotency;
pub mod image_digests;
pub mod keyset;
pub mod ledger;
mod lent;
mod list;
pub mod logged_model_search;
pub mod logged_models;
pub mod mails;
pub mod model_aliases;
pub mod model_search;
pub mod model_versions;
pub mod models;
pub mod notebook_tickets;
pub mod notebooks;
pub mod notices;
pub mod order;
pub mod pipeline_images;
pub mod pipeline_runs;
pub mod pipeline_search;
pub mod pipelines;
pub mod placements;
pub mod promotion_gates;
pub mod promotions;
pub mod quotas;
pub mod reach;
pub mod recurring_runs;
pub mod replicas;
pub mod revisions;
pub mod run_curves;
pub mod run_inputs;
pub mod run_metrics;
pub mod run_origins;
pub mod run_search;
mod run_search_sql;
pub mod run_tags;
pub mod runs;
pub mod runtimes;
pub mod secrets;
pub mod series;
pub mod sessions;
mod sql;
pub mod stage_policies;
pub mod submissions;
pub mod tasks;
pub mod teams;
mod together;
pub mod tokens;
pub mod tx;
pub mod usage;
pub mod users;
pub mod webhooks;
mod workload_people;
pub mod workloads;
mod workloads_seen;
mod writing;

pub use arg::Arg;
pub use db::{Db, Row};
pub use epoch::Epoch;
pub use tx::Tx;

use crate::{clock::SharedClock, error::Result, wake::Bell};
use sqlx::SqlSafeStr;
use workloads_seen::WorkloadsSeen;

/// The database, with the bell that rings after each commit. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    db: Db,
    bell: Bell,
    clock: SharedClock,
    access: Epoch,
    runs: Epoch,
    workloads: WorkloadsSeen,
}

impl Store {
    /// Opens the database and brings its tables up to date.
    ///
    /// # Errors
    /// It cannot be reached, or its tables are of a newer Slipway.
    pub async fn open(url: &str, clock: SharedClock, bell: Bell) -> Result<Self> {
        let db = Db::open(url).await?;
        Ok(Self { db, bell, clock, access: Epoch::default(), runs: Epoch::default(), workloads: WorkloadsSeen::default() })
    }

    /// The two engines, for hot queries that have a sibling per engine.
    pub const fn db(&self) -> &Db {
        &self.db
    }

    /// The bell that commits ring.
    pub const fn bell(&self) -> &Bell {
        &self.bell
    }

    /// The clock of the house.
    pub const fn clock(&self) -> &SharedClock {
        &self.clock
    }

    /// Counts the changes of tokens, users, members and teams made by this server.
    pub const fn access(&self) -> &Epoch {
        &self.access
    }

    /// Counts the deletions and restorations of runs made by this server.
    pub const fn runs_moved(&self) -> &Epoch {
        &self.runs
    }

    /// Begins a transaction that may write. On SQLite there is one writer at a time.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn begin(&self) -> Result<Tx> {
        Tx::begin(self).await
    }

    /// One statement that is a transaction of its own; how many rows it touched. Nothing is told by it, and it takes no part in a request under an
    /// `Idempotency-Key`.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn alone(&self, sql: impl SqlSafeStr, args: Vec<Arg>) -> Result<u64> {
        Ok(self.db.exec(sql, args).await?)
    }

    /// All rows of a query.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn all<T: Row>(&self, sql: impl SqlSafeStr, args: Vec<Arg>) -> Result<Vec<T>> {
        Ok(self.db.all(sql, args).await?)
    }

    /// The first row of a query.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn opt<T: Row>(&self, sql: impl SqlSafeStr, args: Vec<Arg>) -> Result<Option<T>> {
        Ok(self.db.opt(sql, args).await?)
    }

    /// Brings what the database knows of its tables up to date.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn optimize(&self) -> Result<()> {
        Ok(self.db.optimize().await?)
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// It does not.
    pub async fn ping(&self) -> Result<()> {
        self.opt::<(i64,)>("SELECT CAST(1 AS BIGINT)", vec![]).await.map(drop)
    }
}
