//! Clauses of a filter and of an order, before anybody asks whether their fields exist.

use super::lexer::{Token, tokens};
use crate::{
    error::{Error, Result},
    records::search::{Op, Operand},
};

/// The most conditions a filter may have: each is a lookup per run.
const MAX_CLAUSES: usize = 100;
/// The longest filter, in bytes.
const MAX_LENGTH: usize = 1 << 20;

/// `prefix.key op operand`
#[derive(Debug, Clone, PartialEq)]
pub struct Clause {
    /// `metrics`, `params`, ...; none for an attribute written bare.
    pub prefix: Option<String>,
    /// What follows the first dot, without quotes.
    pub key: String,
    /// Comparison.
    pub op: Op,
    /// What it is compared with.
    pub operand: Operand,
}

/// `prefix.key ASC`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderClause {
    /// `metrics`, `params`, ...; none for an attribute written bare.
    pub prefix: Option<String>,
    /// What follows the first dot, without quotes.
    pub key: String,
    /// Smallest first.
    pub ascending: bool,
}

fn wrong(sentence: impl Into<String>) -> Error {
    Error::invalid("filter", sentence)
}

/// The clauses of a filter, joined by AND; none for an empty one.
///
/// # Errors
/// A sentence about the first thing that cannot be read.
pub fn filter(text: &str) -> Result<Vec<Clause>> {
    if text.len() > MAX_LENGTH {
        return Err(wrong("The filter is longer than 1 MiB."));
    }
    let tokens = tokens(text).map_err(|rest| {
        let more = if rest.starts_with(';') { " Write one expression, its conditions joined by AND." } else { "" };
        wrong(format!("Invalid clause(s) in filter string: it cannot be read from `{rest}` on.{more}"))
    })?;
    let mut rest = tokens.as_slice();
    let mut clauses = Vec::new();
    while !rest.is_empty() {
        if !clauses.is_empty() {
            match rest.split_first() {
                Some((and, after)) if and.is_keyword("and") => rest = after,
                Some((other, _)) => {
                    let hint = if other.is_keyword("or") { " OR is not supported." } else { "" };
                    return Err(wrong(format!(
                        "Invalid clause(s) in filter string: '{}'. Conditions are joined by AND.{hint}",
                        other.show()
                    )));
                }
                None => break,
            }
        }
        let (clause, after) = clause(rest)?;
        clauses.push(clause);
        rest = after;
        if clauses.len() > MAX_CLAUSES {
            return Err(wrong(format!("A filter has at most {MAX_CLAUSES} conditions.")));
        }
    }
    Ok(clauses)
}

fn clause(tokens: &[Token]) -> Result<(Clause, &[Token])> {
    let shown = || tokens.iter().take(4).map(Token::show).collect::<Vec<_>>().join(" ");
    let incomplete = || wrong(format!("Invalid clause(s) in filter string: '{}'. Write a field, a comparison and a value.", shown()));
    let (first, rest) = tokens.split_first().ok_or_else(incomplete)?;
    let (prefix, key) = match first {
        Token::Name { prefix, key, .. } => (prefix.clone(), key.clone()),
        Token::Quoted(key) => (None, key.clone()),
        other => return Err(wrong(format!("Invalid comparison clause. Expected 'Identifier' found '{}'.", other.show()))),
    };
    let (op, rest) = operator(rest).ok_or_else(incomplete)??;
    let (operand, rest) = match op {
        Op::IsNull | Op::IsNotNull => (Operand::None, rest),
        _ => operand(rest).ok_or_else(incomplete)??,
    };
    Ok((Clause { prefix, key, op, operand }, rest))
}

