//! The other doors to a protected alias or stage: shut, MLflow's included.

use super::policy::{self, Policy};
use crate::{
    error::{Error, Result},
    store::{Tx, models::ModelRow},
};
use app::api::members::Role;

/// Whether an alias may be set to a version, or removed, directly.
///
/// # Errors
/// It is protected, or looks like one that is: forbidden, with what to do instead.
pub async fn alias(tx: &mut Tx, team_id: &str, model: &str, alias: &str, version: Option<i64>) -> Result<()> {
    // `@Production` beside a protected `@production` would be taken for it.
    let shuts = |p: &&Policy| p.alias == alias || (version.is_some() && p.alias.eq_ignore_ascii_case(alias));
    match protected(tx, team_id).await?.iter().find(shuts) {
        Some(policy) => Err(shut(policy, model, version)),
        None => Ok(()),
    }
}

/// Whether a version may be moved from one stage to another directly.
///
/// # Errors
/// One of them is protected: forbidden, with what to do instead.
pub async fn stage(tx: &mut Tx, team_id: &str, model: &str, version: i64, stages: [&str; 2]) -> Result<()> {
    if stages[0] == stages[1] {
        return Ok(());
    }
    match protected(tx, team_id).await?.iter().find(|p| stages.contains(&p.stage)) {
        Some(policy) => Err(shut(policy, model, (stages[1] == policy.stage).then_some(version))),
        None => Ok(()),
    }
}

/// Whether a version, or a whole model, may be deleted: not while a protected alias points at it.
///
/// # Errors
/// It is what a protected stage has now.
pub async fn delete(tx: &mut Tx, team_id: &str, model: &ModelRow, version: Option<i64>) -> Result<()> {
    for policy in protected(tx, team_id).await? {
        let there = tx.alias(&model.id, &policy.alias).await?;
        if there.is_some_and(|v| version.is_none_or(|asked| asked == v)) {
            let v = there.unwrap_or_default();
            return Err(Error::conflict(format!("{} v{v} is @{}: what {} has is not deleted.", model.name, policy.alias, policy.stage))
                .hint("Promote another version first, or have a maintainer lift the protection of the stage."));
        }
    }
    Ok(())
}

/// Whether a model may get another name: by that a protected alias is found. Who may lift the protection may.
///
/// # Errors
/// A protected stage has a version of it, and it is not a maintainer who asks.
pub async fn rename(tx: &mut Tx, team_id: &str, role: Role, model: &ModelRow) -> Result<()> {
    if role >= Role::Maintainer {
        return Ok(());
    }
    for policy in protected(tx, team_id).await? {
        if tx.alias(&model.id, &policy.alias).await?.is_some() {
            let said = format!(
                "{} has a version in {}, which is protected: programs find it as {}@{}.",
                model.name, policy.stage, model.name, policy.alias
            );
            return Err(Error::forbidden(said).hint("A maintainer of the team can give it another name."));
        }
    }
    Ok(())
}

async fn protected(tx: &mut Tx, team_id: &str) -> Result<Vec<Policy>> {
    let mut all = policy::all_in(tx, team_id).await?;
    all.retain(|p| p.protect);
    Ok(all)
}

fn shut(policy: &Policy, model: &str, version: Option<i64>) -> Error {
    let stage = policy.stage;
    let hint = match version {
        Some(v) => {
            format!("Ask for a promotion of version {v} of {model} to {stage}, on its page or with `slipway promotion request MODEL`.")
        }
        None => "Promote another version instead, or have a maintainer lift the protection of the stage.".to_owned(),
    };
    Error::forbidden(format!("{stage} and its alias @{} are protected in this team: promotions set them.", policy.alias)).hint(hint)
}
