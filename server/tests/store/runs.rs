use crate::engines::{OURS, THEIRS, each};
use app::api::State;
use server::{
    records::run::{Lifecycle, RunStatus},
    store::{
        run_inputs::{Direction, NewRunDataset},
        run_tags::NewPair,
        runs::{NewRunRow, RunChange},
    },
};

#[tokio::test]
async fn a_run_lives_in_its_team_only() {
    each(async |w| {
        let made = w.run("r1").await;
        assert_eq!(w.store.run(OURS, "r1").await.unwrap(), Some(made.clone()), "{}", w.engine);
        assert_eq!(w.store.run(THEIRS, "r1").await.unwrap(), None);
        assert_eq!(w.store.runs_of(THEIRS, &["r1".into()]).await.unwrap(), vec![]);
        assert_eq!(made.artifact_uri, format!("mlflow-artifacts:/{OURS}/r1/artifacts"));
        assert_eq!((made.status.as_str(), made.state()), ("RUNNING", State::Running));
    })
    .await;
}

#[tokio::test]
async fn what_a_client_says_of_a_run() {
    each(async |w| {
        let row = w.run("r1").await;
        let mut tx = w.store.begin().await.unwrap();
        let change = RunChange { status: Some(RunStatus::Finished), ended_at: Some(7), name: Some("new") };
        assert_eq!(tx.run_update(&row, &change).await.unwrap(), 2);
        tx.commit().await.unwrap();
        let row = w.store.run(OURS, "r1").await.unwrap().unwrap();
        assert_eq!((row.status.as_str(), row.state(), row.ended_at, row.name.as_str()), ("FINISHED", State::Succeeded, Some(7), "new"));

        let mut tx = w.store.begin().await.unwrap();
        tx.run_update(&row, &RunChange { status: Some(RunStatus::Running), ..Default::default() }).await.unwrap();
        tx.run_set_lifecycle(row.key, Lifecycle::Deleted).await.unwrap();
        tx.commit().await.unwrap();
        let row = w.store.run(OURS, "r1").await.unwrap().unwrap();
        assert_eq!((row.state(), row.ended_at, row.is_active()), (State::Running, None, false), "{}: resumed", w.engine);
    })
    .await;
}

#[tokio::test]
async fn the_state_of_a_submitted_run_is_not_the_clients_to_say() {
    each(async |w| {
        let experiment = w.default(OURS).await;
        let mut tx = w.store.begin().await.unwrap();
        let started_at = tx.now();
        let row = tx
            .run_insert(&NewRunRow {
                id: "s1",
                experiment: &experiment,
                name: "s1",
                user_name: "ada",
                created_by: "ada",
                state: State::Queued,
                reason: Some("waits for 2 CPU"),
                submitted: true,
                started_at,
            })
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(row.status, "SCHEDULED");

        w.clock.advance(5000);
        let mut tx = w.store.begin().await.unwrap();
        tx.run_set_state(row.key, State::Running, None).await.unwrap();
        tx.run_update(&row, &RunChange { status: Some(RunStatus::Finished), ended_at: Some(1), name: None }).await.unwrap();
        tx.commit().await.unwrap();
        let now = w.store.run(OURS, "s1").await.unwrap().unwrap();
        assert_eq!((now.status.as_str(), now.state(), now.started_at), ("FINISHED", State::Running, started_at + 5000), "{}", w.engine);

        let mut tx = w.store.begin().await.unwrap();
        assert_eq!(tx.run_set_state(row.key, State::Failed, Some("exit code 3")).await.unwrap(), Some(4));
        assert_eq!(tx.run_set_state(99, State::Failed, None).await.unwrap(), None);
        tx.commit().await.unwrap();
        let now = w.store.run(OURS, "s1").await.unwrap().unwrap();
        assert_eq!((now.status.as_str(), now.state(), now.ended_at), ("FAILED", State::Failed, Some(started_at + 5000)));
        assert_eq!(now.reason.as_deref(), Some("exit code 3"));
    })
    .await;
}

