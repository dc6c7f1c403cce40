//! What owns a workload's pod: a Job for what runs to its end, a StatefulSet of one for a server.

use super::{labels, pod};
use crate::{
    cluster::{
        WorkloadSpec,
        kubernetes::{
            Settings,
            names::{self, GRACE, LABELS, NAME, NODES, SERVICE, STARTED},
            owner::OwnerKind,
        },
    },
    error::Result,
};
use serde_json::{Value, json};

/// The owner. Without `started` it has no pod yet; with it (milliseconds since 1970) it gets one.
///
/// # Errors
/// See [`pod::template`].
pub fn owner(spec: &WorkloadSpec, settings: &Settings, namespace: &str, started: Option<i64>) -> Result<Value> {
    let (name, kind) = (names::owner(spec), OwnerKind::of(spec));
    let labels = labels(spec, settings);
    let mut annotations = json!({ NAME: spec.name, LABELS: Value::Object(labels.clone()).to_string() });
    if let Some(now) = started {
        annotations[STARTED] = json!(now.to_string());
    }
    let several = spec.nodes > 1;
    if several {
        annotations[NODES] = json!(spec.nodes.to_string());
        annotations[GRACE] = json!(spec.grace_seconds.saturating_mul(1000).to_string());
    }
    // The Secret has the same name.
    let template = pod::template(spec, settings, &name, kind == OwnerKind::StatefulSet)?;
    let spec_of_it = match kind {
        OwnerKind::Job => json!({
            "suspend": started.is_none(),
            "backoffLimit": 0,
            "completions": spec.nodes.max(1),
            "parallelism": spec.nodes.max(1),
            "completionMode": if several { "Indexed" } else { "NonIndexed" },
            // A pod that is being deleted may still run.
            "podReplacementPolicy": "Failed",
            "template": template,
        }),
        OwnerKind::StatefulSet => json!({
            "replicas": i64::from(started.is_some()),
            "serviceName": SERVICE,
            "selector": pod::selector(&spec.id),
            // A workload never changes: nothing may replace its pod.
            "updateStrategy": { "type": "OnDelete" },
            "template": template,
        }),
    };
    Ok(json!({
        "apiVersion": kind.resource().api_version,
        "kind": kind.resource().kind,
        "metadata": { "name": name, "namespace": namespace, "labels": labels, "annotations": annotations },
        "spec": spec_of_it,
    }))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{server, settings, spec};
    use super::*;

    #[test]
    fn a_run_is_a_job_that_is_tried_once() {
        let made = owner(&spec(), &settings(), "ada", None).unwrap();
        assert_eq!((made["kind"].as_str(), made["apiVersion"].as_str()), (Some("Job"), Some("batch/v1")));
        assert_eq!(made["spec"]["suspend"], true);
        assert_eq!(made["spec"]["backoffLimit"], 0);
        assert_eq!(made["metadata"]["annotations"].get(STARTED), None);
        let started = owner(&spec(), &settings(), "ada", Some(5)).unwrap();
        assert_eq!(started["spec"]["suspend"], false);
        assert_eq!(started["metadata"]["annotations"][STARTED], "5");
        assert_eq!(started["spec"]["template"], made["spec"]["template"]);
    }

    #[test]
    fn several_nodes_are_one_indexed_job() {
        let spec = WorkloadSpec { nodes: 3, ..spec() };
        let made = owner(&spec, &settings(), "ada", None).unwrap();
        let of = |name: &str| made["spec"][name].clone();
        assert_eq!(
            (of("completions"), of("parallelism"), of("completionMode"), of("backoffLimit")),
            (json!(3), json!(3), json!("Indexed"), json!(0))
        );
        assert_eq!((&made["metadata"]["annotations"][NODES], &made["metadata"]["annotations"][GRACE]), (&json!("3"), &json!("20000")));
        // Their names are those of the team's headless Service.
        assert_eq!(made["spec"]["template"]["spec"]["subdomain"], SERVICE);
    }

    #[test]
    fn a_server_is_a_set_of_one() {
        let made = owner(&server(), &settings(), "ada", None).unwrap();
        assert_eq!((made["kind"].as_str(), made["spec"]["replicas"].as_i64()), (Some("StatefulSet"), Some(0)));
        assert_eq!(owner(&server(), &settings(), "ada", Some(5)).unwrap()["spec"]["replicas"], 1);
        assert_eq!(made["spec"]["selector"]["matchLabels"]["slipway.dev/id"], made["metadata"]["labels"]["slipway.dev/id"]);
    }
}
