//! A portal on a played cluster, seen from outside; see [`crate::played`].

use super::slipway::TEAM;
use crate::{
    client::{Connection, Http, Place},
    context::Bench,
    played::{PASSWORD, Started, Told, USER, WORD},
    process::Usage,
};
use anyhow::{Context, Result, bail, ensure};
use http::header;
use serde_json::json;
use std::{process::Stdio, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
};

/// How many tasks deliver at once.
const AT_ONCE: usize = 4;

/// The running portal.
pub struct Portal {
    /// With the session of the platform admin.
    pub admin: Http,
    /// With an editor's token.
    pub editor: Http,
    place: Place,
    process: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

impl Portal {
    /// Starts it on a database of SQLite; makes team and token.
    ///
    /// # Errors
    /// It does not start.
    pub async fn start(bench: &Bench) -> Result<Self> {
        let log = std::fs::File::create(bench.folder("log")?.join("played.log"))?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(WORD).arg(bench.folder("played")?).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log).kill_on_drop(true);
        let mut process = command.spawn()?;
        let (input, output) = process.stdin.take().zip(process.stdout.take()).context("it has no pipes")?;
        let mut output = BufReader::new(output).lines();
        let line = output.next_line().await?.context("the portal on a played cluster did not start")?;
        let Told::Listens(address) = serde_json::from_str(&line)? else { bail!("not where it listens: {line}") };
        let place = Place::Tcp(address);
        let http = Http::new(place.clone()).with(header::ORIGIN, &format!("http://{address}"))?;
        http.wait("/readyz", Duration::from_secs(30)).await?;
        let answer = http.send("POST", "/api/v1/session", json!({ "user": USER, "password": PASSWORD }).to_string()).await?;
        let cookie = answer.headers().get(header::SET_COOKIE).context("no cookie at sign-in")?.to_str()?;
        let admin = http.clone().with(header::COOKIE, cookie.split(';').next().unwrap_or_default())?;
        admin.json("POST", "/api/v1/teams", Some(&json!({ "name": TEAM, "display_name": "Bench" }))).await?;
        let new = json!({ "name": "bench", "team": TEAM, "role": "editor", "expires_in": 86400 });
        let made = admin.json("POST", "/api/v1/tokens", Some(&new)).await?;
        let editor = Http::new(place.clone()).bearer(made["token"].as_str().context("no token")?)?;
        Ok(Self { admin, editor, place, process, input, output })
    }

    /// Its process.
    pub fn usage(&self) -> Usage {
        Usage::of(self.process.id().unwrap_or_default())
    }

    /// The next task that is started.
    ///
    /// # Errors
    /// The portal ended.
    pub async fn started(&mut self) -> Result<Started> {
        match serde_json::from_str(&self.output.next_line().await?.context("the portal ended")?)? {
            Told::Started(started) => Ok(started),
            Told::Listens(_) => bail!("it listens twice"),
        }
    }

    /// Plays `n` tasks: as soon as one is started it delivers these files and ends.
    ///
    /// # Errors
    /// A delivery is refused.
    pub async fn play(&mut self, n: usize, files: &serde_json::Value) -> Result<()> {
        let mut connections = Vec::new();
        for _ in 0..AT_ONCE {
            connections.push(Connection::open(&self.place).await?);
        }
        let mut left = n;
        while left > 0 {
            let mut some = Vec::new();
            for _ in 0..left.min(AT_ONCE) {
                some.push(self.started().await?);
            }
            left -= some.len();
            let delivered = some.iter().zip(&mut connections).map(|(of, connection)| deliver(&self.place, connection, of, files));
            futures::future::try_join_all(delivered).await?;
            for of in some {
                self.input.write_all(format!("{}\n", of.id).as_bytes()).await?;
            }
        }
        Ok(())
    }
}

async fn deliver(place: &Place, connection: &mut Connection, of: &Started, files: &serde_json::Value) -> Result<()> {
    let http = Http::new(place.clone()).bearer(&of.token)?;
    let body = json!({ "attempt": of.attempt, "files": files }).to_string();
    let answer = connection.send(http.call("PUT", &format!("/api/v1/teams/{TEAM}/runs/{}/delivery", of.run), body)).await?;
    ensure!(answer.status().is_success(), "a delivery was refused: {} {}", answer.status(), crate::client::beginning(answer.body()));
    Ok(())
}
