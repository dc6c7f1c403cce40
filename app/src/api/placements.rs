//! On which nodes workloads of a size or in an environment run, what more their pods have, and what a size holds. Only on Kubernetes, and only the
//! admin's.

use super::{
    Client, ListQuery, Page,
    client::{Reply, with_query},
    resources::Resources,
};
use http::Method;
use serde::{Deserialize, Serialize};

/// Of what a placement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum PlacementOf {
    /// Of a size: of workloads that are no larger than it, and larger than the next smaller one; `gpu` of all that ask for GPUs.
    Size,
    /// Of an environment: of workloads that run in any version of it.
    Environment,
}

/// A placement. What counts for a workload is that of its size, and over it that of its environment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Placement {
    /// Of what it is.
    pub of: PlacementOf,
    /// Name of the size or of the environment.
    pub name: String,
    /// The environment's team; absent for a shipped one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// Kubernetes' tolerations as they were written: a list in YAML or JSON; empty for none.
    pub tolerations: String,
    /// Labels that a node has to have, as they were written: YAML or JSON; empty for none.
    pub node_selector: String,
    /// What is laid over the template of the pod, as it was written: YAML or JSON; empty for none.
    pub patch: String,
    /// What the size holds; absent for an environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holds: Option<Resources>,
    /// The size's CPU as it was written, a Kubernetes quantity; empty as it ships.
    #[serde(default)]
    pub cpu: String,
    /// The size's memory, likewise.
    #[serde(default)]
    pub memory: String,
    /// The GPUs of the size `gpu`, likewise.
    #[serde(default)]
    pub gpu: String,
    /// Counts up with each change; 0 where nothing was ever set.
    pub revision: i64,
}

/// A placement to set; what is left out is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SetPlacement {
    /// Of what it is.
    pub of: PlacementOf,
    /// Name of the size or of the environment.
    pub name: String,
    /// The environment's team; left out for a shipped one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// Kubernetes' tolerations: a list in YAML or JSON, such as `[{key: gpu, operator: Exists}]`.
    #[serde(default)]
    pub tolerations: String,
    /// Labels that a node has to have: YAML or JSON, such as `gpu: a100`.
    #[serde(default)]
    pub node_selector: String,
    /// What is laid over the template of the pod: YAML or JSON, such as `spec: {runtimeClassName: nvidia}`. Objects are merged, `null` removes,
    /// lists of things with names (env, volumes, volumeMounts) are merged by these, other lists replaced. It may add, and not change what Slipway sets.
    #[serde(default)]
    pub patch: String,
    /// What a size holds from now on: CPU, such as `8` or `500m`. Empty: as it ships. What was asked for before stays.
    #[serde(default)]
    pub cpu: String,
    /// Memory of a size, such as `32Gi`.
    #[serde(default)]
    pub memory: String,
    /// GPUs of the size `gpu`, such as `2`.
    #[serde(default)]
    pub gpu: String,
    /// The revision one has seen.
    pub revision: i64,
}

impl Client {
    /// `GET /api/v1/placements`: the sizes first, then every environment.
    pub fn placement_list(&self, query: &ListQuery) -> Reply<Page<Placement>> {
        self.get(with_query("/api/v1/placements".into(), query))
    }
    /// `PUT /api/v1/placements`: tried on the cluster, and kept where it would be taken.
    pub fn placement_set(&self, body: &SetPlacement) -> Reply<Placement> {
        self.call(Method::PUT, "/api/v1/placements", body)
    }
}
