//! What Slipway adds to a request that it hands on: to a deployment's model server, and to a notebook's JupyterLab.

use crate::{
    client::{Call, Http, Place},
    context::Bench,
    load::Target,
    process::Usage,
    report::{Section, Table},
    servers::{
        digits::{Digits, NAME},
        slipway::{self, Slipway, TEAM},
        sqlite,
    },
};
use anyhow::{Context, Result};
use hdrhistogram::Histogram;
use http::header;
use serde_json::json;
use sqlx::Row;
use std::{path::PathBuf, rc::Rc, time::Duration};

/// How often the two sides take turns.
const TURNS: u32 = 10;
const NOTEBOOK: &str = "bench";
/// Milliseconds that the gateway may add at the median.
const GATEWAY: f64 = 0.3;

/// Measures both.
pub async fn run(bench: &Bench, section: &mut Section) -> Result<()> {
    let portal = Slipway::start(bench, None).await?;
    section.method(format!(
        "One client; the same request to the server itself, over its own unix socket, and through Slipway, in {TURNS} turns of {:.1} s each. \
         What is added is the difference of the medians.",
        bench.measure.as_secs_f64() / f64::from(TURNS) * 3.0
    ));
    section.version("Slipway", slipway::version(bench));
    let head = [
        "request",
        "p50 ms itself",
        "p50 ms through Slipway",
        "added",
        "p99 ms itself",
        "p99 ms through Slipway",
        "Slipway CPU ms/request",
    ];
    let mut table = Table::new("Latency", &head);
    match gateway(bench, &portal, &mut table).await {
        Ok(added) => {
            section.target("Gateway, added at the median", format!("below {GATEWAY} ms"), format!("{added:.3} ms"), added < GATEWAY)
        }
        Err(e) => section.failures.push(format!("the gateway: {e:#}")),
    }
    if let Err(e) = notebook(bench, &portal, &mut table).await {
        section.failures.push(format!("the notebook proxy: {e:#}"));
    }
    section.tables.push(table);
    Ok(())
}

/// Where the one running workload of this kind listens.
pub(super) async fn socket(portal: &Slipway, kind: &str) -> Result<PathBuf> {
    let mut database = sqlite::open(&portal.data.join("slipway.db")).await?;
    let sql = "SELECT endpoint FROM workloads WHERE kind = $1 AND state = 'running' AND endpoint IS NOT NULL";
    let endpoint: String = sqlx::query(sql).bind(kind).fetch_one(&mut database).await?.get(0);
    let endpoint: serde_json::Value = serde_json::from_str(&endpoint)?;
    Ok(endpoint["path"].as_str().with_context(|| format!("{endpoint} is no unix socket"))?.into())
}

async fn gateway(bench: &Bench, portal: &Slipway, table: &mut Table) -> Result<f64> {
    let digits = Digits::train(bench, portal)?;
    let body = digits.deploy(portal).await?.to_string();
    let own = Http::new(Place::Unix(socket(portal, "replica").await?));
    let (path, ours) = (format!("/v2/models/{NAME}/infer"), format!("/serve/{TEAM}/{NAME}/v2/models/{NAME}/infer"));
    let added = compare(bench, portal, table, "a prediction", post(&own, &path, &body), post(&portal.editor, &ours, &body)).await;
    let live = |http: &Http, path: String| {
        let http = http.clone();
        (http.place.clone(), Rc::new(move || http.call("GET", &path, "")) as Rc<dyn Fn() -> Call>)
    };
    let path = format!("/serve/{TEAM}/{NAME}/v2/health/live");
    let live = compare(bench, portal, table, "`v2/health/live`", live(&own, "/v2/health/live".into()), live(&portal.editor, path)).await;
    Digits::stop(portal, "deployments", NAME).await?;
    live?;
    added
}

type Asked = (Place, Rc<dyn Fn() -> Call>);

fn post(http: &Http, path: &str, body: &str) -> Asked {
    let (http, path, body) = (http.clone(), path.to_owned(), body.to_owned());
    (http.place.clone(), Rc::new(move || http.call("POST", &path, body.clone())))
}

