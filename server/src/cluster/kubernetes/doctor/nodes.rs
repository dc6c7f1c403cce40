//! What nodes have for workloads.

use super::{Check, Fine, GRANT, Poor, Wrong, said};
use crate::{
    cluster::kubernetes::{
        KubernetesConfig,
        client::ApiServer,
        nodes::{self, Node},
    },
    error::Result,
};
use app::api::resources::Resources;
use std::collections::BTreeMap;

const CHECK: &str = "nodes";

/// Room, taints, and every extended resource by its name.
pub async fn examine(api: &ApiServer, config: &KubernetesConfig) -> Vec<Check> {
    let all: Result<Vec<nodes::Raw>> = api.all_of(&nodes::resource()).await;
    match all {
        Ok(all) => of(&all.iter().filter_map(Node::read).collect::<Vec<_>>(), config),
        Err(e) => vec![Wrong(CHECK, said(&e), GRANT.into())],
    }
}

fn of(nodes: &[Node], config: &KubernetesConfig) -> Vec<Check> {
    let usable: Vec<&Node> = nodes.iter().filter(|n| n.takes(&[])).collect();
    let gpu = &config.settings.gpu;
    let total = nodes::capacity(nodes.iter(), &[], gpu, config.reserve).total;
    let mut words = format!("{} of {} take workloads: {}", usable.len(), nodes.len(), Resources { gpus: 0, ..total }.words());
    let extended = extended(&usable);
    for (name, amount) in &extended {
        words.push_str(&format!(", {amount} {name}"));
    }
    for node in nodes.iter().filter(|n| !n.taints.is_empty()) {
        let taints: Vec<String> = node.taints.iter().map(ToString::to_string).collect();
        words.push_str(&format!("; {} keeps pods away: {}", node.name, taints.join(", ")));
    }
    if usable.is_empty() && nodes.iter().any(|n| n.open) {
        let fix = "Set what workloads tolerate (Admin, Placement), or add a node without a taint.".to_owned();
        return vec![Poor(CHECK, words, fix)];
    }
    if usable.is_empty() || total.cpu_millis == 0 {
        return vec![Wrong(CHECK, words, "Add a node, or uncordon one.".into())];
    }
    let mut out = vec![Fine(CHECK, words)];
    let other = extended.keys().find(|name| name.ends_with("/gpu") || name.contains("/gpu."));
    if let Some(other) = other.filter(|_| !extended.contains_key(gpu)) {
        out.push(Poor("GPUs", format!("nodes have {other}, and kubernetes_gpu is {gpu}"), format!("Set kubernetes_gpu = \"{other}\".")));
    }
    out
}

/// What is neither of every node nor a matter of disks, all nodes together.
fn extended(nodes: &[&Node]) -> BTreeMap<String, i64> {
    let mut found = BTreeMap::new();
    for (name, amount) in nodes.iter().flat_map(|n| &n.allocatable) {
        let amount = amount.parse::<i64>().unwrap_or(0);
        if name.contains('/') && amount > 0 {
            *found.entry(name.clone()).or_default() += amount;
        }
    }
    found
}
