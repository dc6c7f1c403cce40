//! Slipway: the release binary on a data folder of its own, with a team and an editor's token.

use crate::{
    client::{Http, Place},
    context::Bench,
    process::{Server, free_address},
};
use anyhow::{Context, Result, bail};
use http::header;
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

/// The team that everything is done in.
pub const TEAM: &str = "bench";
const USER: &str = "admin";
const PASSWORD: &str = "only-for-this-run-7261";

/// A running portal.
pub struct Slipway {
    /// Its process.
    pub server: Server,
    /// With the session of the platform admin.
    pub admin: Http,
    /// With an editor's token.
    pub editor: Http,
    /// The data folder.
    pub data: PathBuf,
}

/// A portal that was started and is not asked anything yet.
pub fn command(bench: &Bench, data: &Path, address: SocketAddr, notebooks: SocketAddr, database: Option<&str>) -> Command {
    let mut command = Command::new(&bench.binary);
    command.args(["serve", "--listen", &address.to_string(), "--notebook-listen", &notebooks.to_string()]).arg("--data").arg(data);
    if let Some(url) = database {
        command.args(["--database-url", url]);
    }
    command.envs([("SLIPWAY_ADMIN_USER", USER), ("SLIPWAY_ADMIN_PASSWORD", PASSWORD)]);
    command
}

impl Slipway {
    /// Starts it on a database of PostgreSQL, or (without) on its own file of SQLite; makes team and token, and waits until the shipped
    /// environments are there, so that their builds do not disturb.
    ///
    /// # Errors
    /// It does not start.
    pub async fn start(bench: &Bench, database: Option<&str>) -> Result<Self> {
        let (data, address) = (bench.folder("slipway")?, free_address()?);
        let server = Server::start(command(bench, &data, address, free_address()?, database), &bench.folder("log")?.join("slipway.log"))?;
        let http = Http::new(Place::Tcp(address)).with(header::ORIGIN, &format!("http://{address}"))?;
        http.wait("/readyz", Duration::from_secs(30)).await.with_context(|| format!("slipway: {}", server.last_words()))?;
        let answer = http.send("POST", "/api/v1/session", json!({ "user": USER, "password": PASSWORD }).to_string()).await?;
        let cookie = answer.headers().get(header::SET_COOKIE).context("no cookie at sign-in")?.to_str()?;
        let admin = http.clone().with(header::COOKIE, cookie.split(';').next().unwrap_or_default())?;
        admin.json("POST", "/api/v1/teams", Some(&json!({ "name": TEAM, "display_name": "Bench" }))).await?;
        let new = json!({ "name": "bench", "team": TEAM, "role": "editor", "expires_in": 86400 });
        let made = admin.json("POST", "/api/v1/tokens", Some(&new)).await?;
        let token = made["token"].as_str().context("no token")?;
        let editor = Http::new(Place::Tcp(address)).bearer(token)?;
        let portal = Self { server, admin, editor, data };
        for name in ["notebook", "train", "serve"] {
            let path = format!("/api/v1/teams/{TEAM}/environments/{name}");
            portal.until(&path, "/latest/build", "ready", &["failed"], Duration::from_secs(900)).await?;
        }
        Ok(portal)
    }

    /// Asks `path` until what `pointer` points at is `good`.
    ///
    /// # Errors
    /// It is one of `bad`, or it takes too long.
    pub async fn until(&self, path: &str, pointer: &str, good: &str, bad: &[&str], most: Duration) -> Result<Value> {
        let begun = Instant::now();
        loop {
            let asked = self.editor.json("GET", path, None).await;
            // What a reconciler makes is not there yet in the first moments.
            if asked.is_err() && begun.elapsed() < Duration::from_secs(20) {
                tokio::time::sleep(Duration::from_millis(250)).await;
                continue;
            }
            let answer = asked?;
            let state = answer.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            if state == good {
                return Ok(answer);
            }
            if bad.contains(&state) || begun.elapsed() > most {
                bail!("{path} is {state} after {:.0?}: {}", begun.elapsed(), answer["reason"]);
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }
}

/// The version that the binary says it is.
pub fn version(bench: &Bench) -> String {
    let out = Command::new(&bench.binary).arg("--version").output();
    out.map(|o| String::from_utf8_lossy(&o.stdout).trim().to_owned()).unwrap_or_default()
}
