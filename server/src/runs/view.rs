//! Runs as the REST API answers them.

use super::{
    submission,
    tracked::{self, FullRun, Search},
};
use crate::{
    access::TeamViewer,
    clock::rfc3339,
    error::{Error, Result},
    store::{Store, keyset::Keyset, run_inputs::RunDatasetRow, run_tags::PairRow, runs::RunRow},
};
use app::api::{
    Page, State,
    runs::{Dataset, Run, RunLoggedModel, RunModel, RunPipeline, RunQuery, RunSummary, RunTask},
};
use serde_json::Value;
use std::collections::BTreeMap;

/// Tag of MLflow's runs of pipeline runs and tasks.
pub const OF_PIPELINE_RUN: &str = "slipway.pipeline_run";

/// A page of runs, newest first unless it is asked for otherwise.
///
/// # Errors
/// A search that cannot be understood, a page that is out of bounds.
pub async fn list(store: &Store, by: &TeamViewer, query: &RunQuery) -> Result<Page<RunSummary>> {
    // Only the bounds of the size: the token is the search's own.
    let size = Keyset::<String>::new(query.page_size, None)?.size as i64;
    let experiments = query.experiment.clone().filter(|e| !e.is_empty()).map(|e| vec![e]);
    let order: Vec<String> = query.order_by.as_deref().map(split_orders).unwrap_or_default();
    let search = Search {
        experiments: experiments.as_deref(),
        filter: query.filter.as_deref().unwrap_or_default(),
        order_by: &order,
        max_results: size,
        page_token: query.page_token.as_deref().unwrap_or_default(),
        ..Search::default()
    };
    let (runs, next_page_token) = tracked::search(store, by, &search).await?;
    Ok(Page { items: runs.iter().map(summary).collect(), next_page_token })
}

/// `metrics.a DESC, params.b` as two orders; commas within quotes do not separate.
fn split_orders(text: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    let mut quote = None;
    for c in text.chars() {
        match (c, quote) {
            (',', None) => {
                out.push(String::new());
                continue;
            }
            ('`' | '"', None) => quote = Some(c),
            (c, Some(q)) if c == q => quote = None,
            _ => {}
        }
        if let Some(last) = out.last_mut() {
            last.push(c);
        }
    }
    out.retain(|o| !o.trim().is_empty());
    out
}

/// A run of this team that is not deleted, with everything.
///
/// # Errors
/// There is none.
pub async fn get(store: &Store, by: &TeamViewer, id: &str) -> Result<Run> {
    let gone = || Error::not_found("run");
    let row = store.run(&by.team.id, id).await?.filter(RunRow::is_active).ok_or_else(gone)?;
    let run = tracked::full(store, vec![row]).await?.pop().ok_or_else(gone)?;
    let (versions, logged, submission) = tokio::try_join!(
        store.versions_of_run(&by.team.id, id),
        store.logged_models_of_run(&by.team.id, id),
        submission::of(store, &by.team.id, id)
    )?;
    let of_pipeline = run.row.submitted != 0 && submission.is_none();
    let pipeline = if of_pipeline { pipeline(store, &by.team.id, &run).await? } else { None };
    Ok(Run {
        summary: summary(&run),
        tags: pairs(&run.tags),
        datasets: run.datasets.iter().map(dataset).collect(),
        model_versions: versions.into_iter().map(|v| RunModel { model: v.model, version: v.version }).collect(),
        // One that is still being uploaded cannot be registered yet.
        logged_models: logged
            .into_iter()
            .filter(|m| m.status == "READY")
            .map(|m| RunLoggedModel { uri: format!("models:/{}", m.id), id: m.id, name: m.name })
            .collect(),
        submission,
        pipeline,
    })
}

/// Where a run that nobody submitted stands in a pipeline run.
async fn pipeline(store: &Store, team_id: &str, run: &FullRun) -> Result<Option<RunPipeline>> {
    let task = store.task_of_run(team_id, &run.row.id).await?;
    let tagged = || run.tags.iter().find(|tag| tag.key == OF_PIPELINE_RUN).map(|tag| tag.value.clone());
    let Some(of) = task.as_ref().map(|t| t.pipeline_run_id.clone()).or_else(tagged) else { return Ok(None) };
    // A tag may say anything.
    let of = store.pipeline_run(team_id, &of).await?.filter(|of| task.is_some() || of.run_id == run.row.id);
    let task = task.map(|t| RunTask { name: t.display_name, id: t.id, attempt: t.attempt });
    Ok(of.map(|of| RunPipeline { pipeline_run_id: of.id, pipeline_run: of.name, task }))
}

/// A run in a list.
pub fn summary(run: &FullRun) -> RunSummary {
    let row = &run.row;
    let begun = !matches!(row.state(), State::Queued | State::Starting);
    RunSummary {
        id: row.id.clone(),
        name: row.name.clone(),
        state: row.state(),
        reason: row.reason.clone(),
        experiment_id: row.experiment_id.clone(),
        experiment: row.experiment.clone(),
        submitted: row.submitted != 0,
        user: row.user_name.clone(),
        started_at: begun.then(|| rfc3339(row.started_at)),
        ended_at: row.ended_at.map(rfc3339),
        metrics: run.metrics.iter().map(|m| (m.key.clone(), number(m.logged()))).collect(),
        params: pairs(&run.params),
    }
}

fn pairs(rows: &[PairRow]) -> BTreeMap<String, String> {
    rows.iter().map(|p| (p.key.clone(), p.value.clone())).collect()
}

fn dataset(row: &RunDatasetRow) -> Dataset {
    Dataset { name: row.name.clone(), digest: row.digest.clone(), source_type: row.source_type.clone(), context: row.context.clone() }
}

/// A number in JSON; what JSON has no number for is a word, as in protobuf's JSON: `NaN`, `Infinity`, `-Infinity`.
pub fn number(value: f64) -> Value {
    if value.is_nan() {
        Value::from("NaN")
    } else if value.is_infinite() {
        Value::from(if value > 0.0 { "Infinity" } else { "-Infinity" })
    } else {
        Value::from(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_separated_by_commas() {
        assert_eq!(split_orders("metrics.`a,b` DESC, start_time"), ["metrics.`a,b` DESC", " start_time"]);
        assert!(split_orders(" , ").is_empty());
    }

    #[test]
    fn numbers_that_json_lacks_are_words() {
        assert_eq!(number(f64::NAN), "NaN");
        assert_eq!(number(f64::NEG_INFINITY), "-Infinity");
        assert_eq!(number(0.5), 0.5);
    }
}
