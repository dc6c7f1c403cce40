//! The command line: all commands on one screen. `docs/cli.md` tells its readers the same.

pub mod caller_token;
pub mod capacity;
pub mod card;
pub mod clean_up;
pub mod config;
pub mod credentials;
pub mod custom;
pub mod deployment;
pub mod doctor;
pub mod environment;
pub mod events;
pub mod experiment;
pub mod failure;
pub mod here;
mod image;
pub mod ledger;
pub mod list;
pub mod login;
pub mod logs;
pub mod member;
pub mod model;
pub mod notebook;
pub mod notice;
pub mod output;
pub mod pack;
pub mod pages;
pub mod pairs;
pub mod pipeline;
mod pipeline_schedule;
mod pipeline_task;
mod pipeline_tree;
pub mod placement;
pub mod promotion;
pub mod quota;
pub mod run;
pub mod runtime;
pub mod secret;
pub mod stage;
pub mod stream;
pub mod team;
pub mod token;
pub mod transport;
pub mod user;
pub mod watch;
pub mod webhook;
mod why;

pub use failure::Failure;

use clap::{Args, Parser, Subcommand};
use here::{Here, Reach};
use std::process::ExitCode;

/// Develop, train, ship and watch machine-learning models on shared hardware.
#[derive(Debug, Parser)]
#[command(name = "slipway", version, after_help = failure::CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the portal
    #[command(after_help = config::SOURCES)]
    Serve(config::Flags),
    /// Configuration: what is in force and why
    Config {
        #[command(subcommand)]
        command: config::Command,
    },
    /// Look at what the portal needs on this machine; each finding with its fix
    Doctor(doctor::Flags),
    /// Sign in to a portal
    Login(login::Login),
    /// Forget what `login` kept, and revoke its tokens
    Logout(login::Logout),
    /// Teams
    Team(Noun<team::Command>),
    /// Members of the team and their roles
    Member(Noun<member::Command>),
    /// Local users, for the platform admin
    User(Noun<user::Command>),
    /// One's own tokens
    Token(Noun<token::Command>),
    /// Secrets of the team
    Secret(Noun<secret::Command>),
    /// Notices: what one was told
    Notice(Noun<notice::Command>),
    /// Webhooks: notices of the team, posted to a program
    Webhook(Noun<webhook::Command>),
    /// Environments: named runtimes to work in
    Environment(Noun<environment::Command>),
    /// Notebooks
    Notebook(Noun<notebook::Command>),
    /// Training runs
    Run(Noun<run::Command>),
    /// Pipelines and what runs of them
    Pipeline(Noun<pipeline::Command>),
    /// Experiments
    Experiment(Noun<experiment::Command>),
    /// Registered models and their versions
    Model(Noun<model::Command>),
    /// Promotions: model versions on their way to a stage
    Promotion(Noun<promotion::Command>),
    /// Stages: what each asks of a version
    Stage(Noun<stage::Command>),
    /// Deployments: served models
    Deployment(Box<Noun<deployment::Command>>),
    /// Runtimes: the servers that models run in
    Runtime(Noun<runtime::Command>),
    /// The quota of the team
    Quota(Noun<quota::Command>),
    /// On which nodes workloads of a size or an environment run, and what more their pods have (Kubernetes)
    Placement(Noun<placement::Command>),
    /// Which environment stands for which container image (where there are no containers)
    Image(Noun<image::Command>),
    /// Who changed what in the team, newest first
    Events(events::Events),
    /// What there is, what is held, and what each size would do
    Capacity(capacity::Capacity),
    /// What takes room and nobody needs: says what it would free and what is kept, and frees it
    CleanUp(clean_up::CleanUp),
}

/// `slipway <noun> <verb>`.
#[derive(Debug, Args)]
struct Noun<C: Subcommand> {
    #[command(flatten)]
    reach: Reach,
    #[command(subcommand)]
    command: C,
}

impl<C: Subcommand> Noun<C> {
    /// Signs in with what `login` kept, then does the verb.
    async fn then(self, verb: impl AsyncFnOnce(C, Here) -> Result<(), Failure>) -> Result<(), Failure> {
        let here = Here::open(&self.reach).await?;
        verb(self.command, here).await
    }
}

/// Runs the command line; the exit codes are listed in [`failure::CODES`].
pub fn main() -> ExitCode {
    match Cli::parse().command.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("slipway: {}", failure.message);
            ExitCode::from(failure.code)
        }
    }
}

impl Command {
    fn run(self) -> Result<(), Failure> {
        match self {
            Command::Serve(flags) => {
                let (_, config) = config::load(&flags)?;
                block_on(async { crate::serve::serve(config).await.map_err(Failure::from) })
            }
            Command::Config { command } => config::run(&command),
            Command::Doctor(flags) => block_on(doctor::run(&flags)),
            rest => block_on(rest.call()),
        }
    }

    async fn call(self) -> Result<(), Failure> {
        match self {
            Command::Login(login) => login::login(login).await,
            Command::Logout(logout) => login::logout(logout).await,
            Command::Team(n) => team::run(n.command, &n.reach).await,
            Command::Member(n) => n.then(member::run).await,
            Command::User(n) => user::run(n.command, &n.reach).await,
            Command::Token(n) => n.then(token::run).await,
            Command::Secret(n) => n.then(secret::run).await,
            Command::Notice(n) => notice::run(n.command, &n.reach).await,
            Command::Webhook(n) => n.then(webhook::run).await,
            Command::Environment(n) => n.then(environment::run).await,
            Command::Notebook(n) => n.then(notebook::run).await,
            Command::Run(n) => n.then(run::run).await,
            Command::Pipeline(n) => n.then(pipeline::run).await,
            Command::Experiment(n) => n.then(experiment::run).await,
            Command::Model(n) => n.then(model::run).await,
            Command::Promotion(n) => n.then(promotion::run).await,
            Command::Stage(n) => n.then(stage::run).await,
            Command::Deployment(n) => n.then(deployment::run).await,
            Command::Runtime(n) => runtime::run(n.command, &n.reach).await,
            Command::Quota(n) => quota::run(n.command, &n.reach).await,
            Command::Placement(n) => placement::run(n.command, &n.reach).await,
            Command::Image(n) => image::run(n.command, &n.reach).await,
            Command::Events(e) => events::run(&e).await,
            Command::Capacity(c) => capacity::run(&c).await,
            Command::CleanUp(c) => clean_up::run(&c).await,
            Command::Serve(_) | Command::Config { .. } | Command::Doctor(_) => Ok(()),
        }
    }
}

fn block_on(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(anyhow::Error::from)?;
    runtime.block_on(work)
}

#[cfg(test)]
mod shown_tests;

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn no_command_contradicts_itself() {
        super::Cli::command().debug_assert();
    }

    /// Where one does, its own value is taken for that of all commands: an address of somebody else for the portal's.
    #[test]
    fn no_command_has_an_argument_of_its_own_with_the_name_of_one_of_all() {
        fn look(command: &clap::Command, mut shared: Vec<clap::Id>) {
            for argument in command.get_arguments() {
                let id = argument.get_id();
                assert!(!shared.contains(id), "{}: {id}", command.get_name());
            }
            shared.extend(command.get_arguments().filter(|a| a.is_global_set()).map(|a| a.get_id().clone()));
            command.get_subcommands().for_each(|below| look(below, shared.clone()));
        }
        look(&super::Cli::command(), Vec::new());
    }
}
