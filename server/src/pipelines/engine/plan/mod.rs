//! From rows to steps.

mod children;
#[cfg(test)]
mod tests;

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

pub(super) use self::children::Rows;
use super::{
    Inputs, Kind, NewNode, Node, Outputs, RunInputs, RunState, State, Step, approval,
    resolve::{Ended, Items, Scope, dag_outputs, imported, loop_outputs},
};
use crate::pipelines::ir::{Component, Dag, Executor, Pipeline, Task};

/// What is to be done in a run that stands like this, to be carried out in this order. Empty: something has to happen first (a task ends, or
/// [`wake_ms`] comes).
///
/// `nodes` are all nodes of the run, in any order. After the steps were carried out there may be more to do: ask again until there is nothing.
pub fn plan(pipeline: &Pipeline, run: &RunInputs, nodes: &[Node], now_ms: i64) -> Vec<Step> {
    let late = deadline_ms(pipeline, run).is_some_and(|at| at <= now_ms);
    let root_inputs = Inputs { parameters: run.parameters.clone(), artifacts: run.artifacts.clone(), secrets: Vec::new() };
    let mut planner = Planner { pipeline, run, now_ms, rows: Rows::of(nodes), cancel: run.cancel || late, steps: Vec::new() };
    let Some(dag) = pipeline.root.dag() else { return Vec::new() };
    if planner.cancel && nodes.is_empty() {
        return vec![Step::EndRun { state: RunState::Canceled, outputs: Outputs::default(), error: Some(CANCELED.to_owned()) }];
    }
    let Some(over) = planner.dag(None, dag, &root_inputs, false) else { return planner.steps };
    let (state, error) = match over.state {
        State::Canceled if late && !run.cancel => {
            let seconds = pipeline.deadline_s.unwrap_or_default();
            (RunState::Failed, Some(format!("it took longer than the {seconds} seconds that the pipeline allows")))
        }
        State::Canceled => (RunState::Canceled, over.error),
        State::Failed => (RunState::Failed, over.error),
        _ => (RunState::Succeeded, None),
    };
    planner.steps.push(Step::EndRun { state, outputs: over.outputs.into_owned(), error });
    planner.steps
}

/// When to ask again although nothing happened: a task is to be tried again, or the time of an approval or of the run is over. In milliseconds
/// since 1970.
pub fn wake_ms(pipeline: &Pipeline, run: &RunInputs, nodes: &[Node], now_ms: i64) -> Option<i64> {
    let waiting = nodes.iter().filter(|n| n.state == State::Waiting).map(|n| n.not_before_ms);
    let asking = nodes.iter().filter(|n| n.state == State::Running).filter_map(|n| n.approval.as_ref()?.until_ms);
    waiting.chain(asking).chain(deadline_ms(pipeline, run)).filter(|at| *at > now_ms).min()
}

fn deadline_ms(pipeline: &Pipeline, run: &RunInputs) -> Option<i64> {
    let ms = i64::try_from(pipeline.deadline_s?.saturating_mul(1000)).ok()?;
    run.started_ms.checked_add(ms)
}

const CANCELED: &str = "the run was cancelled";

struct Planner<'a> {
    pipeline: &'a Pipeline,
    run: &'a RunInputs,
    now_ms: i64,
    rows: Rows<'a>,
    cancel: bool,
    steps: Vec<Step>,
}

/// A node with what is known about it.
#[derive(Clone, Copy)]
struct Place<'a> {
    node: &'a Node,
    task: &'a Task,
    component: &'a Component,
    /// It is, or is part of, what cleans up.
    exit: bool,
}

