//! The task of a pipeline run that somebody means.

use super::{
    Failure,
    pipeline_tree::{paths, shown_paths},
};
use app::api::pipeline_runs::{Task, TaskState};

/// Most tasks that a sentence lists.
const MOST_NAMED: usize = 12;

/// Those that `asked` may mean: the one of this id; or of this path, of the names in the pipeline or of those that are shown, and what is shown
/// under the same name; or else all of this name. Turns of loops have that of their loop, and are none of them.
fn meant<'a>(tasks: &'a [Task], asked: &str) -> Vec<&'a Task> {
    if let Some(task) = tasks.iter().find(|t| t.id == asked) {
        return vec![task];
    }
    let (own, shown) = (paths(tasks), shown_paths(tasks));
    let is_at = |t: &Task| own[t.id.as_str()] == asked || shown[t.id.as_str()] == asked;
    let is_shown = |t: &Task| t.display_name == asked && t.iteration.is_none();
    if tasks.iter().any(&is_at) {
        // A name that leads to one task and is shown of another has to be told apart.
        return tasks.iter().filter(|t| is_at(t) || (is_shown(t) && t.name != asked)).collect();
    }
    tasks.iter().filter(|t| is_shown(t) || (t.name == asked && t.iteration.is_none())).collect()
}

/// The one of them, or what to say instead.
fn one<'a>(tasks: &'a [Task], asked: &str, all: &[&'a Task]) -> Result<&'a Task, Failure> {
    let paths = paths(tasks);
    match all {
        [one] => Ok(one),
        [] => {
            let there = some(tasks.iter().map(|t| paths[t.id.as_str()].clone()));
            Err(Failure::not_found(format!("The pipeline run has no task {asked} so far. There are {there}.")))
        }
        many => {
            let which = some(many.iter().map(|t| format!("{} ({}, id {})", paths[t.id.as_str()], t.display_name, t.id)));
            Err(Failure::usage(format!("{} tasks are called {asked}: {which}. Name one of them by its path or id.", many.len())))
        }
    }
}

/// The task that is to be answered: of several the one that waits.
///
/// # Errors
/// There is none so far, or several wait.
pub fn asked<'a>(tasks: &'a [Task], asked: &str) -> Result<&'a Task, Failure> {
    let all = meant(tasks, asked);
    let waiting: Vec<&Task> = all.iter().copied().filter(|t| t.state == TaskState::WaitingForApproval).collect();
    one(tasks, asked, if waiting.is_empty() { &all } else { &waiting })
}

/// The task that prints something.
///
/// # Errors
/// There is none so far, or several; it holds tasks and prints nothing itself.
pub fn printing<'a>(tasks: &'a [Task], asked: &str) -> Result<&'a Task, Failure> {
    let found = one(tasks, asked, &meant(tasks, asked))?;
    if matches!(found.kind.as_str(), "dag" | "loop" | "iteration") {
        let paths = paths(tasks);
        let path = &paths[found.id.as_str()];
        let (within, turns) = (format!("{path}/"), format!("{path}["));
        let held = tasks.iter().map(|t| paths[t.id.as_str()].clone()).filter(|p| p.starts_with(&within) || p.starts_with(&turns));
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
        let shown = |id, parent, name, as_: &str, state| Task { display_name: as_.into(), ..task(id, parent, name, None, state) };
        let turn = |id, n, as_: &str| Task {
            display_name: as_.into(),
            kind: "dag".into(),
            ..task(id, Some("l"), "each", Some(n), TaskState::Running)
        };
        vec![
            shown("a", None, "greet", "Say hello", TaskState::Succeeded),
            shown("b", None, "say", "Speak", TaskState::Succeeded),
            Task { kind: "loop".into(), ..shown("l", None, "each", "Each of them", TaskState::Running) },
            turn("l0", 0, "Each of them"),
            turn("l1", 1, "Each of them"),
            shown("c", Some("l0"), "say-2", "say", TaskState::Succeeded),
            shown("d", Some("l0"), "ask", "Ask somebody", TaskState::WaitingForApproval),
            shown("e", Some("l1"), "ask", "Ask somebody", TaskState::WaitingForApproval),
            shown("f", None, "ask-2", "Ask once more", TaskState::Waiting),
        ]
    }

    #[test]
    fn a_task_goes_by_its_names_and_paths() {
        let tasks = tasks();
        let id = |name: &str| printing(&tasks, name).map(|t| t.id.as_str()).map_err(|e| e.message);
        for (name, wanted) in [
            ("greet", "a"),
            ("Say hello", "a"),
            ("Speak", "b"),
            ("say-2", "c"),
            ("each[0]/say-2", "c"),
            ("Each of them[0]/say", "c"),
            ("b", "b"),
        ] {
            assert_eq!(id(name).as_deref(), Ok(wanted), "{name}");
        }
        // One is called so, and another is shown so.
        assert_eq!(
            id("say").unwrap_err(),
            "2 tasks are called say: say (Speak, id b), each[0]/say-2 (say, id c). Name one of them by its path or id."
        );
        assert!(id("Say nothing").unwrap_err().starts_with("The pipeline run has no task Say nothing so far. There are greet, say,"));
        assert!(id("Each of them").unwrap_err().ends_with("In it are each[0], each[1], each[0]/say-2, each[0]/ask, each[1]/ask."));
    }

    #[test]
    fn the_one_that_waits_is_answered() {
        let mut tasks = tasks();
        let id = |tasks: &[Task], name: &str| asked(tasks, name).map(|t| t.id.clone()).map_err(|e| e.message);
        let both = "2 tasks are called Ask somebody: each[0]/ask (Ask somebody, id d), each[1]/ask (Ask somebody, id e). Name one of them by its path or id.";
        assert_eq!(id(&tasks, "Ask somebody").unwrap_err(), both);
        assert_eq!(id(&tasks, "Each of them[1]/Ask somebody").as_deref(), Ok("e"));
        assert_eq!((id(&tasks, "ask-2").as_deref(), id(&tasks, "d").as_deref()), (Ok("f"), Ok("d")));
        tasks[6].state = TaskState::Succeeded;
        assert_eq!(id(&tasks, "ask").as_deref(), Ok("e"));
    }
}
