//! The last step of a promotion: alias and stage, in a transaction in which everything that it rests on is read once more.

use super::{
    evaluate::{self, Verdict},
    moving,
    policy::{self, Policy},
    service, view,
};
use crate::{
    artifacts::ArtifactStore,
    error::Result,
    models::view as models,
    store::{
        Store, Tx,
        events::NewEvent,
        models::ModelRow,
        promotion_gates::GateRow,
        promotions::{PromotionRow, VoteRow},
    },
};
use app::api::{
    changes::kinds,
    models::ModelVersion,
    promotions::{GateState, PromotionState},
};
use serde_json::{Value, json};

/// The version and the one that has the alias, as they are now; nothing where the version is gone.
///
/// # Errors
/// The database or the files of models cannot be read.
pub async fn facts(store: &Store, artifacts: &ArtifactStore, row: &PromotionRow) -> Result<Option<(ModelVersion, Option<ModelVersion>)>> {
    let mut rows = Vec::new();
    for number in std::iter::once(row.version).chain(row.current_version) {
        rows.extend(store.version(&row.team_id, &row.model, number).await?);
    }
    let mut all = models::exactly(store, artifacts, &row.team_id, rows).await?.into_iter();
    let version = all.next().filter(|v| v.version == row.version);
    Ok(version.map(|v| (v, all.next())))
}

/// Gates that were green and are red by what is known now: what a run measured may be corrected while approvals are awaited.
///
/// # Errors
/// As [`facts`].
pub async fn turned_red<'a>(
    store: &Store,
    artifacts: &ArtifactStore,
    row: &PromotionRow,
    gates: &'a [GateRow],
) -> Result<Vec<(&'a GateRow, Verdict)>> {
    let asked: Vec<_> = gates.iter().filter_map(|g| Some((g, g.gate().filter(|what| !what.by_workload())?))).collect();
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let Some((version, current)) = facts(store, artifacts, row).await? else { return Ok(Vec::new()) };
    let looked = asked.into_iter().filter_map(|(gate, what)| Some((gate, evaluate::evaluate(&what, &version, current.as_ref())?)));
    Ok(looked.filter(|(_, verdict)| !verdict.passed).collect())
}

/// Points alias and stage at the version, if nothing changed since its gates were looked at; whether it did. `row` is as this transaction sees it,
/// and its gates were looked at a last time by [`turned_red`].
///
/// # Errors
/// The database does not answer.
pub async fn promote(tx: &mut Tx, row: &PromotionRow) -> Result<bool> {
    let Some(model) = tx.model_lock(&row.team_id, &row.model, false).await? else { return Ok(false) };
    let version = tx.version(&row.team_id, &row.model, row.version).await?.filter(|v| v.id == row.version_id);
    let policies = policy::all_in(tx, &row.team_id).await?;
    let (Some(version), Some(policy)) = (version, policies.iter().find(|p| p.stage == row.stage)) else { return Ok(false) };
    let current = tx.alias(&model.id, &policy.alias).await?;
    let needed = policy.needed(tx.maintainers_of(&row.team_id).await?.len());
    let votes = tx.promotion_votes(&row.team_id, &row.id).await?;
    let approved: Vec<&VoteRow> = view::approvals(row, &votes).collect();
    let green = tx.promotion_gates(&row.id).await?.iter().all(|g| g.state() == GateState::Passed);
    let same = policy.revision == row.policy_revision && current == row.current_version;
    // Somebody was faster: the next look sees what they did.
    if !(green && same && approved.len() as i64 >= needed && moving::to(tx, row, PromotionState::Promoted, None).await?) {
        return Ok(false);
    }
    tx.model_lock(&row.team_id, &row.model, true).await?;
    tx.alias_set(&model.id, &policy.alias, version.version).await?;
    let mut places = vec![(version.id, version.version, version.stage)];
    places.extend(tx.versions_in_stage(&model.id, policy.stage, version.version).await?.into_iter().map(|v| (v.id, v.version, v.stage)));
    for (id, number, before) in &places {
        let stage = stage_of(tx, &model, &policies, (*number, before), (*number == row.version).then_some(policy.stage)).await?;
        if stage != before {
            tx.version_stage(id, stage).await?;
            staged(tx, row, (id, *number), (before, stage)).await?;
        }
    }
    tx.event(NewEvent {
        team_id: Some(&row.team_id),
        actor: "slipway",
        action: "set_alias",
        kind: "model",
        object_id: &model.id,
        object_name: &model.name,
        revision: model.revision,
        before: Some(json!({ "aliases": { &policy.alias: current } })),
        after: Some(json!({ "aliases": { &policy.alias: version.version }, "promotion": row.id })),
    })
    .await?;
    let after = json!({
        "model": row.model, "version": row.version, "stage": row.stage, "alias": policy.alias, "before": current,
        "requested_by": row.requested_by, "approved_by": approved.iter().map(|v| &v.user_name).collect::<Vec<_>>(),
    });
    event(tx, row, "promote", after).await?;
    Ok(true)
}

/// The stage of a version by the aliases that it has: what is promoted (`to`) gets that stage, and keeps a later one whose alias it has; what loses
/// its stage goes back to an earlier one whose alias it has, or is archived. An alias that was once set by hand lifts nothing to a later stage.
async fn stage_of(
    tx: &mut Tx,
    model: &ModelRow,
    policies: &[Policy],
    (version, before): (i64, &str),
    to: Option<&'static str>,
) -> Result<&'static str> {
    let mut stage = to.unwrap_or("Archived");
    for policy in policies {
        let may = match to {
            Some(_) => policy.stage == before && policy::rank(before) > policy::rank(stage),
            None => policy::rank(policy.stage) < policy::rank(before),
        };
        if may && tx.alias(&model.id, &policy.alias).await? == Some(version) {
            stage = policy.stage;
        }
    }
    Ok(stage)
}

/// Records what became of a promotion by itself.
///
/// # Errors
/// The database does not answer.
pub async fn event(tx: &mut Tx, row: &PromotionRow, action: &str, after: Value) -> Result<()> {
    tx.event(NewEvent {
        team_id: Some(&row.team_id),
        actor: "slipway",
        action,
        kind: kinds::PROMOTION,
        object_id: &row.id,
        object_name: &service::name(row),
        revision: row.revision + 1,
        before: None,
        after: Some(after),
    })
    .await
    .map(drop)
}

async fn staged(tx: &mut Tx, row: &PromotionRow, (id, version): (&str, i64), (from, to): (&str, &str)) -> Result<()> {
    tx.event(NewEvent {
        team_id: Some(&row.team_id),
        actor: "slipway",
        action: "stage",
        kind: "model_version",
        object_id: id,
        object_name: &format!("{} v{version}", row.model),
        revision: 0,
        before: Some(json!({ "stage": from })),
        after: Some(json!({ "stage": to, "promotion": row.id })),
    })
    .await
    .map(drop)
}
