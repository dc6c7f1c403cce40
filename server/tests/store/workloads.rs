//! Many workloads written at once.

use crate::engines::{OURS, each};
use app::api::{State, resources::Resources};
use server::{
    cluster::WorkloadKind,
    store::workloads::{NewWorkload, WorkloadEnd, WorkloadRow},
};

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
