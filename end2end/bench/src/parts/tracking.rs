//! Logging metrics through MLflow's REST API: Slipway, `mlflow server` and FastTrackML, on SQLite and on PostgreSQL.

use super::bare;
use crate::{
    client::Http,
    context::Bench,
    load::{Make, Outcome, Target},
    median::median,
    process::Server,
    report::{Section, Table},
    servers::{
        fasttrackml, mlflow,
        postgres::{self, Postgres},
        slipway::{self, Slipway},
        sqlite,
    },
};
use anyhow::{Context, Result};
use hdrhistogram::Histogram;
use serde_json::json;
use std::{collections::HashMap, rc::Rc};

const CLIENTS: [usize; 3] = [1, 8, 32];
const METRICS: usize = 100;
/// At 8 clients, `log-metric`: how many times as many requests per second as each neighbour.
const WANTED: [(&str, f64); 2] = [("mlflow", 30.0), ("FastTrackML", 5.0)];
/// Milliseconds since 1970 of the first metric.
const START: u64 = 1_764_000_000_000;

/// A tracking server.
struct Tracker {
    product: &'static str,
    engine: &'static str,
    target: HashMap<Operation, Target>,
    /// Number of the next request.
    next: u64,
    /// Ends with the measurement.
    _server: Server,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Operation {
    Metric,
    Batch,
}

impl Operation {
    const ALL: [Self; 2] = [Self::Metric, Self::Batch];

    const fn name(self) -> &'static str {
        match self {
            Self::Metric => "log-metric",
            Self::Batch => "log-batch",
        }
    }
}

/// Measures all of them in turns.
pub async fn run(bench: &Bench, section: &mut Section) -> Result<()> {
    let postgres = Postgres::start(bench).await?;
    describe(section, bench, &postgres);
    let mut trackers = Vec::new();
    for engine in ["SQLite", "PostgreSQL"] {
        for product in ["Slipway", "mlflow", "FastTrackML"] {
            eprintln!("   starting {product} on {engine}");
            match start(bench, &postgres, product, engine).await {
                Ok(tracker) => trackers.push(tracker),
                Err(e) => section.failures.push(format!("{product} on {engine}: {e:#}")),
            }
        }
    }
    section.tables.push(bare::measure(bench, &postgres).await.context("the bare rate")?);
    let mut rates = HashMap::new();
    let mut own: f64 = 0.0;
    for operation in Operation::ALL {
        let caption = match operation {
            Operation::Metric => "`log-metric`: one metric per request".to_owned(),
            Operation::Batch => format!("`log-batch`: {METRICS} metrics per request"),
        };
        let head = [
            "clients",
            "server",
            "requests/s",
            "of each round",
            "p50 ms",
            "p99 ms",
            "server CPU ms/request",
            "database CPU ms/request",
            "Slipway is",
        ];
        let mut table = Table::new(&caption, &head);
        for clients in CLIENTS {
            let mut found: Vec<Vec<Outcome>> = trackers.iter().map(|_| vec![]).collect();
            for round in 0..bench.rounds {
                for (tracker, outcomes) in trackers.iter_mut().zip(&mut found) {
                    let target = &tracker.target[&operation];
                    match target.measure(clients, bench.measure, tracker.next).await {
                        Ok((outcome, next)) => {
                            eprintln!(
                                "   {} {clients} {}/{} {round}: {:.0}/s",
                                operation.name(),
                                tracker.product,
                                tracker.engine,
                                outcome.rate()
                            );
                            tracker.next = next;
                            own = own.max(outcome.own);
                            outcomes.push(outcome);
                        }
                        Err(e) => section.failures.push(format!(
                            "{} of {} on {} at {clients}: {e:#}",
                            operation.name(),
                            tracker.product,
                            tracker.engine
                        )),
                    }
                }
            }
            let of = |o: &[Outcome]| median(&o.iter().map(Outcome::rate).collect::<Vec<_>>());
            for (tracker, outcomes) in trackers.iter().zip(&found).filter(|(_, o)| !o.is_empty()) {
                rates.insert((operation, clients, tracker.engine, tracker.product), of(outcomes));
            }
            for (tracker, outcomes) in trackers.iter().zip(&found).filter(|(_, o)| !o.is_empty()) {
                let ours = rates.get(&(operation, clients, tracker.engine, "Slipway")).copied().unwrap_or_default();
                table.row(row(tracker, clients, outcomes, ours));
            }
        }
        section.tables.push(table);
    }
    section.method(format!("The load generator used at most {:.0} % of one core.", own * 100.0));
    targets(section, &rates);
    Ok(())
}

