//! `slipway secret`.

use super::{Failure, here::Here, list::List, output};
use app::api::secrets::Secret;
use clap::Subcommand;
use std::io::{IsTerminal, Read};

/// Verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The team's secrets; values never come out
    List(List),
    /// Set a secret; its value is read from standard input, or asked for without echo
    Set {
        /// Name
        name: String,
    },
    /// Remove a secret
    Remove {
        /// Name
        name: String,
    },
}

/// Runs a verb.
///
/// # Errors
/// What the API answers.
pub async fn run(command: Command, here: Here) -> Result<(), Failure> {
    let Here { client, team, .. } = &here;
    match command {
        Command::List(list) => list.show(&here, async |q| client.secret_list(team, &q).await, table, None).await?,
        Command::Set { name } => here.show(&client.secret_set(team, &name, &value()?).await?, |s| table(std::slice::from_ref(s))),
        Command::Remove { name } => {
            client.secret_remove(team, &name).await?;
            here.say(format!("The secret {name} is removed."));
        }
    }
    Ok(())
}

/// The value, without the line end that `echo` and editors add.
fn value() -> Result<String, Failure> {
    let failed = |e: std::io::Error| Failure::failed(format!("read the value: {e}"));
    if std::io::stdin().is_terminal() {
        return rpassword::prompt_password("Value: ").map_err(failed);
    }
    let mut text = String::new();
    std::io::stdin().lock().read_to_string(&mut text).map_err(failed)?;
    let without = text.strip_suffix('\n').map(|t| t.strip_suffix('\r').unwrap_or(t));
    Ok(without.unwrap_or(&text).to_owned())
}

fn table(secrets: &[Secret]) -> String {
    let row = |s: &Secret| vec![s.name.clone(), s.set_by.clone(), output::ago(Some(&s.updated_at))];
    output::rows(&["name", "set by", "set"], secrets.iter().map(row).collect(), "No secrets.")
}
