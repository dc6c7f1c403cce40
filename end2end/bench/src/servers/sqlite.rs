//! SQLite files, all with the same durability.

use anyhow::Result;
use sqlx::{
    ConnectOptions,
    sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous},
};
use std::path::Path;

/// How every SQLite file of a comparison is written.
pub const DURABILITY: &str = "journal_mode=WAL, synchronous=FULL: each commit waits for the disk";

/// Opens (and makes) a file with that durability. The journal mode stays with the file.
///
/// # Errors
/// It cannot be made.
pub async fn open(path: &Path) -> Result<SqliteConnection> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    Ok(options.connect().await?)
}
