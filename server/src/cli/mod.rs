//! The command line: all commands on one screen.

pub mod config;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Develop, train, ship and watch machine-learning models on shared hardware.
#[derive(Debug, Parser)]
#[command(name = "slipway", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the portal
    Serve(config::Flags),
    /// Configuration: what is in force and why
    Config {
        #[command(subcommand)]
        command: config::Command,
    },
}

/// Runs the command line. Exit codes: 0 done, 1 failed, 2 wrong usage or configuration.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Serve(flags) => config::load(&flags).and_then(|(_, config)| run(crate::serve::serve(config))),
        Command::Config { command } => config::run(&command),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("slipway: {}", failure.message);
            ExitCode::from(failure.code)
        }
    }
}

/// Why a command did not do its work.
#[derive(Debug)]
pub struct Failure {
    /// What happened and what to do, for the terminal.
    pub message: String,
    /// Exit code.
    pub code: u8,
}

impl Failure {
    /// Wrong usage or configuration: exit code 2.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { message: message.into(), code: 2 }
    }
}

impl From<anyhow::Error> for Failure {
    fn from(e: anyhow::Error) -> Self {
        Self { message: format!("{e:#}"), code: 1 }
    }
}

fn run(work: impl Future<Output = anyhow::Result<()>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(anyhow::Error::from)?;
    runtime.block_on(work).map_err(Failure::from)
}
