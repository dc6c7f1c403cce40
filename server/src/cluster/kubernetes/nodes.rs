//! Nodes: what there is, and what the kubelets say is used.

use super::{owner::Condition, podview::Pod, table::Seen};
use crate::cluster::{
    Capacity, Room,
    placement::{Placement, Toleration},
};
use app::api::resources::{Resources, parse_bytes, parse_cpu};
use kube::core::{ApiResource, Object};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, HashMap},
    fmt,
};

/// How the API server calls them.
pub fn resource() -> ApiResource {
    super::client::resource("", "v1", "Node", "nodes")
}

/// What of a node's spec is read.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NodeSpec {
    /// Whether it takes nothing new.
    pub unschedulable: bool,
    /// What keeps pods away.
    pub taints: Vec<Taint>,
}

/// Keeps pods away that do not tolerate it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Taint {
    /// What it is about.
    pub key: String,
    /// What more it says.
    pub value: String,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    pub effect: String,
}

impl Taint {
    /// Whether it keeps away, and not only prefers others.
    pub fn is_hard(&self) -> bool {
        matches!(self.effect.as_str(), "NoSchedule" | "NoExecute")
    }
}

impl fmt::Display for Taint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let equals = if self.value.is_empty() { "" } else { "=" };
        write!(f, "{}{equals}{}:{}", self.key, self.value, self.effect)
    }
}

/// What of its status is read.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct NodeStatus {
    /// What pods may ask for, all together.
    pub allocatable: BTreeMap<String, String>,
    /// How it is.
    pub conditions: Vec<Condition>,
}

/// The object as the API server gives it.
pub type Raw = Object<NodeSpec, NodeStatus>;

/// What is kept of it. Its heartbeats are not: they would ring the bell for nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Name.
    pub name: String,
    /// Says whether it is still the same one.
    pub uid: String,
    /// Whether it is ready and takes anything new.
    pub open: bool,
    /// What keeps pods away that do not tolerate it.
    pub taints: Vec<Taint>,
    /// What a node selector chooses by.
    pub labels: BTreeMap<String, String>,
    /// Whether it answers; since when not, RFC 3339.
    pub silent_since: Option<String>,
    /// What pods may ask for, by the name of the resource.
    pub allocatable: BTreeMap<String, String>,
}

impl Node {
    /// Reads an object.
    pub fn read(raw: &Raw) -> Option<Self> {
        let status = raw.status.clone().unwrap_or_default();
        let ready = status.conditions.iter().find(|c| c.kind == "Ready");
        let is_ready = ready.is_some_and(|c| c.status == "True");
        let taints: Vec<Taint> = raw.spec.taints.iter().filter(|t| t.is_hard()).cloned().collect();
        Some(Self {
            name: raw.metadata.name.clone()?,
            uid: raw.metadata.uid.clone()?,
            open: is_ready && !raw.spec.unschedulable,
            taints,
            labels: raw.metadata.labels.clone().unwrap_or_default(),
            silent_since: ready.filter(|c| c.status != "True").and_then(|c| c.last_transition_time.clone()),
            allocatable: status.allocatable,
        })
    }
}

impl Node {
    /// Whether it takes workloads that tolerate this.
    pub fn takes(&self, tolerations: &[Toleration]) -> bool {
        let covered = |taint: &Taint| tolerations.iter().any(|t| t.covers(&taint.key, &taint.value, &taint.effect));
        self.open && self.taints.iter().all(covered)
    }
}

impl Seen for Node {
    fn key(&self) -> &str {
        &self.name
    }
    fn uid(&self) -> &str {
        &self.uid
    }
    // Never written by us, so the watch's order is all there is.
    fn version(&self) -> &str {
        ""
    }
}

/// Everything that nodes have for workloads that tolerate this, less the reserve. `gpu`: name of the resource that is a GPU.
pub fn capacity<'a>(nodes: impl Iterator<Item = &'a Node>, tolerations: &[Toleration], gpu: &str, reserve: Resources) -> Capacity {
    let all = nodes.filter(|n| n.takes(tolerations)).fold(Resources::NONE, |sum, node| sum.plus(of(node, gpu)));
    let left = all.minus(reserve);
    let total = Resources { cpu_millis: left.cpu_millis.max(0), memory_bytes: left.memory_bytes.max(0), gpus: left.gpus.max(0) };
    Capacity { total, reserve }
}

