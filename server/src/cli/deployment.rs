//! `slipway deployment`.

use super::{
    Failure, caller_token,
    custom::Program,
    here::Here,
    ledger::{self, Ledger},
    list::{List, Named},
    logs::{self, Log},
    model, output,
    pairs::{Amount, Given},
    watch::{self, Fate},
    why,
};
use app::api::{
    ListQuery, Problem,
    callers::{Callers, SetCallers},
    canary::{SetCanary, Sticky},
    deployments::{Deployment, Follows, NewDeployment, Redeploy, Revision, RevisionState},
    ledger::RollBack,
    limits::{Limits, SetLimits},
    replicas::{Replica, Scale},
};
use clap::Subcommand;
use http::Method;
use std::io::Read;

/// Verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The team's deployments
    List(List),
    /// A deployment
    Show(Named),
    /// Deploy a model version, or a program of one's own, under a new name
    Create {
        /// Name
        name: String,
        /// Registered model
        #[arg(long, required_unless_present = "command")]
        model: Option<String>,
        /// Version [default: the newest]
        #[arg(long, conflicts_with = "alias")]
        version: Option<i64>,
        /// Follow this alias, now and whenever it moves
        #[arg(long)]
        alias: Option<String>,
        /// Runtime by name [default: the first in order that serves the model]
        #[arg(long)]
        runtime: Option<String>,
        /// Environment by name [default: that of the runtime, else serve]
        #[arg(long, visible_alias = "env")]
        environment: Option<String>,
        #[command(flatten)]
        amount: Amount,
        /// How many replicas [default: 1]
        #[arg(long)]
        replicas: Option<i64>,
        #[command(flatten)]
        given: Given,
        /// Until it serves or has failed
        #[arg(long, short)]
        watch: bool,
        #[command(flatten)]
        program: Program,
    },
    /// Serve another version, or another program, without a dropped request
    Redeploy {
        /// Name
        name: String,
        /// Registered model [default: the one served now]
        #[arg(long)]
        model: Option<String>,
        /// Version, served until another is deployed
        #[arg(long, conflicts_with = "alias")]
        version: Option<i64>,
        /// Follow this alias, now and whenever it moves
        #[arg(long)]
        alias: Option<String>,
        /// Runtime by name [default: the one it runs in now, where that serves the version]
        #[arg(long)]
        runtime: Option<String>,
        /// Environment by name [default: the one it runs in now]
        #[arg(long, visible_alias = "env")]
        environment: Option<String>,
        /// Beside the one that serves, with so many percent of the traffic [default: instead of it]
        #[arg(long)]
        canary: Option<i64>,
        #[command(flatten)]
        amount: Amount,
        #[command(flatten)]
        given: Given,
        /// Drop the variables and secrets that it has now; those given here count either way
        #[arg(long)]
        bare: bool,
        /// Until the new version serves or has failed
        #[arg(long, short)]
        watch: bool,
        #[command(flatten)]
        program: Program,
    },
    /// Set the share of the canary, the newer of two revisions that serve
    Canary {
        /// Name
        name: String,
        /// Of the traffic: 100 lets it take over, 0 takes it back
        #[arg(long)]
        percent: i64,
    },
    /// Keep requests with the same value of a header with the same revision while two share the traffic
    Sticky {
        /// Name
        name: String,
        /// Name of the header [default: none any more]
        #[arg(long)]
        header: Option<String>,
    },
    /// Set how many replicas it has
    Scale {
        /// Name
        name: String,
        /// How many
        #[arg(long)]
        replicas: i64,
    },
    /// Its replicas and how each does
    Replicas {
        /// Name
        name: String,
    },
    /// Set how much it takes at once, how long and how large a request may be; what is left out is not limited
    Limits {
        /// Name
        name: String,
        /// Requests at once
        #[arg(long)]
        concurrency: Option<i64>,
        /// Requests that wait for their turn
        #[arg(long)]
        queue: Option<i64>,
        /// Seconds that a request may wait for its turn, and then for its answer
        #[arg(long)]
        timeout: Option<i64>,
        /// Largest body, like 4Mi
        #[arg(long)]
        max_body: Option<String>,
    },
    /// Set who may call it beside its team and its tokens; what is left out may not
    Callers {
        /// Name
        name: String,
        /// Everybody who reaches the portal, without a token
        #[arg(long, requires = "sure")]
        public: bool,
        /// Its name, once more, to open it to everybody
        #[arg(long)]
        sure: Option<String>,
        /// An origin whose pages may call it (CORS), several times for several; * is any
        #[arg(long)]
        origin: Vec<String>,
    },
    /// Its tokens: each lets one caller ask it for predictions
    #[command(subcommand)]
    Token(caller_token::Command),
    /// Start a stopped deployment
    Start(Named),
    /// Stop a deployment
    Stop(Named),
    /// Delete a deployment
    Delete {
        /// Name
        name: String,
    },
    /// Go back to a revision that has served, without a dropped request
    RollBack {
        /// Name
        name: String,
        /// Number of the revision; the ledger has them
        #[arg(long)]
        to: i64,
        /// Until it serves or has failed
        #[arg(long, short)]
        watch: bool,
    },
    /// What served when, newest first: version, run, commit, data, and who allowed it
    Ledger(Ledger),
    /// Its revisions and how far each came, newest first
    Revisions {
        /// Name
        name: String,
        #[command(flatten)]
        list: List,
    },
    /// Why it is as it is
    Why {
        /// Name
        name: String,
    },
    /// The log of a revision
    Log {
        /// Name
        name: String,
        /// Number of the revision [default: the newest]
        #[arg(long)]
        revision: Option<i64>,
        #[command(flatten)]
        log: Log,
    },
    /// Ask for a prediction
    Predict {
        /// Name
        name: String,
        /// Body of the request: JSON, @FILE, or - for standard input [default: the model's own example]
        #[arg(long, short)]
        data: Option<String>,
    },
}

