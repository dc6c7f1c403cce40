//! `slipway token`.

use super::{Failure, here::Here, list::List, output, pairs};
use app::api::{
    members::Role,
    tokens::{NewToken, Scope, Token},
};
use clap::Subcommand;

/// Verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// One's own tokens, without their secrets
    List(List),
    /// Make a token; its secret is shown this once
    Create {
        /// What to call it
        name: String,
        /// The most it may do: viewer, editor, maintainer
        #[arg(long, default_value = "viewer")]
        role: Role,
        /// Seconds, or 12h, 90d [default: 30d]
        #[arg(long, value_parser = pairs::seconds)]
        expires_in: Option<i64>,
        /// Only for predictions of the team's deployments
        #[arg(long)]
        predict_only: bool,
    },
    /// Revoke a token
    Revoke {
        /// Id, as `list` shows it
        id: String,
    },
}

/// Runs a verb.
///
/// # Errors
/// What the API answers.
pub async fn run(command: Command, here: Here) -> Result<(), Failure> {
    let client = &here.client;
    match command {
        Command::List(list) => list.show(&here, async |q| client.token_list(&q).await, table, None).await?,
        Command::Create { name, role, expires_in, predict_only } => {
            let scope = predict_only.then_some(Scope::Predict);
            let made = client.token_create(&NewToken { name, team: here.team.clone(), role, expires_in, scope }).await?;
            here.show(&made, |m| m.token.clone());
            eprintln!("Shown this once. It ends {}.", made.about.expires_at.as_deref().unwrap_or("when it is revoked"));
        }
        Command::Revoke { id } => {
            client.token_revoke(&id).await?;
            here.say("The token is revoked.");
        }
    }
    Ok(())
}

fn table(tokens: &[Token]) -> String {
    let row = |t: &Token| {
        let role = if t.scope.is_some() { "predict".to_owned() } else { t.role.as_str().to_owned() };
        let ends = t.expires_at.clone().unwrap_or_else(|| "-".into());
        vec![t.id.clone(), t.name.clone(), t.prefix.clone(), t.team.clone(), role, ends, output::ago(t.last_used_at.as_deref())]
    };
    output::rows(&["id", "name", "begins", "team", "role", "ends", "used"], tokens.iter().map(row).collect(), "No tokens.")
}
