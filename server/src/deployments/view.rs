//! Deployments and revisions as the REST API tells them.

use crate::{
    clock::rfc3339,
    error::Result,
    store::{Store, deployments::DeploymentRow, revisions::RevisionRow},
};
use app::api::{
    canary::CanaryNow,
    deployments::{Deployment, Follows, Revision},
};

/// A revision.
pub fn revision(row: &RevisionRow) -> Revision {
    Revision {
        number: row.number,
        model: row.model.clone(),
        version: row.version,
        runtime: row.runtime.clone(),
        environment: format!("{} v{}", row.environment, row.environment_version),
        resources: row.resources(),
        state: row.state(),
        reason: row.reason.clone(),
        smoke: row.smoke(),
        by: row.created_by.clone(),
        rolled_back_to: row.rolled_back_to,
        alias: row.alias.clone(),
        created_at: rfc3339(row.created_at),
        serving_at: row.serving_at.map(rfc3339),
        retired_at: row.retired_at.map(rfc3339),
    }
}

/// A deployment with its revisions at work.
pub fn deployment(team: &str, row: &DeploymentRow, revisions: &[RevisionRow]) -> Deployment {
    let of = |number: Option<i64>| revisions.iter().find(|r| r.deployment_id == row.id && Some(r.number) == number).map(revision);
    let path = format!("/serve/{team}/{}", row.name);
    Deployment {
        id: row.id.clone(),
        name: row.name.clone(),
        state: row.state(),
        reason: row.reason.clone(),
        serving: of(row.serving),
        canary: row.canary().and_then(|c| Some(CanaryNow { revision: of(Some(c.number))?, percent: c.percent })),
        next: of(row.next),
        next_percent: row.next_share,
        latest: of(Some(row.latest)),
        follows: row.follow_model.clone().zip(row.follow_alias.clone()).map(|(model, alias)| Follows {
            model,
            alias,
            version: row.follow_version,
        }),
        limits: row.limits(),
        sticky_header: row.sticky_header.clone(),
        replicas: row.replicas,
        ready: row.ready,
        callers: row.callers(),
        predict_path: format!("{path}/v1/models/{}:predict", row.name),
        path,
        state_since: rfc3339(row.state_since),
        revision: row.revision,
        created_at: rfc3339(row.created_at),
    }
}

/// A deployment with its revisions, read now.
///
/// # Errors
/// The database does not answer.
pub async fn one(store: &Store, team: &str, row: &DeploymentRow) -> Result<Deployment> {
    let mut revisions = Vec::new();
    for number in [row.serving, row.canary_number, row.next, Some(row.latest)].into_iter().flatten() {
        revisions.extend(store.revision_numbered(&row.id, number).await?);
    }
    Ok(deployment(team, row, &revisions))
}
