//! A PostgreSQL of our own, durable as it comes: `fsync` and `synchronous_commit` on.

use crate::{
    context::Bench,
    process::{Server, Usage},
    venv::run,
};
use anyhow::{Context, Result, ensure};
use sqlx::{ConnectOptions, Connection, postgres::PgConnectOptions};
use std::{
    path::{Path, PathBuf},
    process::Command,
    str::FromStr,
    time::Duration,
};

/// How it writes.
pub const DURABILITY: &str = "fsync=on, synchronous_commit=on, as it comes: each commit waits for the disk";

/// The running server.
pub struct Postgres {
    server: Server,
    socket: PathBuf,
    /// Its version.
    pub version: String,
}

impl Postgres {
    /// Makes a cluster and starts it; it listens on a unix socket.
    ///
    /// # Errors
    /// PostgreSQL is not installed, or does not start.
    pub async fn start(bench: &Bench) -> Result<Self> {
        let bin = binaries().context("no initdb under /usr/lib/postgresql (Debian: apt install postgresql)")?;
        let folder = bench.folder("postgres")?;
        let root = rustix::process::geteuid().is_root();
        if root {
            run(Command::new("chown").arg("postgres").arg(&folder))?;
        }
        let program = |name: &str| {
            let path = bin.join(name);
            if !root {
                return Command::new(path);
            }
            // It refuses to run as root.
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(path);
            command
        };
        let data = folder.join("data");
        run(program("initdb").current_dir(&folder).arg("-D").arg(&data).args([
            "-A",
            "trust",
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        ]))?;
        let mut command = program("postgres");
        command.current_dir(&folder).arg("-D").arg(&data).arg("-k").arg(&folder);
        command.args(["-c", "listen_addresses=", "-c", "max_connections=300", "-c", "logging_collector=off"]);
        let server = Server::start(command, &bench.folder("log")?.join("postgres.log"))?;
        let version = String::from_utf8_lossy(&run(program("postgres").arg("--version"))?.stdout).trim().to_owned();
        let postgres = Self { server, socket: folder, version };
        for _ in 0..300 {
            if postgres.connect("postgres").await.is_ok() {
                return Ok(postgres);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        ensure!(false, "PostgreSQL does not answer: {}", postgres.server.last_words());
        Ok(postgres)
    }

    /// Makes a database; its URL in the form that all drivers read.
    ///
    /// # Errors
    /// It cannot be made.
    pub async fn database(&self, name: &str) -> Result<String> {
        let mut connection = self.connect("postgres").await?;
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await?;
        connection.close().await?;
        Ok(self.url(name))
    }

    /// A connection to a database.
    ///
    /// # Errors
    /// There is no such database.
    pub async fn connect(&self, database: &str) -> Result<sqlx::PgConnection> {
        Ok(PgConnectOptions::from_str(&self.url(database))?.connect().await?)
    }

    fn url(&self, database: &str) -> String {
        format!("postgresql://postgres@localhost/{database}?host={}", self.socket.display())
    }

    /// Its processes.
    pub fn usage(&self) -> Usage {
        self.server.usage()
    }
}

fn binaries() -> Option<PathBuf> {
    let versions = std::fs::read_dir(Path::new("/usr/lib/postgresql")).ok()?;
    let mut found: Vec<PathBuf> = versions.flatten().map(|e| e.path().join("bin")).filter(|p| p.join("initdb").exists()).collect();
    found.sort();
    found.pop()
}
