use crate::engines::{OURS, THEIRS, World, each};
use server::{
    records::search::{Condition, Op, Operand, Order, PipelineField},
    store::{
        pipeline_runs::NewPipelineRunRow,
        pipeline_search::{PipelineSearch, Place},
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
