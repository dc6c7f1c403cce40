//! `slipway quota`.

use super::{
    Failure,
    here::{Here, Reach},
    login, output,
};
use app::api::{
    quotas::{Quota, SetQuota},
    resources::{ResourcesAsked, bytes_words, cpu_words},
};
use clap::Subcommand;

/// Verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// How much the team's workloads may hold together
    Show,
    /// Set it, as a platform admin; what is left out is not limited. Asks for the password: no token may do this
    Set {
        /// CPU: 500m, 16
        #[arg(long)]
        cpu: Option<String>,
        /// Memory: 64Gi
        #[arg(long)]
        memory: Option<String>,
        /// Whole GPUs
        #[arg(long)]
        gpu: Option<String>,
        /// Tasks of pipelines at work at once
        #[arg(long)]
        pipeline_tasks: Option<i64>,
        #[command(flatten)]
        who: login::Who,
    },
}

/// Runs a verb.
///
/// # Errors
/// What the API answers.
pub async fn run(command: Command, reach: &Reach) -> Result<(), Failure> {
    let here = match &command {
        Command::Show => Here::open(reach).await?,
        Command::Set { who, .. } => login::in_person(reach, who).await?,
    };
    let quota = match command {
        Command::Show => here.client.quota(&here.team).await,
        Command::Set { cpu, memory, gpu, pipeline_tasks, .. } => {
            let amount = ResourcesAsked { cpu, memory, gpu };
            here.in_session(async |c| {
                let revision = c.quota(&here.team).await?.revision;
                c.quota_set(&here.team, &SetQuota { amount: amount.clone(), pipeline_tasks, revision }).await
            })
            .await
        }
    };
    here.show(&quota?, facts);
    Ok(())
}

fn facts(q: &Quota) -> String {
    let all = || "everything there is".to_owned();
    output::facts(&[
        ("CPU", q.cpu_millis.map_or_else(all, cpu_words)),
        ("Memory", q.memory_bytes.map_or_else(all, bytes_words)),
        ("GPUs", q.gpus.map_or_else(all, |n| n.to_string())),
        ("Pipeline tasks at once", q.pipeline_tasks.map_or_else(|| "as many as there is room for".to_owned(), |n| n.to_string())),
    ])
}