fn operator(tokens: &[Token]) -> Option<Result<(Op, &[Token])>> {
    let (first, rest) = tokens.split_first()?;
    let follows = |n: usize, word: &str| tokens.get(n).is_some_and(|t| t.is_keyword(word));
    let op = match first {
        Token::Compare("=") => Op::Eq,
        Token::Compare("!=") => Op::Ne,
        Token::Compare(">") => Op::Gt,
        Token::Compare(">=") => Op::Ge,
        Token::Compare("<") => Op::Lt,
        Token::Compare("<=") => Op::Le,
        Token::Compare(other) => {
            return Some(Err(wrong(format!("Invalid comparator '{other}': write one of =, !=, >, >=, <, <=, LIKE, ILIKE, IN, NOT IN."))));
        }
        t if t.is_keyword("like") => Op::Like,
        t if t.is_keyword("ilike") => Op::ILike,
        t if t.is_keyword("in") => Op::In,
        t if t.is_keyword("not") && follows(1, "in") => return Some(Ok((Op::NotIn, &tokens[2..]))),
        t if t.is_keyword("is") && follows(1, "null") => return Some(Ok((Op::IsNull, &tokens[2..]))),
        t if t.is_keyword("is") && follows(1, "not") && follows(2, "null") => return Some(Ok((Op::IsNotNull, &tokens[3..]))),
        _ => return None,
    };
    Some(Ok((op, rest)))
}

fn operand(tokens: &[Token]) -> Option<Result<(Operand, &[Token])>> {
    let (first, rest) = tokens.split_first()?;
    let value = match first {
        Token::Int(n) => Operand::Int(*n),
        Token::Real(x) => Operand::Real(*x),
        Token::Text(t) | Token::Quoted(t) => Operand::Text(t.clone()),
        Token::Mark('(') => return Some(list(rest)),
        // MLflow reads a value in backticks or without quotes as a name, and refuses it.
        other => {
            return Some(Err(wrong(format!(
                "Expected a quoted string value (e.g. 'my-value') or a number. Got value {}: parameter value is either not quoted or \
                 unidentified quote types used. Use either single or double quotes.",
                other.show()
            ))));
        }
    };
    Some(Ok((value, rest)))
}

/// What follows an opening parenthesis: texts separated by commas; a comma at the end does no harm.
fn list(mut tokens: &[Token]) -> Result<(Operand, &[Token])> {
    const WRONG: &str = "While parsing a list in the query, expected a non-empty list of quoted string values";
    let mut items = Vec::new();
    loop {
        tokens = match tokens {
            [Token::Mark(')'), rest @ ..] if !items.is_empty() => return Ok((Operand::List(items), rest)),
            [Token::Text(t) | Token::Quoted(t), rest @ ..] => {
                items.push(t.clone());
                match rest {
                    [Token::Mark(','), rest @ ..] => rest,
                    rest @ [Token::Mark(')'), ..] => rest,
                    _ => return Err(wrong(format!("{WRONG}, but got an ill-formed list."))),
                }
            }
            [Token::Mark(')'), ..] => return Err(wrong(format!("{WRONG}, but got an empty list."))),
            [other, ..] => return Err(wrong(format!("{WRONG}, but got '{}'.", other.show()))),
            [] => return Err(wrong(format!("{WRONG}, but the list does not end."))),
        };
    }
}

/// One order: a field, and perhaps ASC or DESC.
///
/// # Errors
/// A sentence about what cannot be read.
pub fn order(text: &str) -> Result<OrderClause> {
    let wrong = || Error::invalid("order_by", format!("Invalid order_by clause '{}'. Could not be parsed.", shorten(text)));
    if text.len() > 2000 {
        return Err(wrong());
    }
    let tokens = tokens(text).map_err(|_| wrong())?;
    let (field, direction) = match tokens.as_slice() {
        [field] => (field, None),
        [field, direction] => (field, Some(direction)),
        _ => return Err(wrong()),
    };
    let (prefix, key) = match field {
        Token::Name { prefix, key, .. } => (prefix.clone(), key.clone()),
        Token::Quoted(key) => (None, key.clone()),
        _ => return Err(wrong()),
    };
    let ascending = match direction {
        None => true,
        Some(d) if d.is_keyword("asc") => true,
        Some(d) if d.is_keyword("desc") => false,
        Some(_) => {
            return Err(Error::invalid("order_by", format!("Invalid ordering key in order_by clause '{}'.", shorten(text))));
        }
    };
    Ok(OrderClause { prefix, key, ascending })
}

/// Enough of a text to recognise it in a sentence.
pub fn shorten(text: &str) -> String {
    if text.chars().count() <= 100 { text.to_owned() } else { text.chars().take(100).chain("...".chars()).collect() }
}
