//! Environment versions: made by a workload each, or taken as they are where somebody made the same.

use super::{Report, Task};
use crate::{
    clean_up::needs,
    cluster::WorkloadKind,
    environments::{
        build_result, digest,
        free::{self, Taken},
        images::Images,
        packages,
        plan::{Making, Seen, Step, plan},
        progress, shipped,
        spec::Interpreter,
    },
    error::{Error, Result},
    ids,
    logs::LogStore,
    store::{
        Store, Tx,
        clean_up::FreedEnvironmentRow,
        environments::EnvironmentRow,
        events::NewEvent,
        workloads::{NewWorkload, WorkloadRow},
    },
};
use app::api::{State, environments::Build, logs::LogQuery, resources::Resources};
use async_trait::async_trait;
use std::{
    path::PathBuf,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

/// What a build holds. It needs no room of its own in the queue; this is its limit.
const HOLDS: Resources = Resources { cpu_millis: 1000, memory_bytes: 2 << 30, gpus: 0 };
/// How much of the end of a build's log tells how far it is.
const TAIL: i64 = 128 * 1024;

/// How many that were freed are taken from the disk in one go.
const MANY: i64 = 20;

/// The task.
pub struct Environments {
    store: Store,
    logs: LogStore,
    cache: PathBuf,
    python: Interpreter,
    images: Option<Images>,
    registered: AtomicBool,
}

impl Environments {
    /// Over this database, with these logs, in this cache folder.
    pub const fn new(store: Store, logs: LogStore, cache: PathBuf, python: Interpreter) -> Self {
        Self { store, logs, cache, python, images: None, registered: AtomicBool::new(false) }
    }

    /// On a cluster of containers nothing is made here: an environment is an image, or cannot be used.
    #[must_use]
    pub fn of_images(mut self, images: Option<Images>) -> Self {
        self.images = images;
        self
    }
}

#[async_trait]
impl Task for Environments {
    fn name(&self) -> &'static str {
        "environments"
    }

    fn every(&self) -> Duration {
        Duration::from_secs(2)
    }

    async fn tick(&self) -> Result<Report> {
        let mut report = Report::new();
        if !self.registered.load(Ordering::Relaxed) {
            match &self.images {
                Some(images) => {
                    report.insert("registered", shipped::register_images(&self.store).await?);
                    report.insert("renamed", self.rename(images).await?);
                }
                None => {
                    // Finding the interpreter takes a program's start; what can be asked for does not wait for it.
                    shipped::announce(&self.store).await?;
                    report.insert("registered", shipped::register(&self.store, self.python.get().await).await?);
                    report.insert("lost", self.requeue_lost().await?);
                }
            }
            self.registered.store(true, Ordering::Relaxed);
        }
        if self.images.is_none() {
            report.insert("freed", self.take_freed().await?);
        }
        let open = self.store.environments_open().await?;
        report.insert("seen", open.len() as i64);
        for version in &open {
            match self.advance(version).await {
                Ok(true) => *report.entry("did").or_default() += 1,
                Ok(false) => {}
                Err(error) => {
                    tracing::warn!(environment = version.name, error = %error, "environment");
                    *report.entry("failed").or_default() += 1;
                }
            }
        }
        Ok(report)
    }
}

impl Environments {
    /// A cache may be emptied, or the interpreter replaced: what is ready by its row and not on the disk is made again from its lock.
    async fn requeue_lost(&self) -> Result<i64> {
        let Some(python) = self.python.get().await else { return Ok(0) };
        let mut lost = 0;
        for version in self.store.environments_ready().await?.into_iter().filter(|v| v.freed_at.is_none()) {
            let Some(lock) = &version.lock_text else { continue };
            let now = digest::of_lock(lock, python);
            if now == version.digest && digest::is_made(&self.cache, &now) {
                continue;
            }
            let mut tx = self.store.begin().await?;
            tx.environment_requeue(&version.id, Build::Ready, &now).await?;
            let after = serde_json::json!({ "version": version.version, "digest": now });
            event(&mut tx, &version, "requeue", after).await?;
            tx.commit().await?;
            lost += 1;
        }
        Ok(lost)
    }

