//! What is different between two versions of a pipeline: task by task, from what was read of them and not from their text alone.

use super::{
    ir::Pipeline,
    parsed::Parsed,
    told::{self, Facts, Told},
    upload::{pipeline_of, version_row},
    view,
};
use crate::{
    access::TeamMember,
    error::{Error, Result},
    store::Store,
};
use app::api::pipeline_diff::{Change, DiffLine, Difference, PipelineDiff, Side, TaskDifference};
use similar::{ChangeTag, TextDiff};
use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

/// Longest value that is told whole, in characters.
const LONGEST: usize = 2000;
/// Lines that are the same, around those that differ.
const AROUND: usize = 3;
/// Longest text whose lines are compared, in bytes; and so much in all.
const LINES_OF: usize = 200_000;
const LINES_IN_ALL: usize = 2_000_000;
/// Lines of one text that are told.
const MOST_LINES: usize = 400;
/// After so long two texts count as different from where they are.
const PATIENCE: Duration = Duration::from_millis(300);

/// What is different in a version against another; against the one made before it, where none is named.
///
/// # Errors
/// Not there; none was made before it.
pub async fn versions(
    parsed: &Parsed,
    store: &Store,
    by: &TeamMember,
    pipeline: &str,
    version: &str,
    against: Option<&str>,
) -> Result<PipelineDiff> {
    let after = version_row(store, by, pipeline, Some(version)).await?;
    let before = match against.filter(|a| !a.is_empty()) {
        Some(name) => version_row(store, by, pipeline, Some(name)).await?,
        None => store.pipeline_versions(&by.team.id, &after.pipeline_id, Some(&after.id), 1).await?.pop().ok_or_else(|| {
            Error::not_found("version before this one").hint("Name another as `against`: this is the oldest version of the pipeline.")
        })?,
    };
    let (old, new) = (pipeline_of(parsed, &before.spec_digest).await?, pipeline_of(parsed, &after.spec_digest).await?);
    let found = tokio::task::spawn_blocking(move || between(&old, &new)).await.map_err(Error::internal)?;
    let Found { pipeline, tasks, same, more } = found;
    Ok(PipelineDiff { before: view::version(before), after: view::version(after), pipeline, tasks, same, more })
}

struct Found {
    pipeline: Vec<Difference>,
    tasks: Vec<TaskDifference>,
    same: i64,
    more: bool,
}

fn between(old: &Pipeline, new: &Pipeline) -> Found {
    let mut left = LINES_IN_ALL;
    let pipeline = differences(&told::whole(old), &told::whole(new), &mut left);
    let ((before, more_before), (after, more_after)) = (told::tasks(old), told::tasks(new));
    let mut pairs: BTreeMap<&str, (Option<&Told>, Option<&Told>)> = BTreeMap::new();
    for task in &before {
        pairs.entry(&task.path).or_default().0 = Some(task);
    }
    for task in &after {
        pairs.entry(&task.path).or_default().1 = Some(task);
    }
    let (mut tasks, mut same) = (Vec::new(), 0);
    for (path, (was, is)) in pairs {
        let none = Facts::new();
        let change = match (was, is) {
            (Some(was), Some(is)) if was.facts == is.facts && was.name == is.name => {
                same += 1;
                continue;
            }
            (Some(_), Some(_)) => Change::Changed,
            (Some(_), None) => Change::Removed,
            (None, _) => Change::Added,
        };
        let of = |t: Option<&Told>| t.map(|t| t.name.clone());
        let facts = |t: Option<&'_ Told>| t.map_or(none.clone(), |t| t.facts.clone());
        let mut differences = differences(&facts(was), &facts(is), &mut left);
        if change == Change::Changed && of(was) != of(is) {
            differences.insert(0, Difference { what: "Name for people".into(), before: of(was), after: of(is), lines: Vec::new() });
        }
        let name = of(is).or_else(|| of(was)).unwrap_or_default();
        tasks.push(TaskDifference { path: path.to_owned(), name, change, differences });
    }
    Found { pipeline, tasks, same, more: more_before || more_after }
}

/// What differs, in the order in which the one after tells it, then what only the one before tells. `left`: how much text is still compared
/// line by line.
fn differences(before: &Facts, after: &Facts, left: &mut usize) -> Vec<Difference> {
    let was: HashMap<&str, &str> = before.iter().map(|(what, text)| (what.as_str(), text.as_str())).collect();
    let is: HashMap<&str, &str> = after.iter().map(|(what, text)| (what.as_str(), text.as_str())).collect();
    let new = after.iter().map(|(what, text)| (what, was.get(what.as_str()).copied(), Some(text.as_str())));
    let gone = before.iter().filter(|(what, _)| !is.contains_key(what.as_str())).map(|(what, text)| (what, Some(text.as_str()), None));
    let differ = new.chain(gone).filter(|(_, was, is)| was != is);
    differ
        .map(|(what, was, is)| Difference { what: what.clone(), before: was.map(cut), after: is.map(cut), lines: lines(was, is, left) })
        .collect()
}

/// A text that is not too long to be told.
pub fn cut(text: &str) -> String {
    if text.chars().count() <= LONGEST { text.to_owned() } else { text.chars().take(LONGEST).chain(['…']).collect() }
}

