//! `slipway runtime`.

use super::{
    Failure,
    here::{Here, Reach},
    list::List,
    login, output,
    pairs::{once, pair},
};
use app::api::{
    Problem,
    runtimes::{Protocol, Runtime, SeenRuntime, SetRuntime},
};
use clap::{Args, Subcommand, ValueEnum};
use std::collections::BTreeMap;

/// Verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The runtimes there are: what comes with Slipway, and what was declared
    List(List),
    /// A runtime
    Show {
        /// Name
        name: String,
    },
    /// Declare a runtime, or change it, as a platform admin; what runs already goes on as it is. Asks for the password: no token may do this
    Set(Box<Set>),
    /// Remove a runtime that nothing serves with, as a platform admin. Asks for the password: no token may do this
    Remove {
        /// Name
        name: String,
        #[command(flatten)]
        who: login::Who,
    },
}

/// All of a runtime.
#[derive(Debug, Args)]
pub struct Set {
    /// Name
    name: String,
    /// Free text
    #[arg(long, default_value = "")]
    description: String,
    /// A flavor of MLflow that it serves, such as sklearn; may be repeated
    #[arg(long = "format", required = true)]
    formats: Vec<String>,
    /// Place in the order of choice, the lowest first; slipway-python has 100 [default: only where it is named]
    #[arg(long)]
    order: Option<i64>,
    /// How it is spoken to; may be repeated
    #[arg(long = "protocol", required = true, value_enum)]
    protocols: Vec<Spoken>,
    /// The environment it runs in where a deployment names none: one that comes with Slipway
    #[arg(long, visible_alias = "env")]
    environment: Option<String>,
    /// Container image instead of an environment, for clusters with containers
    #[arg(long, conflicts_with = "environment")]
    image: Option<String>,
    /// The port it listens on, where it cannot be told; only in an image
    #[arg(long, requires = "image")]
    port: Option<i64>,
    /// Environment variable NAME=VALUE; may be repeated
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = pair)]
    vars: Vec<(String, String)>,
    /// Where it says that it is ready
    #[arg(long)]
    ready_path: String,
    /// The status by which it says so [default: any of 2xx and 3xx]
    #[arg(long)]
    ready_status: Option<i64>,
    /// Seconds until it has to be ready [default: 300]
    #[arg(long)]
    start_seconds: Option<i64>,
    #[command(flatten)]
    who: login::Who,
    /// Command and arguments, with {port}, {model_path}, {model_name}, {model_version}
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

/// How a server is spoken to.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Spoken {
    /// v1/models/{name}:predict
    V1,
    /// The Open Inference Protocol
    V2,
    /// Paths of its own
    Http,
}

impl From<Spoken> for Protocol {
    fn from(spoken: Spoken) -> Self {
        match spoken {
            Spoken::V1 => Self::V1,
            Spoken::V2 => Self::V2,
            Spoken::Http => Self::Http,
        }
    }
}

/// Runs a verb.
///
/// # Errors
/// What the API answers.
pub async fn run(command: Command, reach: &Reach) -> Result<(), Failure> {
    match command {
        Command::List(list) => {
            let here = Here::open(reach).await?;
            list.show(&here, async |q| here.client.runtime_list(&q).await, table, None).await
        }
        Command::Show { name } => {
            let here = Here::open(reach).await?;
            here.show(&here.client.runtime(&name).await?, facts);
            Ok(())
        }
        Command::Set(mut set) => {
            let env = once(std::mem::take(&mut set.vars))?;
            let here = login::in_person(reach, &set.who).await?;
            let name = set.name.clone();
            let made = here
                .in_session(async |c| {
                    let revision = match c.runtime(&name).await {
                        Ok(now) => now.revision,
                        Err(Problem { status: 404, .. }) => 0,
                        Err(problem) => return Err(problem),
                    };
                    c.runtime_set(&name, &asked(*set, env, revision)).await
                })
                .await?;
            here.show(&made, facts);
            Ok(())
        }
        Command::Remove { name, who } => {
            let here = login::in_person(reach, &who).await?;
            here.in_session(async |c| c.runtime_remove(&name, &SeenRuntime::default()).await).await?;
            here.say(format!("The runtime {name} is removed."));
            Ok(())
        }
    }
}

fn asked(set: Set, env: BTreeMap<String, String>, revision: i64) -> SetRuntime {
    SetRuntime {
        description: set.description,
        formats: set.formats,
        order: set.order,
        protocols: set.protocols.into_iter().map(Protocol::from).collect(),
        command: set.command,
        environment: set.environment,
        image: set.image,
        port: set.port,
        env,
        ready_path: set.ready_path,
        ready_status: set.ready_status,
        start_seconds: set.start_seconds,
        revision,
    }
}

fn table(all: &[Runtime]) -> String {
    let row = |r: &Runtime| {
        vec![
            r.name.clone(),
            r.formats.join(", "),
            r.order.map_or_else(|| "named only".into(), |n| n.to_string()),
            r.spoken(),
            r.program.image.clone().or(r.environment.clone()).unwrap_or_default(),
            r.deployments.to_string(),
        ]
    };
    output::rows(&["name", "formats", "order", "speaks", "runs in", "deployments"], all.iter().map(row).collect(), "No runtimes.")
}

fn facts(r: &Runtime) -> String {
    let p = &r.program;
    let status = p.ready_status.map(|s| format!(" with {s}")).unwrap_or_default();
    output::facts(&[
        ("Name", r.name.clone()),
        ("Description", r.description.clone()),
        ("Formats", r.formats.join(", ")),
        ("Order", r.order.map_or_else(|| "only where it is named".into(), |n| n.to_string())),
        ("Speaks", r.spoken()),
        ("Command", crate::runs::command::line(&p.command)),
        ("Environment", r.environment.clone().unwrap_or_default()),
        ("Image", p.image.clone().unwrap_or_default()),
        ("Port", p.port.map(|n| n.to_string()).unwrap_or_default()),
        ("Variables", p.env.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(", ")),
        ("Ready", format!("{}{status}, within {} s", p.ready_path, p.start_seconds)),
        ("Digest", r.digest.clone()),
        ("Deployments", r.deployments.to_string()),
        ("Changed", r.changed_at.clone().unwrap_or_default()),
    ])
}
