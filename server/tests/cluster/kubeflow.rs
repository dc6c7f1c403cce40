//! What only a cluster with Kubeflow's and KServe's kinds has to show: pods that these make, portals that are set otherwise than the one before, and kinds
//! that are deleted by hand. Trainer, JobSet and KServe are real. The notebook controller is played by `end2end/kubernetes/notebooks.py`.

use crate::{
    kubernetes::{Kubernetes, Makes},
    world::{Does, World, ended, observed, python_server, running, shell, until},
};
use app::api::resources::Resources;
use http_body_util::{BodyExt, Empty};
use server::cluster::{Cluster, Phase, TeamSpec, WorkloadKind, WorkloadSpec, kubernetes::Makers, reach::Reach};
use std::time::Duration;

const GRACE: Duration = Duration::from_secs(30);
const EVERYTHING: &str =
    "pods,statefulsets,jobs,deployments,services,secrets,notebooks,trainjobs,trainingruntimes,jobsets,inferenceservices";

/// A world, or nothing where there are no operators.
macro_rules! world {
    ($makes:expr) => {
        match Kubernetes::kubeflow($makes).await {
            Some(world) => world,
            None => return,
        }
    };
}

/// What there is of a kind for a workload.
fn made(world: &Kubernetes, kinds: &str, id: &str) -> Vec<String> {
    let out = world.kubectl(&["get", kinds, "-l", &format!("slipway.dev/id={id}"), "-o", "name"]);
    out.lines().map(str::to_owned).collect()
}

async fn gone(world: &Kubernetes, id: &str) {
    until("nothing left", async || made(world, EVERYTHING, id).is_empty().then_some(())).await;
}

async fn doing(world: &Kubernetes, id: &str, part: &str) -> String {
    until(part, async || match observed(world.kube(), id).await?.phase {
        Phase::Starting { doing } if doing.contains(part) => Some(doing),
        Phase::Ended(exit) => panic!("it ended instead: {exit:?}"),
        _ => None,
    })
    .await
}

