//! What a start needs of a cluster, looked at from outside of one.

use super::{
    KubernetesConfig,
    client::{ApiServer, Version},
    nodes::{self, Node},
    rights::{FOR_USAGE, NEEDED},
};
use crate::error::Result;
use app::api::resources::Resources;
use futures::{FutureExt, StreamExt, future::BoxFuture, stream};
use serde_json::{Value, json};

/// So many questions are asked at once.
const AT_ONCE: usize = 8;
/// From this version on helpers of a pod may outlive the workload in it.
const OLDEST: (u32, u32) = (1, 29);

/// Something that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// It is as it should be.
    Fine(&'static str, String),
    /// It works, but not as well as it could: what to do.
    Poor(&'static str, String, String),
    /// It does not work: what to do.
    Wrong(&'static str, String, String),
}
use Check::{Fine, Poor, Wrong};

/// Looks at everything. Never fails: what cannot be looked at is a finding.
pub async fn examine(config: &KubernetesConfig) -> Vec<Check> {
    let connected = ApiServer::connect(config.kubeconfig.as_deref(), config.context.as_deref()).await;
    let api = match connected {
        Ok(api) => api,
        Err(e) => return vec![Wrong("Kubernetes", e.private.first().cloned().unwrap_or(e.public), e.hint.unwrap_or_default())],
    };
    let version = match api.version().await {
        Ok(version) => version,
        Err(e) => {
            let fix = "Check the address and the credentials: `kubectl version` with the same kubeconfig.".to_owned();
            return vec![Wrong("Kubernetes", format!("{} {}", e.public, e.private.first().map_or("", String::as_str)), fix)];
        }
    };
    let mut out = vec![of_version(&version)];
    out.extend(rights(&api).await);
    out.push(room(&api, config).await);
    out.push(way(config));
    out
}

fn of_version(version: &Version) -> Check {
    let number = version.git_version.trim_start_matches('v');
    let mut parts = number.split('.').map(|p| p.parse::<u32>().ok());
    match (parts.next().flatten(), parts.next().flatten()) {
        (Some(major), Some(minor)) if (major, minor) < OLDEST => Wrong(
            "Kubernetes",
            format!("{number}, whose pods cannot have helpers that outlive their workload"),
            format!("Upgrade to {}.{} or newer.", OLDEST.0, OLDEST.1),
        ),
        _ => Fine("Kubernetes", number.to_owned()),
    }
}

async fn rights(api: &ApiServer) -> Vec<Check> {
    let (group, resource, verb) = FOR_USAGE;
    let needed = NEEDED.iter().flat_map(|(group, resource, verbs)| verbs.iter().map(move |verb| (*group, *resource, *verb)));
    let asked: Vec<BoxFuture<'_, (Right, Result<bool>)>> = needed.chain([FOR_USAGE]).map(|right| may(api, right).boxed()).collect();
    let answers: Vec<_> = stream::iter(asked).buffered(AT_ONCE).collect().await;
    if let Some(error) = answers.iter().find_map(|(_, answer)| answer.as_ref().err()) {
        let fix = "Let this account ask about itself (ClusterRole system:basic-user).".to_owned();
        return vec![Poor("Kubernetes rights", format!("they cannot be looked at: {}", error.public), fix)];
    }
    let lacks = |right: &Right| answers.iter().any(|(r, answer)| r == right && matches!(answer, Ok(false)));
    let missing: Vec<String> = answers
        .iter()
        .filter(|(right, _)| *right != FOR_USAGE && lacks(right))
        .map(|((_, resource, verb), _)| format!("{verb} {resource}"))
        .collect();
    let fix = "kubectl apply -f deploy/kubernetes/rbac.yaml".to_owned();
    let mut out = match missing.is_empty() {
        true => vec![Fine("Kubernetes rights", "all that are needed".into())],
        false => vec![Wrong("Kubernetes rights", format!("not granted: {}", missing.join(", ")), fix.clone())],
    };
    if lacks(&(group, resource, verb)) {
        out.push(Poor("use of CPU and memory", format!("not shown, as {verb} {resource} is not granted"), fix));
    }
    out
}

/// Group, resource, verb.
type Right = (&'static str, &'static str, &'static str);

/// A right with whether we have it.
async fn may(api: &ApiServer, right: Right) -> (Right, Result<bool>) {
    (right, asked(api, right).await)
}

async fn asked(api: &ApiServer, (group, resource, verb): Right) -> Result<bool> {
    let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
    let review = json!({
        "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
        "spec": { "resourceAttributes": { "group": group, "resource": resource, "subresource": subresource, "verb": verb } },
    });
    let answer: Value = api.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", &review).await?;
    Ok(answer["status"]["allowed"] == true)
}

/// What nodes have for workloads.
async fn room(api: &ApiServer, config: &KubernetesConfig) -> Check {
    const CHECK: &str = "nodes";
    let nodes: Vec<nodes::Raw> = match api.all_of(&nodes::resource()).await {
        Ok(nodes) => nodes,
        Err(e) => return Wrong(CHECK, e.public, "kubectl apply -f deploy/kubernetes/rbac.yaml".into()),
    };
    let nodes: Vec<Node> = nodes.iter().filter_map(Node::read).collect();
    let usable = nodes.iter().filter(|n| n.usable).count();
    let total = nodes::capacity(nodes.iter(), &config.settings.gpu, config.reserve).total;
    let words = format!("{usable} of {} take workloads: {}", nodes.len(), total.words());
    if usable == 0 || total.cpu_millis == 0 || total == Resources::NONE {
        return Wrong(CHECK, words, "Add a node without a taint, or uncordon one.".into());
    }
    Fine(CHECK, words)
}

/// How each side reaches the other.
fn way(config: &KubernetesConfig) -> Check {
    let portal = &config.settings.portal;
    match &config.settings.portal_namespace {
        Some(namespace) => {
            Fine("reach", format!("pods directly by their addresses, from namespace {namespace}; pods reach the portal at {portal}"))
        }
        None => Poor(
            "reach",
            format!("pods directly by their addresses, from outside of the cluster; pods reach the portal at {portal}"),
            "This machine needs a route to the pods' network, and pods one to that URL. Inside of the cluster both are given.".into(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_without_sidecars_are_told() {
        let of = |text: &str| of_version(&Version { git_version: text.into() });
        assert!(matches!(of("v1.28.3"), Wrong(..)));
        assert_eq!(of("v1.34.4+k3s1"), Fine("Kubernetes", "1.34.4+k3s1".into()));
        assert!(matches!(of("v1.29.0"), Fine(..)) && matches!(of("v2.0"), Fine(..)) && matches!(of("odd"), Fine(..)));
    }
}
