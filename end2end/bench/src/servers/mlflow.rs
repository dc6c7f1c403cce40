//! The real `mlflow server` from PyPI.

use crate::{
    client::{Http, Place},
    context::Bench,
    process::{Server, free_address},
    servers::sqlite,
    venv::Venv,
};
use anyhow::{Context, Result};
use std::{process::Command, time::Duration};

/// What is installed.
pub const REQUIREMENTS: &[&str] = &["mlflow", "psycopg2-binary", "scikit-learn"];

/// How it is started.
pub const SETTINGS: &str = "`mlflow server` with its default of 4 workers, telemetry and its job runner off";

/// The environment it runs in.
///
/// # Errors
/// It cannot be installed.
pub fn venv(bench: &Bench) -> Result<Venv> {
    Venv::of(bench, "mlflow", REQUIREMENTS)
}

/// Starts it on a database of PostgreSQL, or (without) on a file of SQLite.
///
/// # Errors
/// It does not start.
pub async fn start(bench: &Bench, database: Option<&str>) -> Result<(Server, Http)> {
    let (venv, folder, address) = (venv(bench)?, bench.folder("mlflow")?, free_address()?);
    let store = match database {
        // The driver is named: which one a plain URL means differs between versions of SQLAlchemy.
        Some(url) => url.replace("postgresql://", "postgresql+psycopg2://"),
        None => {
            let path = folder.join("mlflow.db");
            // The file is made in WAL mode before MLflow fills it; `synchronous` is FULL where nobody says otherwise.
            drop(sqlite::open(&path).await?);
            format!("sqlite:///{}", path.display())
        }
    };
    let mut command = Command::new(venv.program("mlflow"));
    command.args(["server", "--host", "127.0.0.1", "--port", &address.port().to_string(), "--backend-store-uri", &store]);
    command.arg("--artifacts-destination").arg(folder.join("artifacts")).current_dir(&folder);
    command.envs([("MLFLOW_DISABLE_TELEMETRY", "true"), ("DO_NOT_TRACK", "true"), ("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")]);
    let path = std::env::join_paths(std::iter::once(venv.program("")).chain(std::env::split_paths("/usr/local/bin:/usr/bin:/bin")))?;
    command.env("PATH", path);
    let server = Server::start(command, &folder.join("log"))?;
    let http = Http::new(Place::Tcp(address));
    http.wait("/health", Duration::from_secs(120)).await.with_context(|| format!("mlflow server: {}", server.last_words()))?;
    Ok((server, http))
}
