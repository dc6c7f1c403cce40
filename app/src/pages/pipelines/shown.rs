//! What of a pipeline run the graph shows: tasks, and in place of a nested pipeline or a loop that is folded one box with counts.

use crate::{
    api::pipeline_runs::{Task, TaskState},
    ui::time,
};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// A run of at most so many tasks is shown with everything unfolded,
const SMALL: usize = 24;
/// where those that hold them make no more boxes than this.
const BOXES: usize = 60;

/// A box.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// Place of its task in the list of all.
    pub task: usize,
    /// What stands in it.
    pub label: String,
    /// Whether what it holds stands beside it; nothing where it holds nothing.
    pub unfolded: Option<bool>,
    /// Of what it holds: how many have ended, of how many.
    pub count: (usize, usize),
    /// How many it waits for that have not ended.
    pub waits: usize,
    /// Whether it is on the way that took longest.
    pub critical: bool,
}

/// Boxes and edges between them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Graph {
    /// The boxes.
    pub boxes: Vec<Shown>,
    /// From, to: places of boxes.
    pub edges: Vec<(usize, usize)>,
    /// Those of them that are on the way that took longest.
    way: BTreeSet<(usize, usize)>,
}

impl Graph {
    /// Whether an edge is on the way that took longest.
    pub fn is_critical(&self, edge: (usize, usize)) -> bool {
        self.way.contains(&edge)
    }
}

/// Which of those that hold others are unfolded: those that the address names. Where it says nothing, not even that there are none: all of a
/// small run, and what is around the task `chosen`.
pub fn unfolded(tasks: &[Task], asked: Option<&str>, chosen: Option<&str>) -> BTreeSet<String> {
    if let Some(asked) = asked {
        return asked.split(',').filter(|id| !id.is_empty() && *id != "none").map(str::to_owned).collect();
    }
    let small = tasks.len() <= BOXES && tasks.iter().filter(|t| is_one(t)).count() <= SMALL;
    let all = tasks.iter().filter(|t| small && !is_one(t)).map(|t| t.id.clone());
    all.chain(chosen.into_iter().flat_map(|id| upwards(tasks, id).skip(1)).map(|t| t.id.clone())).collect()
}

/// The task `id`, what holds it, what holds that, and so on.
fn upwards<'a>(tasks: &'a [Task], id: &str) -> impl Iterator<Item = &'a Task> + use<'a> {
    let by_id: HashMap<&str, &Task> = tasks.iter().map(|t| (t.id.as_str(), t)).collect();
    let first = by_id.get(id).copied();
    // Each step leads upwards; a list that lies about that ends with its length.
    std::iter::successors(first, move |t| t.parent_id.as_deref().and_then(|id| by_id.get(id).copied())).take(tasks.len())
}

/// Place of the folded box in which the task `id` is; nothing where it has a box of its own.
pub fn folded_around(graph: &Graph, tasks: &[Task], id: &str) -> Option<usize> {
    let boxes: HashMap<&str, usize> = graph.boxes.iter().enumerate().map(|(place, b)| (tasks[b.task].id.as_str(), place)).collect();
    let nearest = upwards(tasks, id).find_map(|t| Some((t, *boxes.get(t.id.as_str())?)));
    nearest.filter(|(t, place)| t.id != id && graph.boxes[*place].unfolded == Some(false)).map(|(_, place)| place)
}

/// What the address says for `unfolded` without or with `id`.
pub fn toggled(unfolded: &BTreeSet<String>, id: &str) -> String {
    let mut ids: Vec<&str> = unfolded.iter().map(String::as_str).filter(|u| *u != id).collect();
    if !unfolded.contains(id) {
        ids.push(id);
    }
    if ids.is_empty() { "none".into() } else { ids.join(",") }
}

/// Whether a task is something that runs, and holds no others.
pub fn is_one(task: &Task) -> bool {
    matches!(task.kind.as_str(), "executor" | "importer" | "approval")
}

/// A name for people, with the turn of a loop.
pub fn name(task: &Task) -> String {
    let name = if task.display_name.is_empty() { &task.name } else { &task.display_name };
    task.iteration.map_or_else(|| name.clone(), |i| format!("{name} {i}"))
}

