//! Searches walk indexes: what they cost follows from the page, not from the table.

use crate::engines::{OURS, World, each};
use server::{
    records::search::View,
    runs::search::runs as grammar,
    store::run_search::{RunSearch, Scope},
};
use std::time::Instant;

/// Filter and order of ordinary searches.
const ORDINARY: [(&str, &[&str]); 16] = [
    ("", &[]),
    ("", &["metrics.acc DESC"]),
    ("", &["params.lr"]),
    ("metrics.acc > 0.5", &[]),
    ("metrics.acc > 0.9999", &["metrics.acc DESC"]),
    ("params.lr = '7' AND metrics.acc > 0.5", &[]),
    ("tags.rare = 'yes'", &[]),
    ("status = 'FINISHED'", &["start_time DESC"]),
    ("", &["run_name"]),
    ("", &["run_name DESC"]),
    ("", &["user_id"]),
    ("", &["user_id DESC"]),
    ("", &["status"]),
    ("", &["status DESC"]),
    ("", &["end_time"]),
    ("", &["end_time DESC"]),
];

/// `n` runs in the Default experiment, each with two metrics, two parameters and two tags.
async fn fill(w: &World, n: i64) {
    let key = w.default(OURS).await.key;
    let numbers = if w.engine == "sqlite" {
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $2)"
    } else {
        "WITH n (i) AS (SELECT generate_series(1, $2))"
    };
    let mut tx = w.store.begin().await.unwrap();
    for (table, columns, select) in [
        (
            "runs",
            "key, id, team_id, experiment_key, name, user_name, created_by, status, state, submitted, artifact_uri, started_at, ended_at, lifecycle, revision, created_at",
            "i, 'r' || i, '11111111111111111111111111111111', $1, 'run-' || (i % 5000), 'user-' || (i % 7), 'ada', CASE i % 4 WHEN 0 THEN 'FAILED' ELSE 'FINISHED' END, 'succeeded', 0, 'x', 1000000 + i, CASE WHEN i % 9 = 0 THEN NULL ELSE 2000000 + i END, 'active', 1, 0",
        ),
        (
            "latest_metrics",
            "series, run_key, experiment_key, key, value, is_nan, step, time",
            "i, i, $1, 'acc', ((i * 7919) % 1000003) / 1000003.0, 0, 1, 1",
        ),
        (
            "latest_metrics",
            "series, run_key, experiment_key, key, value, is_nan, step, time",
            "1000000 + i, i, $1, 'loss', i / 3.0, 0, 1, 1",
        ),
        ("params", "run_key, experiment_key, key, value", "i, $1, 'lr', CAST(i % 1000 AS TEXT)"),
        ("params", "run_key, experiment_key, key, value", "i, $1, 'opt', 'adam'"),
        ("run_tags", "run_key, experiment_key, key, value", "i, $1, 'mlflow.user', 'ada'"),
        ("run_tags", "run_key, experiment_key, key, value", "i, $1, 'rare', CASE WHEN i % 20000 = 7 THEN 'yes' ELSE 'no' END"),
    ] {
        // On SQLite the WITH stands in front; on both it is one statement.
        let sql = format!("{numbers} INSERT INTO {table} ({columns}) SELECT {select} FROM n");
        tx.exec(sqlx::AssertSqlSafe(sql), server::args![key, n]).await.unwrap();
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn no_ordinary_search_scans_a_table() {
    each(async |w| {
        if w.engine != "sqlite" {
            // With few rows PostgreSQL rightly scans; `measure` shows what it does with many.
            return;
        }
        fill(w, 100).await;
        for (filter, order) in ORDINARY {
            let (conditions, order) = (grammar::filter(filter).unwrap(), grammar::order(order).unwrap());
            let scope = Scope::Experiments(vec![w.default(OURS).await.key]);
            let search = RunSearch { team_id: OURS, scope, conditions: &conditions, order: &order, view: View::Active };
            let plan = w.store.run_search_plan(&search, 51).await.unwrap();
            // The page itself is scanned: `u`, and the members it is made of.
            let scans = plan.iter().filter(|l| l.starts_with("SCAN ") && !l.starts_with("SCAN u") && !l.starts_with("SCAN m0"));
            assert_eq!(scans.count(), 0, "{filter} by {order:?}: {plan:#?}");
        }
    })
    .await;
}

/// `cargo test -p server --test store measure -- --ignored --nocapture` prints times and plans over 100 000 runs.
#[tokio::test]
#[ignore = "takes a minute; run it to see times and plans"]
async fn measure() {
    each(async |w| {
        fill(w, 100_000).await;
        let mut tx = w.store.begin().await.unwrap();
        tx.exec("ANALYZE", vec![]).await.unwrap();
        tx.commit().await.unwrap();
        for (filter, texts) in ORDINARY {
            let (conditions, order) = (grammar::filter(filter).unwrap(), grammar::order(texts).unwrap());
            let scope = Scope::Experiments(vec![w.default(OURS).await.key]);
            let search = RunSearch { team_id: OURS, scope, conditions: &conditions, order: &order, view: View::Active };
            let plan = w.store.run_search_plan(&search, 51).await.unwrap();
            let (mut page, mut after, mut times) = (vec![], None, vec![]);
            for _ in 0..3 {
                let begun = Instant::now();
                page = w.store.run_search(&search, after.as_ref(), 51).await.unwrap();
                times.push(begun.elapsed());
                let Some(last) = page.last() else { break };
                after = Some(w.store.run_cursor(&order, last).await.unwrap());
            }
            println!("{} | {filter} | {texts:?} | {} rows | first pages {times:?}", w.engine, page.len());
            println!("    {}", plan.join("\n    "));
        }
    })
    .await;
}
