//! What makes a workload's pods in its owner's stead. The pod is the same; what differs is what each kind asks of it.

use super::{labels, pod};
use crate::{
    cluster::{
        WorkloadSpec,
        kubernetes::{
            Settings,
            maker::{Maker, MakerKind},
            names::{CONTAINER, COURIER, owner as owner_name},
            owner::Owner,
            places::WORK,
        },
    },
    error::Result,
};
use serde_json::{Value, json};

/// Marks a job of a runtime as the one that trains.
const STEP: &str = "trainer.kubeflow.org/trainjob-ancestor-step";
/// The mode of KServe with a Deployment. It has been renamed `Standard` since; every version understands its old name.
const MODE: (&str, &str) = ("serving.kserve.io/deploymentMode", "RawDeployment");
/// Nobody scales a replica: the portal makes more of them.
const SCALING: (&str, &str) = ("serving.kserve.io/autoscalerClass", "external");
/// Nobody reaches a replica but the portal's gateway.
const HIDDEN: (&str, &str) = ("networking.kserve.io/visibility", "cluster-local");

/// The objects, in the order in which they are applied. All of them go with the owner.
///
/// # Errors
/// As for the pod.
pub fn made(spec: &WorkloadSpec, settings: &Settings, of: &Owner, maker: &Maker) -> Result<Vec<Value>> {
    let mut template = pod::template(spec, settings, &owner_name(spec), maker.kind.serves())?;
    let main = &mut template["spec"]["containers"][0];
    main["name"] = json!(maker.container());
    template["metadata"]["annotations"][CONTAINER] = json!(maker.container());
    let metadata =
        json!({ "name": maker.name, "namespace": of.namespace, "labels": labels(spec, settings), "ownerReferences": [of.reference()] });
    Ok(match maker.kind {
        MakerKind::Notebook => vec![notebook(template, metadata)],
        MakerKind::TrainJob => train_job(&template, &metadata),
        MakerKind::InferenceService => vec![inference_service(template, metadata)],
    })
}

/// Its labels and annotations become those of the pod.
fn notebook(mut template: Value, mut metadata: Value) -> Value {
    metadata["annotations"] = template["metadata"]["annotations"].take();
    let mut pod = template["spec"].take();
    // It would be set to the home of somebody whom our images do not know.
    pod["containers"][0]["workingDir"] = json!(WORK);
    // The kind was made before there were helpers that outlive the others, so the courier stands beside them.
    let helpers = pod["initContainers"].as_array_mut().map(std::mem::take).unwrap_or_default();
    let (mut beside, before): (Vec<_>, Vec<_>) = helpers.into_iter().partition(|c| c["name"] == COURIER);
    beside.iter_mut().filter_map(Value::as_object_mut).for_each(|courier| drop(courier.remove("restartPolicy")));
    pod["initContainers"] = json!(before);
    if let Some(all) = pod["containers"].as_array_mut() {
        all.append(&mut beside);
    }
    object(MakerKind::Notebook, metadata, json!({ "template": { "spec": pod } }))
}

/// A runtime of its own with the whole pod in it: what may be changed of a runtime's pod differs from version to version.
fn train_job(template: &Value, metadata: &Value) -> Vec<Value> {
    let job = json!({
        "name": "node",
        "replicas": 1,
        "template": {
            "metadata": { "labels": { STEP: "trainer" } },
            "spec": { "backoffLimit": 0, "podReplacementPolicy": "Failed", "template": template },
        },
    });
    let resource = MakerKind::TrainJob.resource();
    let runtime = json!({
        "apiVersion": resource.api_version,
        "kind": "TrainingRuntime",
        "metadata": metadata,
        "spec": { "mlPolicy": { "numNodes": 1 }, "template": { "spec": { "replicatedJobs": [job] } } },
    });
    let of_runtime = json!({ "apiGroup": resource.group, "kind": "TrainingRuntime", "name": metadata["name"] });
    vec![runtime, object(MakerKind::TrainJob, metadata.clone(), json!({ "runtimeRef": of_runtime }))]
}

