use std::collections::HashMap;

use super::Node;
use crate::pipelines::ir::{Component, Pipeline, Task};

/// Where something stands in a run: the engine's node, or the row that it is.
pub trait Placed {
    /// Its id.
    fn id(&self) -> &str;
    /// The DAG or loop that it belongs to.
    fn parent(&self) -> Option<&str>;
    /// The task's key in its DAG; an iteration has the name of its loop.
    fn name(&self) -> &str;
    /// Which iteration of its parent it is.
    fn iteration(&self) -> Option<i64>;
}

impl Placed for Node {
    fn id(&self) -> &str {
        &self.id
    }
    fn parent(&self) -> Option<&str> {
        self.parent.as_deref()
    }
    fn name(&self) -> &str {
        &self.name
    }
    fn iteration(&self) -> Option<i64> {
        self.iteration.map(i64::from)
    }
}

/// The task that `node` is an instance of, and its component; `find` knows those above it. None when it does not, or the pipeline has no such task.
pub fn task_of<'a, 'p, N: Placed + 'a>(
    pipeline: &'p Pipeline,
    node: &'a N,
    find: impl Fn(&str) -> Option<&'a N>,
) -> Option<(&'p Task, &'p Component)> {
    let mut component = &pipeline.root;
    let mut found = None;
    // An iteration is an instance of the same task as its loop.
    for node in line(node, find)?.into_iter().filter(|node| node.iteration().is_none()) {
        let task = component.dag()?.tasks.get(node.name())?;
        component = pipeline.component_of(task)?;
        found = Some((task, component));
    }
    found
}

/// A node and those above it, the outermost first.
fn line<'a, N: Placed>(node: &'a N, find: impl Fn(&str) -> Option<&'a N>) -> Option<Vec<&'a N>> {
    let mut line = vec![node];
    while let Some(parent) = line.last().and_then(|node| node.parent()) {
        line.push(find(parent)?);
    }
    line.reverse();
    Some(line)
}

/// The nodes of a run beside the tasks that they are instances of.
pub struct Tree<'a, N = Node> {
    pipeline: &'a Pipeline,
    nodes: HashMap<&'a str, &'a N>,
}

impl<'a, N: Placed> Tree<'a, N> {
    /// Of all nodes of a run, or of a node and those above it.
    pub fn of(pipeline: &'a Pipeline, nodes: impl IntoIterator<Item = &'a N>) -> Self {
        Self { pipeline, nodes: nodes.into_iter().map(|node| (node.id(), node)).collect() }
    }

    /// The node of this id.
    pub fn node(&self, id: &str) -> Option<&'a N> {
        self.nodes.get(id).copied()
    }

    /// The task that a node is an instance of, and its component. None when a node above it is not known.
    pub fn task(&self, id: &str) -> Option<(&'a Task, &'a Component)> {
        task_of(self.pipeline, self.node(id)?, |id| self.node(id))
    }

    /// Its names from the outermost on, as in `for-loop-1[0]/train`. None when a node above it is not known.
    pub fn path(&self, id: &str) -> Option<String> {
        let mut out = String::new();
        for node in line(self.node(id)?, |id| self.node(id))? {
            match node.iteration() {
                Some(index) => out.push_str(&format!("[{index}]")),
                None if out.is_empty() => out.push_str(node.name()),
                None => {
                    out.push('/');
                    out.push_str(node.name());
                }
            }
        }
        Some(out)
    }
}
