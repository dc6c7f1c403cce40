//! The group-commit writer: what is acknowledged is there, and a batch that is refused does not touch its neighbours.

use crate::engines::{OURS, World, each};
use app::api::members::Role;
use server::{
    access::{Principal, Subject, TeamEditor, Via},
    runs::{
        MetricWriter,
        tracking::{Batch, Metric},
    },
};

async fn editor(w: &World) -> TeamEditor {
    let mut tx = w.store.begin().await.unwrap();
    tx.exec(
        "INSERT INTO users (id, name, display_name, admin, disabled, created_at) VALUES ('u1', 'ada', 'Ada', 0, 0, 0)
         ON CONFLICT (id) DO NOTHING",
        vec![],
    )
    .await
    .unwrap();
    tx.member_set(OURS, "u1", Role::Editor).await.unwrap();
    tx.commit().await.unwrap();
    proof(w, Via::Session).await
}

async fn proof(w: &World, via: Via) -> TeamEditor {
    let principal = Principal { user_id: "u1".into(), user: "ada".into(), display_name: "Ada".into(), admin: false, via };
    TeamEditor::check(&w.store, &principal, "ours").await.unwrap()
}

fn metric(key: &str, step: i64, value: f64) -> Metric {
    Metric { key: key.into(), value, time: 1000 + step, step, model_id: None, dataset_name: None, dataset_digest: None }
}

