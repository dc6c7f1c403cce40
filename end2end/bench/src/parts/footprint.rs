//! What a browser loads, what an idle server holds, how long a start takes.

use crate::{
    client::{Http, Place},
    context::Bench,
    median::median,
    process::{Server, free_address},
    report::{Section, Table},
    servers::slipway::{self, Slipway},
};
use anyhow::{Context, Result, ensure};
use http::header;
use std::{
    path::Path,
    time::{Duration, Instant},
};

/// Files that a page loads before it is alive.
const BUNDLE: [&str; 2] = ["/pkg/slipway.js", "/pkg/slipway_bg.wasm"];
const KILOBYTES: f64 = 250.0;
const MEGABYTES: f64 = 60.0;
const MILLISECONDS: f64 = 150.0;
const STARTS: usize = 9;
/// How long the server is left alone before its memory is read.
const QUIET: Duration = Duration::from_secs(10);

/// Measures all three.
pub async fn run(bench: &Bench, section: &mut Section) -> Result<()> {
    section.version("Slipway", slipway::version(bench));
    section.method(format!(
        "The bundle as the release binary sends it to a browser that takes brotli. Memory: resident set of the server process, the environments made, \
         {} s after the last request, with SQLite. A start lasts from the making of the process to the first 200 of `/readyz`, asked every \
         half millisecond; {STARTS} starts each, first ones on an empty data folder.",
        QUIET.as_secs()
    ));
    if let Err(e) = bundle_and_memory(bench, section).await {
        section.failures.push(format!("bundle and memory: {e:#}"));
    }
    starts(bench, section).await.context("starts")
}

async fn bundle_and_memory(bench: &Bench, section: &mut Section) -> Result<()> {
    let portal = Slipway::start(bench, None).await?;
    tokio::time::sleep(QUIET).await;
    let idle = portal.server.usage().resident() as f64 / 1e6;
    let http = Http::new(portal.editor.place.clone()).with(header::ACCEPT_ENCODING, "br")?;
    let mut table = Table::new("What a browser loads", &["file", "KB (1000 bytes), brotli"]);
    let mut sum = 0.0;
    for path in BUNDLE {
        let answer = http.send("GET", path, "").await?;
        let encoded = answer.headers().get(header::CONTENT_ENCODING).is_some_and(|e| e == "br");
        ensure!(answer.status().is_success() && encoded, "{path} is not sent with brotli: {}", answer.status());
        let size = answer.body().len() as f64 / 1e3;
        sum += size;
        table.row([format!("`{path}`"), format!("{size:.1}")]);
    }
    table.row(["together".into(), format!("{sum:.1}")]);
    section.tables.push(table);
    section.target("wasm and JavaScript, brotli", format!("at most {KILOBYTES:.0} KB"), format!("{sum:.1} KB"), sum <= KILOBYTES);
    let pages = ["/account", "/admin", "/teams/bench", "/teams/bench/runs", "/teams/bench/models", "/teams/bench/notebooks"];
    for path in pages.iter().cycle().take(60) {
        portal.admin.send("GET", path, "").await?;
    }
    tokio::time::sleep(QUIET).await;
    let after = portal.server.usage().resident() as f64 / 1e6;
    let mut table = Table::new("Resident memory of the server", &["", "MB"]);
    table.row(["idle after the start and a sign-in".into(), format!("{idle:.1}")]);
    table.row(["idle after 60 pages".into(), format!("{after:.1}")]);
    section.tables.push(table);
    section.target("Idle memory", format!("below {MEGABYTES:.0} MB"), format!("{idle:.1} MB"), idle < MEGABYTES);
    Ok(())
}

async fn starts(bench: &Bench, section: &mut Section) -> Result<()> {
    let (mut first, mut second) = (vec![], vec![]);
    for _ in 0..STARTS {
        let data = bench.folder("start")?;
        first.push(start(bench, &data).await?);
        second.push(start(bench, &data).await?);
    }
    let mut table = Table::new("From the process to ready", &["", "median ms", "slowest ms"]);
    for (name, times) in [("first start, empty data folder", &first), ("later start, existing data folder", &second)] {
        let slowest = times.iter().copied().fold(0.0, f64::max);
        table.row([name.into(), format!("{:.0}", median(times)), format!("{slowest:.0}")]);
        section.target(
            format!("Ready, {name}"),
            format!("below {MILLISECONDS:.0} ms"),
            format!("{:.0} ms", median(times)),
            median(times) < MILLISECONDS,
        );
    }
    section.tables.push(table);
    Ok(())
}

/// Milliseconds of one start.
async fn start(bench: &Bench, data: &Path) -> Result<f64> {
    let (address, notebooks) = (free_address()?, free_address()?);
    let http = Http::new(Place::Tcp(address));
    let begun = Instant::now();
    let mut server = Server::start(slipway::command(bench, data, address, notebooks, None), &bench.folder("log")?.join("start.log"))?;
    while !http.send("GET", "/readyz", "").await.is_ok_and(|a| a.status().is_success()) {
        ensure!(begun.elapsed() < Duration::from_secs(30), "not ready after 30 s: {}", server.last_words());
        server.alive()?;
        tokio::time::sleep(Duration::from_micros(500)).await;
    }
    let took = begun.elapsed().as_secs_f64() * 1e3;
    server.stop();
    Ok(took)
}
