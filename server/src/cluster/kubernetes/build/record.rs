//! The owner of a workload whose pods something else makes: what is known stands upon it, and it makes no pods.

use super::labels;
use crate::cluster::{
    WorkloadSpec,
    kubernetes::{
        Settings,
        maker::Maker,
        names::{self, LABELS, MAKER, NAME, RECORD, SERVICE, STARTED},
    },
};
use serde_json::{Value, json};

/// A StatefulSet of size 0. `started`: when the start was complete, milliseconds since 1970.
pub fn record(spec: &WorkloadSpec, settings: &Settings, namespace: &str, maker: &Maker, started: Option<i64>) -> Value {
    let labels = labels(spec, settings);
    let mut annotations = json!({ NAME: spec.name, LABELS: Value::Object(labels.clone()).to_string(), MAKER: maker.to_string() });
    if let Some(now) = started {
        annotations[STARTED] = json!(now.to_string());
    }
    json!({
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": { "name": names::owner(spec), "namespace": namespace, "labels": labels, "annotations": annotations },
        "spec": {
            "replicas": 0,
            "serviceName": SERVICE,
            "selector": { "matchLabels": { RECORD: spec.id } },
            "template": {
                "metadata": { "labels": { RECORD: spec.id } },
                "spec": {
                    "automountServiceAccountToken": false,
                    "securityContext": { "runAsNonRoot": true, "seccompProfile": { "type": "RuntimeDefault" } },
                    // Whoever makes it larger by hand gets a pod that does nothing.
                    "containers": [{ "name": "none", "image": settings.image, "command": ["slipway", "--version"], "securityContext": super::pod::confined() }],
                },
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{settings, spec};
    use super::*;
    use crate::cluster::kubernetes::{
        maker::Makers,
        owner::{Owner, OwnerKind},
    };

    #[test]
    fn a_record_makes_no_pod_takes_nobody_elses_and_names_its_maker() {
        let maker = Makers { train_job: true, ..Makers::default() }.of(&spec(), "ada").unwrap();
        let made = record(&spec(), &settings(), "ada", &maker, Some(5));
        assert_eq!(made["spec"]["replicas"], 0);
        assert_eq!(made["spec"]["selector"]["matchLabels"], made["spec"]["template"]["metadata"]["labels"]);
        assert_eq!(made["spec"]["template"]["metadata"]["labels"].get("slipway.dev/id"), None);
        let mut raw = made;
        raw["metadata"]["uid"] = json!("u");
        let owner = Owner::read(OwnerKind::StatefulSet, &serde_json::from_value(raw).unwrap()).unwrap();
        assert_eq!((owner.serves(), owner.started, owner.maker), (false, true, Some(maker)));
    }
}