impl<'a> Planner<'a> {
    /// Goes through the tasks of a DAG that has started. Some when all have ended.
    fn dag(&mut self, id: Option<&'a str>, dag: &'a Dag, inputs: &Inputs, exit: bool) -> Option<Ended<'a>> {
        let mut scope = Scope { names: &self.run.names, inputs, ended: HashMap::with_capacity(dag.tasks.len()) };
        let children: HashMap<&str, &'a Node> = self.rows.children(id).iter().map(|node| (node.name.as_str(), *node)).collect();
        if children.len() < dag.tasks.len() {
            let missing = dag.order.iter().filter(|key| !children.contains_key(key.as_str()));
            let missing = missing.filter_map(|key| self.new_node(key, dag.tasks.get(key)?)).collect();
            self.steps.push(Step::Expand { node: id.map(str::to_owned), inputs: inputs.clone(), children: missing });
            return None;
        }
        let mut failed = None;
        for key in &dag.order {
            let (Some(task), Some(node)) = (dag.tasks.get(key), children.get(key.as_str())) else { continue };
            let Some(component) = self.pipeline.component_of(task) else { continue };
            let place = Place { node, task, component, exit: exit || task.exit };
            if let Some(ended) = self.task(place, &scope, failed) {
                if ended.state == State::Failed {
                    failed = Some(key.as_str());
                }
                scope.ended.insert(key, ended);
            }
        }
        if scope.ended.len() < dag.tasks.len() {
            return None;
        }
        let (state, error) = sum(dag.order.iter().filter_map(|key| {
            let ended = scope.ended.get(key.as_str())?;
            Some((key.as_str(), ended.state, ended.error.as_deref()))
        }));
        let outputs = if state == State::Succeeded { dag_outputs(dag, &scope.ended) } else { Outputs::default() };
        Some(Ended { state, outputs: Cow::Owned(outputs), error })
    }

    /// Looks at a task of a DAG. Some when it has ended.
    fn task(&mut self, place: Place<'a>, scope: &Scope<'_>, failed: Option<&str>) -> Option<Ended<'a>> {
        if place.node.state != State::Waiting {
            return self.started(place);
        }
        if self.cancels(place) {
            return Some(self.finish(place.node, State::Canceled, None, Outputs::default(), Some(CANCELED.to_owned())));
        }
        let mut pending = false;
        for other in &place.task.upstream {
            match scope.ended.get(other.as_str()) {
                None => pending = true,
                Some(ended) if !ended.state.is_good() && !place.task.always => {
                    let how = if ended.state == State::Skipped { "was skipped" } else { "did not succeed" };
                    return Some(self.skip(place.node, None, format!("{other} {how}")));
                }
                Some(_) => {}
            }
        }
        if let Some(failed) = failed.filter(|_| self.run.fail_fast && !place.task.always) {
            return Some(self.skip(place.node, None, format!("{failed} failed before it started")));
        }
        if pending || place.node.not_before_ms > self.now_ms {
            return None;
        }
        self.begin(place, scope)
    }

    /// A task whose time has come.
    fn begin(&mut self, place: Place<'a>, scope: &Scope<'_>) -> Option<Ended<'a>> {
        let Place { node, task, component, .. } = place;
        let inputs = match scope.inputs_of(self.pipeline, node, task, component) {
            Ok(inputs) => inputs,
            Err(why) => return Some(self.fail(node, None, why)),
        };
        if let Some(condition) = &task.condition {
            match condition.holds(&inputs.parameters) {
                Ok(true) => {}
                Ok(false) => return Some(self.skip(node, Some(inputs), format!("not so: {}", condition.text()))),
                Err(why) => return Some(self.fail(node, Some(inputs), why)),
            }
        }
        if task.iterator.is_none() {
            return self.start(place, inputs);
        }
        let len = match Items::of(task, component, &inputs) {
            Ok(items) => items.len(),
            Err(why) => return Some(self.fail(node, Some(inputs), why)),
        };
        if len == 0 {
            let outputs = loop_outputs(self.pipeline, component, std::iter::empty());
            return Some(self.finish(node, State::Succeeded, Some(inputs), outputs, None));
        }
        self.steps.push(Step::Expand { node: Some(node.id.clone()), inputs, children: iterations(node, component, self.pipeline, len) });
        None
    }

    /// Starts what is no loop, with inputs that are complete.
    fn start(&mut self, place: Place<'a>, inputs: Inputs) -> Option<Ended<'a>> {
        let Place { node, component, .. } = place;
        match (component.dag(), self.pipeline.executor_of(component)) {
            (Some(dag), _) => {
                let children = dag.order.iter().filter_map(|key| self.new_node(key, dag.tasks.get(key)?)).collect();
                self.steps.push(Step::Expand { node: Some(node.id.clone()), inputs, children });
                None
            }
            (None, Some(Executor::Importer(importer))) => Some(match imported(importer, component, &inputs) {
                Ok(outputs) => self.finish(node, State::Succeeded, Some(inputs), outputs, None),
                Err(why) => self.fail(node, Some(inputs), why),
            }),
            (None, _) => {
                self.steps.push(Step::Start { node: node.id.clone(), attempt: node.attempt + 1, inputs });
                None
            }
        }
    }

    /// Looks at a node that has started. Some when it has ended.
    fn started(&mut self, place: Place<'a>) -> Option<Ended<'a>> {
        let Place { node, task, component, exit } = place;
        if node.state.is_over() {
            if node.state == State::Failed && !self.cancels(place) && self.retries(node, task) {
                return None;
            }
            return Some(Ended { state: node.state, outputs: Cow::Borrowed(&node.outputs), error: node.error.clone() });
        }
        let over = match node.kind {
            Kind::Approval => return self.asked(place),
            Kind::Loop => self.iterations(place)?,
            Kind::Dag => self.dag(Some(&node.id), component.dag()?, &node.inputs, exit)?,
            Kind::Executor | Kind::Importer => {
                if self.cancels(place) {
                    self.steps.push(Step::Cancel { node: node.id.clone() });
                }
                return None;
            }
        };
        Some(self.finish(node, over.state, None, over.outputs.into_owned(), over.error))
    }

    /// Looks at an approval that nobody answered. Some when it has ended without an answer.
    fn asked(&mut self, place: Place<'a>) -> Option<Ended<'a>> {
        let node = place.node;
        if self.cancels(place) {
            return Some(self.finish(node, State::Canceled, None, Outputs::default(), Some(CANCELED.to_owned())));
        }
        let asked = node.approval.as_ref()?;
        asked.until_ms.is_some_and(|until| until <= self.now_ms).then(|| self.fail(node, None, approval::late(asked)))
    }

    /// Puts a failed executor up for another try, if it has one left.
    fn retries(&mut self, node: &Node, task: &Task) -> bool {
        let Some(retry) = task.retry.filter(|r| node.kind == Kind::Executor && node.attempt > 0 && node.retried < r.times) else {
            return false;
        };
        let retried = node.retried + 1;
        let wait = i64::try_from(retry.wait_ms(retried)).unwrap_or(i64::MAX);
        self.steps.push(Step::Retry { node: node.id.clone(), retried, not_before_ms: self.now_ms.saturating_add(wait) });
        true
    }

    /// Goes through the iterations of a loop that has started. Some when all have ended.
    fn iterations(&mut self, place: Place<'a>) -> Option<Ended<'a>> {
        let Place { node, task, component, .. } = place;
        let children: Vec<&'a Node> = self.rows.iterations(&node.id);
        let mut ended: BTreeMap<u32, Ended<'a>> = BTreeMap::new();
        let (mut running, mut failed) = (0, None);
        // Those that run come first: one that ends here makes room for another.
        for child in &children {
            let index = child.iteration.unwrap_or_default();
            if child.state == State::Waiting {
                continue;
            }
            match self.started(Place { node: child, ..place }) {
                None => running += u32::from(child.state == State::Running),
                Some(over) => {
                    failed = failed.or((over.state == State::Failed).then_some(index));
                    ended.insert(index, over);
                }
            }
        }
        let mut items = None;
        for child in children.iter().filter(|child| child.state == State::Waiting) {
            let index = child.iteration.unwrap_or_default();
            if self.cancels(place) {
                ended.insert(index, self.finish(child, State::Canceled, None, Outputs::default(), Some(CANCELED.to_owned())));
                continue;
            }
            if let Some(failed) = failed.filter(|_| self.run.fail_fast) {
                ended.insert(index, self.skip(child, None, format!("iteration {failed} failed before it started")));
                continue;
            }
            if child.not_before_ms > self.now_ms || task.parallelism.is_some_and(|limit| running >= limit) {
                continue;
            }
            let items = items.get_or_insert_with(|| Items::of(task, component, &node.inputs));
            let inputs = items.as_ref().map_err(Clone::clone).and_then(|items| items.inputs(task, component, &node.inputs, index));
            let over = match inputs {
                Ok(inputs) => self.start(Place { node: child, ..place }, inputs),
                Err(why) => Some(self.fail(child, None, why)),
            };
            match over {
                None => running += 1,
                Some(over) => {
                    ended.insert(index, over);
                }
            }
        }
        if ended.len() < children.len() {
            return None;
        }
        let names: Vec<String> = ended.keys().map(|index| format!("iteration {index}")).collect();
        let (state, error) = sum(ended.values().zip(&names).map(|(over, name)| (name.as_str(), over.state, over.error.as_deref())));
        let outputs = match state {
            State::Succeeded => loop_outputs(self.pipeline, component, ended.values().map(|over| &*over.outputs)),
            _ => Outputs::default(),
        };
        Some(Ended { state, outputs: Cow::Owned(outputs), error })
    }

    fn cancels(&self, place: Place<'_>) -> bool {
        self.cancel && (self.run.cancel_exits || !place.exit)
    }

    fn skip(&mut self, node: &Node, inputs: Option<Inputs>, why: String) -> Ended<'a> {
        self.finish(node, State::Skipped, inputs, Outputs::default(), Some(why))
    }

    fn fail(&mut self, node: &Node, inputs: Option<Inputs>, why: String) -> Ended<'a> {
        self.finish(node, State::Failed, inputs, Outputs::default(), Some(why))
    }

    fn finish(&mut self, node: &Node, state: State, inputs: Option<Inputs>, outputs: Outputs, error: Option<String>) -> Ended<'a> {
        let step = Step::Finish { node: node.id.clone(), state, inputs, outputs: outputs.clone(), error: error.clone() };
        self.steps.push(step);
        Ended { state, outputs: Cow::Owned(outputs), error }
    }

    fn new_node(&self, key: &str, task: &Task) -> Option<NewNode> {
        let kind = match &task.iterator {
            Some(_) => Kind::Loop,
            None => kind_of(self.pipeline, self.pipeline.component_of(task)?),
        };
        Some(NewNode { name: key.to_owned(), iteration: None, kind })
    }
}

fn kind_of(pipeline: &Pipeline, component: &Component) -> Kind {
    match pipeline.executor_of(component) {
        _ if component.dag().is_some() => Kind::Dag,
        Some(Executor::Importer(_)) => Kind::Importer,
        Some(Executor::Container(container)) if container.is_approval() => Kind::Approval,
        _ => Kind::Executor,
    }
}

fn iterations(node: &Node, component: &Component, pipeline: &Pipeline, len: usize) -> Vec<NewNode> {
    let kind = kind_of(pipeline, component);
    (0..len as u32).map(|index| NewNode { name: node.name.clone(), iteration: Some(index), kind }).collect()
}

/// How something ended whose parts ended like this.
fn sum<'p>(parts: impl Iterator<Item = (&'p str, State, Option<&'p str>)>) -> (State, Option<String>) {
    let mut out = (State::Succeeded, None);
    for (name, state, error) in parts {
        match state {
            State::Canceled => return (State::Canceled, Some(CANCELED.to_owned())),
            State::Failed if out.0 != State::Failed => {
                out = (State::Failed, Some(format!("{name} failed: {}", error.unwrap_or("it did not say why"))));
            }
            _ => {}
        }
    }
    out
}
