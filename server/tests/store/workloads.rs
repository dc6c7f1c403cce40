//! Many workloads written at once.

use crate::engines::{OURS, each};
use app::api::{State, resources::Resources};
use server::{
    cluster::WorkloadKind,
    store::{
        image_digests::Ran,
        workloads::{NewWorkload, WorkloadEnd, WorkloadRow},
    },
};
use std::collections::HashMap;

const RESOURCES: Resources = Resources { cpu_millis: 500, memory_bytes: 1 << 30, gpus: 0 };

fn new(id: &str) -> NewWorkload<'_> {
    NewWorkload {
        id,
        team_id: Some(OURS),
        kind: WorkloadKind::Task,
        owner_id: "t",
        name: "task",
        attempt: 1,
        generation: 1,
        resources: RESOURCES,
        nodes: 2,
    }
}

#[tokio::test]
async fn from_the_queue_to_the_end() {
    each(async |w| {
        let ids: Vec<String> = (0..300).map(|i| format!("w{i:03}")).collect();
        let mut tx = w.store.begin().await.unwrap();
        tx.workloads_insert(&ids.iter().map(|id| new(id)).collect::<Vec<_>>()).await.unwrap();
        tx.workloads_insert(&[]).await.unwrap();
        tx.workload_stop("w001", "no more", 5).await.unwrap();
        tx.commit().await.unwrap();
        let row = async |id: &str| w.store.workload(id).await.unwrap().unwrap();
        let (first, last) = (row("w000").await, row("w299").await);
        assert_eq!((last.key - first.key, first.state(), first.nodes, first.cpu_millis), (299, State::Queued, 2, 1000), "{}", w.engine);

        let asked: Vec<&str> = ids.iter().map(String::as_str).collect();
        let mut tx = w.store.begin().await.unwrap();
        let mut granted = tx.workloads_grant(&asked[..3]).await.unwrap();
        granted.sort();
        assert_eq!(granted, ["w000", "w002"], "one was asked to end");
        assert!(tx.workloads_grant(&["w000"]).await.unwrap().is_empty(), "once");
        tx.workloads_ensured(&["w000", "w002"]).await.unwrap();
        tx.workloads_running(&["w000"]).await.unwrap();
        tx.commit().await.unwrap();
        let held = |row: &WorkloadRow| (row.state(), row.granted().is_some(), row.ensured_at.is_some(), row.running_at.is_some());
        assert_eq!(held(&row("w000").await), (State::Running, true, true, true));
        assert_eq!(held(&row("w002").await), (State::Starting, true, true, false));

        let well = WorkloadEnd { state: Some(State::Succeeded), exit_code: Some(0), ended_at: 7, ..WorkloadEnd::default() };
        let ill = WorkloadEnd {
            reason: Some("It is said.".into()),
            signal: Some(9),
            out_of_memory: true,
            began_at: Some(5),
            ended_at: 8,
            ..WorkloadEnd::default()
        };
        let ran = row("w000").await.running_at;
        let well = WorkloadEnd { began_at: Some(5), ..well };
        let mut tx = w.store.begin().await.unwrap();
        tx.workloads_end(&[("w000", &well), ("w002", &ill)]).await.unwrap();
        tx.workloads_end(&[]).await.unwrap();
        // What has ended does not end again.
        tx.workloads_end(&[("w000", &ill)]).await.unwrap();
        tx.workloads_settle(&["w000", "w003"]).await.unwrap();
        tx.workloads_forgotten(&["w000"]).await.unwrap();
        tx.commit().await.unwrap();
        let end = |row: &WorkloadRow| (row.state(), row.exit_code, row.signal, row.out_of_memory, row.ended_at, row.settled, row.forgotten);
        assert_eq!(end(&row("w000").await), (State::Succeeded, Some(0), None, 0, Some(7), 1, 1));
        assert_eq!(end(&row("w002").await), (State::Failed, None, Some(9), 1, Some(8), 0, 0));
        assert_eq!(row("w002").await.reason.as_deref(), Some("It is said."));
        assert_eq!((row("w000").await.running_at, row("w002").await.running_at), (ran, Some(5)), "when it was seen to run stands");
        assert_eq!(row("w003").await.settled, 0, "it has not ended");
    })
    .await;
}

#[tokio::test]
async fn what_an_image_is_the_last_that_ran_it_says() {
    each(async |w| {
        let mut tx = w.store.begin().await.unwrap();
        tx.workloads_insert(&[new("a"), new("b"), new("c")]).await.unwrap();
        tx.commit().await.unwrap();
        let ran = async |all: &[(&str, &str, &str)]| {
            let all: Vec<Ran<'_>> = all.iter().map(|(workload_id, image, digest)| Ran { workload_id, image, digest }).collect();
            let mut tx = w.store.begin().await.unwrap();
            tx.workloads_ran(&all).await.unwrap();
            tx.commit().await.unwrap();
        };
        let of = async |id: &str| {
            let row = w.store.workload(id).await.unwrap().unwrap();
            (row.image_digest, row.revision)
        };
        let images = async || w.store.image_digests(&["x:1", "y:1", "z@sha256:5", "nobody's"]).await.unwrap();
        let known = |all: &[(&str, &str)]| {
            all.iter().map(|(image, digest)| ((*image).into(), (*digest).into())).collect::<HashMap<String, String>>()
        };
        assert_eq!((of("a").await, images().await), ((None, 1), known(&[])), "{}", w.engine);
        ran(&[]).await;
        // Twice the same in one: the later counts.
        ran(&[("a", "x:1", "sha256:1"), ("b", "x:1", "sha256:2"), ("c", "z@sha256:5", "sha256:5")]).await;
        assert_eq!((of("a").await, of("b").await), ((Some("sha256:1".into()), 2), (Some("sha256:2".into()), 2)), "{}", w.engine);
        assert_eq!(of("c").await.0.as_deref(), Some("sha256:5"));
        assert_eq!(images().await, known(&[("x:1", "sha256:2")]), "{}: what names its content is not moved", w.engine);
        ran(&[("a", "x:1", "sha256:3"), ("gone", "y:1", "sha256:4")]).await;
        assert_eq!(of("a").await, (Some("sha256:1".into()), 2), "{}: what was noted stands", w.engine);
        assert_eq!(images().await, known(&[("x:1", "sha256:3"), ("y:1", "sha256:4")]), "{}", w.engine);
    })
    .await;
}
