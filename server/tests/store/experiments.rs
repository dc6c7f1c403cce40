use crate::engines::{OURS, THEIRS, each};
use server::records::run::Lifecycle;

#[tokio::test]
async fn each_team_has_its_default_and_its_own_names() {
    each(async |w| {
        assert_eq!(w.default(OURS).await.name, "Default");
        let mut tx = w.store.begin().await.unwrap();
        let ours = tx.experiment_insert(OURS, "a", "vision", "mlflow-artifacts:/a").await.unwrap();
        tx.experiment_insert(THEIRS, "b", "vision", "mlflow-artifacts:/b").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(w.store.experiment_by_name(OURS, "vision").await.unwrap(), Some(ours), "{}", w.engine);
        assert_eq!(w.store.experiment(OURS, "b").await.unwrap(), None, "a foreign experiment is not there");
        assert_eq!(w.store.experiments_of(OURS, &["a".into(), "b".into()]).await.unwrap().len(), 1);

        let mut tx = w.store.begin().await.unwrap();
        let taken = tx.experiment_insert(OURS, "c", "vision", "x").await.unwrap_err();
        assert_eq!(taken.public, "There is an experiment of this name already.");
    })
    .await;
}

#[tokio::test]
async fn deleting_takes_the_runs_along_and_restoring_brings_them_back() {
    each(async |w| {
        w.run("r1").await;
        let default = w.default(OURS).await;
        for (lifecycle, active) in [(Lifecycle::Deleted, false), (Lifecycle::Active, true)] {
            let mut tx = w.store.begin().await.unwrap();
            tx.experiment_set_lifecycle(default.key, lifecycle).await.unwrap();
            tx.commit().await.unwrap();
            assert_eq!(w.store.run(OURS, "r1").await.unwrap().unwrap().is_active(), active, "{}", w.engine);
            assert_eq!(w.default(OURS).await.is_active(), active);
        }
    })
    .await;
}

#[tokio::test]
async fn tags_and_pages() {
    each(async |w| {
        let mut keys = vec![];
        for i in 0..5 {
            let mut tx = w.store.begin().await.unwrap();
            let row = tx.experiment_insert(OURS, &format!("e{i}"), &format!("n{i}"), "x").await.unwrap();
            tx.experiment_tag_set(row.key, "k", "1").await.unwrap();
            tx.experiment_tag_set(row.key, "k", "2").await.unwrap();
            tx.commit().await.unwrap();
            keys.push(row.key);
            w.clock.advance(1000);
        }
        assert!(w.store.experiment_tags(&keys).await.unwrap().iter().all(|t| t.value == "2"));
        let first = w.store.experiment_list(OURS, None, 3).await.unwrap();
        assert_eq!(first.iter().map(|e| e.id.as_str()).collect::<Vec<_>>(), ["e4", "e3", "e2"], "{}", w.engine);
        let last = first.last().unwrap();
        let second = w.store.experiment_list(OURS, Some((last.updated_at, last.id.clone())), 3).await.unwrap();
        assert_eq!(second.iter().map(|e| e.id.as_str()).collect::<Vec<_>>(), ["e1", "e0", OURS]);
    })
    .await;
}
