//! Which kinds of Kubeflow and KServe the cluster serves.

use super::{Check, Fine, GRANT, Poor, Wrong, rights::missing, said};
use crate::{
    cluster::kubernetes::{
        KubernetesConfig,
        client::ApiServer,
        maker::MakerKind,
        rights::{FOR_MAKERS, Resource},
    },
    error::Result,
};

const CHECK: &str = "kinds";
/// Group and kind.
const KNOWN: [(&str, &str); 3] =
    [("kubeflow.org", "Notebook"), ("trainer.kubeflow.org", "TrainJob"), ("serving.kserve.io", "InferenceService")];

/// Each kind with the versions in which it is served.
pub async fn examine(api: &ApiServer) -> Check {
    let mut words = Vec::new();
    for (group, kind) in KNOWN {
        match api.versions_of(group, kind).await {
            Ok(versions) if versions.is_empty() => words.push(format!("{kind} is not served")),
            Ok(versions) => words.push(format!("{kind} {group}/{}", versions.join(", "))),
            Err(e) => return Poor(CHECK, said(&e), "Let this account read what is served (ClusterRole system:discovery).".into()),
        }
    }
    Fine(CHECK, words.join("; "))
}

/// Those that shall make pods: whether they are served, and whether we may make them.
pub async fn chosen(api: &ApiServer, config: &KubernetesConfig) -> Vec<Check> {
    let mut out = Vec::new();
    for (kind, needed) in FOR_MAKERS.iter().filter(|(kind, _)| config.settings.makers.has(*kind)) {
        let name = kind.as_str();
        out.push(match maker(api, *kind, needed).await {
            Ok(None) => Fine(name, format!("{} makes pods", kind.resource().api_version)),
            Ok(Some((what, fix))) => Wrong(name, what, fix),
            Err(e) => Poor(
                name,
                said(&e),
                "Let this account read what is served and what it may (ClusterRoles system:discovery and system:basic-user).".into(),
            ),
        });
    }
    out
}

/// What is missing, with its fix.
async fn maker(api: &ApiServer, kind: MakerKind, needed: &[Resource]) -> Result<Option<(String, String)>> {
    let resource = kind.resource();
    if !api.versions_of(&resource.group, &resource.kind).await?.contains(&resource.version) {
        return Ok(Some((format!("the cluster has no {}", resource.api_version), kind.fix().into())));
    }
    let rights = needed.iter().flat_map(|(group, resource, verbs)| verbs.iter().map(move |verb| (*group, *resource, *verb)));
    let missing = missing(api, rights.collect()).await?;
    Ok((!missing.is_empty())
        .then(|| (format!("not granted: {}", missing.join(", ")), format!("{GRANT}, which has ClusterRole slipway-kubeflow"))))
}
