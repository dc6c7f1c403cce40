use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::{Field, Function, Operator, Tree};
use crate::pipelines::ir::types::json_text;

/// What is asked: the parameters of a condition, or the value of a selector.
#[derive(Clone, Copy)]
enum Scope<'a> {
    Condition(&'a Map<String, Value>),
    Selector(&'a Value),
}

pub(super) fn condition(tree: &Tree, parameters: &Map<String, Value>) -> Result<bool, String> {
    truth(&value(tree, Scope::Condition(parameters))?)
}

pub(super) fn selector(tree: &Tree, of: &Value) -> Result<Value, String> {
    value(tree, Scope::Selector(of))
}

fn truth(value: &Value) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| format!("{value} is not true or false"))
}

fn double(n: f64) -> Result<Value, String> {
    serde_json::Number::from_f64(n).map(Value::Number).ok_or_else(|| "the number is too large".to_owned())
}

fn value(tree: &Tree, scope: Scope<'_>) -> Result<Value, String> {
    Ok(match tree {
        Tree::Text(text) => Value::from(text.as_str()),
        Tree::Int(n) => Value::from(*n),
        Tree::Double(n) => double(*n)?,
        Tree::Bool(b) => Value::from(*b),
        Tree::Null => Value::Null,
        Tree::List(items) => Value::Array(items.iter().map(|item| value(item, scope)).collect::<Result<_, _>>()?),
        Tree::Parameters => match scope {
            Scope::Condition(parameters) => Value::Object(parameters.clone()),
            Scope::Selector(_) => Value::Null,
        },
        Tree::Of(field) => match scope {
            Scope::Selector(of) => part(*field, of)?,
            Scope::Condition(_) => Value::Null,
        },
        Tree::Member(of, key) => member(of, &value(key, scope)?, scope)?,
        Tree::Call(function, of) => call(*function, &value(of, scope)?)?,
        Tree::Not(of) => Value::from(!truth(&value(of, scope)?)?),
        Tree::Negative(of) => {
            let of = value(of, scope)?;
            match of.as_i64() {
                Some(n) => Value::from(n.checked_neg().ok_or("the number is too large")?),
                None => double(-of.as_f64().ok_or_else(|| format!("{of} is no number"))?)?,
            }
        }
        Tree::Both(op, a, b) => both(*op, a, b, scope)?,
    })
}

fn part(field: Field, of: &Value) -> Result<Value, String> {
    let fits = match field {
        Field::Text => return Ok(Value::String(json_text(of))),
        Field::Number => of.is_number(),
        Field::Bool => of.is_boolean(),
        Field::Struct => of.is_object(),
        Field::List => of.is_array(),
    };
    if fits { Ok(of.clone()) } else { Err(format!("{of} is of another type")) }
}

fn member(of: &Tree, key: &Value, scope: Scope<'_>) -> Result<Value, String> {
    // Without a copy of all parameters for one of them.
    if let (Tree::Parameters, Scope::Condition(parameters), Some(name)) = (of, scope, key.as_str()) {
        return parameters.get(name).cloned().ok_or_else(|| format!("there is no parameter {name}"));
    }
    let of = value(of, scope)?;
    let found = match key {
        Value::String(name) => of.get(name),
        key => key.as_f64().filter(|n| n.fract() == 0.0 && *n >= 0.0).and_then(|n| of.get(n as usize)),
    };
    found.cloned().ok_or_else(|| format!("there is no {} in it", json_text(key)))
}

