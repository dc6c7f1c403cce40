//! The tasks of a pipeline run on a terminal: as a tree, and what changed of them as lines.

use super::output;
use app::api::pipeline_runs::{PipelineRun, Task, TaskState};
use std::collections::{BTreeMap, HashMap};

/// Characters of the bar that shows how many tasks have ended.
const BAR: usize = 24;

/// Tasks by what holds them, in the order in which they were made.
type Below<'a> = BTreeMap<Option<&'a str>, Vec<&'a Task>>;

/// Tasks below what holds them, each with how far it is; in so many lines at most, where there are more of them, without those that have
/// ended well.
pub fn tree(tasks: &[Task], room: usize) -> String {
    let mut below: Below<'_> = BTreeMap::new();
    for task in tasks {
        below.entry(task.parent_id.as_deref()).or_default().push(task);
    }
    let mut lines = Vec::new();
    branch(&below, None, "", false, &mut lines);
    if lines.len() > room {
        lines.clear();
        branch(&below, None, "", true, &mut lines);
    }
    if lines.len() > room {
        let more = lines.len() - room.saturating_sub(1);
        lines.truncate(room.saturating_sub(1));
        lines.push(format!("… and {more} lines more"));
    }
    if lines.is_empty() { "No tasks so far.".into() } else { lines.join("\n") }
}

fn branch(below: &Below<'_>, parent: Option<&str>, indent: &str, folded: bool, out: &mut Vec<String>) {
    let all = below.get(&parent).map(Vec::as_slice).unwrap_or_default();
    let (well, mut shown): (Vec<&Task>, Vec<&Task>) = all.iter().copied().partition(|task| folded && is_well(task.state));
    shown.retain(|task| !folded || task.state != TaskState::Waiting);
    let waiting = all.len() - well.len() - shown.len();
    let mut rest = Vec::new();
    if !well.is_empty() {
        rest.push(format!("{} {} ended well", mark(TaskState::Succeeded), counted(well.len())));
    }
    if waiting > 0 {
        rest.push(format!("{} {} to come", mark(TaskState::Waiting), counted(waiting)));
    }
    let lines = shown.len() + rest.len();
    // At the top nothing holds them.
    let (middle, last) = if parent.is_none() { (["", ""], ["", ""]) } else { (["├─ ", "│  "], ["└─ ", "   "]) };
    for (place, task) in shown.iter().enumerate() {
        let [turn, on] = if place + 1 == lines { last } else { middle };
        out.push(format!("{indent}{turn}{}", line(task)));
        branch(below, Some(&task.id), &format!("{indent}{on}"), folded, out);
    }
    for (place, text) in rest.into_iter().enumerate() {
        let [turn, _] = if shown.len() + place + 1 == lines { last } else { middle };
        out.push(format!("{indent}{turn}{text}"));
    }
}

fn counted(tasks: usize) -> String {
    if tasks == 1 { "1 task".to_owned() } else { format!("{tasks} tasks") }
}

fn line(task: &Task) -> String {
    let name = match task.iteration {
        Some(turn) => format!("{} [{turn}]", task.display_name),
        None => task.display_name.clone(),
    };
    format!("{} {} ({})", mark(task.state), one_line(&name), how(task))
}

/// How far a task is, in words.
fn how(task: &Task) -> String {
    let took = match task.started_at.as_deref() {
        Some(started) => format!(", {}", output::took(Some(started), task.ended_at.as_deref())),
        None => String::new(),
    };
    format!("{}{took}{}", task.state.as_str(), attempt_and_reason(task))
}

fn attempt_and_reason(task: &Task) -> String {
    let attempt = if task.attempt > 1 { format!(", attempt {}", task.attempt) } else { String::new() };
    let reason = task.reason.as_deref().map(|r| format!(": {}", one_line(r))).unwrap_or_default();
    format!("{attempt}{reason}")
}