fn pair(key: &str, value: &str) -> (String, String) {
    (key.into(), value.into())
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_are_all_there_once_acknowledged() {
    each(async |w| {
        let (by, writer) = (editor(w).await, MetricWriter::start(w.store.clone()));
        for run in ["r0", "r1", "r2"] {
            w.run(run).await;
        }
        let mut tasks = tokio::task::JoinSet::new();
        for client in 0..24_i64 {
            let (writer, by, store) = (writer.clone(), by.clone(), w.store.clone());
            tasks.spawn(async move {
                let run = format!("r{}", client % 3);
                for i in 0..20 {
                    let step = client * 20 + i;
                    let metrics = vec![metric("loss", step, step as f64), metric(&format!("m{client}"), i, 0.5)];
                    let batch = Batch::new(&by, &run, metrics, vec![pair(&format!("p{client}-{i}"), "x")], vec![pair("t", "x")]).unwrap();
                    writer.write(batch).await.unwrap();
                    // At once, on another connection: an acknowledgement means committed.
                    let row = store.run(OURS, &run).await.unwrap().unwrap();
                    let series = store.series(row.key, "loss").await.unwrap().unwrap();
                    let seen = store.series_history(series, Some((999 + step, i64::MAX, 0.0, 0)), 1).await.unwrap();
                    assert_eq!((seen[0].step, seen[0].value), (step, step as f64));
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
        for (run, best) in [("r0", 21 * 20 + 19), ("r1", 22 * 20 + 19), ("r2", 23 * 20 + 19)] {
            let row = w.store.run(OURS, run).await.unwrap().unwrap();
            let series = w.store.series(row.key, "loss").await.unwrap().unwrap();
            assert_eq!(w.store.series_extent(series).await.unwrap().total, 160, "{}", w.engine);
            let latest = w.store.metrics_latest(&[row.key]).await.unwrap();
            assert_eq!((latest.len(), latest.iter().find(|m| m.key == "loss").unwrap().step), (9, best));
            assert_eq!(w.store.run_params(&[row.key]).await.unwrap().len(), 160);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_batch_writes_nothing_and_its_neighbours_everything() {
    each(async |w| {
        let (by, writer) = (editor(w).await, MetricWriter::start(w.store.clone()));
        let row = w.run("r0").await;
        let batch = |run: &str, n: i64, lr: &str| {
            Batch::new(&by, run, vec![metric(&format!("m{n}"), 0, 1.0)], vec![pair("lr", lr), pair(&format!("p{n}"), "x")], vec![]).unwrap()
        };
        // The first to come decides; all of them are under way at once.
        let asked = [batch("r0", 0, "0.1"), batch("r0", 1, "0.2"), batch("ghost", 2, "0.1"), batch("r0", 3, "0.1"), batch("r0", 4, "0.1")];
        let answers = futures::future::join_all(asked.into_iter().map(|b| writer.write(b))).await;
        let good: Vec<bool> = answers.iter().map(Result::is_ok).collect();
        assert_eq!(good, [true, false, false, true, true], "{}", w.engine);
        let said = |i: usize| answers[i].as_ref().unwrap_err().public.clone();
        assert!(said(1).starts_with("Changing param values is not allowed. Param with key='lr' was already logged with value='0.1'"));
        assert_eq!(said(2), "Run with id=ghost not found");
        let params = w.store.run_params(&[row.key]).await.unwrap();
        assert_eq!(params.iter().map(|p| p.key.as_str()).collect::<Vec<_>>(), ["lr", "p0", "p3", "p4"]);
        let metrics = w.store.metrics_latest(&[row.key]).await.unwrap();
        assert_eq!(metrics.iter().map(|m| m.key.as_str()).collect::<Vec<_>>(), ["m0", "m3", "m4"]);
    })
    .await;
}

#[tokio::test]
async fn what_the_database_refuses_fails_alone() {
    each(async |w| {
        let (by, writer) = (editor(w).await, MetricWriter::start(w.store.clone()));
        w.run("r0").await;
        // A trigger stands for any refusal that nobody foresaw.
        let mut tx = w.store.begin().await.unwrap();
        if w.engine == "sqlite" {
            tx.exec("CREATE TRIGGER refuse BEFORE INSERT ON params WHEN NEW.key = 'bad' BEGIN SELECT RAISE(ABORT, 'refused'); END", vec![])
                .await
                .unwrap();
        } else {
            tx.exec("ALTER TABLE params ADD CONSTRAINT refuse CHECK (key <> 'bad')", vec![]).await.unwrap();
        }
        tx.commit().await.unwrap();
        let batch = |key: &str| Batch::new(&by, "r0", vec![], vec![pair(key, "x")], vec![]).unwrap();
        let answers = futures::future::join_all(["a", "b", "bad", "c"].map(|k| writer.write(batch(k)))).await;
        assert_eq!(answers.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, true, false, true], "{}", w.engine);
    })
    .await;
}

#[tokio::test]
async fn a_runs_token_writes_to_its_own_run_and_to_those_it_made() {
    each(async |w| {
        let (_, writer) = (editor(w).await, MetricWriter::start(w.store.clone()));
        let (own, other) = (w.run("own").await, w.run("other").await);
        assert_eq!(other.created_by, "ada");
        let token = Via::Token {
            id: "t".into(),
            team_id: OURS.into(),
            role: Role::Editor,
            scope: None,
            subject: Some(Subject::Run(own.id.clone())),
        };
        let by = proof(w, token).await;
        let log = async |run: &str| writer.write(Batch::new(&by, run, vec![metric("m", 0, 1.0)], vec![], vec![]).unwrap()).await;
        log("own").await.unwrap();
        assert_eq!(log("other").await.unwrap_err().kind, server::error::Kind::Forbidden, "{}", w.engine);
        let child = server::runs::tracked::create(&w.store, &by, Default::default()).await.unwrap();
        log(&child.row.id).await.unwrap();
        let stop = |id: &'static str| server::runs::tracked::set_lifecycle(&w.store, &by, id, server::records::run::Lifecycle::Deleted);
        assert_eq!(stop("other").await.unwrap_err().kind, server::error::Kind::Forbidden);
    })
    .await;
}

#[tokio::test]
async fn what_the_writer_remembers_is_forgotten_with_a_deletion_and_shared_with_other_servers() {
    use server::records::run::Lifecycle;
    each(async |w| {
        let (by, ours) = (editor(w).await, MetricWriter::start(w.store.clone()));
        // As another server on the same database.
        let theirs = MetricWriter::start(w.store.clone());
        let row = w.run("r0").await;
        let log = async |writer: &MetricWriter, step: i64, value: f64| {
            writer.write(Batch::new(&by, "r0", vec![metric("m", step, value)], vec![], vec![]).unwrap()).await
        };
        for step in 0..6 {
            log(if step % 2 == 0 { &ours } else { &theirs }, step, step as f64).await.unwrap();
        }
        // Late, and behind what the other one wrote.
        log(&ours, 2, 99.0).await.unwrap();
        log(&theirs, 4, 98.0).await.unwrap();
        let latest = w.store.metrics_latest(&[row.key]).await.unwrap();
        assert_eq!((latest.len(), latest[0].step, latest[0].value), (1, 5, 5.0), "{}", w.engine);
        assert_eq!(w.store.series_extent(latest[0].series).await.unwrap().total, 8);
        for (to, fine) in [(Lifecycle::Deleted, false), (Lifecycle::Active, true)] {
            server::runs::tracked::set_lifecycle(&w.store, &by, "r0", to).await.unwrap();
            assert_eq!(log(&ours, 7, 0.0).await.is_ok(), fine, "{}", w.engine);
        }
    })
    .await;
}