fn call(function: Function, of: &Value) -> Result<Value, String> {
    let wrong = |to: &str| format!("{} is no {to}", json_text(of));
    Ok(match function {
        // An optional input that was not given, which the SDK compares with a number or a truth: it is none.
        Function::Int | Function::Double | Function::Bool if of.is_null() => Value::Null,
        Function::Int => match of {
            Value::Number(n) => match n.as_i64() {
                Some(n) => Value::from(n),
                None => {
                    let n = n.as_f64().filter(|n| n.abs() < 9.2e18).ok_or_else(|| wrong("whole number"))?;
                    Value::from(n as i64)
                }
            },
            Value::String(text) => Value::from(text.parse::<i64>().map_err(|_| wrong("whole number"))?),
            _ => return Err(wrong("whole number")),
        },
        Function::Double => match of {
            Value::Number(n) => double(n.as_f64().ok_or_else(|| wrong("number"))?)?,
            Value::String(text) => double(text.parse::<f64>().map_err(|_| wrong("number"))?)?,
            _ => return Err(wrong("number")),
        },
        Function::Text => Value::String(json_text(of)),
        Function::Bool => match of {
            Value::Bool(b) => Value::from(*b),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Value::from(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") => Value::from(false),
            _ => return Err(wrong("true or false")),
        },
        Function::ParseJson => {
            let text = of.as_str().ok_or_else(|| wrong("text"))?;
            serde_json::from_str(text).map_err(|e| format!("the text is no JSON: {e}"))?
        }
        Function::Size => Value::from(match of {
            Value::String(text) => text.chars().count(),
            Value::Array(items) => items.len(),
            Value::Object(map) => map.len(),
            _ => return Err(wrong("text, list or object")),
        }),
    })
}

fn both(op: Operator, a: &Tree, b: &Tree, scope: Scope<'_>) -> Result<Value, String> {
    let decided = match op {
        Operator::Or => Some(true),
        Operator::And => Some(false),
        _ => None,
    };
    if let Some(decided) = decided {
        // As CEL has it: one side decides even when the other is an error.
        let left = value(a, scope).and_then(|v| truth(&v));
        if left == Ok(decided) {
            return Ok(Value::from(decided));
        }
        let right = value(b, scope).and_then(|v| truth(&v))?;
        return if right == decided { Ok(Value::from(decided)) } else { left.map(Value::from) };
    }
    let (a, b) = (value(a, scope)?, value(b, scope)?);
    let order = || order(&a, &b).ok_or_else(|| format!("cannot compare {a} and {b}"));
    Ok(match op {
        Operator::Equal => Value::from(equal(&a, &b)),
        Operator::NotEqual => Value::from(!equal(&a, &b)),
        Operator::Less => Value::from(order()? == Ordering::Less),
        Operator::LessOrEqual => Value::from(order()? != Ordering::Greater),
        Operator::Greater => Value::from(order()? == Ordering::Greater),
        Operator::GreaterOrEqual => Value::from(order()? != Ordering::Less),
        Operator::In => match &b {
            Value::Array(items) => Value::from(items.iter().any(|item| equal(item, &a))),
            Value::Object(map) => Value::from(a.as_str().is_some_and(|key| map.contains_key(key))),
            _ => return Err(format!("{b} is no list")),
        },
        Operator::Add if a.is_string() && b.is_string() => Value::String(json_text(&a) + &json_text(&b)),
        _ => return arithmetic(op, &a, &b),
    })
}

fn arithmetic(op: Operator, a: &Value, b: &Value) -> Result<Value, String> {
    if let (Some(a), Some(b)) = (a.as_i64(), b.as_i64()) {
        let result = match op {
            Operator::Add => a.checked_add(b),
            Operator::Subtract => a.checked_sub(b),
            Operator::Multiply => a.checked_mul(b),
            Operator::Divide => a.checked_div(b),
            _ => a.checked_rem(b),
        };
        return result.map(Value::from).ok_or_else(|| "division by zero, or the number is too large".to_owned());
    }
    let (Some(x), Some(y)) = (a.as_f64(), b.as_f64()) else { return Err(format!("cannot calculate with {a} and {b}")) };
    match op {
        Operator::Add => double(x + y),
        Operator::Subtract => double(x - y),
        Operator::Multiply => double(x * y),
        Operator::Divide => double(x / y),
        _ => Err("a remainder is of whole numbers only".to_owned()),
    }
}

fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(_), Value::Number(_)) => order(a, b) == Some(Ordering::Equal),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Value::Object(a), Value::Object(b)) => a.len() == b.len() && a.iter().all(|(k, a)| b.get(k).is_some_and(|b| equal(a, b))),
        _ => a == b,
    }
}

fn order(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => match (x.as_i64(), y.as_i64()) {
            (Some(x), Some(y)) => Some(x.cmp(&y)),
            _ => x.as_f64()?.partial_cmp(&y.as_f64()?),
        },
        (Value::String(a), Value::String(b)) => Some(a.cmp(b)),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        _ => None,
    }
}