/// A text of somebody else's, without what would steer the terminal or tear the line.
fn one_line(text: &str) -> String {
    output::printable(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

const fn mark(state: TaskState) -> char {
    match state {
        TaskState::Waiting | TaskState::Queued => '.',
        TaskState::WaitingForApproval => '?',
        TaskState::Starting | TaskState::Running => '>',
        TaskState::Succeeded => '+',
        TaskState::Cached => '=',
        TaskState::Skipped => '-',
        TaskState::Failed => '!',
        TaskState::Cancelled => 'x',
    }
}

const fn is_well(state: TaskState) -> bool {
    matches!(state, TaskState::Succeeded | TaskState::Cached | TaskState::Skipped)
}

/// `[#########...............] 3 of 8 tasks`
pub fn progress(run: &PipelineRun) -> String {
    let (all, ended) = (usize::try_from(run.tasks).unwrap_or(0), usize::try_from(run.tasks_ended).unwrap_or(0));
    let full = (BAR * ended.min(all)).checked_div(all).unwrap_or(0);
    format!("[{}{}] {}", "#".repeat(full), ".".repeat(BAR - full), ended_of(run))
}

/// `3 of 8 tasks`
pub fn ended_of(run: &PipelineRun) -> String {
    format!("{} of {}", run.tasks_ended, counted(usize::try_from(run.tasks).unwrap_or(0)))
}

/// What is otherwise than it was, a line each: tasks by their paths. `before` and `now` are all of them.
pub fn changes(before: &[Task], now: &[Task]) -> Vec<String> {
    let known: HashMap<&str, &Task> = before.iter().map(|t| (t.id.as_str(), t)).collect();
    let paths = paths(now);
    let said = |task: &&Task| match known.get(task.id.as_str()) {
        Some(known) => (known.state, known.attempt, &known.reason) != (task.state, task.attempt, &task.reason),
        // That it waits is nothing that happened.
        None => task.state != TaskState::Waiting,
    };
    let text = |task: &Task| {
        let took = match task.started_at.as_deref().filter(|_| task.state.is_final()) {
            Some(started) => format!(", {}", output::took(Some(started), task.ended_at.as_deref())),
            None => String::new(),
        };
        format!("{}: {}{took}{}", paths[task.id.as_str()], task.state.as_str(), attempt_and_reason(task))
    };
    now.iter().filter(said).map(text).collect()
}

/// The path of each task, by its id: `for-loop-2[0]/double` is in the first turn of a loop.
pub fn paths(tasks: &[Task]) -> HashMap<&str, String> {
    paths_by(tasks, |task| &task.name)
}

/// The same of the names that are shown.
pub fn shown_paths(tasks: &[Task]) -> HashMap<&str, String> {
    paths_by(tasks, |task| &task.display_name)
}

fn paths_by(tasks: &[Task], name: fn(&Task) -> &str) -> HashMap<&str, String> {
    let by_id: HashMap<&str, &Task> = tasks.iter().map(|t| (t.id.as_str(), t)).collect();
    let above = |task: &Task| task.parent_id.as_deref().and_then(|id| by_id.get(id)).copied();
    let path = |task: &Task| {
        let (mut names, mut at) = (Vec::new(), Some(task));
        while let Some(task) = at {
            // Nothing is in itself; the bound is for an answer that says so.
            if names.len() > tasks.len() {
                break;
            }
            at = match task.iteration {
                Some(turn) => {
                    names.push(format!("{}[{turn}]", one_line(name(task))));
                    above(task).and_then(above)
                }
                None => {
                    names.push(one_line(name(task)));
                    above(task)
                }
            };
        }
        names.reverse();
        names.join("/")
    };
    tasks.iter().map(|task| (task.id.as_str(), path(task))).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn task(id: &str, parent: Option<&str>, name: &str, turn: Option<i64>, state: TaskState) -> Task {
        Task {
            id: id.into(),
            parent_id: parent.map(str::to_owned),
            name: name.into(),
            display_name: name.into(),
            iteration: turn,
            kind: "executor".into(),
            after: Vec::new(),
            state,
            reason: None,
            attempt: 1,
            cached_from: None,
            run_id: None,
            workload_id: None,
            started_at: None,
            ended_at: None,
        }
    }

    fn some() -> Vec<Task> {
        use TaskState::{Cached, Failed, Running, Succeeded, Waiting};
        vec![
            task("a", None, "begin", None, Succeeded),
            task("b", None, "loop", None, Running),
            task("c", Some("b"), "loop", Some(0), Succeeded),
            task("d", Some("c"), "double", None, Cached),
            task("e", Some("b"), "loop", Some(1), Running),
            Task { reason: Some("Exited with\ncode 1.".into()), attempt: 2, ..task("f", Some("e"), "double", None, Failed) },
            task("g", None, "total", None, Waiting),
        ]
    }

    #[test]
    fn a_tree_shows_what_is_in_what() {
        let whole = tree(&some(), 100);
        let expected = "\
+ begin (succeeded)
> loop (running)
├─ + loop [0] (succeeded)
│  └─ = double (cached)
└─ > loop [1] (running)
   └─ ! double (failed, attempt 2: Exited with code 1.)
. total (waiting)";
        assert_eq!(whole, expected);
        assert_eq!(tree(&[], 10), "No tasks so far.");
    }

    #[test]
    fn a_tree_without_room_leaves_out_what_needs_nobody() {
        let folded = "\
> loop (running)
├─ > loop [1] (running)
│  └─ ! double (failed, attempt 2: Exited with code 1.)
└─ + 1 task ended well
+ 1 task ended well
. 1 task to come";
        assert_eq!(tree(&some(), 6), folded);
        assert_eq!(tree(&some(), 2), "> loop (running)\n… and 5 lines more");
    }

    #[test]
    fn changes_are_told_by_path_and_once() {
        let (before, mut now) = (some(), some());
        assert_eq!(changes(&[], &before).len(), 6, "what waits is no news");
        assert_eq!(changes(&before, &now), Vec::<String>::new());
        now[4].state = TaskState::Failed;
        now[5].attempt = 3;
        let expected = ["loop[1]: failed", "loop[1]/double: failed, attempt 3: Exited with code 1."];
        assert_eq!(changes(&before, &now), expected);
    }
}
