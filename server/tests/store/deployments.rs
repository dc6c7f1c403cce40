//! Deployments and revisions on both engines: guarded changes, times that follow the state, where requests go.

use super::engines::{OURS, THEIRS, each};
use app::api::{
    State,
    deployments::{RevisionState, Smoke},
    environments::Build,
    resources::Resources,
};
use server::{
    clock::Clock,
    cluster::{Endpoint, WorkloadKind},
    error::Kind,
    store::{
        Tx,
        deployments::DeploymentChange,
        environments::NewEnvVersion,
        events::NewEvent,
        replicas::ReplicaRow,
        revisions::{NewRevision, RevisionChange},
        workloads::NewWorkload,
    },
};
use std::{collections::BTreeMap, path::PathBuf};

const RESOURCES: Resources = Resources { cpu_millis: 500, memory_bytes: 1 << 30, gpus: 0 };

async fn revision(tx: &mut Tx, id: &str, number: i64) {
    let env = BTreeMap::from([("A".to_owned(), "1".to_owned())]);
    tx.revision_insert(&NewRevision {
        id,
        deployment_id: "d",
        team_id: OURS,
        number,
        model: "iris",
        version: number,
        runtime: "slipway-python",
        program: None,
        environment: "serve",
        environment_version: 1,
        environment_version_id: "v",
        resources: RESOURCES,
        env: &env,
        secrets: &[],
        created_by: "ada",
        rolled_back_to: None,
        alias: None,
    })
    .await
    .unwrap();
}

const fn change(serving: Option<i64>, next: Option<i64>, state: State) -> DeploymentChange<'static> {
    DeploymentChange { desired: "running", state, reason: None, latest: 2, serving, canary: None, next, next_share: None }
}

const fn is(state: RevisionState) -> RevisionChange<'static> {
    RevisionChange { state, reason: None, smoke: None, attempts: 1 }
}

fn replica(number: i64, workload: Option<&str>) -> ReplicaRow {
    ReplicaRow {
        revision_id: "r1".into(),
        number,
        workload_id: workload.map(str::to_owned),
        crashes: 0,
        reason: None,
        retry_at: None,
        drains_since: None,
    }
}

