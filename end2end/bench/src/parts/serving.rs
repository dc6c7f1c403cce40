//! Our model server beside `mlserver`: the same model, the same request.

use crate::{
    client::{Http, Place},
    context::Bench,
    load::{Outcome, Target},
    median::median,
    process::{Server, free_address},
    report::{Section, Table},
    servers::{
        digits::{Digits, NAME, locked},
        slipway::Slipway,
    },
    venv::Venv,
};
use anyhow::{Context, Result};
use hdrhistogram::Histogram;
use serde_json::json;
use std::{path::Path, process::Command, rc::Rc, time::Duration};

const CLIENTS: [usize; 2] = [1, 8];
// Its workers ask uvloop for a loop in a way that 0.22 took away.
const MLSERVER: &[&str] = &["mlserver", "mlserver-mlflow", "mlserver-sklearn", "uvloop<0.22", "scikit-learn==1.9.1", "skops"];

struct Side {
    name: String,
    target: Target,
    _server: Server,
}

/// Measures all of them in turns.
pub async fn run(bench: &Bench, section: &mut Section) -> Result<()> {
    // The portal only keeps the model that is trained; it is gone while servers are measured.
    let mut portal = Slipway::start(bench, None).await?;
    let model = Digits::train(bench, &portal)?.folder;
    portal.server.stop();
    section.method(format!(
        "The demo's classifier of digits, loaded from the same folder; each request asks for one row of 64 numbers by the Open Inference \
         Protocol V2. {} rounds of {:.1} s in turns. One process each: ours with two threads for predictions, mlserver with its default of \
         one worker process beside the one that speaks HTTP.",
        bench.rounds,
        bench.measure.as_secs_f64()
    ));
    let mut sides = Vec::new();
    for (name, started) in [
        ("Slipway's model server", ours(bench, &model).await),
        ("mlserver, mlserver-mlflow", mlserver(bench, &model, "mlserver_mlflow.MLflowRuntime").await),
    ] {
        match started {
            Ok((server, http, body)) => {
                let (place, usage) = (http.place.clone(), server.usage());
                let path = format!("/v2/models/{NAME}/infer");
                let make = Rc::new(move |_, _| http.call("POST", &path, body.clone()));
                sides.push(Side { name: name.into(), target: Target { place, make, usage, database: None }, _server: server });
            }
            Err(e) => section.failures.push(format!("{name}: {e:#}")),
        }
    }
    section.version("Slipway's model server", format!("mlflow-skinny {}", locked(bench, "serve")?.version("mlflow-skinny")));
    if let Ok(venv) = Venv::of(bench, "mlserver", MLSERVER) {
        section.version("mlserver", format!("{}, mlflow {}", venv.version("mlserver"), venv.version("mlflow")));
    }
    let mut table = Table::new("Predictions", &["clients", "server", "requests/s", "p50 ms", "p99 ms", "CPU ms/request", "Slipway's is"]);
    for clients in CLIENTS {
        let mut found: Vec<Vec<Outcome>> = sides.iter().map(|_| vec![]).collect();
        for _ in 0..bench.rounds {
            for (side, outcomes) in sides.iter().zip(&mut found) {
                match side.target.measure(clients, bench.measure, 0).await {
                    Ok((outcome, _)) => outcomes.push(outcome),
                    Err(e) => section.failures.push(format!("{} at {clients}: {e:#}", side.name)),
                }
            }
        }
        let middle = |o: &[Outcome], f: fn(&Outcome) -> f64| median(&o.iter().map(f).collect::<Vec<_>>());
        let first = found.first().map(|o| middle(o, Outcome::rate)).unwrap_or_default();
        for (i, (side, outcomes)) in sides.iter().zip(&found).enumerate().filter(|(_, (_, o))| !o.is_empty()) {
            let mut all = Histogram::<u64>::new(3)?;
            outcomes.iter().try_for_each(|o| all.add(&o.latency))?;
            let ms = |q| format!("{:.2}", all.value_at_quantile(q) as f64 / 1e6);
            let rate = middle(outcomes, Outcome::rate);
            let ratio = if i == 0 { "1".into() } else { format!("{:.1} x", first / rate) };
            let cpu = format!("{:.2}", middle(outcomes, Outcome::cpu_ms));
            table.row([clients.to_string(), side.name.clone(), format!("{rate:.0}"), ms(0.5), ms(0.99), cpu, ratio]);
        }
    }
    section.tables.push(table);
    Ok(())
}

async fn ours(bench: &Bench, model: &Path) -> Result<(Server, Http, String)> {
    let address = free_address()?;
    let mut command = Command::new(locked(bench, "serve")?.program("python"));
    command.args(["-m", "slipway_model_server", "--name", NAME, "--version", "1", "--threads", "2"]).arg("--model-dir").arg(model);
    command.args(["--port", &address.port().to_string()]).current_dir(bench.folder("model-server")?);
    command.env("PYTHONPATH", bench.root.join("server/runtimes/model_server"));
    let server = Server::start(command, &bench.folder("log")?.join("model-server.log"))?;
    let http = Http::new(Place::Tcp(address));
    ready(&http, &server).await?;
    let body = request(false);
    try_it(&http, &body).await?;
    Ok((server, http, body))
}

async fn mlserver(bench: &Bench, model: &Path, implementation: &str) -> Result<(Server, Http, String)> {
    let venv = Venv::of(bench, "mlserver", MLSERVER)?;
    let (folder, address) = (bench.folder("mlserver")?, free_address()?);
    let settings = json!({
        "host": "127.0.0.1", "http_port": address.port(), "grpc_port": free_address()?.port(), "metrics_port": free_address()?.port(),
        "debug": false,
    });
    std::fs::write(folder.join("settings.json"), settings.to_string())?;
    let settings = json!({ "name": NAME, "implementation": implementation, "parameters": { "uri": model } });
    std::fs::write(folder.join("model-settings.json"), settings.to_string())?;
    let mut command = Command::new(venv.program("mlserver"));
    let path = std::env::join_paths([venv.program(""), "/usr/local/bin".into(), "/usr/bin".into(), "/bin".into()])?;
    command.arg("start").arg(&folder).current_dir(&folder).env("PATH", path);
    let server = Server::start(command, &bench.folder("log")?.join("mlserver.log"))?;
    let http = Http::new(Place::Tcp(address));
    ready(&http, &server).await?;
    let body = request(true);
    try_it(&http, &body).await?;
    Ok((server, http, body))
}

async fn ready(http: &Http, server: &Server) -> Result<()> {
    http.wait("/v2/health/ready", Duration::from_secs(120)).await.with_context(|| server.last_words())?;
    http.wait(&format!("/v2/models/{NAME}/ready"), Duration::from_secs(60)).await.with_context(|| server.last_words())
}

async fn try_it(http: &Http, body: &str) -> Result<()> {
    let body = serde_json::from_str(body)?;
    http.json("POST", &format!("/v2/models/{NAME}/infer"), Some(&body)).await.context("a prediction to try").map(drop)
}

/// One row. mlserver has to be told that it is an array.
fn request(content_type: bool) -> String {
    let row: Vec<f64> = (0..64).map(|i| f64::from(i % 17) / 16.0).collect();
    let mut input = json!({ "name": "input-0", "shape": [1, 64], "datatype": "FP64", "data": row });
    if content_type {
        input["parameters"] = json!({ "content_type": "np" });
    }
    json!({ "inputs": [input] }).to_string()
}
