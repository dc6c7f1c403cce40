//! The owner of a workload whose pods something else makes: what is known stands upon it, and it makes no pods.

use super::labels;
use crate::cluster::{
    WorkloadSpec,
    kubernetes::{
        Settings,
        maker::Maker,
        names::{self, MAKER, NAME, RECORD, SERVICE, STARTED},
    },
};
use serde_json::{Value, json};

/// A StatefulSet of size 0. `started`: when the start was complete, milliseconds since 1970.
pub fn record(spec: &WorkloadSpec, settings: &Settings, namespace: &str, maker: &Maker, started: Option<i64>) -> Value {
    let mut annotations = json!({ NAME: spec.name, MAKER: maker.to_string() });
    if let Some(now) = started {
        annotations[STARTED] = json!(now.to_string());
    }
    json!({
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": { "name": names::owner(spec), "namespace": namespace, "labels": labels(spec, settings), "annotations": annotations },
        "spec": {
            "replicas": 0,
            "serviceName": SERVICE,
            "selector": { "matchLabels": { RECORD: spec.id } },
            "template": {
                "metadata": { "labels": { RECORD: spec.id } },
                "spec": {
                    "automountServiceAccountToken": false,
                    "securityContext": { "runAsNonRoot": true, "seccompProfile": { "type": "RuntimeDefault" } },
                    "containers": [{ "name": "none", "image": settings.image, "securityContext": super::pod::confined() }],
                },
            },
        },
    })
}