/// Of these nodes, which all count as capacity, those that a workload with this placement may be given to. Of the reserve each keeps back a part, as
/// large as its own part of everything; GPUs are whole, and not split.
pub fn rooms<'a>(nodes: &[&Node], pods: impl Iterator<Item = &'a Pod>, placement: &Placement, gpu: &str, reserve: Resources) -> Vec<Room> {
    let all = nodes.iter().fold(Resources::NONE, |sum, node| sum.plus(of(node, gpu)));
    let mut held: HashMap<&str, Vec<String>> = HashMap::new();
    for pod in pods.filter(|p| !p.is_over()) {
        if let Some(node) = &pod.node {
            held.entry(node).or_default().push(pod.id.clone());
        }
    }
    let chosen = |n: &&&Node| n.takes(&placement.tolerations) && placement.node_selector.iter().all(|(k, v)| n.labels.get(k) == Some(v));
    let room = |node: &&Node| {
        let own = of(node, gpu);
        let left = |own: i64, all: i64, reserve: i64| (own - part(reserve, own, all)).max(0);
        let total = Resources {
            cpu_millis: left(own.cpu_millis, all.cpu_millis, reserve.cpu_millis),
            memory_bytes: left(own.memory_bytes, all.memory_bytes, reserve.memory_bytes),
            gpus: own.gpus,
        };
        Room { total, holds: held.get(node.name.as_str()).cloned().unwrap_or_default() }
    };
    nodes.iter().filter(chosen).map(room).collect()
}

/// What of `whole` is as large a part as `own` is of `all`, rounded up.
fn part(whole: i64, own: i64, all: i64) -> i64 {
    let part = (i128::from(whole) * i128::from(own) + i128::from(all) - 1).checked_div(i128::from(all)).unwrap_or(0);
    i64::try_from(part).unwrap_or(i64::MAX)
}

fn of(node: &Node, gpu: &str) -> Resources {
    let text = |name: &str| node.allocatable.get(name).map_or("", String::as_str);
    Resources {
        cpu_millis: parse_cpu(text("cpu")).unwrap_or(0),
        memory_bytes: parse_bytes(text("memory")).unwrap_or(0),
        gpus: text(gpu).parse().unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn node(name: &str, spec: Value, ready: &str, gpus: &str) -> Node {
        let raw = json!({
            "apiVersion": "v1", "kind": "Node", "metadata": { "name": name, "uid": name }, "spec": spec,
            "status": {
                "allocatable": { "cpu": "1930m", "memory": "7900Mi", "pods": "110", "nvidia.com/gpu": gpus },
                "conditions": [{ "type": "Ready", "status": ready, "lastTransitionTime": "2026-11-23T14:02:00Z" }],
            },
        });
        Node::read(&serde_json::from_value(raw).unwrap()).unwrap()
    }

    #[test]
    fn only_nodes_that_take_workloads_count() {
        let taint = json!({ "taints": [{ "key": "control-plane", "effect": "NoSchedule" }] });
        let soft = json!({ "taints": [{ "key": "x", "effect": "PreferNoSchedule" }] });
        let nodes = [
            node("a", json!({}), "True", "2"),
            node("b", soft, "True", "0"),
            node("c", json!({ "unschedulable": true }), "True", "8"),
            node("d", taint, "True", "8"),
            node("e", json!({}), "Unknown", "8"),
        ];
        assert_eq!(nodes[4].silent_since.as_deref(), Some("2026-11-23T14:02:00Z"));
        let reserve = Resources { cpu_millis: 60, memory_bytes: 800 << 20, gpus: 0 };
        let told = capacity(nodes.iter(), &[], "nvidia.com/gpu", reserve);
        assert_eq!(told.total, Resources { cpu_millis: 3800, memory_bytes: 15_000 << 20, gpus: 2 });
        let tolerates = Toleration { key: Some("control-plane".into()), operator: Some("Exists".into()), ..Toleration::default() };
        assert_eq!(capacity(nodes.iter(), &[tolerates], "nvidia.com/gpu", reserve).total.gpus, 10);
    }
    #[test]
    fn what_is_free_is_told_node_by_node() {
        let mut nodes = [
            node("a", json!({}), "True", "2"),
            node("b", json!({}), "True", "0"),
            node("c", json!({ "taints": [{ "key": "gpu", "effect": "NoSchedule" }] }), "True", "8"),
        ];
        nodes[1].labels.insert("disk".into(), "fast".into());
        let all: Vec<&Node> = nodes.iter().collect();
        let pod = |id: &str, node: Option<&str>, phase: &str| {
            let mut pod = Pod { id: id.into(), node: node.map(Into::into), ..Pod::default() };
            pod.status.phase = Some(phase.into());
            pod
        };
        let pods =
            [pod("1", Some("b"), "Running"), pod("1", Some("a"), "Pending"), pod("2", Some("a"), "Succeeded"), pod("3", None, "Pending")];
        let reserve = Resources { cpu_millis: 60, memory_bytes: 0, gpus: 0 };
        let told = |placement: Placement| rooms(&all, pods.iter(), &placement, "nvidia.com/gpu", reserve);
        let plain = told(Placement::default());
        assert_eq!(plain.iter().map(|r| r.total.cpu_millis).collect::<Vec<_>>(), [1910, 1910]);
        assert_eq!(plain.iter().map(|r| r.total.gpus).collect::<Vec<_>>(), [2, 0]);
        assert_eq!(plain.iter().map(|r| r.holds.join(" ")).collect::<Vec<_>>(), ["1", "1"]);
        assert_eq!(told(Placement::parse("[{key: gpu, operator: Exists}]", "", "").unwrap()).len(), 3);
        let fast = told(Placement::parse("", "disk: fast", "").unwrap());
        assert_eq!((fast.len(), fast[0].total.gpus), (1, 0));
    }
}
