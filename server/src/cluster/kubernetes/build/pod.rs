//! The pod of a workload.
//!
//! Two helpers stand beside the workload's container: `prepare`, which ends before it begins, and `courier`, which outlives it. The requests of
//! the courier are taken from the workload's, so that both together ask for exactly what the queue has granted.

use super::{cpu, labels, placed};
use crate::{
    cluster::{
        Runtime, WorkloadSpec,
        kubernetes::{
            Settings,
            names::{ACCOUNT, COURIER, ID, IMAGE, MAIN, NAME, PORT, PREPARE, SERVICE, volume},
            places::{BIN, FOLDERS, HANDOVER, HANDOVER_FILE, HOME, ORDERS, ORDERS_FILE, RUN, TMP, WORK, program},
        },
    },
    error::{Error, Result},
};
use serde_json::{Value, json};

const COURIER_CPU: i64 = 10;
const COURIER_MEMORY: i64 = 24 << 20;
/// Seconds that a pod may go on beyond the workload's own grace: a portal that restarts meanwhile gets all of the log and the end.
pub const COURIER_GRACE: u64 = 600;

/// Where the folders lie in a pod: name, path, whether the workload's container may write.
const FOLDERS_OF_ALL: [(&str, &str, bool); 4] = [("run", RUN, true), ("home", HOME, true), ("work", WORK, true), ("tmp", TMP, true)];

/// The template of the pod of `spec`. `secret` holds the handover.
///
/// # Errors
/// There is no image to run it in, its volume has no name that can be used, or a patch of its placement touches what it may not.
pub fn template(spec: &WorkloadSpec, settings: &Settings, secret: &str, restarts: bool) -> Result<Value> {
    let mut template = json!({
        "metadata": {
            "labels": labels(spec, settings),
            "annotations": { NAME: spec.name, IMAGE: image(spec, settings)?, "cluster-autoscaler.kubernetes.io/safe-to-evict": "false" },
        },
        "spec": {
            "serviceAccountName": ACCOUNT,
            "automountServiceAccountToken": false,
            "enableServiceLinks": false,
            "restartPolicy": if restarts { "Always" } else { "Never" },
            "terminationGracePeriodSeconds": spec.grace_seconds.saturating_add(COURIER_GRACE),
            "securityContext": context(settings.user),
            "initContainers": [prepare(settings), courier(settings)],
            "containers": [main(spec, settings)?],
            "volumes": volumes(spec, secret)?,
        },
    });
    if spec.nodes > 1 {
        // With the host name that the Job gives it, a name in DNS.
        template["spec"]["subdomain"] = json!(SERVICE);
    }
    placed::place(&mut template, &spec.placement, MAIN)?;
    Ok(template)
}

/// The image that a workload runs in.
fn image<'a>(spec: &'a WorkloadSpec, settings: &'a Settings) -> Result<&'a str> {
    if spec.runtime == Runtime::Host {
        return Ok(&settings.image);
    }
    spec.runtime.image().ok_or_else(|| {
        Error::invalid("image", "Its environment has no container image, and this cluster runs nothing else.")
            .hint("Give the environment an image.")
    })
}

