//! What every handler may use.

use super::gateway::Gateway;
use crate::{
    access::Tokens,
    artifacts::ArtifactStore,
    clock::SharedClock,
    cluster::{
        SharedCluster,
        knock::{Knocks, PODS},
        kubernetes::Desk,
        reach::Reach,
    },
    config::Config,
    deployments::routes::Routes,
    error::{Error, Result},
    logs::LogStore,
    pipelines::parsed::Parsed,
    post::{Mailer, address::Allowed},
    reports::Reports,
    runs::MetricWriter,
    secrets::Sealer,
    store::Store,
    webhooks::service::Webhooks,
    workloads::links::Links,
};
use std::{
    net::SocketAddr,
    ops::{Deref, DerefMut},
    sync::Arc,
};

/// What doors get. Each layer of a door clones it for each request: it is one pointer.
#[derive(Clone)]
pub struct Web(Arc<Parts>);

impl Deref for Web {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// For what is known only after the rest was put together; those who got it before have what was there then.
impl DerefMut for Web {
    fn deref_mut(&mut self) -> &mut Parts {
        Arc::make_mut(&mut self.0)
    }
}

/// The parts of [`Web`].
#[derive(Clone)]
pub struct Parts {
    /// Values in force.
    pub config: Arc<Config>,
    /// The database.
    pub store: Store,
    /// Tokens that were looked up lately.
    pub tokens: Tokens,
    /// Writes what clients log, many at once.
    pub writer: MetricWriter,
    /// Files of runs and models.
    pub artifacts: ArtifactStore,
    /// Logs of workloads.
    pub logs: LogStore,
    /// The clock.
    pub clock: SharedClock,
    /// Where workloads run.
    pub cluster: SharedCluster,
    /// The client that reaches what runs there.
    pub reach: Reach,
    /// What pods ask, where workloads are pods.
    pub desk: Option<Desk>,
    /// Renders `/metrics`.
    pub metrics: Option<metrics_exporter_prometheus::PrometheusHandle>,
    /// Seals secrets.
    pub sealer: Sealer,
    /// Hands mails over, where a server for them is configured.
    pub mailer: Option<Mailer>,
    /// What background tasks did last.
    pub reports: Reports,
    /// How workloads reach the portal.
    pub links: Links,
    /// Pipelines that were read lately.
    pub pipelines: Parsed,
    /// Inference traffic.
    pub gateway: Gateway,
    /// When the server started, milliseconds since 1970.
    pub started_at: i64,
    /// Ends the streams that are open when the server drains.
    pub drain: tokio::sync::watch::Receiver<bool>,
}

/// What has to be opened before the rest can be put together.
pub struct Opened {
    /// Values in force.
    pub config: Config,
    /// Where the portal really listens.
    pub address: SocketAddr,
    /// The database.
    pub store: Store,
    /// Where workloads run.
    pub cluster: SharedCluster,
    /// Seals secrets.
    pub sealer: Sealer,
    /// Says when the server drains.
    pub drain: tokio::sync::watch::Receiver<bool>,
}

impl Web {
    /// The room of webhooks.
    pub fn webhooks(&self) -> Webhooks {
        Webhooks {
            store: self.store.clone(),
            sealer: self.sealer.clone(),
            allowed: Allowed::new(&self.config.webhook_networks),
            portal: self.config.portal_url(),
        }
    }

    /// Puts together what follows from what was opened; the same in the server and in tests.
    ///
    /// # Errors
    /// The store of artifacts cannot be opened.
    pub fn assemble(opened: Opened) -> Result<Self> {
        let Opened { config, address, store, cluster, sealer, drain } = opened;
        let (clock, tokens) = (store.clock().clone(), Tokens::default());
        let reach = Reach::of(cluster.clone(), Knocks::new(sealer.key_for(PODS)));
        let links = Links::of(&Config { listen: address, ..config.clone() });
        Ok(Self(Arc::new(Parts {
            artifacts: ArtifactStore::at(&config.artifacts, config.max_upload_bytes)?,
            logs: LogStore::new(&config.data),
            writer: MetricWriter::start(store.clone()),
            pipelines: Parsed::new(store.clone(), cluster.gpu()),
            gateway: Gateway::new(store.clone(), tokens.clone(), Routes::default(), reach.clone(), config.max_body_bytes),
            tokens,
            reach,
            mailer: config.mail.as_ref().map(Mailer::new).transpose().map_err(Error::internal)?,
            desk: None,
            metrics: None,
            reports: Reports::default(),
            links,
            started_at: clock.now(),
            config: Arc::new(config),
            store,
            clock,
            cluster,
            sealer,
            drain,
        })))
    }
}
