//! `slipway placement`.

use super::{Failure, here::Reach, list::List, login, output, pages};
use app::api::{
    Client, Problem,
    placements::{Placement, PlacementOf, SetPlacement},
};
use clap::{Subcommand, ValueEnum};

/// Verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// What is set for each size and each environment. Asks for the password: no token may do this
    List {
        #[command(flatten)]
        list: List,
        #[command(flatten)]
        who: login::Who,
    },
    /// Set it, as a platform admin; what is left out stays. Kubernetes tries a pod first. Asks for the password: no token may do this
    Set {
        /// Of what
        #[arg(value_enum)]
        of: Of,
        /// Name of the size or of the environment
        name: String,
        /// The environment's team; left out for one that comes with Slipway
        #[arg(long)]
        of_team: Option<String>,
        /// A list in YAML or JSON: '[{key: gpu, operator: Exists}]'; @FILE reads it, an empty text removes it
        #[arg(long)]
        tolerations: Option<String>,
        /// Labels that a node has to have: 'gpu: a100'
        #[arg(long)]
        node_selector: Option<String>,
        /// What is laid over the template of the pod: 'spec: {runtimeClassName: nvidia}'
        #[arg(long)]
        patch: Option<String>,
        /// CPU of a size, from the next start on: 8, 500m; an empty text for as it ships
        #[arg(long)]
        cpu: Option<String>,
        /// Memory of a size: 32Gi
        #[arg(long)]
        memory: Option<String>,
        /// GPUs of the size gpu
        #[arg(long)]
        gpu: Option<String>,
        #[command(flatten)]
        who: login::Who,
    },
}

/// Of what a placement is.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Of {
    /// Of a size.
    Size,
    /// Of an environment.
    Environment,
}

/// Runs a verb.
///
/// # Errors
/// What the API answers; a file that cannot be read.
pub async fn run(command: Command, reach: &Reach) -> Result<(), Failure> {
    match command {
        Command::List { list, who } => {
            let here = login::in_person(reach, &who).await?;
            let shown = list.show(&here, async |q| here.client.placement_list(&q).await, table, None).await;
            here.client.sign_out().await?;
            shown
        }
        Command::Set { of, name, of_team, tolerations, node_selector, patch, cpu, memory, gpu, who } => {
            let texts = [tolerations, node_selector, patch].map(|given| given.map(text).transpose());
            let [tolerations, node_selector, patch] = texts;
            let (tolerations, node_selector, patch) = (tolerations?, node_selector?, patch?);
            let of = match of {
                Of::Size => PlacementOf::Size,
                Of::Environment => PlacementOf::Environment,
            };
            let here = login::in_person(reach, &who).await?;
            let set = here
                .in_session(async |c| {
                    let now = find(c, of, &name, of_team.as_deref()).await?;
                    let kept = |given: Option<String>, now: Option<String>| given.or(now).unwrap_or_default();
                    let new = SetPlacement {
                        of,
                        name,
                        team: of_team,
                        revision: now.as_ref().map_or(0, |n| n.revision),
                        tolerations: kept(tolerations, now.as_ref().map(|n| n.tolerations.clone())),
                        node_selector: kept(node_selector, now.as_ref().map(|n| n.node_selector.clone())),
                        patch: kept(patch, now.as_ref().map(|n| n.patch.clone())),
                        cpu: kept(cpu, now.as_ref().map(|n| n.cpu.clone())),
                        memory: kept(memory, now.as_ref().map(|n| n.memory.clone())),
                        gpu: kept(gpu, now.map(|n| n.gpu)),
                    };
                    c.placement_set(&new).await
                })
                .await?;
            here.show(&set, facts);
            Ok(())
        }
    }
}

async fn find(client: &Client, of: PlacementOf, name: &str, team: Option<&str>) -> Result<Option<Placement>, Problem> {
    let all = pages::collect(&pages::Limit { limit: 100_000 }, async |q| client.placement_list(&q).await).await?;
    Ok(all.items.into_iter().find(|p| p.of == of && p.name == name && p.team.as_deref() == team))
}

/// What was given, or what is in the file that was.
fn text(given: String) -> Result<String, Failure> {
    match given.strip_prefix('@') {
        Some(path) => std::fs::read_to_string(path).map_err(|e| Failure::usage(format!("read {path}: {e}"))),
        None => Ok(given),
    }
}

fn words(p: &Placement) -> String {
    match (p.of, &p.team) {
        (PlacementOf::Size, _) => "size".to_owned(),
        (PlacementOf::Environment, None) => "environment".to_owned(),
        (PlacementOf::Environment, Some(team)) => format!("environment of {team}"),
    }
}

fn holds(p: &Placement) -> String {
    p.holds.map_or_else(String::new, |holds| holds.words())
}

fn table(all: &[Placement]) -> String {
    let line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let row = |p: &Placement| vec![p.name.clone(), words(p), holds(p), line(&p.tolerations), line(&p.node_selector), line(&p.patch)];
    output::rows(&["name", "of", "holds", "tolerations", "node selector", "patch"], all.iter().map(row).collect(), "No sizes.")
}

fn facts(p: &Placement) -> String {
    output::facts(&[
        ("Name", p.name.clone()),
        ("Of", words(p)),
        ("Holds", holds(p)),
        ("Tolerations", p.tolerations.clone()),
        ("Node selector", p.node_selector.clone()),
        ("Patch", p.patch.clone()),
    ])
}
