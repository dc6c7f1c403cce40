//! A supervisor waits for the next workload.

use crate::world::{Local, lives, shell};
use server::cluster::Cluster;
use std::time::Duration;

/// Ticks since the machine started, as the start of a process is told.
fn now() -> u64 {
    let uptime = std::fs::read_to_string("/proc/uptime").unwrap();
    let seconds: f64 = uptime.split(' ').next().unwrap().parse().unwrap();
    (seconds * rustix::param::clock_ticks_per_second() as f64) as u64
}

#[tokio::test]
async fn what_follows_is_supervised_by_one_that_waited() {
    let local = Local::new();
    let first = shell("exit 0");
    local.to_end(&first).await;
    let mut begun = Vec::new();
    for _ in 0..2 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let (next, before) = (shell("exit 3"), now());
        assert_eq!(local.to_end(&next).await.code, Some(3));
        begun.push((local.record(&next.id)["shim"]["start"].as_u64().unwrap(), before));
    }
    assert!(begun.iter().all(|(start, before)| start < before), "{begun:?}");
}

#[tokio::test]
async fn it_is_named_after_its_workload() {
    let mut local = Local::new();
    local.to_end(&shell("exit 0")).await;
    let runs = shell("exec sleep 1000");
    local.local().ensure(&runs).await.unwrap();
    let pid = local.record(&runs.id)["shim"]["pid"].as_i64().unwrap() as i32;
    let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap();
    assert_eq!(name.trim(), format!("slipway-{}", &runs.id[runs.id.len() - 7..]));
    // It is nobody's spare any more: it stays when the server goes.
    local.cluster = None;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(lives(pid));
}
