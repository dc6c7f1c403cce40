//! What owns a workload's pods, as far as it is looked at.

use super::{
    maker::Maker,
    names::{self, EXIT, GENERATION, GRACE, ID, MAKER, NODE, NODES, POD, PUT_BACK, QUEUE, STARTED, STOP},
    podview::Pod,
    table::Seen,
};
use crate::{
    cluster::{Exit, WorkloadSpec},
    error::Result,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::core::{ApiResource, Object};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
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
    /// Labels that it shall have and has not.
    pub mislabelled: BTreeMap<String, String>,
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
        let note = |name: &str| meta.annotations.as_ref().and_then(|a| a.get(name));
        let has = |name: &str| meta.labels.as_ref().and_then(|l| l.get(name));
        let mut shall = names::labels_of(meta);
        let label = |name: &str| shall.get(name).or_else(|| has(name)).cloned();
        // A copy under another name is nobody's.
        let id = label(ID).filter(|id| names::check_id(id).is_ok() && meta.name.as_ref().is_some_and(|name| names::is_of(name, id)))?;
        let failed = |c: &&Condition| matches!(c.kind.as_str(), "Failed" | "FailureTarget") && c.status == "True";
        let attempt = label(GENERATION).and_then(|a| a.parse().ok()).unwrap_or(1);
        shall.retain(|name, value| has(name) != Some(value));
        Some(Self {
            id,
            attempt,
            mislabelled: shall,
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
            queue: has(QUEUE).cloned().filter(|_| kind == OwnerKind::Job),
            maker: note(MAKER).and_then(|t| Maker::parse(t)),
            put_back: note(PUT_BACK).and_then(|t| serde_json::from_str(t).ok()),
            peers: meta.annotations.as_ref().map(peers).unwrap_or_default(),
            grace_ms: note(GRACE).and_then(|g| g.parse().ok()).unwrap_or(0),
        })
    }

    /// What somebody changed by hand so that it is not as it shall be: the change that puts it back, and what is said of it.
    pub fn strayed(&self) -> Option<(Value, String)> {
        if !self.started || self.deleting {
            return None;
        }
        let mut change = json!({});
        let mut said = Vec::new();
        if !self.mislabelled.is_empty() {
            change["metadata"] = json!({ "labels": self.mislabelled });
            said.push(format!("The labels of its {} were changed from outside. They were put back.", self.kind.resource().kind));
        }
        if let Some((spec, what)) = self.strayed_size() {
            change["spec"] = spec;
            said.push(what);
        }
        (!said.is_empty()).then(|| (change, said.join(" ")))
    }

    /// A pod that was taken away meanwhile does not come back, as nothing runs twice.
    fn strayed_size(&self) -> Option<(Value, String)> {
        if self.maker.is_some() {
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

    /// The marks that it had, as it was `before`, and has no more. No mark is ever taken away by us.
    pub fn unmarked(&self, before: &Self) -> Result<Map<String, Value>> {
        let mut marks = Map::new();
        let mut mark = |name: String, had: Option<String>, has: bool| {
            if let Some(had) = had.filter(|_| !has) {
                marks.insert(name, Value::String(had));
            }
        };
        let text = |end: &Option<Exit>| end.as_ref().map(serde_json::to_string).transpose();
        mark(STARTED.into(), before.started.then(|| before.created_at.to_string()), self.started);
        mark(EXIT.into(), text(&before.exit)?, self.exit.is_some());
        mark(STOP.into(), before.stop.as_ref().map(serde_json::to_string).transpose()?, self.stop.is_some());
        mark(MAKER.into(), before.maker.as_ref().map(ToString::to_string), self.maker.is_some());
        mark(POD.into(), before.pod.clone(), self.pod == before.pod);
        mark(NODE.into(), before.node.clone(), self.node.is_some());
        if before.peers.len() > 1 {
            mark(NODES.into(), Some(before.peers.len().to_string()), self.peers.len() == before.peers.len());
            mark(GRACE.into(), Some(before.grace_ms.to_string()), self.grace_ms == before.grace_ms);
        }
        for (rank, had) in (0..).zip(&before.peers) {
            let has = self.peers.get(rank as usize).cloned().unwrap_or_default();
            mark(names::of_node(POD, rank), had.pod.clone(), has.pod == had.pod);
            mark(names::of_node(NODE, rank), had.node.clone(), has.node.is_some());
            mark(names::end_of(rank), text(&had.end)?, has.end.is_some());
        }
        Ok(marks)
    }

    /// Whether somebody suspended its Job while it ran. Where Kueue did, it says so itself.
    pub fn is_suspended(&self) -> bool {
        self.kind == OwnerKind::Job && self.stop.is_none() && self.is_claimed() && self.wants == 0 && self.queue.is_none()
    }

    /// Whether a pod with its labels may be its own, by the pod's name: those of a copy that somebody made of it are not.
    pub fn may_own(&self, pod: &Pod) -> bool {
        let named = |name: &str| pod.namespace == self.namespace && pod.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('-'));
        self.maker.is_some() || named(&self.name)
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
            mislabelled: BTreeMap::new(),
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
                "name": "run-abc", "namespace": "ada", "uid": "u", "resourceVersion": "7", "creationTimestamp": "2026-11-23T14:02:00Z",
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
        let change = |owner: Owner| owner.strayed().map(|(mut change, _)| change["spec"].take());
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
    fn what_it_is_is_known_whatever_became_of_its_labels() {
        let spec = super::super::build::tests::spec();
        let mut raw = super::super::build::owner(&spec, &super::super::build::tests::settings(), "ada", Some(5)).unwrap();
        raw["metadata"]["uid"] = json!("u");
        let whole = read(raw.clone()).unwrap();
        assert_eq!((whole.id.as_str(), whole.attempt, whole.strayed()), (spec.id.as_str(), 2, None));
        raw["metadata"]["labels"][names::MANAGED_BY] = json!("hand");
        raw["metadata"]["labels"][ID] = json!("another");
        raw["metadata"]["labels"].as_object_mut().unwrap().remove(names::KIND);
        let owner = read(raw).unwrap();
        assert_eq!((owner.id.as_str(), owner.attempt), (spec.id.as_str(), 2));
        let (change, what) = owner.strayed().unwrap();
        let labels = json!({ names::MANAGED_BY: "slipway", ID: spec.id, names::KIND: "run" });
        assert_eq!(change, json!({ "metadata": { "labels": labels } }));
        assert_eq!(what, "The labels of its Job were changed from outside. They were put back.");
    }

    #[test]
    fn marks_that_were_taken_away_are_known() {
        let exit = Exit { code: Some(0), ..Exit::default() };
        let before = Owner { pod: Some("p".into()), node: Some("n".into()), exit: Some(exit), ..Owner::for_tests("a") };
        assert!(before.unmarked(&before).unwrap().is_empty());
        let after = Owner { started: false, pod: Some("q".into()), node: None, exit: None, ..before.clone() };
        let marks = after.unmarked(&before).unwrap();
        assert_eq!(marks.keys().collect::<Vec<_>>(), [EXIT, NODE, POD, STARTED]);
        assert_eq!(marks[POD], "p");
        let peers = |pod: &str| vec![Peer { pod: Some(pod.into()), ..Peer::default() }, Peer::default()];
        let [several, other] = ["p", "q"].map(|pod| Owner { peers: peers(pod), ..Owner::for_tests("a") });
        assert_eq!(other.unmarked(&several).unwrap(), json!({ POD: "p" }).as_object().unwrap().clone());
        assert_eq!(before.unmarked(&Owner::for_tests("a")).unwrap(), Map::new());
    }

    #[test]
    fn each_of_several_nodes_has_marks_of_its_own() {
        let owner = read(json!({
            "apiVersion": "batch/v1", "kind": "Job",
            "metadata": {
                "name": "run-abc", "namespace": "ada", "uid": "u", "labels": { "slipway.dev/id": "abc" },
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
        for labels in [json!({}), json!({ "slipway.dev/id": "../x" }), json!({ "slipway.dev/id": "abc" })] {
            let meta = json!({ "name": "n", "namespace": "a", "uid": "u", "labels": labels });
            assert_eq!(read(json!({ "apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": {} })), None);
        }
    }
}
