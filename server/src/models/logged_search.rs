//! The search over logged models, in MLflow's grammar.

use super::search::no_nul;
use crate::{
    access::TeamMember,
    error::{Error, Result},
    records::search::{Condition, Op, Operand},
    runs::search::syntax::{self, Clause},
    store::{
        Store,
        logged_model_search::{LoggedField, MAX_METRIC_SORTS, OnDataset, Search, Sort},
        logged_models::LoggedModelFull,
    },
};
use app::api::page::Page;

/// Rows of a page where nothing is said.
pub const DEFAULT_RESULTS: usize = 100;
/// Most rows of a page.
const MAX_RESULTS: usize = 1000;
/// Most experiments in one search.
const MAX_EXPERIMENTS: usize = 1000;

/// A field to sort by, as a client gives it.
#[derive(Debug, Clone)]
pub struct OrderBy {
    /// `metrics.accuracy`, `creation_timestamp`, ...
    pub field_name: String,
    /// Smallest first.
    pub ascending: bool,
    /// Metrics on this dataset only.
    pub dataset: Option<OnDataset>,
}

/// A search as a client gives it.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Ids of experiments.
    pub experiments: Vec<String>,
    /// Conditions joined by AND.
    pub filter: String,
    /// Only models measured on one of these.
    pub datasets: Vec<OnDataset>,
    /// Most important first.
    pub order_by: Vec<OrderBy>,
    /// Rows of a page.
    pub max_results: usize,
    /// Where the page begins.
    pub page_token: Option<String>,
}

/// Logged models that are not deleted.
///
/// # Errors
/// A filter, order, size or token that is not right.
pub async fn search(store: &Store, member: &TeamMember, asked: Asked) -> Result<Page<LoggedModelFull>> {
    if asked.max_results == 0 || asked.max_results > MAX_RESULTS {
        return Err(Error::invalid("max_results", format!("max_results is 1 to {MAX_RESULTS}, but got {}.", asked.max_results)));
    }
    if asked.experiments.len() > MAX_EXPERIMENTS {
        return Err(Error::invalid("experiment_ids", format!("A search goes over at most {MAX_EXPERIMENTS} experiments.")));
    }
    if asked.datasets.iter().any(|d| d.name.is_empty()) {
        return Err(Error::invalid("datasets", "`dataset_name` in the `datasets` clause must be specified."));
    }
    let search = Search {
        experiments: asked.experiments,
        conditions: syntax::filter(&asked.filter)?.into_iter().map(condition).collect::<Result<_>>()?,
        datasets: asked.datasets,
        sort: sort(asked.order_by)?,
        limit: asked.max_results,
        page_token: asked.page_token.filter(|t| !t.is_empty()),
    };
    store.logged_model_search(&member.team.id, &search).await
}

fn field(prefix: Option<&str>, key: &str) -> Result<LoggedField> {
    if key.contains('\0') {
        return Err(Error::invalid("filter", "A filter cannot have a NUL character."));
    }
    match prefix.unwrap_or("attributes") {
        "metric" | "metrics" => Ok(LoggedField::Metric(key.into())),
        "param" | "params" => Ok(LoggedField::Param(key.into())),
        "tag" | "tags" => Ok(LoggedField::Tag(key.into())),
        "attribute" | "attributes" => Ok(match key {
            "name" => LoggedField::Name,
            "model_id" => LoggedField::Id,
            "model_type" => LoggedField::ModelType,
            "status" => LoggedField::Status,
            "source_run_id" => LoggedField::SourceRun,
            "creation_timestamp" | "creation_time" | "creation_timestamp_ms" => LoggedField::Created,
            "last_updated_timestamp" | "last_updated_timestamp_ms" => LoggedField::Updated,
            other => return Err(Error::invalid("filter", format!("Invalid attribute name: {}", syntax::shorten(other)))),
        }),
        other => {
            let other = syntax::shorten(other);
            Err(Error::invalid(
                "filter",
                format!("Invalid entity type: '{other}'. Expected one of ['attributes', 'metrics', 'params', 'tags']."),
            ))
        }
    }
}

