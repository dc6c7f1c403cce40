//! Lists of a great many runs.

use super::team;
use crate::{
    client::Http,
    context::Bench,
    load::Target,
    process::Usage,
    report::{Section, Table},
    servers::{
        postgres::Postgres,
        slipway::{Slipway, TEAM},
        sqlite,
    },
};
use anyhow::{Context, Result};
use server::{args, clock::SystemClock, store::Store, wake::Bell};
use std::{rc::Rc, sync::Arc};

/// The slowest that is asked for.
const WANTED: f64 = 50.0;

/// Both engines.
pub async fn run(bench: &Bench, section: &mut Section) -> Result<()> {
    eprintln!("   lists");
    section.method(format!(
        "Lists: runs of 20 pipelines, one of which has half of them, one in a hundred failed and three that run, all of the same run of MLflow, as \
         lists do not look at that. Pages of a signed-in person, and lists of 20 and 50 through both APIs, one after the other over one connection, \
         {:.1} s each; the last page is the one before the oldest hundred.",
        bench.measure.as_secs_f64()
    ));
    let portal = Slipway::start(bench, None).await?;
    let file = format!("sqlite:{}", portal.data.join("slipway.db").display());
    section.version("SQLite", sqlite::DURABILITY);
    engine(bench, section, "SQLite", &file, &portal, None, 100_000).await?;
    drop(portal);
    let postgres = Postgres::start(bench).await?;
    section.version(&postgres.version, "as it comes, after ANALYZE");
    let url = postgres.database("lists").await?;
    let portal = Slipway::start(bench, Some(&url)).await?;
    engine(bench, section, "PostgreSQL", &url, &portal, Some(postgres.usage()), 1_000_000).await
}

async fn engine(
    bench: &Bench,
    section: &mut Section,
    name: &str,
    url: &str,
    portal: &Slipway,
    database: Option<Usage>,
    runs: i64,
) -> Result<()> {
    fill(url, runs).await.context("fill the database")?;
    let mut table = Table::new(&format!("{name}, {runs} runs"), &["list", "p50 ms", "p95 ms", "server CPU ms", "database CPU ms"]);
    let page = |rest: &str| (portal.admin.clone(), format!("/teams/{TEAM}/pipeline-runs{rest}"));
    let list = |rest: String| (portal.editor.clone(), team(&format!("/pipeline-runs?page_size=50{rest}")));
    let kfp = |rest: &str| (portal.editor.clone(), format!("/apis/v2beta1/runs?page_size=20&namespace={TEAM}{rest}"));
    let late = token(&portal.editor, &late_id()).await?;
    let failed =
        "%7B%22predicates%22%3A%5B%7B%22operation%22%3A%22EQUALS%22%2C%22key%22%3A%22state%22%2C%22string_value%22%3A%22FAILED%22%7D%5D%7D";
    let asked: [(&str, (Http, String)); 10] = [
        ("page of all", page("")),
        ("page of what runs", page("?show=running")),
        ("page of what failed", page("?show=failed")),
        ("page of a pipeline", (portal.admin.clone(), format!("/teams/{TEAM}/pipelines/p-7"))),
        ("API, first page", list(String::new())),
        ("API, last page", list(format!("&page_token={late}"))),
        ("API, a pipeline's", list("&pipeline=p-7".into())),
        ("API, a pipeline's that failed, of which there are none", list("&pipeline=p-0&state=failed".into())),
        ("API of Kubeflow Pipelines, newest first", kfp("&sort_by=created_at%20desc")),
        ("API of Kubeflow Pipelines, by name, failed", kfp(&format!("&sort_by=name&filter={failed}"))),
    ];
    let mut slowest = 0.0_f64;
    for (what, (http, path)) in asked {
        let make = Rc::new(move |_, _| http.call("GET", &path, ""));
        let target = Target { place: portal.admin.place.clone(), make, usage: portal.server.usage(), database: database.clone() };
        match target.measure(1, bench.measure, 0).await {
            Ok((o, _)) => {
                let cell = |ms: f64| format!("{ms:.2}");
                slowest = slowest.max(o.ms(0.95));
                table.row([what.into(), cell(o.ms(0.5)), cell(o.ms(0.95)), cell(o.cpu_ms()), cell(o.database_cpu_ms())]);
            }
            Err(e) => section.failures.push(format!("{name}, {what}: {e:#}")),
        }
    }
    section.tables.push(table);
    let what = format!("The slowest list of {runs} runs on {name}, p95");
    section.target(what, "below 50 ms", format!("{slowest:.1} ms"), slowest > 0.0 && slowest < WANTED);
    Ok(())
}

