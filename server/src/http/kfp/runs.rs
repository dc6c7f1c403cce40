//! Pipeline runs.

use super::{
    asker::{Asker, At, verb},
    error::Reply,
    list::{Listing, Noun},
    run_wire::{Run, details},
    versions,
    wire::{Body, Empty, no_text, not_here},
};
use crate::{
    access::{TeamEditor, TeamMember, TeamViewer},
    error::{Error, Kind, Result},
    http::state::Web,
    pipelines::{describe, runs, search, submit, whole},
    records::search::{Op, Operand, PipelineField},
    runs::experiments::{self, real_id},
    store::pipeline_runs::PipelineRunRow,
};
use app::api::pipeline_runs::NewPipelineRun;
use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A run to make. What only answers say is passed over.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    #[serde(alias = "displayName")]
    display_name: Option<String>,
    description: Option<String>,
    #[serde(alias = "experimentId")]
    experiment_id: Option<String>,
    #[serde(alias = "pipelineSpec")]
    pipeline_spec: Option<Value>,
    #[serde(alias = "pipelineVersionReference")]
    pipeline_version_reference: Option<Reference>,
    #[serde(alias = "pipelineVersionId")]
    pipeline_version_id: Option<String>,
    #[serde(alias = "runtimeConfig")]
    runtime_config: Option<RuntimeConfig>,
    #[serde(alias = "serviceAccount")]
    service_account: Option<String>,
    #[serde(alias = "pluginsInput")]
    plugins_input: Option<Value>,
}

/// Which version of which pipeline.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Reference {
    #[serde(alias = "pipelineId")]
    pipeline_id: Option<String>,
    #[serde(alias = "pipelineVersionId")]
    pipeline_version_id: Option<String>,
}

/// What a run is given.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RuntimeConfig {
    pub(super) parameters: Option<BTreeMap<String, Value>>,
    #[serde(alias = "pipelineRoot")]
    pub(super) pipeline_root: Option<String>,
}

/// What is not empty.
pub(super) fn filled(text: Option<String>) -> Option<String> {
    text.filter(|t| !t.is_empty())
}

impl Asked {
    fn refuse(&self) -> Result<()> {
        let root = self.runtime_config.as_ref().and_then(|c| c.pipeline_root.as_deref());
        no_text("runtime_config.pipeline_root", root, "What tasks make is kept by this server, beside the files of runs.")?;
        no_text("service_account", self.service_account.as_deref(), "Tasks run for their team and have no accounts of Kubernetes.")?;
        not_here("plugins_input", self.plugins_input.as_ref(), "Each run is a run of MLflow here, without being told.")
    }
}

impl Reference {
    /// Ids of pipeline and version. `version`: what older clients say beside it.
    ///
    /// # Errors
    /// No such version.
    pub(super) async fn resolve(self, web: &Web, by: &TeamEditor, version: Option<String>) -> Result<(Option<String>, Option<String>)> {
        match (filled(self.pipeline_id), filled(self.pipeline_version_id).or_else(|| filled(version))) {
            // A version alone says of which pipeline it is.
            (None, Some(version)) => {
                let row = describe::version_by_id(&web.store, by, &version).await?;
                Ok((Some(row.pipeline_id), Some(row.id)))
            }
            both => Ok(both),
        }
    }
}

pub async fn create(State(web): State<Web>, asker: Asker, Body(asked): Body<Asked>) -> Reply<Run> {
    let by = asker.editor(&web, None).await?;
    asked.refuse()?;
    let (pipeline, version) = asked.pipeline_version_reference.unwrap_or_default().resolve(&web, &by, asked.pipeline_version_id).await?;
    let experiment = filled(asked.experiment_id).or_else(|| filled(asker.query.experiment_id));
    let new = NewPipelineRun {
        name: asked.display_name,
        description: asked.description,
        pipeline,
        version,
        spec: asked.pipeline_spec.filter(|s| !s.is_null()).map(|s| s.to_string()),
        parameters: asked.runtime_config.and_then(|c| c.parameters).unwrap_or_default(),
        experiment: None,
        experiment_id: match experiment {
            Some(id) => Some(known(&web, &by, &id).await?),
            None => None,
        },
        cache: None,
        max_tasks: None,
        from: None,
        texts: Default::default(),
    };
    let made = submit::create(&web.pipelines, &web.store, &by, &new).await?;
    let row = runs::row(&web.store, &by, &made.id).await?;
    Ok(Json(told(&web, &by, row).await?))
}

