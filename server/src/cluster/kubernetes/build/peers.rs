//! What lets several nodes of a workload talk to each other.

use super::{labels, pod};
use crate::cluster::{
    WorkloadSpec,
    kubernetes::{Settings, names, owner::Owner},
};
use serde_json::{Value, json};

/// Its pods reach each other, at any port, and nobody else reaches them by this. It goes with the owner.
pub fn peers(spec: &WorkloadSpec, settings: &Settings, of: &Owner) -> Value {
    let (all, metadata) = (
        pod::selector(&spec.id),
        json!({
            "name": names::owner(spec),
            "namespace": of.namespace,
            "labels": labels(spec, settings),
            "ownerReferences": [of.reference()],
        }),
    );
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata,
        "spec": {
            "podSelector": all,
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{ "from": [{ "podSelector": all }] }],
            "egress": [{ "to": [{ "podSelector": all }] }],
        },
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{settings, spec};
    use super::*;

    #[test]
    fn the_nodes_of_one_workload_and_nobody_else() {
        let made = peers(&WorkloadSpec { nodes: 2, ..spec() }, &settings(), &Owner::for_tests(&spec().id));
        let only = json!({ "podSelector": { "matchLabels": { "slipway.dev/id": spec().id } } });
        assert_eq!((&made["spec"]["ingress"], &made["spec"]["egress"]), (&json!([{ "from": [only] }]), &json!([{ "to": [only] }])));
        assert_eq!(made["spec"]["podSelector"], only["podSelector"]);
        assert_eq!(made["metadata"]["ownerReferences"][0]["uid"], "uid");
    }
}
