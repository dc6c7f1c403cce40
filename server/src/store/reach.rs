//! Whether a database can be reached at all, without changing anything in it.

use sqlx::{ConnectOptions, Connection, PgConnection, sqlite::SqliteConnectOptions};
use std::{str::FromStr, time::Duration};

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reached {
    /// Engine and version: `SQLite 3.50.2`.
    Answers(String),
    /// The file of SQLite is made at the first start.
    NotMadeYet,
}

const WITHIN: Duration = Duration::from_secs(10);

/// Connects and asks for the version.
///
/// # Errors
/// Why it cannot be reached, in the database's words.
pub async fn reach(url: &str) -> Result<Reached, String> {
    let asked = async {
        if url.starts_with("postgres") {
            let mut connection = PgConnection::connect(url).await?;
            let version: String = sqlx::query_scalar("SHOW server_version").fetch_one(&mut connection).await?;
            return Ok(Reached::Answers(format!("PostgreSQL {version}")));
        }
        let options = SqliteConnectOptions::from_str(url)?.create_if_missing(false).read_only(true);
        if !options.get_filename().exists() {
            return Ok(Reached::NotMadeYet);
        }
        let mut connection = options.connect().await?;
        let version: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&mut connection).await?;
        // The header is read only when a table is asked for.
        sqlx::query_scalar::<_, i64>("SELECT count(*) FROM sqlite_master").fetch_one(&mut connection).await?;
        Ok(Reached::Answers(format!("SQLite {version}")))
    };
    match tokio::time::timeout(WITHIN, asked).await {
        Ok(answer) => answer.map_err(|e: sqlx::Error| e.to_string()),
        Err(_) => Err(format!("no answer within {} seconds", WITHIN.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn sqlite() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.db");
        let url = format!("sqlite:{}", path.display());
        assert_eq!(reach(&url).await, Ok(Reached::NotMadeYet));
        assert!(!path.exists());
        std::fs::write(&path, "this is a text, and not a database, however long it may be read").unwrap();
        assert!(reach(&url).await.is_err());
    }
}
