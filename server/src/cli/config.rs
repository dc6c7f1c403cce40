//! `slipway config show`, and the flags of `serve`.

use super::Failure;
use crate::config::{
    Config,
    keys::KEYS,
    load::{Origin, Surroundings, Values, gather},
};
use clap::{Args, Subcommand};
use std::{collections::BTreeMap, path::PathBuf};

/// Flags; each is also `SLIPWAY_…` in the environment and a key of the file.
#[derive(Debug, Args)]
pub struct Flags {
    /// Configuration file (TOML)
    #[arg(long, env = "SLIPWAY_CONFIG")]
    pub config: Option<PathBuf>,
    /// Where the portal listens [default: 127.0.0.1:8080]
    #[arg(long)]
    listen: Option<String>,
    /// Where notebooks are served, an origin of its own [default: the portal's port plus one]
    #[arg(long)]
    notebook_listen: Option<String>,
    /// Folder of everything that is kept [default: ./data]
    #[arg(long)]
    data: Option<String>,
    /// `sqlite:PATH` or `postgres://…` [default: {data}/slipway.db]
    #[arg(long)]
    database_url: Option<String>,
    /// Where workloads run [default: local]
    #[arg(long)]
    cluster: Option<String>,
    /// URL under which browsers reach the portal
    #[arg(long)]
    public_url: Option<String>,
    /// URL under which browsers reach notebooks
    #[arg(long)]
    notebook_url: Option<String>,
}

/// Commands of `slipway config`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print every value in force and where it came from; secrets are masked
    Show(Flags),
}

impl Flags {
    fn map(&self) -> BTreeMap<String, String> {
        let all = [
            ("listen", &self.listen),
            ("notebook_listen", &self.notebook_listen),
            ("data", &self.data),
            ("database_url", &self.database_url),
            ("cluster", &self.cluster),
            ("public_url", &self.public_url),
            ("notebook_url", &self.notebook_url),
        ];
        all.into_iter().filter_map(|(k, v)| v.clone().map(|v| (k.to_owned(), v))).collect()
    }
}

/// Values and typed configuration.
///
/// # Errors
/// A value that is wrong: exit code 2.
pub fn load(flags: &Flags) -> Result<(Values, Config), Failure> {
    let environment: BTreeMap<String, String> = std::env::vars().filter(|(k, _)| k.starts_with("SLIPWAY_") || k == "HOME").collect();
    let file = match &flags.config {
        Some(path) => Some(std::fs::read_to_string(path).map_err(|e| Failure::usage(format!("read {}: {e}", path.display())))?),
        None => None,
    };
    let values = gather(&flags.map(), &environment, file.as_deref()).map_err(Failure::usage)?;
    let around = Surroundings { home: environment.get("HOME").map(PathBuf::from), memory_bytes: crate::cluster::local::memory_bytes() };
    let config = values.config(&around).map_err(Failure::usage)?;
    Ok((values, config))
}

/// Runs `slipway config …`.
///
/// # Errors
/// A value that is wrong: exit code 2.
pub fn run(command: &Command) -> Result<(), Failure> {
    let Command::Show(flags) = command;
    let (values, _) = load(flags)?;
    for key in KEYS {
        let Some((value, origin)) = values.0.get(key.name) else { continue };
        let shown = if key.secret && !value.is_empty() { "********" } else { value };
        let origin = match origin {
            Some(Origin::Flag) => "flag",
            Some(Origin::Environment) => "environment",
            Some(Origin::File) => "file",
            _ => "default",
        };
        println!("{:<22} {:<40} {:<12} {}", key.name, format!("\"{shown}\""), origin, key.help);
    }
    Ok(())
}
