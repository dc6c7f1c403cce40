//! `slipway pipeline`: pipelines, their versions, and what runs of them.

use super::{
    Failure,
    here::Here,
    list::List,
    logs::{self, Log},
    output,
    pairs::once,
    pipeline_schedule,
    pipeline_task::{asked, printing},
    pipeline_tree as tree,
    watch::{self, Fate},
};
use crate::pipelines::ir;
use app::api::{
    ListQuery, State,
    pipeline_runs::{NewPipelineRun, PipelineRun, PipelineRunQuery, Task},
    pipelines::{NewPipeline, NewPipelineVersion, Pipeline, PipelineVersion, SetPipelineLimits},
    promotions::Say,
};
use clap::{Args, Subcommand};
use serde::Serialize;
use std::{collections::BTreeMap, path::PathBuf};

/// Verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The team's pipelines, newest first
    List(List),
    /// A pipeline with its newest version and its last runs
    Show {
        /// Id or name
        pipeline: String,
    },
    /// Upload what kfp compiled: a new pipeline, or a new version of one that is there
    Upload {
        /// File, YAML or JSON
        file: PathBuf,
        /// Name of the pipeline [default: the one in the file]
        #[arg(long)]
        name: Option<String>,
        /// Name of the version
        #[arg(long)]
        version: Option<String>,
        /// What it is for, or what is new in it
        #[arg(long)]
        description: Option<String>,
    },
    /// Versions of a pipeline, newest first
    Versions {
        /// Id or name
        pipeline: String,
        #[command(flatten)]
        list: List,
    },
    /// What was uploaded
    Spec {
        /// Id or name
        pipeline: String,
        /// Id or name of a version [default: the newest]
        #[arg(long)]
        version: Option<String>,
    },
    /// Delete a pipeline with its versions; what ran stays
    Delete {
        /// Id or name
        pipeline: String,
    },
    /// Set the most tasks of all runs of a pipeline that are at work at once; without a number as many as there is room for
    Limits {
        /// Id or name
        pipeline: String,
        /// Tasks at once
        #[arg(long)]
        max_tasks: Option<i64>,
    },
    /// Clear the cache of a pipeline: its next run makes everything anew; nothing is deleted
    ClearCache {
        /// Id or name
        pipeline: String,
    },
    /// Run a pipeline
    Run(Run),
    /// Pipeline runs, newest first
    Runs {
        /// Of one pipeline, by id or name
        #[arg(long)]
        pipeline: Option<String>,
        /// Those that were put away
        #[arg(long)]
        archived: bool,
        #[command(flatten)]
        list: List,
    },
    /// A pipeline run and its tasks, until it has ended
    Watch {
        /// Id
        id: String,
    },
    /// A pipeline run and its tasks, as they are now
    Status {
        /// Id
        id: String,
    },
    /// What a task printed
    Log {
        /// Id of the pipeline run
        id: String,
        /// Name of the task as it is shown or in the pipeline, its path, such as `for-loop-2[0]/double`, or its id
        task: String,
        #[command(flatten)]
        log: Log,
    },
    /// Go on with a pipeline run that failed or was cancelled, from what did not succeed
    Retry {
        /// Id
        id: String,
        /// Until it has ended
        #[arg(long, short)]
        watch: bool,
    },
    /// Ask a pipeline run to end; exit tasks still run, and end as well when it is asked once more
    Cancel {
        /// Id
        id: String,
    },
    /// Approve what a task of a pipeline run asks
    Approve(Answer),
    /// Refuse what a task of a pipeline run asks
    Refuse(Answer),
    /// Recurring runs: pipelines that run by themselves
    #[command(subcommand)]
    Schedule(pipeline_schedule::Command),
}

/// An answer to what a task asks.
#[derive(Debug, Args)]
pub struct Answer {
    /// Id of the pipeline run
    id: String,
    /// Name of the task as it is shown or in the pipeline, its path, such as `for-loop-2[0]/ask`, or its id
    task: String,
    /// What to say with it
    #[arg(long, default_value = "", hide_default_value = true)]
    comment: String,
}

