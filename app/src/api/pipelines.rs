//! Pipelines of Kubeflow's format: what is uploaded.

use super::{
    Client, ListQuery, Page,
    client::{Reply, segment, team_path, with_query},
    pipeline_runs::PipelineRun,
};
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A pipeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Pipeline {
    /// Id.
    pub id: String,
    /// Name, which no other pipeline of the team has.
    pub name: String,
    /// Name for people.
    pub display_name: String,
    /// What it is for.
    pub description: String,
    /// Who made it.
    pub created_by: String,
    /// RFC 3339.
    pub created_at: String,
    /// Most tasks of all its runs that are at work at once; absent is as many as there is room for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tasks: Option<i64>,
    /// The newest version; absent where all were deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<PipelineVersion>,
    /// Its last runs, newest first, at most ten.
    pub runs: Vec<PipelineRun>,
}

/// How much of a pipeline goes on at once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SetPipelineLimits {
    /// Most tasks of all its runs that are at work at once; as many as there is room for when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tasks: Option<i64>,
}

/// A version of a pipeline. It never changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct PipelineVersion {
    /// Id.
    pub id: String,
    /// Name of the pipeline.
    pub pipeline: String,
    /// Id of the pipeline.
    pub pipeline_id: String,
    /// Name, which no other version of the pipeline has.
    pub name: String,
    /// Name for people.
    pub display_name: String,
    /// What is new in it.
    pub description: String,
    /// SHA-256 of what was uploaded.
    pub digest: String,
    /// Who made it.
    pub created_by: String,
    /// RFC 3339.
    pub created_at: String,
}

/// What a version says, as far as a form and a graph need it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct PipelineOutline {
    /// What a run of it takes.
    pub parameters: Vec<PipelineParameter>,
    /// Its tasks, those that hold others included; at most 10 000.
    pub tasks: Vec<OutlineTask>,
}

/// Something that a run takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct PipelineParameter {
    /// Name.
    pub name: String,
    /// `STRING`, `NUMBER_INTEGER`, `NUMBER_DOUBLE`, `BOOLEAN`, `LIST` or `STRUCT`.
    pub kind: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What it is where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// Whether it may be left out although it has no default.
    #[serde(default)]
    pub optional: bool,
}

/// A task of a pipeline, before it runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct OutlineTask {
    /// Names from the top down, with slashes.
    pub path: String,
    /// Name for people.
    pub name: String,
    /// `executor`, `importer`, `dag` or `loop`.
    pub kind: String,
    /// Paths of the tasks that it waits for.
    pub after: Vec<String>,
}

/// A pipeline to make, with its first version.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct NewPipeline {
    /// Name; the pipeline's own, where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// What it is for; the pipeline's own, where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What `kfp` compiled, YAML or JSON.
    pub spec: String,
    /// Name of the version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// A version to make.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct NewPipelineVersion {
    /// Name; the date and time, where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// What is new in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What `kfp` compiled, YAML or JSON.
    pub spec: String,
}

/// What was uploaded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct PipelineSpec {
    /// As it came.
    pub spec: String,
}

impl Client {
    /// `GET /api/v1/teams/{team}/pipelines`: newest first.
    pub fn pipeline_list(&self, team: &str, query: &ListQuery) -> Reply<Page<Pipeline>> {
        self.get(with_query(team_path(team, "/pipelines"), query))
    }
    /// `POST /api/v1/teams/{team}/pipelines`
    pub fn pipeline_create(&self, team: &str, body: &NewPipeline) -> Reply<Pipeline> {
        self.call(Method::POST, team_path(team, "/pipelines"), body)
    }
    /// `GET /api/v1/teams/{team}/pipelines/{pipeline}`
    pub fn pipeline(&self, team: &str, pipeline: &str) -> Reply<Pipeline> {
        self.get(path(team, pipeline, ""))
    }
    /// `DELETE /api/v1/teams/{team}/pipelines/{pipeline}`
    pub fn pipeline_delete(&self, team: &str, pipeline: &str) -> Reply<()> {
        self.act(Method::DELETE, path(team, pipeline, ""))
    }
    /// `PUT /api/v1/teams/{team}/pipelines/{pipeline}/limits`
    pub fn pipeline_limits(&self, team: &str, pipeline: &str, body: &SetPipelineLimits) -> Reply<Pipeline> {
        self.call(Method::PUT, path(team, pipeline, "/limits"), body)
    }
    /// `POST /api/v1/teams/{team}/pipelines/{pipeline}/clear-cache`
    pub fn pipeline_clear_cache(&self, team: &str, pipeline: &str) -> Reply<()> {
        self.act(Method::POST, path(team, pipeline, "/clear-cache"))
    }
    /// `GET /api/v1/teams/{team}/pipelines/{pipeline}/versions`: newest first.
    pub fn pipeline_versions(&self, team: &str, pipeline: &str, query: &ListQuery) -> Reply<Page<PipelineVersion>> {
        self.get(with_query(path(team, pipeline, "/versions"), query))
    }
    /// `POST /api/v1/teams/{team}/pipelines/{pipeline}/versions`
    pub fn pipeline_version_create(&self, team: &str, pipeline: &str, body: &NewPipelineVersion) -> Reply<PipelineVersion> {
        self.call(Method::POST, path(team, pipeline, "/versions"), body)
    }
    /// `GET /api/v1/teams/{team}/pipelines/{pipeline}/versions/{version}`
    pub fn pipeline_version(&self, team: &str, pipeline: &str, version: &str) -> Reply<PipelineVersion> {
        self.get(version_path(team, pipeline, version, ""))
    }
    /// `DELETE /api/v1/teams/{team}/pipelines/{pipeline}/versions/{version}`
    pub fn pipeline_version_delete(&self, team: &str, pipeline: &str, version: &str) -> Reply<()> {
        self.act(Method::DELETE, version_path(team, pipeline, version, ""))
    }
    /// `GET /api/v1/teams/{team}/pipelines/{pipeline}/versions/{version}/spec`
    pub fn pipeline_spec(&self, team: &str, pipeline: &str, version: &str) -> Reply<PipelineSpec> {
        self.get(version_path(team, pipeline, version, "/spec"))
    }
    /// `GET /api/v1/teams/{team}/pipelines/{pipeline}/versions/{version}/outline`
    pub fn pipeline_outline(&self, team: &str, pipeline: &str, version: &str) -> Reply<PipelineOutline> {
        self.get(version_path(team, pipeline, version, "/outline"))
    }
}

fn path(team: &str, pipeline: &str, rest: &str) -> String {
    team_path(team, &format!("/pipelines/{}{rest}", segment(pipeline)))
}

fn version_path(team: &str, pipeline: &str, version: &str, rest: &str) -> String {
    path(team, pipeline, &format!("/versions/{}{rest}", segment(version)))
}
