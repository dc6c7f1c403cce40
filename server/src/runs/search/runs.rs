//! The search over runs: which fields there are, and what each may be compared with.

use super::syntax::{self, Clause};
use crate::{
    error::{Error, Result},
    records::search::{Condition, DatasetField, Op, Operand, Order, RunAttribute, RunField},
};

const ENTITIES: &str = "['metric', 'parameter', 'tag', 'attribute', 'dataset']";
const ATTRIBUTES: &str = "run_id, run_name, user_id, status, start_time, end_time, artifact_uri";

/// The conditions of a filter.
///
/// # Errors
/// A sentence about the first thing that is wrong.
pub fn filter(text: &str) -> Result<Vec<Condition<RunField>>> {
    syntax::filter(text)?.into_iter().map(condition).collect()
}

/// The fields to sort by; none twice.
///
/// # Errors
/// A sentence about the first thing that is wrong.
pub fn order<T: AsRef<str>>(texts: &[T]) -> Result<Vec<Order<RunField>>> {
    let wrong = |e: Error| Error { field: Some("order_by".into()), ..e };
    let mut out: Vec<Order<RunField>> = Vec::new();
    for text in texts {
        let clause = syntax::order(text.as_ref())?;
        let field = field(clause.prefix.as_deref(), &clause.key).map_err(wrong)?;
        if matches!(field, RunField::Dataset(_)) {
            return Err(Error::invalid("order_by", "Invalid order_by entity type 'dataset': runs are not sorted by their datasets."));
        }
        if out.iter().any(|o| o.field == field) {
            return Err(Error::invalid("order_by", format!("`order_by` contains duplicate fields: {}", syntax::shorten(text.as_ref()))));
        }
        if out.len() == 8 {
            return Err(Error::invalid("order_by", "Runs are sorted by at most 8 fields."));
        }
        out.push(Order { field, ascending: clause.ascending });
    }
    Ok(out)
}

fn field(prefix: Option<&str>, key: &str) -> Result<RunField> {
    let text = || key.to_owned();
    match prefix.unwrap_or("attribute") {
        "metric" | "metrics" => Ok(RunField::Metric(text())),
        "parameter" | "parameters" | "param" | "params" => Ok(RunField::Param(text())),
        "tag" | "tags" => Ok(RunField::Tag(text())),
        "attribute" | "attributes" | "attr" | "run" => attribute(key).map(RunField::Attribute),
        "dataset" | "datasets" => dataset(key).map(RunField::Dataset),
        other => Err(Error::invalid("filter", format!("Invalid entity type '{}'. Valid values are {ENTITIES}", syntax::shorten(other)))),
    }
}

fn attribute(key: &str) -> Result<RunAttribute> {
    Ok(match key {
        "run_id" => RunAttribute::RunId,
        "run_name" | "run name" | "Run name" | "Run Name" => RunAttribute::RunName,
        "user_id" => RunAttribute::UserId,
        "status" => RunAttribute::Status,
        "artifact_uri" => RunAttribute::ArtifactUri,
        "start_time" | "created" | "Created" => RunAttribute::StartTime,
        "end_time" => RunAttribute::EndTime,
        other => {
            let other = syntax::shorten(other);
            return Err(Error::invalid("filter", format!("Invalid attribute key '{other}' specified. Valid keys are {ATTRIBUTES}.")));
        }
    })
}

fn dataset(key: &str) -> Result<DatasetField> {
    Ok(match key {
        "name" => DatasetField::Name,
        "digest" => DatasetField::Digest,
        "context" => DatasetField::Context,
        other => {
            let other = syntax::shorten(other);
            return Err(Error::invalid(
                "filter",
                format!("Invalid dataset key '{other}' specified. Valid keys are name, digest, context."),
            ));
        }
    })
}

fn condition(clause: Clause) -> Result<Condition<RunField>> {
    let Clause { prefix, key, op, operand } = clause;
    let field = field(prefix.as_deref(), &key)?;
    let is_null = matches!(op, Op::IsNull | Op::IsNotNull);
    let is_text = matches!(op, Op::Eq | Op::Ne | Op::Like | Op::ILike);
    let is_list = matches!(op, Op::In | Op::NotIn);
    let lists = matches!(field, RunField::Dataset(_) | RunField::Attribute(RunAttribute::RunId));
    if is_null && !matches!(field, RunField::Param(_) | RunField::Tag(_)) {
        return Err(Error::invalid("filter", format!("IS NULL / IS NOT NULL is only supported for tags and params, not for '{key}'.")));
    }
    let (allowed, words) = match &field {
        RunField::Metric(_) => (op.is_numeric(), "=, !=, >, >=, <, <="),
        RunField::Attribute(a) if a.is_numeric() => (op.is_numeric(), "=, !=, >, >=, <, <="),
        RunField::Param(_) | RunField::Tag(_) => (is_text || is_null, "=, !=, LIKE, ILIKE, IS NULL, IS NOT NULL"),
        RunField::Attribute(_) | RunField::Dataset(_) => (is_text || is_list, "=, !=, LIKE, ILIKE, IN, NOT IN"),
    };
    if !allowed {
        return Err(Error::invalid("filter", format!("Invalid comparator '{}' for '{key}': not one of {words}.", op.as_str())));
    }
    let numeric = matches!(&field, RunField::Metric(_)) || matches!(&field, RunField::Attribute(a) if a.is_numeric());
    let operand = match (operand, numeric) {
        (Operand::None, _) => Operand::None,
        (Operand::Int(n), true) if matches!(field, RunField::Metric(_)) => Operand::Real(n as f64),
        (n @ (Operand::Int(_) | Operand::Real(_)), true) => n,
        (other, true) => {
            return Err(Error::invalid("filter", format!("Expected numeric value type for '{key}'. Found {}", show(&other))));
        }
        (t @ Operand::Text(_), false) if !is_list => t,
        (l @ Operand::List(_), false) if is_list && lists => l,
        (Operand::List(_), false) => {
            return Err(Error::invalid(
                "filter",
                "Only ['run_id'] attributes and datasets support comparison with a list of quoted string values, by IN or NOT IN.",
            ));
        }
        (other, false) => {
            let what = if is_list { "a list of quoted strings" } else { "a quoted string value (e.g. 'my-value')" };
            return Err(Error::invalid("filter", format!("Expected {what} for '{key}'. Got value {}", show(&other))));
        }
    };
    Ok(Condition { field, op, operand })
}

/// An operand as a reader may recognise it.
pub(super) fn show(operand: &Operand) -> String {
    match operand {
        Operand::None => "nothing".into(),
        Operand::Int(n) => n.to_string(),
        Operand::Real(x) => x.to_string(),
        Operand::Text(t) => format!("'{}'", syntax::shorten(t)),
        Operand::List(_) => "a list".into(),
    }
}
