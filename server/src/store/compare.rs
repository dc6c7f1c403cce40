//! Conditions of a search that is put together at run time, in the SQL of either engine.
//!
//! Only text of this code goes into the SQL; whatever came from outside is an argument.

use super::{Arg, Db};

/// A `WHERE` with its arguments, grown piece by piece.
#[derive(Debug, Default)]
pub struct Where {
    pieces: Vec<String>,
    /// The arguments so far.
    pub args: Vec<Arg>,
}

impl Where {
    /// The place of a new argument.
    pub fn arg(&mut self, value: impl Into<Arg>) -> String {
        self.args.push(value.into());
        format!("${}", self.args.len())
    }

    /// One more condition that has to hold.
    pub fn and(&mut self, condition: String) {
        self.pieces.push(condition);
    }

    /// All conditions; `TRUE` where there are none.
    pub fn sql(&self) -> String {
        if self.pieces.is_empty() { "1 = 1".into() } else { self.pieces.join(" AND ") }
    }
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `=`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `LIKE`: `%` and `_` are wild, letters count as they are.
    Like,
    /// `ILIKE`: the same, but small and capital letters are equal.
    Ilike,
    /// `IN`
    In,
    /// `NOT IN`
    NotIn,
}

/// What a column is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text.
    Text(String),
    /// A whole number.
    Int(i64),
    /// Any number.
    Real(f64),
    /// A list of texts, for `IN` and `NOT IN`.
    List(Vec<String>),
}

impl From<Value> for Arg {
    fn from(value: Value) -> Self {
        match value {
            Value::Text(t) => t.into(),
            Value::Int(i) => i.into(),
            Value::Real(r) => r.into(),
            // Compared one by one in `condition`; never bound whole.
            Value::List(_) => Arg::Text(None),
        }
    }
}

/// The condition `column op value`, with its values among the arguments of `w`.
pub fn condition(db: &Db, w: &mut Where, column: &str, op: Op, value: &Value) -> String {
    let sqlite = matches!(db, Db::Sqlite { .. });
    match (op, value) {
        (Op::In | Op::NotIn, value) => {
            let list: Vec<Value> = match value {
                Value::List(list) => list.iter().cloned().map(Value::Text).collect(),
                one => vec![one.clone()],
            };
            if list.is_empty() {
                return if op == Op::In { "1 = 0".into() } else { "1 = 1".into() };
            }
            let places: Vec<String> = list.into_iter().map(|v| w.arg(v)).collect();
            format!("{column} {} ({})", if op == Op::In { "IN" } else { "NOT IN" }, places.join(", "))
        }
        (Op::Like, Value::Text(pattern)) if sqlite => format!("{column} GLOB {}", w.arg(glob(pattern))),
        (Op::Like, value) => format!("{column} LIKE {} ESCAPE ''", w.arg(value.clone())),
        (Op::Ilike, value) if sqlite => format!("{column} LIKE {}", w.arg(value.clone())),
        (Op::Ilike, value) => format!("{column} ILIKE {} ESCAPE ''", w.arg(value.clone())),
        (op, value) => {
            let sign = match op {
                Op::Ne => "<>",
                Op::Lt => "<",
                Op::Le => "<=",
                Op::Gt => ">",
                Op::Ge => ">=",
                _ => "=",
            };
            format!("{column} {sign} {}", w.arg(value.clone()))
        }
    }
}

/// SQLite's `LIKE` does not know capital letters from small ones; its `GLOB` does.
fn glob(like: &str) -> String {
    let mut out = String::with_capacity(like.len());
    for c in like.chars() {
        match c {
            '%' => out.push('*'),
            '_' => out.push('?'),
            '*' | '?' | '[' => out.extend(['[', c, ']']),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn like_becomes_glob() {
        assert_eq!(super::glob("a%b_c*[d]"), "a*b?c[*][[]d]");
    }
}
