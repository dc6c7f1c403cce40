//! Logged models and searches over them.

use crate::engines::{OURS, THEIRS, World, each};
use server::{
    records::search::{Condition, Op, Operand},
    store::{
        logged_model_search::{LoggedField, OnDataset, Search, Sort},
        logged_models::{ModelMetricRow, NewLoggedModel},
    },
};

async fn logged(world: &World, id: &str, name: &str, model_type: Option<&str>, metrics: &[(&str, f64, Option<&str>)]) {
    world.clock.advance(1000);
    let mut tx = world.store.begin().await.unwrap();
    let new = NewLoggedModel { id, experiment_id: OURS, source_run_id: Some("r1"), name, model_type, artifact_uri: "mlflow-artifacts:/x" };
    tx.logged_model_insert(OURS, &new).await.unwrap();
    let rows: Vec<ModelMetricRow> = metrics
        .iter()
        .enumerate()
        .map(|(i, (key, value, dataset))| ModelMetricRow {
            model_id: id.into(),
            key: (*key).into(),
            run_id: "r1".into(),
            step: i as i64,
            time: 1,
            value: *value,
            is_nan: 0,
            dataset_name: dataset.map(Into::into),
            dataset_digest: None,
        })
        .collect();
    tx.logged_model_metrics(OURS, &rows).await.unwrap();
    tx.logged_model_metrics(OURS, &rows).await.unwrap();
    tx.commit().await.unwrap();
}

async fn found(world: &World, team: &str, search: &Search) -> Vec<String> {
    let mut search = Search { limit: 2, experiments: vec![OURS.into()], ..search.clone() };
    let mut out = Vec::new();
    loop {
        let page = world.store.logged_model_search(team, &search).await.unwrap();
        out.extend(page.items.into_iter().map(|m| m.row.id));
        search.page_token = page.next_page_token;
        if search.page_token.is_none() {
            return out;
        }
    }
}

fn metric(key: &str, op: Op, value: f64) -> Condition<LoggedField> {
    Condition { field: LoggedField::Metric(key.into()), op, operand: Operand::Real(value) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_life() {
    each(async |world| {
        logged(world, "m-1", "model", Some("sklearn"), &[("acc", 0.5, None), ("acc", 0.7, Some("test"))]).await;
        let mut tx = world.store.begin().await.unwrap();
        assert!(tx.logged_model_lock(THEIRS, "m-1").await.unwrap().is_none());
        tx.logged_model_lock(OURS, "m-1").await.unwrap().expect("ours");
        tx.logged_model_status("m-1", "READY").await.unwrap();
        tx.logged_model_tag_set("m-1", "a", "1").await.unwrap();
        assert_eq!(tx.logged_model_param("m-1", "lr", "0.1").await.unwrap(), None);
        assert_eq!(tx.logged_model_param("m-1", "lr", "0.2").await.unwrap().as_deref(), Some("0.1"), "a parameter stays");
        tx.commit().await.unwrap();
        let full = world.store.logged_model(OURS, "m-1").await.unwrap().unwrap();
        assert_eq!((full.row.status.as_str(), full.tags.len(), full.params["lr"].as_str(), full.metrics.len()), ("READY", 1, "0.1", 2));
        assert!(world.store.logged_model(THEIRS, "m-1").await.unwrap().is_none());
        assert_eq!(world.store.logged_models_of_run(OURS, "r1").await.unwrap().len(), 1);
        let mut tx = world.store.begin().await.unwrap();
        tx.logged_model_delete("m-1").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(world.store.logged_models_of_run(OURS, "r1").await.unwrap().len(), 0);
        assert_eq!(found(world, OURS, &Search::default()).await.len(), 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_orders_pages() {
    each(async |world| {
        let e = world.engine;
        logged(world, "m-1", "a", Some("t"), &[("acc", 0.5, Some("d1"))]).await;
        logged(world, "m-2", "b", None, &[("acc", 0.9, Some("d2"))]).await;
        logged(world, "m-3", "c", Some("t"), &[]).await;
        logged(world, "m-4", "d", None, &[("acc", 0.9, Some("d1")), ("acc", 0.1, Some("d2"))]).await;
        let all = Search::default();
        assert_eq!(found(world, OURS, &all).await, ["m-4", "m-3", "m-2", "m-1"], "{e}");
        assert_eq!(found(world, THEIRS, &all).await.len(), 0, "{e}");
        let over = Search { conditions: vec![metric("acc", Op::Gt, 0.6)], ..Search::default() };
        assert_eq!(found(world, OURS, &over).await, ["m-4", "m-2"], "{e}");
        let on = |name: &str| vec![OnDataset { name: name.into(), digest: None }];
        let over_on = Search { datasets: on("d1"), ..over.clone() };
        assert_eq!(found(world, OURS, &over_on).await, ["m-4"], "{e}");
        assert_eq!(found(world, OURS, &Search { datasets: on("d2"), ..Search::default() }).await, ["m-4", "m-2"], "{e}");
        let by = |field: LoggedField, ascending| Search { sort: vec![Sort { field, ascending, dataset: None }], ..Search::default() };
        assert_eq!(found(world, OURS, &by(LoggedField::Metric("acc".into()), false)).await, ["m-2", "m-1", "m-4", "m-3"], "{e}");
        assert_eq!(found(world, OURS, &by(LoggedField::Metric("acc".into()), true)).await, ["m-4", "m-1", "m-2", "m-3"], "{e}");
        assert_eq!(found(world, OURS, &by(LoggedField::ModelType, true)).await, ["m-3", "m-1", "m-4", "m-2"], "{e}");
        assert_eq!(found(world, OURS, &by(LoggedField::Name, true)).await, ["m-1", "m-2", "m-3", "m-4"], "{e}");
        let named = Condition { field: LoggedField::Name, op: Op::Eq, operand: Operand::Text("c".into()) };
        assert_eq!(found(world, OURS, &Search { conditions: vec![named], ..Search::default() }).await, ["m-3"], "{e}");
    })
    .await;
}
