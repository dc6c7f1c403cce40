//! Parameters and tags of runs: a parameter is logged once and stays, a tag can be set again.

use super::{Arg, Db, Store, Tx, list};
use crate::{args, error::Result};
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

/// A parameter or a tag of a run.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct PairRow {
    /// Internal key of the run.
    pub run_key: i64,
    /// Name.
    pub key: String,
    /// Value.
    pub value: String,
}

/// A parameter or a tag to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPair {
    /// Internal key of the run.
    pub run_key: i64,
    /// Internal key of its experiment.
    pub experiment_key: i64,
    /// Name.
    pub key: String,
    /// Value.
    pub value: String,
}

impl Store {
    /// Parameters of these runs, by run and name.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn run_params(&self, keys: &[i64]) -> Result<Vec<PairRow>> {
        let sql = "SELECT run_key, key, value FROM params WHERE run_key IN (@INTS($1)) ORDER BY run_key, key";
        self.all(list::sql(self.db(), sql), args![list::ints(keys)]).await
    }

    /// Tags of these runs, by run and name.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn run_tags(&self, keys: &[i64]) -> Result<Vec<PairRow>> {
        let sql = "SELECT run_key, key, value FROM run_tags WHERE run_key IN (@INTS($1)) ORDER BY run_key, key";
        self.all(list::sql(self.db(), sql), args![list::ints(keys)]).await
    }
}

impl Tx {
    /// Values of the parameters named `names` that these runs have already.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn params_present(&mut self, keys: &[i64], names: &[String]) -> Result<Vec<PairRow>> {
        let sql = "SELECT run_key, key, value FROM params WHERE run_key IN (@INTS($1)) AND key IN (@TEXTS($2))";
        let sql = self.list_sql(sql);
        self.all(sql, args![list::ints(keys), list::texts(names)]).await
    }

    /// Logs parameters. One that is there already stays as it is: check first ([`Tx::params_present`]).
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn params_insert(&mut self, pairs: &[NewPair]) -> Result<()> {
        self.pairs("params", pairs, "ON CONFLICT (run_key, key) DO NOTHING").await
    }

    /// Sets tags; the last one of a name counts.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn run_tags_set(&mut self, pairs: &[NewPair]) -> Result<()> {
        // One statement must not touch a row twice.
        let mut last: Vec<NewPair> = Vec::with_capacity(pairs.len());
        let mut place = std::collections::HashMap::new();
        for pair in pairs {
            match place.entry((pair.run_key, pair.key.as_str())) {
                std::collections::hash_map::Entry::Occupied(at) => last[*at.get()] = pair.clone(),
                std::collections::hash_map::Entry::Vacant(free) => {
                    free.insert(last.len());
                    last.push(pair.clone());
                }
            }
        }
        self.pairs("run_tags", &last, "ON CONFLICT (run_key, key) DO UPDATE SET value = excluded.value").await
    }

    /// Removes a tag of a run; whether it was there.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn run_tag_remove(&mut self, run_key: i64, key: &str) -> Result<bool> {
        Ok(self.exec("DELETE FROM run_tags WHERE run_key = $1 AND key = $2", args![run_key, key]).await? > 0)
    }

    /// The value of a tag of a run.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn run_tag(&mut self, run_key: i64, key: &str) -> Result<Option<String>> {
        let row: Option<(String,)> = self.opt("SELECT value FROM run_tags WHERE run_key = $1 AND key = $2", args![run_key, key]).await?;
        Ok(row.map(|r| r.0))
    }

    async fn pairs(&mut self, table: &'static str, pairs: &[NewPair], conflict: &'static str) -> Result<()> {
        let mut rest = pairs;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(chunk(rest.len()));
            let args = now.iter().flat_map(|p| args![p.run_key, p.experiment_key, &p.key, &p.value]).collect::<Vec<Arg>>();
            let sql = self.values_sql(&format!("INSERT INTO {table} (run_key, experiment_key, key, value)"), 4, now.len(), conflict);
            self.exec(sql, args).await?;
            rest = later;
        }
        Ok(())
    }
}

/// How many of `n` rows go into the next statement: one of few sizes, so that few statements are prepared.
pub(super) const fn chunk(n: usize) -> usize {
    match n {
        256.. => 256,
        64..256 => 64,
        32..64 => 32,
        _ => n,
    }
}

/// `{insert} VALUES ($1, …), (…) {conflict}`, or `?` in place of `$1`; all three come from us alone.
fn values_sql(postgres: bool, insert: &str, columns: usize, rows: usize, conflict: &str) -> SqlStr {
    use std::fmt::Write;
    let mut out = format!("{insert} VALUES ");
    for row in 0..rows {
        out.push_str(if row == 0 { "(" } else { ", (" });
        for column in 1..=columns {
            out.push_str(if column == 1 { "" } else { ", " });
            // SQLite looks for the name of each parameter in a list of all names: without names there is nothing to look through.
            let _ = if postgres { write!(out, "${}", row * columns + column) } else { write!(out, "?") };
        }
        out.push(')');
    }
    out.push(' ');
    out.push_str(conflict);
    AssertSqlSafe(out).into_sql_str()
}

impl Tx {
    /// An insert of several rows at once, for the engine of this transaction.
    pub(super) fn values_sql(&self, insert: &str, columns: usize, rows: usize, conflict: &str) -> SqlStr {
        values_sql(self.is_postgres(), insert, columns, rows, conflict)
    }

    /// [`list::sql`] for the engine of this transaction.
    pub(super) fn list_sql(&self, template: &str) -> SqlStr {
        list::sql_for(self.is_postgres(), template)
    }
}

impl Db {
    pub(super) const fn is_postgres(&self) -> bool {
        matches!(self, Db::Postgres(_))
    }
}
