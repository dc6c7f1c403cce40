//! What every cluster has to do, whatever it is made of.

use crate::world::{Does, Fake, Local, World, ended, lives, observed, running, said, until};
use app::api::logs::LogQuery;
use server::{cluster::Phase, error::Kind};
use std::time::Duration;

const GRACE: Duration = Duration::from_secs(30);

/// Runs every test in all worlds. Without a real node there is no Kubernetes, and its tests say so.
macro_rules! conformance {
    ($($name:ident)*) => {
        mod fake { $(#[tokio::test] async fn $name() { super::$name(&super::Fake::new()).await })* }
        mod kubernetes {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $name() {
                if let Some(world) = crate::kubernetes::Kubernetes::new().await {
                    super::$name(&world).await;
                }
            })*
        }
        mod kubeflow {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $name() {
                if let Some(world) = Kubernetes::kubeflow(Makes::Replicas).await {
                    super::$name(&world).await;
                }
            })*
            use crate::kubernetes::{Kubernetes, Makes};
        }
        mod local { $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)] async fn $name() { super::$name(&super::Local::new()).await })* }
    };
}

conformance! {
    the_unknown_is_no_error
    it_runs_once
    two_at_once_start_one
    an_end_is_told_whenever_somebody_looks
    what_has_ended_is_not_started_again
    a_command_that_cannot_start_is_an_end
    a_stop_ends_it
    a_stop_after_the_end_changes_nothing
    a_stop_right_after_the_start_ends_it
    the_shorter_grace_wins
    a_server_has_an_endpoint
    forgetting_ends_it_and_drops_it
    the_bell_rings
    measuring_never_fails
    others_are_left_alone
    children_end_with_their_parent
    a_recycled_pid_is_nobodys
    output_without_an_end_holds_nothing_up
    out_of_memory_is_no_crash
    a_server_that_never_listens_is_ended
    nodes_meet_and_are_one_workload
    the_first_node_that_fails_ends_the_others
    a_stop_ends_all_nodes
}

