//! `slipway events`.

use super::{
    Failure,
    here::{Here, Reach},
    output::{self, Output},
    pages::{self, Limit},
    watch,
};
use app::api::{
    ListQuery,
    events::{Event, EventQuery},
};
use clap::Args;
use std::time::Duration;

const PAUSE: Duration = Duration::from_secs(1);

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
    /// Go on with what happens from now on, until Ctrl-C
    #[arg(long, short)]
    watch: bool,
}

/// Runs `slipway events`.
///
/// # Errors
/// What the API answers.
pub async fn run(events: &Events) -> Result<(), Failure> {
    let here = Here::open(&events.reach).await?;
    let ask = async |q: ListQuery| {
        let query = EventQuery {
            page_size: q.page_size,
            page_token: q.page_token,
            actor: events.actor.clone(),
            action: events.action.clone(),
            kind: events.kind.clone(),
            object_id: events.object_id.clone(),
        };
        here.client.event_list(&here.team, &query).await
    };
    let page = pages::collect(&events.limit, &ask).await?;
    let row = |e: &Event| vec![e.time.clone(), e.actor.clone(), e.action.clone(), e.kind.clone(), e.object_name.clone()];
    if !events.watch {
        here.show(&page, |p| output::rows(&["time", "actor", "action", "kind", "object"], p.items.iter().map(row).collect(), "No events."));
        return Ok(());
    }
    // As a log: oldest first, a line each.
    let line = |e: &Event| match here.output {
        Output::Json => output::line(&serde_json::to_string(e).unwrap_or_default()),
        Output::Table => output::line(&output::printable(row(e).join("  "))),
    };
    page.items.iter().rev().for_each(line);
    let mut last = page.items.first().map_or(0, |e| e.seq);
    loop {
        tokio::time::sleep(PAUSE).await;
        let mut new = Vec::new();
        let mut query = ListQuery { page_size: Some(100), page_token: None };
        loop {
            let page = watch::patiently(async || ask(query.clone()).await).await?;
            let before = new.len();
            let all = page.items.len();
            new.extend(page.items.into_iter().filter(|e| e.seq > last));
            query.page_token = page.next_page_token;
            // A page with something old ends what is new; and the first look at nothing is not at everything.
            if new.len() - before < all || query.page_token.is_none() || last == 0 {
                break;
            }
        }
        new.iter().rev().for_each(line);
        last = new.first().map_or(last, |e| e.seq);
    }
}