/// Names of all tasks, with the turn of the loop that each stands in.
pub fn names(tasks: &[Task]) -> Vec<String> {
    let turns: HashMap<&str, i64> = tasks.iter().filter_map(|t| Some((t.id.as_str(), t.iteration?))).collect();
    let turn = |t: &Task| t.parent_id.as_deref().and_then(|id| turns.get(id)).copied();
    tasks.iter().map(|t| turn(t).map_or_else(|| name(t), |turn| format!("{} {turn}", name(t)))).collect()
}

struct Walk<'a> {
    tasks: &'a [Task],
    below: HashMap<Option<&'a str>, Vec<usize>>,
    unfolded: &'a BTreeSet<String>,
    graph: Graph,
}

/// The graph of a run's tasks.
pub fn graph(tasks: &[Task], unfolded: &BTreeSet<String>) -> Graph {
    let mut below: HashMap<Option<&str>, Vec<usize>> = HashMap::new();
    for (i, t) in tasks.iter().enumerate() {
        below.entry(t.parent_id.as_deref()).or_default().push(i);
    }
    let mut walk = Walk { tasks, below, unfolded, graph: Graph::default() };
    walk.within(None);
    let mut graph = walk.graph;
    critical(&mut graph, tasks);
    graph
}

impl<'a> Walk<'a> {
    /// What stands under `top`, and below that what is unfolded. Not by recursion: what is nested was uploaded.
    fn within(&mut self, top: Option<&'a str>) {
        let tasks = self.tasks;
        // Who holds, and its box.
        let mut todo: Vec<(Option<&'a str>, Option<usize>)> = vec![(top, None)];
        // Where what follows a task comes from: its own box, or the ends of what it holds.
        let mut ends: HashMap<usize, Vec<usize>> = HashMap::new();
        let mut waits: Vec<(usize, Vec<usize>)> = Vec::new();
        let mut inner: Vec<(usize, Vec<usize>)> = Vec::new();
        while let Some((holder, above)) = todo.pop() {
            let members = self.below.get(&holder).cloned().unwrap_or_default();
            let names: BTreeMap<&str, usize> =
                members.iter().filter(|i| tasks[**i].iteration.is_none()).map(|i| (tasks[*i].name.as_str(), *i)).collect();
            let mut followed = BTreeSet::new();
            let mut boxes = Vec::new();
            for &i in &members {
                let task = &tasks[i];
                let before: Vec<usize> = task.after.iter().filter_map(|name| names.get(name.as_str()).copied()).collect();
                followed.extend(before.iter().copied());
                let here = self.shown(i, &before);
                boxes.push((i, here));
                match above {
                    Some(above) if before.is_empty() => self.graph.edges.push((above, here)),
                    _ => waits.push((here, before)),
                }
                ends.insert(i, vec![here]);
                if self.graph.boxes[here].unfolded == Some(true) {
                    todo.push((Some(task.id.as_str()), Some(here)));
                }
            }
            if let Some(above) = above {
                let last = boxes.into_iter().filter(|(i, _)| !followed.contains(i)).map(|(i, _)| i).collect();
                inner.push((self.graph.boxes[above].task, last));
            }
        }
        // From the innermost: what ends a nested one may be nested itself.
        for (holder, last) in inner.into_iter().rev() {
            let all: Vec<usize> = last.iter().flat_map(|i| ends.get(i).cloned().unwrap_or_default()).collect();
            if !all.is_empty() {
                ends.insert(holder, all);
            }
        }
        for (here, before) in waits {
            let from = before.iter().flat_map(|i| ends.get(i).into_iter().flatten());
            self.graph.edges.extend(from.map(|from| (*from, here)));
        }
    }

    fn shown(&mut self, i: usize, before: &[usize]) -> usize {
        let (i, label) = self.stands_for(i);
        let task = &self.tasks[i];
        let holds = !is_one(task) && self.below.contains_key(&Some(task.id.as_str()));
        self.graph.boxes.push(Shown {
            task: i,
            label,
            unfolded: holds.then(|| self.unfolded.contains(&task.id)),
            count: if holds { self.count(i) } else { (0, 0) },
            waits: before.iter().filter(|b| !self.tasks[**b].state.is_final()).count(),
            critical: false,
        });
        self.graph.boxes.len() - 1
    }

    /// A turn of a loop that is one task only is shown as that task.
    fn stands_for(&self, i: usize) -> (usize, String) {
        let task = &self.tasks[i];
        let only = match (task.iteration, self.below.get(&Some(task.id.as_str())).map(Vec::as_slice)) {
            (Some(turn), Some([only])) if is_one(&self.tasks[*only]) => Some((*only, format!("{} {turn}", name(&self.tasks[*only])))),
            _ => None,
        };
        only.unwrap_or_else(|| (i, name(task)))
    }

    /// Of a loop its turns, of a nested pipeline its tasks.
    fn count(&self, i: usize) -> (usize, usize) {
        let members = self.below.get(&Some(self.tasks[i].id.as_str())).map(Vec::as_slice).unwrap_or_default();
        (members.iter().filter(|m| self.tasks[**m].state.is_final()).count(), members.len())
    }
}

/// When a task began, and when it ended; what runs, or asks somebody, has not.
pub fn span(task: &Task) -> Option<(f64, Option<f64>)> {
    let from = task.started_at.as_deref().and_then(time::parse)?;
    let to = task.ended_at.as_deref().and_then(time::parse);
    (to.is_some() || matches!(task.state, TaskState::Running | TaskState::WaitingForApproval)).then_some((from, to))
}

/// Marks the way that took longest: from what ended last back to what it waited for last, to the beginning.
fn critical(graph: &mut Graph, tasks: &[Task]) {
    // What holds others and is unfolded only says where they begin.
    let end = |b: &Shown| span(&tasks[b.task]).map(|(from, to)| if b.unfolded == Some(true) { from } else { to.unwrap_or(f64::MAX) });
    let mut before: Vec<Vec<usize>> = vec![Vec::new(); graph.boxes.len()];
    for &(from, to) in &graph.edges {
        before[to].push(from);
    }
    let latest = |of: &mut dyn Iterator<Item = usize>| {
        of.filter_map(|i| end(&graph.boxes[i]).map(|e| (i, e))).max_by(|a, b| a.1.total_cmp(&b.1)).map(|(i, _)| i)
    };
    let mut way = Vec::new();
    let mut at = latest(&mut (0..graph.boxes.len()));
    while let Some(i) = at.filter(|i| !way.contains(i)) {
        way.push(i);
        at = latest(&mut before[i].iter().copied());
    }
    // A single task is no way.
    if way.len() > 1 {
        graph.way = way.windows(2).map(|w| (w[1], w[0])).collect();
        for i in way {
            graph.boxes[i].critical = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task(id: &str, parent: Option<&str>, kind: &str, after: &[&str]) -> Task {
        Task {
            id: id.into(),
            parent_id: parent.map(str::to_owned),
            name: id.into(),
            display_name: String::new(),
            iteration: None,
            kind: kind.into(),
            after: after.iter().map(|a| (*a).to_owned()).collect(),
            state: TaskState::Waiting,
            reason: None,
            attempt: 0,
            cached_from: None,
            run_id: None,
            workload_id: None,
            started_at: None,
            ended_at: None,
        }
    }

    fn edges(graph: &Graph) -> BTreeSet<(String, String)> {
        graph.edges.iter().map(|(a, b)| (graph.boxes[*a].label.clone(), graph.boxes[*b].label.clone())).collect()
    }

    fn pairs(all: &[(&str, &str)]) -> BTreeSet<(String, String)> {
        all.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
    }

    fn nested() -> Vec<Task> {
        vec![
            task("load", None, "executor", &[]),
            task("prepare", None, "dag", &["load"]),
            task("clean", Some("prepare"), "executor", &[]),
            task("join", Some("prepare"), "executor", &["clean"]),
            task("train", None, "executor", &["prepare"]),
        ]
    }

    #[test]
    fn a_folded_one_is_one_box_with_counts() {
        let mut tasks = nested();
        tasks[2].state = TaskState::Succeeded;
        let g = graph(&tasks, &BTreeSet::new());
        assert_eq!(edges(&g), pairs(&[("load", "prepare"), ("prepare", "train")]));
        let prepare = &g.boxes[1];
        assert_eq!((prepare.unfolded, prepare.count, prepare.waits), (Some(false), (1, 2), 1));
    }

    #[test]
    fn an_unfolded_one_stands_before_what_it_holds() {
        let tasks = nested();
        let g = graph(&tasks, &BTreeSet::from(["prepare".to_owned()]));
        assert_eq!(edges(&g), pairs(&[("load", "prepare"), ("prepare", "clean"), ("clean", "join"), ("join", "train")]));
    }

    #[test]
    fn turns_of_a_loop_are_told_apart_and_followed_together() {
        let mut tasks = vec![task("each", None, "loop", &[])];
        for i in 0..2 {
            let turn = Task { iteration: Some(i), ..task(&format!("turn-{i}"), Some("each"), "iteration", &[]) };
            tasks.push(Task { name: "each".into(), ..turn });
            tasks.push(task(&format!("work-{i}"), Some(&format!("turn-{i}")), "executor", &[]));
        }
        // The second is more than one task.
        tasks.push(task("tell", Some("turn-1"), "executor", &["work-1"]));
        tasks.push(task("last", None, "executor", &["each"]));
        let all = unfolded(&tasks, None, None);
        let g = graph(&tasks, &all);
        let expected =
            [("each", "work-0 0"), ("each", "each 1"), ("each 1", "work-1"), ("work-1", "tell"), ("work-0 0", "last"), ("tell", "last")];
        assert_eq!(edges(&g), pairs(&expected));
        assert_eq!(edges(&graph(&tasks, &unfolded(&tasks, Some("none"), None))), pairs(&[("each", "last")]));
        // What is chosen is seen, as long as nobody folded what is around it.
        assert_eq!(unfolded(&tasks, Some("none"), Some("work-1")), BTreeSet::new());
        tasks.extend((0..SMALL).map(|i| task(&format!("more-{i}"), None, "executor", &[])));
        assert_eq!(unfolded(&tasks, None, Some("work-1")), ["each", "turn-1"].map(str::to_owned).into());
    }

    #[test]
    fn many_that_hold_little_are_folded_too() {
        let mut tasks = vec![task("each", None, "loop", &[])];
        for i in 0..i64::try_from(BOXES).unwrap() {
            let id = format!("turn-{i}");
            tasks.push(Task { iteration: Some(i), ..task(&id, Some("each"), "iteration", &[]) });
            tasks.push(task(&format!("if-{i}"), Some(&id), "dag", &[]));
        }
        assert_eq!(graph(&tasks, &unfolded(&tasks, None, None)).boxes.len(), 1);
    }

    #[test]
    fn what_is_around_the_chosen_one_is_folded() {
        let tasks = nested();
        let open = unfolded(&tasks, None, Some("join"));
        let g = graph(&tasks, &open);
        assert_eq!((g.boxes.len(), folded_around(&g, &tasks, "join")), (5, None));
        let open = unfolded(&tasks, Some(&toggled(&open, "prepare")), Some("join"));
        let g = graph(&tasks, &open);
        let around = folded_around(&g, &tasks, "join").map(|place| g.boxes[place].label.as_str());
        assert_eq!((g.boxes.len(), around), (3, Some("prepare")));
        // Of what is seen, and of what is not there, there is none.
        assert_eq!(["train", "prepare", "other"].map(|id| folded_around(&g, &tasks, id)), [None; 3]);
        // An address that names none is not one that says nothing.
        assert!(unfolded(&tasks, Some(""), Some("join")).is_empty());
    }

    #[test]
    fn addresses_unfold_and_fold() {
        let open = BTreeSet::from(["a".to_owned()]);
        assert_eq!(toggled(&open, "b"), "a,b");
        assert_eq!(toggled(&open, "a"), "none");
        assert!(unfolded(&nested(), Some("none"), None).is_empty());
    }

    #[test]
    fn the_way_that_took_longest() {
        let mut tasks = vec![
            task("a", None, "executor", &[]),
            task("quick", None, "executor", &["a"]),
            task("slow", None, "executor", &["a"]),
            task("end", None, "executor", &["quick", "slow"]),
        ];
        for (t, (from, to)) in tasks.iter_mut().zip([(0, 5), (5, 6), (5, 30), (30, 31)]) {
            t.state = TaskState::Succeeded;
            t.started_at = Some(format!("2026-11-23T10:00:{from:02}Z"));
            t.ended_at = Some(format!("2026-11-23T10:00:{to:02}Z"));
        }
        let g = graph(&tasks, &BTreeSet::new());
        let way: Vec<&str> = g.boxes.iter().filter(|b| b.critical).map(|b| b.label.as_str()).collect();
        assert_eq!(way, ["a", "slow", "end"]);
    }
}
