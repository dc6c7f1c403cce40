//! What pods of others hold of the nodes.

use super::{Check, Fine, GRANT, Poor, said};
use crate::{
    cluster::kubernetes::{
        KubernetesConfig,
        client::ApiServer,
        names::PORTAL,
        nodes::{self, Node},
        podview,
    },
    error::Result,
};
use app::api::resources::{Resources, parse_bytes, parse_cpu};
use kube::core::Object;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};

const CHECK: &str = "pods of others";
/// In a cluster with more pods it is told of these.
const MOST: u32 = 20_000;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    node_name: Option<String>,
    containers: Vec<Container>,
    init_containers: Vec<Container>,
    overhead: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Container {
    resources: Asked,
    restart_policy: Option<String>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Asked {
    requests: BTreeMap<String, String>,
}

type Raw = Object<Spec, BTreeMap<String, serde_json::Value>>;

/// Whether the reserve is as large as what others' pods ask for on the nodes that take workloads.
pub async fn examine(api: &ApiServer, config: &KubernetesConfig) -> Check {
    let nodes: Result<Vec<nodes::Raw>> = api.all_of(&nodes::resource()).await;
    let pods: Result<Vec<Raw>> = api.some_of(&podview::resource(), "status.phase!=Succeeded,status.phase!=Failed", MOST).await;
    match (nodes, pods) {
        (Ok(nodes), Ok(pods)) => {
            let usable: HashSet<String> = nodes.iter().filter_map(Node::read).filter(|n| n.takes(&[])).map(|n| n.name).collect();
            of(&pods, &usable, config)
        }
        (Err(e), _) | (_, Err(e)) => Poor(CHECK, said(&e), GRANT.into()),
    }
}

fn of(pods: &[Raw], usable: &HashSet<String>, config: &KubernetesConfig) -> Check {
    let ours = |p: &Raw| p.metadata.labels.as_ref().and_then(|l| l.get(PORTAL)).is_some_and(|name| *name == config.settings.name);
    let there = |p: &Raw| p.spec.node_name.as_ref().is_some_and(|n| usable.contains(n));
    let theirs = pods.iter().filter(|p| !ours(p) && there(p));
    let (mut n, mut held) = (0, Resources::NONE);
    for pod in theirs {
        n += 1;
        held = held.plus(asks(&pod.spec, &config.settings.gpu));
    }
    let words = format!("{n} on nodes that take workloads, which ask for {}; the reserve is {}", held.words(), config.reserve.words());
    if held.fits(config.reserve) {
        return Fine(CHECK, words);
    }
    let most = Resources {
        cpu_millis: held.cpu_millis.max(config.reserve.cpu_millis),
        memory_bytes: held.memory_bytes.max(config.reserve.memory_bytes),
        gpus: held.gpus.max(config.reserve.gpus),
    };
    let fix = format!(
        "Set reserve_cpu = \"{}m\", reserve_memory = \"{}Mi\", reserve_gpus = {}: what is held back is not offered as free, and workloads wait in the queue instead of as pods that no node has room for.",
        most.cpu_millis,
        most.memory_bytes.div_euclid(1 << 20) + 1,
        most.gpus
    );
    Poor(CHECK, words, fix)
}

/// As the scheduler counts it: all that run together, or the largest that runs before them.
fn asks(spec: &Spec, gpu: &str) -> Resources {
    let of = |c: &BTreeMap<String, String>| Resources {
        cpu_millis: c.get("cpu").map_or(0, |q| parse_cpu(q).unwrap_or(0)),
        memory_bytes: c.get("memory").map_or(0, |q| parse_bytes(q).unwrap_or(0)),
        gpus: c.get(gpu).map_or(0, |q| q.parse().unwrap_or(0)),
    };
    let (mut beside, mut before) = (Resources::NONE, Resources::NONE);
    for init in &spec.init_containers {
        let own = of(&init.resources.requests);
        if init.restart_policy.as_deref() == Some("Always") {
            beside = beside.plus(own);
        } else {
            before = largest(before, beside.plus(own));
        }
    }
    let together = spec.containers.iter().fold(beside, |sum, c| sum.plus(of(&c.resources.requests)));
    largest(together, before).plus(of(&spec.overhead))
}

fn largest(a: Resources, b: Resources) -> Resources {
    Resources { cpu_millis: a.cpu_millis.max(b.cpu_millis), memory_bytes: a.memory_bytes.max(b.memory_bytes), gpus: a.gpus.max(b.gpus) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn spec(value: Value) -> Spec {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_pod_asks_as_the_scheduler_counts_it() {
        let of = |cpu: &str| json!({ "resources": { "requests": { "cpu": cpu, "memory": "1Gi" } } });
        let mut sidecar = of("200m");
        sidecar["restartPolicy"] = json!("Always");
        let pod = spec(json!({
            "initContainers": [sidecar, of("2")],
            "containers": [of("500m"), { "resources": { "requests": { "nvidia.com/gpu": "2" } } }],
            "overhead": { "cpu": "50m" },
        }));
        let told = asks(&pod, "nvidia.com/gpu");
        assert_eq!(told, Resources { cpu_millis: 2250, memory_bytes: 2 << 30, gpus: 2 });
        assert_eq!(asks(&spec(json!({ "containers": [{}] })), "nvidia.com/gpu"), Resources::NONE);
    }
}
