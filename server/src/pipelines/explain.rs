//! Why a task of a pipeline run is as it is: what it waits for, why it was skipped, what its attempts came to.

use super::{
    diff::cut,
    engine::{Node, Tree},
    ir::{self, json_text},
    parsed::Parsed,
    runs, tasks,
    upload::pipeline_of,
};
use crate::{
    access::TeamMember,
    clock::rfc3339,
    error::{Error, Result},
    store::{pipeline_runs::PipelineRunRow, tasks::TaskRow, workloads::WorkloadRow},
    workloads::explain::Explainer,
};
use app::api::{
    State,
    environments::Build,
    explain::{Evidence, TaskExplanation},
    pipeline_runs::{Task, TaskState},
};
/// Lines of one kind that are told.
const MOST: usize = 20;
/// Attempts that are told.
const ATTEMPTS: i64 = 10;

/// Why a task is as it is.
///
/// # Errors
/// Not there; the log cannot be read.
pub async fn task(explainer: &Explainer<'_>, parsed: &Parsed, by: &TeamMember, id: &str, task: &str) -> Result<TaskExplanation> {
    let store = explainer.store;
    let row = tasks::row(store, by, id, task).await?;
    let run = runs::row(store, by, id).await?;
    let (rows, all) = (store.tasks(id).await?, tasks::list(parsed, store, by, id).await?);
    let task = all.iter().find(|t| t.id == row.id).ok_or_else(|| Error::not_found("task"))?;
    let pipeline = pipeline_of(parsed, &run.spec_digest).await?;
    let of = Tree::of(&pipeline, &rows).task(&row.id).map(|(task, _)| task);
    let seen = Seen { run: &run, of, all: &all, row: &row, task };
    let (sentence, mut evidence) = seen.of_the_run()?;
    let attempts = store.workloads_of(&row.id, ATTEMPTS).await?;
    let begun = !matches!(task.state, TaskState::Waiting | TaskState::Skipped | TaskState::Cached);
    if !begun {
        evidence.extend(attempts.iter().rev().map(ended));
    } else if let Some(newest) = attempts.first() {
        evidence.extend(attempts.iter().skip(1).rev().map(ended));
        evidence.extend(environment(explainer, &row, newest).await?);
        let state = match task.state {
            TaskState::Queued => State::Queued,
            TaskState::Starting => State::Starting,
            TaskState::Running => State::Running,
            TaskState::Succeeded => State::Succeeded,
            TaskState::Cancelled => State::Cancelled,
            _ => State::Failed,
        };
        let told = explainer.explain(state, task.reason.clone(), Some(newest.clone()), &[]).await?;
        evidence.extend(told.evidence);
        return Ok(TaskExplanation { state: task.state, sentence: sentence.unwrap_or(told.sentence), evidence });
    }
    let sentence = sentence.or_else(|| task.reason.clone()).unwrap_or_else(|| in_words(task.state).to_owned());
    Ok(TaskExplanation { state: task.state, sentence, evidence })
}

/// How an attempt that was not the last one ended.
fn ended(attempt: &WorkloadRow) -> Evidence {
    let how = attempt.reason.clone().or_else(|| attempt.exit_code.map(|code| format!("It ended with exit code {code}.")));
    let how = how.unwrap_or_else(|| "It ended.".into());
    Evidence { at: attempt.ended_at.map(rfc3339), source: "task".into(), text: format!("Attempt {}: {how}", attempt.attempt) }
}

/// The environment that a task which has not started waits for.
async fn environment(explainer: &Explainer<'_>, row: &TaskRow, workload: &WorkloadRow) -> Result<Option<Evidence>> {
    let Some(id) = row.environment_version_id.as_ref().filter(|_| workload.running_at.is_none() && !workload.ended()) else {
        return Ok(None);
    };
    let Some(e) = explainer.store.environment_version(id).await? else { return Ok(None) };
    let how = match e.build() {
        Build::Ready => return Ok(None),
        Build::Queued => "waits to be made".to_owned(),
        Build::Building => format!("is being made, {:.0} %", e.progress.clamp(0.0, 1.0) * 100.0),
        Build::Failed => format!("could not be made: {}", e.reason.as_deref().unwrap_or("nobody said why")),
    };
    Ok(Some(now("environment", format!("{} v{} {how}", e.name, e.version))))
}

fn now(source: &str, text: String) -> Evidence {
    Evidence { at: None, source: source.to_owned(), text }
}

/// What is known of the run around a task.
struct Seen<'a> {
    run: &'a PipelineRunRow,
    /// What the pipeline says of it.
    of: Option<&'a ir::Task>,
    all: &'a [Task],
    row: &'a TaskRow,
    task: &'a Task,
}