async fn notebook(bench: &Bench, portal: &Slipway, table: &mut Table) -> Result<()> {
    let team = format!("/api/v1/teams/{TEAM}");
    let new = json!({ "name": NOTEBOOK, "environment": "notebook", "cpu": "500m", "memory": "1Gi" });
    portal.editor.json("POST", &format!("{team}/notebooks"), Some(&new)).await?;
    let path = format!("{team}/notebooks/{NOTEBOOK}");
    portal.until(&path, "/state", "running", &["failed", "stopped"], Duration::from_secs(180)).await?;
    let socket = socket(portal, "notebook").await?;
    let token = jupyter_token(&socket).context("no process has the token of JupyterLab")?;
    let own = Http::new(Place::Unix(socket)).with(header::AUTHORIZATION, &format!("token {token}"))?;
    // As a browser does: a ticket that works once becomes a cookie on the notebook origin.
    let opened = portal.editor.json("POST", &format!("{path}/open"), Some(&json!({}))).await?;
    let url: http::Uri = opened["url"].as_str().context("no url")?.parse()?;
    let host = url.authority().context("no host")?.as_str();
    let browser = Http::new(Place::Tcp(host.replace("localhost", "127.0.0.1").parse()?)).with(header::HOST, host)?;
    let ticket = url.path_and_query().map(http::uri::PathAndQuery::as_str).unwrap_or_default();
    let entered = browser.send("GET", ticket, "").await?;
    let cookie = entered.headers().get(header::SET_COOKIE).context("no cookie for the ticket")?.to_str()?;
    let browser = browser.with(header::COOKIE, cookie.split(';').next().unwrap_or_default())?;
    let path = format!("/notebook/{TEAM}/{NOTEBOOK}/api/status");
    let get = |http: &Http| {
        let (http, path) = (http.clone(), path.clone());
        (http.place.clone(), Rc::new(move || http.call("GET", &path, "")) as Rc<dyn Fn() -> Call>)
    };
    let measured = compare(bench, portal, table, "`api/status` of JupyterLab", get(&own), get(&browser)).await;
    Digits::stop(portal, "notebooks", NOTEBOOK).await?;
    measured.map(drop)
}

/// The token that the process has which listens at `socket`.
fn jupyter_token(socket: &std::path::Path) -> Option<String> {
    let socket = socket.display().to_string();
    let all = procfs::process::all_processes().ok()?.flatten();
    let mut ours = all.filter(|p| p.cmdline().is_ok_and(|c| c.iter().any(|word| word.contains(&socket))));
    ours.find_map(|p| p.environ().ok()?.get(std::ffi::OsStr::new("JUPYTER_TOKEN"))?.to_str().map(str::to_owned))
}

/// Both sides in turns; what is added at the median, in milliseconds.
async fn compare(bench: &Bench, portal: &Slipway, table: &mut Table, what: &str, own: Asked, ours: Asked) -> Result<f64> {
    let target = |(place, make): Asked, usage: Usage| Target { place, make: Rc::new(move |_, _| make()), usage, database: None };
    let sides = [target(own, Usage::own()), target(ours, portal.server.usage().alone())];
    let mut all = [Histogram::<u64>::new(3)?, Histogram::<u64>::new(3)?];
    let (mut cpu, mut requests) = (0.0, 0);
    for _ in 0..TURNS {
        for (i, (side, all)) in sides.iter().zip(&mut all).enumerate() {
            let (outcome, _) = side.measure(1, bench.measure * 3 / TURNS, 0).await?;
            all.add(&outcome.latency)?;
            if i == 1 {
                cpu += outcome.cpu;
                requests += outcome.requests;
            }
        }
    }
    let ms = |i: usize, q| all[i].value_at_quantile(q) as f64 / 1e6;
    let added = ms(1, 0.5) - ms(0, 0.5);
    let text = |v: f64| format!("{v:.3}");
    let cpu = cpu * 1e3 / requests as f64;
    table.row([what.into(), text(ms(0, 0.5)), text(ms(1, 0.5)), text(added), text(ms(0, 0.99)), text(ms(1, 0.99)), text(cpu)]);
    Ok(added)
}
