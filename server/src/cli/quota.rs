//! `slipway quota`.

use super::{Failure, here::Here, output};
use app::api::{
    quotas::Quota,
    resources::{bytes_words, cpu_words},
};
use clap::Subcommand;

/// Verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// How much the team's workloads may hold together
    Show,
}

/// Runs a verb.
///
/// # Errors
/// What the API answers.
pub async fn run(command: Command, here: Here) -> Result<(), Failure> {
    let Command::Show = command;
    here.show(&here.client.quota(&here.team).await?, facts);
    Ok(())
}

fn facts(q: &Quota) -> String {
    let all = || "everything there is".to_owned();
    output::facts(&[
        ("CPU", q.cpu_millis.map_or_else(all, cpu_words)),
        ("Memory", q.memory_bytes.map_or_else(all, bytes_words)),
        ("GPUs", q.gpus.map_or_else(all, |n| n.to_string())),
    ])
}
