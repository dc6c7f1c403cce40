//! Kubernetes as a cluster: one owner object for each workload, one pod that may run it, the supervisor of the local cluster inside.
//!
//! What is known stands in the API server: an index that watches keep answers `list`, and the few marks that we write upon owners (`names`) tell
//! which pod may run the workload, what was asked, and how it ended. See `docs/adr/0013` for how the parts fit.
//!
//! * `build/`: from a specification to objects, pure. `look`, `several`, `reasons`: from objects to how far it is, pure.
//! * `client`: the API server. `watch`, `table`, `index`: what is known of it.
//! * `vanished`, `things`: what somebody else deleted or changed.
//! * `start`, `end`, `team`, `usage`, `way`: the verbs of the seam. `desk`: what pods ask of us.
//! * `pod/`: what runs inside of a pod (`slipway shim pod…`).

mod build;
mod client;
mod clues;
mod desk;
pub mod doctor;
mod end;
mod index;
mod look;
mod made;
mod maker;
mod names;
mod nodes;
mod observe;
mod owner;
mod placed;
pub mod places;
pub mod plans;
pub mod pod;
mod podview;
mod reasons;
mod rights;
mod settings;
mod several;
mod spaces;
mod start;
mod table;
mod team;
mod things;
mod usage;
mod vanished;
mod watch;
mod way;

pub use build::Ticket;
pub use desk::Desk;
pub use maker::Makers;
pub use names::PORT as POD_PORT;
pub use settings::Settings;
pub use way::Reaching;

use super::{
    Capacity, Clue, Cluster, Kept, Observed, Room, TeamSpec, Usage, WorkloadSpec,
    doors::Doors,
    placement::{Placement, Toleration},
    stream::Stream,
};
use crate::{
    clock::SharedClock,
    error::{Error, Result},
};
use app::api::resources::Resources;
use async_trait::async_trait;
use client::ApiServer;
use index::Index;
use std::{
    collections::{HashMap, HashSet},
    io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{OnceCell, watch as bell},
    task::JoinHandle,
};

/// What the cluster is told at its start.
#[derive(Debug, Clone)]
pub struct KubernetesConfig {
    /// How to connect; where kubectl looks, or what every pod finds, where absent.
    pub kubeconfig: Option<PathBuf>,
    /// Context in it.
    pub context: Option<String>,
    /// What an admin sets.
    pub settings: Settings,
    /// Kept back from the cluster's capacity.
    pub reserve: Resources,
    /// The time.
    pub clock: SharedClock,
}

/// A Kubernetes cluster.
pub struct KubernetesCluster {
    inner: Arc<Inner>,
    /// End with the cluster, not with the workloads.
    tasks: Vec<JoinHandle<()>>,
}

/// What its files share.
pub(in crate::cluster) struct Inner {
    api: ApiServer,
    settings: Settings,
    reserve: Resources,
    clock: SharedClock,
    index: Arc<Index>,
    /// One at a time for each workload, and for each team.
    doors: Doors,
    /// What couriers wait for: grows when something was asked.
    asked: bell::Sender<u64>,
    /// When the courier of a workload's node was heard last, milliseconds since 1970.
    heard: Mutex<HashMap<(String, u32), i64>>,
    /// When we began to listen, milliseconds since 1970.
    listens_since: i64,
    teams: team::Teams,
    meters: usage::Meters,
    said: observe::Said,
    way: way::Found,
    /// What some workloads tolerate.
    tolerations: Mutex<Vec<Toleration>>,
    /// To a Prometheus.
    http: reqwest::Client,
    vanished: vanished::Vanished,
    /// Whether it was looked for owners that lost their labels before this start.
    swept: OnceCell<()>,
    /// Uids of owners that were forgotten after their end: on their way out, and nothing of them runs.
    forgotten: Mutex<HashSet<String>>,
    /// Kinds that the cluster was seen to have.
    served: Mutex<HashSet<maker::MakerKind>>,
}

