//! What owns a workload's pods, as far as it is looked at.

use super::{
    maker::Maker,
    names::{self, EXIT, GENERATION, GRACE, ID, MAKER, NODE, NODES, POD, PUT_BACK, QUEUE, STARTED, STOP},
    table::Seen,
};
use crate::cluster::{Exit, WorkloadSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::core::{ApiResource, Object};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OwnerKind {
    /// For what runs to its end.
    Job,
    /// For servers, and of size 0 for what has a [`Maker`].
    StatefulSet,
}

impl OwnerKind {
    /// The one for this workload.
    pub const fn of(spec: &WorkloadSpec) -> Self {
        if spec.server.is_some() { Self::StatefulSet } else { Self::Job }
    }

    /// How the API server calls it.
    pub fn resource(self) -> ApiResource {
        let (group, kind, plural) = match self {
            Self::Job => ("batch", "Job", "jobs"),
            Self::StatefulSet => ("apps", "StatefulSet", "statefulsets"),
        };
        super::client::resource(group, "v1", kind, plural)
    }
}

/// What of an owner's spec is read.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct OwnerSpec {
    /// How many pods a StatefulSet keeps.
    pub replicas: Option<i64>,
    /// Whether a Job makes none.
    pub suspend: Option<bool>,
}

/// What of its status is read.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct OwnerStatus {
    /// How far it is.
    pub conditions: Vec<Condition>,
}

/// A condition of any object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Condition {
    /// What it is about.
    #[serde(rename = "type")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// One word.
    pub reason: Option<String>,
    /// A sentence.
    pub message: Option<String>,
    /// RFC 3339.
    pub last_transition_time: Option<String>,
}

/// The object as the API server gives it.
pub type Raw = Object<OwnerSpec, OwnerStatus>;

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// When it was asked first, milliseconds since 1970.
    pub at: i64,
    /// Milliseconds between SIGTERM and SIGKILL; the shortest that was asked for.
    pub grace_ms: u64,
    /// The node whose failure is why; none where somebody asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<u32>,
}

/// One of several nodes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Peer {
    /// Uid of the one pod that may run it.
    pub pod: Option<String>,
    /// The node of the cluster that this pod is on.
    pub node: Option<String>,
    /// How it ended.
    pub end: Option<Exit>,
}

/// What was put back last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutBack {
    /// When, milliseconds since 1970.
    pub at: i64,
    /// A sentence.
    pub what: String,
}

/// What is kept of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Id of the workload.
    pub id: String,
    /// Which of several executions; the log is kept by it.
    pub attempt: i64,
    /// Which of the two.
    pub kind: OwnerKind,
    /// Where it is.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Says whether it is still the same one.
    pub uid: String,
    /// Counts up with each change.
    pub version: String,
    /// When it was made, milliseconds since 1970.
    pub created_at: i64,
    /// Whether it is being deleted.
    pub deleting: bool,
    /// Whether its start was complete.
    pub started: bool,
    /// Uid of the one pod that may run the workload.
    pub pod: Option<String>,
    /// The node of that pod.
    pub node: Option<String>,
    /// What was asked.
    pub stop: Option<Stop>,
    /// How it ended.
    pub exit: Option<Exit>,
    /// Why a Job gave up.
    pub failed: Option<Condition>,
    /// How many pods it is to have; a Job has one unless it is suspended.
    pub wants: i64,
    /// The queue of Kueue that says when a Job has its pods.
    pub queue: Option<String>,
    /// What was put back last.
    pub put_back: Option<PutBack>,
    /// What makes its pods in its stead.
    pub maker: Option<Maker>,
    /// Its nodes in order, where it has several.
    pub peers: Vec<Peer>,
    /// Milliseconds that the others have to end when one of them fails.
    pub grace_ms: u64,
}

