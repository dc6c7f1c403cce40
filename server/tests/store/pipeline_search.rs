use crate::engines::{OURS, THEIRS, World, each};
use app::api::State;
use server::{
    records::search::{Condition, Op, Operand, Order, PipelineField},
    store::{
        pipeline_runs::{NewPipelineRunRow, PipelineRunFilter},
        pipeline_search::{PipelineSearch, Place},
        tasks::TaskRow,
    },
};

async fn run(w: &World, id: &str, name: &str, archived: bool) {
    let of = w.run(&format!("m{id}")).await;
    let mut tx = w.store.begin().await.unwrap();
    tx.exec(
        "INSERT INTO users (id, name, display_name, admin, disabled, created_at) VALUES ('u', 'u', 'u', 0, 0, 0) ON CONFLICT (id) DO NOTHING",
        server::args![],
    )
    .await
    .unwrap();
    tx.pipeline_spec_put("d", "{}").await.unwrap();
    tx.pipeline_run_insert(&NewPipelineRunRow {
        id,
        team_id: OURS,
        name,
        description: "",
        pipeline_id: None,
        pipeline: "p",
        version_id: None,
        recurring_run_id: None,
        scheduled_at: None,
        spec_digest: "d",
        run_id: &of.id,
        run_key: of.key,
        experiment_id: OURS,
        user_id: "u",
        created_by: "u",
        parameters: "{}",
        cache: true,
        max_tasks: None,
    })
    .await
    .unwrap();
    if archived {
        tx.pipeline_run_archive(OURS, id, true).await.unwrap();
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn pipeline_runs_are_found_in_every_order() {
    each(async |w| {
        for (id, name, archived) in
            [("r1", "bee", false), ("r2", "ant", true), ("r3", "a_%t", false), ("r4", "ant", false), ("r5", "Zoo", true)]
        {
            run(w, id, name, archived).await;
        }
        let found = async |team: &str, conditions: &[Condition<PipelineField>], (field, ascending), archived: &[bool]| {
            let (mut seen, mut after): (Vec<String>, Option<Place>) = (vec![], None);
            loop {
                let search = PipelineSearch { team_id: team, conditions, order: Order { field, ascending }, after: after.as_ref() };
                let page = w.store.pipeline_run_search(archived, &search, 2).await.unwrap();
                let Some(last) = page.last() else { break };
                let name = (field != PipelineField::CreatedAt).then(|| last.name.clone());
                after = Some(Place { name, id: last.id.clone() });
                seen.extend(page.iter().map(|r| r.id.clone()));
            }
            seen
        };
        let (time, name) = (PipelineField::CreatedAt, PipelineField::Name);
        assert_eq!(found(OURS, &[], (time, true), &[false, true]).await, ["r1", "r2", "r3", "r4", "r5"], "{}", w.engine);
        assert_eq!(found(OURS, &[], (time, false), &[false, true]).await, ["r5", "r4", "r3", "r2", "r1"]);
        assert_eq!(found(OURS, &[], (name, true), &[false, true]).await, ["r5", "r3", "r2", "r4", "r1"]);
        assert_eq!(found(OURS, &[], (name, false), &[false]).await, ["r1", "r4", "r3"]);
        assert_eq!(found(OURS, &[], (time, true), &[true]).await, ["r2", "r5"]);
        assert!(found(OURS, &[], (time, true), &[]).await.is_empty());
        assert!(found(THEIRS, &[], (time, true), &[false, true]).await.is_empty());

        let of = |field, op, operand| Condition { field, op, operand };
        let text = |t: &str| Operand::Text(t.into());
        for (condition, ids) in [
            (of(name, Op::Eq, text("ant")), vec!["r2", "r4"]),
            (of(name, Op::Contains, text("_%")), vec!["r3"]),
            (of(name, Op::Contains, text("ZO")), vec!["r5"]),
            (of(PipelineField::Id, Op::In, Operand::List(vec!["r1".into(), "x".into()])), vec!["r1"]),
            (of(PipelineField::State, Op::NotIn, Operand::List(vec!["queued".into()])), vec![]),
            (of(PipelineField::CreatedAt, Op::Gt, Operand::Int(i64::MAX)), vec![]),
            (of(PipelineField::Experiment, Op::Eq, text(OURS)), vec!["r1", "r2", "r3", "r4", "r5"]),
        ] {
            assert_eq!(found(OURS, std::slice::from_ref(&condition), (time, true), &[false, true]).await, ids, "{condition:?}");
        }
        let order = || Order { field: time, ascending: true };
        let search = PipelineSearch { team_id: OURS, conditions: &[], order: order(), after: None };
        assert_eq!(w.store.pipeline_run_count(false, &search, 1000).await.unwrap(), 3);
        assert_eq!(w.store.pipeline_run_count(false, &search, 2).await.unwrap(), 2, "no more than asked for is counted");
    })
    .await;
}

#[tokio::test]
async fn pipeline_runs_are_listed_by_what_they_are_of() {
    each(async |w| {
        let mut tx = w.store.begin().await.unwrap();
        for (id, team) in [("p", OURS), ("q", OURS), ("x", THEIRS)] {
            let sql = "INSERT INTO pipelines (id, team_id, name, display_name, description, created_by, revision, created_at)
                VALUES ($1, $2, $1, $1, '', 'u', 1, 0)";
            tx.exec(sql, server::args![id, team]).await.unwrap();
        }
        tx.commit().await.unwrap();
        for (id, pipeline, experiment, state) in
            [("s1", "p", "e", "failed"), ("s2", "q", "e", "failed"), ("s3", "p", "f", "succeeded"), ("s4", "p", "f", "failed")]
        {
            run(w, id, id, false).await;
            let mut tx = w.store.begin().await.unwrap();
            let sql = "UPDATE pipeline_runs SET pipeline_id = $2, experiment_id = $3, state = $4 WHERE id = $1";
            tx.exec(sql, server::args![id, pipeline, experiment, state]).await.unwrap();
            tx.commit().await.unwrap();
        }
        let of = async |team: &str, pipeline: Option<&str>, experiment: Option<&str>, state: Option<State>| {
            let filter =
                PipelineRunFilter { pipeline_id: pipeline, experiment_id: experiment, recurring_run_id: None, archived: false, state };
            let rows = w.store.pipeline_run_list(team, &filter, None, 10).await.unwrap();
            rows.into_iter().map(|r| r.id).collect::<Vec<_>>()
        };
        assert_eq!(of(OURS, None, None, Some(State::Failed)).await, ["s4", "s2", "s1"]);
        assert_eq!(of(OURS, Some("p"), None, None).await, ["s4", "s3", "s1"]);
        assert_eq!(of(OURS, Some("p"), None, Some(State::Failed)).await, ["s4", "s1"]);
        assert_eq!(of(OURS, None, Some("f"), Some(State::Failed)).await, ["s4"]);
        assert!(of(THEIRS, Some("p"), None, None).await.is_empty(), "another team's pipeline");
    })
    .await;
}

#[tokio::test]
async fn many_tasks_are_written_at_once() {
    each(async |w| {
        run(w, "many", "many", false).await;
        let task = |i: usize| TaskRow {
            id: format!("t{i:03}"),
            team_id: OURS.into(),
            pipeline_run_id: "many".into(),
            parent_id: (i > 0).then(|| "t000".into()),
            name: format!("name {i}"),
            display_name: format!("shown {i}"),
            component: "comp".into(),
            iteration: (i > 0).then_some(i as i64),
            kind: "executor".into(),
            state: "waiting".into(),
            reason: None,
            attempt: 0,
            retry_at: None,
            node: format!("{{\"n\": {i}}}"),
            delivered: None,
            cache_key: None,
            cached_from: None,
            run_id: None,
            run_key: None,
            environment_version_id: None,
            workload_id: None,
            created_at: 5,
            started_at: None,
            ended_at: None,
        };
        let mut tasks: Vec<TaskRow> = (0..300).map(task).collect();
        let put = async |tasks: &[TaskRow]| {
            let mut tx = w.store.begin().await.unwrap();
            tx.tasks_put(&tasks.iter().collect::<Vec<_>>()).await.unwrap();
            tx.commit().await.unwrap();
        };
        put(&tasks).await;
        assert_eq!(w.store.tasks("many").await.unwrap(), tasks);
        // What is written again keeps what it is, and changes how it stands.
        for (i, task) in tasks.iter_mut().enumerate().skip(1).step_by(2) {
            (task.state, task.attempt, task.retry_at, task.reason) = ("failed".into(), 2, Some(7), Some(format!("because of {i}")));
            (task.cache_key, task.cached_from, task.workload_id) = (Some("key".into()), Some("other".into()), Some(format!("w{i}")));
            (task.run_id, task.run_key, task.environment_version_id) = (Some(format!("r{i}")), Some(i as i64), Some("e".into()));
            (task.started_at, task.ended_at) = (Some(8), Some(9));
        }
        put(&tasks).await;
        assert_eq!(w.store.tasks("many").await.unwrap(), tasks);
        put(&[]).await;
    })
    .await;
}
