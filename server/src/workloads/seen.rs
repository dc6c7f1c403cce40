//! What builds of one look at the workloads share: it is read once for all of them, and forgotten with the look.

use crate::{
    cluster::placement::Placement,
    error::Result,
    platform::placements,
    store::{Store, pipeline_runs::PipelineRunRow, tasks::TaskRow, teams::TeamRow},
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
        self.put([(key, value.clone())]);
        Ok(value)
    }

    fn put(&self, all: impl IntoIterator<Item = (K, V)>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(all);
    }
}

/// The rows.
#[derive(Default)]
pub struct Seen {
    teams: Memo<String, Option<Arc<TeamRow>>>,
    pipeline_runs: Memo<String, Option<Arc<PipelineRunRow>>>,
    tasks: Memo<String, Option<Arc<TaskRow>>>,
    stands_for: Memo<(String, String), Option<String>>,
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

    /// A task.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn task(&self, store: &Store, id: &str) -> Result<Option<Arc<TaskRow>>> {
        self.tasks.get(id.to_owned(), async { Ok(store.task_any(id).await?.map(Arc::new)) }).await
    }

    /// Takes tasks that were read together.
    pub fn tasks(&self, rows: Vec<TaskRow>) {
        self.tasks.put(rows.into_iter().map(|row| (row.id.clone(), Some(Arc::new(row)))));
    }

    /// Id of the environment that stands for an image where a team runs it, by `read`.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn stands_for(
        &self,
        team_id: &str,
        image: &str,
        read: impl Future<Output = Result<Option<String>>>,
    ) -> Result<Option<String>> {
        self.stands_for.get((team_id.to_owned(), image.to_owned()), read).await
    }

    /// Where what asks for this much in this environment goes.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn placement(&self, store: &Store, resources: Resources, environment: &str) -> Result<Placement> {
        self.placements.get((resources, environment.to_owned()), placements::of(store, resources, environment)).await
    }
}
