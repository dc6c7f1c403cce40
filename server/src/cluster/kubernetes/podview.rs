//! Pods, as far as they are looked at.

use super::{
    names::{CONTAINER, COURIER, ID, IMAGE, MAIN},
    owner::Condition,
    table::Seen,
};
use crate::{clock::parse_rfc3339, cluster::RanImage};
use kube::core::{ApiResource, Object};
use serde::{Deserialize, Serialize};

/// Where a Job says which of its pods one is.
const INDEX: &str = "batch.kubernetes.io/job-completion-index";

/// How the API server calls them.
pub fn resource() -> ApiResource {
    super::client::resource("", "v1", "Pod", "pods")
}

/// What of a pod's spec is read.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodSpec {
    /// The node it was given to.
    pub node_name: Option<String>,
    /// What is mounted into it.
    pub volumes: Vec<Volume>,
}

/// What is mounted into a pod.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Volume {
    /// A claim, where it is one.
    pub persistent_volume_claim: Option<ClaimOf>,
}

/// The claim of a volume.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ClaimOf {
    /// Its name.
    pub claim_name: String,
}

/// What of its status is read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodStatus {
    /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.
    pub phase: Option<String>,
    /// One word, such as `Evicted`.
    pub reason: Option<String>,
    /// A sentence.
    pub message: Option<String>,
    /// Its address.
    #[serde(rename = "podIP")]
    pub pod_ip: Option<String>,
    /// How far it is.
    pub conditions: Vec<Condition>,
    /// Those that run before the others, and the courier.
    pub init_container_statuses: Vec<Container>,
    /// The others.
    pub container_statuses: Vec<Container>,
}

/// How far a container is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Container {
    /// Its name in the pod.
    pub name: String,
    /// Its image.
    pub image: String,
    /// What that is to the runtime; empty until it has it.
    #[serde(rename = "imageID")]
    pub image_id: String,
    /// Whether its startup probe succeeded.
    pub started: Option<bool>,
    /// How often it was started again.
    pub restart_count: i64,
    /// Now.
    pub state: ContainerState,
    /// Before it was started again.
    pub last_state: ContainerState,
}

/// One of three.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContainerState {
    /// It does not run yet, or not again.
    pub waiting: Option<Waiting>,
    /// It runs.
    pub running: Option<Running>,
    /// It has ended.
    pub terminated: Option<Terminated>,
}

/// Why a container does not run yet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Waiting {
    /// One word, such as `ImagePullBackOff`.
    pub reason: Option<String>,
    /// A sentence.
    pub message: Option<String>,
}

/// A container that runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Running {
    /// RFC 3339.
    pub started_at: Option<String>,
}

/// How a container ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Terminated {
    /// Its exit code; 128 and more where a signal ended it.
    pub exit_code: i64,
    /// The signal, where the runtime says so.
    pub signal: Option<i64>,
    /// One word, such as `OOMKilled`.
    pub reason: Option<String>,
    /// Its last words.
    pub message: Option<String>,
    /// RFC 3339.
    pub started_at: Option<String>,
    /// RFC 3339.
    pub finished_at: Option<String>,
}

/// The object as the API server gives it.
pub type Raw = Object<PodSpec, PodStatus>;

/// What is kept of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pod {
    /// Id of its workload.
    pub id: String,
    /// Where it is.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Says whether it is still the same one.
    pub uid: String,
    /// When it was made, milliseconds since 1970.
    pub created_at: i64,
    /// When it is gone at the latest, milliseconds since 1970, where it is being deleted.
    pub deleting: Option<i64>,
    /// The node it was given to.
    pub node: Option<String>,
    /// Names of the claims that are mounted into it.
    pub claims: Vec<String>,
    /// Name of the container that runs the workload, where it is not the usual one.
    pub container: Option<String>,
    /// Name of the image that this one was to run in; none where the pod is from before that was said.
    pub image: Option<String>,
    /// Which of several nodes of its workload it is to run.
    pub rank: u32,
    /// How far it is.
    pub status: PodStatus,
}

impl Pod {
    /// Reads an object. `None`: it is not one of ours, whatever its labels say.
    pub fn read(raw: &Raw) -> Option<Self> {
        let meta = &raw.metadata;
        let note = |name: &str| meta.annotations.as_ref().and_then(|a| a.get(name));
        Some(Self {
            id: meta.labels.as_ref()?.get(ID)?.clone(),
            namespace: meta.namespace.clone()?,
            name: meta.name.clone()?,
            uid: meta.uid.clone()?,
            created_at: meta.creation_timestamp.as_ref().map_or(0, |t| t.0.as_millisecond()),
            deleting: meta.deletion_timestamp.as_ref().map(|t| t.0.as_millisecond()),
            node: raw.spec.node_name.clone(),
            claims: raw.spec.volumes.iter().filter_map(|v| Some(v.persistent_volume_claim.as_ref()?.claim_name.clone())).collect(),
            container: note(CONTAINER).cloned(),
            image: note(IMAGE).cloned(),
            rank: note(INDEX).and_then(|n| n.parse().ok()).unwrap_or(0),
            status: raw.status.clone().unwrap_or_default(),
        })
    }

