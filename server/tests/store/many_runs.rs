//! A database with many runs, and searches over them. The benchmark of query plans (`end2end/bench`) uses this file too.

use server::{error::Result, store::Store};

/// Filter and order of ordinary searches.
pub const ORDINARY: [(&str, &[&str]); 16] = [
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

/// `n` runs in the experiment of this key, each with two metrics, two parameters and two tags.
pub async fn fill(store: &Store, key: i64, n: i64) -> Result<()> {
    let numbers = if store.db().name() == "sqlite" {
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $2)"
    } else {
        "WITH n (i) AS (SELECT generate_series(1, $2))"
    };
    let mut tx = store.begin().await?;
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
        tx.exec(sqlx::AssertSqlSafe(sql), server::args![key, n]).await?;
    }
    tx.commit().await
}
