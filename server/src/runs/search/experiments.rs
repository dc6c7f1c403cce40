//! The search over experiments.

use super::{
    runs::show,
    syntax::{self, Clause},
};
use crate::{
    error::{Error, Result},
    records::search::{Condition, ExperimentField, Op, Operand, Order},
};

const KEYS: &str = "name, experiment_id, creation_time, last_update_time";

/// The conditions of a filter.
///
/// # Errors
/// A sentence about the first thing that is wrong.
pub fn filter(text: &str) -> Result<Vec<Condition<ExperimentField>>> {
    syntax::filter(text)?.into_iter().map(condition).collect()
}

/// The fields to sort by; newest first where none is given.
///
/// # Errors
/// A sentence about the first thing that is wrong.
pub fn order<T: AsRef<str>>(texts: &[T]) -> Result<Vec<Order<ExperimentField>>> {
    let mut out = Vec::new();
    for text in texts.iter().take(8) {
        let clause = syntax::order(text.as_ref())?;
        let field = field(clause.prefix.as_deref(), &clause.key).map_err(|e| Error { field: Some("order_by".into()), ..e })?;
        if matches!(field, ExperimentField::Tag(_)) {
            return Err(Error::invalid("order_by", "Invalid order_by entity: experiments are not sorted by tags."));
        }
        out.push(Order { field, ascending: clause.ascending });
    }
    if out.is_empty() {
        out.push(Order { field: ExperimentField::CreationTime, ascending: false });
        out.push(Order { field: ExperimentField::Id, ascending: true });
    }
    Ok(out)
}

fn field(prefix: Option<&str>, key: &str) -> Result<ExperimentField> {
    match (prefix.unwrap_or("attribute"), key) {
        ("tag" | "tags", key) => Ok(ExperimentField::Tag(key.into())),
        ("attribute" | "attributes" | "attr", key) => Ok(match key {
            "name" => ExperimentField::Name,
            "experiment_id" => ExperimentField::Id,
            "creation_time" => ExperimentField::CreationTime,
            "last_update_time" => ExperimentField::LastUpdateTime,
            other => {
                let other = syntax::shorten(other);
                return Err(Error::invalid("filter", format!("Invalid attribute key '{other}' specified. Valid keys are {KEYS}.")));
            }
        }),
        (other, _) => {
            let other = syntax::shorten(other);
            Err(Error::invalid("filter", format!("Invalid entity type '{other}'. Valid entity types are ('attribute', 'tag', 'tags')")))
        }
    }
}

fn condition(clause: Clause) -> Result<Condition<ExperimentField>> {
    let Clause { prefix, key, op, operand } = clause;
    let field = field(prefix.as_deref(), &key)?;
    let is_text = matches!(op, Op::Eq | Op::Ne | Op::Like | Op::ILike);
    let allowed = match field {
        ExperimentField::Tag(_) => is_text || matches!(op, Op::IsNull | Op::IsNotNull),
        ExperimentField::Name => is_text,
        ExperimentField::Id => matches!(op, Op::Eq | Op::Ne | Op::In | Op::NotIn),
        ExperimentField::CreationTime | ExperimentField::LastUpdateTime => op.is_numeric(),
    };
    if !allowed {
        let kind = match field {
            ExperimentField::Tag(_) => "tag",
            ExperimentField::Id => "experiment_id",
            ExperimentField::Name => "string attribute",
            _ => "numeric attribute",
        };
        return Err(Error::invalid("filter", format!("Invalid comparator for {kind}: {}", op.as_str())));
    }
    let fits = match (&field, &operand) {
        (_, Operand::None) => true,
        (ExperimentField::CreationTime | ExperimentField::LastUpdateTime, operand) => matches!(operand, Operand::Int(_)),
        (ExperimentField::Id, Operand::List(_)) => matches!(op, Op::In | Op::NotIn),
        (_, Operand::Text(_)) => !matches!(op, Op::In | Op::NotIn),
        _ => false,
    };
    if !fits {
        return Err(Error::invalid("filter", format!("Invalid value for attribute '{key}': {}", show(&operand))));
    }
    Ok(Condition { field, op, operand })
}
