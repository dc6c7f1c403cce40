//! `slipway promotion`.

use super::{
    Failure,
    here::Here,
    list::List,
    logs::{self, Log},
    model, output,
    watch::{self, Fate},
};
use app::api::promotions::{GateState, NewPromotion, Promotion, PromotionQuery, PromotionState, Say};
use clap::{Args, Subcommand};

/// Verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The team's promotions, newest first
    List {
        /// Of one model
        #[arg(long)]
        model: Option<String>,
        /// Only those that are not over
        #[arg(long)]
        open: bool,
        #[command(flatten)]
        list: List,
    },
    /// A promotion with its gates
    Show {
        /// Id
        id: String,
        /// Until it is promoted, or not
        #[arg(long, short)]
        watch: bool,
    },
    /// Ask for a version to be promoted
    Request {
        /// Name of the model
        model: String,
        /// Version [default: the newest]
        #[arg(long)]
        version: Option<i64>,
        /// Staging or Production
        #[arg(long, default_value = "Production")]
        stage: String,
        /// What the approvers shall know
        #[arg(long, default_value = "")]
        comment: String,
        /// Until it is promoted, or not
        #[arg(long, short)]
        watch: bool,
    },
    /// Approve what somebody else asked for
    Approve(Answer),
    /// Refuse it
    Refuse(Answer),
    /// Take it back
    Withdraw(Answer),
    /// Look at all gates again
    Recheck {
        /// Id
        id: String,
        /// Until it is promoted, or not
        #[arg(long, short)]
        watch: bool,
    },
    /// What the workload of a gate printed
    Log {
        /// Id
        id: String,
        /// Which gate, from 1, in the order of `show` [default: the first that has a log]
        #[arg(long)]
        gate: Option<i64>,
        #[command(flatten)]
        log: Log,
    },
    /// Say something about it
    Comment {
        /// Id
        id: String,
        /// Plain text
        text: String,
    },
}

/// Which one, and what is said with it.
#[derive(Debug, Args)]
pub struct Answer {
    /// Id
    id: String,
    /// Why
    #[arg(long, default_value = "")]
    comment: String,
}

impl Answer {
    fn say(&self) -> Say {
        Say { comment: self.comment.clone() }
    }
}

/// Runs a verb.
///
/// # Errors
/// What the API answers; 6 where a watched promotion was not promoted.
pub async fn run(command: Command, here: Here) -> Result<(), Failure> {
    let Here { client, team, .. } = &here;
    let made = match command {
        Command::List { model, open, list } => {
            let query = PromotionQuery { model, open: open.then_some(true), ..PromotionQuery::default() };
            let ask = async |q: app::api::ListQuery| {
                client.promotion_list(team, &PromotionQuery { page_size: q.page_size, page_token: q.page_token, ..query.clone() }).await
            };
            return list.show(&here, ask, table, Some(|p: &Promotion| p.state == PromotionState::Checking)).await;
        }
        Command::Show { id, watch } => return follow(&here, &id, watch).await,
        Command::Request { model, version, stage, comment, watch } => {
            let version = model::newest(&here, &model, version).await?;
            let made = client.promotion_request(team, &NewPromotion { model, version, stage, comment }).await?;
            if watch {
                return follow(&here, &made.id, true).await;
            }
            made
        }
        Command::Approve(answer) => client.promotion_approve(team, &answer.id, &answer.say()).await?,
        Command::Refuse(answer) => client.promotion_refuse(team, &answer.id, &answer.say()).await?,
        Command::Withdraw(answer) => client.promotion_withdraw(team, &answer.id, &answer.say()).await?,
        Command::Recheck { id, watch } => {
            let made = client.promotion_recheck(team, &id).await?;
            if watch {
                return follow(&here, &id, true).await;
            }
            made
        }
        Command::Log { id, gate, log } => {
            let position = match gate {
                Some(number) => number - 1,
                None => {
                    let gates = client.promotion(team, &id).await?.gates;
                    let first = gates.iter().find(|g| g.log).map(|g| g.position);
                    first.ok_or_else(|| Failure::usage("No workload looked at a gate of this promotion."))?
                }
            };
            return logs::show(here.output, &log, None, async |q| client.promotion_log(team, &id, position, &q).await).await;
        }
        Command::Comment { id, text } => client.promotion_comment(team, &id, &Say { comment: text }).await?,
    };
    here.show(&made, facts);
    Ok(())
}

async fn follow(here: &Here, id: &str, watch: bool) -> Result<(), Failure> {
    watch::show(here, watch, async || here.client.promotion(&here.team, id).await, facts, fate).await
}

/// One that waits for people is done as far as this terminal can see.
fn fate(p: &Promotion) -> Fate {
    match p.state {
        PromotionState::Checking => Fate::Pending,
        PromotionState::Promoted | PromotionState::WaitingForApproval => Fate::Good,
        _ => Fate::Bad(p.reason.clone().unwrap_or_else(|| format!("It is {}.", p.state.label()))),
    }
}

fn table(promotions: &[Promotion]) -> String {
    let row = |p: &Promotion| {
        vec![
            p.id.clone(),
            format!("{} v{}", p.model, p.version),
            p.stage.clone(),
            p.state.label().to_owned(),
            format!("{}/{}", p.gates_passed, p.gates_total),
            p.requested_by.clone(),
            output::ago(Some(&p.state_since)),
            p.reason.clone().unwrap_or_default(),
        ]
    };
    let head = ["id", "version", "stage", "state", "gates", "by", "since", "reason"];
    output::rows(&head, promotions.iter().map(row).collect(), "No promotions.")
}

fn facts(p: &Promotion) -> String {
    let gates = p
        .gates
        .iter()
        .map(|g| vec![(g.position + 1).to_string(), word(g.state).to_owned(), g.gate.title(), g.detail.clone().unwrap_or_default()]);
    let votes = p.votes.iter().map(|v| {
        let word = if v.approves { "approved" } else { "refused" };
        format!("{} {word}{}", v.user, if v.counts { "" } else { " (does not count any more)" })
    });
    let mut text = output::facts(&[
        ("Promotion", p.id.clone()),
        ("Version", format!("{} v{}", p.model, p.version)),
        ("To", format!("{} (@{})", p.stage, p.alias)),
        (if p.state.is_open() { "There now" } else { "There before" }, p.current.map(|v| format!("v{v}")).unwrap_or_default()),
        ("State", p.state.label().to_owned()),
        ("Reason", p.reason.clone().unwrap_or_default()),
        ("Asked by", p.requested_by.clone()),
        ("Approvals", votes.collect::<Vec<_>>().join(", ")),
    ]);
    if !p.gates.is_empty() {
        text.push_str("\n\n");
        text.push_str(&output::rows(&["gate", "is", "what", "seen"], gates.collect(), ""));
    }
    text
}

const fn word(state: GateState) -> &'static str {
    match state {
        GateState::Open => "open",
        GateState::Running => "running",
        GateState::Passed => "green",
        GateState::Failed | GateState::Broken => "red",
    }
}