impl KubernetesCluster {
    /// Opens the cluster. Nothing is called yet but by the watches, in the background: an API server that is away for a moment is no reason
    /// not to start. Has to be called inside a tokio runtime.
    ///
    /// # Errors
    /// It is not known how to connect.
    pub async fn open(config: KubernetesConfig) -> Result<Self> {
        let KubernetesConfig { kubeconfig, context, settings, reserve, clock } = config;
        let api = ApiServer::connect(kubeconfig.as_deref(), context.as_deref()).await?;
        let index = Arc::<Index>::default();
        let mut tasks = watch::start(&api, &index, &settings.name);
        let inner = Arc::new(Inner {
            api,
            settings,
            reserve,
            listens_since: clock.now(),
            clock,
            index,
            doors: Doors::default(),
            asked: bell::Sender::new(0),
            heard: Mutex::default(),
            teams: team::Teams::default(),
            meters: usage::Meters::default(),
            said: observe::Said::default(),
            way: way::Found::default(),
            tolerations: Mutex::default(),
            http: reqwest::Client::new(),
            vanished: vanished::Vanished::default(),
            swept: OnceCell::new(),
            forgotten: Mutex::default(),
            served: Mutex::default(),
        });
        tasks.push(end::help_stops(&inner));
        Ok(Self { inner, tasks })
    }

    /// What pods ask of us.
    pub fn desk(&self) -> Desk {
        Desk::new(self.inner.clone())
    }

    /// Version of the API server, such as `v1.34.4`.
    ///
    /// # Errors
    /// It does not answer.
    pub async fn version(&self) -> Result<String> {
        Ok(self.inner.api.version().await?.git_version)
    }
}

impl Drop for KubernetesCluster {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

#[async_trait]
impl Cluster for KubernetesCluster {
    fn name(&self) -> &'static str {
        "kubernetes"
    }

    async fn ensure(&self, spec: &WorkloadSpec) -> Result<()> {
        names::check_id(&spec.id)?;
        // In a task of its own: whoever asked may go away in the midst of it.
        let (inner, spec) = (self.inner.clone(), spec.clone());
        tokio::spawn(async move { inner.start(&spec).await }).await.map_err(Error::internal)?
    }

    async fn stop(&self, id: &str, grace: Duration) -> Result<()> {
        let (inner, id) = (self.inner.clone(), id.to_owned());
        tokio::spawn(async move { inner.stop(&id, grace).await }).await.map_err(Error::internal)?
    }

    async fn forget(&self, id: &str) -> Result<()> {
        let (inner, id) = (self.inner.clone(), id.to_owned());
        tokio::spawn(async move { inner.forget(&id).await }).await.map_err(Error::internal)?
    }

    async fn remove_volume(&self, volume: &str) -> Result<()> {
        self.inner.remove_volume(volume).await
    }

    async fn keep_teams(&self, teams: &[TeamSpec]) -> Kept {
        self.inner.keep_teams(teams).await
    }

    async fn list(&self) -> Result<Vec<Observed>> {
        self.inner.observe_all().await
    }

    async fn clues(&self, id: &str) -> Result<Vec<Clue>> {
        self.inner.clues(id).await
    }

    fn has_nodes(&self) -> bool {
        true
    }

    fn gpu(&self) -> &str {
        &self.inner.settings.gpu
    }

    async fn try_placement(&self, team: Option<&str>, placement: &Placement, resources: Resources) -> Result<()> {
        self.inner.try_placement(team, placement, resources).await
    }

    async fn rooms(&self, placement: &Placement) -> Result<Option<Vec<Room>>> {
        let tables = self.inner.index.whole().await?;
        let tolerations = self.inner.tolerations.lock().unwrap_or_else(PoisonError::into_inner);
        let nodes: Vec<_> = tables.nodes.all().filter(|n| n.takes(&tolerations)).collect();
        Ok(Some(nodes::rooms(&nodes, tables.pods.all(), placement, &self.inner.settings.gpu, self.inner.reserve)))
    }

    fn tolerate(&self, tolerations: Vec<Toleration>) {
        self.inner.tolerate(tolerations);
    }

    async fn dial(&self, id: &str, address: &str) -> io::Result<Stream> {
        self.inner.dial(id, address).await
    }

    fn watch(&self) -> bell::Receiver<u64> {
        self.inner.index.bell()
    }

    async fn usage(&self) -> Result<Vec<Usage>> {
        self.inner.measure().await
    }

    async fn capacity(&self) -> Result<Capacity> {
        let tables = self.inner.index.whole().await?;
        let tolerations = self.inner.tolerations.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(nodes::capacity(tables.nodes.all(), &tolerations, &self.inner.settings.gpu, self.inner.reserve))
    }
}
