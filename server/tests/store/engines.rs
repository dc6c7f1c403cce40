//! Databases to test on: a file of SQLite, and a PostgreSQL of our own that ends with this process.

use server::{
    clock::TestClock,
    store::{Store, experiments::ExperimentRow, runs::NewRunRow, runs::RunRow},
    wake::Bell,
};
use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

/// A store with two teams, `ours` and `theirs`, and a clock that stands.
pub struct World {
    pub engine: &'static str,
    pub store: Store,
    pub clock: Arc<TestClock>,
    pub url: String,
    _folder: Option<tempfile::TempDir>,
}

/// Id of the team that the tests act for.
pub const OURS: &str = "11111111111111111111111111111111";
/// Id of a foreign team.
pub const THEIRS: &str = "22222222222222222222222222222222";

/// Runs `test` in a fresh world on each engine.
pub async fn each(test: impl AsyncFn(&World)) {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite:{}", folder.path().join("test.db").display());
    test(&World::open("sqlite", &url, Some(folder)).await).await;
    match postgres_url().await {
        Ok(url) => test(&World::open("postgresql", &url, None).await).await,
        Err(why) => eprintln!("not tested on PostgreSQL: {why}"),
    }
}

impl World {
    async fn open(engine: &'static str, url: &str, folder: Option<tempfile::TempDir>) -> Self {
        let clock = Arc::new(TestClock::at(1_764_000_000_000));
        let store = Store::open(url, clock.clone(), Bell::default()).await.expect("the database opens");
        let mut tx = store.begin().await.unwrap();
        for (id, name) in [(OURS, "ours"), (THEIRS, "theirs")] {
            tx.exec(
                "INSERT INTO teams (id, name, display_name, members, revision, created_at) VALUES ($1, $2, $2, 0, 1, 0)",
                server::args![id, name],
            )
            .await
            .unwrap();
            tx.experiment_insert_default(id).await.unwrap();
        }
        tx.commit().await.unwrap();
        Self { engine, store, clock, url: url.into(), _folder: folder }
    }

    /// The Default experiment of a team.
    pub async fn default(&self, team: &str) -> ExperimentRow {
        self.store.experiment(team, team).await.unwrap().expect("a team has its Default")
    }

    /// A running run in the Default experiment of our team.
    pub async fn run(&self, id: &str) -> RunRow {
        let experiment = self.default(OURS).await;
        let mut tx = self.store.begin().await.unwrap();
        let started_at = tx.now();
        let new = NewRunRow {
            id,
            experiment: &experiment,
            name: id,
            user_name: "ada",
            created_by: "ada",
            state: app::api::State::Running,
            reason: None,
            submitted: false,
            started_at,
        };
        let row = tx.run_insert(&new).await.unwrap();
        tx.commit().await.unwrap();
        row
    }
}

struct Postgres {
    folder: PathBuf,
    // Its standard input is the lifeline: when this process ends, however it ends, the script stops the server and tidies up.
    _script: Child,
}

static POSTGRES: OnceLock<Result<Postgres, String>> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// The URL of a new, empty database.
async fn postgres_url() -> Result<String, String> {
    let server = tokio::task::spawn_blocking(|| POSTGRES.get_or_init(start).as_ref()).await.expect("started")?;
    let name = format!("test{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    let url = |database: &str| format!("postgres://postgres@localhost/{database}?host={}", server.folder.display());
    let pool = sqlx::PgPool::connect(&url("postgres")).await.map_err(|e| e.to_string()).expect("PostgreSQL answers");
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name} TEMPLATE template0"))).execute(&pool).await.expect("a database");
    pool.close().await;
    Ok(url(&name))
}

fn start() -> Result<Postgres, String> {
    let bin = binaries().ok_or("no initdb under /usr/lib/postgresql (Debian: apt install postgresql)")?;
    let folder = tempfile::Builder::new().prefix("slipway-pg-").tempdir().expect("a folder").keep();
    // initdb refuses to run as root.
    let script = r#"
        bin=$1; folder=$2; as=""
        if [ "$(id -u)" = 0 ]; then chown postgres "$folder"; as="setpriv --reuid=postgres --regid=postgres --clear-groups --"; fi
        trap 'rm -rf "$folder"' EXIT
        cd "$folder"
        $as "$bin/initdb" -D "$folder/data" -A trust -U postgres --no-sync -E UTF8 --locale=C.UTF-8 > "$folder/initdb.log" 2>&1 || { cat "$folder/initdb.log" >&2; exit 1; }
        $as "$bin/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= -c fsync=off -c max_connections=400 -c logging_collector=off > "$folder/log" 2>&1 < /dev/null &
        pid=$!
        for i in $(seq 300); do "$bin/pg_isready" -q -h "$folder" -U postgres && break; sleep 0.1; done
        echo ready
        read -r _
        kill -INT $pid; wait $pid
    "#;
    let mut child = Command::new("sh")
        .args(["-c", script, "sh"])
        .args([bin.as_path(), folder.as_path()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| format!("sh: {e}"))?;
    let mut line = String::new();
    let out = child.stdout.take().expect("piped");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(out), &mut line).expect("its words");
    assert_eq!(line.trim(), "ready", "PostgreSQL does not start");
    Ok(Postgres { folder, _script: child })
}

fn binaries() -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(Path::new("/usr/lib/postgresql"))
        .ok()?
        .flatten()
        .map(|e| e.path().join("bin"))
        .filter(|p| p.join("initdb").exists())
        .collect();
    found.sort();
    found.pop()
}
