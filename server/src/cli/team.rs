//! `slipway team`.

use super::{Failure, here::Reach, login, output};
use app::api::{ListQuery, Page, teams::NewTeam};
use clap::Subcommand;

/// Verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The teams one is signed in to
    List,
    /// Make a team, become its maintainer, and sign in to it; asks for the password
    Create {
        /// Name; never changes
        name: String,
        /// Free text
        #[arg(long)]
        display_name: Option<String>,
        #[command(flatten)]
        who: login::Who,
    },
}

/// Runs a verb.
///
/// # Errors
/// What the API answers.
pub async fn run(command: Command, reach: &Reach) -> Result<(), Failure> {
    match command {
        Command::List => {
            let all = login::everywhere(reach).await?;
            let mut page = Page::default();
            for here in &all {
                page.items.extend(here.client.team_list(&ListQuery::default()).await?.items);
            }
            let Some(here) = all.first() else { return Ok(()) };
            here.show(&page, |page| {
                let row = |t: &app::api::teams::Team| {
                    vec![t.name.clone(), t.display_name.clone(), t.members.to_string(), output::ago(Some(&t.created_at))]
                };
                output::rows(&["name", "display name", "members", "age"], page.items.iter().map(row).collect(), "No team.")
            });
            Ok(())
        }
        Command::Create { name, display_name, who } => login::create_team(reach, &who, &NewTeam { name, display_name }).await,
    }
}
