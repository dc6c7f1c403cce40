//! The two engines: native pools of both, and one macro that runs the same `$1` text on either.

use super::{arg::Arg, lent::Connections, together::Together};
use sqlx::{
    ConnectOptions, Connection, FromRow, PgPool, SqlSafeStr,
    postgres::{PgPoolOptions, PgRow},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteRow, SqliteSynchronous},
};
use std::{fs::File, io::ErrorKind, path::Path, str::FromStr, time::Duration};

/// The one set of migrations, for both engines.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("../migrations");

/// A database of either engine.
#[derive(Clone)]
pub enum Db {
    /// One writer, several readers, WAL; a commit is on disk when it is acknowledged.
    Sqlite {
        /// The one connection that writes.
        writer: Connections,
        /// What waits for it that is a transaction of its own.
        together: Together,
        /// Connections that read.
        readers: Connections,
    },
    /// PostgreSQL.
    Postgres(PgPool),
}

/// A row that either engine can fill.
pub trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}
impl<T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin> Row for T {}

/// Binds [`Arg`]s to a query of either engine.
macro_rules! bound {
    ($query:expr, $args:expr) => {{
        let mut query = $query;
        for arg in $args {
            query = match arg {
                $crate::store::Arg::Text(v) => query.bind(v),
                $crate::store::Arg::Int(v) => query.bind(v),
                $crate::store::Arg::Real(v) => query.bind(v),
            };
        }
        query
    }};
}
pub(super) use bound;

/// Makes the file beside its place and moves it there when it is whole: until then nothing of it has to survive, and it is written to the
/// disk once, not once for each migration.
async fn make(options: &SqliteConnectOptions) -> Result<(), sqlx::Error> {
    let place = options.get_filename();
    let draft = place.with_extension("draft");
    match std::fs::remove_file(&draft) {
        Err(e) if e.kind() != ErrorKind::NotFound => return Err(e.into()),
        _ => {}
    }
    let quick = options.clone().filename(&draft).journal_mode(SqliteJournalMode::Memory).synchronous(SqliteSynchronous::Off);
    let mut connection = quick.connect().await?;
    MIGRATIONS.run(&mut connection).await?;
    connection.close().await?;
    File::open(&draft)?.sync_all()?;
    std::fs::rename(&draft, place)?;
    let folder = place.parent().filter(|f| !f.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok(File::open(folder)?.sync_all()?)
}

impl Db {
    /// Opens `sqlite:PATH` or `postgres://…` and migrates.
    ///
    /// # Errors
    /// Not reachable, or migrations that do not fit.
    pub async fn open(url: &str) -> Result<Self, sqlx::Error> {
        if url.starts_with("postgres") {
            let pool = PgPoolOptions::new().max_connections(16).acquire_timeout(Duration::from_secs(10)).connect(url).await?;
            MIGRATIONS.run(&pool).await?;
            return Ok(Db::Postgres(pool));
        }
        let options = SqliteConnectOptions::from_str(url)?
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(10))
            .optimize_on_close(true, None)
            // A thread hands rows over, and waits where there is no room for more.
            .row_buffer_size(512)
            .statement_cache_capacity(400);
        if !options.get_filename().exists() && !url.contains(":memory:") {
            make(&options).await?;
        }
        // A page that many commits touch is folded back once: metrics of many series touch the same few hundred pages again and again.
        let writes = options.clone().pragma("wal_autocheckpoint", "4000");
        let writer = Connections::open(writes, 1).await?;
        MIGRATIONS.run(writer.lend().await?.connection()?).await?;
        let readers = Connections::open(options.read_only(true), 4).await?;
        Ok(Db::Sqlite { writer, together: Together::default(), readers })
    }

    /// `sqlite` or `postgresql`.
    pub const fn name(&self) -> &'static str {
        match self {
            Db::Sqlite { .. } => "sqlite",
            Db::Postgres(_) => "postgresql",
        }
    }

    pub(super) async fn all<T: Row>(&self, sql: impl SqlSafeStr, args: Vec<Arg>) -> Result<Vec<T>, sqlx::Error> {
        match self {
            Db::Sqlite { readers, .. } => {
                let mut lent = readers.lend().await?;
                let answer = bound!(sqlx::query_as::<sqlx::Sqlite, T>(sql), args).fetch_all(lent.connection()?).await;
                lent.heard(answer)
            }
            Db::Postgres(pool) => bound!(sqlx::query_as::<sqlx::Postgres, T>(sql), args).fetch_all(pool).await,
        }
    }

    pub(super) async fn opt<T: Row>(&self, sql: impl SqlSafeStr, args: Vec<Arg>) -> Result<Option<T>, sqlx::Error> {
        match self {
            Db::Sqlite { readers, .. } => {
                let mut lent = readers.lend().await?;
                let answer = bound!(sqlx::query_as::<sqlx::Sqlite, T>(sql), args).fetch_optional(lent.connection()?).await;
                lent.heard(answer)
            }
            Db::Postgres(pool) => bound!(sqlx::query_as::<sqlx::Postgres, T>(sql), args).fetch_optional(pool).await,
        }
    }

    /// Runs a statement that is a transaction of its own; how many rows it touched.
    pub(super) async fn exec(&self, sql: impl SqlSafeStr, args: Vec<Arg>) -> Result<u64, sqlx::Error> {
        match self {
            Db::Sqlite { writer, together, .. } => together.exec(writer, sql.into_sql_str(), args).await,
            Db::Postgres(pool) => bound!(sqlx::query(sql), args).execute(pool).await.map(|r| r.rows_affected()),
        }
    }

    /// Lets SQLite look whether what it knows of its tables is outdated; PostgreSQL does so by itself.
    pub(super) async fn optimize(&self) -> Result<(), sqlx::Error> {
        if let Db::Sqlite { writer, .. } = self {
            let mut lent = writer.lend().await?;
            // So many entries of an index are looked at, and no more: others wait.
            let answer = sqlx::raw_sql("PRAGMA analysis_limit = 1000; PRAGMA optimize").execute(lent.connection()?).await;
            lent.heard(answer)?;
        }
        Ok(())
    }

    /// Folds the write-ahead log and closes.
    pub async fn close(&self) {
        match self {
            Db::Sqlite { writer, readers, .. } => {
                readers.close().await;
                if let Ok(mut lent) = writer.lend().await
                    && let Ok(connection) = lent.connection()
                {
                    let _ = sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(connection).await;
                }
                writer.close().await;
            }
            Db::Postgres(pool) => pool.close().await,
        }
    }
}
