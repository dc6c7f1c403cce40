//! Experiments, which are MLflow's. Put away is what MLflow calls deleted; the description is MLflow's note.

use super::{
    asker::{Asker, At, verb},
    error::Reply,
    known::{Fields, Message},
    list::{Listing, Noun},
    wire::{Body, Empty, time},
};
use crate::{
    access::{TeamEditor, TeamMember, TeamViewer},
    error::{Error, Kind, Result},
    http::state::Web,
    pipelines::{search::COUNTED, upload::text},
    records::{
        run::Lifecycle,
        search::{Condition, ExperimentField, Order, PipelineField, View},
    },
    runs::experiments::{self as room, Tagged},
    store::experiment_search::ExperimentSearch,
};
use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};

/// The tag that MLflow's pages show as the description.
const NOTE: &str = "mlflow.note.content";
/// Longest name and description, in characters.
const MAX_NAME: usize = 500;
const MAX_DESCRIPTION: usize = 5000;

/// An experiment as Kubeflow Pipelines tells it.
#[derive(Debug, Serialize)]
pub struct Experiment {
    experiment_id: String,
    display_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    created_at: String,
    namespace: String,
    storage_state: &'static str,
}

impl Experiment {
    fn of(Tagged { row, tags }: Tagged, team: &str) -> Self {
        Self {
            storage_state: if row.is_active() { "AVAILABLE" } else { "ARCHIVED" },
            experiment_id: row.id,
            display_name: row.name,
            description: tags.into_iter().find(|t| t.key == NOTE).map(|t| t.value).unwrap_or_default(),
            created_at: time(row.created_at),
            namespace: team.to_owned(),
        }
    }
}

/// An experiment to make. What only answers say is passed over.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    #[serde(alias = "displayName")]
    display_name: Option<String>,
    description: Option<String>,
    namespace: Option<String>,
}

impl Message for Asked {
    const FIELDS: Fields =
        &["experiment_id", "display_name", "description", "created_at", "namespace", "storage_state", "last_run_created_at"];
}

pub async fn create(State(web): State<Web>, asker: Asker, Body(asked): Body<Asked>) -> Reply<Experiment> {
    let by = asker.editor(&web, asked.namespace.as_deref()).await?;
    let name = text("display_name", &asked.display_name.unwrap_or_default(), MAX_NAME)?;
    if name.is_empty() {
        return Err(Error::invalid("display_name", "An experiment has a name.").into());
    }
    let description = text("description", &asked.description.unwrap_or_default(), MAX_DESCRIPTION)?;
    let tags: Vec<(String, String)> = (!description.is_empty()).then(|| (NOTE.to_owned(), description)).into_iter().collect();
    let made = room::create(&web.store, &by, &name, None, &tags).await?;
    Ok(Json(one(&web, &by, &made.id).await?))
}

async fn one(web: &Web, by: &TeamMember, id: &str) -> Result<Experiment> {
    let by = TeamViewer::from_member(by.clone())?;
    Ok(Experiment::of(room::get(&web.store, &by, id).await?, &by.team.name))
}

pub async fn get(State(web): State<Web>, asker: Asker, At([id]): At<1>) -> Reply<Experiment> {
    let by = asker.viewer(&web, None).await?;
    Ok(Json(one(&web, &by, &id).await?))
}

/// A page of experiments.
#[derive(Debug, Serialize)]
pub struct Found {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    experiments: Vec<Experiment>,
    total_size: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_page_token: Option<String>,
}

const fn field(field: PipelineField) -> ExperimentField {
    match field {
        PipelineField::Id => ExperimentField::Id,
        PipelineField::CreatedAt => ExperimentField::CreationTime,
        _ => ExperimentField::Name,
    }
}

pub async fn list(State(web): State<Web>, asker: Asker) -> Reply<Found> {
    let by = asker.viewer(&web, None).await?;
    let Listing { asked, available, archived } = Listing::of(&asker.query, Noun::Experiment)?;
    let view = match (available, archived) {
        (true, true) => View::All,
        (true, false) => View::Active,
        (false, true) => View::Deleted,
        (false, false) => return Ok(Json(Found { experiments: vec![], total_size: 0, next_page_token: None })),
    };
    let list = format!("experiments {available} {archived}");
    let after = asked.after(&by, &list)?;
    let of = |c: Condition<PipelineField>| Condition { field: field(c.field), op: c.op, operand: c.operand };
    let conditions: Vec<_> = asked.conditions.iter().cloned().map(of).collect();
    let order = [Order { field: field(asked.order.field), ascending: asked.order.ascending }];
    let query = ExperimentSearch { team_id: &by.team.id, conditions: &conditions, order: &order, view };
    let size = i64::try_from(asked.size).unwrap_or(1);
    let (found, next) = room::found(&web.store, &query, after, size).await?;
    let next_page_token = next.and(found.last()).map(|last| asked.token(&by, &list, &last.row.id));
    let total_size = web.store.experiment_count(&query, COUNTED).await?;
    let experiments = found.into_iter().map(|e| Experiment::of(e, &by.team.name)).collect();
    Ok(Json(Found { experiments, total_size, next_page_token }))
}

/// MLflow deletes no experiment for good, so this is the same as putting it away.
pub async fn delete(State(web): State<Web>, asker: Asker, At([id]): At<1>) -> Reply<Empty> {
    let by = asker.editor(&web, None).await?;
    put(&web, &by, &id, Lifecycle::Deleted).await?;
    Ok(Json(Empty {}))
}

async fn put(web: &Web, by: &TeamEditor, id: &str, to: Lifecycle) -> Result<()> {
    let viewer = TeamViewer::from_member(TeamMember::clone(by))?;
    if room::get(&web.store, &viewer, id).await?.row.is_active() == (to == Lifecycle::Active) {
        return Ok(());
    }
    room::set_lifecycle(&web.store, by, id, to).await
}

/// `{id}:archive` and `{id}:unarchive`.
pub async fn act(State(web): State<Web>, asker: Asker, At([last]): At<1>) -> Reply<Empty> {
    let (id, verb) = verb(&last)?;
    let by = asker.editor(&web, None).await?;
    match verb {
        "archive" => put(&web, &by, id, Lifecycle::Deleted).await?,
        "unarchive" => put(&web, &by, id, Lifecycle::Active).await?,
        _ => return Err(Error::new(Kind::NotFound, "Experiments know :archive and :unarchive.").into()),
    }
    Ok(Json(Empty {}))
}
