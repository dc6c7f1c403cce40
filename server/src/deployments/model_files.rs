//! The files of a version, fetched once and in the background: whoever asks is told how far it is.

use crate::{
    artifacts::ArtifactStore,
    error::{Error, Kind},
    models::fetch,
    store::Store,
};
use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// How often a fetch that broke is tried again before it is given up.
const TRIES: u32 = 3;

/// How far the files of a version are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Files {
    /// They lie in this folder.
    Ready(PathBuf),
    /// They are being fetched; the bell rings when that is over.
    Fetching,
    /// They cannot be had: why.
    Never(String),
}

enum Job {
    Runs,
    Done(PathBuf),
    Broke(Error, u32),
}

/// Key of a job: team, model, version.
type Key = (String, String, i64);

/// Fetches models. Cheap to clone.
#[derive(Clone)]
pub struct ModelFiles(Arc<Inner>);

struct Inner {
    store: Store,
    artifacts: ArtifactStore,
    data: PathBuf,
    jobs: Mutex<HashMap<Key, Job>>,
}

impl ModelFiles {
    /// Fetches to `{data}/models`.
    pub fn new(store: Store, artifacts: ArtifactStore, data: PathBuf) -> Self {
        Self(Arc::new(Inner { store, artifacts, data, jobs: Mutex::default() }))
    }

    /// How far the files of a version are; begins to fetch them where nobody has.
    pub fn of(&self, team_id: &str, model: &str, version: i64) -> Files {
        let key: Key = (team_id.to_owned(), model.to_owned(), version);
        let mut jobs = self.jobs();
        let tries = match jobs.get(&key) {
            Some(Job::Runs) => return Files::Fetching,
            Some(Job::Done(folder)) if folder.is_dir() => return Files::Ready(folder.clone()),
            Some(Job::Broke(error, tries)) if *tries >= TRIES || !may_pass(error.kind) => {
                let why = error.public.clone();
                // Whoever deploys it again gets another try.
                jobs.remove(&key);
                return Files::Never(why);
            }
            Some(Job::Broke(_, tries)) => *tries,
            Some(Job::Done(_)) | None => 0,
        };
        jobs.insert(key.clone(), Job::Runs);
        drop(jobs);
        let this = self.clone();
        tokio::spawn(async move { this.fetch(key, tries + 1).await });
        Files::Fetching
    }

    async fn fetch(&self, key: Key, tries: u32) {
        let inner = &self.0;
        let fetched = async {
            let located = fetch::resolve(&inner.store, &key.0, &key.1, key.2).await?;
            fetch::fetch(&inner.store, &inner.artifacts, &inner.data, &key.0, &located).await
        };
        let job = match fetched.await {
            Ok(fetched) => Job::Done(fetched.folder),
            Err(error) => {
                tracing::warn!(model = key.1, version = key.2, tries, error = %error, "its files could not be fetched");
                if may_pass(error.kind) {
                    tokio::time::sleep(std::time::Duration::from_secs(u64::from(tries))).await;
                }
                Job::Broke(error, tries)
            }
        };
        self.jobs().insert(key, job);
        inner.store.bell().wake();
    }

    fn jobs(&self) -> MutexGuard<'_, HashMap<Key, Job>> {
        self.0.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the same may work a little later.
const fn may_pass(kind: Kind) -> bool {
    matches!(kind, Kind::Internal | Kind::Unavailable | Kind::Upstream | Kind::Full)
}
