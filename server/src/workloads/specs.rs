//! Who builds what the cluster is told about a workload: each noun for its own kind.

use super::seen::Seen;
use crate::{
    cluster::{WorkloadKind, WorkloadSpec},
    error::Result,
    store::{teams::TeamRow, workloads::WorkloadRow},
};
use async_trait::async_trait;
use std::{collections::HashMap, sync::Arc};

/// What a builder answers.
#[derive(Debug)]
pub enum Build {
    /// Tell the cluster this.
    Ready(Box<WorkloadSpec>),
    /// Something is still awaited: what, for people. Asked again at the next tick.
    NotYet(String),
    /// It can never start: why. The workload ends as failed.
    Never(String),
}

/// Builds the specification of a granted workload. It may read the database, fetch files and make the workload's token; it may be asked
/// again for the same workload, after a crash in between.
#[async_trait]
pub trait SpecBuilder: Send + Sync {
    /// Reads for all that are about to be built what can be read at once.
    ///
    /// # Errors
    /// The database does not answer.
    async fn prepare(&self, _rows: &[&WorkloadRow], _seen: &Seen) -> Result<()> {
        Ok(())
    }

    /// The specification of `row`; `team` is none for what belongs to the platform. `seen`: what others of the same look have read.
    ///
    /// # Errors
    /// Something failed that may work the next time.
    async fn build(&self, row: &WorkloadRow, team: Option<&TeamRow>, seen: &Seen) -> Result<Build>;
}

/// The builders by kind.
#[derive(Clone, Default)]
pub struct Builders(HashMap<WorkloadKind, Arc<dyn SpecBuilder>>);

impl Builders {
    /// With the builder of one more kind.
    #[must_use]
    pub fn with(mut self, kind: WorkloadKind, builder: impl SpecBuilder + 'static) -> Self {
        self.0.insert(kind, Arc::new(builder));
        self
    }

    /// The builder of a kind.
    pub fn of(&self, kind: WorkloadKind) -> Option<&Arc<dyn SpecBuilder>> {
        self.0.get(&kind)
    }
}
