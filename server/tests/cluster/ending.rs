//! Every way to end, and that nothing survives it.

use crate::world::{Local, ended, lives, marked, running, shell, until, written};
use server::cluster::{Cluster, WorkloadSpec};
use std::time::Duration;

const GRACE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_signal_is_told_apart_from_a_code() {
    let local = Local::new();
    let exit = local.to_end(&shell("kill -SEGV $$")).await;
    assert_eq!((exit.code, exit.signal, exit.stopped, exit.out_of_memory), (None, Some(11), false, false));
}

/// Starts processes that try to get away: in the background, in a session of their own, forked twice, without environment.
const ESCAPES: &str = "sleep 1000 & echo $! >> \"$HOME/some\"; \
    setsid sh -c 'echo $$ >> \"$HOME/some\"; exec sleep 1000' & \
    setsid sh -c 'setsid sh -c \"echo \\$\\$ >> \\\"$HOME/some\\\"; exec env -i sleep 1000\" & exit 0' & \
    sh -c 'trap \"\" TERM HUP; echo $$ >> \"$HOME/some\"; while :; do sleep 0.02; done' & \
    while [ $(cat \"$HOME/some\" | wc -l) -lt 4 ]; do sleep 0.02; done; echo $(cat \"$HOME/some\") > \"$HOME/pids\"; ";

async fn escaped(local: &Local, spec: &WorkloadSpec) -> Vec<i32> {
    let path = local.data().join("work").join(&spec.id).join("home/pids");
    written(&path).await.split_whitespace().map(|p| p.parse().unwrap()).collect()
}

#[tokio::test]
async fn nothing_survives_a_stop() {
    let local = Local::new();
    let spec = shell(&format!("{ESCAPES} wait"));
    local.local().ensure(&spec).await.unwrap();
    let pids = escaped(&local, &spec).await;
    assert!(pids.len() == 4 && pids.iter().all(|p| lives(*p)), "{pids:?}");
    local.local().stop(&spec.id, GRACE).await.unwrap();
    assert!(ended(local.local(), &spec.id).await.stopped);
    assert_eq!(marked(&spec.id), [0; 0]);
    assert!(!pids.into_iter().any(lives));
}

#[tokio::test]
async fn nothing_survives_its_parent() {
    let local = Local::new();
    let spec = shell(&format!("{ESCAPES} exit 5"));
    local.local().ensure(&spec).await.unwrap();
    let exit = ended(local.local(), &spec.id).await;
    assert_eq!((exit.code, exit.stopped), (Some(5), false));
    assert_eq!(marked(&spec.id), [0; 0]);
    assert!(!escaped(&local, &spec).await.into_iter().any(lives));
}

#[tokio::test]
async fn many_children_end_with_it() {
    let local = Local::new();
    let spec = shell("for i in $(seq 150); do setsid sleep 1000 & done; echo; echo all > \"$HOME/all\"; wait");
    local.local().ensure(&spec).await.unwrap();
    written(&local.data().join("work").join(&spec.id).join("home/all")).await;
    local.local().stop(&spec.id, Duration::ZERO).await.unwrap();
    ended(local.local(), &spec.id).await;
    assert_eq!(marked(&spec.id), [0; 0]);
}

#[tokio::test]
async fn grace_is_given_and_then_ends() {
    let local = Local::new();
    let polite = shell("trap 'echo bye; exit 0' TERM; echo on; while :; do sleep 0.02; done");
    local.local().ensure(&polite).await.unwrap();
    until("its first line", async || local.log(&polite.id).await.contains(&"out on".into()).then_some(())).await;
    local.local().stop(&polite.id, GRACE).await.unwrap();
    let exit = ended(local.local(), &polite.id).await;
    assert_eq!((exit.code, exit.stopped), (Some(0), true));
    assert!(local.log(&polite.id).await.contains(&"out bye".into()));

    let rude = shell("trap '' TERM; echo on; while :; do sleep 0.02; done");
    local.local().ensure(&rude).await.unwrap();
    until("its first line", async || local.log(&rude.id).await.contains(&"out on".into()).then_some(())).await;
    local.local().stop(&rude.id, Duration::from_millis(300)).await.unwrap();
    let exit = ended(local.local(), &rude.id).await;
    assert_eq!((exit.signal, exit.stopped), (Some(9), true));
}

#[tokio::test]
async fn its_time_is_up() {
    let local = Local::new();
    let spec = WorkloadSpec { timeout_seconds: Some(1), grace_seconds: 1, ..shell("trap '' TERM; while :; do sleep 0.02; done") };
    let exit = local.to_end(&spec).await;
    assert!(exit.timed_out && !exit.stopped && exit.signal == Some(9), "{exit:?}");
    assert!(exit.reason.unwrap().contains("1 seconds"));
}

#[tokio::test]
async fn a_program_that_cannot_be_executed_is_an_end_with_a_reason() {
    let local = Local::new();
    // Several times: the end of the process and its last words arrive in either order.
    for name in ["./missing.sh"].into_iter().chain(["./text.txt"; 30]) {
        let mut spec = WorkloadSpec { command: vec![name.into()], ..shell("") };
        spec.files.insert("text.txt".into(), "no program".into());
        let exit = local.to_end(&spec).await;
        assert!(exit.reason.as_deref().is_some_and(|r| r.contains(name)) && !exit.stopped, "{exit:?}");
    }
}

#[tokio::test]
async fn a_supervisor_that_is_asked_by_a_signal_ends_its_workload() {
    let local = Local::new();
    let spec = shell("exec sleep 1000");
    local.local().ensure(&spec).await.unwrap();
    running(local.local(), &spec.id).await;
    let shim = local.record(&spec.id)["shim"]["pid"].as_i64().unwrap() as i32;
    crate::world::signal(shim, rustix::process::Signal::TERM);
    let exit = ended(local.local(), &spec.id).await;
    assert!(!exit.stopped && exit.reason.is_some(), "{exit:?}");
    assert_eq!(marked(&spec.id), [0; 0]);
}