impl Owner {
    /// Reads an object. `None`: it is not one of ours, whatever its labels say.
    pub fn read(kind: OwnerKind, raw: &Raw) -> Option<Self> {
        let meta: &ObjectMeta = &raw.metadata;
        let label = |name: &str| meta.labels.as_ref().and_then(|l| l.get(name)).cloned();
        let note = |name: &str| meta.annotations.as_ref().and_then(|a| a.get(name));
        let id = label(ID).filter(|id| names::check_id(id).is_ok())?;
        let failed = |c: &&Condition| matches!(c.kind.as_str(), "Failed" | "FailureTarget") && c.status == "True";
        Some(Self {
            id,
            attempt: label(GENERATION).and_then(|a| a.parse().ok()).unwrap_or(1),
            kind,
            namespace: meta.namespace.clone()?,
            name: meta.name.clone()?,
            uid: meta.uid.clone()?,
            version: meta.resource_version.clone().unwrap_or_default(),
            created_at: meta.creation_timestamp.as_ref().map_or(0, |t| t.0.as_millisecond()),
            deleting: meta.deletion_timestamp.is_some(),
            started: note(STARTED).is_some(),
            pod: note(POD).cloned(),
            node: note(NODE).cloned(),
            // What cannot be read was not written by us.
            stop: note(STOP).and_then(|t| serde_json::from_str(t).ok()),
            exit: note(EXIT).and_then(|t| serde_json::from_str(t).ok()),
            failed: raw.status.as_ref().and_then(|s| s.conditions.iter().find(failed)).cloned(),
            wants: raw.spec.replicas.unwrap_or_else(|| i64::from(raw.spec.suspend != Some(true))),
            queue: label(QUEUE).filter(|_| kind == OwnerKind::Job),
            maker: note(MAKER).and_then(|t| Maker::parse(t)),
            put_back: note(PUT_BACK).and_then(|t| serde_json::from_str(t).ok()),
            peers: meta.annotations.as_ref().map(peers).unwrap_or_default(),
            grace_ms: note(GRACE).and_then(|g| g.parse().ok()).unwrap_or(0),
        })
    }

    /// What somebody changed by hand so that it is not as it shall be: the change that puts it back, and what is said of it. A pod that was taken
    /// away meanwhile does not come back, as nothing runs twice.
    pub fn strayed(&self) -> Option<(Value, String)> {
        if !self.started || self.deleting || self.maker.is_some() {
            return None;
        }
        let (shall, extra) = match self.kind {
            // Kueue suspends what waits in its queue, and goes on with it when its turn has come.
            OwnerKind::Job => (1, self.exit.is_none() && !self.is_claimed() && self.wants == 0 && self.queue.is_none()),
            OwnerKind::StatefulSet if self.exit.is_some() => (0, self.wants != 0),
            OwnerKind::StatefulSet => (1, self.wants > 1 || (self.wants == 0 && self.pod.is_none())),
        };
        extra.then(|| match self.kind {
            OwnerKind::Job => (json!({ "suspend": false }), "Its Job was suspended from outside. It was put back.".to_owned()),
            OwnerKind::StatefulSet => {
                let what = format!("Its StatefulSet was told from outside to keep {} pods. It was put back to {shall}.", self.wants);
                (json!({ "replicas": shall }), what)
            }
        })
    }

    /// The queue of Kueue that it waits in.
    pub fn waits_in(&self) -> Option<&str> {
        self.queue.as_deref().filter(|_| self.wants == 0)
    }

    /// Whether its pods are servers.
    pub fn serves(&self) -> bool {
        self.maker.as_ref().map_or(self.kind == OwnerKind::StatefulSet, |m| m.kind.serves())
    }

    /// Its nodes.
    pub fn ranks(&self) -> std::ops::Range<u32> {
        0..u32::try_from(self.peers.len().max(1)).unwrap_or(1)
    }

    /// As one of its nodes has it: the pod, the place and the end are those of this node. Of a workload on one node it is the workload.
    pub fn seen_as(&self, rank: u32) -> Self {
        match self.peers.get(rank as usize) {
            Some(peer) => Self { pod: peer.pod.clone(), node: peer.node.clone(), exit: peer.end.clone(), ..self.clone() },
            None => self.clone(),
        }
    }

    /// Whether pods run, or ran, all of its nodes.
    pub fn is_claimed(&self) -> bool {
        if self.peers.is_empty() { self.pod.is_some() } else { self.peers.iter().all(|p| p.pod.is_some()) }
    }

    /// For what belongs to it.
    pub fn reference(&self) -> Value {
        let resource = self.kind.resource();
        json!({ "apiVersion": resource.api_version, "kind": resource.kind, "name": self.name, "uid": self.uid, "controller": false, "blockOwnerDeletion": false })
    }

    /// One to try things with.
    #[cfg(test)]
    pub fn for_tests(id: &str) -> Self {
        Self {
            id: id.into(),
            attempt: 1,
            kind: OwnerKind::Job,
            namespace: "ada".into(),
            name: format!("run-{id}"),
            uid: "uid".into(),
            version: "1".into(),
            created_at: 0,
            deleting: false,
            started: true,
            pod: None,
            node: None,
            stop: None,
            exit: None,
            failed: None,
            wants: 1,
            queue: None,
            put_back: None,
            maker: None,
            peers: Vec::new(),
            grace_ms: 0,
        }
    }
}

/// More nodes than any workload has.
const MANY: usize = 1024;

fn peers(notes: &BTreeMap<String, String>) -> Vec<Peer> {
    let count = notes.get(NODES).and_then(|n| n.parse::<usize>().ok()).filter(|n| (2..=MANY).contains(n)).unwrap_or(0);
    let peer = |rank| Peer {
        pod: notes.get(&names::of_node(POD, rank)).cloned(),
        node: notes.get(&names::of_node(NODE, rank)).cloned(),
        end: notes.get(&names::end_of(rank)).and_then(|t| serde_json::from_str(t).ok()),
    };
    (0..).take(count).map(peer).collect()
}

