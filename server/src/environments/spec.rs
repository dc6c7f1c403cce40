//! The workload that makes a version: `build.py` with the tools of the machine.

use super::{
    build_result,
    python::{MISSING, Python},
};
use crate::{
    cluster::{Runtime, WorkloadKind, WorkloadSpec},
    error::Result,
    store::{Store, environments::EnvironmentRow, teams::TeamRow, workloads::WorkloadRow},
    workloads::{
        seen::Seen,
        specs::{Build, SpecBuilder},
    },
};
use async_trait::async_trait;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::sync::OnceCell;

const PROGRAM: &str = include_str!("../../runtimes/environments/build.py");
const SKOPS_NAMES: &str = include_str!("../../runtimes/environments/skops_names.py");
/// uv, for machines that have none.
const UV: &str = include_str!("../../runtimes/environments/uv.lock");
const MAX_SECONDS: u64 = 3600;

/// The machine's interpreter, looked for once.
#[derive(Debug, Clone, Default)]
pub struct Interpreter(Arc<OnceCell<Python>>);

impl Interpreter {
    /// One that is known.
    pub fn known(python: Python) -> Self {
        Self(Arc::new(OnceCell::new_with(Some(python))))
    }

    /// The interpreter; looked for again as long as there is none.
    pub async fn get(&self) -> Option<&Python> {
        self.0.get_or_try_init(|| async { super::python::find().await.ok_or(()) }).await.ok()
    }
}

/// Builds the specification.
pub struct EnvironmentSpecs {
    /// The database.
    pub store: Store,
    /// Folder of environments and caches.
    pub cache: PathBuf,
    /// The machine's interpreter.
    pub python: Interpreter,
    /// How this machine reaches package indexes: variables of uv and pip, proxies, certificates. They may hold passwords.
    pub index: BTreeMap<String, String>,
}

#[async_trait]
impl SpecBuilder for EnvironmentSpecs {
    async fn build(&self, row: &WorkloadRow, team: Option<&TeamRow>, _: &Seen) -> Result<Build> {
        let Some(version) = self.store.environment_version(&row.owner_id).await? else {
            return Ok(Build::Never("Its environment was removed.".into()));
        };
        let Some(python) = self.python.get().await else { return Ok(Build::Never(MISSING.into())) };
        let team = team.map_or("slipway", |t| t.name.as_str());
        Ok(Build::Ready(Box::new(spec(row, team, &version, python, &self.cache, &self.index)?)))
    }
}

fn spec(
    row: &WorkloadRow,
    team: &str,
    version: &EnvironmentRow,
    python: &Python,
    cache: &Path,
    index: &BTreeMap<String, String>,
) -> Result<WorkloadSpec> {
    let plan = serde_json::json!({
        "cache": cache,
        "python": python.path,
        "version": python.version,
        "tag": python.tag(),
        "result": build_result::path(cache, &row.id),
    });
    let tools = [("build.py", PROGRAM), ("skops_names.py", SKOPS_NAMES), ("uv.txt", UV)];
    let mut files = BTreeMap::from(tools.map(|(name, text)| (name.to_owned(), text.to_owned())));
    files.insert("plan.json".into(), plan.to_string());
    match &version.lock_text {
        Some(lock) => files.insert("lock.txt".into(), lock.clone()),
        None => files.insert("requirements.txt".into(), version.requirements.clone()),
    };
    let text = |path: PathBuf| path.display().to_string();
    let env = [
        ("UV_CACHE_DIR", text(cache.join("uv"))),
        ("PIP_CACHE_DIR", text(cache.join("pip"))),
        ("PYTHONUNBUFFERED", "1".into()),
        ("NO_COLOR", "1".into()),
    ];
    Ok(WorkloadSpec {
        id: row.id.clone(),
        team: team.into(),
        kind: WorkloadKind::Environment,
        owner: row.owner_id.clone(),
        name: row.name.clone(),
        attempt: row.attempt,
        runtime: Runtime::Host,
        command: vec![text(python.path.clone()), "build.py".into()],
        env: env.into_iter().map(|(k, v)| (k.to_owned(), v)).collect(),
        secrets: index.clone(),
        resources: row.resources(),
        nodes: 1,
        volume: None,
        volume_is_kept: false,
        files,
        archive: None,
        folders: BTreeMap::new(),
        placement: Default::default(),
        server: None,
        timeout_seconds: Some(MAX_SECONDS),
        grace_seconds: 10,
    })
}
