//! Where a command goes: which portal, which team, as whom, and how it answers.

use super::{
    Failure, credentials,
    output::{self, Output},
    transport::{Identity, Network},
};
use app::api::{Client, Problem};
use clap::Args;
use serde::Serialize;

/// Flags of every command that calls the portal.
#[derive(Debug, Clone, Default, Args)]
pub struct Reach {
    /// URL of the portal [default: where `slipway login` signed in]
    #[arg(long, global = true, env = "SLIPWAY_URL")]
    pub url: Option<String>,
    /// Team [default: the one `slipway login` signed in to]
    #[arg(long, global = true, env = "SLIPWAY_TEAM")]
    pub team: Option<String>,
    /// A table for people, JSON for programs
    #[arg(long, short, global = true, value_enum, default_value_t)]
    pub output: Output,
}

/// A portal one is signed in to, and a team in it.
#[derive(Clone)]
pub struct Here {
    /// Calls the API.
    pub client: Client,
    /// The same, for files.
    pub network: Network,
    /// URL of the portal.
    pub url: String,
    /// Name of the team.
    pub team: String,
    /// How to answer.
    pub output: Output,
}

impl Here {
    /// Finds portal, token and team: flags and environment first, then what `login` kept.
    ///
    /// # Errors
    /// Not signed in: exit code 3. A kept token never goes to another URL than the one it is for.
    pub async fn open(reach: &Reach) -> Result<Self, Failure> {
        let kept = credentials::load(&credentials::path()?)?;
        let given = reach.url.as_deref().map(|u| u.trim_end_matches('/').to_owned()).filter(|u| !u.is_empty());
        let url = given.or_else(|| kept.as_ref().map(|k| k.url.clone())).ok_or_else(signed_out)?;
        let kept = kept.filter(|k| k.url == url);
        let team = reach.team.clone().filter(|t| !t.is_empty());
        let token = match token_of_environment() {
            Some(token) => token,
            None => {
                let kept =
                    kept.as_ref().ok_or_else(|| Failure::signed_out(format!("not signed in to {url}\n  slipway login --url {url}")))?;
                let team = team.as_deref().unwrap_or(&kept.team);
                kept.tokens.get(team).cloned().ok_or_else(|| {
                    Failure::signed_out(format!("not signed in to the team {team}\n  slipway login --url {url} --team {team}"))
                })?
            }
        };
        let network = Network::new(&url, Identity::Token(token))?;
        let client = Client::new(network.clone());
        let team = match team {
            Some(team) => team,
            None if token_of_environment().is_none() => kept.map(|k| k.team).unwrap_or_default(),
            // A token is of one team.
            None => {
                let me = client.me().await?;
                let first = me.teams.into_iter().next();
                first.map(|t| t.name).ok_or_else(|| Failure::usage("the token in SLIPWAY_TOKEN is of no team: give --team"))?
            }
        };
        Ok(Self { client, network, url, team, output: reach.output })
    }

    /// Does something in the session of a person (see `login::in_person`), which ends with it, whatever the answer.
    ///
    /// # Errors
    /// What the API answers.
    pub async fn in_session<T>(&self, work: impl AsyncFnOnce(&Client) -> Result<T, Problem>) -> Result<T, Problem> {
        let done = work(&self.client).await;
        let signed_out = self.client.sign_out().await;
        done.and_then(|answer| signed_out.map(|()| answer))
    }

    /// Shows an answer: as JSON, or as `table` writes it.
    pub fn show<T: Serialize>(&self, answer: &T, table: impl FnOnce(&T) -> String) {
        match self.output {
            Output::Json => output::line(&output::json(answer)),
            Output::Table => output::line(&table(answer)),
        }
    }

    /// Says what was done, to people only.
    pub fn say(&self, sentence: impl AsRef<str>) {
        if self.output == Output::Table {
            output::line(sentence.as_ref());
        }
    }

    /// URL of a page of the dashboard, or of another path of the portal.
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }
}

/// `SLIPWAY_TOKEN`, which outranks what `login` kept.
pub fn token_of_environment() -> Option<String> {
    std::env::vars().find(|(k, v)| k == "SLIPWAY_TOKEN" && !v.is_empty()).map(|(_, v)| v)
}

fn signed_out() -> Failure {
    Failure::signed_out("not signed in\n  slipway login --url http://127.0.0.1:8080, or set SLIPWAY_URL and SLIPWAY_TOKEN")
}
