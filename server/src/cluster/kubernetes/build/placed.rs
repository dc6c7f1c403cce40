//! A placement upon the template of a pod.
//!
//! A patch is merged as objects are (RFC 7386: what is given replaces, `null` removes), and lists of things with names are merged by these, as
//! `kubectl patch` does. Whatever is in it: it may add, and nothing that we put there may be changed by it, so that a workload starts, ends and is
//! confined as ever.

use crate::{
    cluster::placement::Placement,
    error::{Error, Result},
};
use serde_json::{Map, Value, json};

const FIELD: &str = "patch";
/// What a patch may not bring into a pod's spec: other containers, and ways out of its confinement.
const NOT_IN_SPEC: [&str; 9] = [
    "initContainers",
    "ephemeralContainers",
    "hostNetwork",
    "hostPID",
    "hostIPC",
    "hostUsers",
    "shareProcessNamespace",
    "securityContext",
    "nodeName",
];
/// What it may say of the workload's container.
const IN_CONTAINER: [&str; 6] = ["name", "env", "envFrom", "resources", "volumeMounts", "volumeDevices"];
/// What our labels and annotations begin with.
const OURS: [&str; 2] = ["slipway.dev/", "app.kubernetes.io/"];

/// By what the elements of a list are told apart.
fn key_of(list: &str) -> Option<&'static str> {
    match list {
        "containers" | "initContainers" | "volumes" | "env" | "imagePullSecrets" => Some("name"),
        "volumeMounts" => Some("mountPath"),
        "volumeDevices" => Some("devicePath"),
        "ports" => Some("containerPort"),
        "hostAliases" => Some("ip"),
        _ => None,
    }
}

/// Puts a placement upon the template of a pod.
///
/// # Errors
/// A patch touches what it may not: which field, in a sentence.
pub fn place(template: &mut Value, placement: &Placement, main: &str) -> Result<()> {
    let spec = &mut template["spec"];
    if !placement.node_selector.is_empty() {
        spec["nodeSelector"] = json!(placement.node_selector);
    }
    if !placement.tolerations.is_empty() {
        spec["tolerations"] = json!(placement.tolerations);
    }
    // What an earlier patch has added, a later one may change.
    let ours = template.clone();
    for patch in &placement.patches {
        allowed(patch, main)?;
        own_volumes_stay(&ours, patch)?;
        merge(template, patch, "");
        if let Some(path) = lost(&ours, template, "", "") {
            return Err(Error::invalid(
                FIELD,
                format!("A patch may add to a pod and not change what Slipway sets: {path} would be another."),
            ));
        }
    }
    Ok(())
}

/// Volumes of ours are mounted where we say: one of them holds what only the courier may read.
fn own_volumes_stay(template: &Value, patch: &Value) -> Result<()> {
    let names = |of: &Value| of.as_array().into_iter().flatten().filter_map(|v| v["name"].as_str().map(str::to_owned)).collect::<Vec<_>>();
    let ours = names(&template["spec"]["volumes"]);
    let containers = patch["spec"]["containers"].as_array();
    let mut mounted = containers.into_iter().flatten().flat_map(|c| names(&c["volumeMounts"]));
    match mounted.find(|name| ours.contains(name)) {
        Some(name) => Err(Error::invalid(FIELD, format!("The volume {name} is Slipway's own: bring another, and mount that."))),
        None => Ok(()),
    }
}

