//! Lists as one bound value: a JSON array, which each engine takes apart with functions of its own.
//!
//! One statement text for a list of any length keeps the cache of prepared statements small and never meets the limit of bound values.

use super::Db;
use sqlx::{AssertSqlSafe, SqlSafeStr, SqlStr};

/// A list of texts, for `@TEXTS($n)`.
pub fn texts<T: AsRef<str>>(items: &[T]) -> String {
    let items: Vec<&str> = items.iter().map(AsRef::as_ref).collect();
    serde_json::to_string(&items).unwrap_or_else(|_| "[]".into())
}

/// A list of whole numbers, for `@INTS($n)`.
pub fn ints(items: &[i64]) -> String {
    serde_json::to_string(items).unwrap_or_else(|_| "[]".into())
}

/// The text of a statement for this engine: `@TEXTS($n)` and `@INTS($n)` become a subquery over the bound list.
/// `template` is ours alone: whatever comes from outside is bound.
pub fn sql(db: &Db, template: &str) -> SqlStr {
    sql_for(db.is_postgres(), template)
}

/// As [`sql`], where only the kind of the engine is at hand.
pub(super) fn sql_for(postgres: bool, template: &str) -> SqlStr {
    let mut out = String::with_capacity(template.len() + 64);
    let mut rest = template;
    while let Some(at) = rest.find('@') {
        let (before, macro_) = rest.split_at(at);
        out.push_str(before);
        let (Some(open), Some(close)) = (macro_.find('('), macro_.find(')')) else { break };
        let arg = &macro_[open + 1..close];
        match (&macro_[..open], postgres) {
            ("@TEXTS" | "@INTS", false) => out.push_str(&format!("SELECT value FROM json_each({arg})")),
            ("@TEXTS", true) => out.push_str(&format!("SELECT jsonb_array_elements_text({arg}::jsonb)")),
            ("@INTS", true) => out.push_str(&format!("SELECT jsonb_array_elements_text({arg}::jsonb)::bigint")),
            (other, _) => out.push_str(other),
        }
        rest = &macro_[close + 1..];
    }
    out.push_str(rest);
    AssertSqlSafe(out).into_sql_str()
}
