//! What clean-up finds and frees.

use crate::engines::{OURS, THEIRS, World, each};
use app::api::{clean_up::CleanUpKind, environments::Build};
use server::{
    records::run::Lifecycle,
    store::{
        clean_up::{After, FIRST, RegisteredRow},
        environments::NewEnvVersion,
        ledger::From,
        logged_models::NewLoggedModel,
        model_versions::NewVersion,
    },
};

async fn deleted(w: &World, id: &str) -> i64 {
    let row = w.run(id).await;
    w.clock.advance(1000);
    let mut tx = w.store.begin().await.unwrap();
    assert!(tx.run_set_lifecycle(row.key, Lifecycle::Deleted).await.unwrap().is_some());
    tx.commit().await.unwrap();
    row.key
}

async fn logged(w: &World, id: &str, run: Option<&str>) {
    let mut tx = w.store.begin().await.unwrap();
    let new =
        NewLoggedModel { id, experiment_id: OURS, source_run_id: run, name: id, model_type: None, artifact_uri: "mlflow-artifacts:/x" };
    tx.logged_model_insert(OURS, &new).await.unwrap();
    tx.commit().await.unwrap();
}

async fn found(w: &World, team: &str, kind: CleanUpKind, after: After<'_>) -> Vec<String> {
    w.store.deleted(team, kind, after, 9).await.unwrap().into_iter().map(|r| r.id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_runs_newest_first_until_they_are_freed() {
    each(async |w| {
        let e = w.engine;
        w.run("alive").await;
        let key = deleted(w, "r1").await;
        deleted(w, "r2").await;
        assert_eq!(found(w, OURS, CleanUpKind::Run, FIRST).await, ["r2", "r1"], "{e}");
        assert_eq!(found(w, THEIRS, CleanUpKind::Run, FIRST).await, [""; 0], "{e}");
        let last = w.store.deleted(OURS, CleanUpKind::Run, FIRST, 1).await.unwrap().remove(0);
        assert_eq!(found(w, OURS, CleanUpKind::Run, After(last.deleted_at, &last.id)).await, ["r1"], "{e}");

        logged(w, "m1", Some("r1")).await;
        let mut tx = w.store.begin().await.unwrap();
        assert!(tx.run_free(THEIRS, "r1").await.unwrap().is_none() && tx.run_free(OURS, "alive").await.unwrap().is_none());
        assert!(!tx.files_freed(OURS, Some("r1"), Some("m1")).await.unwrap());
        assert_eq!(tx.run_free(OURS, "r1").await.unwrap().unwrap().id, "r1");
        assert_eq!(tx.logged_by_free(OURS, "r1").await.unwrap().len(), 1);
        assert!(tx.run_free(OURS, "r1").await.unwrap().is_none(), "{e}: once");
        tx.artifacts_free(OURS, "a/b").await.unwrap();
        tx.artifacts_free(OURS, "a/b").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(found(w, OURS, CleanUpKind::Run, FIRST).await, ["r2"], "{e}");
        assert!(w.store.files_freed(OURS, Some("r1"), None).await.unwrap() && w.store.files_freed(OURS, None, Some("m1")).await.unwrap());
        assert!(
            !w.store.files_freed(OURS, Some("r2"), None).await.unwrap() && !w.store.files_freed(THEIRS, Some("r1"), None).await.unwrap()
        );
        let mut tx = w.store.begin().await.unwrap();
        assert!(tx.files_freed(OURS, None, Some("m1")).await.unwrap());
        assert_eq!(tx.run_set_lifecycle(key, Lifecycle::Active).await.unwrap(), None, "{e}: it is not restored");
        let row = w.store.freed_artifacts(9).await.unwrap().remove(0);
        tx.freed_artifacts_done(&row).await.unwrap();
        tx.commit().await.unwrap();
        assert!(w.store.freed_artifacts(9).await.unwrap().is_empty());

        // With its experiment neither.
        let experiment = w.default(OURS).await.key;
        let mut tx = w.store.begin().await.unwrap();
        tx.experiment_set_lifecycle(experiment, Lifecycle::Deleted).await.unwrap();
        tx.experiment_set_lifecycle(experiment, Lifecycle::Active).await.unwrap();
        tx.commit().await.unwrap();
        let active = async |id: &str| w.store.run(OURS, id).await.unwrap().unwrap().is_active();
        assert_eq!((active("r1").await, active("r2").await, active("alive").await), (false, true, true), "{e}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn logged_models_that_were_deleted_alone() {
    each(async |w| {
        w.run("alive").await;
        deleted(w, "r1").await;
        for (id, run) in [("m1", Some("r1")), ("m2", Some("alive")), ("m3", None)] {
            logged(w, id, run).await;
            w.clock.advance(1000);
            let mut tx = w.store.begin().await.unwrap();
            tx.logged_model_delete(id).await.unwrap();
            tx.commit().await.unwrap();
        }
        assert_eq!(found(w, OURS, CleanUpKind::LoggedModel, FIRST).await, ["m3", "m2"], "{}: m1 goes with its run", w.engine);
        assert_eq!(w.store.logged_by(OURS, "r1").await.unwrap().len(), 1);
        let mut tx = w.store.begin().await.unwrap();
        assert!(tx.logged_model_free(OURS, "m3").await.unwrap().is_some() && tx.logged_model_free(THEIRS, "m2").await.unwrap().is_none());
        tx.commit().await.unwrap();
        assert_eq!(found(w, OURS, CleanUpKind::LoggedModel, FIRST).await, ["m2"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_registered_from_files_and_what_serves_it() {
    each(async |w| {
        w.run("r1").await;
        logged(w, "m1", None).await;
        let mut tx = w.store.begin().await.unwrap();
        tx.exec(
            "INSERT INTO models (id, team_id, name, description, last_version, revision, created_at, updated_at)
             VALUES ('churn', $1, 'churn', '', 0, 1, 0, 0)",
            server::args![OURS],
        )
        .await
        .unwrap();
        let new = |id, run_id, logged_model_id| NewVersion {
            id,
            description: "",
            user_name: "ada",
            source: "x",
            storage: "mlflow-artifacts:/x/model",
            run_id,
            run_link: None,
            logged_model_id,
        };
        tx.version_insert(OURS, "churn", &new("v1", Some("r1"), None)).await.unwrap();
        tx.version_insert(OURS, "churn", &new("v2", None, Some("m1"))).await.unwrap();
        tx.deployment_insert("d", OURS, "web", 1).await.unwrap();
        revision(&mut tx, "churn", 2, "x").await;
        let registered = tx.registered_from(OURS, "r1", &["m1"]).await.unwrap();
        tx.commit().await.unwrap();
        let row =
            |version, deployment: Option<&str>| RegisteredRow { model: "churn".into(), version, deployment: deployment.map(Into::into) };
        assert_eq!(registered, [row(1, None), row(2, Some("web"))], "{}", w.engine);
        assert_eq!(w.store.registered_from(OURS, "", &["m1"]).await.unwrap(), [row(2, Some("web"))]);
        assert!(w.store.registered_from(THEIRS, "r1", &["m1"]).await.unwrap().is_empty());
        assert_eq!(w.store.shown_by(OURS, "r1").await.unwrap(), None);
        assert_eq!(w.store.versions_kept_from(OURS, From::LoggedModel("m1")).await.unwrap()[0].deployment, "web");
        assert!(w.store.versions_kept_from(OURS, From::Run("r1")).await.unwrap().is_empty());
    })
    .await;
}

/// Revision 1 of the deployment `d`, which has served.
async fn revision(tx: &mut server::store::Tx, model: &str, version: i64, environment_version: &str) {
    tx.exec(
        "INSERT INTO revisions (id, deployment_id, team_id, number, model, version, runtime, environment, environment_version,
         environment_version_id, cpu_millis, memory_bytes, gpus, env_json, secrets_json, state, created_by, attempts, created_at, serving_at)
         VALUES ('r', 'd', $1, 1, $2, $3, 'x', 'torch', 1, $4, 1, 1, 0, '{}', '[]', 'retired', 'ada', 0, 0, 1)",
        server::args![OURS, model, version, environment_version],
    )
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn environments_that_may_be_freed_and_who_needs_them() {
    each(async |w| {
        let e = w.engine;
        let mut tx = w.store.begin().await.unwrap();
        for (team, name, versions) in [
            (Some(OURS), "torch", &["d1", "d2", "d1", "d3"][..]),
            (Some(OURS), "pipeline-0123456789ab", &["d4"]),
            (Some(THEIRS), "torch", &["d2", "d5"]),
            (None, "serve", &["d3"]),
        ] {
            let of = format!("{}{name}", team.unwrap_or_default());
            tx.environment_insert(&of, team, name, "").await.unwrap();
            for (i, digest) in versions.iter().enumerate() {
                let (id, version) = (format!("{of}{i}"), i as i64 + 1);
                tx.environment_version_insert(&NewEnvVersion {
                    id: &id,
                    environment_id: &of,
                    version,
                    requirements: "six\n",
                    lock_text: Some("six==1\n"),
                    image: None,
                    digest,
                    build: Build::Ready,
                    reason: None,
                    packages: "[]",
                })
                .await
                .unwrap();
                tx.environment_set_latest(&of, version, "").await.unwrap();
            }
        }
        tx.commit().await.unwrap();
        let old = async |team: &str| {
            let rows = w.store.old_environments(team, "", 9).await.unwrap();
            rows.into_iter().map(|r| (r.name, r.version)).collect::<Vec<_>>()
        };
        let pair = |name: &str, version| (name.to_owned(), version);
        let ours = [pair("pipeline-0123456789ab", 1), pair("torch", 2), pair("torch", 3)];
        assert_eq!(old(OURS).await, ours, "{e}: of two that are the same the newest, and not the newest of an environment");
        assert_eq!(old(THEIRS).await, [pair("torch", 1)], "{e}");
        let used =
            async |team: &str, digest: &str| w.store.environment_use(team, digest).await.unwrap().map(|u| (u.kind, u.team_id, u.number));
        assert_eq!(used(OURS, "d1").await, None, "{e}");
        assert_eq!(used(OURS, "d2").await, Some(("environment".into(), THEIRS.into(), 1)), "{e}");
        assert_eq!(used(OURS, "d3").await.map(|u| u.0), Some("environment".into()), "{e}");
        assert_eq!(used(OURS, "d4").await, None, "{e}");

        let of = format!("{OURS}torch0");
        let mut tx = w.store.begin().await.unwrap();
        tx.deployment_insert("d", OURS, "web", 1).await.unwrap();
        revision(&mut tx, "iris", 1, &of).await;
        assert_eq!(
            tx.environment_use(OURS, "d1").await.unwrap().map(|u| (u.kind, u.name, u.number)),
            Some(("revision".into(), "web".into(), 1))
        );
        tx.exec("DELETE FROM revisions", server::args![]).await.unwrap();
        assert!(tx.old_environment(THEIRS, &format!("{OURS}torch2")).await.unwrap().is_none());
        assert_eq!(tx.old_environment(OURS, &format!("{OURS}torch2")).await.unwrap().unwrap().digest, "d1");
        tx.environment_free(OURS, "d1").await.unwrap();
        tx.commit().await.unwrap();
        assert!(!w.store.environment_wanted("d1").await.unwrap() && w.store.environment_wanted("d2").await.unwrap());
        assert_eq!(old(OURS).await.len(), 2, "{e}");
        let row = w.store.freed_environments(9).await.unwrap().remove(0);
        assert_eq!((row.team_id.as_str(), row.digest.as_str()), (OURS, "d1"));
        let mut tx = w.store.begin().await.unwrap();
        assert!(tx.environment_requeue(&of, Build::Ready, "d1").await.unwrap());
        tx.environment_unfree(OURS, "d1").await.unwrap();
        tx.freed_environment_done(&row).await.unwrap();
        tx.commit().await.unwrap();
        assert!(w.store.environment_wanted("d1").await.unwrap() && w.store.freed_environments(9).await.unwrap().is_empty());
        assert_eq!(w.store.environment_of_content(OURS, "d1").await.unwrap().unwrap().version, 3);
    })
    .await;
}
