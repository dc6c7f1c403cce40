//! Which metrics and parameters a table of runs shows; kept in the address as `col=metrics.loss&col=params.lr`.

use crate::{
    api::runs::RunSummary,
    ui::{Menu, number, url},
};
use leptos::prelude::*;
use leptos_router::params::ParamsMap;
use std::collections::BTreeSet;

/// A column of a run table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    /// The latest value of a metric.
    Metric(String),
    /// A parameter.
    Param(String),
}

impl Column {
    fn parse(text: &str) -> Option<Self> {
        match text.split_once('.')? {
            ("metrics", key) => Some(Self::Metric(key.into())),
            ("params", key) => Some(Self::Param(key.into())),
            _ => None,
        }
    }

    /// As in the address and in `order_by`.
    pub fn name(&self) -> String {
        match self {
            Self::Metric(k) => format!("metrics.{k}"),
            Self::Param(k) => format!("params.{k}"),
        }
    }

    /// Its heading.
    pub fn key(&self) -> &str {
        match self {
            Self::Metric(k) | Self::Param(k) => k,
        }
    }

    /// As `order_by` wants it: a name that is no plain word stands in backticks.
    fn order(&self) -> String {
        let (kind, key) = match self {
            Self::Metric(k) => ("metrics", k),
            Self::Param(k) => ("params", k),
        };
        if key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') { format!("{kind}.{key}") } else { format!("{kind}.`{key}`") }
    }

    /// The text of the cell.
    pub fn cell(&self, run: &RunSummary) -> Option<String> {
        match self {
            Self::Metric(k) => run.metrics.get(k).map(number::metric),
            Self::Param(k) => run.params.get(k).cloned(),
        }
    }

    /// The number of the cell, of a metric.
    pub fn number(&self, run: &RunSummary) -> Option<f64> {
        match self {
            Self::Metric(k) => run.metrics.get(k).and_then(serde_json::Value::as_f64),
            Self::Param(_) => None,
        }
    }
}

/// Every column that these runs could show.
fn all(runs: &[RunSummary]) -> BTreeSet<Column> {
    let metrics = runs.iter().flat_map(|r| r.metrics.keys()).cloned().map(Column::Metric);
    let params = runs.iter().flat_map(|r| r.params.keys()).cloned().map(Column::Param);
    metrics.chain(params).collect()
}

/// The columns of the address; without any the first three metrics and two parameters.
pub fn chosen(query: &ParamsMap, runs: &[RunSummary]) -> Vec<Column> {
    if let Some(cols) = query.get_all("col").filter(|c| !c.is_empty()) {
        return cols.iter().filter_map(|c| Column::parse(c)).collect();
    }
    let (metrics, params): (Vec<_>, Vec<_>) = all(runs).into_iter().partition(|c| matches!(c, Column::Metric(_)));
    metrics.into_iter().take(3).chain(params.into_iter().take(2)).collect()
}

/// A heading that sorts: descending first, then ascending, then not.
pub fn heading(path: &str, query: &ParamsMap, words: &str, order: &str, class: &'static str) -> impl IntoView + use<> {
    let now = query.get("order_by").unwrap_or_default();
    let (mark, sort, next) = if now == format!("{order} DESC") {
        (" ▾", Some("descending"), Some(format!("{order} ASC")))
    } else if now == format!("{order} ASC") {
        (" ▴", Some("ascending"), None)
    } else {
        ("", None, Some(format!("{order} DESC")))
    };
    let href = url::with(path, query, &[("order_by", next.as_deref()), ("page", None)]);
    let (words, title) = (words.to_owned(), format!("Sort by {words}"));
    view! { <th class=class scope="col" aria-sort=sort><a href=href title=title>{words}{mark}</a></th> }
}

/// The heading of a chosen column.
pub fn column_heading(path: &str, query: &ParamsMap, column: &Column) -> impl IntoView + use<> {
    heading(path, query, column.key(), &column.order(), "num")
}

/// The choice of columns: a plain form.
#[component]
pub fn Chooser(
    /// The address without a query.
    path: String,
    /// The query.
    query: ParamsMap,
    /// The runs shown.
    runs: Vec<RunSummary>,
) -> impl IntoView {
    let now = chosen(&query, &runs);
    let mut offered = all(&runs);
    offered.extend(now.iter().cloned());
    let keep = ["filter", "order_by", "experiment"]
        .into_iter()
        .filter_map(|k| query.get(k).map(|v| view! { <input type="hidden" name=k value=v/> }));
    let keep = keep.collect_view();
    let boxes = offered.into_iter().map(|c| {
        let (name, checked) = (c.name(), now.contains(&c));
        let (words, key) = (name.clone(), format!("col-{name}"));
        view! { <label data-key=key><input type="checkbox" name="col" value=name checked=checked/>{words}</label> }
    });
    let boxes = boxes.collect_view();
    view! {
        <Menu end=true button=|| "Columns">
            <form method="get" action=path>
                {keep}
                <div class="columns" data-keep="">{boxes}</div>
                <button type="submit">"Show these"</button>
            </form>
        </Menu>
    }
}