/// What to run.
#[derive(Debug, Args)]
pub struct Run {
    /// Id or name of a pipeline
    #[arg(required_unless_present = "file")]
    pipeline: Option<String>,
    /// Id or name of a version [default: the newest]
    #[arg(long, requires = "pipeline")]
    version: Option<String>,
    /// What kfp compiled, run as it is instead of a pipeline of the team
    #[arg(long, conflicts_with = "pipeline")]
    file: Option<PathBuf>,
    /// A parameter NAME=VALUE; lists and objects are JSON; may be repeated
    #[arg(long = "param", short, value_name = "NAME=VALUE", value_parser = super::pairs::pair)]
    params: Vec<(String, String)>,
    /// Name of the run
    #[arg(long)]
    name: Option<String>,
    /// Experiment that it goes into
    #[arg(long)]
    experiment: Option<String>,
    /// Take over nothing that was made before
    #[arg(long)]
    no_cache: bool,
    /// Most tasks at once
    #[arg(long)]
    max_tasks: Option<i64>,
    /// Until it has ended
    #[arg(long, short)]
    watch: bool,
}

/// Runs a verb.
///
/// # Errors
/// What the API answers; 6 where a watched pipeline run did not succeed.
pub async fn run(command: Command, here: Here) -> Result<(), Failure> {
    let Here { client, team, .. } = &here;
    match command {
        Command::List(list) => {
            list.show(&here, async |q| client.pipeline_list(team, &q).await, pipelines, Some(|p: &Pipeline| p.runs.iter().any(moves))).await
        }
        Command::Show { pipeline } => {
            here.show(&client.pipeline(team, &pipeline).await?, facts);
            Ok(())
        }
        Command::Upload { file, name, version, description } => upload(&here, &file, name, version, description).await,
        Command::Versions { pipeline, list } => {
            list.show(&here, async |q| client.pipeline_versions(team, &pipeline, &q).await, versions, Some(|_: &PipelineVersion| false))
                .await
        }
        Command::Spec { pipeline, version } => {
            let version = match version {
                Some(version) => version,
                None => {
                    let latest = client.pipeline(team, &pipeline).await?.latest;
                    latest.map(|v| v.id).ok_or_else(|| Failure::usage("The pipeline has no version."))?
                }
            };
            here.show(&client.pipeline_spec(team, &pipeline, &version).await?, |s| s.spec.clone());
            Ok(())
        }
        Command::Delete { pipeline } => {
            client.pipeline_delete(team, &pipeline).await?;
            here.say(format!("Pipeline {pipeline} deleted."));
            Ok(())
        }
        Command::Limits { pipeline, max_tasks } => {
            here.show(&client.pipeline_limits(team, &pipeline, &SetPipelineLimits { max_tasks }).await?, facts);
            Ok(())
        }
        Command::ClearCache { pipeline } => {
            client.pipeline_clear_cache(team, &pipeline).await?;
            here.say(format!("The cache of pipeline {pipeline} is cleared."));
            Ok(())
        }
        Command::Run(run) => begin(&here, run).await,
        Command::Runs { pipeline, archived, list } => {
            let query = PipelineRunQuery { pipeline, archived: Some(archived), ..PipelineRunQuery::default() };
            let ask = async |q: ListQuery| {
                client
                    .pipeline_run_list(team, &PipelineRunQuery { page_size: q.page_size, page_token: q.page_token, ..query.clone() })
                    .await
            };
            list.show(&here, ask, runs, Some(moves)).await
        }
        Command::Watch { id } => follow(&here, &id, true).await,
        Command::Status { id } => follow(&here, &id, false).await,
        Command::Log { id, task, log } => {
            let tasks = client.task_list(team, &id).await?;
            let found = printing(&tasks, &task)?;
            logs::show(here.output, &log, None, async |q| client.task_log(team, &id, &found.id, &q).await).await
        }
        Command::Retry { id, watch } => {
            client.pipeline_run_retry(team, &id).await?;
            if watch {
                return follow(&here, &id, true).await;
            }
            here.say(format!("Pipeline run {id} goes on."));
            Ok(())
        }
        Command::Schedule(command) => pipeline_schedule::run(command, here).await,
        Command::Cancel { id } => {
            client.pipeline_run_cancel(team, &id).await?;
            here.say(format!("Pipeline run {id} was asked to end."));
            Ok(())
        }
        Command::Approve(answer) => say(&here, answer, true).await,
        Command::Refuse(answer) => say(&here, answer, false).await,
    }
}

