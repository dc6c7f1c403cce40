//! `slipway doctor`: looks at what the portal needs on this machine.

use super::{
    Failure, config,
    output::{self, Output},
};
use crate::platform::doctor;
use app::api::platform::Finding;
use clap::Args;

/// Flags: those of `serve`, to look at the same things.
#[derive(Debug, Args)]
// Those of `serve` are called so, too.
#[group(skip)]
pub struct Flags {
    #[command(flatten)]
    serve: config::Flags,
    /// Kubernetes: let a pod of each image start and end, which shows whether it can be pulled
    #[arg(long)]
    pull: bool,
    /// A table for people, JSON for programs
    #[arg(long, short, value_enum, default_value_t)]
    output: Output,
}

/// Runs `slipway doctor`.
///
/// # Errors
/// Exit code 1 where a finding is an error, 2 where the configuration is wrong.
pub async fn run(flags: &Flags) -> Result<(), Failure> {
    let (_, config) = config::load(&flags.serve)?;
    let findings = doctor::examine(&config, None, flags.pull).await;
    match flags.output {
        Output::Json => output::line(&output::json(&findings)),
        Output::Table => findings.iter().for_each(|f| output::line(&words(f))),
    }
    match findings.iter().filter(|f| f.level == "error").count() {
        0 => Ok(()),
        1 => Err(Failure::failed("one finding is an error: the portal cannot do its work here")),
        n => Err(Failure::failed(format!("{n} findings are errors: the portal cannot do its work here"))),
    }
}

fn words(f: &Finding) -> String {
    let mut out = format!("{:<8} {:<16} {}", f.level, f.check, f.detail);
    if let Some(fix) = &f.fix {
        out.push_str(&format!("\n{:<25} -> {fix}", ""));
    }
    output::printable(out)
}