fn main(spec: &WorkloadSpec, settings: &Settings) -> Result<Value> {
    let r = spec.resources;
    let mut requests =
        json!({ "cpu": cpu(r.cpu_millis - COURIER_CPU), "memory": (r.memory_bytes - COURIER_MEMORY).max(1 << 20).to_string() });
    let mut limits = json!({ "cpu": cpu(r.cpu_millis), "memory": r.memory_bytes.to_string() });
    let mut env = Vec::new();
    if r.gpus > 0 {
        requests[&settings.gpu] = json!(r.gpus.to_string());
        limits[&settings.gpu] = json!(r.gpus.to_string());
    } else {
        // Images for GPUs ask for all there are, and get them on nodes whose runtime hands them out unasked.
        env.push(json!({ "name": "NVIDIA_VISIBLE_DEVICES", "value": "void" }));
    }
    let mut mounts: Vec<Value> =
        FOLDERS_OF_ALL.iter().map(|(name, path, write)| json!({ "name": name, "mountPath": path, "readOnly": !write })).collect();
    mounts.push(json!({ "name": "bin", "mountPath": BIN, "readOnly": true }));
    mounts.push(json!({ "name": "folders", "mountPath": FOLDERS, "readOnly": true }));
    mounts.push(json!({ "name": "handover", "mountPath": HANDOVER, "readOnly": true }));
    mounts.push(json!({ "name": "shm", "mountPath": "/dev/shm" }));
    let command: Vec<String> = program().into_iter().chain(["shim".into(), "pod".into()]).collect();
    let mut container = json!({
        "name": MAIN,
        "image": image(spec, settings)?,
        "command": command,
        "env": env,
        "resources": { "requests": requests, "limits": limits },
        "securityContext": confined(),
        "volumeMounts": mounts,
    });
    if let Some(server) = &spec.server {
        container["ports"] = json!([{ "name": "http", "containerPort": PORT }]);
        // The supervisor opens the port once the server answers, and ends what takes too long: the kubelet only looks.
        container["startupProbe"] = json!({
            "tcpSocket": { "port": PORT }, "periodSeconds": 1, "timeoutSeconds": 1,
            "failureThreshold": server.start_seconds.saturating_add(120),
        });
    }
    Ok(container)
}

fn prepare(settings: &Settings) -> Value {
    helper(settings, PREPARE, "pod-prepare", json!({ "cpu": cpu(COURIER_CPU), "memory": COURIER_MEMORY.to_string() }), 256 << 20)
}

fn courier(settings: &Settings) -> Value {
    let requests = json!({ "cpu": cpu(COURIER_CPU), "memory": COURIER_MEMORY.to_string() });
    let mut container = helper(settings, COURIER, "pod-courier", requests, 128 << 20);
    container["restartPolicy"] = json!("Always");
    container
}

fn helper(settings: &Settings, name: &str, word: &str, requests: Value, memory: i64) -> Value {
    let writes = name == PREPARE;
    let mut mounts = vec![json!({ "name": "run", "mountPath": RUN }), json!({ "name": "orders", "mountPath": ORDERS, "readOnly": true })];
    if writes {
        mounts.push(json!({ "name": "bin", "mountPath": BIN }));
        mounts.push(json!({ "name": "folders", "mountPath": FOLDERS }));
    }
    json!({
        "name": name,
        "image": settings.image,
        "command": ["slipway", "shim", word],
        "env": [
            { "name": POD_UID, "valueFrom": { "fieldRef": { "fieldPath": "metadata.uid" } } },
            { "name": NODE_NAME, "valueFrom": { "fieldRef": { "fieldPath": "spec.nodeName" } } },
        ],
        "resources": { "requests": requests, "limits": { "cpu": "1", "memory": memory.to_string() } },
        "securityContext": confined(),
        "volumeMounts": mounts,
    })
}

/// What Pod Security `restricted` asks of the pod, and who it is.
pub fn context(user: i64) -> Value {
    json!({
        "runAsNonRoot": true, "runAsUser": user, "runAsGroup": user, "fsGroup": user,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": { "type": "RuntimeDefault" },
    })
}

/// What Pod Security `restricted` asks of each container.
pub fn confined() -> Value {
    json!({ "allowPrivilegeEscalation": false, "capabilities": { "drop": ["ALL"] } })
}

fn volumes(spec: &WorkloadSpec, secret: &str) -> Result<Vec<Value>> {
    let empty = |name: &str| json!({ "name": name, "emptyDir": {} });
    let part = |name: &str, file: &str| json!({ "name": name, "secret": { "secretName": secret, "defaultMode": 0o440, "items": [{ "key": file, "path": file }] } });
    let work = match &spec.volume {
        Some(name) => {
            let (team, claim) = volume(name)?;
            if team != spec.team {
                return Err(Error::invalid("volume", format!("The volume \"{name}\" belongs to another team.")));
            }
            json!({ "name": "work", "persistentVolumeClaim": { "claimName": claim } })
        }
        None => empty("work"),
    };
    Ok(vec![
        empty("bin"),
        empty("run"),
        empty("home"),
        empty("folders"),
        empty("tmp"),
        json!({ "name": "shm", "emptyDir": { "medium": "Memory" } }),
        work,
        part("handover", HANDOVER_FILE),
        part("orders", ORDERS_FILE),
    ])
}

