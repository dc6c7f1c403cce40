//! Several nodes on one machine: each has processes, folders, limits and a log of its own, and all of them are one workload.

use crate::world::{Does, Local, World, ended, marked, observed, running, said, shell, signal, until};
use rustix::process::Signal;
use server::cluster::{
    Cluster, WorkloadSpec,
    local::{LOG_BYTES, LimitsMode},
};
use std::time::Duration;

fn on(nodes: u32, script: &str) -> WorkloadSpec {
    WorkloadSpec { nodes, ..shell(script) }
}

/// Both ways to limit: whatever this machine permits, and our own watch.
fn both() -> [Local; 2] {
    [Local::new(), Local::with(LOG_BYTES, Some(LimitsMode::Rlimits))]
}

async fn values(local: &Local, spec: &WorkloadSpec, node: u32) -> impl Fn(&str) -> Option<String> {
    let log = said(&local.logs(), &spec.id, node).await;
    move |name: &str| log.iter().find_map(|l| l.strip_prefix(&format!("out {name}="))).map(str::to_owned)
}

#[tokio::test]
async fn each_node_is_told_who_it_is() {
    let local = Local::new();
    let mut spec = on(2, "env; [ ! -e mine ] && echo > mine && echo files=$(ls)");
    spec.resources.gpus = 1;
    assert_eq!(local.to_end(&spec).await.code, Some(0));
    let (zero, one) = (values(&local, &spec, 0).await, values(&local, &spec, 1).await);
    for (name, first, second) in [
        ("RANK", "0", "1"),
        ("PET_NODE_RANK", "0", "1"),
        ("SLIPWAY_NODE", "0", "1"),
        ("LOCAL_RANK", "0", "0"),
        ("WORLD_SIZE", "2", "2"),
        ("PET_NNODES", "2", "2"),
        ("PET_NPROC_PER_NODE", "1", "1"),
        ("MASTER_ADDR", "127.0.0.1", "127.0.0.1"),
        ("PET_MASTER_ADDR", "127.0.0.1", "127.0.0.1"),
        // The devices of this world are 0 and 2.
        ("CUDA_VISIBLE_DEVICES", "0", "2"),
        ("files", "mine", "mine"),
    ] {
        assert_eq!((zero(name).as_deref(), one(name).as_deref()), (Some(first), Some(second)), "{name}");
    }
    for name in ["MASTER_PORT", "PET_MASTER_PORT", "SLIPWAY_WORKLOAD_ID"] {
        assert_eq!((zero(name), zero(name).is_some()), (one(name), true), "{name}");
    }
    for name in ["HOME", "TMPDIR"] {
        assert_ne!(zero(name), one(name), "{name}");
    }
}

#[tokio::test]
async fn one_node_is_not_told_to_form_a_group() {
    let local = Local::new();
    let mut spec = shell("env");
    spec.env.insert("PET_NPROC_PER_NODE".into(), "3".into());
    local.to_end(&spec).await;
    let value = values(&local, &spec, 0).await;
    assert_eq!(
        (value("RANK").as_deref(), value("WORLD_SIZE").as_deref(), value("PET_NNODES").as_deref()),
        (Some("0"), Some("1"), Some("1"))
    );
    assert_eq!((value("LOCAL_RANK"), value("SLIPWAY_NODE")), (None, None));
    assert_eq!(value("PET_NPROC_PER_NODE").as_deref(), Some("3"), "what a person says counts");
}

#[tokio::test]
async fn one_that_is_done_leaves_nothing_and_ends_nobody() {
    for local in both() {
        let go = local.folder.path().join("go");
        let script = format!("[ $RANK = 1 ] || {{ setsid sleep 1000 & exit 0; }}; while [ ! -e {} ]; do sleep 0.02; done", go.display());
        let spec = on(2, &script);
        local.local().ensure(&spec).await.unwrap();
        running(local.local(), &spec.id).await;
        // The waiting node and its pause, and nothing that the other one left.
        until("the first node to be gone", async || (1..=2).contains(&marked(&spec.id).len()).then_some(())).await;
        running(local.local(), &spec.id).await;
        std::fs::write(go, "").unwrap();
        let exit = ended(local.local(), &spec.id).await;
        assert_eq!((exit.code, exit.node), (Some(0), None), "{exit:?}");
    }
}

