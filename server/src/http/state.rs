//! What every handler may use.

use crate::{
    artifacts::ArtifactStore, clock::SharedClock, cluster::SharedCluster, config::Config, reports::Reports, secrets::Sealer, store::Store,
    workloads::links::Links,
};
use std::sync::Arc;

/// The Arcs that doors get. Cheap to clone.
#[derive(Clone)]
pub struct Web {
    /// Values in force.
    pub config: Arc<Config>,
    /// The database.
    pub store: Store,
    /// Files of runs and models.
    pub artifacts: ArtifactStore,
    /// The clock.
    pub clock: SharedClock,
    /// Where workloads run.
    pub cluster: SharedCluster,
    /// Renders `/metrics`.
    pub metrics: Option<metrics_exporter_prometheus::PrometheusHandle>,
    /// Seals secrets.
    pub sealer: Sealer,
    /// What background tasks did last.
    pub reports: Reports,
    /// How workloads reach the portal.
    pub links: Links,
    /// Inference traffic.
    pub gateway: super::gateway::Gateway,
    /// When the server started, milliseconds since 1970.
    pub started_at: i64,
    /// Ends the streams that are open when the server drains.
    pub drain: tokio::sync::watch::Receiver<bool>,
}
