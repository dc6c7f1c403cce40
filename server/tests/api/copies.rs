//! Copies of models on the portal's machine: what keeps them, and what takes them away.

use super::deployments::{Desk, IRIS, passes};
use serde_json::json;
use server::deployments::model_files::Files;
use std::{os::unix::fs::PermissionsExt, time::Duration};

async fn sql(d: &Desk, sql: &'static str) {
    let mut tx = d.w.web.store.begin().await.unwrap();
    tx.exec(sql, server::args![]).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_copy_stays_while_somebody_may_need_it() {
    let d = Desk::new().await;
    assert_eq!(d.files.sweep().await.unwrap(), 0, "nothing was fetched so far");
    let first = d.deploy().await;
    let one = first.folders["model"].clone();
    assert!(one.join("MLmodel").is_file());
    // On its way, serving, and in the ledger.
    assert_eq!(d.files.sweep().await.unwrap(), 0);
    d.serve(&first, "one", passes()).await;
    assert_eq!(d.files.sweep().await.unwrap(), 0);
    let second = d.redeploy(2).await;
    d.serve(&second, "two", passes()).await;
    let two = second.folders["model"].clone();
    d.told().await;
    assert_eq!((d.iris().await["serving"]["version"].clone(), d.files.sweep().await.unwrap()), (json!(2), 0));

    // It served a month ago, and its replica has ended: the copy goes, and a roll-back has it fetched again.
    sql(&d, "UPDATE workloads SET live = 0 WHERE owner_id IN (SELECT id FROM revisions WHERE number = 1)").await;
    sql(&d, "UPDATE revisions SET retired_at = retired_at - 31 * 86400000 WHERE number = 1").await;
    assert_eq!(d.files.sweep().await.unwrap(), 1);
    assert!(!one.exists() && two.exists());
    d.w.ada.post(&format!("{IRIS}/roll-back"), json!({ "to": 1 })).await.is(200);
    let third = d.told().await;
    assert_eq!(third.folders["model"], one);
    assert!(one.join("MLmodel").is_file());
    assert_eq!(d.files.sweep().await.unwrap(), 0);
    d.serve(&third, "one again", passes()).await;
    assert_eq!(d.iris().await["serving"]["version"], 1);

    // What nobody can go back to goes with the deployment; what is at work, once it has ended.
    sql(&d, "UPDATE deployments SET desired = 'deleted'").await;
    sql(&d, "UPDATE workloads SET live = CASE WHEN owner_id IN (SELECT id FROM revisions WHERE number = 3) THEN 1 ELSE 0 END").await;
    assert_eq!(d.files.sweep().await.unwrap(), 1, "the replica is at work still");
    assert!(one.exists() && !two.exists());
    sql(&d, "UPDATE workloads SET live = 0").await;
    assert_eq!(d.files.sweep().await.unwrap(), 1);
    assert_eq!(std::fs::read_dir(one.parent().unwrap()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_roll_back_needs_no_store_where_the_copy_is_there() {
    let d = Desk::new().await;
    let first = d.deploy().await;
    d.serve(&first, "one", passes()).await;
    let second = d.redeploy(2).await;
    d.serve(&second, "two", passes()).await;
    let artifacts = d.w.web.config.data.join("artifacts");
    std::fs::rename(&artifacts, artifacts.with_extension("away")).unwrap();
    std::fs::write(&artifacts, "no folder").unwrap();
    d.w.ada.post(&format!("{IRIS}/roll-back"), json!({ "to": 1 })).await.is(200);
    let back = d.told().await;
    assert_eq!(back.folders["model"], first.folders["model"]);
}

#[tokio::test]
async fn a_promotion_keeps_copies_until_it_is_decided() {
    let d = Desk::new().await;
    let web = &d.w.web;
    let team = d.w.vic.get("/api/v1/teams/forecast").await.is(200).json()["id"].as_str().unwrap().to_owned();
    let mut folders = Vec::new();
    for version in [1, 3] {
        folders.push(loop {
            match d.files.of(&team, "iris", version) {
                Files::Ready(folder) => break folder,
                Files::Fetching(_) => tokio::time::sleep(Duration::from_millis(5)).await,
                Files::Never(why) => panic!("{why}"),
            }
        });
    }
    let mut tx = web.store.begin().await.unwrap();
    tx.exec(
        "INSERT INTO promotions (id, team_id, model_id, model, version_id, version, stage, alias, current_version, policy_revision, state,
         requested_by, requested_by_id, open_key, revision, created_at, state_since)
         VALUES ('p', $1, 'm', 'iris', 'v3', 3, 'production', 'champion', 1, 1, 'checking', 'ada', 'a', 'm production', 1, 0, 0)",
        server::args![&team],
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
    assert_eq!(d.files.sweep().await.unwrap(), 0);

    // What a server left that was killed goes, and nothing else that lies there.
    let all = folders[0].parent().unwrap();
    for name in [".gone-x/data", ".part-y/data", "notes/data"] {
        std::fs::create_dir_all(all.join(name)).unwrap();
    }
    std::fs::set_permissions(all.join(".gone-x"), PermissionsExt::from_mode(0o555)).unwrap();
    sql(&d, "UPDATE promotions SET open_key = NULL").await;
    assert_eq!(d.files.sweep().await.unwrap(), 2);
    let left = || {
        let mut names: Vec<_> = std::fs::read_dir(all).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(left(), [".part-y", "notes"], "somebody may be at that");
    let part = std::fs::File::open(all.join(".part-y")).unwrap();
    part.set_modified(part.metadata().unwrap().modified().unwrap() - Duration::from_secs(25 * 3600)).unwrap();
    assert_eq!(d.files.sweep().await.unwrap(), 0);
    assert_eq!(left(), ["notes"]);
    assert_eq!(d.files.of(&team, "iris", 3), Files::Fetching("Fetching the model.".into()), "whoever needs it has it fetched again");
}
