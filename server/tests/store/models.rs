//! Registered models, versions, aliases.

use crate::engines::{OURS, THEIRS, World, each};
use server::{
    error::Kind,
    store::model_versions::{NewVersion, VersionRow},
};
use std::collections::BTreeSet;

pub async fn model(world: &World, team: &str, name: &str) {
    let mut tx = world.store.begin().await.unwrap();
    tx.model_insert(team, &format!("{team}-{name}"), name, "").await.unwrap();
    tx.commit().await.unwrap();
}

pub async fn version(world: &World, team: &str, name: &str, source: &str, run_id: Option<&str>) -> VersionRow {
    let id = server::ids::random_secret();
    let mut tx = world.store.begin().await.unwrap();
    let model = tx.model_lock(team, name, true).await.unwrap().expect("the model");
    let new =
        NewVersion { id: &id, description: "", user_name: "ada", source, storage: source, run_id, run_link: None, logged_model_id: None };
    let number = tx.version_insert(team, &model.id, &new).await.unwrap();
    let row = tx.version(team, name, number).await.unwrap().expect("what was inserted");
    tx.commit().await.unwrap();
    row
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_is_taken_once_in_a_team() {
    each(async |world| {
        model(world, OURS, "iris").await;
        model(world, THEIRS, "iris").await;
        let mut tx = world.store.begin().await.unwrap();
        let error = tx.model_insert(OURS, "x", "iris", "").await.unwrap_err();
        assert_eq!((error.kind, error.public.contains("already")), (Kind::Taken, true), "{}", world.engine);
        drop(tx);
        model(world, OURS, "wine").await;
        let mut tx = world.store.begin().await.unwrap();
        let row = tx.model_lock(OURS, "wine", true).await.unwrap().unwrap();
        assert_eq!(tx.model_rename(&row.id, "iris").await.unwrap_err().kind, Kind::Taken);
        drop(tx);
        assert!(world.store.model(OURS, "wine").await.unwrap().is_some());
        assert!(world.store.model(THEIRS, "wine").await.unwrap().is_none(), "another team does not see it");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_count_up_without_gaps_when_many_register_at_once() {
    each(async |world| {
        model(world, OURS, "iris").await;
        let all = futures::future::join_all((0..24).map(|i| async move {
            if i % 6 == 0 {
                // one that is given up leaves no gap
                let mut tx = world.store.begin().await.unwrap();
                let row = tx.model_lock(OURS, "iris", true).await.unwrap().unwrap();
                let id = format!("lost{i}");
                let new = NewVersion {
                    id: &id,
                    description: "",
                    user_name: "ada",
                    source: "s",
                    storage: "s",
                    run_id: None,
                    run_link: None,
                    logged_model_id: None,
                };
                tx.version_insert(OURS, &row.id, &new).await.unwrap();
                return None;
            }
            Some(version(world, OURS, "iris", "mlflow-artifacts:/x", None).await.version)
        }))
        .await;
        let numbers: BTreeSet<i64> = all.into_iter().flatten().collect();
        assert_eq!(numbers, (1..=20).collect(), "{}", world.engine);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn aliases_tags_and_stages() {
    each(async |world| {
        model(world, OURS, "iris").await;
        for _ in 0..3 {
            version(world, OURS, "iris", "s", Some("r1")).await;
        }
        let mut tx = world.store.begin().await.unwrap();
        let m = tx.model_lock(OURS, "iris", false).await.unwrap().unwrap();
        assert_eq!(tx.alias_set(&m.id, "champion", 1).await.unwrap(), None);
        assert_eq!(tx.alias_set(&m.id, "champion", 2).await.unwrap(), Some(1));
        tx.alias_set(&m.id, "best", 2).await.unwrap();
        tx.model_tag_set(&m.id, "owner", "ada").await.unwrap();
        tx.model_tag_set(&m.id, "owner", "bob").await.unwrap();
        let v2 = tx.version(OURS, "iris", 2).await.unwrap().unwrap();
        tx.version_tag_set(&v2.id, "ok", "yes").await.unwrap();
        tx.version_stage(&v2.id, "Production").await.unwrap();
        tx.commit().await.unwrap();

        let full = world.store.model(OURS, "iris").await.unwrap().unwrap();
        assert_eq!(full.aliases.get("champion"), Some(&2));
        assert_eq!(full.tags.get("owner").map(String::as_str), Some("bob"));
        let v2 = world.store.version(OURS, "iris", 2).await.unwrap().unwrap();
        assert_eq!((v2.aliases.join(","), v2.tags.len(), v2.row.stage.as_str()), ("best,champion".into(), 1, "Production"));
        assert_eq!(world.store.alias(OURS, "iris", "champion").await.unwrap(), Some(2));
        assert_eq!(world.store.alias(THEIRS, "iris", "champion").await.unwrap(), None);
        assert!(world.store.version(THEIRS, "iris", 2).await.unwrap().is_none());
        let latest = world.store.versions_latest(&[&full.row.id]).await.unwrap();
        assert_eq!(latest.iter().map(|v| (v.row.version, v.row.stage.as_str())).collect::<Vec<_>>(), [(2, "Production"), (3, "None")]);
        assert_eq!(world.store.versions_of_run(OURS, "r1").await.unwrap().len(), 3);
        assert_eq!(world.store.versions_of_run(THEIRS, "r1").await.unwrap().len(), 0);

        let mut tx = world.store.begin().await.unwrap();
        tx.model_lock(OURS, "iris", true).await.unwrap();
        let row = tx.version(OURS, "iris", 2).await.unwrap().unwrap();
        tx.version_delete(&row).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(world.store.model(OURS, "iris").await.unwrap().unwrap().aliases.len(), 0, "aliases go with their version");
        assert_eq!(version(world, OURS, "iris", "s", None).await.version, 4, "a number is given once");

        let mut tx = world.store.begin().await.unwrap();
        let m = tx.model_lock(OURS, "iris", true).await.unwrap().unwrap();
        tx.model_delete(&m.id).await.unwrap();
        tx.commit().await.unwrap();
        assert!(world.store.model(OURS, "iris").await.unwrap().is_none());
        model(world, OURS, "iris").await;
        assert_eq!(version(world, OURS, "iris", "s", None).await.version, 1, "a new model begins at 1");
    })
    .await;
}
