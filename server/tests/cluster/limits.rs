//! Memory and CPU: limited, told apart from crashes, measured.

use crate::world::{Does, Local, World, ended, marked, plain, running, shell, until};
use server::cluster::{
    Cluster, WorkloadSpec,
    local::{LOG_BYTES, LimitsMode},
};

const ALLOCATE: &str = "b = [bytearray(4 << 20) for _ in range(256)]; print(len(b))";

fn python(program: &str) -> WorkloadSpec {
    let mut spec = WorkloadSpec { command: ["python3", "-c", program].map(Into::into).into(), ..plain() };
    spec.resources.memory_bytes = 128 << 20;
    spec
}

/// Both ways to limit: whatever this machine permits, and our own watch.
fn both() -> [Local; 2] {
    [Local::new(), Local::with(LOG_BYTES, Some(LimitsMode::Rlimits))]
}

#[tokio::test]
async fn out_of_memory_is_told_apart_from_a_crash() {
    for local in both() {
        let exit = local.to_end(&python(&format!("{ALLOCATE}; import time; time.sleep(1000)"))).await;
        assert!(exit.out_of_memory && !exit.stopped, "{exit:?} with {:?}", local.local().limits_mode());
        assert!(exit.reason.unwrap().contains("128 MiB"));
        let exit = local.to_end(&shell("kill -9 $$")).await;
        assert_eq!((exit.signal, exit.out_of_memory), (Some(9), false));
    }
}

#[tokio::test]
async fn a_worker_without_memory_counts_too() {
    for local in both() {
        let program = format!(
            "import subprocess, sys, time; r = subprocess.run([sys.executable, '-c', '{ALLOCATE}; import time; time.sleep(1000)']); sys.exit(3)"
        );
        let exit = local.to_end(&python(&program)).await;
        assert!(exit.out_of_memory, "{exit:?} with {:?}", local.local().limits_mode());
    }
}

#[tokio::test]
async fn memory_that_is_shared_counts_once() {
    for local in both() {
        // Three processes with the same 80 MB, long enough for several looks.
        let program =
            "import os, time; b = bytearray(80 << 20); [os.fork() or (time.sleep(2), os._exit(0)) for _ in range(2)]; time.sleep(2)";
        let spec = python(program);
        local.local().ensure(&spec).await.unwrap();
        let counts = async || {
            let used = local.local().usage().await.unwrap().into_iter().find(|u| u.id == spec.id)?.numbers.memory_bytes;
            (marked(&spec.id).len() == 3 && (80 << 20..128 << 20).contains(&used)).then_some(())
        };
        until("shared memory counted once", counts).await;
        let exit = ended(local.local(), &spec.id).await;
        assert_eq!((exit.code, exit.out_of_memory), (Some(0), false), "{:?}", local.local().limits_mode());
    }
}

#[tokio::test]
async fn groups_are_gone_with_the_workload() {
    let local = Local::new();
    let spec = local.spec(Does::Runs);
    local.local().ensure(&spec).await.unwrap();
    running(local.local(), &spec.id).await;
    assert_eq!(server::cluster::local::limits_mode(), local.local().limits_mode());
    let groups: Vec<String> = serde_json::from_value(local.record(&spec.id)["groups"].clone()).unwrap();
    assert_eq!(groups.is_empty(), local.local().limits_mode() == LimitsMode::Rlimits);
    assert!(groups.iter().all(|g| std::path::Path::new(g).is_dir()));
    local.local().stop(&spec.id, std::time::Duration::ZERO).await.unwrap();
    ended(local.local(), &spec.id).await;
    assert!(!groups.iter().any(|g| std::path::Path::new(g).exists()));
}

#[tokio::test]
async fn use_is_measured_over_all_processes() {
    for local in both() {
        let mut spec = python("import subprocess, sys; b = bytearray(60 << 20); subprocess.run(['sh', '-c', 'while :; do :; done'])");
        spec.resources.cpu_millis = 500;
        local.local().ensure(&spec).await.unwrap();
        let usage = until("measured use", async || {
            let all = local.local().usage().await.unwrap();
            let one = all.into_iter().find(|u| u.id == spec.id)?;
            (one.numbers.cpu_millis >= 50 && (60 << 20..128 << 20).contains(&one.numbers.memory_bytes)).then_some(one)
        })
        .await;
        assert!(usage.numbers.cpu_millis < 4000, "{usage:?}");
        local.local().forget(&spec.id).await.unwrap();
        assert_eq!(local.local().usage().await.unwrap(), []);
    }
}

#[tokio::test]
async fn capacity_is_the_machine_less_the_reserve() {
    let local = Local::new();
    let capacity = local.local().capacity().await.unwrap();
    let cores = std::thread::available_parallelism().unwrap().get() as i64;
    assert_eq!(capacity.total.cpu_millis, cores * 1000 - 100);
    assert_eq!(capacity.reserve.memory_bytes, 64 << 20);
}

#[tokio::test]
async fn a_gpu_has_one_workload_at_a_time() {
    let mut local = Local::new();
    let two = || {
        let mut spec = shell("echo gpu $CUDA_VISIBLE_DEVICES; exec sleep 1000");
        spec.resources.gpus = 1;
        spec
    };
    let said =
        async |local: &Local, id: &str| until("its GPU", async || local.log(id).await.into_iter().find(|l| l.starts_with("out gpu"))).await;
    let (one, other, third) = (two(), two(), two());
    local.local().ensure(&one).await.unwrap();
    local.local().ensure(&other).await.unwrap();
    let mut seen = [said(&local, &one.id).await, said(&local, &other.id).await];
    seen.sort();
    assert_eq!(seen, ["out gpu 0", "out gpu 2"]);
    // A server that starts again knows who has them.
    local.open();
    let refusal = local.local().ensure(&third).await.unwrap_err();
    assert_eq!(refusal.to_string(), "1 GPU asked for, and 0 are free on this machine now.");
    // An end gives it back.
    let freed = said(&local, &other.id).await;
    local.local().stop(&other.id, std::time::Duration::from_secs(5)).await.unwrap();
    ended(local.local(), &other.id).await;
    local.local().ensure(&third).await.unwrap();
    assert_eq!(said(&local, &third.id).await, freed);
    // Who asks for none sees none.
    let none = shell("echo none $CUDA_VISIBLE_DEVICES.");
    local.to_end(&none).await;
    assert!(local.log(&none.id).await.contains(&"out none .".to_owned()));
}

#[tokio::test]
async fn gpus_that_are_not_there_are_refused() {
    let local = Local::new();
    let gpus = local.local().capacity().await.unwrap().total.gpus;
    let mut spec = plain();
    spec.resources.gpus = gpus + 1;
    assert!(local.local().ensure(&spec).await.is_err());
    assert_eq!(local.local().list().await.unwrap(), []);
}
