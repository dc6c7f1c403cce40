//! `slipway config show`, and the flags of `serve`.

use super::{
    Failure,
    output::{self, Output},
};
use crate::config::{
    Config,
    keys::{KEYS, PREFIX},
    load::{Surroundings, Values, gather},
    show::{self, Effective},
};
use clap::{Arg, ArgMatches, Args, FromArgMatches, Subcommand};
use std::{collections::BTreeMap, path::PathBuf};

/// Flags of `serve`.
#[derive(Debug, Args)]
// `doctor` and `config show` have them, too, beside their own.
#[group(skip)]
pub struct Flags {
    /// Configuration file (TOML)
    #[arg(long, env = "SLIPWAY_CONFIG")]
    config: Option<PathBuf>,
    #[command(flatten)]
    keys: Keys,
}

/// One flag for each key that is no secret.
#[derive(Debug, Clone, Default)]
struct Keys(BTreeMap<String, String>);

impl Args for Keys {
    fn augment_args(command: clap::Command) -> clap::Command {
        let arg = |key: &crate::config::keys::Key| {
            let default = if key.default.is_empty() { String::new() } else { format!(" [default: {}]", key.default) };
            let value = key.name.to_uppercase();
            Some(Arg::new(key.name).long(key.flag()?).value_name(value).help(format!("{}{default}", key.help)))
        };
        command.args(KEYS.iter().filter_map(arg))
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Keys {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let flags = KEYS.iter().filter(|k| k.flag().is_some());
        Ok(Self(flags.filter_map(|k| Some((k.name.to_owned(), matches.get_one::<String>(k.name)?.clone()))).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.extend(Self::from_arg_matches(matches)?.0);
        Ok(())
    }
}

/// Commands of `slipway config`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Print every value in force and where it came from; secrets are masked
    #[command(after_help = SOURCES)]
    Show {
        #[command(flatten)]
        flags: Flags,
        /// A table for people, JSON for programs
        #[arg(long, short, value_enum, default_value_t)]
        output: Output,
    },
}

/// Where values come from, as `--help` tells it.
pub const SOURCES: &str = "\
Every flag is also a variable (--data: SLIPWAY_DATA) and a key of the file (data = \"...\"). A flag outranks the environment,
which outranks the file. Secrets are variables and keys only: SLIPWAY_SECRET_KEY, SLIPWAY_ADMIN_PASSWORD,
SLIPWAY_S3_SECRET_ACCESS_KEY, SLIPWAY_S3_SESSION_TOKEN. SLIPWAY_DATABASE_URL and SLIPWAY_SMTP_URL may hold a password: do not give
that as a flag, which every user of the machine can read.";

/// Values and typed configuration.
///
/// # Errors
/// A value that is wrong: exit code 2.
pub fn load(flags: &Flags) -> Result<(Values, Config), Failure> {
    // A variable that is no text cannot be one of ours.
    let all = std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
    let environment: BTreeMap<String, String> =
        all.filter(|(k, _)| k.starts_with(PREFIX) || k == "HOME" || k == "XDG_CACHE_HOME").collect();
    let file = match &flags.config {
        Some(path) => Some(std::fs::read_to_string(path).map_err(|e| Failure::usage(format!("read {}: {e}", path.display())))?),
        None => None,
    };
    let values = gather(&flags.keys.0, &environment, file.as_deref()).map_err(Failure::usage)?;
    let home = environment.get("HOME").filter(|h| !h.is_empty()).map(PathBuf::from);
    // One that is not absolute is to be ignored, says its specification.
    let cache_home = environment.get("XDG_CACHE_HOME").map(PathBuf::from).filter(|p| p.is_absolute());
    let around = Surroundings { home, cache_home, memory_bytes: crate::cluster::local::memory_bytes() };
    let config = values.config(&around).map_err(Failure::usage)?;
    Ok((values, config))
}

/// Runs `slipway config …`.
///
/// # Errors
/// A value that is wrong: exit code 2.
pub fn run(command: &Command) -> Result<(), Failure> {
    let Command::Show { flags, output } = command;
    let (values, config) = load(flags)?;
    let all = show::effective(&values, &config);
    match output {
        Output::Json => output::line(&output::json(&all)),
        Output::Table => {
            let origin = |e: &Effective| format!("{:?}", e.origin).to_lowercase();
            let row = |e: &Effective| vec![e.key.into(), e.value.clone().unwrap_or_else(|| "-".into()), origin(e), e.help.into()];
            output::line(&output::rows(&["key", "value", "origin", "what it is"], all.iter().map(row).collect(), "No keys."));
        }
    }
    Ok(())
}