#[tokio::test]
async fn the_limits_are_those_of_each_node() {
    for local in both() {
        let take = "import os, time; b = [bytearray(4 << 20) for _ in range(256 if os.environ['RANK'] == '1' else 10)]; time.sleep(1000)";
        // By a child that its parent has left: it counts for its node all the same.
        let mut spec = on(2, "setsid python3 -c \"$TAKE\" & trap 'echo bye; exit 0' TERM; while :; do sleep 0.02; done");
        spec.env.insert("TAKE".into(), take.into());
        spec.resources.memory_bytes = 128 << 20;
        if local.local().limits_mode() != LimitsMode::Rlimits {
            // A control group that runs out of memory takes whom it likes.
            spec.command = vec!["python3".into(), "-c".into(), take.into()];
        }
        let exit = local.to_end(&spec).await;
        assert_eq!((exit.out_of_memory, exit.node), (true, Some(1)), "{exit:?} with {:?}", local.local().limits_mode());
        assert!(exit.reason.unwrap().contains("128 MiB"));
        assert!(said(&local.logs(), &spec.id, 0).await.iter().any(|l| l.contains("node 1 had failed")));
        assert_eq!(marked(&spec.id), [0; 0]);
    }
}

#[tokio::test]
async fn the_time_is_up_for_all() {
    let local = Local::new();
    let spec = WorkloadSpec { timeout_seconds: Some(1), grace_seconds: 1, ..on(2, "trap '' TERM; while :; do sleep 0.02; done") };
    let exit = local.to_end(&spec).await;
    assert!(exit.timed_out && exit.node.is_none() && exit.signal == Some(9), "{exit:?}");
}

#[tokio::test]
async fn a_command_that_cannot_start_names_no_innocent_node() {
    let local = Local::new();
    let spec = WorkloadSpec { command: vec!["there-is-no-such-command".into()], ..on(3, "") };
    let exit = local.to_end(&spec).await;
    assert_eq!((exit.code, exit.node), (None, Some(0)));
    assert!(exit.reason.unwrap().contains("there-is-no-such-command"));
    for node in 0..3 {
        said(&local.logs(), &spec.id, node).await;
    }
}

#[tokio::test]
async fn its_use_is_that_of_all_nodes() {
    for local in both() {
        let mut spec = on(2, "");
        spec.command = ["python3", "-c", "b = bytearray(60 << 20); import time; time.sleep(1000)"].map(Into::into).into();
        local.local().ensure(&spec).await.unwrap();
        until("the use of both", async || {
            let used = local.local().usage().await.unwrap().into_iter().find(|u| u.id == spec.id)?.numbers.memory_bytes;
            (120 << 20..256 << 20).contains(&used).then_some(())
        })
        .await;
        local.local().forget(&spec.id).await.unwrap();
        assert_eq!(marked(&spec.id), [0; 0]);
    }
}

#[tokio::test]
async fn all_nodes_are_adopted_and_all_end_with_a_killed_supervisor() {
    let mut local = Local::new();
    let spec = local.spec(Does::RunsOnTwo);
    local.local().ensure(&spec).await.unwrap();
    running(local.local(), &spec.id).await;
    let before = observed(local.local(), &spec.id).await;
    local.open();
    assert_eq!(observed(local.local(), &spec.id).await, before);
    local.local().ensure(&spec).await.unwrap();
    until("two processes", async || (marked(&spec.id).len() == 2).then_some(())).await;
    let text = local.local().clues(&spec.id).await.unwrap().remove(0).text;
    assert!(text.contains("2 nodes"), "{text}");
    signal(local.record(&spec.id)["shim"]["pid"].as_i64().unwrap() as i32, Signal::KILL);
    let exit = ended(local.local(), &spec.id).await;
    assert!(exit.reason.is_some_and(|r| r.contains("supervisor")) && exit.node.is_none());
    assert_eq!(marked(&spec.id), [0; 0]);
    for node in 0..2 {
        assert!(said(&local.logs(), &spec.id, node).await.last().unwrap().contains("supervisor"));
    }
    local.local().stop(&spec.id, Duration::ZERO).await.unwrap();
}
