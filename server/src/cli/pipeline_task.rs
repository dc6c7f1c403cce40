//! The task of a pipeline run that somebody means.

use super::{Failure, pipeline_tree::paths};
use app::api::pipeline_runs::{Task, TaskState};

/// Most tasks that a sentence lists.
const MOST_NAMED: usize = 12;

/// Those of a name: the one in the pipeline, or else the one that is shown. Turns of loops have that of their loop, and are none of them.
fn named<'a>(tasks: &'a [Task], name: &str) -> Vec<&'a Task> {
    let all = |of: fn(&Task) -> &str| tasks.iter().filter(|t| of(t) == name && t.iteration.is_none()).collect::<Vec<_>>();
    let own = all(|t| &t.name);
    if own.is_empty() { all(|t| &t.display_name) } else { own }
}

/// The task that is to be answered: of several turns of a loop the one that waits.
///
/// # Errors
/// There is none so far.
pub fn asked<'a>(tasks: &'a [Task], task: &str) -> Result<&'a Task, Failure> {
    let by_name = || {
        let all = named(tasks, task);
        all.iter().find(|t| t.state == TaskState::WaitingForApproval).or(all.last()).copied()
    };
    let found = tasks.iter().find(|t| t.id == task).or_else(by_name);
    found.ok_or_else(|| Failure::usage(format!("The pipeline run has no task {task} so far.")))
}

/// The task of this id, path or name that prints something.
///
/// # Errors
/// There is none so far, or several; it holds tasks and prints nothing itself.
pub fn printing<'a>(tasks: &'a [Task], asked: &str) -> Result<&'a Task, Failure> {
    let paths = paths(tasks);
    let path = |task: &Task| paths[task.id.as_str()].clone();
    let exact = tasks.iter().find(|t| t.id == asked || path(t) == asked);
    let all = exact.map_or_else(|| named(tasks, asked), |task| vec![task]);
    let found = match all.as_slice() {
        [one] => *one,
        [] => {
            return Err(Failure::not_found(format!(
                "The pipeline run has no task {asked} so far. There are {}.",
                some(tasks.iter().map(path))
            )));
        }
        many => {
            let which = some(many.iter().map(|t| path(t)));
            return Err(Failure::usage(format!("{} tasks are called {asked}: {which}. Name one of them by its path.", many.len())));
        }
    };
    if matches!(found.kind.as_str(), "dag" | "loop" | "iteration") {
        let within = format!("{}/", path(found));
        let turns = format!("{}[", path(found));
        let held = tasks.iter().map(path).filter(|p| p.starts_with(&within) || p.starts_with(&turns));
        return Err(Failure::usage(format!("{asked} holds tasks and prints nothing itself. In it are {}.", some(held))));
    }
    if let Some(from) = &found.cached_from {
        eprintln!("It did not run: it took over what the task {} of the pipeline run {} had made.", from.task_id, from.pipeline_run_id);
    }
    Ok(found)
}

/// The first of many, as a list in a sentence.
fn some(names: impl Iterator<Item = String>) -> String {
    let all: Vec<String> = names.collect();
    match all.len() {
        0 => "none".to_owned(),
        n if n <= MOST_NAMED => all.join(", "),
        n => format!("{} and {} more", all[..MOST_NAMED].join(", "), n - MOST_NAMED),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::pipeline_tree::tests::task, *};

    fn tasks() -> Vec<Task> {
        let shown = |id, name, as_: &str, state| Task { display_name: as_.into(), ..task(id, None, name, None, state) };
        vec![
            shown("a", "greet", "Say hello", TaskState::Succeeded),
            shown("b", "greet-2", "greet", TaskState::Succeeded),
            shown("c", "ask", "Ask somebody", TaskState::Succeeded),
            shown("d", "ask-2", "Ask somebody", TaskState::WaitingForApproval),
            shown("e", "ask-3", "Ask somebody", TaskState::Waiting),
        ]
    }

    #[test]
    fn the_name_of_the_pipeline_comes_before_the_one_that_is_shown() {
        let tasks = tasks();
        let id = |name: &str| printing(&tasks, name).map(|t| t.id.as_str()).map_err(|e| e.message);
        assert_eq!((id("greet"), id("Say hello"), id("b")), (Ok("a"), Ok("a"), Ok("b")));
        assert_eq!(id("Ask somebody").unwrap_err(), "3 tasks are called Ask somebody: ask, ask-2, ask-3. Name one of them by its path.");
        assert!(id("Say nothing").unwrap_err().starts_with("The pipeline run has no task Say nothing so far. There are greet, greet-2,"));
    }

    #[test]
    fn the_one_that_waits_is_answered() {
        let tasks = tasks();
        let id = |name: &str| asked(&tasks, name).map(|t| t.id.as_str()).map_err(|e| e.code);
        assert_eq!((id("Ask somebody"), id("ask"), id("e"), id("nobody")), (Ok("d"), Ok("c"), Ok("e"), Err(2)));
    }
}