/// Whether it keeps to what a patch may speak of.
fn allowed(patch: &Value, main: &str) -> Result<()> {
    let refused = |words: String| Err(Error::invalid(FIELD, words));
    let Some(patch) = patch.as_object() else { return refused("A patch is an object.".into()) };
    if let Some(other) = patch.keys().find(|k| !matches!(k.as_str(), "metadata" | "spec")) {
        return refused(format!("A patch is laid over the template of a pod, which has metadata and spec, and no {other}."));
    }
    for (name, values) in patch.get("metadata").and_then(Value::as_object).into_iter().flatten() {
        if !matches!(name.as_str(), "labels" | "annotations") {
            return refused(format!("A patch may set labels and annotations, and no metadata.{name}."));
        }
        if let Some(ours) = values.as_object().into_iter().flat_map(Map::keys).find(|k| OURS.iter().any(|o| k.starts_with(o))) {
            return refused(format!("{ours} is Slipway's own."));
        }
    }
    let Some(spec) = patch.get("spec").and_then(Value::as_object) else { return Ok(()) };
    if let Some(name) = NOT_IN_SPEC.iter().find(|n| spec.contains_key(**n)) {
        return refused(format!("A patch may not set spec.{name}: workloads are confined, and Slipway's containers are its own."));
    }
    for volume in spec.get("volumes").and_then(Value::as_array).into_iter().flatten() {
        if volume.get("hostPath").is_some() {
            return refused("A patch may not bring a hostPath, which is a way out of the pod.".into());
        }
    }
    for container in spec.get("containers").and_then(Value::as_array).into_iter().flatten() {
        if container["name"] != main {
            return refused(format!("A pod has one container that a patch may speak of: {main}. Others would keep it from ending."));
        }
        let keys = container.as_object().into_iter().flat_map(Map::keys);
        if let Some(other) = keys.into_iter().find(|k| !IN_CONTAINER.contains(&k.as_str())) {
            return refused(format!("Of the container {main} a patch may set {}, and no {other}.", IN_CONTAINER[1..].join(", ")));
        }
    }
    Ok(())
}

fn merge(into: &mut Value, patch: &Value, name: &str) {
    match (into, patch) {
        (Value::Object(into), Value::Object(patch)) => {
            for (key, value) in patch {
                if value.is_null() {
                    into.remove(key);
                } else if let Some(old) = into.get_mut(key) {
                    merge(old, value, key);
                } else {
                    into.insert(key.clone(), value.clone());
                }
            }
        }
        (Value::Array(into), Value::Array(patch)) if key_of(name).is_some() => {
            let by = key_of(name).unwrap_or_default();
            for value in patch {
                match into.iter_mut().find(|old| !value[by].is_null() && old[by] == value[by]) {
                    Some(old) => merge(old, value, ""),
                    None => into.push(value.clone()),
                }
            }
        }
        // Those of the size and those of the environment count both.
        (Value::Array(into), Value::Array(patch)) if name == "tolerations" => into.extend(patch.iter().cloned()),
        (into, patch) => *into = patch.clone(),
    }
}