fn condition(clause: Clause) -> Result<Condition<LoggedField>> {
    let Clause { prefix, key, op, operand } = clause;
    let field = field(prefix.as_deref(), &key)?;
    let numeric = matches!(field, LoggedField::Metric(_) | LoggedField::Created | LoggedField::Updated);
    let is_list = matches!(op, Op::In | Op::NotIn);
    let allowed = if numeric { op.is_numeric() } else { is_list || matches!(op, Op::Eq | Op::Ne | Op::Like | Op::ILike) };
    let name = syntax::shorten(&key);
    if !allowed {
        let ops = if numeric { "('<', '<=', '>', '>=', '=', '!=')" } else { "('=', '!=', 'LIKE', 'ILIKE', 'IN', 'NOT IN')" };
        return Err(Error::invalid("filter", format!("Invalid comparison operator for {name}: '{}'. Expected one of {ops}.", op.as_str())));
    }
    no_nul(&operand)?;
    let operand = match (operand, numeric) {
        (Operand::Int(n), true) if matches!(field, LoggedField::Metric(_)) => Operand::Real(n as f64),
        (n @ Operand::Int(_), true) => n,
        (n @ Operand::Real(_), true) => n,
        (t @ Operand::Text(_), false) if !is_list => t,
        (l @ Operand::List(_), false) if is_list => l,
        // Clients write numbers without quotes where a parameter looks like one.
        (Operand::Int(n), false) if !is_list => Operand::Text(n.to_string()),
        (Operand::Real(n), false) if !is_list => Operand::Text(n.to_string()),
        _ => {
            let what = if numeric { "a number" } else { "a quoted string value" };
            return Err(Error::invalid("filter", format!("Expected {what} for '{name}'.")));
        }
    };
    Ok(Condition { field, op, operand })
}

fn sort(asked: Vec<OrderBy>) -> Result<Vec<Sort>> {
    let mut out: Vec<Sort> = Vec::new();
    for order in asked {
        let (prefix, key) = match order.field_name.split_once('.') {
            Some((prefix, key)) => (Some(prefix), key.trim_matches('`')),
            None => (None, order.field_name.as_str()),
        };
        let wrong = || Error::invalid("order_by", format!("Invalid order by field name: {}", syntax::shorten(&order.field_name)));
        let field = field(prefix, key).map_err(|_| wrong())?;
        if matches!(field, LoggedField::Tag(_) | LoggedField::Param(_)) {
            return Err(Error::invalid(
                "order_by",
                format!("Invalid order by field name: {}. Only metrics are supported.", syntax::shorten(&order.field_name)),
            ));
        }
        if out.iter().any(|s| s.field == field && s.dataset == order.dataset) {
            continue;
        }
        out.push(Sort { field, ascending: order.ascending, dataset: order.dataset });
    }
    if out.iter().filter(|s| matches!(s.field, LoggedField::Metric(_))).count() > MAX_METRIC_SORTS {
        return Err(Error::invalid("order_by", format!("Logged models are sorted by at most {MAX_METRIC_SORTS} metrics.")));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_and_orders() {
        let of = |text: &str| syntax::filter(text).and_then(|c| c.into_iter().map(condition).collect::<Result<Vec<_>>>());
        assert_eq!(of("metrics.acc > 0.5 AND params.lr = '0.1' AND name = 'm' AND tags.a LIKE 'x%'").expect("ok").len(), 4);
        assert_eq!(of("creation_timestamp > 5 AND model_id IN ('a')").expect("ok").len(), 2);
        for bad in ["metrics.a LIKE 'x'", "metrics.a = 'x'", "foo = 'x'", "bar.a = 'x'", "name > 'x'"] {
            assert!(of(bad).is_err(), "{bad}");
        }
        let by = |name: &str| sort(vec![OrderBy { field_name: name.into(), ascending: true, dataset: None }]);
        assert!(by("metrics.acc").is_ok() && by("creation_timestamp").is_ok());
        assert!(by("params.a").is_err() && by("foo").is_err());
    }
}