/// Runs a verb.
///
/// # Errors
/// What the API answers.
pub async fn run(command: Command, here: Here) -> Result<(), Failure> {
    let Here { client, team, .. } = &here;
    match command {
        Command::List(list) => {
            list.show(&here, async |q| client.deployment_list(team, &q).await, table, Some(|d: &Deployment| watch::moves(d.state))).await
        }
        Command::Show(Named { name, watch }) => up(&here, &name, watch).await,
        Command::Create { name, model, version, alias, runtime, environment, amount, replicas, given, watch, program } => {
            let version = match &model {
                Some(model) if alias.is_none() => Some(model::newest(&here, model, version).await?),
                _ => None,
            };
            let new = NewDeployment {
                name: name.clone(),
                version,
                alias,
                model: model.unwrap_or_default(),
                custom: program.asked(),
                runtime,
                size: amount.size.clone(),
                amount: amount.asked(),
                replicas,
                environment,
                env: given.env()?,
                secrets: given.uses(),
            };
            let made = client.deployment_create(team, &new).await?;
            if watch {
                return up(&here, &name, true).await;
            }
            here.show(&made, |d| facts(&here, d));
            Ok(())
        }
        Command::Redeploy { name, model, version, alias, runtime, environment, canary, amount, given, bare, watch, program } => {
            let before = match program.is_asked() {
                true => {
                    let now = client.deployment(team, &name).await?;
                    now.serving.or(now.next).or(now.latest).filter(Revision::is_custom).and_then(|r| r.program)
                }
                false => None,
            };
            let (size, amount, custom) = (amount.size.clone(), amount.asked(), program.in_place_of(before));
            let env = (bare || !given.vars.is_empty()).then(|| given.env()).transpose()?;
            let secrets = (bare || !given.secrets.is_empty()).then(|| given.uses());
            let body = Redeploy { model, version, alias, custom, runtime, environment, size, amount, env, secrets, canary, revision: None };
            let made = client.deployment_redeploy(team, &name, &body).await?;
            overtaken(&here, &name, &made, watch).await
        }
        Command::RollBack { name, to, watch } => {
            let made = client.deployment_roll_back(team, &name, &RollBack { to, revision: None }).await?;
            overtaken(&here, &name, &made, watch).await
        }
        Command::Ledger(of) => ledger::show(&here, of).await,
        Command::Limits { name, concurrency, queue, timeout, max_body } => {
            let body = SetLimits { concurrency, queue, timeout_seconds: timeout, max_body, revision: None };
            here.show(&client.deployment_limits(team, &name, &body).await?, |d| facts(&here, d));
            Ok(())
        }
        Command::Canary { name, percent } => {
            here.show(&client.deployment_canary(team, &name, &SetCanary { percent, revision: None }).await?, |d| facts(&here, d));
            Ok(())
        }
        Command::Sticky { name, header } => {
            here.show(&client.deployment_sticky(team, &name, &Sticky { header, revision: None }).await?, |d| facts(&here, d));
            Ok(())
        }
        Command::Scale { name, replicas } => {
            here.show(&client.deployment_scale(team, &name, &Scale { replicas, revision: None }).await?, |d| facts(&here, d));
            Ok(())
        }
        Command::Replicas { name } => {
            here.show(&client.replica_list(team, &name).await?, |page| replicas(&page.items));
            Ok(())
        }
        Command::Callers { name, public, sure, origin } => {
            let body = SetCallers { public, origins: origin, sure, revision: None };
            here.show(&client.deployment_callers(team, &name, &body).await?, |d| facts(&here, d));
            Ok(())
        }
        Command::Token(command) => caller_token::run(command, &here).await,
        Command::Start(Named { name, watch }) => {
            client.deployment_start(team, &name).await?;
            up(&here, &name, watch).await
        }
        Command::Stop(Named { name, watch }) => {
            client.deployment_stop(team, &name).await?;
            watch::show(&here, watch, async || client.deployment(team, &name).await, |d| facts(&here, d), |d| Fate::of_stop(d.state)).await
        }
        Command::Delete { name } => {
            client.deployment_delete(team, &name).await?;
            here.say(format!("The deployment {name} is deleted."));
            Ok(())
        }
        Command::Revisions { name, list } => list.show(&here, async |q| client.revision_list(team, &name, &q).await, revisions, None).await,
        Command::Why { name } => {
            here.show(&client.deployment_explain(team, &name).await?, why::words);
            Ok(())
        }
        Command::Log { name, revision, log } => {
            // Decided once: whoever follows a log stays with it when a newer revision comes.
            let revision = match revision {
                Some(number) => Some(number),
                None => client
                    .revision_list(team, &name, &ListQuery { page_size: Some(1), page_token: None })
                    .await?
                    .items
                    .first()
                    .map(|r| r.number),
            };
            logs::show(here.output, &log, None, async |q| client.deployment_log(team, &name, revision, &q).await).await
        }
        Command::Predict { name, data } => {
            let path = client.deployment(team, &name).await?.predict_path;
            let body = match data {
                Some(data) => json(&data)?,
                None => {
                    let example = client.deployment_example(team, &name).await?;
                    if path.ends_with("/infer") { example.v2 } else { example.v1 }
                }
            };
            let answer: serde_json::Value = client.call(Method::POST, path, &body).await.map_err(of_model)?;
            output::line(&output::json(&answer));
            Ok(())
        }
    }
}