/// The marks upon it become those of the pod's template, so that none may change: they stand upon the owner.
fn inference_service(mut template: Value, mut metadata: Value) -> Value {
    metadata["annotations"] = template["metadata"]["annotations"].take();
    for (name, value) in [MODE, SCALING] {
        metadata["annotations"][name] = json!(value);
    }
    metadata["labels"][HIDDEN.0] = json!(HIDDEN.1);
    let mut predictor = template["spec"].take();
    predictor["minReplicas"] = json!(1);
    predictor["maxReplicas"] = json!(1);
    // Should its template ever change, the new pod is refused and the old one goes on.
    predictor["deploymentStrategy"] = json!({ "type": "RollingUpdate", "rollingUpdate": { "maxSurge": 1, "maxUnavailable": 0 } });
    object(MakerKind::InferenceService, metadata, json!({ "predictor": predictor }))
}

fn object(kind: MakerKind, metadata: Value, spec: Value) -> Value {
    let resource = kind.resource();
    json!({ "apiVersion": resource.api_version, "kind": resource.kind, "metadata": metadata, "spec": spec })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{server, settings, spec};
    use super::*;
    use crate::cluster::{WorkloadKind, kubernetes::maker::Makers};

    fn of(spec: &WorkloadSpec) -> (Maker, Vec<Value>) {
        let maker = Makers { notebook: true, train_job: true, inference_service: true }.of(spec, "ada").unwrap();
        let objects = made(spec, &settings(), &Owner::for_tests(&spec.id), &maker).unwrap();
        (maker, objects)
    }

    fn names(containers: &Value) -> Vec<&str> {
        containers.as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect()
    }

    #[test]
    fn all_go_with_the_owner_and_lead_to_the_workload() {
        for spec in [spec(), server(), WorkloadSpec { kind: WorkloadKind::Replica, ..server() }] {
            for object in of(&spec).1 {
                assert_eq!(object["metadata"]["ownerReferences"][0]["uid"], "uid");
                assert_eq!(object["metadata"]["labels"]["slipway.dev/id"], spec.id);
            }
        }
    }

    #[test]
    fn a_notebook_has_its_courier_beside_the_workload() {
        let (maker, objects) = of(&server());
        let pod = &objects[0]["spec"]["template"]["spec"];
        assert_eq!(names(&pod["containers"]), [maker.name.as_str(), "courier"]);
        assert_eq!(names(&pod["initContainers"]), ["prepare"]);
        assert_eq!(pod["containers"][1].get("restartPolicy"), None);
        assert_eq!(objects[0]["metadata"]["annotations"]["slipway.dev/container"], maker.name);
        assert_eq!(pod["containers"][0]["ports"][0]["containerPort"], 7070);
    }

    #[test]
    fn a_train_job_has_a_runtime_of_its_own() {
        let (maker, objects) = of(&spec());
        let [runtime, job] = &objects[..] else { panic!("{objects:?}") };
        let replicated = &runtime["spec"]["template"]["spec"]["replicatedJobs"][0];
        assert_eq!(replicated["template"]["metadata"]["labels"][STEP], "trainer");
        let pod = &replicated["template"]["spec"]["template"];
        assert_eq!(names(&pod["spec"]["containers"]), ["node"]);
        assert_eq!(pod["metadata"]["labels"]["slipway.dev/id"], spec().id);
        assert_eq!(pod["metadata"]["annotations"]["slipway.dev/container"], "node");
        assert_eq!(pod["spec"]["restartPolicy"], "Never");
        assert_eq!(job["spec"]["runtimeRef"]["name"], maker.name);
        assert_eq!(job["spec"]["runtimeRef"]["kind"], "TrainingRuntime");
    }

    #[test]
    fn an_inference_service_is_a_deployment_of_one_that_nobody_scales_or_reaches() {
        let (_, objects) = of(&WorkloadSpec { kind: WorkloadKind::Replica, ..server() });
        let (metadata, predictor) = (&objects[0]["metadata"], &objects[0]["spec"]["predictor"]);
        assert_eq!(names(&predictor["containers"]), ["kserve-container"]);
        assert_eq!(names(&predictor["initContainers"]), ["prepare", "courier"]);
        assert_eq!(metadata["annotations"][MODE.0], "RawDeployment");
        assert_eq!(metadata["labels"][HIDDEN.0], "cluster-local");
        assert_eq!((predictor["minReplicas"].as_i64(), predictor["maxReplicas"].as_i64()), (Some(1), Some(1)));
    }
}
