//! A transaction that may write, with the changes it will tell once it is committed.

use super::{Arg, Db, Epoch, Row, Store, db::bound, epoch::Touch, writing::Writing};
use crate::{
    error::Result,
    wake::{Bell, TeamChange},
};
use sqlx::SqlSafeStr;

enum Inner {
    Sqlite(Writing),
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
}

/// A transaction. Dropped without [`Tx::commit`] it is rolled back, and tells nothing.
pub struct Tx {
    inner: Inner,
    bell: Bell,
    now: i64,
    changes: Vec<TeamChange>,
    work: bool,
    epochs: (Epoch, Epoch),
    touched: (Option<Touch>, Option<Touch>),
}

impl Tx {
    pub(super) async fn begin(store: &Store) -> Result<Self> {
        let inner = match store.db() {
            Db::Sqlite { writer, .. } => Inner::Sqlite(Writing::begin(writer).await?),
            Db::Postgres(pool) => Inner::Postgres(pool.begin().await?),
        };
        let epochs = (store.access().clone(), store.runs_moved().clone());
        let (bell, now) = (store.bell().clone(), store.clock().now());
        Ok(Self { inner, bell, now, changes: Vec::new(), work: false, epochs, touched: (None, None) })
    }

    /// Whether it runs on PostgreSQL, for a hot statement that has a sibling per engine.
    pub(super) const fn is_postgres(&self) -> bool {
        matches!(self.inner, Inner::Postgres(_))
    }

    /// The connection, on PostgreSQL.
    pub(super) fn postgres(&mut self) -> Option<&mut sqlx::PgConnection> {
        match &mut self.inner {
            Inner::Sqlite(_) => None,
            Inner::Postgres(tx) => Some(&mut **tx),
        }
    }

    /// The time of this transaction, milliseconds since 1970.
    pub const fn now(&self) -> i64 {
        self.now
    }

    /// All rows of a query.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn all<T: Row>(&mut self, sql: impl SqlSafeStr, args: Vec<Arg>) -> Result<Vec<T>> {
        Ok(match &mut self.inner {
            Inner::Sqlite(tx) => bound!(sqlx::query_as::<sqlx::Sqlite, T>(sql), args).fetch_all(tx.connection()?).await,
            Inner::Postgres(tx) => bound!(sqlx::query_as::<sqlx::Postgres, T>(sql), args).fetch_all(&mut **tx).await,
        }?)
    }

    /// The first row of a query.
    ///
    /// # Errors
    /// The database does not answer, or a named constraint is broken (then it is a sentence).
    pub async fn opt<T: Row>(&mut self, sql: impl SqlSafeStr, args: Vec<Arg>) -> Result<Option<T>> {
        match &mut self.inner {
            Inner::Sqlite(tx) => bound!(sqlx::query_as::<sqlx::Sqlite, T>(sql), args).fetch_optional(tx.connection()?).await,
            Inner::Postgres(tx) => bound!(sqlx::query_as::<sqlx::Postgres, T>(sql), args).fetch_optional(&mut **tx).await,
        }
        .map_err(super::constraint::explain)
    }

    /// Runs a statement; how many rows it touched.
    ///
    /// # Errors
    /// The database does not answer, or a named constraint is broken (then it is a sentence).
    pub async fn exec(&mut self, sql: impl SqlSafeStr, args: Vec<Arg>) -> Result<u64> {
        match &mut self.inner {
            Inner::Sqlite(tx) => bound!(sqlx::query(sql), args).execute(tx.connection()?).await.map(|r| r.rows_affected()),
            Inner::Postgres(tx) => bound!(sqlx::query(sql), args).execute(&mut **tx).await.map(|r| r.rows_affected()),
        }
        .map_err(super::constraint::explain)
    }

    /// The next number of a counter. Its row stays locked until the end of the transaction, so numbers follow the order of commits
    /// and have no gaps, on both engines.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn next(&mut self, counter: &str) -> Result<i64> {
        self.next_many(counter, 1).await
    }

    /// Takes `n` numbers of a counter; the first of them.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn next_many(&mut self, counter: &str, n: i64) -> Result<i64> {
        let row: Option<(i64,)> =
            self.opt("UPDATE counters SET value = value + $2 WHERE name = $1 RETURNING value", crate::args![counter, n]).await?;
        row.map(|(last,)| last - n + 1).ok_or_else(|| crate::error::Error::internal(format!("no counter {counter}")))
    }

    /// Tells the live streams, after the commit, that something of `team_id` changed. Events do this by themselves; use it for what
    /// changes without an event (metrics, progress).
    ///
    /// `kind` is one of [`app::api::changes::kinds`]: pages wait for nothing else.
    pub fn changed(&mut self, team_id: Option<&str>, kind: &str, id: &str, revision: i64) {
        debug_assert!(app::api::changes::kinds::known(kind), "{kind} is no kind that pages know");
        self.changes.push(TeamChange { team_id: team_id.map(Into::into), kind: kind.into(), id: id.into(), revision });
    }

    /// Tokens, users, members or teams change: nobody goes by what they read before this transaction.
    pub(super) fn access_changes(&mut self) {
        let epoch = &self.epochs.0;
        self.touched.0.get_or_insert_with(|| epoch.touch());
    }

    /// Runs are deleted or restored: nobody goes by what they read before this transaction.
    pub(super) fn runs_move(&mut self) {
        let epoch = &self.epochs.1;
        self.touched.1.get_or_insert_with(|| epoch.touch());
    }

    /// Wakes the reconcilers after the commit. Events do this by themselves.
    pub fn wakes(&mut self) {
        self.work = true;
    }

    /// Commits, then rings the bell.
    ///
    /// # Errors
    /// Not committed; the request runs under an `Idempotency-Key` that a repeated request took over.
    pub async fn commit(mut self) -> Result<()> {
        if let Some(claim) = super::idempotency::claim() {
            self.idempotency_commits(&claim).await?;
        }
        // Counted in any case, and before anyone hears of the commit.
        let touched = self.touched;
        match self.inner {
            Inner::Sqlite(tx) => tx.commit().await?,
            Inner::Postgres(tx) => tx.commit().await?,
        }
        drop(touched);
        self.bell.ring(self.changes, self.work);
        Ok(())
    }
}