    /// Takes from the disk what clean-up freed; how many.
    async fn take_freed(&self) -> Result<i64> {
        let mut gone = 0;
        for row in self.store.freed_environments(MANY).await? {
            match self.take(&row).await {
                Ok(taken) => gone += i64::from(taken),
                Err(error) => tracing::warn!(digest = row.digest, error = %error, "a freed environment stays for now"),
            }
        }
        Ok(gone)
    }

    /// Takes one, unless somebody came to need it; whether it is gone. Who needs it from here on asks this task first, as it is marked.
    async fn take(&self, row: &FreedEnvironmentRow) -> Result<bool> {
        let (cache, digest) = (self.cache.clone(), row.digest.clone());
        let (mut gone, mut kept) = (false, None);
        if self.store.environment_wanted(&row.digest).await? {
            // It is made again, or was: only what was moved aside goes.
            tokio::task::spawn_blocking(move || free::sweep(&cache, &digest)).await.map_err(Error::internal)??;
        } else if let Some(used) = self.store.environment_use(&row.team_id, &row.digest).await? {
            kept = Some(needs::of_environment(&row.team_id, &used));
        } else {
            match tokio::task::spawn_blocking(move || free::take(&cache, &digest)).await.map_err(Error::internal)?? {
                Taken::Busy => return Ok(false),
                Taken::Used => kept = Some("A program of this machine runs in it.".to_owned()),
                Taken::Gone => gone = true,
            }
        }
        let mut tx = self.store.begin().await?;
        tx.freed_environment_done(row).await?;
        if let Some(reason) = kept {
            tx.environment_unfree(&row.team_id, &row.digest).await?;
            if let Some(version) = self.store.environment_of_content(&row.team_id, &row.digest).await? {
                event(&mut tx, &version, "keep", serde_json::json!({ "version": version.version, "reason": reason })).await?;
            }
        }
        tx.commit().await.map(|()| gone)
    }

    /// Where the images of the shipped ones are may have been said anew.
    async fn rename(&self, images: &Images) -> Result<i64> {
        let mut renamed = 0;
        for version in self.store.environments_ready().await?.iter().filter(|v| v.is_shipped()) {
            if let Ok(image) = images.of(&version.name, true, None) {
                let mut tx = self.store.begin().await?;
                renamed += i64::from(tx.environment_set_image(&version.id, &image).await?);
                tx.commit().await?;
            }
        }
        Ok(renamed)
    }

    /// An image is there or is not: nothing is made.
    async fn look_up(&self, images: &Images, version: &EnvironmentRow) -> Result<bool> {
        let mut tx = self.store.begin().await?;
        let done = match images.of(&version.name, version.is_shipped(), version.image.as_deref()) {
            Ok(image) => {
                tx.environment_set_image(&version.id, &image).await?;
                self.ready(&mut tx, version, &version.digest, version.lock_text.as_deref().unwrap_or_default()).await?
            }
            Err(reason) => {
                event(&mut tx, version, "fail", serde_json::json!({ "version": version.version, "reason": reason })).await?;
                tx.environment_set_failed(&version.id, reason).await?
            }
        };
        tx.changed(version.team_id.as_deref(), "environment", &version.environment_id, version.version);
        tx.wakes();
        tx.commit().await.map(|()| done)
    }

    async fn advance(&self, version: &EnvironmentRow) -> Result<bool> {
        if let Some(images) = &self.images {
            return self.look_up(images, version).await;
        }
        let workload = match &version.workload_id {
            Some(id) => self.store.workload(id).await?,
            None => None,
        };
        let making = match &workload {
            Some(row) => Some(self.making(row, version).await?),
            None => None,
        };
        let seen = Seen {
            build: version.build(),
            progress: version.progress,
            reason: version.reason.clone(),
            is_made: version.lock_text.is_some() && digest::is_made(&self.cache, &version.digest),
            workload: making,
        };
        let step = plan(&seen);
        if step == Step::Nothing {
            return Ok(false);
        }
        self.perform(version, workload.as_ref(), step).await
    }