/// More than any node has.
fn huge(mut spec: WorkloadSpec) -> WorkloadSpec {
    spec.resources = Resources { cpu_millis: 1_000_000, ..spec.resources };
    spec
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_is_a_train_job() {
    let world = world!(Makes::Replicas);
    let spec = world.in_python(shell("i=0; while [ $i -lt 50 ]; do echo line $i; i=$((i+1)); done; exit 7"));
    world.kube().ensure(&spec).await.unwrap();
    assert_eq!((made(&world, "trainjobs", &spec.id).len(), made(&world, "trainingruntimes", &spec.id).len()), (1, 1));
    let exit = ended(world.kube(), &spec.id).await;
    assert_eq!((exit.code, exit.stopped), (Some(7), false));
    assert_eq!(world.log(&spec.id).await.iter().filter(|l| l.starts_with("out line ")).count(), 50);
    // Others see in their own pages what became of it.
    let status = async || {
        let out = world.kubectl(&["get", "trainjobs", "-o", "jsonpath={.items[*].status.conditions[?(@.status==\"True\")].type}"]);
        out.contains("Failed").then_some(())
    };
    until("Trainer's word", status).await;
    world.kube().forget(&spec.id).await.unwrap();
    gone(&world, &spec.id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_is_an_inference_service() {
    let world = world!(Makes::Replicas);
    serves(&world, WorkloadKind::Replica, "inferenceservices").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notebook_is_a_notebook() {
    let world = world!(Makes::Notebooks);
    serves(&world, WorkloadKind::Notebook, "notebooks").await;
}

/// A server is reached, is asked to end, ends as it wants to, and nothing is left of it.
async fn serves(world: &Kubernetes, kind: WorkloadKind, kinds: &str) {
    let body = "import signal; signal.signal(signal.SIGTERM, lambda *_: (print('bye', flush=True), sys.exit(3)))";
    let spec = WorkloadSpec { kind, volume: Some("ada/lab".into()), ..world.in_python(python_server(body)) };
    world.kube().ensure(&spec).await.unwrap();
    let endpoint = running(world.kube(), &spec.id).await.unwrap();
    assert_eq!(made(world, kinds, &spec.id).len(), 1);
    let ask = async |reach: Reach| {
        let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
        let request = http::Request::builder().uri("/ready").header("host", "h").body(body).unwrap();
        let answer = reach.send(&endpoint, request).await.ok()?;
        Some(answer.into_body().collect().await.ok()?.to_bytes())
    };
    assert_eq!(ask(world.reach()).await.as_deref(), Some(&b"hello"[..]));
    assert_eq!(ask(Reach::default()).await, None);
    until("its use", async || {
        world.kube().usage().await.unwrap().iter().any(|u| u.id == spec.id && u.numbers.memory_bytes > 0).then_some(())
    })
    .await;
    let clues = world.kube().clues(&spec.id).await.unwrap();
    assert!(clues.iter().any(|c| c.text.ends_with("makes its pod.")), "{clues:?}");
    world.kube().stop(&spec.id, GRACE).await.unwrap();
    let exit = ended(world.kube(), &spec.id).await;
    assert_eq!((exit.code, exit.stopped), (Some(3), true));
    assert!(world.log(&spec.id).await.contains(&"out bye".to_owned()));
    // What would start it again goes with its end.
    until("no maker", async || made(world, kinds, &spec.id).is_empty().then_some(())).await;
    world.kube().forget(&spec.id).await.unwrap();
    gone(world, &spec.id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_notebook_whose_pod_is_taken_away_tells_its_end_first() {
    let world = world!(Makes::Notebooks);
    let spec = WorkloadSpec { kind: WorkloadKind::Notebook, ..world.in_python(python_server("print('line', flush=True)")) };
    world.kube().ensure(&spec).await.unwrap();
    running(world.kube(), &spec.id).await;
    world.kubectl(&["delete", "pod", "--wait=false", "-l", &format!("slipway.dev/id={}", spec.id)]);
    let exit = ended(world.kube(), &spec.id).await;
    assert!(!exit.stopped && exit.reason.as_deref().is_some_and(|r| r.contains("deleted from outside")), "{exit:?}");
    assert!(world.log(&spec.id).await.contains(&"out line".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_set_otherwise_meanwhile_goes_on() {
    let mut world = world!(Makes::Replicas);
    let (run, server) = (world.spec(Does::Runs), world.spec(Does::Serves));
    world.kube().ensure(&run).await.unwrap();
    world.kube().ensure(&server).await.unwrap();
    running(world.kube(), &run.id).await;
    running(world.kube(), &server.id).await;
    let before = world.kube().list().await.unwrap();
    world.close().await;
    world.makers = Makers::default();
    world.reopen().await;
    assert_eq!(world.kube().list().await.unwrap(), before);
    let plain = world.spec(Does::Exits(0));
    world.kube().ensure(&plain).await.unwrap();
    assert_eq!(ended(world.kube(), &plain.id).await.code, Some(0));
    assert_eq!(made(&world, "trainjobs", &plain.id).len(), 0);
    for spec in [&run, &server] {
        world.kube().ensure(spec).await.unwrap();
        assert_eq!(world.processes(&spec.id), 1);
        world.kube().stop(&spec.id, GRACE).await.unwrap();
        assert!(ended(world.kube(), &spec.id).await.stopped);
        world.kube().forget(&spec.id).await.unwrap();
        gone(&world, &spec.id).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_cut_off_is_completed_as_it_was_begun() {
    let mut world = world!(Makes::Replicas);
    let spec = world.spec(Does::Runs);
    world.kube().ensure(&huge(spec.clone())).await.unwrap();
    doing(&world, &spec.id, "Insufficient cpu").await;
    // As a server leaves it that is killed before its last step.
    world.close().await;
    world.kubectl(&["annotate", "statefulsets", "-l", &format!("slipway.dev/id={}", spec.id), "slipway.dev/started-"]);
    world.makers = Makers::default();
    world.reopen().await;
    assert_eq!(observed(world.kube(), &spec.id).await, None);
    world.kube().ensure(&huge(spec.clone())).await.unwrap();
    doing(&world, &spec.id, "Insufficient cpu").await;
    let pods = made(&world, "pods", &spec.id);
    assert_eq!((pods.len(), made(&world, "statefulsets", &spec.id).len()), (1, 1), "{pods:?}");
    world.kube().stop(&spec.id, GRACE).await.unwrap();
    assert!(ended(world.kube(), &spec.id).await.stopped);
    until("no pod", async || made(&world, "pods,trainjobs", &spec.id).is_empty().then_some(())).await;
    world.kube().forget(&spec.id).await.unwrap();
    gone(&world, &spec.id).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kind_that_is_deleted_by_hand_is_an_end() {
    let world = world!(Makes::Replicas);
    let (waits, runs) = (huge(world.spec(Does::Serves)), world.spec(Does::Runs));
    world.kube().ensure(&waits).await.unwrap();
    world.kube().ensure(&runs).await.unwrap();
    doing(&world, &waits.id, "Insufficient cpu").await;
    running(world.kube(), &runs.id).await;
    world.kubectl(&["delete", "inferenceservices,trainjobs", "--all", "--wait=false"]);
    for spec in [&waits, &runs] {
        let exit = ended(world.kube(), &spec.id).await;
        assert!(!exit.stopped && exit.reason.as_deref().is_some_and(|r| r.contains("deleted from outside")), "{exit:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pod_that_cannot_be_made_says_why() {
    let world = world!(Makes::Replicas);
    let team = |cpu_millis| TeamSpec { name: "ada".into(), display_name: "Ada".into(), cpu_millis, memory_bytes: None, gpus: None };
    assert!(world.kube().keep_teams(&[team(Some(100))]).await.refused.is_empty());
    let both = [world.spec(Does::Runs), world.spec(Does::Serves)];
    for spec in &both {
        world.kube().ensure(spec).await.unwrap();
        doing(&world, &spec.id, "quota refuses its pod: slipway").await;
        let clues = world.kube().clues(&spec.id).await.unwrap();
        assert!(clues.iter().any(|c| c.text.contains("makes its pod.")), "{clues:?}");
        assert!(clues.iter().any(|c| c.text.contains("exceeded quota")), "{clues:?}");
    }
    for spec in &both {
        world.kube().stop(&spec.id, GRACE).await.unwrap();
        assert!(ended(world.kube(), &spec.id).await.stopped);
        world.kube().forget(&spec.id).await.unwrap();
        gone(&world, &spec.id).await;
    }
}
