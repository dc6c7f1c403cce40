//! Workloads outlive the server, and are found again; what only looks like them is not.

use crate::world::{Does, Local, World, ended, lives, marked, observed, plain, running, shell, signal, until, written};
use rustix::process::Signal;
use server::cluster::{Cluster, Phase};
use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

/// It runs once. In the midst of `exec` a process has no environment to be known by.
async fn one_process(id: &str) {
    until("its one process", async || (marked(id).len() == 1).then_some(())).await;
}

#[tokio::test]
async fn a_running_workload_is_adopted() {
    let mut local = Local::new();
    let spec = local.spec(Does::Runs);
    local.local().ensure(&spec).await.unwrap();
    running(local.local(), &spec.id).await;
    let before = observed(local.local(), &spec.id).await;
    local.open();
    assert_eq!(observed(local.local(), &spec.id).await, before);
    local.local().ensure(&spec).await.unwrap();
    one_process(&spec.id).await;
    local.local().stop(&spec.id, Duration::from_secs(30)).await.unwrap();
    assert!(ended(local.local(), &spec.id).await.stopped);
}

#[tokio::test]
async fn the_bell_rings_for_the_adopted_too() {
    let mut local = Local::new();
    let spec = local.spec(Does::Runs);
    local.local().ensure(&spec).await.unwrap();
    running(local.local(), &spec.id).await;
    local.open();
    let mut bell = local.local().watch();
    bell.mark_unchanged();
    // A killed supervisor writes nothing, so this ring comes from its end itself.
    signal(local.record(&spec.id)["shim"]["pid"].as_i64().unwrap() as i32, Signal::KILL);
    tokio::time::timeout(Duration::from_secs(120), bell.changed()).await.expect("no ring").unwrap();
}

#[tokio::test]
async fn an_end_while_nobody_looked_is_told() {
    let mut local = Local::new();
    let go = local.folder.path().join("go");
    let spec = shell(&format!("while [ ! -e {} ]; do sleep 0.01; done; exit 7", go.display()));
    local.local().ensure(&spec).await.unwrap();
    running(local.local(), &spec.id).await;
    local.cluster = None;
    std::fs::write(go, "").unwrap();
    until("its processes to go", async || marked(&spec.id).is_empty().then_some(())).await;
    local.open();
    assert_eq!(ended(local.local(), &spec.id).await.code, Some(7));
}

/// Not a test: the server that [`a_killed_server_leaves_its_workloads_running`] kills.
#[tokio::test]
#[ignore = "run by another test, in a process of its own"]
async fn server_to_be_killed() {
    let told = |name: &str| std::env::var_os(name).and_then(|v| v.into_string().ok()).unwrap();
    let cluster = crate::world::open(told("TEST_DATA").as_ref());
    let mut spec = shell(&told("TEST_SCRIPT"));
    spec.id = told("TEST_ID");
    spec.secrets.insert("TOKEN".into(), "handed-to-the-workload".into());
    cluster.ensure(&spec).await.unwrap();
    running(&cluster, &spec.id).await;
    println!("started");
    std::future::pending::<()>().await;
}

