//! How long ordinary searches take over many runs, and how each engine goes about them.

use crate::{
    context::Bench,
    report::{Section, Table},
    servers::{postgres::Postgres, sqlite},
};
use anyhow::{Context, Result};
use server::{
    clock::SystemClock,
    records::search::View,
    runs::search::runs as grammar,
    store::{
        Store,
        run_search::{RunSearch, Scope},
    },
    wake::Bell,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// The test of query plans fills its database in the same way.
#[path = "../../../../server/tests/store/many_runs.rs"]
mod many_runs;

const RUNS: i64 = 100_000;
const TEAM: &str = "11111111111111111111111111111111";
const PAGE: i64 = 51;

/// Both engines.
pub async fn run(bench: &Bench, section: &mut Section) -> Result<()> {
    section.method(format!(
        "The store itself, without HTTP: {RUNS} runs of one experiment, each with two metrics, two parameters and two tags. The first three \
         pages of 50 rows of ordinary searches in MLflow's grammar; the page before is where the next one begins."
    ));
    let file = bench.folder("plans")?.join("plans.db");
    section.version("SQLite", sqlite::DURABILITY);
    engine(section, "SQLite", &format!("sqlite:{}", file.display())).await?;
    let postgres = Postgres::start(bench).await?;
    section.version(&postgres.version, "as it comes, after ANALYZE");
    engine(section, "PostgreSQL", &postgres.database("plans").await?).await
}

async fn engine(section: &mut Section, name: &str, url: &str) -> Result<()> {
    let store = Store::open(url, Arc::new(SystemClock), Bell::default()).await?;
    let mut tx = store.begin().await?;
    tx.team_insert(TEAM, "bench", "Bench").await?;
    tx.commit().await?;
    let key = store.experiment(TEAM, TEAM).await?.context("a team has its Default")?.key;
    many_runs::fill(&store, key, RUNS).await?;
    let mut tx = store.begin().await?;
    tx.exec("ANALYZE", vec![]).await?;
    tx.commit().await?;
    let caption = format!("{name}: milliseconds of the first three pages");
    let mut table = Table::new(&caption, &["filter", "order", "first", "second", "third", "plan"]);
    for (filter, texts) in many_runs::ORDINARY {
        let (conditions, order) = (grammar::filter(filter)?, grammar::order(texts)?);
        let search =
            RunSearch { team_id: TEAM, scope: Scope::Experiments(vec![key]), conditions: &conditions, order: &order, view: View::Active };
        let plan = store.run_search_plan(&search, PAGE).await?;
        let (mut after, mut times) = (None, Vec::<Option<Duration>>::new());
        for _ in 0..3 {
            let begun = Instant::now();
            let page = store.run_search(&search, after.as_ref(), PAGE).await?;
            times.push(Some(begun.elapsed()));
            let Some(last) = page.get(PAGE as usize - 2).or(page.last()) else { break };
            after = Some(store.run_cursor(&order, last).await?);
        }
        times.resize(3, None);
        let code = |text: String| if text.is_empty() { String::new() } else { format!("`{text}`") };
        let ms = times.iter().map(|t| t.map_or("-".into(), |t| format!("{:.1}", t.as_secs_f64() * 1e3)));
        // The steps that read something; what a database says of itself besides is left out.
        let steps =
            plan.iter().map(|l| l.trim()).filter(|l| ["SCAN", "SEARCH", "->", "Index", "Seq", "Bitmap"].iter().any(|w| l.starts_with(w)));
        let steps = steps.map(|l| l.trim_start_matches("-> ").split(" (actual").next().unwrap_or(l).trim().to_owned()).collect::<Vec<_>>();
        table.row([code(filter.into()), code(texts.join(", "))].into_iter().chain(ms).chain([steps.join("; ")]));
    }
    section.tables.push(table);
    store.db().close().await;
    Ok(())
}
