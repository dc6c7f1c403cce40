//! A team's namespace, and what is kept in it.

use super::{cpu, team_labels};
use crate::cluster::{
    TeamSpec,
    kubernetes::{
        Settings,
        names::{ACCOUNT, LABELS, MANAGED_BY, MANAGER, NAME, PORT, PORTAL, SERVICE},
        team::Place,
    },
};
use serde_json::{Map, Value, json};

/// The namespace itself.
pub fn namespace(name: &str, team: &str, settings: &Settings) -> Value {
    let mut labels = team_labels(team, settings);
    let annotations = json!({ NAME: team, LABELS: labels.to_string() });
    if let Some(labels) = labels.as_object_mut() {
        labels.extend(pod_security());
    }
    json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": name, "labels": labels, "annotations": annotations } })
}

/// Labels of a namespace: pods that are not confined are refused, and told to whoever makes them.
pub fn pod_security() -> Map<String, Value> {
    ["enforce", "warn"].map(|mode| (format!("pod-security.kubernetes.io/{mode}"), json!("restricted"))).into_iter().collect()
}

/// What is kept in it, in the order in which it is applied. Limits are put only upon a namespace that we made: in another's they would also
/// bind what was there before. `limits`: those of the team, where they are known.
pub fn objects(place: &Place, team: &str, limits: Option<&TeamSpec>, settings: &Settings) -> Vec<Value> {
    let mut all = vec![account(place, team, settings), service(place, team, settings), policy(place, team, settings)];
    if place.ours {
        all.push(defaults(place, team, settings));
        all.extend(limits.and_then(|limits| quota(place, limits, settings)));
    }
    all
}

/// Kind and name of what is to go from a namespace, because the team has no such limit any more.
pub fn stale(place: &Place, team: &TeamSpec, settings: &Settings) -> Option<(&'static str, &'static str)> {
    (place.ours && quota(place, team, settings).is_none()).then_some(("ResourceQuota", MANAGER))
}

fn metadata(place: &Place, team: &str, settings: &Settings, name: &str) -> Value {
    json!({ "name": name, "namespace": place.namespace, "labels": team_labels(team, settings) })
}

fn account(place: &Place, team: &str, settings: &Settings) -> Value {
    json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata(place, team, settings, ACCOUNT), "automountServiceAccountToken": false })
}

/// A name for each server's pod and for each node of a run, and nothing more: traffic goes to pods.
fn service(place: &Place, team: &str, settings: &Settings) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service", "metadata": metadata(place, team, settings, SERVICE),
        "spec": {
            "clusterIP": "None",
            // The nodes of a run look each other up before any of them is ready.
            "publishNotReadyAddresses": true,
            "selector": { MANAGED_BY: MANAGER, PORTAL: settings.name },
            "ports": [{ "name": "http", "port": PORT, "targetPort": PORT }],
        },
    })
}

/// Denies pods everything but the portal, names, and what the admin allows: all of them where the namespace is ours, else our own, as others' are
/// others' business.
fn policy(place: &Place, team: &str, settings: &Settings) -> Value {
    let dns = json!({ "ports": [{ "protocol": "UDP", "port": 53 }, { "protocol": "TCP", "port": 53 }] });
    let mut egress = vec![dns, settings.way_to_portal()];
    if !settings.egress.is_empty() {
        let to: Vec<Value> = settings.egress.iter().map(|cidr| json!({ "ipBlock": { "cidr": cidr } })).collect();
        egress.push(json!({ "to": to }));
    }
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": metadata(place, team, settings, MANAGER),
        "spec": {
            "podSelector": if place.ours { json!({}) } else { json!({ "matchLabels": { MANAGED_BY: MANAGER } }) },
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{ "from": settings.portal_peers(), "ports": [{ "protocol": "TCP", "port": PORT }] }],
            "egress": egress,
        },
    })
}

