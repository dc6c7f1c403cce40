//! A transaction on the one connection of SQLite that writes.

use super::lent::{Connections, Lent};
use sqlx::{Error, SqliteConnection, raw_sql};

/// The transaction. Dropped without [`Writing::commit`] it is rolled back, before the connection is lent again.
pub(super) struct Writing(Option<Lent>);

impl Writing {
    /// Begins, after those who asked before.
    ///
    /// # Errors
    /// The database does not answer.
    pub(super) async fn begin(writer: &Connections) -> Result<Self, Error> {
        Self::begin_on(writer.lend().await?).await
    }

    /// Begins on a connection that was lent already.
    ///
    /// # Errors
    /// The database does not answer.
    pub(super) async fn begin_on(lent: Lent) -> Result<Self, Error> {
        // From here on a drop rolls back, also one in the midst of it.
        let mut begun = Self(Some(lent));
        begun.say("BEGIN IMMEDIATE").await?;
        Ok(begun)
    }

    /// The connection, for its statements.
    ///
    /// # Errors
    /// It was of no use any more.
    pub(super) fn connection(&mut self) -> Result<&mut SqliteConnection, Error> {
        self.0.as_mut().ok_or(Error::WorkerCrashed)?.connection()
    }

    /// Commits.
    ///
    /// # Errors
    /// Not committed.
    pub(super) async fn commit(mut self) -> Result<(), Error> {
        self.say("COMMIT").await?;
        self.0 = None;
        Ok(())
    }

    async fn say(&mut self, word: &'static str) -> Result<(), Error> {
        let lent = self.0.as_mut().ok_or(Error::WorkerCrashed)?;
        let answer = raw_sql(word).execute(lent.connection()?).await;
        lent.heard(answer).map(drop)
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        let Some(mut lent) = self.0.take() else { return };
        // Closed, as where the process is about to end, it is rolled back as well.
        let (Ok(runtime), Some(mut connection)) = (tokio::runtime::Handle::try_current(), lent.take()) else { return };
        // Whoever comes next waits for this. Where SQLite itself rolled back (the disk was full), or nothing was begun or all is committed,
        // there is nothing to roll back, which it says.
        runtime.spawn(async move {
            if !matches!(raw_sql("ROLLBACK").execute(&mut connection).await, Err(Error::WorkerCrashed)) {
                lent.give(connection);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::sqlite::SqliteConnectOptions;
    use std::str::FromStr;

    async fn count(writer: &Connections) -> i64 {
        let mut tx = Writing::begin(writer).await.unwrap();
        let row: (i64,) = sqlx::query_as("SELECT count(*) FROM t").fetch_one(tx.connection().unwrap()).await.unwrap();
        row.0
    }

    #[tokio::test]
    async fn only_what_was_committed_stays() {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::from_str(&format!("sqlite:{}", folder.path().join("db").display())).unwrap();
        let writer = Connections::open(options.create_if_missing(true), 1).await.unwrap();
        let insert = |tx: Writing| async move {
            let mut tx = tx;
            raw_sql("INSERT INTO t VALUES (1)").execute(tx.connection().unwrap()).await.unwrap();
            tx
        };
        let mut made = Writing::begin(&writer).await.unwrap();
        raw_sql("CREATE TABLE t (n INTEGER)").execute(made.connection().unwrap()).await.unwrap();
        made.commit().await.unwrap();
        drop(insert(Writing::begin(&writer).await.unwrap()).await);
        assert_eq!(count(&writer).await, 0, "dropped");
        insert(Writing::begin(&writer).await.unwrap()).await.commit().await.unwrap();
        assert_eq!(count(&writer).await, 1, "committed");
        // A begin that nobody waits for any more.
        {
            let mut begin = std::pin::pin!(Writing::begin(&writer));
            let _ = futures::poll!(&mut begin);
        }
        // Rolled back from within, as SQLite does where the disk is full.
        let mut tx = insert(Writing::begin(&writer).await.unwrap()).await;
        raw_sql("ROLLBACK").execute(tx.connection().unwrap()).await.unwrap();
        assert!(tx.commit().await.is_err());
        insert(Writing::begin(&writer).await.unwrap()).await.commit().await.unwrap();
        assert_eq!(count(&writer).await, 2);
    }
}
