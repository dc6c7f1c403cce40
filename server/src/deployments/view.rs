//! Deployments and revisions as the REST API tells them.

use super::{program, replica::Manner, smoke};
use crate::{
    clock::rfc3339,
    error::Result,
    store::{Store, deployments::DeploymentRow, revisions::RevisionRow},
};
use app::api::{
    canary::CanaryNow,
    deployments::{Deployment, Follows, Revision},
    runtimes::{Program, Protocol},
};

/// A revision.
pub fn revision(row: &RevisionRow) -> Revision {
    // What a newer Slipway wrote is not told.
    let program = row.program().ok().flatten();
    Revision {
        number: row.number,
        model: row.model.clone(),
        version: row.version,
        runtime: row.runtime.clone(),
        environment: place(row, program.as_ref()),
        runtime_digest: program.as_ref().and_then(|p| program::digest(p).ok()),
        program,
        resources: row.resources(),
        env: row.env(),
        secrets: row.secrets(),
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

/// The environment of a revision and its version, or its image.
pub(super) fn place(row: &RevisionRow, program: Option<&Program>) -> String {
    match program.and_then(|p| p.image.clone()) {
        Some(image) => image,
        None => format!("{} v{}", row.environment, row.environment_version),
    }
}

/// Where it is asked for a prediction; where it has paths of its own, where they begin.
fn asked_at(path: &str, name: &str, speaks: &[Protocol]) -> String {
    let protocol = [Protocol::V1, Protocol::V2].into_iter().find(|p| speaks.contains(p)).unwrap_or(Protocol::Http);
    format!("{path}{}", smoke::path_of(protocol, name))
}

/// A deployment with its revisions at work.
pub fn deployment(team: &str, row: &DeploymentRow, revisions: &[RevisionRow]) -> Deployment {
    let of = |number: Option<i64>| revisions.iter().find(|r| r.deployment_id == row.id && Some(r.number) == number).map(revision);
    let path = format!("/serve/{team}/{}", row.name);
    let mut at_work = [row.serving, row.next, Some(row.latest)].into_iter().flatten();
    let found = at_work.find_map(|n| revisions.iter().find(|r| r.deployment_id == row.id && r.number == n));
    let speaks = Manner::of(found.and_then(|r| r.program().ok().flatten()).as_ref()).protocols;
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
        predict_path: asked_at(&path, &row.name, &speaks),
        protocols: speaks,
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
