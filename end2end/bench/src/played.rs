//! A portal as it is, on a cluster that is played: `bench played FOLDER`, a process of its own, so that its time and memory are only the
//! portal's. Each workload that is started is told in a line of output, and runs until a line of input names it.

use anyhow::{Context, Result};
use app::api::resources::Resources;
use async_trait::async_trait;
use axum::serve::ListenerExt;
use serde::{Deserialize, Serialize};
use server::{
    access::first_admin,
    clock::{Clock, SystemClock},
    cluster::{Capacity, Clue, Cluster, Exit, Observed, Phase, Usage, WorkloadSpec},
    config::load::gather,
    error::Result as Answer,
    http::{self, Web, state::Opened},
    secrets::Sealer,
    serve::start_tasks,
    store::Store,
    wake::Bell,
};
use std::{
    collections::{BTreeMap, HashMap},
    io::{BufRead, BufWriter, Write},
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    time::Duration,
};
use tokio::{net::TcpListener, sync::watch};

/// First word of its command line.
pub const WORD: &str = "played";
/// The platform admin.
pub const USER: &str = "admin";
/// And the password.
pub const PASSWORD: &str = "only-for-this-run-7261";

/// A line of output.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Told {
    /// Where the portal listens.
    Listens(std::net::SocketAddr),
    /// A task was started.
    Started(Started),
}

/// A task that was started.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Started {
    /// Id of the workload.
    pub id: String,
    /// Id of its run of MLflow.
    pub run: String,
    /// Its attempt.
    pub attempt: i64,
    /// Its token.
    pub token: String,
}

struct Played {
    workloads: Mutex<HashMap<String, Observed>>,
    bell: watch::Sender<u64>,
    out: Sender<Told>,
}

impl Played {
    fn workloads(&self) -> MutexGuard<'_, HashMap<String, Observed>> {
        self.workloads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self) {
        self.bell.send_modify(|n| *n += 1);
    }

    fn end(&self, id: &str, exit: Exit) {
        if let Some(workload) = self.workloads().get_mut(id).filter(|w| !matches!(w.phase, Phase::Ended(_))) {
            workload.phase = Phase::Ended(Exit { ended_at: SystemClock.now(), ..exit });
        }
        self.ring();
    }
}

#[async_trait]
impl Cluster for Played {
    // Workloads run elsewhere, in the images of their components.
    fn name(&self) -> &'static str {
        "kubernetes"
    }

    async fn ensure(&self, spec: &WorkloadSpec) -> Answer<()> {
        let observed =
            Observed { id: spec.id.clone(), phase: Phase::Running { endpoint: None }, started_at: Some(SystemClock.now()), image: None };
        if self.workloads().insert(spec.id.clone(), observed).is_none() {
            let word = |of: &BTreeMap<String, String>, name: &str| of.get(name).cloned().unwrap_or_default();
            let (run, token) = (word(&spec.env, "SLIPWAY_RUN_ID"), word(&spec.secrets, "SLIPWAY_TOKEN"));
            // Nobody reads any more: the benchmark has ended.
            let _ = self.out.send(Told::Started(Started { id: spec.id.clone(), run, attempt: spec.attempt, token }));
        }
        self.ring();
        Ok(())
    }

    async fn stop(&self, id: &str, _: Duration) -> Answer<()> {
        self.end(id, Exit { signal: Some(15), stopped: true, ..Exit::default() });
        Ok(())
    }

    async fn forget(&self, id: &str) -> Answer<()> {
        self.workloads().remove(id);
        self.ring();
        Ok(())
    }

    async fn remove_volume(&self, _: &str) -> Answer<()> {
        Ok(())
    }

    async fn list(&self) -> Answer<Vec<Observed>> {
        Ok(self.workloads().values().cloned().collect())
    }

    async fn clues(&self, _: &str) -> Answer<Vec<Clue>> {
        Ok(Vec::new())
    }

    fn watch(&self) -> watch::Receiver<u64> {
        self.bell.subscribe()
    }

    async fn usage(&self) -> Answer<Vec<Usage>> {
        Ok(Vec::new())
    }

    async fn capacity(&self) -> Answer<Capacity> {
        let total = Resources { cpu_millis: 100_000_000, memory_bytes: 1 << 50, gpus: 0 };
        Ok(Capacity { total, reserve: Resources::NONE })
    }
}

/// Serves until the input ends.
///
/// # Errors
/// It cannot start.
pub async fn serve(data: &Path) -> Result<()> {
    let flags = [("data", data.to_owned()), ("cache", data.join("cache"))];
    let flags = BTreeMap::from(flags.map(|(name, path)| (name.to_owned(), path.display().to_string())));
    let config = gather(&flags, &BTreeMap::new(), None).and_then(|v| v.config(&Default::default())).map_err(anyhow::Error::msg)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let store = Store::open(&config.database_url, Arc::new(SystemClock), Bell::default()).await?;
    let (out, lines) = channel();
    let played = Arc::new(Played { workloads: Mutex::default(), bell: watch::Sender::new(0), out: out.clone() });
    let (drain, draining) = watch::channel(false);
    let sealer = Sealer::new(&[1; 32]);
    let web = Web::assemble(Opened { config, address, store, cluster: played.clone(), sealer, drain: draining })?;
    first_admin::prepare(&web.store, Some(USER), Some(PASSWORD)).await?;
    start_tasks(&web);
    std::thread::spawn(move || tell(&lines));
    out.send(Told::Listens(address)).context("nobody reads")?;
    let listener = listener.tap_io(|s| drop(s.set_nodelay(true)));
    let portal = axum::serve(listener, http::router(&web).into_make_service());
    tokio::select! {
        ended = portal.into_future() => ended?,
        ended = tokio::task::spawn_blocking(move || asked(&played)) => ended?,
    }
    drain.send_replace(true);
    Ok(())
}

/// Writes lines, together what comes together.
fn tell(lines: &Receiver<Told>) -> std::io::Result<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    while let Ok(first) = lines.recv() {
        for told in std::iter::once(first).chain(lines.try_iter()) {
            serde_json::to_writer(&mut out, &told)?;
            out.write_all(b"\n")?;
        }
        out.flush()?;
    }
    Ok(())
}

/// Ends what the lines of input name, until there are no more.
fn asked(played: &Played) {
    for id in std::io::stdin().lock().lines().map_while(Result::ok) {
        played.end(&id, Exit { code: Some(0), ..Exit::default() });
    }
}