#[tokio::test]
async fn a_start_that_nobody_saw_is_noted_once() {
    each(async |w| {
        let experiment = w.default(OURS).await;
        let mut tx = w.store.begin().await.unwrap();
        let made_at = tx.now();
        let mut keys = Vec::new();
        for id in ["q1", "q2"] {
            let new = NewRunRow {
                id,
                experiment: &experiment,
                name: id,
                user_name: "ada",
                created_by: "ada",
                state: State::Queued,
                reason: None,
                submitted: true,
                started_at: made_at,
            };
            keys.push(tx.run_insert(&new).await.unwrap().key);
        }
        tx.runs_began(&[(keys[0], made_at + 5), (keys[1], made_at + 6)]).await.unwrap();
        tx.runs_began(&[(keys[1], made_at + 7)]).await.unwrap();
        tx.runs_began(&[]).await.unwrap();
        tx.commit().await.unwrap();
        let start = async |id: &str| w.store.run(OURS, id).await.unwrap().unwrap().started_at - made_at;
        assert_eq!((start("q1").await, start("q2").await), (5, 6), "{}", w.engine);
    })
    .await;
}

#[tokio::test]
async fn parameters_stay_and_tags_change() {
    each(async |w| {
        let row = w.run("r1").await;
        let pair =
            |key: &str, value: &str| NewPair { run_key: row.key, experiment_key: row.experiment_key, key: key.into(), value: value.into() };
        let many: Vec<NewPair> = (0..341).map(|i| pair(&format!("p{i:03}"), "x")).collect();
        let mut tx = w.store.begin().await.unwrap();
        tx.params_insert(&many).await.unwrap();
        tx.params_insert(&[pair("p000", "other")]).await.unwrap();
        tx.run_tags_set(&[pair("t", "1"), pair("u", "1"), pair("t", "2")]).await.unwrap();
        tx.run_tags_set(&[pair("t", "3")]).await.unwrap();
        let present = tx.params_present(&[row.key], &["p000".into(), "nope".into()]).await.unwrap();
        assert_eq!(present.len(), 1);
        assert!(tx.run_tag_remove(row.key, "u").await.unwrap());
        assert!(!tx.run_tag_remove(row.key, "u").await.unwrap());
        tx.commit().await.unwrap();
        let params = w.store.run_params(&[row.key]).await.unwrap();
        assert_eq!((params.len(), params[0].value.as_str()), (341, "x"), "{}", w.engine);
        let tags = w.store.run_tags(&[row.key]).await.unwrap();
        assert_eq!(tags.iter().map(|t| (t.key.as_str(), t.value.as_str())).collect::<Vec<_>>(), [("t", "3")]);
    })
    .await;
}

#[tokio::test]
async fn datasets_and_models() {
    each(async |w| {
        let (one, two) = (w.run("r1").await, w.run("r2").await);
        let set = NewRunDataset {
            name: "digits".into(),
            digest: "abc".into(),
            source_type: "code".into(),
            source: "{}".into(),
            schema_json: None,
            profile_json: Some("{}".into()),
            context: Some("training".into()),
            tags_json: "[]".into(),
        };
        let mut tx = w.store.begin().await.unwrap();
        for run in [&one, &two, &one] {
            tx.run_dataset_insert(run.key, run.experiment_key, &set).await.unwrap();
            tx.run_model_insert(run.key, Direction::Output, "m-1", 3).await.unwrap();
        }
        tx.commit().await.unwrap();
        let rows = w.store.run_datasets(&[one.key, two.key]).await.unwrap();
        assert_eq!(rows.len(), 2, "{}", w.engine);
        assert_eq!(rows[0].context.as_deref(), Some("training"));
        assert_eq!(w.store.run_models(&[one.key, two.key]).await.unwrap().len(), 2);
    })
    .await;
}