/// Variable with the pod's uid.
pub const POD_UID: &str = "POD_UID";
/// Variable with the number of a pod of an indexed Job, which the Job itself sets.
pub const RANK: &str = "JOB_COMPLETION_INDEX";
/// Variable with the name of the pod's node.
pub const NODE_NAME: &str = "NODE_NAME";

/// Selects the pods of a workload.
pub fn selector(id: &str) -> Value {
    json!({ "matchLabels": { ID: id } })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{server, settings, spec};
    use super::*;

    fn container(template: &Value) -> &Value {
        &template["spec"]["containers"][0]
    }

    #[test]
    fn a_pod_asks_for_what_was_granted_and_no_more() {
        let template = template(&spec(), &settings(), "s", false).unwrap();
        let main = &container(&template)["resources"];
        let courier = &template["spec"]["initContainers"][1]["resources"];
        assert_eq!((main["requests"]["cpu"].as_str(), courier["requests"]["cpu"].as_str()), (Some("1490m"), Some("10m")));
        let bytes = |v: &Value| v["requests"]["memory"].as_str().unwrap().parse::<i64>().unwrap();
        assert_eq!(bytes(main) + bytes(courier), 1 << 30);
        assert_eq!((main["limits"]["cpu"].as_str(), main["limits"]["memory"].as_str()), (Some("1500m"), Some("1073741824")));
        assert_eq!(main["limits"].get("nvidia.com/gpu"), None);
        assert_eq!(container(&template)["env"][0]["value"], "void");
    }

    #[test]
    fn a_pod_is_confined() {
        let template = template(&server(), &settings(), "s", true).unwrap();
        let pod = &template["spec"];
        assert_eq!(pod["automountServiceAccountToken"], false);
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
        let all = pod["initContainers"].as_array().unwrap().iter().chain(pod["containers"].as_array().unwrap());
        for one in all {
            assert_eq!(one["securityContext"]["allowPrivilegeEscalation"], false);
            assert_eq!(one["securityContext"]["capabilities"]["drop"][0], "ALL");
        }
    }

    #[test]
    fn the_workload_does_not_see_the_couriers_orders() {
        let template = template(&spec(), &settings(), "s", false).unwrap();
        let mounts = container(&template)["volumeMounts"].as_array().unwrap();
        assert!(mounts.iter().all(|m| m["name"] != "orders"));
        assert!(!template.to_string().contains("geheim"), "a secret stands in the pod");
        let handover = template["spec"]["volumes"].as_array().unwrap().iter().find(|v| v["name"] == "handover").unwrap();
        assert_eq!(handover["secret"]["items"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn a_server_has_a_port_a_probe_a_volume_and_its_gpus() {
        let template = template(&server(), &settings(), "s", true).unwrap();
        let main = container(&template);
        assert_eq!(main["startupProbe"]["failureThreshold"], 300);
        assert_eq!(main["resources"]["limits"]["nvidia.com/gpu"], "2");
        assert_eq!(main["env"], json!([]));
        let work = template["spec"]["volumes"].as_array().unwrap().iter().find(|v| v["name"] == "work").unwrap();
        assert_eq!(work["persistentVolumeClaim"]["claimName"], "volume-lab");
        assert_eq!(template["spec"]["terminationGracePeriodSeconds"], 620);
        assert_eq!(template["spec"]["restartPolicy"], "Always");
    }

    #[test]
    fn what_cannot_be_is_told() {
        let no_image = WorkloadSpec { runtime: Runtime::Environment { digest: "d".into(), image: None }, ..spec() };
        assert!(template(&no_image, &settings(), "s", false).unwrap_err().public.contains("image"));
        let foreign = WorkloadSpec { volume: Some("eve/lab".into()), ..spec() };
        assert!(template(&foreign, &settings(), "s", false).is_err());
    }
}
