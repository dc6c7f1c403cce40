//! `slipway webhook`.

use super::{Failure, here::Here, list::List, output};
use app::api::{
    ListQuery,
    notices::NoticeKind,
    webhooks::{Delivery, DeliveryState, NewWebhook, SetWebhook, Webhook},
};
use clap::Subcommand;
use std::{
    io::Read,
    time::{Duration, Instant},
};

/// How long an attempt may take until it is known what came of it.
const ATTEMPT: Duration = Duration::from_secs(25);
const PAUSE: Duration = Duration::from_millis(200);

/// Verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The team's webhooks; their secrets never come out
    List(List),
    /// Make a webhook; its secret is shown this once
    Create {
        /// Name
        name: String,
        /// Where notices are posted to, http or https
        #[arg(value_name = "URL")]
        to: String,
        /// A kind of notice, once for each, such as run_failed [default: all]
        #[arg(long = "kind", value_name = "KIND")]
        kinds: Vec<NoticeKind>,
        /// Read the secret from standard input instead of having one made: whsec_ and 24 to 64 bytes in base64
        #[arg(long)]
        secret_stdin: bool,
    },
    /// Change a webhook
    Set {
        /// Name
        name: String,
        /// Where notices are posted to [default: as it is]
        #[arg(long, value_name = "URL")]
        to: Option<String>,
        /// A kind of notice, once for each [default: as they are]
        #[arg(long = "kind", value_name = "KIND")]
        kinds: Vec<NoticeKind>,
        /// Whether anything is sent [default: as it is]
        #[arg(long)]
        enabled: Option<bool>,
    },
    /// Have another secret sign, shown this once; the one before signs along for a day, no older one
    Rotate {
        /// Name
        name: String,
    },
    /// Send a test, once
    Test {
        /// Name
        name: String,
    },
    /// What was and is delivered, newest first
    Deliveries {
        /// Name
        name: String,
        #[command(flatten)]
        list: List,
    },
    /// Send a delivery once more, under the same id
    Redeliver {
        /// Name
        name: String,
        /// Id, as `deliveries` shows it
        id: String,
    },
    /// Remove a webhook and the log of its deliveries
    Remove {
        /// Name
        name: String,
    },
}

/// Runs a verb.
///
/// # Errors
/// What the API answers; standard input that cannot be read.
pub async fn run(command: Command, here: Here) -> Result<(), Failure> {
    let Here { client, team, .. } = &here;
    match command {
        Command::List(list) => list.show(&here, async |q| client.webhook_list(team, &q).await, table, None).await?,
        Command::Create { name, to, kinds, secret_stdin } => {
            let kinds = if kinds.is_empty() { NoticeKind::ALL.into() } else { kinds };
            let secret = if secret_stdin { Some(given()?) } else { None };
            let made = client.webhook_create(team, &NewWebhook { name, url: to, kinds, secret }).await?;
            here.show(&made, |m| m.secret.clone());
            eprintln!("What signs, shown this once: with it the receiver checks who sent.");
        }
        Command::Set { name, to, kinds, enabled } => {
            let now = client.webhook(team, &name).await?;
            let ask = SetWebhook {
                url: to.unwrap_or(now.url),
                kinds: if kinds.is_empty() { now.kinds } else { kinds },
                enabled: enabled.unwrap_or(now.enabled),
                revision: Some(now.revision),
            };
            here.show(&client.webhook_set(team, &name, &ask).await?, |w| table(std::slice::from_ref(w)));
        }
        Command::Rotate { name } => {
            here.show(&client.webhook_rotate(team, &name).await?, |r| r.secret.clone());
            eprintln!("What signs from now on, shown this once. The one before signs along for a day, and no older one.");
        }
        Command::Test { name } => {
            let sent = client.webhook_test(team, &name).await?;
            came(&here, &name, sent).await?;
        }
        Command::Deliveries { name, list } => {
            let moves = |d: &Delivery| d.state == DeliveryState::Waiting;
            list.show(&here, async |q| client.webhook_deliveries(team, &name, &q).await, deliveries, Some(moves)).await?;
        }
        Command::Redeliver { name, id } => {
            let sent = client.webhook_redeliver(team, &name, &id).await?;
            came(&here, &name, sent).await?;
        }
        Command::Remove { name } => {
            client.webhook_remove(team, &name).await?;
            here.say(format!("The webhook {name} is removed."));
        }
    }
    Ok(())
}

/// Says what came of a delivery: waits for its next attempt, as long as one may take.
async fn came(here: &Here, name: &str, mut delivery: Delivery) -> Result<(), Failure> {
    let (before, until) = (delivery.attempts.len(), Instant::now() + ATTEMPT);
    while delivery.attempts.len() <= before && delivery.state == DeliveryState::Waiting && Instant::now() < until {
        tokio::time::sleep(PAUSE).await;
        let lately = here.client.webhook_deliveries(&here.team, name, &ListQuery::default()).await?.items;
        let Some(now) = lately.into_iter().find(|d| d.id == delivery.id) else { break };
        delivery = now;
    }
    here.show(&delivery, |d| match (answer(d), d.state) {
        (answer, DeliveryState::Delivered) => format!("{} was delivered: {answer}.", d.id),
        (answer, _) if answer.is_empty() => format!("{} is on its way.\n  slipway webhook deliveries {name}", d.id),
        (answer, DeliveryState::Waiting) => format!("{} was not taken and is tried again: {answer}.", d.id),
        (answer, _) => format!("{} was not taken: {answer}.", d.id),
    });
    match delivery.state {
        DeliveryState::Waiting | DeliveryState::Delivered => Ok(()),
        _ => Err(Failure::failed(format!("the webhook {name} was not delivered to"))),
    }
}

/// What the receiver said last, or what was in the way; nothing where it was not asked yet.
fn answer(delivery: &Delivery) -> String {
    let last = delivery.attempts.last();
    let said = last.and_then(|a| a.problem.clone().or_else(|| a.status.map(|s| s.to_string()))).unwrap_or_default();
    said.trim_end_matches('.').to_owned()
}

fn given() -> Result<String, Failure> {
    let mut text = String::new();
    std::io::stdin().lock().read_to_string(&mut text).map_err(|e| Failure::failed(format!("read the secret: {e}")))?;
    match text.trim() {
        "" => Err(Failure::usage("no secret came on standard input; leave --secret-stdin out to have one made")),
        secret => Ok(secret.to_owned()),
    }
}

fn table(webhooks: &[Webhook]) -> String {
    let row = |w: &Webhook| {
        let kinds = w.kinds.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let last = w.last.map_or("-", DeliveryState::label).to_lowercase();
        vec![w.name.clone(), if w.enabled { "on" } else { "off" }.to_owned(), last, w.url.clone(), kinds]
    };
    output::rows(&["name", "is", "last", "url", "kinds"], webhooks.iter().map(row).collect(), "No webhooks.")
}

fn deliveries(all: &[Delivery]) -> String {
    let row = |d: &Delivery| {
        let last = d.attempts.last();
        vec![
            d.id.clone(),
            d.kind.clone(),
            d.state.label().to_lowercase(),
            d.attempts.len().to_string(),
            output::ago(last.map(|a| a.at.as_str())),
            answer(d),
        ]
    };
    output::rows(&["id", "kind", "state", "attempts", "last", "answer"], all.iter().map(row).collect(), "Nothing was delivered yet.")
}