/// Starts the server above, with a file and a variable that it should not pass on.
fn server_of_its_own(local: &mut Local, id: &str, script: &str) -> Child {
    local.cluster = None;
    let this = std::env::current_exe().unwrap();
    Command::new("sh")
        .args(["-c", "exec 9</etc/hostname; exec \"$@\"", "sh"])
        .arg(this)
        .args(["--exact", "adoption::server_to_be_killed", "--ignored", "--nocapture"])
        .env("TEST_DATA", local.data())
        .env("TEST_ID", id)
        .env("TEST_SCRIPT", script)
        .env("SLIPWAY_ADMIN_PASSWORD", "the-servers-own-secret")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Starts the server above and kills it when the workload runs.
pub fn server_that_was_killed(local: &mut Local, id: &str, script: &str) {
    let mut child = server_of_its_own(local, id, script);
    use std::io::BufRead;
    let out = std::io::BufReader::new(child.stdout.take().unwrap());
    assert!(out.lines().map_while(Result::ok).any(|l| l.contains("started")), "the server to be killed did not start");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test]
async fn a_killed_server_leaves_its_workloads_running() {
    let mut local = Local::new();
    let spec = plain();
    server_that_was_killed(&mut local, &spec.id, "echo on; exec sleep 1000");
    one_process(&spec.id).await;
    local.open();
    assert!(matches!(observed(local.local(), &spec.id).await.unwrap().phase, Phase::Running { .. }));
    local.local().stop(&spec.id, Duration::from_secs(30)).await.unwrap();
    assert!(ended(local.local(), &spec.id).await.stopped);
    assert!(local.log(&spec.id).await.contains(&"out on".to_owned()));
}

#[tokio::test]
async fn a_server_killed_at_any_moment_of_a_start_starts_it_once() {
    for moment in 0..16 {
        let mut local = Local::new();
        let script = "echo ran >> \"$HOME/ran\"; exec sleep 1000";
        let spec = shell(script);
        let mut server = server_of_its_own(&mut local, &spec.id, script);
        // Half of them before the supervisor has anything, half after its first trace.
        if moment % 2 == 1 {
            let lock = local.data().join(format!("workloads/{}.lock", spec.id));
            until("the start to begin", async || lock.exists().then_some(())).await;
        }
        tokio::time::sleep(Duration::from_millis(moment * 2)).await;
        server.kill().unwrap();
        server.wait().unwrap();
        local.open();
        local.local().ensure(&spec).await.unwrap();
        running(local.local(), &spec.id).await;
        one_process(&spec.id).await;
        let ran = written(&local.data().join("work").join(&spec.id).join("home/ran")).await;
        assert_eq!(ran, "ran\n", "after {moment}");
        local.local().forget(&spec.id).await.unwrap();
    }
}

#[tokio::test]
async fn what_a_killed_supervisor_leaves_is_found_and_ended() {
    let mut local = Local::new();
    // One stays in its session, one leaves it, one leaves it without the mark. The last is found by the control group, or as a child of the second.
    let script = "sleep 1000 & setsid sh -c 'env -i sleep 1000 & echo $! > \"$HOME/hidden\"; wait' & \
                  while [ ! -s \"$HOME/hidden\" ]; do sleep 0.01; done; echo ready; wait";
    let spec = shell(script);
    local.local().ensure(&spec).await.unwrap();
    let hidden = local.data().join("work").join(&spec.id).join("home/hidden");
    let hidden: i32 = written(&hidden).await.trim().parse().unwrap();
    assert!(lives(hidden));
    let shim = local.record(&spec.id)["shim"]["pid"].as_i64().unwrap() as i32;
    local.cluster = None;
    signal(shim, Signal::KILL);
    until("the supervisor to go", async || (!lives(shim)).then_some(())).await;
    local.open();
    let exit = ended(local.local(), &spec.id).await;
    assert!(exit.reason.as_deref().is_some_and(|r| r.contains("supervisor")), "{exit:?}");
    assert_eq!(marked(&spec.id), [0; 0]);
    assert!(!lives(hidden));
    // Said once and for all.
    assert_eq!(ended(local.local(), &spec.id).await, exit);
    assert!(local.logs().page(&spec.id, &Default::default()).await.unwrap().complete);
}

#[tokio::test]
async fn a_recycled_pid_is_not_adopted_and_not_harmed() {
    let mut local = Local::new();
    let spec = local.spec(Does::Runs);
    local.local().ensure(&spec).await.unwrap();
    running(local.local(), &spec.id).await;
    let mut record = local.record(&spec.id);
    local.local().stop(&spec.id, Duration::ZERO).await.unwrap();
    ended(local.local(), &spec.id).await;
    local.cluster = None;
    // As it looks when the machine gave the supervisor's pid to somebody else.
    let mut stranger = Command::new("setsid").args(["sleep", "1000"]).spawn().unwrap();
    record["shim"]["pid"] = stranger.id().into();
    let workloads = local.data().join("workloads");
    std::fs::write(workloads.join(format!("{}.state.json", spec.id)), record.to_string()).unwrap();
    std::fs::remove_file(workloads.join(format!("{}.exit.json", spec.id))).unwrap();
    local.open();
    assert!(ended(local.local(), &spec.id).await.reason.is_some());
    local.local().stop(&spec.id, Duration::ZERO).await.unwrap();
    local.local().forget(&spec.id).await.unwrap();
    assert!(lives(stranger.id() as i32));
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[tokio::test]
async fn a_halted_supervisor_is_woken_to_end_its_workload() {
    let local = Local::new();
    let spec = local.spec(Does::Runs);
    local.local().ensure(&spec).await.unwrap();
    running(local.local(), &spec.id).await;
    signal(local.record(&spec.id)["shim"]["pid"].as_i64().unwrap() as i32, Signal::STOP);
    local.local().stop(&spec.id, Duration::from_secs(30)).await.unwrap();
    assert!(ended(local.local(), &spec.id).await.stopped);
}

#[tokio::test]
async fn a_restart_of_the_machine_is_told() {
    let mut local = Local::new();
    let spec = local.spec(Does::Exits(0));
    local.to_end(&spec).await;
    let mut record = local.record(&spec.id);
    record["boot"] = "another".into();
    let workloads = local.data().join("workloads");
    std::fs::write(workloads.join(format!("{}.state.json", spec.id)), record.to_string()).unwrap();
    std::fs::remove_file(workloads.join(format!("{}.exit.json", spec.id))).unwrap();
    local.open();
    let exit = ended(local.local(), &spec.id).await;
    assert!(exit.reason.unwrap().contains("restarted"));
}

#[tokio::test]
async fn a_damaged_record_is_an_end_and_hides_nobody() {
    let local = Local::new();
    let (spec, other) = (local.spec(Does::Exits(0)), local.spec(Does::Exits(4)));
    local.to_end(&spec).await;
    local.to_end(&other).await;
    let workloads = local.data().join("workloads");
    std::fs::write(workloads.join(format!("{}.state.json", spec.id)), "{half").unwrap();
    std::fs::remove_file(workloads.join(format!("{}.exit.json", spec.id))).unwrap();
    assert!(ended(local.local(), &spec.id).await.reason.unwrap().contains("damaged"));
    assert_eq!(ended(local.local(), &other.id).await.code, Some(4));
    local.local().forget(&spec.id).await.unwrap();
    assert_eq!(local.local().list().await.unwrap().len(), 1);
}