    async fn making(&self, row: &WorkloadRow, version: &EnvironmentRow) -> Result<Making> {
        let state = row.state();
        let progress = if state == State::Running {
            let query = LogQuery { offset: Some(-TAIL), limit: Some(5000), ..LogQuery::default() };
            let page = self.logs.page(&row.id, &query).await?;
            progress::of(&page.items, version.lock_text.as_deref().map_or(0, packages::count))
        } else {
            0.0
        };
        let result = if state.is_final() { build_result::read(&self.cache, &row.id).await? } else { None };
        Ok(Making { state, reason: row.reason.clone(), progress, result })
    }

    async fn perform(&self, version: &EnvironmentRow, workload: Option<&WorkloadRow>, step: Step) -> Result<bool> {
        let mut tx = self.store.begin().await?;
        let done = match &step {
            Step::Nothing => false,
            Step::Begin => self.begin(&mut tx, version).await?,
            Step::Progress { build, progress, reason } => {
                tx.environment_progress(&version.id, *build, *progress, reason.as_deref()).await?
            }
            Step::Use => {
                let lock = version.lock_text.as_deref().unwrap_or_default();
                self.ready(&mut tx, version, &version.digest, lock).await?
            }
            Step::Ready { digest, lock } => self.ready(&mut tx, version, digest, lock).await?,
            Step::Failed { reason } => {
                let failed = tx.environment_set_failed(&version.id, reason).await?;
                event(&mut tx, version, "fail", serde_json::json!({ "version": version.version, "reason": reason })).await?;
                failed
            }
        };
        if let (Some(row), Step::Ready { .. } | Step::Failed { .. }) = (workload, &step) {
            tx.workload_settle(&row.id).await?;
        }
        if !done {
            return Ok(false);
        }
        tx.changed(version.team_id.as_deref(), "environment", &version.environment_id, version.version);
        tx.commit().await?;
        if let (Some(row), Step::Ready { .. } | Step::Failed { .. }) = (workload, &step) {
            build_result::drop_file(&self.cache, &row.id).await;
        }
        Ok(true)
    }

    async fn begin(&self, tx: &mut Tx, version: &EnvironmentRow) -> Result<bool> {
        let id = ids::new_id(&**self.store.clock());
        tx.workload_insert(&NewWorkload {
            id: &id,
            team_id: version.team_id.as_deref(),
            kind: WorkloadKind::Environment,
            owner_id: &version.id,
            name: &format!("{} v{}", version.name, version.version),
            attempt: 1,
            generation: version.version,
            resources: HOLDS,
            nodes: 1,
        })
        .await?;
        // Not committed where another tick was faster.
        tx.environment_begin(&version.id, &id).await
    }

    async fn ready(&self, tx: &mut Tx, version: &EnvironmentRow, digest: &str, lock: &str) -> Result<bool> {
        let packages = serde_json::to_string(&packages::asked_for(&version.requirements, lock))?;
        let ready = tx.environment_set_ready(&version.id, digest, lock, &packages).await?;
        event(tx, version, "ready", serde_json::json!({ "version": version.version, "digest": digest })).await?;
        Ok(ready)
    }
}

async fn event(tx: &mut Tx, version: &EnvironmentRow, action: &str, after: serde_json::Value) -> Result<()> {
    tx.event(NewEvent {
        team_id: version.team_id.as_deref(),
        actor: "slipway",
        action,
        kind: "environment",
        object_id: &version.environment_id,
        object_name: &version.name,
        revision: version.version,
        before: None,
        after: Some(after),
    })
    .await
    .map(drop)
}
