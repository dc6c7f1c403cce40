//! What one may ask of quotas.

use crate::{
    access::{PlatformAdmin, TeamMember},
    error::{Error, Result},
    pipelines::caps,
    store::{Store, events::NewEvent, quotas::QuotaRow},
};
use app::api::{
    quotas::{Quota, SetQuota},
    resources::{parse_bytes, parse_cpu},
};

fn quota(row: QuotaRow) -> Quota {
    Quota {
        cpu_millis: row.cpu_millis,
        memory_bytes: row.memory_bytes,
        gpus: row.gpus,
        pipeline_tasks: row.pipeline_tasks,
        revision: row.revision,
    }
}

/// A team's quota.
///
/// # Errors
/// The database does not answer.
pub async fn get(store: &Store, by: &TeamMember) -> Result<Quota> {
    store.quota(&by.team.id).await?.map(quota).ok_or_else(|| Error::not_found("quota"))
}

/// Sets a team's quota. Only the platform admin does: what one team gets, others lack.
///
/// # Errors
/// An amount that is none, a stale revision.
pub async fn set(store: &Store, admin: &PlatformAdmin, team: &TeamMember, new: &SetQuota) -> Result<Quota> {
    let text = |q: &Option<String>| q.as_deref().map(str::trim).filter(|s| !s.is_empty()).map(str::to_owned);
    caps::check("pipeline_tasks", new.pipeline_tasks)?;
    let before = get(store, team).await?;
    let row = QuotaRow {
        team_id: team.team.id.clone(),
        cpu_millis: text(&new.amount.cpu).map(|q| parse_cpu(&q)).transpose().map_err(|e| Error::invalid("cpu", e))?,
        memory_bytes: text(&new.amount.memory).map(|q| parse_bytes(&q)).transpose().map_err(|e| Error::invalid("memory", e))?,
        gpus: text(&new.amount.gpu)
            .map(|q| q.parse().ok().filter(|n: &i64| *n >= 0).ok_or_else(|| Error::invalid("gpu", "Write a whole number of GPUs.")))
            .transpose()?,
        pipeline_tasks: new.pipeline_tasks,
        revision: new.revision,
    };
    let mut tx = store.begin().await?;
    if !tx.quota_set(&row).await? {
        return Err(Error::stale("The quota"));
    }
    let after = Quota { revision: row.revision + 1, ..quota(row) };
    tx.event(NewEvent {
        team_id: Some(&team.team.id),
        actor: &admin.actor(),
        action: "update",
        kind: "quota",
        object_id: &team.team.id,
        object_name: &team.team.name,
        revision: after.revision,
        before: serde_json::to_value(&before).ok(),
        after: serde_json::to_value(&after).ok(),
    })
    .await?;
    tx.commit().await?;
    Ok(after)
}
