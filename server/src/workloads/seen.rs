//! What builds of one look at the workloads share: it is read once for all of them, and forgotten with the look.

use crate::{
    cluster::placement::Placement,
    error::Result,
    platform::placements,
    store::{Store, pipeline_runs::PipelineRunRow, teams::TeamRow},
};
use app::api::resources::Resources;
use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError},
};

/// Read rows, by what they were asked for.
struct Memo<K, V>(Mutex<HashMap<K, V>>);

impl<K, V> Default for Memo<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Hash + Eq, V: Clone> Memo<K, V> {
    /// Two that ask at once may both read.
    async fn get(&self, key: K, read: impl Future<Output = Result<V>>) -> Result<V> {
        let there = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        if let Some(there) = there {
            return Ok(there);
        }
        let value = read.await?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, value.clone());
        Ok(value)
    }
}

/// The rows.
#[derive(Default)]
pub struct Seen {
    teams: Memo<String, Option<Arc<TeamRow>>>,
    pipeline_runs: Memo<String, Option<Arc<PipelineRunRow>>>,
    placements: Memo<(Resources, String), Placement>,
}

impl Seen {
    /// A team.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn team(&self, store: &Store, id: &str) -> Result<Option<Arc<TeamRow>>> {
        self.teams.get(id.to_owned(), async { Ok(store.team(id).await?.map(Arc::new)) }).await
    }

    /// A pipeline run.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn pipeline_run(&self, store: &Store, id: &str) -> Result<Option<Arc<PipelineRunRow>>> {
        self.pipeline_runs.get(id.to_owned(), async { Ok(store.pipeline_run_any(id).await?.map(Arc::new)) }).await
    }

    /// Where what asks for this much in this environment goes.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn placement(&self, store: &Store, resources: Resources, environment: &str) -> Result<Placement> {
        self.placements.get((resources, environment.to_owned()), placements::of(store, resources, environment)).await
    }
}
