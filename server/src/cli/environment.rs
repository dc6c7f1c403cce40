//! `slipway environment`.

use super::{
    Failure,
    here::Here,
    list::{List, Named},
    logs::{self, Log},
    output,
    watch::{self, Fate},
};
use app::api::environments::{Build, Environment, EnvironmentVersion, NewEnvironment};
use clap::Subcommand;
use std::path::PathBuf;

/// Verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The team's environments and the shipped ones
    List(List),
    /// An environment
    Show(Named),
    /// Make an environment, or a new version of one
    Create {
        /// Name
        name: String,
        /// File with Python requirements
        #[arg(long, short)]
        file: PathBuf,
        /// Free text
        #[arg(long, default_value = "")]
        description: String,
        /// Container image, for clusters with containers
        #[arg(long)]
        image: Option<String>,
        /// Until it is ready or failed
        #[arg(long, short)]
        watch: bool,
    },
    /// Its versions, newest first
    Versions {
        /// Name
        name: String,
        #[command(flatten)]
        list: List,
    },
    /// The log of its build
    Log {
        /// Name
        name: String,
        #[command(flatten)]
        log: Log,
    },
    /// Build the newest version again
    Retry(Named),
}

/// Runs a verb.
///
/// # Errors
/// What the API answers.
pub async fn run(command: Command, here: Here) -> Result<(), Failure> {
    let Here { client, team, .. } = &here;
    match command {
        Command::List(list) => {
            let moves = |e: &Environment| matches!(e.latest.build, Build::Queued | Build::Building);
            list.show(&here, async |q| client.environment_list(team, &q).await, table, Some(moves)).await
        }
        Command::Show(Named { name, watch }) => show(&here, &name, watch).await,
        Command::Create { name, file, description, image, watch } => {
            let requirements = std::fs::read_to_string(&file).map_err(|e| Failure::usage(format!("read {}: {e}", file.display())))?;
            let new = NewEnvironment { name: name.clone(), description, requirements, image };
            let made = client.environment_create(team, &new).await?;
            if watch {
                return show(&here, &name, true).await;
            }
            here.show(&made, facts);
            Ok(())
        }
        Command::Versions { name, list } => {
            list.show(&here, async |q| client.environment_versions(team, &name, &q).await, versions, None).await
        }
        Command::Log { name, log } => logs::show(here.output, &log, None, async |q| client.environment_log(team, &name, &q).await).await,
        Command::Retry(Named { name, watch }) => {
            client.environment_retry(team, &name).await?;
            if watch {
                return show(&here, &name, true).await;
            }
            here.say(format!("{name} is built again."));
            Ok(())
        }
    }
}

async fn show(here: &Here, name: &str, watch: bool) -> Result<(), Failure> {
    let fate = |e: &Environment| match e.latest.build {
        Build::Ready => Fate::Good,
        Build::Failed => Fate::Bad(format!("The environment {name} failed: {}", e.latest.reason.as_deref().unwrap_or("see its log"))),
        Build::Queued | Build::Building => Fate::Pending,
    };
    watch::show(here, watch, async || here.client.environment(&here.team, name).await, facts, fate).await
}

fn build(version: &EnvironmentVersion) -> String {
    match version.build {
        Build::Queued => "queued".into(),
        Build::Building => format!("building, {:.0} %", version.progress * 100.0),
        Build::Ready => "ready".into(),
        Build::Failed => "failed".into(),
    }
}

/// While it is built, a bar of how far it is.
fn build_bar(environment: &Environment) -> String {
    const WIDTH: usize = 30;
    match environment.latest.build {
        Build::Building => {
            let full = ((environment.latest.progress.clamp(0.0, 1.0) * WIDTH as f64) as usize).min(WIDTH);
            format!("[{}{}] {}", "#".repeat(full), "-".repeat(WIDTH - full), build(&environment.latest))
        }
        _ => build(&environment.latest),
    }
}

fn table(environments: &[Environment]) -> String {
    let row = |e: &Environment| {
        let from = if e.shipped { "shipped" } else { "team" };
        vec![e.name.clone(), format!("v{}", e.latest.version), build(&e.latest), from.into(), e.latest.packages.join(", ")]
    };
    output::rows(&["name", "version", "build", "from", "packages"], environments.iter().map(row).collect(), "No environments.")
}

fn versions(all: &[EnvironmentVersion]) -> String {
    let row = |v: &EnvironmentVersion| {
        let digest: String = v.digest.chars().take(12).collect();
        vec![format!("v{}", v.version), build(v), output::ago(Some(&v.created_at)), digest, v.packages.join(", ")]
    };
    output::rows(&["version", "build", "made", "digest", "packages"], all.iter().map(row).collect(), "No versions.")
}

fn facts(e: &Environment) -> String {
    output::facts(&[
        ("Name", e.name.clone()),
        ("Version", e.latest.version.to_string()),
        ("Build", build_bar(e)),
        ("Reason", e.latest.reason.clone().unwrap_or_default()),
        ("Description", e.description.clone()),
        ("Packages", e.latest.packages.join(", ")),
        ("Image", e.latest.image.clone().unwrap_or_default()),
        ("Digest", e.latest.digest.clone()),
    ])
}