/// For pods that people make by hand and say nothing about: without this a quota refuses them.
fn defaults(place: &Place, team: &str, settings: &Settings) -> Value {
    json!({
        "apiVersion": "v1", "kind": "LimitRange", "metadata": metadata(place, team, settings, MANAGER),
        "spec": { "limits": [{
            "type": "Container",
            "defaultRequest": { "cpu": "100m", "memory": "128Mi" },
            "default": { "cpu": "1", "memory": "512Mi" },
        }] },
    })
}

fn quota(place: &Place, team: &TeamSpec, settings: &Settings) -> Option<Value> {
    let mut hard = json!({});
    if let Some(millis) = team.cpu_millis {
        hard["requests.cpu"] = json!(cpu(millis));
    }
    if let Some(bytes) = team.memory_bytes {
        hard["requests.memory"] = json!(bytes.to_string());
    }
    if let Some(gpus) = team.gpus {
        hard[format!("requests.{}", settings.gpu)] = json!(gpus.to_string());
    }
    let limits_something = hard.as_object().is_some_and(|h| !h.is_empty());
    limits_something.then(|| json!({ "apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata(place, &team.name, settings, MANAGER), "spec": { "hard": hard } }))
}

#[cfg(test)]
mod tests {
    use super::super::tests::settings;
    use super::*;

    fn team() -> TeamSpec {
        TeamSpec { name: "ada".into(), display_name: "Ada".into(), cpu_millis: Some(4000), memory_bytes: None, gpus: Some(1) }
    }

    fn kinds(all: &[Value]) -> Vec<&str> {
        all.iter().map(|o| o["kind"].as_str().unwrap()).collect()
    }

    #[test]
    fn a_team_gets_its_quota_and_a_closed_door() {
        let place = Place { namespace: "ada".into(), uid: "u".into(), ours: true, confined: true };
        let all = objects(&place, "ada", Some(&team()), &settings());
        assert_eq!(kinds(&all), ["ServiceAccount", "Service", "NetworkPolicy", "LimitRange", "ResourceQuota"]);
        assert_eq!(all[4]["spec"]["hard"], json!({ "requests.cpu": "4000m", "requests.nvidia.com/gpu": "1" }));
        assert_eq!(kinds(&objects(&place, "ada", None, &settings())).len(), 4, "limits that nobody told stay as they are");
        assert_eq!(all[0]["automountServiceAccountToken"], false);
        let policy = &all[2]["spec"];
        assert_eq!((&policy["policyTypes"], &policy["podSelector"]), (&json!(["Ingress", "Egress"]), &json!({})));
        assert_eq!(policy["ingress"][0]["from"][0]["ipBlock"]["cidr"], "10.0.0.1/32");
        assert_eq!(policy["egress"][1]["ports"][0]["port"], 8080);
        assert_eq!(policy["egress"][2]["to"][0]["ipBlock"]["cidr"], "10.1.0.0/16");
    }

    #[test]
    fn another_namespace_gets_no_limits() {
        let place = Place { namespace: "theirs".into(), uid: "u".into(), ours: false, confined: false };
        assert_eq!(kinds(&objects(&place, "ada", Some(&team()), &settings())), ["ServiceAccount", "Service", "NetworkPolicy"]);
        let policy = objects(&place, "ada", None, &settings()).remove(2);
        assert_eq!(policy["spec"]["podSelector"]["matchLabels"][MANAGED_BY], "slipway", "others' pods there are left alone");
        assert_eq!(stale(&place, &team(), &settings()), None);
    }

    #[test]
    fn a_quota_that_is_lifted_goes() {
        let place = Place { namespace: "ada".into(), uid: "u".into(), ours: true, confined: true };
        let free = TeamSpec { cpu_millis: None, gpus: None, ..team() };
        assert_eq!(stale(&place, &free, &settings()), Some(("ResourceQuota", "slipway")));
        assert_eq!(stale(&place, &team(), &settings()), None);
    }

    #[test]
    fn a_namespace_is_confined() {
        let made = namespace("ada", "ada", &settings());
        assert_eq!(made["metadata"]["labels"]["pod-security.kubernetes.io/enforce"], "restricted");
        assert_eq!(made["metadata"]["labels"]["slipway.dev/team"], "ada");
    }
}
