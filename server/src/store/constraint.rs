//! Names of constraints become sentences.

use crate::error::{Error, Kind};

/// Constraint, field, sentence. SQLite names columns (`users.name`), PostgreSQL the constraint; both are listed.
const SENTENCES: &[(&str, &str, &str, &str)] = &[
    ("users_name_unique", "users.name", "name", "There is a user of this name already."),
    ("teams_name_unique", "teams.name", "name", "There is a team of this name already."),
    ("members_user_fk", "-", "user", "There is no such user."),
    ("environments_name_unique", "environments.team_id, environments.name", "name", "There is an environment of this name already."),
    ("notebooks_name_unique", "notebooks.team_id, notebooks.name", "name", "There is a notebook of this name already."),
    ("deployments_name_unique", "deployments.team_id, deployments.name", "name", "There is a deployment of this name already."),
    ("experiments_name_unique", "experiments.team_id, experiments.name", "name", "There is an experiment of this name already."),
    ("promotions_open_unique", "promotions.open_key", "", "A promotion of this model to this stage is open already."),
    ("stage_policies_alias_unique", "stage_policies.team_id, stage_policies.alias", "alias", "Another stage of the team has this alias."),
    ("pipelines_name_unique", "pipelines.team_id, pipelines.name", "name", "There is a pipeline of this name already."),
    (
        "pipeline_versions_name_unique",
        "pipeline_versions.pipeline_id, pipeline_versions.name",
        "name",
        "The pipeline has a version of this name already.",
    ),
    (
        "pipeline_runs_scheduled_unique",
        "pipeline_runs.recurring_run_id, pipeline_runs.scheduled_at",
        "",
        "The recurring run made a run for this time already.",
    ),
    ("webhooks_name_unique", "webhooks.team_id, webhooks.name", "name", "There is a webhook of this name already."),
    ("models_name_unique", "models.team_id, models.name", "name", "There is a registered model of this name already."),
];

/// The error of a broken constraint as a sentence; any other as it is.
pub fn explain(error: sqlx::Error) -> Error {
    if let sqlx::Error::Database(database) = &error {
        let (name, message) = (database.constraint().unwrap_or_default(), database.message());
        let hit =
            SENTENCES.iter().find(|(constraint, columns, ..)| name == *constraint || message.ends_with(&format!("failed: {columns}")));
        if let Some((constraint, _, field, sentence)) = hit {
            let mut out = Error::invalid(field, *sentence);
            out.kind = if constraint.ends_with("_unique") { Kind::Taken } else { Kind::Conflict };
            return out;
        }
    }
    error.into()
}
