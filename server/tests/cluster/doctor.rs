//! What `slipway doctor` says of a real Kubernetes: of one that is as it should be, and of many things that are not.

use crate::{
    kubernetes::Kubernetes,
    world::{Does, World, running},
};
use server::{
    clock::{Clock, SystemClock, TestClock},
    cluster::{
        Cluster, TeamSpec,
        kubernetes::{
            KubernetesConfig, Reaching,
            doctor::{Asked, Check, examine},
        },
    },
};
use std::sync::Arc;

const BASE: &str = "slipway.test/base:1";
const NOWHERE: &str = "registry.invalid/none:1";

/// A world, or nothing where there is no node.
macro_rules! world {
    ($reaching:expr) => {
        match Kubernetes::reaching($reaching).await {
            Some(world) => world,
            None => return,
        }
    };
}

fn team() -> TeamSpec {
    TeamSpec { name: "ada".into(), display_name: "Ada".into(), cpu_millis: None, memory_bytes: None, gpus: None }
}

async fn found(config: &KubernetesConfig, asked: &Asked) -> Vec<Check> {
    let all = examine(config, asked).await;
    for check in &all {
        println!("{check:?}");
    }
    all
}

/// The finding about this, as `fine`, `poor` or `wrong` with its words; a fix is there where there is something to fix.
fn about<'a>(all: &'a [Check], what: &str) -> Vec<(&'static str, &'a str)> {
    let read = |check: &'a Check| match check {
        Check::Fine(of, words) => (*of == what).then_some(("fine", words.as_str())),
        Check::Poor(of, words, fix) => (*of == what && !fix.is_empty()).then_some(("poor", words.as_str())),
        Check::Wrong(of, words, fix) => (*of == what && !fix.is_empty()).then_some(("wrong", words.as_str())),
    };
    all.iter().filter_map(read).collect()
}

#[track_caller]
fn says(all: &[Check], what: &str, level: &str, part: &str) {
    let found = about(all, what);
    assert!(found.iter().any(|(is, words)| *is == level && words.contains(part)), "{what}: {level} with {part:?}, and not {found:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubernetes_that_is_as_it_should_be() {
    let world = world!(Reaching::Auto);
    assert!(world.kube().keep_teams(&[team()]).await.refused.is_empty());
    let spec = world.spec(Does::Serves);
    world.kube().ensure(&spec).await.unwrap();
    running(world.kube(), &spec.id).await;
    let all = found(&world.config(), &Asked { images: vec![BASE.into()], pull: false }).await;
    assert!(!all.iter().any(|c| matches!(c, Check::Wrong(..))), "{all:?}");
    says(&all, "Kubernetes", "fine", "1.");
    says(&all, "Kubernetes rights", "fine", "all that are needed");
    says(&all, "clocks", "fine", "the same time");
    says(&all, "kinds", "fine", "Notebook");
    says(&all, "nodes", "fine", "1 of 1 take workloads");
    // Other tests' pods are others' too.
    let others = about(&all, "pods of others");
    assert!(
        matches!(others[..], [("fine" | "poor", words)] if words.contains(" on nodes that take workloads, which ask for ")),
        "{others:?}"
    );
    says(&all, "volumes", "fine", "standard, the default");
    says(&all, "admission", "fine", "let in a pod");
    says(&all, "images", "fine", "each of 2 is on a node");
    says(&all, "use of CPU and memory", "fine", "from the kubelets");
    says(&all, "reach of pods", "fine", "directly at their addresses: 10.244.");
    let forwarding = KubernetesConfig {
        settings: server::cluster::kubernetes::Settings { reaching: Reaching::PortForward, ..world.config().settings },
        ..world.config()
    };
    says(&found(&forwarding, &Asked::default()).await, "reach of pods", "fine", "through the API server by port-forward");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubernetes_that_lacks_something() {
    let world = world!(Reaching::Auto);
    let mut config = world.config();
    let before = found(&config, &Asked::default()).await;
    says(&before, "admission", "poor", "no team has a namespace yet");

    assert!(world.kube().keep_teams(&[team()]).await.refused.is_empty());
    world.apply(&serde_json::json!({
        "apiVersion": "v1", "kind": "LimitRange", "metadata": { "name": "small", "namespace": world.namespace() },
        "spec": { "limits": [{ "type": "Container", "max": { "cpu": "10m" } }] },
    }));
    config.settings.storage_class = Some("gold".into());
    config.settings.portal = "http://127.0.0.1:8080".into();
    config.settings.prometheus = Some("http://127.0.0.1:9".into());
    config.clock = Arc::new(TestClock::at(SystemClock.now() - 3_600_000));
    let all = found(&config, &Asked { images: vec![NOWHERE.into()], pull: false }).await;
    says(&all, "volumes", "wrong", "StorageClass gold is not there; there are standard");
    says(&all, "reach of portal", "wrong", "http://127.0.0.1:8080, which is themselves");
    says(&all, "use of CPU and memory", "wrong", "Prometheus does not tell");
    says(&all, "clocks", "poor", "ahead of this machine's");
    says(&all, "admission", "wrong", "maximum cpu usage per Container is 10m");
    says(&all, "images", "poor", NOWHERE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubernetes_that_gives_no_rights_or_no_answer() {
    let world = world!(Reaching::PortForward);
    let mut config = world.config();
    config.kubeconfig = Some(world.stranger());
    let all = found(&config, &Asked::default()).await;
    says(&all, "Kubernetes rights", "wrong", "create jobs");
    says(&all, "reach of pods", "wrong", "not granted: get pods/portforward");
    says(&all, "use of CPU and memory", "poor", "nodes/proxy is not granted");
    says(&all, "nodes", "wrong", "cannot list resource");
    config.kubeconfig = Some("/there/is/none".into());
    says(&found(&config, &Asked::default()).await, "Kubernetes", "wrong", "/there/is/none");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn images_are_pulled_for_real_where_that_is_asked_for() {
    let world = world!(Reaching::Auto);
    assert!(world.kube().keep_teams(&[team()]).await.refused.is_empty());
    let mut config = world.config();
    config.settings.image = BASE.into();
    let all = found(&config, &Asked { images: vec![NOWHERE.into()], pull: true }).await;
    says(&all, "images", "fine", BASE);
    says(&all, "images", "wrong", NOWHERE);
    assert_eq!(world.kubectl(&["get", "pods", "-o", "name"]), "", "a pod stayed");
}
