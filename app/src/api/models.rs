//! Registered models and their versions, as in MLflow.

use super::{
    Client, ListQuery, Page,
    client::{Reply, segment, team_path, with_query},
};
use http::Method;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A registered model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Model {
    /// Name in the team.
    pub name: String,
    /// Free text.
    pub description: String,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Alias to version.
    pub aliases: BTreeMap<String, i64>,
    /// The newest version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_version: Option<i64>,
    /// Counts up with each change, of its versions and aliases too.
    pub revision: i64,
    /// RFC 3339.
    pub created_at: String,
    /// RFC 3339.
    pub updated_at: String,
}

/// A version of a registered model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ModelVersion {
    /// Name of the registered model.
    pub model: String,
    /// From 1.
    pub version: i64,
    /// Free text.
    pub description: String,
    /// Who registered it.
    pub user: String,
    /// `READY`, `PENDING_REGISTRATION`, `FAILED_REGISTRATION`.
    pub status: String,
    /// Aliases that point at it.
    pub aliases: Vec<String>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
    /// Where it was registered from.
    pub source: String,
    /// The run that made it, with its data, code and environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lineage: Option<Lineage>,
    /// Latest metrics of the run.
    pub metrics: BTreeMap<String, serde_json::Value>,
    /// Flavors of the stored model: `python_function`, `sklearn`, ...
    pub flavors: Vec<String>,
    /// MLflow's model signature (`inputs`, `outputs`), where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<serde_json::Value>,
    /// Whether the model brings an input example.
    pub input_example: bool,
    /// Deployments that serve it.
    pub deployments: Vec<String>,
    /// Counts up with each change.
    pub revision: i64,
    /// RFC 3339.
    pub created_at: String,
}

/// Where a version came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct Lineage {
    /// Id of the run.
    pub run_id: String,
    /// Name of the run.
    pub run_name: String,
    /// Git commit of its code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// SHA-256 of its uploaded code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_digest: Option<String>,
    /// Environment and version it ran in: `train v1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// Datasets it read.
    pub datasets: Vec<super::runs::Dataset>,
    /// The task whose run it is; absent where no pipeline began it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<LineageTask>,
}

/// A task of a pipeline run that a version came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct LineageTask {
    /// Id of the task.
    pub id: String,
    /// Name of the task, for people.
    pub name: String,
    /// Id of the pipeline run.
    pub pipeline_run_id: String,
    /// Name of the pipeline run.
    pub pipeline_run: String,
}

/// A version to register; the model is made where it does not exist.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct NewModelVersion {
    /// Name of the registered model.
    pub model: String,
    /// Id of the run it comes from.
    pub run_id: String,
    /// URI of the logged model, or path in the run's artifacts; the run's only model when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Free text.
    #[serde(default)]
    pub description: String,
}

/// Where an alias points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct SetAlias {
    /// The version.
    pub version: i64,
}

/// A change of free text and tags; what is left out stays, unless it is to replace all.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(utoipa::ToSchema))]
pub struct ModelChange {
    /// Free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Tags to set; an empty value removes one, unless what one has seen is replaced.
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    /// Whether what one has seen is replaced: a description that is left out is emptied, tags of `seen` that are not named are removed,
    /// and an empty value is a value.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub replace: bool,
    /// Whether a description that is left out stays all the same.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keep_description: bool,
    /// Names of the tags that one has seen. What somebody else has added since stays.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<String>,
    /// The revision that was seen; where it is no longer the one in force, nothing is changed (409).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<i64>,
}

impl Client {
    /// `GET /api/v1/teams/{team}/models`
    pub fn model_list(&self, team: &str, query: &ListQuery) -> Reply<Page<Model>> {
        self.get(with_query(team_path(team, "/models"), query))
    }
    /// `GET /api/v1/teams/{team}/models/{model}`
    pub fn model(&self, team: &str, model: &str) -> Reply<Model> {
        self.get(path(team, model, ""))
    }
    /// `PATCH /api/v1/teams/{team}/models/{model}`
    pub fn model_update(&self, team: &str, model: &str, body: &ModelChange) -> Reply<Model> {
        self.call(Method::PATCH, path(team, model, ""), body)
    }
    /// `GET /api/v1/teams/{team}/models/{model}/versions`: newest first.
    pub fn version_list(&self, team: &str, model: &str, query: &ListQuery) -> Reply<Page<ModelVersion>> {
        self.get(with_query(path(team, model, "/versions"), query))
    }
    /// `GET /api/v1/teams/{team}/models/{model}/versions/{version}`
    pub fn version(&self, team: &str, model: &str, version: i64) -> Reply<ModelVersion> {
        self.get(path(team, model, &format!("/versions/{version}")))
    }
    /// `PATCH /api/v1/teams/{team}/models/{model}/versions/{version}`
    pub fn version_update(&self, team: &str, model: &str, version: i64, body: &ModelChange) -> Reply<ModelVersion> {
        self.call(Method::PATCH, path(team, model, &format!("/versions/{version}")), body)
    }
    /// `POST /api/v1/teams/{team}/model-versions`
    pub fn version_register(&self, team: &str, body: &NewModelVersion) -> Reply<ModelVersion> {
        self.call(Method::POST, team_path(team, "/model-versions"), body)
    }
    /// `PUT /api/v1/teams/{team}/models/{model}/aliases/{alias}`
    pub fn alias_set(&self, team: &str, model: &str, alias: &str, version: i64) -> Reply<Model> {
        self.call(Method::PUT, path(team, model, &format!("/aliases/{}", segment(alias))), &SetAlias { version })
    }
    /// `DELETE /api/v1/teams/{team}/models/{model}/aliases/{alias}`
    pub fn alias_remove(&self, team: &str, model: &str, alias: &str) -> Reply<()> {
        self.act(Method::DELETE, path(team, model, &format!("/aliases/{}", segment(alias))))
    }
}

fn path(team: &str, model: &str, rest: &str) -> String {
    team_path(team, &format!("/models/{}{rest}", segment(model)))
}