impl Seen<'_> {
    /// What follows from the tasks around it. A sentence only where they are the reason.
    fn of_the_run(&self) -> Result<(Option<String>, Vec<Evidence>)> {
        Ok(match self.task.state {
            TaskState::Waiting => self.waits(),
            TaskState::Queued => (self.row.retry_at.map(|at| format!("It failed, and is tried again at {}.", rfc3339(at))), Vec::new()),
            TaskState::Skipped => self.skipped()?,
            TaskState::Failed => {
                (None, self.told("failed", |t| t.parent_id.as_deref() == Some(self.task.id.as_str()) && t.state == TaskState::Failed))
            }
            _ => (None, Vec::new()),
        })
    }

    fn waits(&self) -> (Option<String>, Vec<Evidence>) {
        let before: Vec<&Task> = self.before().into_iter().filter(|t| !t.state.is_final()).collect();
        if !before.is_empty() {
            let evidence = before.iter().take(MOST).map(|t| now("task", line(t))).collect();
            let more = before.len().saturating_sub(3);
            let names = before.iter().take(3).map(|t| t.name.as_str()).collect::<Vec<_>>().join(", ");
            let and = if more > 0 { format!(" and {more} more") } else { String::new() };
            return (Some(format!("It waits for {names}{and} to end.")), evidence);
        }
        let at_work = |t: &Task| t.kind == "executor" && matches!(t.state, TaskState::Queued | TaskState::Starting | TaskState::Running);
        if let Some(turns) = self.turns_at_once() {
            let beside = |t: &Task| t.parent_id == self.task.parent_id && t.state == TaskState::Running;
            let evidence = self.told("at work", beside);
            return (Some(format!("It waits for its turn: at most {turns} of the loop are at work at once.")), evidence);
        }
        let most = self.run.max_tasks.filter(|most| self.all.iter().filter(|t| at_work(t)).count() as i64 >= *most);
        match most {
            Some(most) => {
                let words = if most == 1 { "one task of this run is".to_owned() } else { format!("{most} tasks of this run are") };
                (Some(format!("It waits for its turn: at most {words} at work at once.")), self.told("at work", at_work))
            }
            None => (None, Vec::new()),
        }
    }

    /// How many turns of the loop that this is one of may be at work at once, where so many are.
    fn turns_at_once(&self) -> Option<u32> {
        self.task.iteration?;
        let most = self.of?.parallelism?;
        let working = self.all.iter().filter(|t| t.parent_id == self.task.parent_id && t.state == TaskState::Running).count();
        (working >= most as usize).then_some(most)
    }

    fn skipped(&self) -> Result<(Option<String>, Vec<Evidence>)> {
        let mut evidence: Vec<Evidence> = self
            .before()
            .into_iter()
            .filter(|t| !matches!(t.state, TaskState::Succeeded | TaskState::Cached))
            .take(MOST)
            .map(|t| now("task", line(t)))
            .collect();
        // What its condition was asked about.
        let node: Node = serde_json::from_str(&self.row.node)?;
        if let Some(condition) = self.of.and_then(|t| t.condition.as_ref()) {
            let given = condition.parameters().into_iter().filter_map(|name| node.inputs.parameters.get(name).map(|value| (name, value)));
            evidence.extend(given.map(|(name, value)| now("run", format!("{name} is {}", cut(&json_text(value))))));
        }
        Ok((None, evidence))
    }

    /// Tasks beside it that it waits for.
    fn before(&self) -> Vec<&Task> {
        let beside = |t: &&Task| t.parent_id == self.task.parent_id && t.iteration.is_none() && self.task.after.contains(&t.name);
        self.all.iter().filter(beside).collect()
    }

    fn told(&self, how: &str, which: impl Fn(&Task) -> bool) -> Vec<Evidence> {
        let found: Vec<&Task> = self.all.iter().filter(|t| t.id != self.task.id && which(t)).collect();
        let more = found.len().saturating_sub(MOST);
        let mut out: Vec<Evidence> = found.into_iter().take(MOST).map(|t| now("task", line(t))).collect();
        if more > 0 {
            out.push(now("task", format!("{more} more {how}")));
        }
        out
    }
}

/// A task in a line.
fn line(t: &Task) -> String {
    let turn = t.iteration.map(|turn| format!(" {turn}")).unwrap_or_default();
    // A reason that only says the state again is none.
    let reason = t.reason.as_ref().filter(|r| !r.eq_ignore_ascii_case(t.state.as_str()));
    let reason = reason.map(|r| format!(": {r}")).unwrap_or_default();
    format!("{}{turn} {}{reason}", t.name, words(t.state))
}

const fn words(state: TaskState) -> &'static str {
    match state {
        TaskState::Waiting => "waits",
        TaskState::Queued => "is in the queue",
        TaskState::Starting => "starts",
        TaskState::Running => "runs",
        TaskState::WaitingForApproval => "waits for an approval",
        TaskState::Succeeded => "succeeded",
        TaskState::Cached => "was taken over",
        TaskState::Skipped => "was skipped",
        TaskState::Failed => "failed",
        TaskState::Cancelled => "was cancelled",
    }
}

const fn in_words(state: TaskState) -> &'static str {
    match state {
        TaskState::Waiting => "It is about to start.",
        TaskState::Queued => "It waits for its turn.",
        TaskState::Starting => "It starts.",
        TaskState::Running => "It runs, and nothing is known against it.",
        TaskState::WaitingForApproval => "It waits for somebody's answer.",
        TaskState::Succeeded => "It did what it was to do.",
        TaskState::Cached => "Another task had made the same of the same: its outputs were taken over.",
        TaskState::Skipped => "It was not to be run.",
        TaskState::Failed => "It failed, and nobody said why.",
        TaskState::Cancelled => "It was cancelled.",
    }
}
