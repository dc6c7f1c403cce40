//! `slipway deployment token`.

use super::{Failure, here::Here, list::List, output, pairs};
use app::api::callers::{CallerToken, MadeCallerToken, NewCallerToken, RotateToken};
use clap::Subcommand;

/// Verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The deployment's tokens, without their secrets
    List {
        /// Name of the deployment
        deployment: String,
        #[command(flatten)]
        list: List,
    },
    /// Make a token; its secret is shown this once
    Create {
        /// Name of the deployment
        deployment: String,
        /// Who calls with it
        name: String,
        /// Seconds, or 12h, 90d [default: 90d]
        #[arg(long, value_parser = pairs::seconds)]
        expires_in: Option<i64>,
        /// Most requests per second [default: as many as come]
        #[arg(long)]
        rate: Option<i64>,
    },
    /// Replace a token by one with a new secret, shown this once
    Rotate {
        /// Name of the deployment
        deployment: String,
        /// Id, as `list` shows it
        id: String,
        /// How long the old secret counts beside the new one: seconds, or 12h, 7d [default: 1d]
        #[arg(long, value_parser = pairs::seconds, conflicts_with = "at_once")]
        overlap: Option<i64>,
        /// The old secret counts no more
        #[arg(long)]
        at_once: bool,
    },
    /// Revoke a token
    Revoke {
        /// Name of the deployment
        deployment: String,
        /// Id, as `list` shows it
        id: String,
    },
}

/// Runs a verb.
///
/// # Errors
/// What the API answers.
pub async fn run(command: Command, here: &Here) -> Result<(), Failure> {
    let Here { client, team, .. } = here;
    match command {
        Command::List { deployment, list } => {
            list.show(here, async |q| client.caller_token_list(team, &deployment, &q).await, table, None).await?;
        }
        Command::Create { deployment, name, expires_in, rate } => {
            made(here, &client.caller_token_create(team, &deployment, &NewCallerToken { name, expires_in, rate }).await?);
        }
        Command::Rotate { deployment, id, overlap, at_once } => {
            let overlap_seconds = if at_once { Some(0) } else { overlap };
            made(here, &client.caller_token_rotate(team, &deployment, &id, &RotateToken { overlap_seconds }).await?);
        }
        Command::Revoke { deployment, id } => {
            client.caller_token_revoke(team, &deployment, &id).await?;
            here.say("The token is revoked.");
        }
    }
    Ok(())
}

fn made(here: &Here, made: &MadeCallerToken) {
    here.show(made, |m| m.token.clone());
    eprintln!("Shown this once. It ends {}.", made.about.expires_at);
}

fn table(tokens: &[CallerToken]) -> String {
    let row = |t: &CallerToken| {
        let rate = t.rate.map_or_else(|| "-".to_owned(), |n| format!("{n}/s"));
        let used = output::ago(t.last_used_at.as_deref());
        vec![t.id.clone(), t.name.clone(), t.prefix.clone(), rate, t.by.clone(), t.expires_at.clone(), used]
    };
    output::rows(&["id", "caller", "begins", "rate", "by", "ends", "used"], tokens.iter().map(row).collect(), "No tokens.")
}