/// What of `before` is not in `after` as it was: its path.
fn lost(before: &Value, after: &Value, path: &str, name: &str) -> Option<String> {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => before.iter().find_map(|(key, value)| {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            match after.get(key) {
                Some(now) => lost(value, now, &path, key),
                None => Some(path),
            }
        }),
        (Value::Array(before), Value::Array(after)) if key_of(name).is_some() => {
            let by = key_of(name).unwrap_or_default();
            before.iter().find_map(|value| {
                let path = format!("{path}[{}]", value[by].as_str().map_or_else(|| value[by].to_string(), str::to_owned));
                match after.iter().find(|now| now[by] == value[by]) {
                    Some(now) => lost(value, now, &path, ""),
                    None => Some(path),
                }
            })
        }
        (Value::Array(before), Value::Array(after)) if name == "tolerations" => {
            before.iter().any(|one| !after.contains(one)).then(|| path.to_owned())
        }
        (before, after) => (before != after).then(|| path.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template() -> Value {
        json!({
            "metadata": { "labels": { "slipway.dev/id": "x" } },
            "spec": {
                "serviceAccountName": "slipway-workload",
                "securityContext": { "runAsNonRoot": true },
                "containers": [{
                    "name": "workload", "image": "i", "command": ["/slipway/bin/slipway"], "env": [{ "name": "A", "value": "1" }],
                    "resources": { "limits": { "cpu": "1" } }, "volumeMounts": [{ "name": "work", "mountPath": "/work" }],
                }],
                "volumes": [{ "name": "work", "emptyDir": {} }],
            },
        })
    }

    fn placed(tolerations: &str, selector: &str, patch: &str) -> Result<Value> {
        let mut template = template();
        place(&mut template, &Placement::parse(tolerations, selector, patch).unwrap(), "workload")?;
        Ok(template)
    }

    #[test]
    fn a_patch_adds() {
        let patch = "
metadata: {labels: {cost-centre: '7'}, annotations: {a: b}}
spec:
  priorityClassName: high
  tolerations: [{key: spot, operator: Exists}]
  runtimeClassName: nvidia
  volumes: [{name: scratch, emptyDir: {}}]
  containers:
    - name: workload
      env: [{name: NCCL_DEBUG, value: INFO}]
      resources: {limits: {example.com/fpga: '1'}}
      volumeMounts: [{name: scratch, mountPath: /scratch}]
";
        let made = placed("[{key: gpu, operator: Exists}]", "{gpu: a100}", patch).unwrap();
        let (spec, main) = (&made["spec"], &made["spec"]["containers"][0]);
        assert_eq!((spec["volumes"].as_array().unwrap().len(), spec["tolerations"].as_array().unwrap().len()), (2, 2));
        assert_eq!((&spec["nodeSelector"]["gpu"], &spec["priorityClassName"]), (&json!("a100"), &json!("high")));
        assert_eq!((main["env"].as_array().unwrap().len(), main["volumeMounts"].as_array().unwrap().len()), (2, 2));
        assert_eq!(main["resources"]["limits"], json!({ "cpu": "1", "example.com/fpga": "1" }));
        assert_eq!(made["metadata"]["labels"], json!({ "slipway.dev/id": "x", "cost-centre": "7" }));
        assert_eq!(placed("", "", "").unwrap(), template());
        // That of the environment goes over that of the size.
        let of = |patch: &str| Placement::parse("", "", patch).unwrap();
        let size = of("{spec: {priorityClassName: low, volumes: [{name: more, emptyDir: {}}]}}");
        let over = of("{spec: {priorityClassName: high, containers: [{name: workload, volumeMounts: [{name: more, mountPath: /more}]}]}}");
        let mut both = template();
        place(&mut both, &size.and(over), "workload").unwrap();
        assert_eq!(both["spec"]["priorityClassName"], "high");
    }

    #[test]
    fn what_slipway_sets_stays() {
        for (patch, part) in [
            ("{spec: {serviceAccountName: other}}", "spec.serviceAccountName would be another"),
            ("{spec: {serviceAccountName: null}}", "spec.serviceAccountName would be another"),
            ("{spec: {volumes: null}}", "spec.volumes would be another"),
            ("{spec: {volumes: [{name: work, emptyDir: {medium: Memory}, secret: {}}, {name: x, hostPath: {path: /}}]}}", "hostPath"),
            ("{spec: {containers: [{name: workload, resources: {limits: {cpu: '8'}}}]}}", "spec.containers[workload].resources.limits.cpu"),
            ("{spec: {containers: [{name: workload, env: [{name: A, value: '2'}]}]}}", "env[A].value would be another"),
            ("{spec: {containers: [{name: workload, volumeMounts: [{name: home, mountPath: /work}]}]}}", "volumeMounts[/work].name"),
            ("{spec: {containers: [{name: workload, volumeMounts: [{name: work, mountPath: /more}]}]}}", "volume work is Slipway's own"),
            ("{spec: {shareProcessNamespace: true}}", "spec.shareProcessNamespace"),
            ("{spec: {containers: [{name: workload, image: x}]}}", "no image"),
            ("{spec: {containers: [{name: workload, command: [sh]}]}}", "no command"),
            ("{spec: {containers: [{name: workload, args: [sh]}]}}", "no args"),
            ("{spec: {containers: [{name: workload, securityContext: {privileged: true}}]}}", "no securityContext"),
            ("{spec: {containers: [{name: more, image: x}]}}", "one container"),
            ("{spec: {containers: null}}", "spec.containers would be another"),
            ("{spec: {initContainers: []}}", "spec.initContainers"),
            ("{spec: {securityContext: {runAsNonRoot: false}}}", "spec.securityContext"),
            ("{spec: {hostNetwork: true}}", "spec.hostNetwork"),
            ("{metadata: {labels: {slipway.dev/id: y}}}", "slipway.dev/id is Slipway's own"),
            ("{metadata: {name: y}}", "no metadata.name"),
            ("{metadata: null, spec: null}", "metadata would be another"),
            ("{kind: Pod}", "no kind"),
        ] {
            let refused = placed("", "", patch).unwrap_err();
            assert!(refused.public.contains(part) && refused.field.as_deref() == Some("patch"), "{patch}: {}", refused.public);
        }
    }
}
