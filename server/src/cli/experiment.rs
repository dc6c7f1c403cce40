//! `slipway experiment`.

use super::{
    Failure,
    here::Here,
    list::List,
    output,
    pages::{self, Limit},
};
use app::api::experiments::Experiment;
use clap::Subcommand;

/// Verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The team's experiments, last changed first
    List(List),
}

/// Runs a verb.
///
/// # Errors
/// What the API answers.
pub async fn run(command: Command, here: Here) -> Result<(), Failure> {
    let Command::List(list) = command;
    let row = |e: &Experiment| vec![e.id.clone(), e.name.clone(), output::ago(Some(&e.updated_at)), output::ago(Some(&e.created_at))];
    let table = |all: &[Experiment]| output::rows(&["id", "name", "changed", "age"], all.iter().map(row).collect(), "No experiments.");
    list.show(&here, async |q| here.client.experiment_list(&here.team, &q).await, table, None).await
}

/// The id of an experiment by its name; an id is taken as it is.
///
/// # Errors
/// None of that name: exit code 4.
pub async fn id_of(here: &Here, wanted: &str) -> Result<String, Failure> {
    let all = pages::collect(&Limit { limit: u32::MAX }, async |q| here.client.experiment_list(&here.team, &q).await).await?;
    let found = all.items.iter().find(|e| e.name == wanted).or_else(|| all.items.iter().find(|e| e.id == wanted));
    found.map(|e| e.id.clone()).ok_or_else(|| Failure { message: format!("there is no experiment {wanted}"), code: 4 })
}