async fn say(here: &Here, answer: Answer, approves: bool) -> Result<(), Failure> {
    let (client, team, id) = (&here.client, &here.team, &answer.id);
    let tasks = client.task_list(team, id).await?;
    let found = asked(&tasks, &answer.task)?;
    let (words, say) = (if approves { "approved" } else { "refused" }, Say { comment: answer.comment });
    if approves {
        client.task_approve(team, id, &found.id, &say).await?;
    } else {
        client.task_refuse(team, id, &found.id, &say).await?;
    }
    let path = &tree::paths(&tasks)[found.id.as_str()];
    here.say(format!("{path} of pipeline run {id} is {words}."));
    Ok(())
}

async fn upload(
    here: &Here,
    file: &PathBuf,
    name: Option<String>,
    version: Option<String>,
    description: Option<String>,
) -> Result<(), Failure> {
    let Here { client, team, .. } = here;
    let spec = read(file)?;
    // What is refused is refused by the portal, which says all of it.
    let of = name.clone().or_else(|| ir::parse(&spec).ok().map(|pipeline| pipeline.name));
    let there = match &of {
        Some(name) => match client.pipeline(team, name).await {
            Ok(pipeline) => Some(pipeline.id),
            Err(problem) if problem.status == 404 => None,
            Err(problem) => return Err(problem.into()),
        },
        None => None,
    };
    if let Some(id) = there {
        let new = NewPipelineVersion { name: version, display_name: None, description, spec };
        let made = client.pipeline_version_create(team, &id, &new).await?;
        here.show(&made, |v| output::facts(&[("Pipeline", v.pipeline.clone()), ("Version", v.name.clone()), ("Id", v.id.clone())]));
        return Ok(());
    }
    let made = client.pipeline_create(team, &NewPipeline { name, display_name: None, description, spec, version }).await?;
    here.show(&made, facts);
    Ok(())
}

pub(super) fn read(file: &PathBuf) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|e| Failure::usage(format!("{}: {e}", file.display())))
}

async fn begin(here: &Here, run: Run) -> Result<(), Failure> {
    let new = NewPipelineRun {
        name: run.name,
        description: None,
        pipeline: run.pipeline,
        version: run.version,
        spec: run.file.as_ref().map(read).transpose()?,
        from: None,
        parameters: BTreeMap::new(),
        texts: once(run.params)?,
        experiment: run.experiment,
        experiment_id: None,
        cache: run.no_cache.then_some(false),
        max_tasks: run.max_tasks,
    };
    let made = here.client.pipeline_run_create(&here.team, &new).await?;
    if run.watch {
        return follow(here, &made.id, true).await;
    }
    here.show(&made, run_facts);
    Ok(())
}

/// A pipeline run with its tasks.
#[derive(Serialize)]
struct Whole {
    #[serde(flatten)]
    run: PipelineRun,
    all_tasks: Vec<Task>,
}

pub(super) async fn follow(here: &Here, id: &str, watch: bool) -> Result<(), Failure> {
    let ask = async || {
        let run = here.client.pipeline_run(&here.team, id).await?;
        Ok(Whole { run, all_tasks: here.client.task_list(&here.team, id).await? })
    };
    let fate = |w: &Whole| Fate::of_run(w.run.state, "The pipeline run", w.run.reason.as_deref());
    if !watch {
        here.show(&ask().await?, |w| whole(w, usize::MAX));
        return Ok(());
    }
    watch::follow(here, ask, whole, news, fate).await
}

/// The pipeline run and its tasks, in so many lines.
fn whole(w: &Whole, room: usize) -> String {
    let facts = run_facts(&w.run);
    let left = room.saturating_sub(facts.lines().count() + 1);
    format!("{facts}\n\n{}", tree::tree(&w.all_tasks, left))
}

