//! Notices: each event is told of once, whatever ends the look at it when.

use crate::world::{TEAM, World, tick};
use app::api::{State, runs::NewRun};
use server::reconcile::{Task, notices::Notices};
use std::time::Duration;

fn notices(w: &World) -> Notices {
    Notices::new(w.store.clone(), "http://portal.test".into(), false)
}

async fn failed(w: &World) -> String {
    let run = w.submit(NewRun { command: vec!["false".into()], ..NewRun::default() }).await.summary.id;
    w.settle().await;
    let workload = w.workload(&run).await.id;
    w.cluster.run(&workload);
    w.settle().await;
    w.cluster.exit(&workload, 1);
    w.settle().await;
    assert_eq!(w.state(&run).await.0, State::Failed);
    run
}

/// What ada was told: the object, and why.
async fn told(w: &World) -> Vec<(String, String)> {
    let rows = w.store.notice_list("ada", None, i64::MAX, 500).await.unwrap();
    rows.into_iter().rev().map(|n| (n.object_id, n.detail.unwrap_or_default())).collect()
}

#[tokio::test]
async fn a_run_that_failed_is_told_once_to_who_submitted_it() {
    let w = World::new().await;
    let before = failed(&w).await;
    let task = notices(&w);
    assert_eq!(tick(&task).await["told"], 1);
    let after = failed(&w).await;
    // As after a start: nothing is remembered but what the database says.
    let task = notices(&w);
    assert_eq!(tick(&task).await["told"], 1);
    assert_eq!(tick(&task).await["told"], 0);
    assert_eq!(tick(&notices(&w)).await["told"], 0);
    let all = told(&w).await;
    assert_eq!(all.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>(), [before, after]);
    assert!(all[0].1.contains("exit") || all[0].1.contains("code"), "{all:?}");
}

#[tokio::test]
async fn a_mail_is_queued_with_the_notice_and_goes_to_nobody_who_left() {
    let w = World::new().await;
    let due = async || w.store.mails_due(i64::MAX, 10).await.unwrap();
    let mut tx = w.store.begin().await.unwrap();
    tx.mail_address_set("ada", Some("ada@example.org")).await.unwrap();
    tx.commit().await.unwrap();
    let run = failed(&w).await;
    tick(&Notices::new(w.store.clone(), "http://portal.test".into(), true)).await;
    let [mail] = <[_; 1]>::try_from(due().await).unwrap();
    assert_eq!(mail.address.as_deref(), Some("ada@example.org"));
    assert!(mail.body.contains(&format!("http://portal.test/teams/vision/runs/{run}")), "{}", mail.body);
    let mut tx = w.store.begin().await.unwrap();
    assert!(tx.member_remove(TEAM, "ada").await.unwrap());
    tx.commit().await.unwrap();
    let [after] = <[_; 1]>::try_from(due().await).unwrap();
    assert_eq!((after.id, after.address), (mail.id, None));
}

#[tokio::test]
async fn a_look_that_is_cut_off_neither_loses_nor_doubles() {
    let w = World::new().await;
    let mut runs = Vec::new();
    let mut cut = 0;
    for n in 0..24u64 {
        runs.push(failed(&w).await);
        let task = notices(&w);
        // Cut off at another moment each time: before, within and after its transaction.
        cut += u64::from(tokio::time::timeout(Duration::from_micros(n * 60), task.tick()).await.is_err());
    }
    tick(&notices(&w)).await;
    let all: Vec<String> = told(&w).await.into_iter().map(|(id, _)| id).collect();
    assert_eq!(all, runs, "{cut} looks were cut off");
    assert!(cut > 0, "no look was cut off");
}
