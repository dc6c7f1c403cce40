//! `slipway member`.

use super::{Failure, here::Here, list::List, output};
use app::api::members::{Member, Role};
use clap::Subcommand;

/// Verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The members of the team
    List(List),
    /// Add a user, or change the role: viewer, editor, maintainer
    Set {
        /// Name of the user
        user: String,
        /// Role
        role: Role,
    },
    /// Remove a member
    Remove {
        /// Name of the user
        user: String,
    },
}

/// Runs a verb.
///
/// # Errors
/// What the API answers.
pub async fn run(command: Command, here: Here) -> Result<(), Failure> {
    let Here { client, team, .. } = &here;
    match command {
        Command::List(list) => list.show(&here, async |q| client.member_list(team, &q).await, table, None).await?,
        Command::Set { user, role } => here.show(&client.member_set(team, &user, role).await?, |m| table(std::slice::from_ref(m))),
        Command::Remove { user } => {
            client.member_remove(team, &user).await?;
            here.say(format!("{user} is no longer in {team}."));
        }
    }
    Ok(())
}

fn table(members: &[Member]) -> String {
    let row = |m: &Member| vec![m.user.clone(), m.display_name.clone(), m.role.as_str().to_owned(), output::ago(Some(&m.since))];
    output::rows(&["user", "name", "role", "since"], members.iter().map(row).collect(), "No members.")
}