/// The id of an experiment that is there, as it is kept.
pub(super) async fn known(web: &Web, by: &TeamEditor, id: &str) -> Result<String> {
    let by = TeamViewer::from_member(TeamMember::clone(by))?;
    Ok(experiments::get(&web.store, &by, id).await?.row.id)
}

/// A run with its tasks, and with its pipeline where that is its own, or where the version was deleted: their clients read either what ran or where
/// that stands, and a version that is no more stands nowhere.
async fn told(web: &Web, by: &TeamMember, row: PipelineRunRow) -> Result<Run> {
    let tasks = whole::tasks(&web.pipelines, &web.store, by, &row).await?;
    let details = details(&row.id, tasks);
    let digest = (!runs::has_version(&web.store, by, &row).await?).then(|| row.spec_digest.clone());
    let mut run = Run::from(row);
    run.run_details = Some(details);
    if let Some(digest) = digest {
        (run.pipeline_version_reference, run.pipeline_spec) = (None, Some(versions::spec(web, &digest).await?));
    }
    Ok(run)
}

/// A page of runs.
#[derive(Debug, Serialize)]
pub struct Found {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    runs: Vec<Run>,
    total_size: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

pub async fn list(State(web): State<Web>, asker: Asker) -> Reply<Found> {
    let by = asker.viewer(&web, None).await?;
    let mut listing = Listing::of(&asker.query, Noun::Run)?;
    if let Some(id) = asker.query.experiment_id.as_deref().filter(|id| !id.is_empty()) {
        listing.and(PipelineField::Experiment, Op::Eq, Operand::Text(real_id(&by.team.id, id).to_owned()));
    }
    let archived: Vec<bool> = [(listing.available, false), (listing.archived, true)].into_iter().filter(|a| a.0).map(|a| a.1).collect();
    let found = search::runs(&web.store, &by, &listing.asked, &archived).await?;
    let runs = found.rows.into_iter().map(Into::into).collect();
    Ok(Json(Found { runs, total_size: found.total, next_page_token: found.next }))
}

pub async fn get(State(web): State<Web>, asker: Asker, At([id]): At<1>) -> Reply<Run> {
    let by = asker.viewer(&web, None).await?;
    let row = runs::row(&web.store, &by, &id).await?;
    Ok(Json(told(&web, &by, row).await?))
}

pub async fn delete(State(web): State<Web>, asker: Asker, At([id]): At<1>) -> Reply<Empty> {
    let by = asker.editor(&web, None).await?;
    runs::delete(&web.store, &by, &id).await?;
    Ok(Json(Empty {}))
}

/// `{id}:archive` and the like.
pub async fn act(State(web): State<Web>, asker: Asker, At([last]): At<1>) -> Reply<Empty> {
    let (id, verb) = verb(&last)?;
    let by = asker.editor(&web, None).await?;
    match verb {
        "archive" => runs::archive(&web.store, &by, id, true).await?,
        "unarchive" => runs::archive(&web.store, &by, id, false).await?,
        "terminate" => runs::cancel(&web.store, &by, id).await?,
        "retry" => runs::retry(&web.pipelines, &web.store, &by, id).await?,
        _ => return Err(Error::new(Kind::NotFound, "Runs know :archive, :unarchive, :terminate and :retry.").into()),
    }
    Ok(Json(Empty {}))
}
