//! Pods that are only tried: one like those of workloads, and one that shows whether an image can be pulled.

use super::{cpu, pod, team_labels};
use crate::{
    cluster::{
        Runtime, WorkloadKind, WorkloadSpec,
        kubernetes::{
            Settings,
            names::{ACCOUNT, MAIN, SERVICE},
        },
        placement::Placement,
    },
    error::Result,
    ids,
};
use app::api::resources::Resources;
use serde_json::{Value, json};

/// Upon a pod that is there to show something. It is nobody's workload.
pub const TRIAL: &str = "slipway.dev/trial";
/// So little that it fits wherever anything does.
pub const LITTLE: Resources = Resources { cpu_millis: 20, memory_bytes: 64 << 20, gpus: 0 };

/// A pod like those of workloads, to be tried in a namespace.
///
/// # Errors
/// See [`pod::template`].
pub fn trial(settings: &Settings, namespace: &str, placement: &Placement, resources: Resources) -> Result<Value> {
    let template = pod::template(&nothing(placement, resources), settings, "trial", false)?;
    Ok(json!({ "apiVersion": "v1", "kind": "Pod", "metadata": metadata(namespace, &template), "spec": template["spec"] }))
}

/// What keeps the pod of a notebook or a replica, of size 0: some things may be in a pod that may not be in one of these.
///
/// # Errors
/// See [`pod::template`].
pub fn trial_server(settings: &Settings, namespace: &str, placement: &Placement, resources: Resources) -> Result<Value> {
    let template = pod::template(&nothing(placement, resources), settings, "trial", true)?;
    Ok(json!({
        "apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata(namespace, &template),
        "spec": { "replicas": 0, "serviceName": SERVICE, "selector": pod::selector("trial"), "template": template },
    }))
}

fn metadata(namespace: &str, template: &Value) -> Value {
    json!({
        "name": "slipway-trial", "namespace": namespace,
        "labels": template["metadata"]["labels"], "annotations": template["metadata"]["annotations"],
    })
}

/// A workload that does nothing.
fn nothing(placement: &Placement, resources: Resources) -> WorkloadSpec {
    WorkloadSpec {
        id: "trial".into(),
        team: String::new(),
        kind: WorkloadKind::Run,
        owner: "trial".into(),
        name: "trial".into(),
        attempt: 1,
        runtime: Runtime::Host,
        command: Vec::new(),
        env: Default::default(),
        secrets: Default::default(),
        resources,
        nodes: 1,
        volume: None,
        volume_is_kept: false,
        files: Default::default(),
        archive: None,
        folders: Default::default(),
        placement: placement.clone(),
        server: None,
        timeout_seconds: None,
        grace_seconds: 0,
    }
}

/// A pod whose only container has this image and nothing to do: what it is told to run is in no image.
pub fn pull_trial(settings: &Settings, namespace: &str, image: &str) -> Value {
    let name = format!("slipway-trial-{}", &ids::sha256(ids::random_secret())[..8]);
    let mut labels = team_labels("", settings);
    labels[TRIAL] = json!(name);
    let amount = json!({ "cpu": cpu(LITTLE.cpu_millis), "memory": LITTLE.memory_bytes.to_string() });
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": name, "namespace": namespace, "labels": labels },
        "spec": {
            "serviceAccountName": ACCOUNT,
            "automountServiceAccountToken": false,
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 0,
            // Whatever becomes of whoever asked: it does not stay.
            "activeDeadlineSeconds": 300,
            "securityContext": pod::context(settings.user),
            "containers": [{
                "name": MAIN, "image": image, "command": ["/slipway-pull-trial"],
                "resources": { "requests": amount, "limits": amount },
                "securityContext": pod::confined(),
            }],
        },
    })
}
