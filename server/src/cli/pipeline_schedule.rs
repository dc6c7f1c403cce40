//! `slipway pipeline schedule`: pipelines that run by themselves.

use super::{Failure, here::Here, list::List, output, pairs::once, pipeline};
use app::api::{
    ListQuery,
    recurring_runs::{NewRecurringRun, Overlap, RecurringRun, RecurringRunChange, RecurringRunQuery, Schedule, SchedulePreview},
};
use clap::{Args, Subcommand};
use std::{collections::BTreeMap, path::PathBuf};

/// Verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Let a pipeline run by itself
    Create(Create),
    /// Recurring runs, newest first
    List {
        /// Of one pipeline, by id or name
        #[arg(long)]
        pipeline: Option<String>,
        #[command(flatten)]
        list: List,
    },
    /// A recurring run, the next five times, and its last runs
    Show {
        /// Id
        id: String,
    },
    /// When a schedule would run, without making anything
    Next(When),
    /// Change a recurring run; what is not named stays
    Change(Change),
    /// Switch a recurring run on
    Enable {
        /// Id
        id: String,
    },
    /// Switch a recurring run off; what runs goes on
    Disable {
        /// Id
        id: String,
    },
    /// Make a run of it now, out of turn
    Run {
        /// Id
        id: String,
        /// Until it has ended
        #[arg(long, short)]
        watch: bool,
    },
    /// Delete a recurring run; what it made stays
    Delete {
        /// Id
        id: String,
    },
}

/// When something runs.
#[derive(Debug, Args)]
pub struct When {
    /// second minute hour day month weekday; 0 is Sunday
    #[arg(long, conflicts_with = "interval")]
    cron: Option<String>,
    /// Seconds from one run to the next
    #[arg(long, value_name = "SECONDS")]
    interval: Option<i64>,
    /// Whose clock, as in Europe/Berlin [default: UTC]
    #[arg(long)]
    time_zone: Option<String>,
    /// Nothing runs before this time
    #[arg(long)]
    start: Option<String>,
    /// Nothing runs after this time
    #[arg(long)]
    end: Option<String>,
}

/// What is to run, and when.
#[derive(Debug, Args)]
pub struct Create {
    /// Id or name of a pipeline
    #[arg(required_unless_present = "file")]
    pipeline: Option<String>,
    /// Id or name of a version [default: the newest at each time]
    #[arg(long, requires = "pipeline")]
    version: Option<String>,
    /// What kfp compiled, instead of a pipeline of the team
    #[arg(long, conflicts_with = "pipeline")]
    file: Option<PathBuf>,
    #[command(flatten)]
    when: When,
    /// A parameter NAME=VALUE; lists and objects are JSON; may be repeated
    #[arg(long = "param", short, value_name = "NAME=VALUE", value_parser = super::pairs::pair)]
    params: Vec<(String, String)>,
    /// Name [default: that of the pipeline]
    #[arg(long)]
    name: Option<String>,
    /// What it is for
    #[arg(long)]
    description: Option<String>,
    /// Experiment that the runs go into
    #[arg(long)]
    experiment: Option<String>,
    /// Most runs of it at once, 1 to 10 [default: 1]
    #[arg(long)]
    max_active: Option<i64>,
    /// What becomes of a time that comes while there are as many: wait or skip [default: wait]
    #[arg(long)]
    overlap: Option<Overlap>,
    /// Of the times that were missed make up for the last only
    #[arg(long)]
    no_catch_up: bool,
    /// Take over nothing that was made before
    #[arg(long)]
    no_cache: bool,
    /// Most tasks of a run at once
    #[arg(long)]
    max_tasks: Option<i64>,
    /// Leave it switched off
    #[arg(long)]
    disabled: bool,
}

/// What to change.
#[derive(Debug, Args)]
pub struct Change {
    /// Id
    id: String,
    #[command(flatten)]
    when: When,
    /// Id or name of a version, or newest
    #[arg(long)]
    version: Option<String>,
    /// A parameter NAME=VALUE; those not named stay; may be repeated
    #[arg(long = "param", short, value_name = "NAME=VALUE", value_parser = super::pairs::pair)]
    params: Vec<(String, String)>,
    /// Name
    #[arg(long)]
    name: Option<String>,
    /// What it is for
    #[arg(long)]
    description: Option<String>,
    /// Most runs of it at once, 1 to 10
    #[arg(long)]
    max_active: Option<i64>,
    /// What becomes of a time that comes while there are as many: wait or skip
    #[arg(long)]
    overlap: Option<Overlap>,
    /// Whether each missed time is made up for: true or false
    #[arg(long)]
    catch_up: Option<bool>,
}

impl When {
    fn schedule(self) -> Schedule {
        Schedule {
            kind: None,
            cron: self.cron,
            interval_seconds: self.interval,
            time_zone: self.time_zone,
            start_at: self.start,
            end_at: self.end,
        }
    }

    /// With what is not named as it was; nothing where nothing is named.
    fn over(self, before: &Schedule) -> Option<Schedule> {
        let asked = self.schedule();
        if asked == Schedule::default() {
            return None;
        }
        let other = asked.cron.is_some() || asked.interval_seconds.is_some();
        Some(Schedule {
            kind: None,
            cron: if other { asked.cron } else { before.cron.clone() },
            interval_seconds: if other { asked.interval_seconds } else { before.interval_seconds },
            time_zone: asked.time_zone.or_else(|| before.time_zone.clone()),
            start_at: asked.start_at.or_else(|| before.start_at.clone()),
            end_at: asked.end_at.or_else(|| before.end_at.clone()),
        })
    }
}

