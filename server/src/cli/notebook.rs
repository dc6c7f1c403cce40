//! `slipway notebook`.

use super::{
    Failure,
    here::Here,
    list::{List, Named},
    logs::{self, Log},
    output,
    pairs::{Amount, Given},
    watch::{self, Fate},
    why,
};
use app::api::notebooks::{DeleteNotebook, NewNotebook, Notebook, NotebookChange};
use app::api::resources::{bytes_words, cpu_words};
use clap::Subcommand;

/// Verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The team's notebooks
    List(List),
    /// A notebook
    Show(Named),
    /// Launch a notebook
    Launch {
        /// Name
        name: String,
        /// Environment by name [default: notebook]
        #[arg(long, visible_alias = "env")]
        environment: Option<String>,
        #[command(flatten)]
        amount: Amount,
        #[command(flatten)]
        given: Given,
        /// Until it runs or has failed
        #[arg(long, short)]
        watch: bool,
    },
    /// Give it another size, or another environment, at its next start
    Resize {
        /// Name
        name: String,
        /// Environment by name, in its newest version
        #[arg(long, visible_alias = "env")]
        environment: Option<String>,
        #[command(flatten)]
        amount: Amount,
    },
    /// Print a URL that opens it in a browser: once, within a minute
    Open {
        /// Name
        name: String,
    },
    /// Start a stopped notebook
    Start(Named),
    /// Stop a notebook; its files stay
    Stop(Named),
    /// Delete a notebook; its files stay, unless --files is given
    Delete {
        /// Name
        name: String,
        /// Delete its files as well
        #[arg(long)]
        files: bool,
    },
    /// Why it is as it is
    Why {
        /// Name
        name: String,
    },
    /// The log of its server
    Log {
        /// Name
        name: String,
        #[command(flatten)]
        log: Log,
    },
}

/// Runs a verb.
///
/// # Errors
/// What the API answers.
pub async fn run(command: Command, here: Here) -> Result<(), Failure> {
    let Here { client, team, .. } = &here;
    match command {
        Command::List(list) => {
            list.show(&here, async |q| client.notebook_list(team, &q).await, table, Some(|n: &Notebook| watch::moves(n.state))).await
        }
        Command::Show(Named { name, watch }) => up(&here, &name, watch).await,
        Command::Launch { name, environment, amount, given, watch } => {
            let new = NewNotebook {
                name: name.clone(),
                environment,
                size: amount.size.clone(),
                amount: amount.asked(),
                env: given.env()?,
                secrets: given.uses(),
            };
            let made = client.notebook_launch(team, &new).await?;
            if watch {
                return up(&here, &name, true).await;
            }
            here.show(&made, facts);
            Ok(())
        }
        Command::Resize { name, environment, amount } => {
            let revision = client.notebook(team, &name).await?.revision;
            let change = NotebookChange { environment, size: amount.size.clone(), amount: amount.asked(), revision };
            here.show(&client.notebook_update(team, &name, &change).await?, facts);
            Ok(())
        }
        Command::Open { name } => {
            here.show(&client.notebook_open(team, &name).await?, |o| o.url.clone());
            Ok(())
        }
        Command::Start(Named { name, watch }) => {
            client.notebook_start(team, &name).await?;
            up(&here, &name, watch).await
        }
        Command::Stop(Named { name, watch }) => {
            client.notebook_stop(team, &name).await?;
            watch::show(&here, watch, async || client.notebook(team, &name).await, facts, |n| Fate::of_stop(n.state)).await
        }
        Command::Delete { name, files } => {
            client.notebook_delete(team, &name, &DeleteNotebook { files }).await?;
            here.say(format!("The notebook {name} is deleted{}.", if files { ", and its files" } else { "; its files stay" }));
            Ok(())
        }
        Command::Why { name } => {
            here.show(&client.notebook_explain(team, &name).await?, why::words);
            Ok(())
        }
        Command::Log { name, log } => logs::show(here.output, &log, None, async |q| client.notebook_log(team, &name, &q).await).await,
    }
}

async fn up(here: &Here, name: &str, watch: bool) -> Result<(), Failure> {
    let fate = |n: &Notebook| Fate::of_server(n.state, &format!("The notebook {name}"), n.reason.as_deref());
    watch::show(here, watch, async || here.client.notebook(&here.team, name).await, facts, fate).await
}

fn used(n: &Notebook) -> String {
    let cpu = n.cpu_millis.map(|c| format!("{} CPU", cpu_words(c)));
    let memory = n.memory_bytes.map(bytes_words);
    [cpu, memory].into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn table(notebooks: &[Notebook]) -> String {
    let row = |n: &Notebook| {
        vec![
            n.name.clone(),
            n.state.to_string(),
            n.owner.clone(),
            format!("{} v{}", n.environment, n.environment_version),
            n.resources.words(),
            used(n),
            output::ago(Some(&n.state_since)),
            n.reason.clone().unwrap_or_default(),
        ]
    };
    let head = ["name", "state", "owner", "environment", "holds", "uses", "since", "reason"];
    output::rows(&head, notebooks.iter().map(row).collect(), "No notebooks.")
}

fn facts(n: &Notebook) -> String {
    output::facts(&[
        ("Name", n.name.clone()),
        ("State", n.state.to_string()),
        ("Reason", n.reason.clone().unwrap_or_default()),
        ("Owner", n.owner.clone()),
        ("Environment", format!("{} v{}", n.environment, n.environment_version)),
        ("Holds", n.resources.words()),
        ("Uses", used(n)),
        ("Last activity", n.last_activity_at.clone().unwrap_or_default()),
        ("Created", n.created_at.clone()),
    ])
}
