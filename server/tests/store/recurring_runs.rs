use crate::engines::{OURS, THEIRS, World, each};
use server::store::{
    pipeline_runs::NewPipelineRunRow,
    recurring_runs::{NewRecurringRunRow, RecurringRunRow, RecurringRunSet, RecurringRunStep},
};

async fn recurring(w: &World, id: &str, pipeline: Option<&str>, next_at: Option<i64>) -> RecurringRunRow {
    let mut tx = w.store.begin().await.unwrap();
    tx.exec(
        "INSERT INTO users (id, name, display_name, admin, disabled, created_at) VALUES ('u', 'u', 'u', 0, 0, 0) ON CONFLICT (id) DO NOTHING",
        server::args![],
    )
    .await
    .unwrap();
    tx.pipeline_spec_put("d", "{}").await.unwrap();
    let what = set(next_at);
    tx.recurring_run_insert(&NewRecurringRunRow {
        id,
        team_id: OURS,
        pipeline_id: pipeline,
        pipeline: "p",
        spec_digest: pipeline.is_none().then_some("d"),
        experiment_id: OURS,
        user_id: "u",
        created_by: "u",
        max_tasks: None,
        enabled: next_at.is_some(),
        what,
    })
    .await
    .unwrap();
    tx.commit().await.unwrap();
    w.store.recurring_run(OURS, id).await.unwrap().expect("it is there")
}

fn set(next_at: Option<i64>) -> RecurringRunSet<'static> {
    RecurringRunSet {
        name: "nightly",
        description: "",
        version_id: None,
        parameters: "{}",
        cache: true,
        cron: None,
        interval_s: Some(60),
        time_zone: "UTC",
        start_at: None,
        end_at: None,
        anchor_at: 0,
        max_active: 1,
        overlap: "wait",
        catch_up: true,
        settled_at: 0,
        next_at,
    }
}

async fn run(w: &World, id: &str, at: Option<i64>) -> server::error::Result<()> {
    let of = w.run(&format!("m{id}")).await;
    let mut tx = w.store.begin().await.unwrap();
    tx.pipeline_run_insert(&NewPipelineRunRow {
        id,
        team_id: OURS,
        name: id,
        description: "",
        pipeline_id: None,
        pipeline: "p",
        version_id: None,
        recurring_run_id: Some("a"),
        scheduled_at: at,
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
    .await?;
    tx.commit().await
}

#[tokio::test]
async fn what_is_due_is_found_and_settled_once() {
    each(async |w| {
        for (id, next_at) in [("a", Some(2000)), ("b", Some(1000)), ("c", Some(9000)), ("d", None)] {
            recurring(w, id, None, next_at).await;
        }
        let due = async || w.store.recurring_runs_due(5000, 10).await.unwrap().into_iter().map(|r| r.id).collect::<Vec<_>>();
        assert_eq!(due().await, ["b", "a"], "{}: those that wait longest first", w.engine);
        let seen = w.store.recurring_run(OURS, "b").await.unwrap().unwrap();
        let step = RecurringRunStep { settled_at: 1000, next_at: Some(61_000), made: 1, problem: None };
        for (n, did) in [(1, true), (2, false)] {
            let mut tx = w.store.begin().await.unwrap();
            assert_eq!(tx.recurring_run_step(&seen, &step).await.unwrap(), did, "{}: {n}", w.engine);
            tx.commit().await.unwrap();
        }
        let after = w.store.recurring_run(OURS, "b").await.unwrap().unwrap();
        assert_eq!((after.settled_at, after.next_at, after.runs, after.revision), (1000, Some(61_000), 1, seen.revision));
        assert_eq!(due().await, ["a"]);

        // What was changed meanwhile is not settled by what was seen before.
        let mut tx = w.store.begin().await.unwrap();
        assert!(!tx.recurring_run_enable(&seen, false, None).await.unwrap(), "it was settled since");
        assert!(tx.recurring_run_enable(&after, false, None).await.unwrap());
        assert!(!tx.recurring_run_set(&after, &set(Some(5))).await.unwrap(), "it was switched off since");
        tx.commit().await.unwrap();
        let off = w.store.recurring_run(OURS, "b").await.unwrap().unwrap();
        assert_eq!((off.enabled, off.next_at, off.revision), (0, None, after.revision + 1));
        let mut tx = w.store.begin().await.unwrap();
        let failed = RecurringRunStep { settled_at: 2000, next_at: None, made: 0, problem: Some("The pipeline p was deleted.") };
        assert!(tx.recurring_run_step(&off, &failed).await.unwrap());
        tx.commit().await.unwrap();
        let failed = w.store.recurring_run(OURS, "b").await.unwrap().unwrap();
        assert!(failed.problem.is_some() && failed.problem_at.is_some() && failed.runs == 1);
    })
    .await;
}

#[tokio::test]
async fn a_time_makes_one_run() {
    each(async |w| {
        recurring(w, "a", None, Some(1000)).await;
        run(w, "r1", Some(1000)).await.unwrap();
        let twice = run(w, "r2", Some(1000)).await.expect_err("the same time again");
        assert_eq!(twice.kind, server::error::Kind::Taken, "{}: {twice}", w.engine);
        run(w, "r3", Some(2000)).await.unwrap();
        run(w, "r4", None).await.unwrap();
        run(w, "r5", None).await.unwrap();
        let mut tx = w.store.begin().await.unwrap();
        assert_eq!(tx.recurring_run_active("a").await.unwrap(), 4);
        assert_eq!(tx.recurring_run_count_one(OURS, "a").await.unwrap(), Some(0));
        assert_eq!(tx.recurring_run_count_one(THEIRS, "a").await.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn recurring_runs_are_listed_by_pipeline_and_are_the_teams_own() {
    each(async |w| {
        for (id, pipeline) in [("a", Some("p1")), ("b", Some("p2")), ("c", Some("p1")), ("d", None)] {
            recurring(w, id, pipeline, Some(1)).await;
        }
        let list = async |team: &str, pipeline, before| {
            let rows = w.store.recurring_run_list(team, pipeline, before, 2).await.unwrap();
            rows.into_iter().map(|r| r.id).collect::<Vec<_>>()
        };
        assert_eq!(list(OURS, None, None).await, ["d", "c"], "{}", w.engine);
        assert_eq!(list(OURS, None, Some("c")).await, ["b", "a"]);
        assert_eq!(list(OURS, Some("p1"), None).await, ["c", "a"]);
        assert!(list(THEIRS, None, None).await.is_empty());
        assert!(w.store.recurring_run(THEIRS, "a").await.unwrap().is_none());
        let mut tx = w.store.begin().await.unwrap();
        assert!(!tx.recurring_run_delete(THEIRS, "a").await.unwrap());
        assert!(tx.recurring_run_delete(OURS, "a").await.unwrap());
        tx.commit().await.unwrap();
    })
    .await;
}