/// Runs a verb.
///
/// # Errors
/// What the API answers; 6 where a watched pipeline run did not succeed.
pub async fn run(command: Command, here: Here) -> Result<(), Failure> {
    let Here { client, team, .. } = &here;
    match command {
        Command::Create(new) => {
            let new = NewRecurringRun {
                name: new.name,
                description: new.description,
                pipeline: new.pipeline,
                version: new.version,
                spec: new.file.as_ref().map(pipeline::read).transpose()?,
                parameters: BTreeMap::new(),
                texts: once(new.params)?,
                experiment: new.experiment,
                experiment_id: None,
                cache: new.no_cache.then_some(false),
                max_tasks: new.max_tasks,
                schedule: new.when.schedule(),
                max_active: new.max_active,
                overlap: new.overlap,
                catch_up: new.no_catch_up.then_some(false),
                enabled: new.disabled.then_some(false),
            };
            here.show(&client.recurring_run_create(team, &new).await?, facts);
            Ok(())
        }
        Command::List { pipeline, list } => {
            let ask = async |q: ListQuery| {
                let query = RecurringRunQuery { pipeline: pipeline.clone(), page_size: q.page_size, page_token: q.page_token };
                client.recurring_run_list(team, &query).await
            };
            list.show(&here, ask, table, Some(|r: &RecurringRun| r.runs.iter().any(pipeline::moves))).await
        }
        Command::Show { id } => {
            here.show(&client.recurring_run(team, &id).await?, facts);
            Ok(())
        }
        Command::Next(when) => {
            here.show(&client.schedule_preview(&when.schedule()).await?, next);
            Ok(())
        }
        Command::Change(change) => {
            let before = client.recurring_run(team, &change.id).await?;
            // Those that are named are laid over those there were.
            let parameters = (!change.params.is_empty()).then(|| before.parameters.clone());
            let asked = RecurringRunChange {
                revision: Some(before.revision),
                name: change.name,
                description: change.description,
                version: change.version,
                parameters,
                texts: once(change.params)?,
                cache: None,
                schedule: change.when.over(&before.schedule),
                max_active: change.max_active,
                overlap: change.overlap,
                catch_up: change.catch_up,
            };
            here.show(&client.recurring_run_change(team, &change.id, &asked).await?, facts);
            Ok(())
        }
        Command::Enable { id } => {
            client.recurring_run_enable(team, &id).await?;
            here.say(format!("Recurring run {id} is switched on."));
            Ok(())
        }
        Command::Disable { id } => {
            client.recurring_run_disable(team, &id).await?;
            here.say(format!("Recurring run {id} is switched off."));
            Ok(())
        }
        Command::Run { id, watch } => {
            let made = client.recurring_run_run(team, &id).await?;
            if watch {
                return pipeline::follow(&here, &made.id, true).await;
            }
            here.show(&made, pipeline::run_facts);
            Ok(())
        }
        Command::Delete { id } => {
            client.recurring_run_delete(team, &id).await?;
            here.say(format!("Recurring run {id} deleted."));
            Ok(())
        }
    }
}

fn table(all: &[RecurringRun]) -> String {
    let row = |r: &RecurringRun| {
        vec![
            r.id.clone(),
            r.name.clone(),
            r.pipeline.clone(),
            r.when.clone(),
            if r.enabled { "on".to_owned() } else { "off".to_owned() },
            r.next.first().map(|n| n.words.clone()).unwrap_or_default(),
            r.runs.iter().map(|r| pipeline::tick(r.state)).collect(),
            r.problem.clone().unwrap_or_default(),
        ]
    };
    output::rows(
        &["id", "name", "pipeline", "when", "switched", "next", "last runs", "problem"],
        all.iter().map(row).collect(),
        "No recurring runs.",
    )
}

fn facts(r: &RecurringRun) -> String {
    let many = if r.max_active == 1 { "1 run at once".to_owned() } else { format!("{} runs at once", r.max_active) };
    let full = match r.overlap {
        Overlap::Wait => "waits while there are as many",
        Overlap::Skip => "skips a time while there are as many",
    };
    let missed = if r.catch_up { "each missed time is made up for" } else { "of missed times the last is made up for" };
    let parameters: Vec<String> = r.parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let times: Vec<&str> = r.next.iter().map(|n| n.words.as_str()).collect();
    let text = output::facts(&[
        ("Recurring run", r.name.clone()),
        ("Id", r.id.clone()),
        ("Pipeline", pipeline::of(&r.pipeline, r.pipeline_deleted)),
        ("Version", r.version_id.clone().unwrap_or_else(|| if r.pipeline_id.is_some() { "the newest".into() } else { "its own".into() })),
        ("When", r.when.clone()),
        ("Switched", if r.enabled { "on".into() } else { "off".into() }),
        ("Next", times.join("; ")),
        ("Overlap", format!("{many}, {full}")),
        ("Catch-up", missed.to_owned()),
        ("Parameters", parameters.join(" ")),
        ("Made", format!("{} runs", r.made)),
        ("Problem", r.problem.clone().unwrap_or_default()),
    ]);
    if r.runs.is_empty() { text } else { format!("{text}\n\n{}", pipeline::runs(&r.runs)) }
}

fn next(preview: &SchedulePreview) -> String {
    let row = |n: &app::api::recurring_runs::NextTime| vec![n.words.clone(), n.at.clone()];
    format!("{}\n\n{}", preview.when, output::rows(&["next", "at"], preview.next.iter().map(row).collect(), "It never runs."))
}
