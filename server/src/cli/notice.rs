//! `slipway notice`.

use super::{
    Failure,
    here::{Here, Reach},
    list::List,
    login::{self, Who},
    output,
};
use app::api::notices::{MarkRead, Notice, NoticeChoices, NoticeKind, SetNoticeChoices};
use clap::Subcommand;

/// Verbs. What one wants to be told is chosen in person: no token may do that.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// What one was told of the team, newest first
    List(List),
    /// Mark what one was told of the team as read
    Read {
        /// Id of a notice [default: all there are]
        id: Option<i64>,
    },
    /// What one wants to be told, of all teams, and where
    Choices(Who),
    /// Choose where one is told of a kind
    Choose {
        /// A kind of notice, such as run_failed
        kind: NoticeKind,
        /// Whether in the portal [default: as it is]
        #[arg(long)]
        portal: Option<bool>,
        /// Whether by mail [default: as it is]
        #[arg(long)]
        mail: Option<bool>,
        #[command(flatten)]
        who: Who,
    },
    /// Have a test mailed to one's address, at once
    Test(Who),
    /// Say where one is mailed to
    Address {
        /// Mail address [default: none, nothing is mailed any more]
        address: Option<String>,
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
        Command::List(list) => {
            let here = Here::open(reach).await?;
            list.show(&here, async |q| here.client.notice_list(&q).await, table, None).await
        }
        Command::Read { id } => {
            let here = Here::open(reach).await?;
            let left = here.client.notices_read(&MarkRead { id, up_to: None }).await?;
            here.show(&left, |left| match left.unread {
                0 => "Nothing waits to be read.".to_owned(),
                n => format!("{n} wait to be read."),
            });
            Ok(())
        }
        Command::Choices(who) => change(reach, &who, None, |_| {}).await,
        Command::Choose { kind, portal, mail, who } => {
            if portal.is_none() && mail.is_none() {
                return Err(Failure::usage("say where: --portal true or false, --mail true or false"));
            }
            let set = |wanted: &mut SetNoticeChoices| {
                for (kinds, told) in [(&mut wanted.portal, portal), (&mut wanted.mail, mail)] {
                    if let Some(told) = told {
                        kinds.retain(|k| *k != kind);
                        kinds.extend(told.then_some(kind));
                    }
                }
            };
            change(reach, &who, Some(mail.is_some()), set).await
        }
        Command::Test(who) => {
            let here = login::in_person(reach, &who).await?;
            here.in_session(async |client| client.notice_mail_test().await).await?;
            here.say("A test is in the hands of the mail server.");
            Ok(())
        }
        Command::Address { address, who } => change(reach, &who, Some(true), |wanted| wanted.address = address).await,
    }
}

/// Shows the choices, after `set` where something is to be changed: with mail, or without.
async fn change(reach: &Reach, who: &Who, with_mail: Option<bool>, set: impl FnOnce(&mut SetNoticeChoices)) -> Result<(), Failure> {
    let here = login::in_person(reach, who).await?;
    let shown = here
        .in_session(async |client| {
            let now = client.notice_choices().await?;
            let Some(with_mail) = with_mail else { return Ok(now) };
            let told = |of: fn(&app::api::notices::NoticeChoice) -> bool| now.choices.iter().filter(|c| of(c)).map(|c| c.kind).collect();
            let mut wanted = SetNoticeChoices {
                portal: told(|c| c.portal),
                // A portal without mail is told nothing about it, unless that is what was asked for: then it says why not.
                mail: if now.mail.is_some() || with_mail { told(|c| c.mail) } else { Vec::new() },
                address: now.mail.and_then(|m| m.address),
            };
            set(&mut wanted);
            client.notice_choices_set(&wanted).await
        })
        .await?;
    here.show(&shown, choices);
    Ok(())
}

fn table(notices: &[Notice]) -> String {
    let row = |n: &Notice| {
        let what = n.detail.as_ref().map_or_else(|| n.title.clone(), |detail| format!("{}: {detail}", n.title));
        vec![n.id.to_string(), output::ago(Some(&n.time)), if n.read { "read" } else { "new" }.to_owned(), n.kind.to_string(), what]
    };
    output::rows(&["id", "when", "is", "kind", "what"], notices.iter().map(row).collect(), "No notices.")
}

fn choices(all: &NoticeChoices) -> String {
    let word = |told: bool| if told { "yes" } else { "no" }.to_owned();
    let address = all.mail.as_ref().map(|m| m.address.clone());
    let problem =
        all.mail.as_ref().and_then(|m| m.problem.as_ref()).map(|why| format!("\nThe last one was not taken: {why}")).unwrap_or_default();
    let rows = all.choices.iter().map(|c| {
        // Without an address nothing is mailed, whatever was chosen.
        let mail = if matches!(address, Some(Some(_))) { word(c.mail) } else { "-".into() };
        vec![c.kind.to_string(), word(c.portal), mail]
    });
    let table = output::rows(&["kind", "portal", "mail"], rows.collect(), "");
    match address {
        None => format!("{table}\nThis portal sends no mail."),
        Some(None) => format!("{table}\nNothing is mailed: you gave no address.\n  slipway notice address ADDRESS"),
        Some(Some(address)) => format!("{table}\nMails go to {address}.{problem}"),
    }
}
