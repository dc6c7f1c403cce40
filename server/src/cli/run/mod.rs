//! `slipway run`: training runs.

mod artifacts;
mod show;
mod submit;

use super::{
    Failure, experiment,
    here::Here,
    list::List,
    logs::{self, Log},
    watch::{self, Fate},
    why,
};
use app::api::{
    ListQuery,
    runs::{RunQuery, RunSummary, SeriesQuery},
};
use clap::Subcommand;
use std::path::PathBuf;

/// Verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Submit a run: uploads a folder and executes a command in it
    Submit(Box<submit::Submit>),
    /// The team's runs
    List {
        #[command(flatten)]
        list: List,
        /// Only of this experiment, by name or id
        #[arg(long)]
        experiment: Option<String>,
        /// MLflow's search grammar: "metrics.loss < 0.3 and params.lr = '0.1'"
        #[arg(long)]
        filter: Option<String>,
        /// "metrics.loss ASC", "attributes.start_time DESC"
        #[arg(long)]
        order_by: Option<String>,
        /// Columns besides: metrics.loss,params.lr
        #[arg(long, value_delimiter = ',')]
        columns: Vec<String>,
    },
    /// A run
    Show {
        /// Id
        id: String,
        /// Until it has ended
        #[arg(long, short)]
        watch: bool,
    },
    /// Why it is as it is
    Why {
        /// Id
        id: String,
    },
    /// Its log
    Log {
        /// Id
        id: String,
        /// Node, from 0 [default: the first, or the one that failed]
        #[arg(long)]
        node: Option<u32>,
        #[command(flatten)]
        log: Log,
    },
    /// Cancel a run
    Cancel {
        /// Id
        id: String,
        /// Until it has ended
        #[arg(long, short)]
        watch: bool,
    },
    /// Delete a run that has ended; MLflow's clients can restore it
    Delete {
        /// Id
        id: String,
    },
    /// Submit the same again as a new run
    Retry {
        /// Id
        id: String,
        /// Follow the log of the new run to its end
        #[arg(long, short)]
        watch: bool,
    },
    /// The metrics of a run: the latest values, or whole curves
    Metrics {
        /// Id
        id: String,
        /// Names of metrics
        keys: Vec<String>,
        /// Every point, instead of the latest value
        #[arg(long)]
        curve: bool,
        /// Points per curve at most
        #[arg(long, default_value_t = 500)]
        points: u32,
    },
    /// The files of a run
    Artifacts {
        /// Id
        id: String,
        /// Folder [default: the root, and all below]
        path: Option<String>,
    },
    /// Download files of a run
    Download {
        /// Id
        id: String,
        /// File or folder [default: everything]
        path: Option<String>,
        /// Folder to write to
        #[arg(long, default_value = ".")]
        to: PathBuf,
    },
}

/// Runs a verb.
///
/// # Errors
/// What the API answers.
pub async fn run(command: Command, here: Here) -> Result<(), Failure> {
    let Here { client, team, .. } = &here;
    match command {
        Command::Submit(submit) => submit::run(&here, *submit).await,
        Command::List { list, experiment, filter, order_by, columns } => {
            let experiment = match &experiment {
                Some(name) => Some(experiment::id_of(&here, name).await?),
                None => None,
            };
            let ask = async |q: ListQuery| {
                let (experiment, filter, order_by) = (experiment.clone(), filter.clone(), order_by.clone());
                let query = RunQuery { page_size: q.page_size, page_token: q.page_token, experiment, filter, order_by };
                client.run_list(team, &query).await
            };
            list.show(&here, ask, |runs| show::table(runs, &columns), Some(|r: &RunSummary| !r.state.is_final())).await
        }
        Command::Show { id, watch } => to_end(&here, &id, watch).await,
        Command::Why { id } => {
            here.show(&client.run_explain(team, &id).await?, why::words);
            Ok(())
        }
        Command::Log { id, node, log } => logs::show(here.output, &log, node, async |q| client.run_log(team, &id, &q).await).await,
        Command::Cancel { id, watch } => {
            client.run_cancel(team, &id).await?;
            let fate = |r: &app::api::runs::Run| Fate::of_stop(r.summary.state);
            watch::show(&here, watch, async || client.run(team, &id).await, |r| show::facts(&here, r), fate).await
        }
        Command::Delete { id } => {
            client.run_delete(team, &id).await?;
            here.say(format!("The run {id} is deleted."));
            Ok(())
        }
        Command::Retry { id, watch } => {
            let run = client.run_retry(team, &id).await?;
            submit::submitted(&here, &run, watch).await
        }
        Command::Metrics { id, keys, curve, points } => {
            let keys = (!keys.is_empty()).then(|| keys.join(","));
            let series = client.run_metrics(team, &id, &SeriesQuery { keys, points: Some(points) }).await?;
            here.show(&series, |s| if curve { show::curves(s) } else { show::latest(s) });
            Ok(())
        }
        Command::Artifacts { id, path } => artifacts::list(&here, &id, path).await,
        Command::Download { id, path, to } => artifacts::download(&here, &id, path, &to).await,
    }
}

async fn to_end(here: &Here, id: &str, watch: bool) -> Result<(), Failure> {
    let fate = |r: &app::api::runs::Run| Fate::of_run(r.summary.state, "The run", r.summary.reason.as_deref());
    watch::show(here, watch, async || here.client.run(&here.team, id).await, |r| show::facts(here, r), fate).await
}
