//! Orders chosen at run time, paged by key.

use super::{
    Arg, keyset,
    sql::{self, SortColumn, Sql},
};
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};

/// One part of an order. The last part of an order has to be unique, or pages could lose rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// An expression that is never NULL.
    pub sql: String,
    /// Smallest first.
    pub ascending: bool,
}

impl Term {
    /// A part of an order.
    pub fn new(sql: impl Into<String>, ascending: bool) -> Self {
        Self { sql: sql.into(), ascending }
    }
}

/// The value of one term in the last row of a page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Key {
    /// Text.
    T(String),
    /// A whole number.
    I(i64),
    /// Any number, by its bits: text would round it.
    R(u64),
}

impl From<Key> for Arg {
    fn from(key: Key) -> Self {
        match key {
            Key::T(t) => t.into(),
            Key::I(i) => i.into(),
            Key::R(bits) => f64::from_bits(bits).into(),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Token {
    order: String,
    keys: Vec<Key>,
}

/// `ORDER BY` text.
pub fn order_by(terms: &[Term]) -> String {
    terms.iter().map(|t| format!("{} {}", t.sql, if t.ascending { "ASC" } else { "DESC" })).collect::<Vec<_>>().join(", ")
}

/// The token that continues after a row with these values.
pub fn token(terms: &[Term], keys: Vec<Key>) -> String {
    keyset::encode(&Token { order: order_by(terms), keys })
}

/// The condition that a row lies after the one of the token.
///
/// # Errors
/// A token that is not ours, or of another order.
pub(super) fn after(sql: &mut Sql, terms: &[Term], page_token: &str) -> Result<String> {
    let bad = || {
        Error::invalid("page_token", "Invalid page token: it is not one that this search answered.")
            .hint("Leave it out to begin at the first page.")
    };
    let token: Token = keyset::decode(page_token).ok_or_else(bad)?;
    if token.order != order_by(terms) || token.keys.len() != terms.len() {
        return Err(bad());
    }
    let columns: Vec<SortColumn> = terms
        .iter()
        .zip(token.keys)
        .map(|(term, key)| SortColumn { expression: term.sql.clone(), descending: !term.ascending, after: Some(sql.bind(key)) })
        .collect();
    Ok(sql::after(&columns).unwrap_or_else(|| "1 = 1".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_goes_on_after_the_last_row() {
        let terms = [Term::new("updated_at", false), Term::new("name", true)];
        let t = token(&terms, vec![Key::I(5), Key::T("a".into())]);
        let mut sql = Sql::new(false);
        let condition = after(&mut sql, &terms, &t).expect("ours");
        assert_eq!(condition, "updated_at <= $1 AND (updated_at < $1 OR (name > $2))");
        assert!(after(&mut Sql::new(false), &terms[..1], &t).is_err(), "of another order");
        assert!(after(&mut Sql::new(false), &terms, "x").is_err());
    }
}
