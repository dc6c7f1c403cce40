//! Who is to know of an event, as things are when it is looked at.

use super::plan::{Told, Whom};
use crate::{
    error::Result,
    pipelines::engine::Node,
    promotions::view,
    store::{Tx, notices::ToldRow},
};
use app::api::promotions::PromotionState;
use serde_json::Value;

/// Ids of those who are to know, in the portal or elsewhere; nothing where it is not worth telling any more.
///
/// # Errors
/// The database does not answer.
pub async fn whom(tx: &mut Tx, event: &ToldRow, told: &Told) -> Result<Option<Vec<String>>> {
    let (team, id) = (&event.team_id, &event.object_id);
    Ok(match told.whom {
        Whom::Approvers => {
            let row = tx.promotion(id).await?.filter(|p| p.team_id == *team && p.state() == PromotionState::WaitingForApproval);
            let Some(row) = row else { return Ok(None) };
            let (maintainers, votes) = (tx.maintainers_of(team).await?, tx.promotion_votes(team, id).await?);
            let able = view::approvers(&row, &maintainers, &votes);
            Some(maintainers.into_iter().filter(|(_, name)| able.contains(name)).map(|(id, _)| id).collect())
        }
        Whom::Deciders => {
            let after: Value = event.after_json.as_deref().and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default();
            let row = tx.task(team, id, after["task"].as_str().unwrap_or_default()).await?;
            let node = row.map(|r| serde_json::from_str::<Node>(&r.node)).transpose()?;
            match node.as_ref().and_then(|n| n.asks(tx.now())) {
                Some(asked) => Some(tx.members_at_least(team, asked.role).await?),
                None => return Ok(None),
            }
        }
        Whom::Requester => {
            let row = tx.promotion(id).await?.filter(|p| p.team_id == *team);
            Some(row.map(|p| p.requested_by_id).into_iter().collect())
        }
        Whom::Submitter => {
            let row = tx.submission(team, id).await?;
            Some(row.map(|s| s.user_id).into_iter().collect())
        }
        Whom::Runner => {
            let row = tx.pipeline_run(team, id).await?;
            Some(row.map(|r| r.user_id).into_iter().collect())
        }
        Whom::Scheduler => {
            let row = tx.recurring_run(team, id).await?;
            Some(row.map(|r| r.user_id).into_iter().collect())
        }
        Whom::Keepers(number) => Some(tx.deployment_keepers(team, id, number).await?),
        Whom::Owner => match tx.notebook_owner(team, id).await? {
            Some((_, owner)) if owner == event.actor => None,
            owner => Some(owner.map(|(id, _)| id).into_iter().collect()),
        },
    })
}
