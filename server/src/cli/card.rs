//! `slipway model card`.

use super::{Failure, here::Here};
use app::api::models::ModelChange;
use clap::Subcommand;
use std::io::Read;

/// Verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The card, in Markdown
    Show {
        /// Name of the model
        model: String,
        /// What was written about this version, instead of the model
        #[arg(long)]
        version: Option<i64>,
    },
    /// Set the card; an empty one removes it
    Set {
        /// Name of the model
        model: String,
        /// File with the Markdown, or - for standard input
        file: String,
        /// Of this version, instead of the model
        #[arg(long)]
        version: Option<i64>,
    },
}

/// Runs a verb.
///
/// # Errors
/// What the API answers; a file that cannot be read.
pub async fn run(command: Command, here: &Here) -> Result<(), Failure> {
    let Here { client, team, .. } = here;
    match command {
        Command::Show { model, version } => {
            let text = match version {
                Some(version) => client.version(team, &model, version).await?.description,
                None => client.model(team, &model).await?.description,
            };
            here.show(&text, |text| text.clone());
        }
        Command::Set { model, file, version } => {
            let change = ModelChange { description: Some(text(&file)?), ..ModelChange::default() };
            match version {
                Some(version) => drop(client.version_update(team, &model, version, &change).await?),
                None => drop(client.model_update(team, &model, &change).await?),
            }
            here.say(format!("The card of {model}{} is kept.", version.map(|v| format!(" v{v}")).unwrap_or_default()));
        }
    }
    Ok(())
}

fn text(file: &str) -> Result<String, Failure> {
    if file == "-" {
        let mut text = String::new();
        std::io::stdin().lock().read_to_string(&mut text).map_err(|e| Failure::failed(format!("read standard input: {e}")))?;
        return Ok(text);
    }
    std::fs::read_to_string(file).map_err(|e| Failure::usage(format!("read {file}: {e}")))
}
