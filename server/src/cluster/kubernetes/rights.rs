//! What we may do, as `deploy/kubernetes/rbac.yaml` grants it: these verbs and no others.

use super::maker::MakerKind;

/// Group, resource (with its subresource), verb.
pub type Right = (&'static str, &'static str, &'static str);

/// Group, resource, verbs.
pub type Resource = (&'static str, &'static str, &'static [&'static str]);

/// What is needed in any case.
pub const NEEDED: &[Resource] = &[
    ("", "namespaces", &["get", "list", "watch", "create", "patch"]),
    ("", "serviceaccounts", &["list", "watch", "create", "patch"]),
    ("", "services", &["list", "watch", "create", "patch"]),
    ("", "limitranges", &["list", "watch", "create", "patch"]),
    ("", "resourcequotas", &["list", "watch", "create", "patch", "delete"]),
    ("networking.k8s.io", "networkpolicies", &["list", "watch", "create", "patch"]),
    ("", "secrets", &["create", "patch"]),
    ("", "persistentvolumeclaims", &["create", "get", "delete"]),
    ("batch", "jobs", &["list", "watch", "create", "patch", "delete"]),
    ("apps", "statefulsets", &["list", "watch", "create", "patch", "delete"]),
    ("", "pods", &["list", "watch", "create", "delete"]),
    ("", "events", &["list"]),
    ("", "nodes", &["list", "watch"]),
    ("storage.k8s.io", "storageclasses", &["list"]),
];

/// For a portal without a route to pods, `deploy/kubernetes/rbac-outside.yaml`. A WebSocket is a `get`; from Kubernetes 1.35 on one to a pod is
/// a `create` as well.
pub const OUTSIDE: (&str, &str, &[&str]) = ("", "pods/portforward", &["get", "create"]);

/// For the metrics API in place of kubelets, `deploy/kubernetes/rbac-metrics.yaml`.
pub const FOR_METRICS: Right = ("metrics.k8s.io", "pods", "list");

/// For the kubelets. Without one of these two, and without a Prometheus, no use of CPU and memory is shown.
pub const FOR_USAGE: Right = ("", "nodes/proxy", "get");

/// Where kinds of Kubeflow's and KServe's make pods: by the maker's kind.
pub const FOR_MAKERS: &[(MakerKind, &[Resource])] = &[
    (MakerKind::Notebook, &[("kubeflow.org", "notebooks", &["list", "create", "patch", "delete"])]),
    (
        MakerKind::TrainJob,
        &[
            ("trainer.kubeflow.org", "trainingruntimes", &["create", "patch"]),
            ("trainer.kubeflow.org", "trainjobs", &["list", "create", "patch", "delete"]),
        ],
    ),
    (MakerKind::InferenceService, &[("serving.kserve.io", "inferenceservices", &["list", "create", "patch", "delete"])]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::Value;
    use std::collections::BTreeSet;

    type Granted = (String, String, String);

    fn granted(file: &str, role: &str) -> BTreeSet<Granted> {
        let path = std::path::Path::new(env!("SLIPWAY_ROOT")).join("deploy/kubernetes").join(file);
        let text = std::fs::read_to_string(path).unwrap();
        let words = |v: &Value| v.as_array().unwrap().iter().map(|w| w.as_str().unwrap().to_owned()).collect::<Vec<_>>();
        let mut found = BTreeSet::new();
        for part in text.split("\n---\n") {
            let object: Value = serde_saphyr::from_str(part).unwrap();
            if object["kind"] != "ClusterRole" || object["metadata"]["name"] != role {
                continue;
            }
            for rule in Vec::<Value>::deserialize(&object["rules"]).unwrap() {
                for group in words(&rule["apiGroups"]) {
                    for resource in words(&rule["resources"]) {
                        found.extend(words(&rule["verbs"]).into_iter().map(|verb| (group.clone(), resource.clone(), verb)));
                    }
                }
            }
        }
        found
    }

    #[test]
    fn the_role_grants_what_is_needed_and_nothing_else() {
        let words = |(group, resource, verb): Right| (group.to_owned(), resource.to_owned(), verb.to_owned());
        let all = |(group, resource, verbs): &(&'static str, &'static str, &'static [&'static str])| {
            verbs.iter().map(|verb| words((*group, *resource, *verb))).collect::<Vec<_>>()
        };
        assert_eq!(granted("rbac.yaml", "slipway"), NEEDED.iter().flat_map(all).collect());
        assert_eq!(granted("rbac.yaml", "slipway-usage"), [words(FOR_USAGE)].into());
        assert_eq!(granted("rbac-metrics.yaml", "slipway-metrics"), [words(FOR_METRICS)].into());
        assert_eq!(granted("rbac-outside.yaml", "slipway-outside"), all(&OUTSIDE).into_iter().collect());
        let makers = FOR_MAKERS.iter().flat_map(|(_, of)| of.iter().flat_map(all));
        assert_eq!(granted("rbac.yaml", "slipway-kubeflow"), makers.collect());
    }
}