fn row(tracker: &Tracker, clients: usize, outcomes: &[Outcome], ours: f64) -> Vec<String> {
    let middle = |f: fn(&Outcome) -> f64| median(&outcomes.iter().map(f).collect::<Vec<_>>());
    let mut all = Histogram::<u64>::new(3).unwrap_or_else(|_| outcomes[0].latency.clone());
    for outcome in outcomes {
        let _ = all.add(&outcome.latency);
    }
    let ms = |q| format!("{:.2}", all.value_at_quantile(q) as f64 / 1e6);
    let rate = middle(Outcome::rate);
    vec![
        clients.to_string(),
        format!("{}, {}", tracker.product, tracker.engine),
        format!("{rate:.0}"),
        outcomes.iter().map(|o| format!("{:.0}", o.rate())).collect::<Vec<_>>().join(" "),
        ms(0.5),
        ms(0.99),
        format!("{:.3}", middle(Outcome::cpu_ms)),
        if tracker.engine == "SQLite" { "within".into() } else { format!("{:.3}", middle(Outcome::database_cpu_ms)) },
        if tracker.product == "Slipway" { "1".into() } else { format!("{:.1} x", ours / rate) },
    ]
}

fn targets(section: &mut Section, rates: &HashMap<(Operation, usize, &'static str, &'static str), f64>) {
    for engine in ["SQLite", "PostgreSQL"] {
        for (product, wanted) in WANTED {
            let of = |p| rates.get(&(Operation::Metric, 8, engine, p));
            if let (Some(ours), Some(theirs)) = (of("Slipway"), of(product)) {
                let ratio = ours / theirs;
                let what = format!("log-metric at 8 clients on {engine}, beside {product}");
                section.target(what, format!("at least {wanted:.0} x"), format!("{ratio:.1} x"), ratio >= wanted);
            }
        }
    }
}

fn describe(section: &mut Section, bench: &Bench, postgres: &Postgres) {
    section.method(format!(
        "Closed loop: each client has one kept connection and a run of its own, and sends its next request when the last was answered. \
         {} rounds of {:.1} s each, after a third of that as warm-up; every round measures each server in turn. The rate is the median of \
         the rounds, latencies are of all rounds. All servers and the load generator share the machine; the servers that are not measured \
         idle. Slipway checks a token with each request, the others run without authentication.",
        bench.rounds,
        bench.measure.as_secs_f64()
    ));
    section.version("SQLite, all", sqlite::DURABILITY);
    section.version(&postgres.version, format!("{}; over its unix socket, all", postgres::DURABILITY));
    section.version("Slipway", slipway::version(bench));
    let of = |v: Result<crate::venv::Venv>, package: &str| v.map(|v| v.version(package)).unwrap_or_default();
    section.version("mlflow", format!("{}, {}", of(mlflow::venv(bench), "mlflow"), mlflow::SETTINGS));
    section.version("FastTrackML", format!("{}, {}", of(fasttrackml::venv(bench), "fasttrackml"), fasttrackml::SETTINGS));
}

async fn start(bench: &Bench, postgres: &Postgres, product: &'static str, engine: &'static str) -> Result<Tracker> {
    let url = match engine {
        "PostgreSQL" => Some(postgres.database(&product.to_lowercase()).await?),
        _ => None,
    };
    let url = url.as_deref();
    let (server, http) = match product {
        "Slipway" => {
            let portal = Slipway::start(bench, url).await?;
            (portal.server, portal.editor)
        }
        "mlflow" => mlflow::start(bench, url).await?,
        _ => fasttrackml::start(bench, url).await?,
    };
    let runs = runs(&http).await?;
    let target = |operation| {
        let database = url.map(|_| postgres.usage());
        (operation, Target { place: http.place.clone(), make: make(operation, &http, &runs), usage: server.usage(), database })
    };
    let target = Operation::ALL.into_iter().map(target).collect();
    Ok(Tracker { product, engine, target, next: 0, _server: server })
}

/// A run for each client.
async fn runs(http: &Http) -> Result<Rc<Vec<String>>> {
    let mut ids = Vec::new();
    for _ in 0..CLIENTS.into_iter().max().unwrap_or(1) {
        let new = json!({ "experiment_id": "0", "start_time": START });
        let made = http.json("POST", "/api/2.0/mlflow/runs/create", Some(&new)).await?;
        ids.push(made.pointer("/run/info/run_id").and_then(|v| v.as_str()).context("no run_id")?.to_owned());
    }
    Ok(Rc::new(ids))
}

fn make(operation: Operation, http: &Http, runs: &Rc<Vec<String>>) -> Make {
    let (http, runs) = (http.clone(), runs.clone());
    Rc::new(move |client, n| {
        let (run, time) = (&runs[client], START + n);
        match operation {
            Operation::Metric => {
                let body = format!(r#"{{"run_id":"{run}","key":"loss","value":{},"timestamp":{time},"step":{n}}}"#, 1.0 / (n + 1) as f64);
                http.call("POST", "/api/2.0/mlflow/runs/log-metric", body)
            }
            Operation::Batch => {
                let metric = |i| format!(r#"{{"key":"metric_{i}","value":{},"timestamp":{time},"step":{n}}}"#, i as f64 / (n + 1) as f64);
                let metrics = (0..METRICS).map(metric).collect::<Vec<_>>().join(",");
                http.call("POST", "/api/2.0/mlflow/runs/log-batch", format!(r#"{{"run_id":"{run}","metrics":[{metrics}]}}"#))
            }
        }
    })
}