/// Lines of two texts, where one of them has several.
fn lines(before: Option<&str>, after: Option<&str>, left: &mut usize) -> Vec<DiffLine> {
    let (Some(before), Some(after)) = (before, after) else { return Vec::new() };
    let size = before.len() + after.len();
    if size > LINES_OF || size > *left || !(before.contains('\n') || after.contains('\n')) {
        return Vec::new();
    }
    *left -= size;
    let diff = TextDiff::configure().timeout(PATIENCE).diff_lines(before, after);
    let mut out = Vec::new();
    for (i, group) in diff.grouped_ops(AROUND).iter().enumerate() {
        if i > 0 {
            out.push(DiffLine { side: Side::Gap, text: String::new() });
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let side = match change.tag() {
                ChangeTag::Equal => Side::Both,
                ChangeTag::Delete => Side::Before,
                ChangeTag::Insert => Side::After,
            };
            out.push(DiffLine { side, text: cut(change.value().trim_end_matches(['\n', '\r'])) });
        }
    }
    if out.len() > MOST_LINES {
        out.truncate(MOST_LINES);
        out.push(DiffLine { side: Side::Gap, text: String::new() });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipelines::ir;

    fn compiled(name: &str) -> String {
        std::fs::read_to_string(format!("{}/end2end/kfp/compiled/{name}.yaml", env!("SLIPWAY_ROOT"))).unwrap()
    }

    fn found(before: &str, after: &str) -> Found {
        between(&ir::parse(before).unwrap(), &ir::parse(after).unwrap())
    }

    #[test]
    fn the_same_is_the_same() {
        for name in ["hello", "nested", "loop_nested", "exit_handler", "importing", "team_secrets", "resources", "packages", "retry"] {
            let text = compiled(name);
            let found = found(&text, &text);
            assert!(found.pipeline.is_empty() && found.tasks.is_empty() && found.same > 0 && !found.more, "{name}");
        }
    }

    #[test]
    fn what_changed_is_told_task_by_task() {
        let old = compiled("packages");
        let container = old.replace("image: python:3.11", "image: python:3.12");
        let images = found(&old, &container).tasks;
        assert!(!images.is_empty());
        for task in &images {
            assert_eq!(task.change, Change::Changed);
            let told: Vec<_> = task.differences.iter().map(|d| (d.what.as_str(), d.before.as_deref(), d.after.as_deref())).collect();
            assert_eq!(told, [("Image", Some("python:3.11"), Some("python:3.12"))]);
        }
    }

    #[test]
    fn code_is_compared_line_by_line() {
        let (old, mut new) = (ir::parse(&compiled("hello")).unwrap(), ir::parse(&compiled("hello")).unwrap());
        for executor in new.executors.values_mut() {
            let ir::Executor::Container(container) = executor else { panic!("a container") };
            let code = container.command.last_mut().unwrap();
            *code = code.trim_end().to_owned() + "\n    # One line more.\n";
        }
        let tasks = between(&old, &new).tasks;
        let [task] = tasks.as_slice() else { panic!("{tasks:?}") };
        let [code] = task.differences.as_slice() else { panic!("{task:?}") };
        assert_eq!(code.what, "Code");
        let changed: Vec<_> = code.lines.iter().filter(|l| l.side != Side::Both).map(|l| (l.side, l.text.trim())).collect();
        assert!(changed.contains(&(Side::After, "# One line more.")), "{changed:?}");
        assert!(code.lines.len() < 12, "what is the same stays out: {:?}", code.lines);
    }

    #[test]
    fn tasks_come_and_go() {
        let (old, mut new) = (ir::parse(&compiled("diamond")).unwrap(), ir::parse(&compiled("diamond")).unwrap());
        let ir::Body::Dag(dag) = &mut new.root.body else { panic!("tasks") };
        let (key, mut task) = dag.tasks.pop_last().unwrap();
        task.cache = !task.cache;
        dag.tasks.insert("other".into(), task);
        let tasks = between(&old, &new).tasks;
        let how: Vec<_> = tasks.iter().map(|t| (t.path.as_str(), t.change)).collect();
        assert!(how.contains(&("other", Change::Added)) && how.contains(&(key.as_str(), Change::Removed)), "{how:?}");
        let added = tasks.iter().find(|t| t.change == Change::Added).unwrap();
        assert!(added.differences.iter().all(|d| d.before.is_none() && d.after.is_some()) && added.differences.len() > 2, "{added:?}");
    }

    #[test]
    fn what_a_run_takes_is_of_the_whole() {
        let old = compiled("hello");
        let new = ir::parse(&old).map(|mut p| {
            p.deadline_s = Some(60);
            let text = p.root.parameters.get_mut("text").unwrap();
            text.default = Some("good morning".into());
            p
        });
        let told = between(&ir::parse(&old).unwrap(), &new.unwrap()).pipeline;
        let told: Vec<_> = told.iter().map(|d| (d.what.as_str(), d.before.as_deref(), d.after.as_deref())).collect();
        assert_eq!(
            told,
            [
                ("Time limit", None, Some("60 s")),
                ("Parameter text", Some("text, \"hello\" by default"), Some("text, \"good morning\" by default")),
            ]
        );
    }
}