/// The JSON of `--data`.
fn json(data: &str) -> Result<serde_json::Value, Failure> {
    let text = match data.strip_prefix('@') {
        Some(path) => std::fs::read_to_string(path).map_err(|e| Failure::usage(format!("read {path}: {e}")))?,
        None if data == "-" => {
            let mut text = String::new();
            std::io::stdin().lock().read_to_string(&mut text).map_err(|e| Failure::failed(format!("read standard input: {e}")))?;
            text
        }
        None => data.to_owned(),
    };
    serde_json::from_str(&text).map_err(|e| Failure::usage(format!("the data are not JSON: {e}")))
}

/// A model server answers `{"error": "a sentence"}`.
fn of_model(mut problem: Problem) -> Problem {
    let error = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok()?.get("error")?.as_str().map(str::to_owned);
    if let Some(sentence) = problem.detail.as_deref().and_then(error) {
        problem.detail = Some(sentence);
    }
    problem
}

async fn up(here: &Here, name: &str, watch: bool) -> Result<(), Failure> {
    let fate = |d: &Deployment| Fate::of_server(d.state, &format!("The deployment {name}"), d.reason.as_deref());
    watch::show(here, watch, async || here.client.deployment(&here.team, name).await, |d| facts(here, d), fate).await
}

/// A new revision is on its way: shows it, and what becomes of it where somebody waits for that.
async fn overtaken(here: &Here, name: &str, made: &Deployment, watch: bool) -> Result<(), Failure> {
    if !watch {
        here.show(made, |d| facts(here, d));
        return Ok(());
    }
    let wanted = made.next.as_ref().map(|r| r.number);
    watch::show(here, true, async || here.client.deployment(&here.team, name).await, |d| facts(here, d), |d| taken_over(d, wanted)).await
}

/// Whether revision `wanted` serves by now. The one before goes on where it failed.
fn taken_over(d: &Deployment, wanted: Option<i64>) -> Fate {
    let mut serve = d.serving.iter().chain(d.canary.as_ref().map(|c| &c.revision));
    let serves = serve.any(|r| wanted.is_none_or(|w| r.number >= w));
    match &d.next {
        Some(next) if next.state == RevisionState::Failed => {
            Fate::Bad(format!("Revision {} failed: {}", next.number, next.reason.as_deref().unwrap_or("see its log")))
        }
        Some(_) => Fate::Pending,
        None if serves => Fate::Good,
        None => Fate::Bad(d.reason.clone().unwrap_or_else(|| "The new revision did not take over: see the revisions and the log.".into())),
    }
}