impl Seen for Owner {
    fn key(&self) -> &str {
        &self.id
    }
    fn uid(&self) -> &str {
        &self.uid
    }
    fn version(&self) -> &str {
        &self.version
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: Value) -> Option<Owner> {
        Owner::read(OwnerKind::Job, &serde_json::from_value(json).unwrap())
    }

    #[test]
    fn what_stands_upon_it_is_read() {
        let owner = read(json!({
            "apiVersion": "batch/v1", "kind": "Job",
            "metadata": {
                "name": "run-x", "namespace": "ada", "uid": "u", "resourceVersion": "7", "creationTimestamp": "2026-11-23T14:02:00Z",
                "deletionTimestamp": "2026-11-23T14:03:00Z",
                "labels": { "slipway.dev/id": "abc" },
                "annotations": {
                    "slipway.dev/started": "5", "slipway.dev/pod": "p", "slipway.dev/stop": "{\"at\":1,\"grace_ms\":2}", "slipway.dev/exit": "no json",
                },
            },
            "spec": { "suspend": false, "template": {} },
            "status": { "conditions": [{ "type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "m" }], "failed": 1 },
        }))
        .unwrap();
        assert_eq!((owner.id.as_str(), owner.version.as_str(), owner.started, owner.deleting), ("abc", "7", true, true));
        assert_eq!(owner.stop, Some(Stop { at: 1, grace_ms: 2, node: None }));
        assert_eq!((owner.pod.as_deref(), owner.exit), (Some("p"), None));
        assert_eq!(owner.failed.unwrap().reason.as_deref(), Some("BackoffLimitExceeded"));
        assert_eq!(owner.created_at, 1_795_442_520_000);
    }

    #[test]
    fn what_was_changed_by_hand_is_put_back_where_nothing_would_run_twice() {
        let set = Owner { kind: OwnerKind::StatefulSet, ..Owner::for_tests("a") };
        let change = |owner: Owner| owner.strayed().map(|(change, _)| change);
        assert_eq!(change(set.clone()), None);
        assert_eq!(change(Owner { wants: 2, pod: Some("p".into()), ..set.clone() }), Some(json!({ "replicas": 1 })));
        assert_eq!(change(Owner { wants: 0, ..set.clone() }), Some(json!({ "replicas": 1 })));
        assert_eq!(change(Owner { wants: 0, pod: Some("p".into()), ..set.clone() }), None);
        assert_eq!(change(Owner { wants: 1, exit: Some(Exit::default()), ..set.clone() }), Some(json!({ "replicas": 0 })));
        assert_eq!(change(Owner { wants: 2, started: false, ..set }), None);
        let job = Owner::for_tests("a");
        assert_eq!(change(Owner { wants: 0, ..job.clone() }), Some(json!({ "suspend": false })));
        assert_eq!(change(Owner { wants: 0, exit: Some(Exit::default()), ..job.clone() }), None);
        assert_eq!(change(Owner { wants: 0, queue: Some("default".into()), ..job }), None);
    }

    #[test]
    fn each_of_several_nodes_has_marks_of_its_own() {
        let owner = read(json!({
            "apiVersion": "batch/v1", "kind": "Job",
            "metadata": {
                "name": "run-x", "namespace": "ada", "uid": "u", "labels": { "slipway.dev/id": "abc" },
                "annotations": {
                    "slipway.dev/nodes": "2", "slipway.dev/grace": "30000", "slipway.dev/pod": "p0", "slipway.dev/node": "n0",
                    "slipway.dev/end-0": "{\"code\":0,\"signal\":null,\"out_of_memory\":false,\"timed_out\":false,\"stopped\":false,\"reason\":null,\"ended_at\":5}",
                },
            },
            "spec": {},
        }))
        .unwrap();
        assert_eq!((owner.ranks(), owner.grace_ms, owner.is_claimed(), owner.exit.is_none()), (0..2, 30_000, false, true));
        let (first, second) = (owner.seen_as(0), owner.seen_as(1));
        assert_eq!((first.pod.as_deref(), first.node.as_deref(), first.exit.unwrap().code), (Some("p0"), Some("n0"), Some(0)));
        assert_eq!((second.pod, second.exit), (None, None));
    }

    #[test]
    fn what_is_not_ours_is_passed_over() {
        for labels in [json!({}), json!({ "slipway.dev/id": "../x" })] {
            let meta = json!({ "name": "n", "namespace": "a", "uid": "u", "labels": labels });
            assert_eq!(read(json!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": {} })), None);
        }
    }
}
