//! `slipway user`.

use super::{
    Failure,
    here::Reach,
    list::List,
    login::{self, Who},
    output,
};
use app::api::users::{NewUser, User, UserChange};
use clap::Subcommand;

/// Verbs. A platform admin signs in for each of them: no token may do this.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// All users
    List {
        #[command(flatten)]
        list: List,
        #[command(flatten)]
        who: Who,
    },
    /// Make a user; asks for your password and then for theirs
    Create {
        /// Name
        name: String,
        /// Free text
        #[arg(long)]
        display_name: Option<String>,
        /// Platform admin
        #[arg(long)]
        admin: bool,
        #[command(flatten)]
        who: Who,
    },
    /// Change a user; what is left out stays
    Change {
        /// Name
        name: String,
        /// Free text
        #[arg(long)]
        display_name: Option<String>,
        /// Platform admin, or not
        #[arg(long)]
        admin: Option<bool>,
        /// Cannot sign in, and tokens are refused, or not
        #[arg(long)]
        disabled: Option<bool>,
        /// Ask for a new password of theirs
        #[arg(long)]
        new_password: bool,
        #[command(flatten)]
        who: Who,
    },
}

/// Runs a verb.
///
/// # Errors
/// What the API answers.
pub async fn run(command: Command, reach: &Reach) -> Result<(), Failure> {
    match command {
        Command::List { list, who } => {
            let here = login::in_person(reach, &who).await?;
            let shown = list.show(&here, async |q| here.client.user_list(&q).await, table, None).await;
            here.client.sign_out().await?;
            shown
        }
        Command::Create { name, display_name, admin, who } => {
            let here = login::in_person(reach, &who).await?;
            let password = who.new_password(&name)?;
            let new = NewUser { name, display_name, password, admin };
            let made = here.in_session(async |c| c.user_create(&new).await).await?;
            here.show(&made, |u| table(std::slice::from_ref(u)));
            Ok(())
        }
        Command::Change { name, display_name, admin, disabled, new_password, who } => {
            let here = login::in_person(reach, &who).await?;
            let password = if new_password { Some(who.new_password(&name)?) } else { None };
            let change = UserChange { display_name, password, admin, disabled, revision: None };
            let changed = here.in_session(async |c| c.user_update(&name, &change).await).await?;
            here.show(&changed, |u| table(std::slice::from_ref(u)));
            Ok(())
        }
    }
}

fn table(users: &[User]) -> String {
    let word = |is: bool, word: &str| if is { word.to_owned() } else { String::new() };
    let row = |u: &User| {
        let seen = output::ago(u.last_sign_in_at.as_deref());
        vec![u.name.clone(), u.display_name.clone(), word(u.admin, "admin"), word(u.disabled, "disabled"), seen]
    };
    output::rows(&["user", "name", "admin", "disabled", "signed in"], users.iter().map(row).collect(), "No users.")
}
