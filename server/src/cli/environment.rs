//! `slipway environment`.

use super::{
    Failure,
    here::Here,
    logs::{self, Log},
    output,
    pages::{self, Limit},
    watch::{self, Fate},
};
use app::api::environments::{Build, Environment, EnvironmentVersion, NewEnvironment};
use clap::Subcommand;
use std::path::PathBuf;

/// Verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The team's environments and the shipped ones
    List {
        #[command(flatten)]
        limit: Limit,
        /// Until nothing is being built any more
        #[arg(long, short)]
        watch: bool,
    },
    /// An environment
    Show {
        /// Name
        name: String,
        /// Until it is ready or failed
        #[arg(long, short)]
        watch: bool,
    },
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
        limit: Limit,
    },
    /// The log of its build
    Log {
        /// Name
        name: String,
        #[command(flatten)]
        log: Log,
    },
    /// Build the newest version again
    Retry {
        /// Name
        name: String,
        /// Until it is ready or failed
        #[arg(long, short)]
        watch: bool,
    },
}

/// Runs a verb.
///
/// # Errors
/// What the API answers.
pub async fn run(command: Command, here: Here) -> Result<(), Failure> {
    let Here { client, team, .. } = &here;
    match command {
        Command::List { limit, watch } => {
            let ask = async || pages::collect(&limit, async |q| client.environment_list(team, &q).await).await;
            let settled = |e: &Environment| matches!(e.latest.build, Build::Ready | Build::Failed);
            let fate = |p: &app::api::Page<Environment>| if p.items.iter().all(settled) { Fate::Good } else { Fate::Pending };
            watch::show(&here, watch, ask, |p| table(&p.items), fate).await
        }
        Command::Show { name, watch } => show(&here, &name, watch).await,
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
        Command::Versions { name, limit } => {
            let page = pages::collect(&limit, async |q| client.environment_versions(team, &name, &q).await).await?;
            here.show(&page, |p| versions(&p.items));
            Ok(())
        }
        Command::Log { name, log } => logs::show(here.output, &log, async |q| client.environment_log(team, &name, &q).await).await,
        Command::Retry { name, watch } => {
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
        ("Build", build(&e.latest)),
        ("Reason", e.latest.reason.clone().unwrap_or_default()),
        ("Description", e.description.clone()),
        ("Packages", e.latest.packages.join(", ")),
        ("Image", e.latest.image.clone().unwrap_or_default()),
        ("Digest", e.latest.digest.clone()),
    ])
}
