//! Connections of SQLite, lent to one at a time.
//!
//! A pool of sqlx asks a connection whether it lives before it is used and again after it, the latter in a task of its own. To a connection of
//! SQLite, which is a thread of this process, that is three ways there and back for each statement in place of one: more than most of our
//! statements take.

use sqlx::{ConnectOptions, Connection, Error, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

/// How long somebody waits for a connection.
const PATIENCE: Duration = Duration::from_secs(30);

/// So many connections to one database, made when they are needed. Cheap to clone.
#[derive(Clone)]
pub struct Connections(Arc<Inner>);

struct Inner {
    options: SqliteConnectOptions,
    most: u32,
    room: Arc<Semaphore>,
    /// Those that nobody uses, the one that was used last at the end.
    idle: Mutex<Vec<SqliteConnection>>,
}

impl Inner {
    fn idle(&self) -> MutexGuard<'_, Vec<SqliteConnection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connections {
    /// At most `most` of them, the first of which is made at once.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(super) async fn open(options: SqliteConnectOptions, most: u32) -> Result<Self, Error> {
        let first = options.connect().await?;
        let room = Arc::new(Semaphore::new(most as usize));
        Ok(Self(Arc::new(Inner { options, most, room, idle: Mutex::new(vec![first]) })))
    }

    /// Lends one, after those who asked before.
    ///
    /// # Errors
    /// None becomes free; none can be opened; all are closed.
    pub(super) async fn lend(&self) -> Result<Lent, Error> {
        let room = match self.0.room.clone().try_acquire_owned() {
            Ok(room) => room,
            Err(_) => {
                let waited = timeout(PATIENCE, self.0.room.clone().acquire_owned()).await;
                waited.map_err(|_| Error::PoolTimedOut)?.map_err(|_| Error::PoolClosed)?
            }
        };
        let idle = self.0.idle().pop();
        let connection = match idle {
            Some(connection) => connection,
            None => self.0.options.connect().await?,
        };
        Ok(Lent { connection: Some(connection), asked: false, home: self.0.clone(), _room: room })
    }

    /// Closes all, once nobody uses one.
    pub(super) async fn close(&self) {
        if let Ok(all) = self.0.room.acquire_many(self.0.most).await {
            self.0.room.close();
            drop(all);
        }
        let idle = std::mem::take(&mut *self.0.idle());
        for connection in idle {
            // What is committed is on the disk.
            let _ = connection.close().await;
        }
    }
}

/// A connection that is used: it goes back when this is dropped. What was asked of it and is not waited for any more is done before what is
/// asked of it next.
pub struct Lent {
    /// None where it does not go back.
    connection: Option<SqliteConnection>,
    /// It was asked something, and nobody heard the answer.
    asked: bool,
    home: Arc<Inner>,
    _room: OwnedSemaphorePermit,
}

impl Lent {
    /// The connection.
    ///
    /// # Errors
    /// It was of no use any more.
    pub(super) fn connection(&mut self) -> Result<&mut SqliteConnection, Error> {
        self.asked = true;
        self.connection.as_mut().ok_or(Error::WorkerCrashed)
    }

    /// Takes the connection away. It is closed with what is then dropped, unless it is given back.
    pub(super) const fn take(&mut self) -> Option<SqliteConnection> {
        self.connection.take()
    }

    /// Gives back what was taken.
    pub(super) fn give(&mut self, connection: SqliteConnection) {
        self.connection = Some(connection);
    }

    /// Looks at an answer: a connection that is of no use any more does not go back.
    pub(super) fn heard<T>(&mut self, answer: Result<T, Error>) -> Result<T, Error> {
        self.asked = false;
        if matches!(answer, Err(Error::WorkerCrashed)) {
            self.connection = None;
        }
        answer
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        let mut idle = self.home.idle();
        // One that may still be at work is lent last.
        let place = if self.asked { 0 } else { idle.len() };
        idle.insert(place, connection);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::str::FromStr;

    async fn two(folder: &std::path::Path) -> Connections {
        let options = SqliteConnectOptions::from_str(&format!("sqlite:{}", folder.join("db").display())).unwrap().create_if_missing(true);
        Connections::open(options, 2).await.unwrap()
    }

    async fn one(lent: &mut Lent, sql: &'static str) -> i64 {
        let answer = sqlx::query_as(sql).fetch_one(lent.connection().unwrap()).await;
        let row: (i64,) = lent.heard(answer).unwrap();
        row.0
    }

    #[tokio::test]
    async fn the_same_one_goes_round_and_a_third_waits() {
        let folder = tempfile::tempdir().unwrap();
        let all = two(folder.path()).await;
        let mut first = all.lend().await.unwrap();
        one(&mut first, "SELECT 1").await;
        sqlx::raw_sql("CREATE TEMP TABLE mine (n INTEGER)").execute(first.connection().unwrap()).await.unwrap();
        one(&mut first, "SELECT 2").await;
        drop(first);
        let mut again = all.lend().await.unwrap();
        assert_eq!(one(&mut again, "SELECT count(*) FROM mine").await, 0, "what was used last is used next");
        let second = all.lend().await.unwrap();
        let third = tokio::spawn({
            let all = all.clone();
            async move { one(&mut all.lend().await.unwrap(), "SELECT 3").await }
        });
        tokio::task::yield_now().await;
        assert!(!third.is_finished());
        drop(second);
        assert_eq!(third.await.unwrap(), 3);
        drop(again);
        all.close().await;
        assert!(matches!(all.lend().await, Err(Error::PoolClosed)));
    }

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_does_no_harm() {
        let folder = tempfile::tempdir().unwrap();
        let all = two(folder.path()).await;
        let long = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT i FROM n";
        let (mut lent, mut other) = (all.lend().await.unwrap(), all.lend().await.unwrap());
        sqlx::raw_sql("CREATE TEMP TABLE mine (n INTEGER)").execute(other.connection().unwrap()).await.unwrap();
        other.heard(Ok(())).unwrap();
        drop(other);
        let waited = timeout(Duration::ZERO, sqlx::query_as::<_, (i64,)>(long).fetch_all(lent.connection().unwrap())).await;
        assert!(waited.is_err());
        drop(lent);
        let (mut other, mut lent) = (all.lend().await.unwrap(), all.lend().await.unwrap());
        assert_eq!(one(&mut other, "SELECT count(*) FROM mine").await, 0, "the one that does nothing comes first");
        assert_eq!(one(&mut lent, "SELECT 7").await, 7);
    }
}