#[tokio::test]
async fn a_deployment_and_its_revisions() {
    each(async |w| {
        let s = &w.store;
        let mut tx = s.begin().await.unwrap();
        tx.deployment_insert("d", OURS, "iris", 2).await.unwrap();
        revision(&mut tx, "r1", 1).await;
        revision(&mut tx, "r2", 2).await;
        let workload = NewWorkload {
            id: "w",
            team_id: Some(OURS),
            kind: WorkloadKind::Replica,
            owner_id: "r1",
            name: "iris",
            attempt: 1,
            generation: 1,
            resources: RESOURCES,
            nodes: 1,
        };
        tx.workload_insert(&workload).await.unwrap();
        tx.replica_put(&replica(1, Some("w"))).await.unwrap();
        tx.replica_put(&ReplicaRow { crashes: 2, retry_at: Some(7), reason: Some("It ended.".into()), ..replica(2, None) }).await.unwrap();
        tx.workload_running("w", Some(&Endpoint::Unix { path: PathBuf::from("/s") })).await.unwrap();
        tx.commit().await.unwrap();

        let mut tx = s.begin().await.unwrap();
        assert_eq!(tx.deployment_insert("e", OURS, "iris", 1).await.unwrap_err().kind, Kind::Taken, "{}", w.engine);
        drop(tx);
        assert!(s.deployment(THEIRS, "iris").await.unwrap().is_none());
        assert_eq!(s.deployment_routes().await.unwrap()[0].endpoint, None, "it does not serve yet");

        w.clock.advance(1000);
        let mut tx = s.begin().await.unwrap();
        assert!(!tx.deployment_update("d", 7, &change(Some(1), Some(2), State::Running)).await.unwrap(), "a stale revision");
        assert!(!tx.deployment_hold("d", 7).await.unwrap());
        assert!(tx.deployment_hold("d", 1).await.unwrap());
        assert!(tx.deployment_update("d", 1, &change(Some(1), Some(2), State::Running)).await.unwrap());
        let smoke = Smoke { example: true, latency_seconds: 0.0015, detail: "x".into() };
        tx.revision_update("r1", &RevisionChange { smoke: Some(&smoke), ..is(RevisionState::Serving) }).await.unwrap();
        tx.commit().await.unwrap();
        let (d, r) = (s.deployment(OURS, "iris").await.unwrap().unwrap(), s.revision("r1").await.unwrap().unwrap());
        assert_eq!((d.revision, d.state_since - d.created_at, r.serving_at), (2, 1000, Some(d.state_since)));
        assert_eq!((r.smoke(), r.env()["A"].as_str(), r.resources()), (Some(smoke), "1", RESOURCES));
        assert_eq!((d.replicas, d.ready), (2, 1));
        let mut routes = s.deployment_routes().await.unwrap();
        let (route, other) = (routes.remove(0), routes.remove(0));
        assert_eq!((route.team.as_str(), route.number, route.workload_id.as_deref()), ("ours", Some(1), Some("w")));
        assert!(route.endpoint.is_some() && other.endpoint.is_none() && routes.is_empty());
        let now = s.replicas_of("d").await.unwrap();
        let told: Vec<_> = now.iter().map(|r| (r.revision, r.number, r.state(), r.crashes)).collect();
        assert_eq!(told, [(1, 1, State::Running, 0), (1, 2, State::Starting, 2)], "{}", w.engine);
        let mut tx = s.begin().await.unwrap();
        tx.replicas_forgive("r1").await.unwrap();
        tx.replica_put(&ReplicaRow { drains_since: Some(9), ..replica(1, Some("w")) }).await.unwrap();
        tx.commit().await.unwrap();
        let all = s.replicas().await.unwrap();
        assert_eq!((all.len(), all[0].drains_since, all[1].crashes, all[1].retry_at), (2, Some(9), 0, None));
        assert_eq!(s.deployment(OURS, "iris").await.unwrap().unwrap().ready, 0);
        assert!(s.deployment_routes().await.unwrap().iter().all(|r| r.endpoint.is_none()), "what drains gets no requests");
        let mut tx = s.begin().await.unwrap();
        assert!(!tx.deployment_scale("d", 7, 3).await.unwrap());
        tx.replica_drop("r1", 1).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(s.replicas().await.unwrap().len(), 1);
        assert!(s.deployments_of_model(OURS, "iris").await.unwrap().contains(&(2, "iris".to_owned())));
        assert_eq!(s.revisions_at_work(None).await.unwrap().len(), 2);
        assert_eq!(s.revisions_at_work(Some(THEIRS)).await.unwrap().len(), 0);

        w.clock.advance(1000);
        let mut tx = s.begin().await.unwrap();
        tx.revision_update("r1", &is(RevisionState::Retired)).await.unwrap();
        tx.commit().await.unwrap();
        w.clock.advance(1000);
        let mut tx = s.begin().await.unwrap();
        tx.revision_update("r1", &is(RevisionState::Retired)).await.unwrap();
        tx.commit().await.unwrap();
        let r = s.revision("r1").await.unwrap().unwrap();
        assert_eq!(r.retired_at, r.serving_at.map(|t| t + 1000), "since the first time");
        assert!(r.smoke().is_some());
        assert_eq!(s.revision_list("d", i64::MAX, 1).await.unwrap()[0].number, 2);
        assert_eq!(s.deployments_unsettled().await.unwrap().len(), 1);
        assert!(s.failed(OURS, 0, 9).await.unwrap().is_empty() && s.at_rest(OURS, 0, 9).await.unwrap().is_empty());
        let mut tx = s.begin().await.unwrap();
        tx.revision_update("r2", &is(RevisionState::Failed)).await.unwrap();
        tx.environment_insert("env", Some(OURS), "mine", "").await.unwrap();
        let build = |id, version, build| NewEnvVersion {
            id,
            environment_id: "env",
            version,
            requirements: "x",
            lock_text: None,
            image: None,
            digest: "abc",
            build,
            reason: Some("No such package."),
            packages: "[]",
        };
        tx.environment_version_insert(&build("v1", 1, Build::Failed)).await.unwrap();
        tx.commit().await.unwrap();
        let failed: Vec<(String, String)> = s.failed(OURS, 0, 9).await.unwrap().into_iter().map(|r| (r.kind, r.name)).collect();
        let kinds = [("environment", "mine"), ("deployment", "iris")].map(|(k, n)| (k.to_owned(), n.to_owned()));
        assert_eq!(failed, kinds, "newest first, {}", w.engine);
        assert!(s.failed(THEIRS, 0, 9).await.unwrap().is_empty());
        let rest = s.at_rest(OURS, 0, 9).await.unwrap();
        assert_eq!(rest.iter().map(|r| (r.reason.as_deref(), r.state())).collect::<Vec<_>>(), [(Some("No such package."), State::Failed)]);
        let mut tx = s.begin().await.unwrap();
        tx.environment_set_latest("env", 2, "").await.unwrap();
        tx.environment_version_insert(&build("v2", 2, Build::Ready)).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(s.failed(OURS, 0, 9).await.unwrap().len(), 1, "a newer version was built");
        let mut tx = s.begin().await.unwrap();
        tx.deployment_remove("d").await.unwrap();
        tx.commit().await.unwrap();
        assert!(s.revision_numbered("d", 1).await.unwrap().is_none() && s.deployment_by_id("d").await.unwrap().is_none());
        assert!(s.replicas().await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn what_served_when_is_read_from_the_events() {
    each(async |w| {
        let s = &w.store;
        let begun = w.clock.now();
        let changes = std::cell::Cell::new(0);
        let did = async |team: &str, object_id: &str, action: &str| {
            w.clock.advance(1000);
            changes.set(changes.get() + 1);
            let mut tx = s.begin().await.unwrap();
            let event = NewEvent {
                team_id: Some(team),
                actor: "ada",
                action,
                kind: "deployment",
                object_id,
                object_name: "iris",
                revision: changes.get(),
                before: None,
                after: Some(serde_json::json!({ "revision": 1 })),
            };
            tx.event(event).await.unwrap();
            tx.commit().await.unwrap();
        };
        for action in ["create", "serve", "crash", "serve", "redeploy", "stop", "serve"] {
            did(OURS, "d", action).await;
        }
        did(THEIRS, "x", "serve").await;
        did(OURS, "d", "delete").await;
        did(OURS, "e", "serve").await;
        let rows = s.ledger(OURS, "iris", None, i64::MAX, 9).await.unwrap();
        let times: Vec<_> = rows
            .iter()
            .map(|r| ((r.time - begun) / 1000, r.end_time.map(|t| (t - begun) / 1000), r.end_action.as_deref(), r.object_id.as_str()))
            .collect();
        let all =
            [(10, None, None, "e"), (7, Some(9), Some("delete"), "d"), (4, Some(6), Some("stop"), "d"), (2, Some(4), Some("serve"), "d")];
        assert_eq!(times, all, "{}", w.engine);
        for (second, expected) in [(1, 0), (2, 2), (3, 2), (4, 4), (6, 0), (8, 7), (9, 0), (99, 10)] {
            let at = s.ledger(OURS, "iris", Some(begun + second * 1000), i64::MAX, 9).await.unwrap();
            let found: Vec<_> = at.iter().map(|r| (r.time - begun) / 1000).collect();
            assert_eq!(found, if expected == 0 { vec![] } else { vec![expected] }, "at {second}, {}", w.engine);
        }
        assert_eq!(s.ledger(OURS, "iris", None, rows[1].seq, 1).await.unwrap(), rows[2..3], "a page");
        assert!(s.ledger(OURS, "other", None, i64::MAX, 9).await.unwrap().is_empty());
        assert!(
            s.versions_kept(OURS, None, None).await.unwrap().is_empty()
                && s.versions_kept(OURS, Some("iris"), Some(1)).await.unwrap().is_empty()
        );
        assert!(s.revisions_served("d").await.unwrap().is_empty());
    })
    .await;
}
