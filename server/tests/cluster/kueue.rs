//! What a cluster with Kueue has to show: a queue that says when a run has its pods, and that nobody is in the way of. Kueue is real.

use crate::{
    kubernetes::Kubernetes,
    world::{Does, World, ended, observed, running, until},
};
use app::api::resources::Resources;
use serde_json::json;
use server::cluster::{Cluster, Phase, TeamSpec};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_wait_for_their_turn_in_a_queue_of_kueue() {
    let Some(world) = Kubernetes::kueue().await else { return };
    let team = TeamSpec { name: "ada".into(), display_name: "Ada".into(), cpu_millis: None, memory_bytes: None, gpus: None };
    assert!(world.kube().keep_teams(&[team]).await.refused.is_empty());
    // Room for one run, and not for two.
    let room = json!([{ "name": "cpu", "nominalQuota": "700m" }, { "name": "memory", "nominalQuota": "8Gi" }]);
    let queue = json!({
        "namespaceSelector": {},
        "resourceGroups": [{ "coveredResources": ["cpu", "memory"], "flavors": [{ "name": world.name, "resources": room }] }],
    });
    let of_kueue = |kind: &str, name: &str, spec| json!({ "apiVersion": "kueue.x-k8s.io/v1beta2", "kind": kind, "metadata": { "name": name }, "spec": spec });
    world.apply(&of_kueue("ResourceFlavor", &world.name, json!({})));
    world.apply(&of_kueue("ClusterQueue", &world.name, queue));
    world.apply(&of_kueue("LocalQueue", "default", json!({ "clusterQueue": world.name })));
    until("the queue", async || {
        let active = "jsonpath={.status.conditions[?(@.type==\"Active\")].status}";
        (world.kubectl(&["get", "localqueue", "default", "-o", active]) == "True").then_some(())
    })
    .await;

    let [first, second, third] = [(); 3].map(|()| {
        let mut spec = world.spec(Does::Runs);
        spec.resources = Resources { cpu_millis: 400, ..spec.resources };
        spec
    });
    let waits = async |id: &str| {
        until("its place in the queue", async || match observed(world.kube(), id).await?.phase {
            Phase::Starting { doing } if doing == "Waits in the queue \"default\" of Kueue" => Some(()),
            Phase::Ended(exit) => panic!("it ended instead: {exit:?}"),
            _ => None,
        })
        .await;
    };
    world.kube().ensure(&first).await.unwrap();
    running(world.kube(), &first.id).await;
    world.kube().ensure(&second).await.unwrap();
    waits(&second.id).await;
    world.kube().ensure(&third).await.unwrap();
    waits(&third.id).await;
    // It is Kueue that holds it back, and nobody puts that back.
    tokio::time::sleep(Duration::from_secs(3)).await;
    waits(&second.id).await;
    let clues = world.kube().clues(&second.id).await.unwrap();
    assert!(clues.iter().all(|c| !c.text.contains("put back")), "{clues:?}");
    // One that waits can be asked to end, and has ended.
    world.kube().stop(&third.id, Duration::from_secs(5)).await.unwrap();
    assert!(ended(world.kube(), &third.id).await.stopped);

    world.kube().stop(&first.id, Duration::from_secs(5)).await.unwrap();
    assert!(ended(world.kube(), &first.id).await.stopped);
    world.kube().forget(&first.id).await.unwrap();
    running(world.kube(), &second.id).await;
    until("its log", async || world.log(&second.id).await.contains(&"out up".to_owned()).then_some(())).await;
    for spec in [&second, &third] {
        world.kube().stop(&spec.id, Duration::from_secs(5)).await.unwrap();
        ended(world.kube(), &spec.id).await;
        world.kube().forget(&spec.id).await.unwrap();
    }
    until("nothing left", async || {
        world.kubectl(&["get", "jobs,pods,secrets", "-l", "slipway.dev/id", "-o", "name"]).trim().is_empty().then_some(())
    })
    .await;
    world.kubectl(&["delete", "localqueue/default", &format!("clusterqueue/{}", world.name), &format!("resourceflavor/{}", world.name)]);
}
