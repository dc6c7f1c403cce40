//! Which kinds of Kubeflow and KServe the cluster serves.

use super::{Check, Fine, Poor, said};
use crate::cluster::kubernetes::client::ApiServer;

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
