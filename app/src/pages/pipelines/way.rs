//! Where a task stands in its run, in the words in which two runs are compared: names from the top down, and turns of loops.

use super::shown::name;
use crate::api::pipeline_runs::Task;
use leptos::prelude::*;
use std::collections::HashMap;

/// The way to a task.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Way {
    /// What is around it, with a slash behind each; empty at the top.
    pub around: String,
    /// Its name.
    pub name: String,
}

impl Way {
    /// All of it.
    pub fn whole(&self) -> String {
        format!("{}{}", self.around, self.name)
    }
}

/// The ways to all tasks.
pub fn ways(tasks: &[Task]) -> Vec<Way> {
    let by_id: HashMap<&str, &Task> = tasks.iter().map(|t| (t.id.as_str(), t)).collect();
    let above = |t: &Task| t.parent_id.as_deref().and_then(|id| by_id.get(id).copied());
    // A turn has the name of its loop, which is left out.
    let around = |t: &Task| if t.iteration.is_some() { above(t).and_then(above) } else { above(t) };
    let way = |t: &Task| {
        // A list that lies about what holds what ends with its length.
        let holders = std::iter::successors(around(t), |h| around(h)).take(tasks.len());
        let mut names: Vec<String> = holders.map(name).collect();
        names.reverse();
        Way { around: names.into_iter().map(|name| name + "/").collect(), name: name(t) }
    };
    tasks.iter().map(way).collect()
}

/// A way, in which the name stands out.
#[component]
pub fn WayWords(
    /// The way.
    way: Way,
) -> impl IntoView {
    let around = (!way.around.is_empty()).then(|| view! { <span class="sub">{way.around}</span> });
    view! { {around}{way.name} }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::pipeline_runs::TaskState;

    fn task(id: &str, parent: Option<&str>, name: &str, turn: Option<i64>) -> Task {
        Task {
            id: id.into(),
            parent_id: parent.map(str::to_owned),
            name: name.into(),
            display_name: String::new(),
            iteration: turn,
            kind: if turn.is_some() { "iteration" } else { "executor" }.into(),
            after: Vec::new(),
            state: TaskState::Succeeded,
            reason: None,
            attempt: 1,
            cached_from: None,
            run_id: None,
            workload_id: None,
            started_at: None,
            ended_at: None,
        }
    }

    #[test]
    fn turns_are_told_however_deep() {
        let tasks = [
            task("1", None, "load", None),
            task("2", None, "each", None),
            task("3", Some("2"), "each", Some(0)),
            task("4", Some("2"), "each", Some(1)),
            task("5", Some("3"), "double", None),
            task("6", Some("4"), "double", None),
            task("7", Some("4"), "tell", None),
            task("8", Some("7"), "say", None),
        ];
        let ways = ways(&tasks);
        let whole: Vec<String> = ways.iter().map(Way::whole).collect();
        assert_eq!(whole, ["load", "each", "each 0", "each 1", "each 0/double", "each 1/double", "each 1/tell", "each 1/tell/say"]);
        assert_eq!(ways[7], Way { around: "each 1/tell/".into(), name: "say".into() });
    }

    #[test]
    fn a_circle_ends() {
        let tasks = [task("1", Some("2"), "a", None), task("2", Some("1"), "b", None)];
        assert_eq!(ways(&tasks).len(), 2);
    }
}
