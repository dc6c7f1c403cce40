//! A statement put together from parts of ours, with whatever comes from outside bound.

use super::{Arg, list};
use crate::records::search::{Op, Operand};
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

/// The bound values of a statement under construction, and the engine it is for.
pub(super) struct Sql {
    /// Whether it is for PostgreSQL.
    pub postgres: bool,
    /// Bound values, `$1` first.
    pub args: Vec<Arg>,
}

impl Sql {
    pub(super) const fn new(postgres: bool) -> Self {
        Self { postgres, args: Vec::new() }
    }

    /// Binds a value; its place in the text.
    pub(super) fn bind(&mut self, value: impl Into<Arg>) -> String {
        self.args.push(value.into());
        format!("${}", self.args.len())
    }

    /// `text` with `@TEXTS($n)` and `@INTS($n)` resolved; all of it is ours.
    pub(super) fn finish(self, text: &str) -> (SqlStr, Vec<Arg>) {
        let text = if text.contains('@') { list::sql_for(self.postgres, text) } else { AssertSqlSafe(text.to_owned()).into_sql_str() };
        (text, self.args)
    }

    /// `column op operand`, for every comparison but those with NULL.
    pub(super) fn compare(&mut self, column: &str, op: Op, operand: &Operand) -> String {
        match (op, operand) {
            // One that an index finds, and goes on in its order from there: of a list nobody knows how many there are.
            (Op::In, Operand::List(items)) if items.len() == 1 => format!("{column} = {}", self.bind(&items[0])),
            (Op::In | Op::NotIn, Operand::List(items)) => {
                let list = self.bind(list::texts(items));
                format!("{column} {} (@TEXTS({list}))", op.as_str())
            }
            (Op::Like, Operand::Text(pattern)) if self.postgres => format!("{column} LIKE {} ESCAPE ''", self.bind(pattern)),
            (Op::ILike, Operand::Text(pattern)) if self.postgres => format!("{column} ILIKE {} ESCAPE ''", self.bind(pattern)),
            // SQLite's LIKE does not look at case; its GLOB does.
            (Op::Like, Operand::Text(pattern)) => format!("{column} GLOB {}", self.bind(glob(pattern))),
            (Op::ILike, Operand::Text(pattern)) => format!("{column} LIKE {}", self.bind(pattern)),
            (Op::Contains, Operand::Text(part)) => {
                let position = if self.postgres { "strpos" } else { "instr" };
                format!("{position}(lower({column}), lower({})) > 0", self.bind(part))
            }
            (op, operand) => {
                let value = match operand {
                    Operand::Int(n) => self.bind(*n),
                    Operand::Real(x) => self.bind(*x),
                    Operand::Text(t) => self.bind(t),
                    Operand::None | Operand::List(_) => "NULL".into(),
                };
                format!("{column} {} {value}", if op == Op::Ne { "<>" } else { op.as_str() })
            }
        }
    }
}

/// A LIKE pattern as a GLOB pattern.
fn glob(like: &str) -> String {
    let mut out = String::with_capacity(like.len());
    for c in like.chars() {
        match c {
            '%' => out.push('*'),
            '_' => out.push('?'),
            '*' | '?' | '[' => out.extend(['[', c, ']']),
            other => out.push(other),
        }
    }
    out
}

/// A column to sort by, and where the page before ended in it.
pub(super) struct SortColumn {
    /// An expression that is never NULL where the columns before it are equal.
    pub expression: String,
    /// Greatest first.
    pub descending: bool,
    /// Place of the bound value at which the page before ended; none where the columns before it leave no choice.
    pub after: Option<String>,
}

impl SortColumn {
    pub(super) fn direction(&self) -> &'static str {
        if self.descending { " DESC" } else { "" }
    }
}

/// What comes after the last row of the page before, in the order of `columns`.
pub(super) fn after(columns: &[SortColumn]) -> Option<String> {
    let mut condition: Option<String> = None;
    for column in columns.iter().rev() {
        let Some(value) = &column.after else { continue };
        let (x, beyond) = (&column.expression, if column.descending { "<" } else { ">" });
        condition = Some(match condition {
            None => format!("{x} {beyond} {value}"),
            // The first part repeats what the second says, as a range that an index can use.
            Some(rest) => format!("{x} {beyond}= {value} AND ({x} {beyond} {value} OR ({rest}))"),
        });
    }
    condition
}