fn follows(f: &Follows) -> String {
    let now = f.version.map_or_else(|| "which points nowhere".to_owned(), |v| format!("v{v} now"));
    format!("{}@{}, {now}", f.model, f.alias)
}

fn limited(l: &Limits) -> String {
    let mut words = Vec::new();
    words.extend(l.concurrency.map(|n| format!("{n} at once, {} in line", l.queue.unwrap_or(0))));
    words.extend(l.timeout_seconds.map(|n| format!("{n} s")));
    words.extend(l.max_body.as_ref().map(|n| format!("bodies up to {n}")));
    words.join(", ")
}

fn called(c: &Callers) -> String {
    let mut words = Vec::new();
    words.extend(c.public.then(|| "everybody, without a token".to_owned()));
    words.extend((!c.origins.is_empty()).then(|| format!("pages of {}", c.origins.join(", "))));
    words.join("; ")
}

fn words(revision: &Option<Revision>) -> String {
    let Some(r) = revision else { return String::new() };
    let state = serde_json::to_value(r.state).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
    let reason = r.reason.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    format!("{}, revision {}, {state}{reason}", r.words(), r.number)
}

fn table(deployments: &[Deployment]) -> String {
    let row = |d: &Deployment| {
        vec![
            d.name.clone(),
            d.state.to_string(),
            d.serving.as_ref().map(Revision::words).unwrap_or_default(),
            d.next.as_ref().map(Revision::words).unwrap_or_default(),
            output::ago(Some(&d.state_since)),
            d.reason.clone().unwrap_or_default(),
        ]
    };
    output::rows(&["name", "state", "serves", "next", "since", "reason"], deployments.iter().map(row).collect(), "No deployments.")
}

fn facts(here: &Here, d: &Deployment) -> String {
    let newest = d.next.as_ref().or(d.serving.as_ref()).or(d.latest.as_ref());
    output::facts(&[
        ("Name", d.name.clone()),
        ("State", d.state.to_string()),
        ("Reason", d.reason.clone().unwrap_or_default()),
        ("Follows", d.follows.as_ref().map(follows).unwrap_or_default()),
        ("Serving", words(&d.serving)),
        ("Canary", d.canary.as_ref().map(|c| format!("{} %: {}", c.percent, words(&Some(c.revision.clone())))).unwrap_or_default()),
        ("Next", words(&d.next)),
        ("Smoke test", newest.and_then(|r| r.smoke.as_ref()).map(|s| s.detail.clone()).unwrap_or_default()),
        ("Runtime", newest.map(|r| format!("{}, {}", r.runtime, r.environment)).unwrap_or_default()),
        ("Holds", newest.map(|r| r.resources.words()).unwrap_or_default()),
        ("Replicas", format!("{} of {} ready", d.ready, d.replicas)),
        ("Sticky", d.sticky_header.clone().unwrap_or_default()),
        ("Limits", limited(&d.limits)),
        ("Callers", called(&d.callers)),
        ("Endpoint", here.link(&d.path)),
        ("Predict", here.link(&d.predict_path)),
        ("Created", d.created_at.clone()),
    ])
}

fn replicas(replicas: &[Replica]) -> String {
    let row = |r: &Replica| {
        vec![
            r.revision.to_string(),
            r.number.to_string(),
            if r.ejected { "ejected".to_owned() } else { r.state.to_string() },
            r.waiting.to_string(),
            r.crashes.to_string(),
            output::ago(r.since.as_deref()),
            r.reason.clone().unwrap_or_default(),
        ]
    };
    let head = ["revision", "replica", "state", "waiting", "crashes", "since", "reason"];
    output::rows(&head, replicas.iter().map(row).collect(), "No replicas.")
}

fn revisions(revisions: &[Revision]) -> String {
    let row = |r: &Revision| {
        let state = serde_json::to_value(r.state).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default();
        vec![
            r.number.to_string(),
            r.words(),
            r.runtime.clone(),
            state,
            r.env.keys().cloned().chain(r.secrets.iter().map(|s| format!("{} from {}", s.env, s.secret))).collect::<Vec<_>>().join(", "),
            r.by.clone(),
            output::ago(Some(&r.created_at)),
            r.reason.clone().unwrap_or_default(),
        ]
    };
    let head = ["revision", "serves", "runtime", "state", "variables", "by", "age", "reason"];
    output::rows(&head, revisions.iter().map(row).collect(), "No revisions.")
}
