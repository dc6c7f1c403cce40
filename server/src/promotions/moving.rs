//! From one state to the next.

use super::policy;
use crate::{
    error::Result,
    store::{Tx, promotions::PromotionRow},
};
use app::api::promotions::PromotionState;

/// Moves a promotion that is at `row.revision`; whether it still was. One that is over keeps what it needed and who counted.
///
/// # Errors
/// Another one is open for the model and stage; the database does not answer.
pub async fn to(tx: &mut Tx, row: &PromotionRow, state: PromotionState, reason: Option<&str>) -> Result<bool> {
    if !tx.promotion_move(row, state, reason).await? {
        return Ok(false);
    }
    if !state.is_open() {
        let maintainers = tx.maintainers_of(&row.team_id).await?.len();
        let needed = policy::one_in(tx, &row.team_id, &row.stage).await?.needed(maintainers);
        tx.promotion_over(row, needed).await?;
    }
    Ok(true)
}