/// What happened since the answer before, a line each.
fn news(before: Option<&Whole>, now: &Whole) -> Vec<String> {
    let mut lines = Vec::new();
    if before.is_none() {
        lines.push(format!("{}: {}", output::printable(now.run.name.clone()), now.run.id));
    }
    lines.extend(tree::changes(before.map_or(&[], |b| &b.all_tasks), &now.all_tasks));
    if now.run.state.is_final() {
        let took = output::took(now.run.started_at.as_deref(), now.run.ended_at.as_deref());
        lines.push(format!("{}, {}, {took}", now.run.state.label(), tree::ended_of(&now.run)));
    }
    lines
}

pub(super) fn moves(run: &PipelineRun) -> bool {
    !run.state.is_final()
}

fn pipelines(all: &[Pipeline]) -> String {
    let row = |p: &Pipeline| {
        vec![
            p.name.clone(),
            p.latest.as_ref().map(|v| v.name.clone()).unwrap_or_default(),
            p.runs.iter().map(|r| tick(r.state)).collect(),
            output::ago(p.runs.first().map(|r| r.created_at.as_str())),
            p.created_by.clone(),
            p.id.clone(),
        ]
    };
    output::rows(&["name", "version", "last runs", "last", "by", "id"], all.iter().map(row).collect(), "No pipelines.")
}

pub(super) const fn tick(state: State) -> char {
    match state {
        State::Succeeded => '+',
        State::Failed => '!',
        State::Cancelled | State::Stopped => 'x',
        State::Queued => '.',
        _ => '>',
    }
}

fn facts(p: &Pipeline) -> String {
    let text = output::facts(&[
        ("Pipeline", p.name.clone()),
        ("Id", p.id.clone()),
        ("Description", p.description.clone()),
        ("Version", p.latest.as_ref().map(|v| v.name.clone()).unwrap_or_default()),
        ("Tasks at once", p.max_tasks.map(|n| n.to_string()).unwrap_or_default()),
        ("Made by", p.created_by.clone()),
    ]);
    if p.runs.is_empty() { text } else { format!("{text}\n\n{}", runs(&p.runs)) }
}

fn versions(all: &[PipelineVersion]) -> String {
    let row = |v: &PipelineVersion| {
        vec![
            v.name.clone(),
            v.description.clone(),
            v.created_by.clone(),
            output::ago(Some(&v.created_at)),
            v.digest[..12.min(v.digest.len())].to_owned(),
            v.id.clone(),
        ]
    };
    output::rows(&["name", "description", "by", "made", "digest", "id"], all.iter().map(row).collect(), "No versions.")
}

pub(super) fn runs(all: &[PipelineRun]) -> String {
    let row = |r: &PipelineRun| {
        vec![
            r.id.clone(),
            r.name.clone(),
            r.pipeline.clone(),
            r.state.label().to_owned(),
            format!("{}/{}", r.tasks_ended, r.tasks),
            output::took(r.started_at.as_deref(), r.ended_at.as_deref()),
            output::ago(Some(&r.created_at)),
            r.reason.clone().unwrap_or_default(),
        ]
    };
    output::rows(
        &["id", "name", "pipeline", "state", "tasks", "took", "made", "reason"],
        all.iter().map(row).collect(),
        "No pipeline runs.",
    )
}

/// The pipeline that something is of.
pub(super) fn of(name: &str, deleted: bool) -> String {
    if deleted { format!("{name} (deleted)") } else { name.to_owned() }
}

pub(super) fn run_facts(r: &PipelineRun) -> String {
    output::facts(&[
        ("Pipeline run", r.name.clone()),
        ("Id", r.id.clone()),
        ("Pipeline", of(&r.pipeline, r.pipeline_deleted)),
        ("For the time", r.scheduled_at.clone().unwrap_or_default()),
        ("State", r.state.label().to_owned()),
        ("Reason", r.reason.clone().unwrap_or_default()),
        ("Tasks", tree::progress(r)),
        ("Took", output::took(r.started_at.as_deref(), r.ended_at.as_deref())),
    ])
}
