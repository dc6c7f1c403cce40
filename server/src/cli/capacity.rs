//! `slipway capacity`.

use super::{
    Failure,
    here::{Here, Reach},
    output,
    watch::{self, Fate},
};
use app::api::{
    capacity::{self as words, Size},
    resources::bytes_words,
};
use clap::Args;

/// Flags.
#[derive(Debug, Args)]
pub struct Capacity {
    #[command(flatten)]
    reach: Reach,
    /// Show it again whenever it changes, until Ctrl-C
    #[arg(long, short)]
    watch: bool,
}

/// Runs `slipway capacity`.
///
/// # Errors
/// What the API answers.
pub async fn run(capacity: &Capacity) -> Result<(), Failure> {
    let here = Here::open(&capacity.reach).await?;
    watch::show(&here, capacity.watch, async || here.client.capacity(&here.team).await, table, |_| Fate::Pending).await
}

fn table(c: &words::Capacity) -> String {
    let facts = output::facts(&[
        ("Cluster", c.cluster.clone()),
        ("Total", c.total.words()),
        ("Free", c.free.words()),
        ("Team's quota", c.quota.words()),
        ("Team holds", c.held.words()),
        ("Team uses", c.used.words()),
        ("Team waits", if c.queued == 1 { "1 workload".into() } else { format!("{} workloads", c.queued) }),
        ("Largest upload", bytes_words(c.max_upload_bytes)),
    ]);
    let row = |s: &Size| {
        vec![s.name.clone(), s.resources.words(), format!("{} free, {} at most", s.nodes_now, s.nodes_at_most), s.effect.clone()]
    };
    format!("{facts}\n\n{}", output::rows(&["size", "holds", "how many", "effect"], c.sizes.iter().map(row).collect(), "No sizes."))
}
