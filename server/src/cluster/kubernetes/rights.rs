//! What we may do, as `deploy/kubernetes/rbac.yaml` grants it: these verbs and no others.

/// Group, resource, verbs.
pub const NEEDED: &[(&str, &str, &[&str])] = &[
    ("", "namespaces", &["get", "list", "watch", "create"]),
    ("", "serviceaccounts", &["create", "patch"]),
    ("", "services", &["create", "patch"]),
    ("", "limitranges", &["create", "patch"]),
    ("", "resourcequotas", &["create", "patch", "delete"]),
    ("networking.k8s.io", "networkpolicies", &["create", "patch"]),
    ("", "secrets", &["create", "patch"]),
    ("", "persistentvolumeclaims", &["create", "get", "delete"]),
    ("batch", "jobs", &["list", "watch", "create", "patch", "delete"]),
    ("apps", "statefulsets", &["list", "watch", "create", "patch", "delete"]),
    ("", "pods", &["list", "watch", "delete"]),
    ("", "events", &["list"]),
    ("", "nodes", &["list", "watch"]),
];

/// Without it no use of CPU and memory is shown.
pub const FOR_USAGE: (&str, &str, &str) = ("", "nodes/proxy", "get");

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;
    use serde_json::Value;
    use std::collections::BTreeSet;

    type Right = (String, String, String);

    fn granted(role: &str) -> BTreeSet<Right> {
        let path = std::path::Path::new(env!("SLIPWAY_ROOT")).join("deploy/kubernetes/rbac.yaml");
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
        let needed = NEEDED.iter().flat_map(|(g, r, verbs)| verbs.iter().map(|v| ((*g).to_owned(), (*r).to_owned(), (*v).to_owned())));
        assert_eq!(granted("slipway"), needed.collect());
        let (group, resource, verb) = FOR_USAGE;
        assert_eq!(granted("slipway-usage"), [(group.to_owned(), resource.to_owned(), verb.to_owned())].into());
    }
}