/// What is different for a server where it is a Notebook.
mod notebook {
    use crate::kubernetes::{Kubernetes, Makes};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_server_has_an_endpoint() {
        if let Some(world) = Kubernetes::kubeflow(Makes::Notebooks).await {
            super::a_server_has_an_endpoint(&world).await;
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_server_that_never_listens_is_ended() {
        if let Some(world) = Kubernetes::kubeflow(Makes::Notebooks).await {
            super::a_server_that_never_listens_is_ended(&world).await;
        }
    }
}

async fn the_unknown_is_no_error(world: &dyn World) {
    let cluster = world.cluster();
    cluster.stop("nobody", GRACE).await.unwrap();
    cluster.forget("nobody").await.unwrap();
    assert_eq!((cluster.list().await.unwrap(), cluster.clues("nobody").await.unwrap()), (vec![], vec![]));
}

async fn it_runs_once(world: &dyn World) {
    let (cluster, spec) = (world.cluster(), world.spec(Does::Runs));
    cluster.ensure(&spec).await.unwrap();
    running(cluster, &spec.id).await;
    let first = observed(cluster, &spec.id).await;
    assert!(first.as_ref().is_some_and(|o| o.started_at.is_some()));
    cluster.ensure(&spec).await.unwrap();
    assert_eq!(observed(cluster, &spec.id).await, first);
    assert_eq!(cluster.list().await.unwrap().len(), 1);
    assert!(!cluster.clues(&spec.id).await.unwrap().is_empty(), "it has something to say of what it runs");
}

async fn two_at_once_start_one(world: &dyn World) {
    let (cluster, spec) = (world.cluster(), world.spec(Does::Runs));
    let (a, b, c) = tokio::join!(cluster.ensure(&spec), cluster.ensure(&spec), cluster.ensure(&spec));
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    running(cluster, &spec.id).await;
    assert_eq!(cluster.list().await.unwrap().len(), 1);
}

async fn an_end_is_told_whenever_somebody_looks(world: &dyn World) {
    let (cluster, spec) = (world.cluster(), world.spec(Does::Exits(3)));
    cluster.ensure(&spec).await.unwrap();
    let exit = ended(cluster, &spec.id).await;
    assert_eq!((exit.code, exit.signal, exit.stopped, exit.out_of_memory, exit.timed_out), (Some(3), None, false, false, false));
    assert!(exit.ended_at > 0);
    assert_eq!(ended(cluster, &spec.id).await, exit);
}

async fn what_has_ended_is_not_started_again(world: &dyn World) {
    let (cluster, spec) = (world.cluster(), world.spec(Does::Exits(0)));
    cluster.ensure(&spec).await.unwrap();
    let exit = ended(cluster, &spec.id).await;
    cluster.ensure(&spec).await.unwrap();
    assert_eq!(observed(cluster, &spec.id).await.unwrap().phase, Phase::Ended(exit));
}

async fn a_command_that_cannot_start_is_an_end(world: &dyn World) {
    let (cluster, spec) = (world.cluster(), world.spec(Does::CannotStart));
    cluster.ensure(&spec).await.unwrap();
    let exit = ended(cluster, &spec.id).await;
    assert!(exit.reason.is_some() && exit.code.is_none(), "{exit:?}");
}

/// Waits until the command itself is at work: what runs it does so a moment earlier.
async fn up(world: &dyn World, id: &str) {
    running(world.cluster(), id).await;
    if let Some(logs) = world.log_store() {
        until("its first line", async || {
            let page = logs.page(id, &LogQuery::default()).await.ok()?;
            page.items.iter().any(|l| l.text == "up").then_some(())
        })
        .await;
    }
}

async fn a_stop_ends_it(world: &dyn World) {
    let (cluster, spec) = (world.cluster(), world.spec(Does::Runs));
    cluster.ensure(&spec).await.unwrap();
    up(world, &spec.id).await;
    cluster.stop(&spec.id, GRACE).await.unwrap();
    cluster.stop(&spec.id, GRACE).await.unwrap();
    let exit = ended(cluster, &spec.id).await;
    assert!(exit.stopped && exit.signal == Some(15), "{exit:?}");
}

async fn a_stop_after_the_end_changes_nothing(world: &dyn World) {
    let (cluster, spec) = (world.cluster(), world.spec(Does::Exits(1)));
    cluster.ensure(&spec).await.unwrap();
    let exit = ended(cluster, &spec.id).await;
    cluster.stop(&spec.id, Duration::ZERO).await.unwrap();
    assert_eq!(ended(cluster, &spec.id).await, exit);
}

async fn a_stop_right_after_the_start_ends_it(world: &dyn World) {
    let (cluster, spec) = (world.cluster(), world.spec(Does::Runs));
    cluster.ensure(&spec).await.unwrap();
    cluster.stop(&spec.id, GRACE).await.unwrap();
    assert!(ended(cluster, &spec.id).await.stopped);
}

async fn the_shorter_grace_wins(world: &dyn World) {
    let (cluster, spec) = (world.cluster(), world.spec(Does::IgnoresTerm));
    cluster.ensure(&spec).await.unwrap();
    up(world, &spec.id).await;
    cluster.stop(&spec.id, Duration::from_secs(3600)).await.unwrap();
    until("stopping", async || (observed(cluster, &spec.id).await?.phase == Phase::Stopping).then_some(())).await;
    cluster.stop(&spec.id, Duration::ZERO).await.unwrap();
    cluster.stop(&spec.id, Duration::from_secs(3600)).await.unwrap();
    let exit = ended(cluster, &spec.id).await;
    assert!(exit.stopped && exit.signal == Some(9), "{exit:?}");
}

async fn a_server_has_an_endpoint(world: &dyn World) {
    let (cluster, spec) = (world.cluster(), world.spec(Does::Serves));
    cluster.ensure(&spec).await.unwrap();
    assert!(running(cluster, &spec.id).await.is_some());
}

async fn forgetting_ends_it_and_drops_it(world: &dyn World) {
    let (cluster, spec) = (world.cluster(), world.spec(Does::IgnoresTerm));
    cluster.ensure(&spec).await.unwrap();
    running(cluster, &spec.id).await;
    // A node that has much to do takes its time, which is said: whoever forgets asks again.
    let forgotten = async || match cluster.forget(&spec.id).await {
        Ok(()) => Some(()),
        Err(e) => {
            assert_eq!(e.kind, Kind::Unavailable, "{e:?}");
            None
        }
    };
    until("it is forgotten", forgotten).await;
    assert_eq!(cluster.list().await.unwrap(), []);
    cluster.forget(&spec.id).await.unwrap();
}

async fn the_bell_rings(world: &dyn World) {
    let (cluster, spec) = (world.cluster(), world.spec(Does::Runs));
    let mut bell = cluster.watch();
    cluster.ensure(&spec).await.unwrap();
    running(cluster, &spec.id).await;
    bell.changed().await.unwrap();
    cluster.stop(&spec.id, GRACE).await.unwrap();
    // Only the bell tells when to look: a missing ring ends in the time limit.
    let told = async {
        loop {
            if matches!(observed(cluster, &spec.id).await.unwrap().phase, Phase::Ended(_)) {
                return;
            }
            bell.changed().await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(120), told).await.expect("the bell did not ring at the end");
}

async fn measuring_never_fails(world: &dyn World) {
    let (cluster, spec) = (world.cluster(), world.spec(Does::Exits(0)));
    cluster.usage().await.unwrap();
    cluster.ensure(&spec).await.unwrap();
    ended(cluster, &spec.id).await;
    assert_eq!(cluster.usage().await.unwrap(), []);
    let capacity = cluster.capacity().await.unwrap();
    assert!(capacity.total.cpu_millis > 0 && capacity.total.memory_bytes > 0);
}

async fn others_are_left_alone(world: &dyn World) {
    let (cluster, one, two) = (world.cluster(), world.spec(Does::Runs), world.spec(Does::Runs));
    cluster.ensure(&one).await.unwrap();
    cluster.ensure(&two).await.unwrap();
    running(cluster, &one.id).await;
    running(cluster, &two.id).await;
    cluster.stop(&one.id, GRACE).await.unwrap();
    ended(cluster, &one.id).await;
    cluster.forget(&one.id).await.unwrap();
    assert!(matches!(observed(cluster, &two.id).await.unwrap().phase, Phase::Running { .. }));
}

async fn children_end_with_their_parent(world: &dyn World) {
    let (cluster, spec) = (world.cluster(), world.spec(Does::LeavesAChild));
    cluster.ensure(&spec).await.unwrap();
    assert_eq!(ended(cluster, &spec.id).await.code, Some(0));
    assert_eq!(world.processes(&spec.id), 0);
}

async fn a_recycled_pid_is_nobodys(world: &dyn World) {
    let (cluster, spec) = (world.cluster(), world.spec(Does::Runs));
    cluster.ensure(&spec).await.unwrap();
    running(cluster, &spec.id).await;
    cluster.stop(&spec.id, Duration::ZERO).await.unwrap();
    ended(cluster, &spec.id).await;
    let stranger = world.recycle(&spec.id);
    // Not taken for the workload, which has ended, and not ended in its place.
    ended(cluster, &spec.id).await;
    cluster.stop(&spec.id, Duration::ZERO).await.unwrap();
    cluster.forget(&spec.id).await.unwrap();
    assert_eq!(cluster.list().await.unwrap(), []);
    if let Some(mut stranger) = stranger {
        let spared = lives(stranger.id() as i32);
        stranger.kill().unwrap();
        stranger.wait().unwrap();
        assert!(spared);
    }
}

async fn output_without_an_end_holds_nothing_up(world: &dyn World) {
    let (cluster, spec, other) = (world.cluster(), world.spec(Does::WritesForever), world.spec(Does::Exits(0)));
    cluster.ensure(&spec).await.unwrap();
    running(cluster, &spec.id).await;
    cluster.ensure(&other).await.unwrap();
    assert_eq!(ended(cluster, &other.id).await.code, Some(0));
    assert!(matches!(observed(cluster, &spec.id).await.unwrap().phase, Phase::Running { .. }));
    cluster.stop(&spec.id, GRACE).await.unwrap();
    assert!(ended(cluster, &spec.id).await.stopped);
    assert_eq!(world.processes(&spec.id), 0);
}

async fn out_of_memory_is_no_crash(world: &dyn World) {
    let (cluster, greedy, crashes) = (world.cluster(), world.spec(Does::TakesTooMuch), world.spec(Does::Crashes));
    cluster.ensure(&greedy).await.unwrap();
    let exit = ended(cluster, &greedy.id).await;
    assert!(exit.out_of_memory && !exit.stopped, "{exit:?}");
    cluster.ensure(&crashes).await.unwrap();
    let exit = ended(cluster, &crashes.id).await;
    assert_eq!((exit.signal, exit.out_of_memory, exit.stopped), (Some(9), false, false));
}

async fn a_server_that_never_listens_is_ended(world: &dyn World) {
    let (cluster, spec) = (world.cluster(), world.spec(Does::NeverListens));
    cluster.ensure(&spec).await.unwrap();
    let exit = ended(cluster, &spec.id).await;
    assert!(exit.reason.is_some() && !exit.stopped, "{exit:?}");
}

async fn nodes_meet_and_are_one_workload(world: &dyn World) {
    let (cluster, spec) = (world.cluster(), world.spec(Does::Meets));
    let (a, b) = tokio::join!(cluster.ensure(&spec), cluster.ensure(&spec));
    assert!(a.is_ok() && b.is_ok());
    let exit = ended(cluster, &spec.id).await;
    assert_eq!((exit.code, exit.node, exit.reason.as_deref()), (Some(0), None, None));
    assert_eq!(cluster.list().await.unwrap().len(), 1);
    if let Some(logs) = world.log_store() {
        for node in 0..spec.nodes {
            let log = said(&logs, &spec.id, node).await;
            assert_eq!(log.iter().filter(|l| l.starts_with("out ")).collect::<Vec<_>>(), [&format!("out node {node} of 3 knows 3")]);
        }
    }
}

async fn the_first_node_that_fails_ends_the_others(world: &dyn World) {
    let (cluster, spec) = (world.cluster(), world.spec(Does::FailsOnOne));
    cluster.ensure(&spec).await.unwrap();
    let exit = ended(cluster, &spec.id).await;
    assert_eq!((exit.code, exit.node, exit.stopped, exit.timed_out), (Some(3), Some(1), false, false), "{exit:?}");
    assert_eq!(ended(cluster, &spec.id).await, exit);
    assert_eq!(world.processes(&spec.id), 0);
    if let Some(logs) = world.log_store() {
        assert!(said(&logs, &spec.id, 1).await.contains(&"slipway Ended with exit code 3.".to_owned()));
        // How it was ended is told, too.
        assert!(said(&logs, &spec.id, 0).await.last().is_some_and(|l| l.starts_with("slipway Ended")));
    }
}

async fn a_stop_ends_all_nodes(world: &dyn World) {
    let (cluster, spec) = (world.cluster(), world.spec(Does::RunsOnTwo));
    cluster.ensure(&spec).await.unwrap();
    running(cluster, &spec.id).await;
    cluster.stop(&spec.id, GRACE).await.unwrap();
    let exit = ended(cluster, &spec.id).await;
    assert!(exit.stopped && exit.node.is_none(), "{exit:?}");
    assert_eq!(world.processes(&spec.id), 0);
    cluster.forget(&spec.id).await.unwrap();
    assert_eq!(cluster.list().await.unwrap(), []);
}
