//! Pipeline runs.

use super::{
    asker::{Asker, At, verb},
    error::Reply,
    known::{Fields, Message},
    list::{Listing, Noun},
    run_wire::{Run, details},
    theirs::{RUN, theirs},
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

/// A run to make, now or at its times. What only answers say is passed over.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    #[serde(alias = "displayName")]
    pub(super) display_name: Option<String>,
    pub(super) description: Option<String>,
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

impl Message for Asked {
    const FIELDS: Fields = &[
        "experiment_id",
        "run_id",
        "display_name",
        "storage_state",
        "description",
        "pipeline_version_id",
        "pipeline_spec",
        "pipeline_version_reference",
        "pipeline_version_reference.pipeline_id",
        "pipeline_version_reference.pipeline_version_id",
        "runtime_config",
        "runtime_config.parameters",
        "runtime_config.pipeline_root",
        "service_account",
        "created_at",
        "scheduled_at",
        "finished_at",
        "state",
        "error",
        "run_details",
        "recurring_run_id",
        "state_history",
        "plugins_input",
        "plugins_output",
    ];
}

/// Which version of which pipeline.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reference {
    #[serde(alias = "pipelineId")]
    pipeline_id: Option<String>,
    #[serde(alias = "pipelineVersionId")]
    pipeline_version_id: Option<String>,
}

/// What a run is given.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct RuntimeConfig {
    parameters: Option<BTreeMap<String, Value>>,
    #[serde(alias = "pipelineRoot")]
    pipeline_root: Option<String>,
}

/// What is not empty.
pub(super) fn filled(text: Option<String>) -> Option<String> {
    text.filter(|t| !t.is_empty())
}

impl Asked {
    /// Refuses what would be kept or done elsewhere.
    ///
    /// # Errors
    /// It asks for that.
    pub(super) fn refuse(&self) -> Result<()> {
        let root = self.runtime_config.as_ref().and_then(|c| c.pipeline_root.as_deref());
        no_text("runtime_config.pipeline_root", root, "What tasks make is kept by this server, beside the files of runs.")?;
        no_text("service_account", self.service_account.as_deref(), "Tasks run for their team and have no accounts of Kubernetes.")?;
        not_here("plugins_input", self.plugins_input.as_ref(), "Each run is a run of MLflow here, without being told.")
    }

    /// Ids of pipeline and version, where it names them. Older clients say the version beside the reference.
    ///
    /// # Errors
    /// No such version; neither that nor a pipeline that it brings along.
    pub(super) async fn version(&mut self, web: &Web, by: &TeamEditor) -> Result<(Option<String>, Option<String>)> {
        let Reference { pipeline_id, pipeline_version_id } = self.pipeline_version_reference.take().unwrap_or_default();
        match (filled(pipeline_id), filled(pipeline_version_id).or_else(|| filled(self.pipeline_version_id.take()))) {
            // A version alone says of which pipeline it is.
            (None, Some(version)) => {
                let row = describe::version_by_id(&web.store, by, &version).await?;
                Ok((Some(row.pipeline_id), Some(row.id)))
            }
            (None, None) if self.spec().is_none() => {
                let sentence = "Name a pipeline with pipeline_version_reference, or bring one as pipeline_spec.";
                Err(Error::invalid("pipeline_version_reference", sentence))
            }
            both => Ok(both),
        }
    }

    /// The id of its experiment as it is kept. `beside`: what the address says.
    ///
    /// # Errors
    /// No such experiment.
    pub(super) async fn experiment(&mut self, web: &Web, by: &TeamEditor, beside: Option<String>) -> Result<Option<String>> {
        let Some(id) = filled(self.experiment_id.take()).or_else(|| filled(beside)) else { return Ok(None) };
        let by = TeamViewer::from_member(TeamMember::clone(by))?;
        Ok(Some(experiments::get(&web.store, &by, &id).await?.row.id))
    }

    /// The pipeline that it brings along.
    pub(super) fn spec(&self) -> Option<String> {
        self.pipeline_spec.as_ref().filter(|s| !s.is_null()).map(Value::to_string)
    }

    /// What it is given.
    pub(super) fn parameters(&mut self) -> BTreeMap<String, Value> {
        self.runtime_config.take().and_then(|c| c.parameters).unwrap_or_default()
    }
}

pub async fn create(State(web): State<Web>, asker: Asker, Body(mut asked): Body<Asked>) -> Reply<Run> {
    let by = asker.editor(&web, None).await?;
    asked.refuse()?;
    let (pipeline, version) = asked.version(&web, &by).await?;
    let new = NewPipelineRun {
        pipeline,
        version,
        spec: asked.spec(),
        parameters: asked.parameters(),
        experiment_id: asked.experiment(&web, &by, asker.query.experiment_id).await?,
        name: asked.display_name,
        description: asked.description,
        ..NewPipelineRun::default()
    };
    let made = submit::create(&web.pipelines, &web.store, &by, &new).await.map_err(|e| theirs(RUN, e))?;
    let row = runs::row(&web.store, &by, &made.id).await?;
    Ok(Json(told(&web, &by, row).await?))
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