    /// Name of the container that runs the workload.
    pub fn main_name(&self) -> &str {
        self.container.as_deref().unwrap_or(MAIN)
    }

    /// The container that runs the workload.
    pub fn main(&self) -> Option<&Container> {
        self.status.container_statuses.iter().find(|c| c.name == self.main_name())
    }

    /// The image that runs, or ran, the workload.
    pub fn ran(&self) -> Option<RanImage> {
        let name = self.image.clone()?;
        Some(RanImage { name, digest: self.main().and_then(|main| content(&main.image_id)) })
    }

    /// The courier.
    pub fn courier(&self) -> Option<&Container> {
        self.status.init_container_statuses.iter().chain(&self.status.container_statuses).find(|c| c.name == COURIER)
    }

    /// Whether none of its containers will run again.
    pub fn is_over(&self) -> bool {
        matches!(self.status.phase.as_deref(), Some("Succeeded" | "Failed"))
    }

    /// A condition that is so, or not.
    pub fn condition(&self, kind: &str, status: &str) -> Option<&Condition> {
        self.status.conditions.iter().find(|c| c.kind == kind && c.status == status)
    }
}

impl Seen for Pod {
    fn key(&self) -> &str {
        &self.uid
    }
    fn uid(&self) -> &str {
        &self.uid
    }
    // Never written by us, so the watch's order is all there is.
    fn version(&self) -> &str {
        ""
    }
}

/// What tells the content in how a runtime calls an image: `registry.example/train@sha256:…`; of one that was never pulled it has but an id.
fn content(image_id: &str) -> Option<String> {
    let content = image_id.rsplit_once('@').map_or(image_id, |(_, behind)| behind);
    (!content.is_empty()).then(|| content.to_owned())
}

/// Milliseconds since 1970.
pub fn time(text: Option<&String>) -> Option<i64> {
    parse_rfc3339(text?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pod_is_read() {
        let raw = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": { "name": "p", "namespace": "ada", "uid": "u", "labels": { "slipway.dev/id": "abc" }, "creationTimestamp": "2026-11-23T14:02:00Z", "annotations": { "slipway.dev/image": "i:1" } },
            "spec": { "nodeName": "node-1", "containers": [] },
            "status": {
                "phase": "Running", "podIP": "10.0.0.5", "hostIP": "10.99.9.2", "startTime": "2026-11-23T14:02:00Z",
                "conditions": [{ "type": "PodScheduled", "status": "True", "lastProbeTime": null }],
                "initContainerStatuses": [{ "name": "courier", "restartCount": 0, "ready": true, "started": true, "state": { "running": {} }, "lastState": {} }],
                "containerStatuses": [{
                    "name": "workload", "image": "i", "imageID": "docker.io/library/i@sha256:5a", "restartCount": 1, "started": true,
                    "state": { "running": { "startedAt": "2026-11-23T14:02:05Z" } },
                    "lastState": { "terminated": { "exitCode": 137, "reason": "OOMKilled", "containerID": "x" } },
                }],
            },
        });
        let pod = Pod::read(&serde_json::from_value(raw).unwrap()).unwrap();
        assert_eq!((pod.node.as_deref(), pod.status.pod_ip.as_deref()), (Some("node-1"), Some("10.0.0.5")));
        let main = pod.main().unwrap();
        assert_eq!(main.last_state.terminated.as_ref().unwrap().reason.as_deref(), Some("OOMKilled"));
        assert_eq!(time(main.state.running.as_ref().unwrap().started_at.as_ref()), Some(1_795_442_525_000));
        assert_eq!(pod.ran(), Some(RanImage { name: "i:1".into(), digest: Some("sha256:5a".into()) }));
        assert!(pod.courier().is_some() && pod.condition("PodScheduled", "True").is_some() && !pod.is_over());
    }

    #[test]
    fn a_pod_that_has_just_been_made_is_read() {
        let raw = json!({ "metadata": { "name": "p", "namespace": "ada", "uid": "u", "labels": { "slipway.dev/id": "abc" } }, "spec": {} });
        let pod = Pod::read(&serde_json::from_value(raw).unwrap()).unwrap();
        assert_eq!((pod.ran(), pod.status), (None, PodStatus::default()));
    }

    #[test]
    fn an_image_is_told_by_its_content_as_soon_as_the_runtime_has_it() {
        for (image_id, wanted) in [
            ("docker.io/library/python@sha256:5a", Some("sha256:5a")),
            ("docker-pullable://registry.example:5000/train@sha256:5a", Some("sha256:5a")),
            ("sha256:5a", Some("sha256:5a")),
            ("docker://sha256:5a", Some("docker://sha256:5a")),
            ("registry.example/train@", None),
            ("", None),
        ] {
            assert_eq!(content(image_id).as_deref(), wanted, "{image_id}");
        }
        let waits = Pod { image: Some("i:1".into()), ..Pod::default() };
        assert_eq!(waits.ran(), Some(RanImage { name: "i:1".into(), digest: None }));
    }
}