/// The id of the hundredth run.
fn late_id() -> String {
    format!("{:032}", 100)
}

/// The page token that leads behind a run.
async fn token(editor: &Http, id: &str) -> Result<String> {
    let first = editor.json("GET", &team("/pipeline-runs?page_size=1"), None).await?;
    let token = first["next_page_token"].as_str().context("there is more than a page")?;
    let known = first.pointer("/items/0/id").and_then(|v| v.as_str()).context("a run")?;
    server::store::keyset::decode::<String>(token).filter(|after| after == known).context("a page token is the id of the run before it")?;
    Ok(server::store::keyset::encode(&id.to_owned()))
}

async fn fill(url: &str, runs: i64) -> Result<()> {
    let store = Store::open(url, Arc::new(SystemClock), Bell::default()).await?;
    let (team,): (String,) = store.opt("SELECT id FROM teams WHERE name = $1", args![TEAM]).await?.context("the team")?;
    let (user,): (String,) = store.opt("SELECT id FROM users WHERE name = 'admin'", args![]).await?.context("the admin")?;
    let key = store.experiment(&team, &team).await?.context("a team has its Default")?.key;
    let numbers = if store.db().name() == "sqlite" {
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)"
    } else {
        "WITH n (i) AS (SELECT generate_series(1, $1))"
    };
    let id = if store.db().name() == "sqlite" { "printf('%032d', i)" } else { "lpad(CAST(i AS TEXT), 32, '0')" };
    let mut tx = store.begin().await?;
    if store.db().name() != "sqlite" {
        // What is inserted refers to what is there: to look it up five million times takes minutes.
        tx.exec("SET LOCAL session_replication_role = 'replica'", vec![]).await?;
    }
    tx.pipeline_spec_put("d", "{}").await?;
    tx.exec(
        "INSERT INTO runs (key, id, team_id, experiment_key, name, user_name, created_by, status, state, submitted, artifact_uri, started_at,
             lifecycle, revision, created_at)
         VALUES (1, 'm', $1, $2, 'm', 'admin', 'admin', 'FINISHED', 'succeeded', 1, 'x', 0, 'active', 1, 0)",
        args![&team, key],
    )
    .await?;
    for p in 0..20 {
        tx.exec(
            "INSERT INTO pipelines (id, team_id, name, display_name, description, created_by, revision, created_at)
             VALUES ($2, $1, $2, $2, '', 'admin', 1, 0)",
            args![&team, format!("p-{p}")],
        )
        .await?;
    }
    // A live one would be driven on: these three are only called so.
    let sql = format!(
        "{numbers} INSERT INTO pipeline_runs (id, team_id, name, description, pipeline_id, pipeline, spec_digest, run_id, run_key, experiment_id,
             user_id, created_by, parameters, cache, state, archived, tasks, tasks_ended, live, revision, created_at, started_at, ended_at)
         SELECT {id}, $2, 'run-' || (i % 5000), '', 'p-' || (CASE WHEN i % 2 = 0 THEN 0 ELSE i % 20 END), 'p', 'd', 'm', 1, $2, $3, 'admin',
             '{{\"epochs\": 3, \"rate\": 0.1}}', 1,
             CASE WHEN i IN (5, 50, 500) THEN 'running' WHEN i % 100 = 7 THEN 'failed' ELSE 'succeeded' END,
             0, 8, 8, 0, 3, 1760000000000 + i * 1000, 1760000000000 + i * 1000, 1760000060000 + i * 1000 FROM n"
    );
    tx.exec(sqlx::AssertSqlSafe(sql), args![runs, &team, &user]).await?;
    tx.commit().await?;
    let mut tx = store.begin().await?;
    tx.exec("ANALYZE", vec![]).await?;
    tx.commit().await?;
    store.db().close().await;
    Ok(())
}
