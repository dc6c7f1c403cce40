//! Environments: shipped, made, shared, failed, made again.

use crate::world::{TEAM, World, python, tick};
use app::api::{
    environments::{Build, NewEnvironment},
    runs::NewRun,
};
use server::{
    cluster::Exit,
    environments::{awaits, build_result, digest, service, shipped::SHIPPED},
    store::environments::{EnvironmentRow, NewEnvVersion},
};

async fn version(w: &World, name: &str) -> EnvironmentRow {
    w.store.environment(TEAM, name).await.unwrap().expect("there")
}

fn left(w: &World, workload: &str, result: &serde_json::Value) {
    let path = build_result::path(&w.cache, workload);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, result.to_string()).unwrap();
}

fn torch(requirements: &str) -> NewEnvironment {
    NewEnvironment { name: "torch".into(), description: "For vision.".into(), requirements: requirements.into(), image: None }
}

#[tokio::test]
async fn the_shipped_ones_are_made_ahead() {
    let w = World::bare().await;
    w.settle().await;
    for shipped in &SHIPPED {
        let row = version(&w, shipped.name).await;
        assert!(row.is_shipped());
        assert_eq!((row.version, row.digest.clone()), (1, digest::of_lock(shipped.lock, &python())));
        let workload = w.workload(&row.id).await;
        assert_eq!(workload.team_id, None);
        let spec = w.cluster.spec(&workload.id).expect("at once, whatever else waits");
        assert_eq!(spec.files["lock.txt"], shipped.lock);
        w.cluster.run(&workload.id);
    }
    w.settle().await;
    assert_eq!(version(&w, "train").await.build(), Build::Building);
    // one registration is enough
    tick(&w.environments).await;
    assert_eq!(version(&w, "train").await.version, 1);
}

#[tokio::test]
async fn what_somebody_made_before_is_used_at_once() {
    let w = World::new().await;
    let row = version(&w, "train").await;
    assert_eq!((row.build(), row.workload_id), (Build::Ready, None));
    assert!(row.packages.contains("scikit-learn "), "{}", row.packages);
}

#[tokio::test]
async fn one_of_a_team_is_resolved_made_and_versioned() {
    let w = World::new().await;
    service::create(&w.store, &w.ada, &torch("Numpy\n")).await.unwrap();
    w.settle().await;
    let row = version(&w, "torch").await;
    let workload = w.workload(&row.id).await.id;
    assert_eq!(w.cluster.spec(&workload).unwrap().files["requirements.txt"], "Numpy\n");
    let lock = "numpy==2.4.6 \\\n    --hash=sha256:00\n";
    let made = digest::of_lock(lock, &python());
    w.put_environment(&made);
    left(&w, &workload, &serde_json::json!({ "result": "made", "digest": made, "lock": lock }));
    w.cluster.exit(&workload, 0);
    w.settle().await;
    let row = version(&w, "torch").await;
    assert_eq!((row.build(), row.digest, row.packages.as_str()), (Build::Ready, made, "[\"numpy 2.4.6\"]"));
    assert_eq!(w.store.environment_ready(TEAM, "torch").await.unwrap().unwrap().version, 1);
    assert!(!build_result::path(&w.cache, &workload).exists());

    // a second version is made while the first one serves
    service::create(&w.store, &w.ada, &torch("numpy==1.0")).await.unwrap();
    assert_eq!(version(&w, "torch").await.version, 2);
    assert_eq!(w.store.environment_usable(TEAM, "torch").await.unwrap().unwrap().version, 1);
    assert_eq!(w.events(&version(&w, "torch").await.environment_id).await, ["create", "ready", "update"]);
}

#[tokio::test]
async fn a_failure_keeps_the_words_of_the_resolver_and_can_be_retried() {
    let w = World::new().await;
    service::create(&w.store, &w.ada, &torch("six==99")).await.unwrap();
    w.settle().await;
    let first = w.workload(&version(&w, "torch").await.id).await.id;
    left(&w, &first, &serde_json::json!({ "result": "failed", "words": "No solution found" }));
    w.cluster.end(&first, Exit { code: Some(1), ..Exit::default() });
    w.settle().await;
    let row = version(&w, "torch").await;
    assert_eq!((row.build(), row.reason.as_deref()), (Build::Failed, Some("No solution found")));
    let new = NewRun { command: vec!["true".into()], environment: Some("torch".into()), ..NewRun::default() };
    let error = w.submitter().submit(&w.ada, &new).await.unwrap_err();
    assert!(error.public.contains("No solution found"), "{error}");

    // The newest build is found by the time it was queued at.
    w.clock.advance(1000);
    service::retry(&w.store, &w.ada, "torch").await.unwrap();
    assert!(service::retry(&w.store, &w.ada, "torch").await.is_err());
    w.settle().await;
    assert_ne!(w.workload(&row.id).await.id, first);
    assert_ne!(version(&w, "torch").await.build(), Build::Failed);
}

