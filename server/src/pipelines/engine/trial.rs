//! Runs a pipeline to its end with answers in place of what is run.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Map, Value};

use super::*;
use crate::pipelines::ir::{Executor, Pipeline};

/// What became of an executor.
pub(crate) enum Answer {
    Good(Outputs),
    Cached(Outputs),
    /// Of an approval.
    Said(Said),
    Bad(&'static str),
}

/// An executor that was started.
pub(crate) struct Started<'a> {
    /// As in `for-loop-1[0]/double`.
    pub path: &'a str,
    /// Name of its component without `comp-`.
    pub component: &'a str,
    pub attempt: u32,
    /// With the defaults of the component.
    pub parameters: Map<String, Value>,
    pub artifacts: &'a BTreeMap<String, Vec<Artifact>>,
}

pub(crate) struct Trial {
    pub pipeline: Pipeline,
    pub run: RunInputs,
    pub nodes: Vec<Node>,
    pub now_ms: i64,
    /// The paths of the executors in the order in which they were started.
    pub order: Vec<String>,
    /// The most that ran at once.
    pub widest: usize,
    /// How often steps were asked for.
    pub plans: usize,
    queue: VecDeque<String>,
}

pub(crate) struct End {
    pub state: RunState,
    pub outputs: Outputs,
    pub error: Option<String>,
}

impl Trial {
    pub fn new(pipeline: Pipeline, parameters: Value) -> Self {
        let given = parameters.as_object().cloned().unwrap_or_default();
        let parameters = pipeline.parameters(&given).expect("parameters that fit");
        let run = RunInputs {
            parameters,
            names: RunNames { resource_name: "runs/trial".to_owned(), ..RunNames::default() },
            started_ms: 1_000_000,
            ..RunInputs::default()
        };
        Self { pipeline, run, nodes: Vec::new(), now_ms: 1_000_000, order: Vec::new(), widest: 0, plans: 0, queue: VecDeque::new() }
    }

