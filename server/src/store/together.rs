//! Statements that are transactions of their own, on the one connection of SQLite that writes: those that wait for it at the same time are
//! committed together, as each commit waits for the disk and makes every reader read its pages again.

use super::{
    arg::Arg,
    db::bound,
    lent::{Connections, Lent},
    writing::Writing,
};
use sqlx::{Error, SqlStr, SqliteConnection};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

type Answer = Result<u64, Error>;

struct Waiting {
    sql: SqlStr,
    args: Vec<Arg>,
    answer: oneshot::Sender<Answer>,
}

/// Those that wait. Cheap to clone.
#[derive(Clone, Default)]
pub struct Together(Arc<Mutex<Vec<Waiting>>>);

impl Together {
    /// Runs a statement and commits it; how many rows it touched. Where one of several fails, it does so alone.
    ///
    /// # Errors
    /// The database does not answer, or refuses it.
    pub(super) async fn exec(&self, writer: &Connections, sql: SqlStr, args: Vec<Arg>) -> Answer {
        let (answer, mut answered) = oneshot::channel();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Waiting { sql, args, answer });
        tokio::select! {
            biased;
            answer = &mut answered => return answer.unwrap_or(Err(Error::WorkerCrashed)),
            lent = writer.lend() => {
                // Without it the others stay where they are, and try for themselves.
                let lent = lent?;
                let mut all = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
                all.retain(|w| !w.answer.is_closed());
                // None where somebody took it along. Else the others wait for it, whatever becomes of who asks here.
                if !all.is_empty() {
                    tokio::spawn(run(writer.clone(), lent, all));
                }
            }
        }
        answered.await.unwrap_or(Err(Error::WorkerCrashed))
    }
}

async fn run(writer: Connections, mut lent: Lent, all: Vec<Waiting>) {
    if let [_] = &all[..] {
        for waiting in all {
            alone(&mut lent, waiting).await;
        }
        return;
    }
    if let Ok(rows) = in_one(lent, &all).await {
        for (waiting, rows) in all.into_iter().zip(rows) {
            let _ = waiting.answer.send(Ok(rows));
        }
        return;
    }
    // Nothing of it was kept. Each for itself hears what is wrong with its own.
    for waiting in all {
        match writer.lend().await {
            Ok(mut lent) => alone(&mut lent, waiting).await,
            Err(e) => drop(waiting.answer.send(Err(e))),
        }
    }
}

async fn alone(lent: &mut Lent, Waiting { sql, args, answer }: Waiting) {
    let said = match lent.connection() {
        Ok(connection) => one(connection, sql, args).await,
        Err(e) => Err(e),
    };
    let _ = answer.send(lent.heard(said));
}

/// All in one transaction, or none of them.
async fn in_one(lent: Lent, all: &[Waiting]) -> Result<Vec<u64>, Error> {
    let mut writing = Writing::begin_on(lent).await?;
    let mut rows = Vec::with_capacity(all.len());
    for waiting in all {
        rows.push(one(writing.connection()?, waiting.sql.clone(), waiting.args.clone()).await?);
    }
    writing.commit().await?;
    Ok(rows)
}

async fn one(connection: &mut SqliteConnection, sql: SqlStr, args: Vec<Arg>) -> Answer {
    bound!(sqlx::query(sql), args).execute(connection).await.map(|r| r.rows_affected())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::{ConnectOptions, SqlSafeStr, sqlite::SqliteConnectOptions};
    use std::str::FromStr;

    #[tokio::test]
    async fn who_waits_at_the_same_time_is_committed_together_and_fails_alone() {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::from_str(&format!("sqlite:{}", folder.path().join("db").display())).unwrap();
        let writer = Connections::open(options.clone().create_if_missing(true), 1).await.unwrap();
        let together = Together::default();
        let insert = |n: i64| together.exec(&writer, "INSERT INTO t VALUES ($1)".into_sql_str(), vec![n.into()]);
        together.exec(&writer, "CREATE TABLE t (n INTEGER PRIMARY KEY)".into_sql_str(), vec![]).await.unwrap();

        // Three come while somebody writes.
        let held = writer.lend().await.unwrap();
        let free = async { drop(held) };
        let (a, b, c, ()) = tokio::join!(insert(1), insert(2), insert(3), free);
        assert_eq!((a.unwrap(), b.unwrap(), c.unwrap()), (1, 1, 1));

        let (fails, works) = tokio::join!(insert(3), insert(5));
        assert!(fails.is_err_and(|e| e.into_database_error().is_some_and(|e| e.is_unique_violation())));
        assert_eq!(works.unwrap(), 1, "what another did wrong is not its own");
        let mut reader = options.connect().await.unwrap();
        let all: Vec<(i64,)> = sqlx::query_as("SELECT n FROM t ORDER BY n").fetch_all(&mut reader).await.unwrap();
        assert_eq!(all.iter().map(|n| n.0).collect::<Vec<_>>(), [1, 2, 3, 5]);
    }

    #[tokio::test]
    async fn who_does_not_wait_any_more_takes_nobody_along() {
        let folder = tempfile::tempdir().unwrap();
        let options = SqliteConnectOptions::from_str(&format!("sqlite:{}", folder.path().join("db").display())).unwrap();
        let writer = Connections::open(options.create_if_missing(true), 1).await.unwrap();
        let together = Together::default();
        together.exec(&writer, "CREATE TABLE t (n INTEGER)".into_sql_str(), vec![]).await.unwrap();
        let insert = |n: i64| together.exec(&writer, "INSERT INTO t VALUES ($1)".into_sql_str(), vec![n.into()]);
        let held = writer.lend().await.unwrap();
        let (mut first, mut second) = (Box::pin(insert(1)), Box::pin(insert(2)));
        assert!(futures::poll!(&mut first).is_pending() && futures::poll!(&mut second).is_pending());
        drop(held);
        // The first takes the connection for both, and is gone.
        assert!(futures::poll!(&mut first).is_pending());
        drop(first);
        assert_eq!(second.await.unwrap(), 1);
    }
}
