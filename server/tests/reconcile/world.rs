//! A server without its doors: database, fake cluster, the tasks, one team.

use app::api::{
    State,
    logs::LogPage,
    members::Role,
    runs::{NewRun, Run},
};
use server::{
    access::{Principal, TeamEditor, Via},
    artifacts::ArtifactStore,
    clock::{Clock, SharedClock, TestClock},
    cluster::{Cluster, WorkloadKind, fake::FakeCluster},
    environments::{
        digest,
        python::Python,
        spec::{EnvironmentSpecs, Interpreter},
    },
    logs::LogStore,
    pipelines::{launch::TaskSpecs, parsed::Parsed, token::TaskTokens},
    reconcile::{Report, Task, environments::Environments, pipelines::Pipelines, runs::Runs, workloads::Workloads},
    runs::{spec::RunSpecs, submit::Submitter},
    secrets::Sealer,
    store::{Store, runs::RunRow, submissions::SubmissionRow, workloads::WorkloadRow},
    wake::Bell,
    workloads::{links::Links, specs::Builders},
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// Id of the team.
pub const TEAM: &str = "11111111111111111111111111111111";

pub struct World {
    pub store: Store,
    pub clock: Arc<TestClock>,
    pub cluster: Arc<FakeCluster>,
    pub data: PathBuf,
    pub cache: PathBuf,
    pub ada: TeamEditor,
    pub workloads: Workloads,
    pub runs: Runs,
    pub environments: Environments,
    pub parsed: Parsed,
    pub pipelines: Pipelines,
    _folder: tempfile::TempDir,
}

/// Where artifacts lie.
pub fn artifacts(data: &Path) -> ArtifactStore {
    ArtifactStore::open_folder(&data.join("artifacts"), 1 << 20).unwrap()
}

/// An interpreter that nobody starts.
pub fn python() -> Python {
    Python::new("/usr/bin/python3.11", "3.11.7", "x86_64")
}

/// Tokens of tasks, as those who build them have them.
pub fn tokens() -> TaskTokens {
    TaskTokens::new(&Sealer::new(&[7; 32]))
}

impl World {
    /// With the shipped environments ready.
    pub async fn new() -> Self {
        Self::bare().await.ready().await
    }

    /// With no environment on the disk.
    pub async fn bare() -> Self {
        Self::on(FakeCluster::new).await
    }

    /// On a cluster where tasks run in containers.
    pub async fn of_containers() -> Self {
        Self::on(FakeCluster::of_containers).await.ready().await
    }

    async fn ready(self) -> Self {
        for shipped in &server::environments::shipped::SHIPPED {
            self.put_environment(&digest::of_lock(shipped.lock, &python()));
        }
        tick(&self.environments).await;
        self
    }

    async fn on(cluster: fn(SharedClock) -> FakeCluster) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (data, cache) = (folder.path().join("data"), folder.path().join("cache"));
        std::fs::create_dir_all(&data).unwrap();
        let clock = Arc::new(TestClock::at(1_764_000_000_000));
        let store =
            Store::open(&format!("sqlite:{}", folder.path().join("test.db").display()), clock.clone(), Bell::default()).await.unwrap();
        let cluster = Arc::new(cluster(clock.clone()));
        let local = cluster.name() == "fake";
        let ada = people(&store).await;
        let interpreter = Interpreter::known(python());
        let parsed = Parsed::new(store.clone(), cluster.gpu());
        let builders = Builders::default()
            .with(
                WorkloadKind::Run,
                RunSpecs {
                    store: store.clone(),
                    sealer: Sealer::new(&[7; 32]),
                    links: Links { internal_url: "http://127.0.0.1:1".into() },
                    data: data.clone(),
                    cache: cache.clone(),
                    local: true,
                },
            )
            .with(
                WorkloadKind::Task,
                TaskSpecs {
                    store: store.clone(),
                    parsed: parsed.clone(),
                    sealer: Sealer::new(&[7; 32]),
                    tokens: tokens(),
                    links: Links { internal_url: "http://127.0.0.1:1".into() },
                    artifacts: artifacts(&data),
                    cache: local.then(|| cache.clone()),
                },
            )
            .with(
                WorkloadKind::Environment,
                EnvironmentSpecs { store: store.clone(), cache: cache.clone(), python: interpreter.clone(), index: Default::default() },
            );
        Self {
            workloads: Workloads { store: store.clone(), cluster: cluster.clone(), builders },
            runs: Runs { store: store.clone(), logs: LogStore::new(&data) },
            pipelines: Pipelines::new(store.clone(), parsed.clone(), LogStore::new(&data), cluster.clone(), artifacts(&data), tokens()),
            parsed,
            environments: Environments::new(store.clone(), LogStore::new(&data), cache.clone(), interpreter),
            store,
            clock,
            cluster,
            data,
            cache,
            ada,
            _folder: folder,
        }
    }

    /// Puts an environment on the disk, as a build does.
    pub fn put_environment(&self, digest: &str) {
        let folder = digest::folder(&self.cache, digest);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(digest::MARKER), "{}").unwrap();
    }

    /// Every task, until nothing more happens by itself.
    pub async fn settle(&self) {
        for _ in 0..4 {
            tick(&self.environments).await;
            tick(&self.workloads).await;
            tick(&self.runs).await;
            tick(&self.pipelines).await;
        }
    }

    pub async fn submit(&self, new: NewRun) -> Run {
        self.submitter().submit(&self.ada, &new).await.unwrap()
    }

    pub fn submitter(&self) -> Submitter<'_> {
        Submitter { store: &self.store, cluster: &*self.cluster, data: &self.data }
    }

    pub async fn run(&self, id: &str) -> (RunRow, SubmissionRow) {
        (self.store.run(TEAM, id).await.unwrap().unwrap(), self.store.submission(TEAM, id).await.unwrap().unwrap())
    }

    /// State and reason of a run.
    pub async fn state(&self, id: &str) -> (State, String) {
        let (run, _) = self.run(id).await;
        (run.state(), run.reason.unwrap_or_default())
    }

    /// The newest workload of an owner.
    pub async fn workload(&self, owner: &str) -> WorkloadRow {
        self.store.workloads_of(owner, 1).await.unwrap().pop().expect("a workload")
    }

    pub fn now(&self) -> i64 {
        self.clock.now()
    }

    /// How many tokens of a run still live.
    pub async fn live_tokens(&self, run: &str) -> i64 {
        let sql = "SELECT COUNT(*) FROM tokens WHERE subject_id = $1 AND revoked_at IS NULL";
        self.store.opt::<(i64,)>(sql, server::args![run]).await.unwrap().unwrap().0
    }

    /// Actions of the events of an object, oldest first.
    pub async fn events(&self, object: &str) -> Vec<String> {
        let rows: Vec<(String,)> =
            self.store.all("SELECT action FROM events WHERE object_id = $1 ORDER BY seq", server::args![object]).await.unwrap();
        rows.into_iter().map(|r| r.0).collect()
    }

    pub async fn log(&self, run: &str) -> LogPage {
        server::runs::log::page(&self.store, &LogStore::new(&self.data), &self.ada, run, &Default::default()).await.unwrap()
    }
}

pub async fn tick(task: &impl Task) -> Report {
    task.tick().await.unwrap()
}

async fn people(store: &Store) -> TeamEditor {
    let mut tx = store.begin().await.unwrap();
    tx.team_insert(TEAM, "vision", "Vision").await.unwrap();
    tx.exec("INSERT INTO users (id, name, display_name, admin, disabled, created_at) VALUES ('ada', 'ada', 'Ada', 0, 0, 0)", vec![])
        .await
        .unwrap();
    tx.member_set(TEAM, "ada", Role::Editor).await.unwrap();
    tx.commit().await.unwrap();
    let ada = Principal { user_id: "ada".into(), user: "ada".into(), display_name: "Ada".into(), admin: false, via: Via::Session };
    TeamEditor::check(store, &ada, "vision").await.unwrap()
}
