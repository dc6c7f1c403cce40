//! What somebody changes by hand of what a workload runs by: it is put back and said, and the workload goes on.

use crate::{
    kubernetes::Kubernetes,
    world::{Does, World, ended, observed, plain, running, until},
};
use server::cluster::{Cluster, Phase, TeamSpec, WorkloadSpec};
use std::time::Duration;

const GRACE: Duration = Duration::from_secs(30);

/// Its labels and annotations that are ours, but for what tells of putting back.
fn marks(world: &Kubernetes, owner: &str) -> serde_json::Value {
    let object: serde_json::Value = serde_json::from_str(&world.kubectl(&["get", owner, "-o", "json"])).unwrap();
    let meta = &object["metadata"];
    let mut notes = meta["annotations"].as_object().unwrap().clone();
    notes.retain(|name, _| name.starts_with("slipway.dev/") && !["slipway.dev/put-back", "slipway.dev/started"].contains(&name.as_str()));
    serde_json::json!([meta["labels"], notes])
}

async fn clues(world: &Kubernetes, id: &str) -> String {
    world.kube().clues(id).await.unwrap().iter().map(|c| format!("{}\n", c.text)).collect()
}

async fn runs(world: &Kubernetes, id: &str) {
    let phase = observed(world.kube(), id).await.map(|o| o.phase);
    assert!(matches!(phase, Some(Phase::Running { .. })), "{phase:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn labels_and_annotations_of_a_stateful_set_are_put_back() {
    put_back("sts", Does::Serves).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn labels_and_annotations_of_a_job_are_put_back() {
    put_back("job", Does::Runs).await;
}

async fn put_back(kind: &str, does: Does) {
    let Some(mut world) = Kubernetes::new().await else { return };
    let spec = world.spec(does);
    world.kube().ensure(&spec).await.unwrap();
    running(world.kube(), &spec.id).await;
    let owner = world.kubectl(&["get", kind, "-o", "name"]).trim().to_owned();
    let before = marks(&world, &owner);
    let changes: [&[&str]; 5] = [
        &["label", "--overwrite", "app.kubernetes.io/managed-by=hand"],
        &["label", "--overwrite", "slipway.dev/id=another", "slipway.dev/kind-"],
        &["label", "slipway.dev/id-", "slipway.dev/portal-", "app.kubernetes.io/managed-by-"],
        &["annotate", "slipway.dev/started-", "slipway.dev/node-"],
        &["annotate", "--overwrite", "slipway.dev/pod=another"],
    ];
    for change in changes {
        world.kubectl(&[&change[..1], &[owner.as_str()], &change[1..]].concat());
        until("that it is put back", async || {
            runs(&world, &spec.id).await;
            (marks(&world, &owner) == before).then_some(())
        })
        .await;
        let said = clues(&world, &spec.id).await;
        let what = if change[0] == "label" { "The labels of its" } else { "The annotations of its" };
        assert!(said.contains(what) && said.contains("were changed from outside. They were put back."), "{said}");
    }
    // While nobody looks.
    world.close().await;
    world.kubectl(&["label", &owner, "--overwrite", "slipway.dev/id=another", "slipway.dev/portal=theirs"]);
    world.reopen().await;
    runs(&world, &spec.id).await;
    assert_eq!(marks(&world, &owner), before);
    world.kube().stop(&spec.id, GRACE).await.unwrap();
    assert!(ended(world.kube(), &spec.id).await.stopped);
    world.kube().forget(&spec.id).await.unwrap();
    until("it to go", async || world.kubectl(&["get", kind, "-o", "name"]).is_empty().then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_that_somebody_deletes_are_told_before_and_after() {
    let Some(world) = Kubernetes::new().await else { return };
    let spec = WorkloadSpec { volume: Some("ada/lab".into()), ..world.spec(Does::Serves) };
    world.kube().ensure(&spec).await.unwrap();
    running(world.kube(), &spec.id).await;
    world.kubectl(&["delete", "pvc", "volume-lab", "--wait=false"]);
    let said = clues(&world, &spec.id).await;
    assert!(said.contains("volume-lab was deleted from outside: its files are lost once this ends."), "{said}");
    world.kube().stop(&spec.id, GRACE).await.unwrap();
    ended(world.kube(), &spec.id).await;
    world.kube().forget(&spec.id).await.unwrap();
    until("the claim to go", async || world.kubectl(&["get", "pvc", "-o", "name"]).is_empty().then_some(())).await;
    let again = WorkloadSpec { id: plain().id, volume_is_kept: true, ..spec };
    world.kube().ensure(&again).await.unwrap();
    let team = TeamSpec { name: "ada".into(), display_name: "Ada".into(), cpu_millis: None, memory_bytes: None, gpus: None };
    let told = world.kube().keep_teams(&[team]).await.put_back;
    assert!(told.iter().any(|p| p.what.contains("are lost: its PersistentVolumeClaim was not there any more.")), "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_of_what_runs_a_workload_is_nobodys() {
    let Some(world) = Kubernetes::new().await else { return };
    let spec = world.spec(Does::Serves);
    world.kube().ensure(&spec).await.unwrap();
    running(world.kube(), &spec.id).await;
    let set = world.kubectl(&["get", "sts", "-o", "name"]).trim().to_owned();
    let mut copy: serde_json::Value = serde_json::from_str(&world.kubectl(&["get", &set, "-o", "json"])).unwrap();
    copy["metadata"]["name"] = "a-copy".into();
    for theirs in ["uid", "resourceVersion", "creationTimestamp", "generation", "managedFields"] {
        copy["metadata"].as_object_mut().unwrap().remove(theirs);
    }
    world.apply(&copy);
    until("its pod", async || world.kubectl(&["get", "pods", "-o", "name"]).contains("pod/a-copy-0").then_some(())).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    runs(&world, &spec.id).await;
    assert!(!clues(&world, &spec.id).await.contains("a-copy"));
    world.kube().stop(&spec.id, GRACE).await.unwrap();
    assert!(ended(world.kube(), &spec.id).await.stopped);
    world.kube().forget(&spec.id).await.unwrap();
    until("ours to go", async || (!world.kubectl(&["get", "sts", "-o", "name"]).contains(&set)).then_some(())).await;
    assert!(world.kubectl(&["get", "sts", "-o", "name"]).contains("a-copy"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_is_suspended_ends_and_says_so() {
    let Some(world) = Kubernetes::new().await else { return };
    let spec = world.spec(Does::Runs);
    world.kube().ensure(&spec).await.unwrap();
    running(world.kube(), &spec.id).await;
    let job = world.kubectl(&["get", "jobs", "-o", "name"]).trim().to_owned();
    world.kubectl(&["patch", &job, "--type=merge", "-p", "{\"spec\":{\"suspend\":true}}"]);
    let exit = ended(world.kube(), &spec.id).await;
    assert_eq!(exit.reason.as_deref(), Some("Its Job was suspended from outside, which ends its pod."));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_kept_in_a_namespace_is_put_back() {
    let Some(world) = Kubernetes::new().await else { return };
    let team = TeamSpec { name: "ada".into(), display_name: "Ada".into(), cpu_millis: Some(4000), memory_bytes: None, gpus: None };
    let keep = async || world.kube().keep_teams(std::slice::from_ref(&team)).await.put_back;
    keep().await;
    const KEPT: [&str; 5] =
        ["serviceaccount/slipway-workload", "service/slipway", "networkpolicy/slipway", "limitrange/slipway", "resourcequota/slipway"];
    let labels = || KEPT.map(|what| world.kubectl(&["get", what, "-o", "jsonpath={.metadata.labels}"]));
    let before = labels();
    for change in ["app.kubernetes.io/managed-by-", "app.kubernetes.io/managed-by=hand", "slipway.dev/portal=theirs", "slipway.dev/team-"] {
        // Who wrote last is kept in whole seconds: what is changed within that of our own writing is put back and not told.
        tokio::time::sleep(Duration::from_millis(1100)).await;
        world.kubectl(&[&["label", "--overwrite"], KEPT.as_slice(), &[change]].concat());
        let mut told = String::new();
        until(change, async || {
            told.extend(keep().await.into_iter().map(|p| p.what.to_lowercase()));
            let all = KEPT.iter().all(|what| told.contains(&format!("the {} ", what.split_once('/').unwrap().0)));
            (all && labels() == before).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_labels_of_a_namespace_are_put_back_unless_it_was_given_away() {
    let Some(world) = Kubernetes::new().await else { return };
    let team = TeamSpec { name: "ada".into(), display_name: "Ada".into(), cpu_millis: None, memory_bytes: None, gpus: None };
    let keep = async || world.kube().keep_teams(std::slice::from_ref(&team)).await;
    keep().await;
    let space = world.namespace();
    let labels = || world.kubectl(&["get", "namespace", &space, "-o", "jsonpath={.metadata.labels}"]);
    let before = labels();
    let changes: [&[&str]; 4] = [
        &["app.kubernetes.io/managed-by-"],
        &["app.kubernetes.io/managed-by=hand"],
        &["slipway.dev/portal-"],
        &["slipway.dev/team-", "slipway.dev/portal-", "pod-security.kubernetes.io/enforce-"],
    ];
    for change in changes {
        world.kubectl(&[&["label", "--overwrite", "namespace", space.as_str()], change].concat());
        let mut told = Vec::new();
        until(&format!("{change:?}"), async || {
            told.extend(keep().await.put_back);
            (labels() == before && !told.is_empty()).then_some(())
        })
        .await;
        assert!(told.iter().all(|p| p.what.starts_with(&format!("The labels of the namespace {space} were "))), "{told:?}");
    }
    world.kubectl(&["label", "--overwrite", "namespace", &space, "slipway.dev/portal=theirs"]);
    let refused = until("that it is left alone", async || keep().await.refused.pop()).await.1.public;
    assert!(
        refused.contains("is labelled slipway.dev/portal=theirs now, so it is left alone. Hand it over with `kubectl label "),
        "{refused}"
    );
    let fix = refused.split_once("`kubectl ").and_then(|(_, rest)| Some(rest.split_once('`')?.0)).unwrap();
    world.kubectl(&fix.split(' ').collect::<Vec<_>>());
    until("that it is kept", async || keep().await.refused.is_empty().then_some(())).await;
    assert_eq!(labels(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pod_without_its_labels_still_runs_its_workload() {
    let Some(world) = Kubernetes::new().await else { return };
    for (kind, does) in [("a server", Does::Serves), ("a run", Does::Runs)] {
        println!("{kind}");
        without_labels(&world, does).await;
    }
}

async fn without_labels(world: &Kubernetes, does: Does) {
    let spec = world.spec(does);
    world.kube().ensure(&spec).await.unwrap();
    running(world.kube(), &spec.id).await;
    let label = format!("slipway.dev/id={}", spec.id);
    let pod = world.kubectl(&["get", "pods", "-l", &label, "-o", "name"]).trim().to_owned();
    world.kubectl(&["label", &pod, "app.kubernetes.io/managed-by-"]);
    let fix = until("that it is said", async || {
        runs(world, &spec.id).await;
        let said = clues(world, &spec.id).await;
        Some(said.split_once("so its use is not seen. `kubectl ")?.1.split_once('`')?.0.to_owned())
    })
    .await;
    world.kubectl(&fix.split(' ').collect::<Vec<_>>());
    until("that nothing is said any more", async || (!clues(world, &spec.id).await.contains("is not seen")).then_some(())).await;
    runs(world, &spec.id).await;
    world.kubectl(&["label", &pod, "slipway.dev/portal-"]);
    world.kube().stop(&spec.id, GRACE).await.unwrap();
    assert!(ended(world.kube(), &spec.id).await.stopped);
}