    /// To the end, with answers to what is asked of each executor. `None` asks for the run to be canceled.
    pub fn go(&mut self, mut answer: impl FnMut(Started<'_>) -> Option<Answer>) -> End {
        self.go_with(|pipeline, nodes, id| {
            let tree = Tree::of(pipeline, nodes);
            let ((_, component), path) = tree.task(id).zip(tree.path(id)).expect("a task");
            let node = tree.node(id).expect("a node");
            let mut parameters = node.inputs.parameters.clone();
            for (name, declared) in &component.parameters {
                if let Some(default) = declared.default.as_ref().filter(|_| !parameters.contains_key(name)) {
                    parameters.insert(name.clone(), default.clone());
                }
            }
            let component = component.name.trim_start_matches("comp-");
            answer(Started { path: &path, component, attempt: node.attempt, parameters, artifacts: &node.inputs.artifacts })
        })
    }

    /// To the end, with answers to the ids of executors.
    pub fn go_with(&mut self, mut answer: impl FnMut(&Pipeline, &[Node], &str) -> Option<Answer>) -> End {
        for _ in 0..1_000_000 {
            let steps = self.plan();
            if let Some(Step::EndRun { state, outputs, error }) = steps.last() {
                let end = End { state: *state, outputs: outputs.clone(), error: error.clone() };
                self.apply(&steps[..steps.len() - 1]);
                assert!(self.nodes.iter().all(|n| n.state.is_over()), "nothing is left open");
                return end;
            }
            if !steps.is_empty() {
                self.apply(&steps);
                self.widest = self.widest.max(self.queue.len());
                continue;
            }
            let Some(id) = self.queue.pop_front() else {
                let wake =
                    wake_ms(&self.pipeline, &self.run, &self.nodes, self.now_ms).unwrap_or_else(|| panic!("stuck: {:#?}", self.states()));
                self.now_ms = wake;
                continue;
            };
            let at = self.at(&id);
            match answer(&self.pipeline, &self.nodes, &id) {
                None => {
                    self.run.cancel = true;
                    self.queue.push_front(id);
                }
                Some(Answer::Good(outputs)) => self.end(at, State::Succeeded, outputs, None),
                Some(Answer::Cached(outputs)) => self.end(at, State::Cached, outputs, None),
                Some(Answer::Said(said)) => {
                    assert!(self.nodes[at].asks(self.now_ms).is_some());
                    self.nodes[at].answered(said);
                }
                Some(Answer::Bad(why)) => self.end(at, State::Failed, Outputs::default(), Some(why.to_owned())),
            }
        }
        panic!("it never ends")
    }

    /// The steps; the same when asked twice, and when the rows come in another order.
    pub fn plan(&mut self) -> Vec<Step> {
        self.plans += 1;
        let steps = plan(&self.pipeline, &self.run, &self.nodes, self.now_ms);
        if self.nodes.len() < 200 {
            let mut turned = self.nodes.clone();
            turned.reverse();
            assert_eq!(steps, plan(&self.pipeline, &self.run, &turned, self.now_ms), "the order of rows does not matter");
        }
        steps
    }

    fn end(&mut self, at: usize, state: State, outputs: Outputs, error: Option<String>) {
        let node = &mut self.nodes[at];
        assert_eq!(node.state, State::Running);
        (node.state, node.outputs, node.error) = (state, outputs, error);
    }

    fn at(&self, id: &str) -> usize {
        self.nodes.iter().position(|n| n.id == id).expect("a node of this id")
    }

    pub fn apply(&mut self, steps: &[Step]) {
        let ids: BTreeMap<String, usize> = self.nodes.iter().enumerate().map(|(i, n)| (n.id.clone(), i)).collect();
        for step in steps {
            match step.clone() {
                Step::Expand { node, inputs, children } => {
                    if let Some(id) = &node {
                        let node = &mut self.nodes[ids[id]];
                        assert_eq!(node.state, State::Waiting);
                        (node.state, node.inputs) = (State::Running, inputs);
                    }
                    for child in children {
                        self.nodes.push(Node {
                            id: format!("n{}", self.nodes.len()),
                            parent: node.clone(),
                            name: child.name,
                            iteration: child.iteration,
                            kind: child.kind,
                            state: State::Waiting,
                            attempt: 0,
                            retried: 0,
                            inputs: Inputs::default(),
                            outputs: Outputs::default(),
                            error: None,
                            not_before_ms: 0,
                            approval: None,
                        });
                    }
                }
                Step::Start { node, attempt, inputs } => {
                    let at = ids[&node];
                    self.order.push(self.path(&self.nodes[at]));
                    self.queue.push_back(node);
                    let node = &mut self.nodes[at];
                    assert_eq!((node.state, node.attempt + 1), (State::Waiting, attempt));
                    (node.state, node.inputs, node.attempt) = (State::Running, inputs, attempt);
                    if node.kind == Kind::Approval {
                        self.nodes[at].approval = Some(self.question(at));
                    }
                }
                Step::Finish { node, state, inputs, outputs, error } => {
                    self.queue.retain(|id| *id != node);
                    let node = &mut self.nodes[ids[&node]];
                    assert!(!node.state.is_over() && state.is_over());
                    (node.state, node.outputs, node.error) = (state, outputs, error);
                    if let Some(inputs) = inputs {
                        node.inputs = inputs;
                    }
                }
                Step::Retry { node, retried, not_before_ms } => {
                    let node = &mut self.nodes[ids[&node]];
                    assert_eq!((node.state, node.retried + 1), (State::Failed, retried));
                    (node.state, node.retried, node.not_before_ms) = (State::Waiting, retried, not_before_ms);
                }
                Step::Cancel { node } => {
                    self.queue.retain(|id| *id != node);
                    self.end(ids[&node], State::Canceled, Outputs::default(), Some("canceled".to_owned()));
                }
                Step::EndRun { .. } => panic!("only at the end"),
            }
        }
    }

    fn question(&self, at: usize) -> Approval {
        let node = &self.nodes[at];
        let (task, component) = Tree::of(&self.pipeline, &self.nodes).task(&node.id).expect("a task");
        let Some(Executor::Container(container)) = self.pipeline.executor_of(component) else { panic!("a container") };
        let places = Places { folder: "/w".to_owned(), ..Places::default() };
        let launch = launch(task, component, container, &node.inputs, &self.run.names, &node.id, &places).expect("a command");
        ask(&launch, self.now_ms).expect("a question")
    }

    pub fn path(&self, node: &Node) -> String {
        Tree::of(&self.pipeline, &self.nodes).path(&node.id).expect("a path")
    }

    /// How every node stands, by path.
    pub fn states(&self) -> BTreeMap<String, State> {
        let tree = Tree::of(&self.pipeline, &self.nodes);
        self.nodes.iter().map(|node| (tree.path(&node.id).expect("a path"), node.state)).collect()
    }
}

/// Output parameters alone.
pub(crate) fn good(parameters: Value) -> Option<Answer> {
    Some(Answer::Good(Outputs { parameters: parameters.as_object().cloned().unwrap_or_default(), ..Outputs::default() }))
}
