//! The limit: how often the same database inserts a row and commits, with nobody in between.

use crate::{
    context::Bench,
    median::median,
    report::Table,
    servers::{postgres::Postgres, sqlite},
};
use anyhow::Result;
use sqlx::{AssertSqlSafe, Connection, Executor};
use std::time::{Duration, Instant};

const TABLE: &str = "CREATE TABLE bare (series BIGINT, time BIGINT, step BIGINT, value DOUBLE PRECISION, PRIMARY KEY (series, time, step))";
/// Rows of one transaction.
const SIZES: [usize; 3] = [1, 8, 32];

/// Rows per second of each engine, by rows per transaction, over one connection; and of PostgreSQL over several.
///
/// # Errors
/// A database does not answer.
pub async fn measure(bench: &Bench, postgres: &Postgres) -> Result<Table> {
    let mut table = Table::new(
        "Rows per second that the database itself inserts and commits: prepared statements, no server in between",
        &["", "1 row per commit", "8 rows per commit", "32 rows per commit"],
    );
    let mut lite = sqlite::open(&bench.folder("bare")?.join("bare.db")).await?;
    let mut pg = {
        postgres.database("bare").await?;
        postgres.connect("bare").await?
    };
    lite.execute(TABLE).await?;
    pg.execute(TABLE).await?;
    let (mut of_lite, mut of_pg) = (vec![vec![]; SIZES.len()], vec![vec![]; SIZES.len()]);
    let (mut a, mut b) = (0, 0);
    for _ in 0..bench.rounds {
        for (i, size) in SIZES.into_iter().enumerate() {
            of_lite[i].push(rate(&mut lite, size, bench.measure / 2, &mut a).await?);
            of_pg[i].push(rate(&mut pg, size, bench.measure / 2, &mut b).await?);
        }
    }
    let row = |name: &str, of: &[Vec<f64>]| {
        std::iter::once(name.to_owned()).chain(of.iter().map(|r| format!("{:.0}", median(r)))).collect::<Vec<_>>()
    };
    table.row(row("SQLite, one connection", &of_lite));
    table.row(row("PostgreSQL, one connection", &of_pg));
    for connections in [8, 32] {
        let mut cells = vec![format!("PostgreSQL, {connections} connections")];
        for size in SIZES {
            cells.push(format!("{:.0}", together(postgres, connections, size, bench.measure / 2, &mut b).await?));
        }
        table.row(cells);
    }
    Ok(table)
}

async fn rate<C>(connection: &mut C, size: usize, time: Duration, row: &mut i64) -> Result<f64>
where
    C: Connection,
    for<'c> &'c mut C: Executor<'c, Database = C::Database>,
    for<'q> <C::Database as sqlx::Database>::Arguments: sqlx::IntoArguments<C::Database>,
    i64: for<'q> sqlx::Encode<'q, C::Database> + sqlx::Type<C::Database>,
    f64: for<'q> sqlx::Encode<'q, C::Database> + sqlx::Type<C::Database>,
{
    let places = (0..size).map(|i| format!("(1, ${}, ${}, ${})", 3 * i + 1, 3 * i + 2, 3 * i + 3)).collect::<Vec<_>>().join(", ");
    let sql = format!("INSERT INTO bare (series, time, step, value) VALUES {places}");
    let (begun, mut rows) = (Instant::now(), 0);
    while begun.elapsed() < time {
        let mut query = sqlx::query::<C::Database>(AssertSqlSafe(sql.as_str()));
        for _ in 0..size {
            *row += 1;
            query = query.bind(*row).bind(*row).bind(0.5);
        }
        query.execute(&mut *connection).await?;
        rows += size;
    }
    Ok(rows as f64 / begun.elapsed().as_secs_f64())
}

/// Rows per second of several connections at once.
async fn together(postgres: &Postgres, connections: usize, size: usize, time: Duration, row: &mut i64) -> Result<f64> {
    let mut all = Vec::new();
    for i in 0..connections {
        let mut connection = postgres.connect("bare").await?;
        // Far apart, so that no two write the same key.
        let mut row = *row + 1 + (i as i64) * 10_000_000;
        all.push(async move { rate(&mut connection, size, time, &mut row).await });
    }
    *row += 10_000_000 * connections as i64;
    Ok(futures::future::try_join_all(all).await?.into_iter().sum())
}