#[tokio::test]
async fn names_and_requirements_that_are_refused() {
    let w = World::new().await;
    for (name, requirements, field) in [
        ("train", "numpy", "-"),
        ("Torch", "numpy", "name"),
        ("torch", "# nothing", "requirements"),
        ("torch", "-r /etc/passwd", "requirements"),
        ("torch", "./local", "requirements"),
        ("torch", "x @ file:///etc", "requirements"),
    ] {
        let new = NewEnvironment { name: name.into(), ..torch(requirements) };
        let error = service::create(&w.store, &w.ada, &new).await.unwrap_err();
        assert_eq!(error.field.as_deref().unwrap_or("-"), field, "{name} {requirements}");
    }
}

/// Version 1 of `torch`, ready on the disk and not the newest: its id and digest.
async fn earlier(w: &World) -> (String, String) {
    let lock = "numpy==2.4.6 \\\n    --hash=sha256:00\n";
    let digest = digest::of_lock(lock, &python());
    w.put_environment(&digest);
    let mut tx = w.store.begin().await.unwrap();
    tx.environment_insert("e", Some(TEAM), "torch", "").await.unwrap();
    let version = |id, version, lock, digest| NewEnvVersion {
        id,
        environment_id: "e",
        version,
        requirements: "numpy\n",
        lock_text: Some(lock),
        image: None,
        digest,
        build: Build::Ready,
        reason: None,
        packages: "[]",
    };
    tx.environment_version_insert(&version("t1", 1, lock, &digest)).await.unwrap();
    tx.environment_set_latest("e", 2, "").await.unwrap();
    tx.environment_version_insert(&version("t2", 2, "six==1.17.0\n", "d2")).await.unwrap();
    tx.commit().await.unwrap();
    w.put_environment("d2");
    ("t1".into(), digest)
}

async fn free(w: &World, digest: &str) {
    let mut tx = w.store.begin().await.unwrap();
    tx.environment_free(TEAM, digest).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn what_was_freed_goes_and_is_made_again_for_who_needs_it() {
    let w = World::new().await;
    let (id, digest) = earlier(&w).await;
    free(&w, &digest).await;
    assert!(digest::is_made(&w.cache, &digest));
    tick(&w.environments).await;
    assert!(!digest::is_made(&w.cache, &digest) && digest::is_made(&w.cache, "d2"));
    tick(&w.environments).await;
    let row = w.store.environment_version(&id).await.unwrap().unwrap();
    assert!(row.freed_at.is_some() && row.build() == Build::Ready, "nobody asked for it");
    assert!(w.store.freed_environments(9).await.unwrap().is_empty());

    assert!(awaits::again(&w.store, Some(&w.cache), &id).await.unwrap().is_some());
    w.settle().await;
    let workload = w.workload(&id).await.id;
    let lock = w.store.environment_version(&id).await.unwrap().unwrap().lock_text.unwrap();
    assert_eq!(w.cluster.spec(&workload).unwrap().files["lock.txt"], lock);
    w.put_environment(&digest);
    left(&w, &workload, &serde_json::json!({ "result": "made", "digest": digest, "lock": lock }));
    w.cluster.exit(&workload, 0);
    w.settle().await;
    assert!(awaits::again(&w.store, Some(&w.cache), &id).await.unwrap().is_none(), "it is ready");
    assert!(digest::is_made(&w.cache, &digest));
}

#[tokio::test]
async fn who_comes_before_it_is_gone_has_it() {
    let w = World::new().await;
    let (id, digest) = earlier(&w).await;
    // Somebody is to start in it.
    free(&w, &digest).await;
    assert!(awaits::again(&w.store, Some(&w.cache), &id).await.unwrap().is_some(), "not in what is marked");
    w.settle().await;
    assert!(awaits::again(&w.store, Some(&w.cache), &id).await.unwrap().is_none() && digest::is_made(&w.cache, &digest));

    // A roll-back to it was asked for.
    free(&w, &digest).await;
    let mut tx = w.store.begin().await.unwrap();
    tx.deployment_insert("d", TEAM, "web", 1).await.unwrap();
    tx.exec(
        "INSERT INTO revisions (id, deployment_id, team_id, number, model, version, runtime, environment, environment_version,
         environment_version_id, cpu_millis, memory_bytes, gpus, env_json, secrets_json, state, created_by, attempts, created_at, serving_at)
         VALUES ('r', 'd', $1, 1, 'iris', 1, 'x', 'torch', 1, $2, 1, 1, 0, '{}', '[]', 'retired', 'ada', 0, 0, 1)",
        server::args![TEAM, &id],
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
    tick(&w.environments).await;
    assert!(digest::is_made(&w.cache, &digest));
    assert_eq!(w.store.environment_version(&id).await.unwrap().unwrap().freed_at, None);
    assert!(w.events("e").await.contains(&"keep".to_owned()), "{:?}", w.events("e").await);
}
