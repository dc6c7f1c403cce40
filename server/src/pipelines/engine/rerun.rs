use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::{Kind, Node, State, plan::Rows};
use crate::pipelines::ir::{Dag, Pipeline, Task};

/// What becomes of a node when a run that did not end well goes on from where it failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Again {
    /// It waits once more: its inputs, outputs, error and question are gone, `retried` is 0, its attempts go on counting.
    Wait(String),
    /// A DAG or loop runs once more: its outputs and error are gone, its inputs stay.
    Resume(String),
    /// It is gone: what it belongs to starts from the beginning.
    Remove(String),
}

/// How a run that failed or was canceled goes on: tasks that did not succeed are run again and everything after them, the rest stays.
///
/// Empty when everything succeeded.
pub fn rerun(pipeline: &Pipeline, nodes: &[Node]) -> Vec<Again> {
    let mut walk = Walk { pipeline, rows: Rows::of(nodes), again: Vec::new() };
    if let Some(dag) = pipeline.root.dag() {
        walk.dag(None, dag);
    }
    walk.again
}

struct Walk<'a> {
    pipeline: &'a Pipeline,
    rows: Rows<'a>,
    again: Vec<Again>,
}

impl<'a> Walk<'a> {
    /// Whether anything in the DAG runs again.
    fn dag(&mut self, id: Option<&str>, dag: &'a Dag) -> bool {
        let children: HashMap<&str, &'a Node> = self.rows.children(id).iter().map(|node| (node.name.as_str(), *node)).collect();
        let mut changed: HashSet<&str> = HashSet::new();
        for key in &dag.order {
            let (Some(task), Some(node)) = (dag.tasks.get(key), children.get(key.as_str())) else { continue };
            let after = task.upstream.iter().any(|other| changed.contains(other.as_str()));
            if after {
                self.wait(node);
            }
            if after || self.node(node, task, &children) {
                changed.insert(key);
            }
        }
        !changed.is_empty()
    }

    /// Whether a node that follows nothing that runs again runs again itself.
    fn node(&mut self, node: &'a Node, task: &'a Task, siblings: &HashMap<&str, &'a Node>) -> bool {
        match node.state {
            State::Succeeded | State::Cached => false,
            // Its condition is false, or what it waits for was skipped: still so. What was only stopped by a failure beside it runs.
            State::Skipped => {
                let decided = node.inputs != Default::default();
                let follows = task.upstream.iter().any(|other| siblings.get(other.as_str()).is_some_and(|n| !n.state.is_good()));
                if decided || follows && !task.always {
                    return false;
                }
                self.wait(node);
                true
            }
            State::Waiting | State::Running => true,
            State::Failed | State::Canceled => {
                let started = !self.rows.children(Some(&node.id)).is_empty();
                let resumed = started
                    && match node.kind {
                        Kind::Dag => {
                            self.pipeline.component_of(task).and_then(|c| c.dag()).is_some_and(|dag| self.dag(Some(&node.id), dag))
                        }
                        Kind::Loop => self.iterations(node, task),
                        Kind::Executor | Kind::Importer | Kind::Approval => false,
                    };
                if resumed {
                    self.again.push(Again::Resume(node.id.clone()));
                } else {
                    self.wait(node);
                }
                true
            }
        }
    }

    fn iterations(&mut self, node: &Node, task: &'a Task) -> bool {
        let none = HashMap::new();
        let mut changed = false;
        for child in self.rows.iterations(&node.id) {
            if child.state == State::Skipped {
                self.wait(child);
                changed = true;
            } else {
                changed |= self.node(child, task, &none);
            }
        }
        changed
    }

    /// Puts a node back to its beginning, without what belongs to it.
    fn wait(&mut self, node: &Node) {
        let mut left: Vec<&Node> = self.rows.children(Some(&node.id)).to_vec();
        while let Some(below) = left.pop() {
            left.extend(self.rows.children(Some(&below.id)));
            self.again.push(Again::Remove(below.id.clone()));
        }
        self.again.push(Again::Wait(node.id.clone()));
    }
}
