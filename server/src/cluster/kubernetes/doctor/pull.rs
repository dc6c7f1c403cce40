//! Whether nodes can have the images.
//!
//! What nodes have already can be seen for nothing. Whether they can pull what they do not have, only a pod can tell.

use super::{Asked, Check, Fine, Poor, Wrong, said};
use crate::{
    cluster::kubernetes::{
        KubernetesConfig, build,
        client::{ApiServer, Name, resource},
        podview::{self, Container},
        spaces::Space,
    },
    error::Result,
};
use kube::core::{ApiResource, Object};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, time::Duration};

const CHECK: &str = "images";
const MORE: &str = "`slipway doctor --pull` lets a pod of each image start and end, and tells.";
/// How long one pod may take.
const WITHIN: Duration = Duration::from_secs(180);
const AGAIN: Duration = Duration::from_millis(500);

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Nothing {}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct NodeImages {
    images: Vec<NodeImage>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct NodeImage {
    /// Absent for one that lost its names to another.
    names: Option<Vec<String>>,
}

/// Each image that is known.
pub async fn examine(api: &ApiServer, config: &KubernetesConfig, asked: &Asked, spaces: &[Space]) -> Vec<Check> {
    let images: BTreeSet<&str> =
        asked.images.iter().chain([&config.settings.image]).map(String::as_str).filter(|i| !i.is_empty()).collect();
    if !asked.pull {
        return vec![seen(api, &images).await];
    }
    // One that we made before one that was handed over.
    let Some(space) = spaces.iter().min_by_key(|s| !s.ours) else {
        return vec![Poor(
            CHECK,
            "not pulled: no team has a namespace yet, and only there a pod may run".into(),
            "Make a team, and look again.".into(),
        )];
    };
    let mut out = Vec::new();
    for image in images {
        out.push(match pull(api, config, space, image).await {
            Ok(()) => Fine(CHECK, format!("a pod of {image} started in {}", space.name)),
            Err(why) => Wrong(
                CHECK,
                format!("{image}: {why}"),
                "Push it where nodes can pull it, or give the namespace's account slipway-workload the registry's secret.".into(),
            ),
        });
    }
    out
}

/// What nodes say that they have. They name the fifty largest.
async fn seen(api: &ApiServer, images: &BTreeSet<&str>) -> Check {
    let nodes: Result<Vec<Object<Nothing, NodeImages>>> = api.all_of(&node()).await;
    let nodes = match nodes {
        Ok(nodes) => nodes,
        Err(e) => return Poor(CHECK, said(&e), MORE.into()),
    };
    let has = |node: &Object<Nothing, NodeImages>, image: &str| {
        let named = node.status.iter().flat_map(|s| &s.images).flat_map(|i| i.names.iter().flatten());
        named.map(|n| short(n)).any(|n| n == short(image))
    };
    let unseen: Vec<&str> = images.iter().filter(|image| !nodes.iter().any(|n| has(n, image))).copied().collect();
    let is_seen = images.len() - unseen.len();
    match unseen.is_empty() {
        true => Fine(CHECK, format!("each of {} is on a node already", images.len())),
        false => Poor(CHECK, format!("{is_seen} of {} are on a node already; not tried: {}", images.len(), unseen.join(", ")), MORE.into()),
    }
}

fn node() -> ApiResource {
    resource("", "v1", "Node", "nodes")
}

/// Without what a runtime adds in front.
fn short(image: &str) -> &str {
    image.trim_start_matches("docker.io/").trim_start_matches("library/")
}

/// Lets a pod of it start; what its one container runs is not there, so it ends at once.
async fn pull(api: &ApiServer, config: &KubernetesConfig, space: &Space, image: &str) -> std::result::Result<(), String> {
    let pod = build::pull_trial(&config.settings, &space.name, image);
    let name = pod["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let about = Name { kind: "Pod", namespace: &space.name, name: &name };
    api.create(&pod).await.map_err(|e| said(&e))?;
    let until = tokio::time::Instant::now() + WITHIN;
    let found = loop {
        let seen: Result<Vec<podview::Raw>> = api.list(about, &format!("{}={name}", build::TRIAL)).await;
        match seen.map_err(|e| said(&e)).map(|pods| pods.first().and_then(of_pod)) {
            Ok(Some(found)) => break found,
            Err(e) => break Err(e),
            Ok(None) if tokio::time::Instant::now() > until => break Err(format!("its pod did not start within {} s", WITHIN.as_secs())),
            Ok(None) => tokio::time::sleep(AGAIN).await,
        }
    };
    if let Err(e) = api.delete(about, None, Some(0)).await {
        return Err(format!("its pod {name} could not be deleted: {}", said(&e)));
    }
    found
}

/// Whether its image came, where that is known.
fn of_pod(raw: &podview::Raw) -> Option<std::result::Result<(), String>> {
    let status = raw.status.as_ref()?;
    let unplaced = status.conditions.iter().find(|c| c.kind == "PodScheduled" && c.status == "False");
    if let Some(why) = unplaced.and_then(|c| c.message.clone()) {
        return Some(Err(why));
    }
    status.container_statuses.iter().find_map(of_container)
}

fn of_container(container: &Container) -> Option<std::result::Result<(), String>> {
    let state = &container.state;
    if state.running.is_some() || state.terminated.is_some() {
        return Some(Ok(()));
    }
    let waiting = state.waiting.as_ref()?;
    match waiting.reason.as_deref()? {
        "ErrImagePull" | "ImagePullBackOff" | "InvalidImageName" | "ErrImageNeverPull" | "RegistryUnavailable" => {
            Some(Err(waiting.message.clone().unwrap_or_else(|| "it cannot be pulled".into())))
        }
        // The image is there, and what it does not have was found missing.
        "RunContainerError" | "CrashLoopBackOff" | "CreateContainerError" => Some(Ok(())),
        _ => None,
    }
}
