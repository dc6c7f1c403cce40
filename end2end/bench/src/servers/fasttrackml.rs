//! FastTrackML, from PyPI.

use crate::{
    client::{Http, Place},
    context::Bench,
    process::{Server, free_address},
    venv::Venv,
};
use anyhow::{Context, Result};
use std::{process::Command, time::Duration};

/// How it is started.
pub const SETTINGS: &str = "`fml server` with its defaults; on SQLite `_synchronous=FULL`, for the same durability as the others";

/// The environment it runs in.
///
/// # Errors
/// It cannot be installed.
pub fn venv(bench: &Bench) -> Result<Venv> {
    Venv::of(bench, "fasttrackml", &["fasttrackml"])
}

/// Starts it on a database of PostgreSQL, or (without) on a file of SQLite.
///
/// # Errors
/// It does not start.
pub async fn start(bench: &Bench, database: Option<&str>) -> Result<(Server, Http)> {
    let (venv, folder, address) = (venv(bench)?, bench.folder("fasttrackml")?, free_address()?);
    let store = match database {
        Some(url) => url.replace("postgresql://", "postgres://"),
        None => format!("sqlite://{}?_synchronous=FULL", folder.join("fasttrackml.db").display()),
    };
    let mut command = Command::new(venv.program("fml"));
    command.args(["server", "--log-level", "error", "--listen-address", &address.to_string(), "--database-uri", &store]);
    command.arg("--default-artifact-root").arg(folder.join("artifacts")).current_dir(&folder);
    let server = Server::start(command, &folder.join("log"))?;
    let http = Http::new(Place::Tcp(address));
    http.wait("/health", Duration::from_secs(60)).await.with_context(|| format!("fml server: {}", server.last_words()))?;
    Ok((server, http))
}
