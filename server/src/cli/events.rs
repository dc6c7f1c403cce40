//! `slipway events`.

use super::{
    Failure,
    here::{Here, Reach},
    output,
    pages::{self, Limit},
};
use app::api::events::{Event, EventQuery};
use clap::Args;

/// Which events.
#[derive(Debug, Args)]
pub struct Events {
    #[command(flatten)]
    reach: Reach,
    #[command(flatten)]
    limit: Limit,
    /// Only by this user, run or notebook
    #[arg(long)]
    actor: Option<String>,
    /// Only this: create, stop, ...
    #[arg(long)]
    action: Option<String>,
    /// Only about this kind: notebook, run, ...
    #[arg(long)]
    kind: Option<String>,
    /// Only about the object of this id
    #[arg(long)]
    object_id: Option<String>,
}

/// Runs `slipway events`.
///
/// # Errors
/// What the API answers.
pub async fn run(events: &Events) -> Result<(), Failure> {
    let here = Here::open(&events.reach).await?;
    let page = pages::collect(&events.limit, async |q| {
        let query = EventQuery {
            page_size: q.page_size,
            page_token: q.page_token,
            actor: events.actor.clone(),
            action: events.action.clone(),
            kind: events.kind.clone(),
            object_id: events.object_id.clone(),
        };
        here.client.event_list(&here.team, &query).await
    })
    .await?;
    let row = |e: &Event| vec![e.time.clone(), e.actor.clone(), e.action.clone(), e.kind.clone(), e.object_name.clone()];
    here.show(&page, |p| output::rows(&["time", "actor", "action", "kind", "object"], p.items.iter().map(row).collect(), "No events."));
    Ok(())
}
