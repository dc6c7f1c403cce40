use std::collections::HashMap;

use super::Node;
use crate::pipelines::ir::{Component, Pipeline, Task};

/// The nodes of a run beside the tasks that they are instances of.
pub struct Tree<'a> {
    pipeline: &'a Pipeline,
    nodes: HashMap<&'a str, &'a Node>,
}

impl<'a> Tree<'a> {
    /// Of all nodes of a run, or of a node and those above it.
    pub fn of(pipeline: &'a Pipeline, nodes: impl IntoIterator<Item = &'a Node>) -> Self {
        Self { pipeline, nodes: nodes.into_iter().map(|node| (node.id.as_str(), node)).collect() }
    }

    /// The node of this id.
    pub fn node(&self, id: &str) -> Option<&'a Node> {
        self.nodes.get(id).copied()
    }

    /// A node and those above it, the outermost first.
    fn line(&self, id: &str) -> Option<Vec<&'a Node>> {
        let mut line = vec![self.node(id)?];
        while let Some(parent) = line.last().and_then(|node| node.parent.as_deref()) {
            line.push(self.node(parent)?);
        }
        line.reverse();
        Some(line)
    }

    /// The task that a node is an instance of, and its component. None when a node above it is not known.
    pub fn task(&self, id: &str) -> Option<(&'a Task, &'a Component)> {
        let mut component = &self.pipeline.root;
        let mut found = None;
        // An iteration is an instance of the same task as its loop.
        for node in self.line(id)?.into_iter().filter(|node| node.iteration.is_none()) {
            let task = component.dag()?.tasks.get(&node.name)?;
            component = self.pipeline.component_of(task)?;
            found = Some((task, component));
        }
        found
    }

    /// Its names from the outermost on, as in `for-loop-1[0]/train`. None when a node above it is not known.
    pub fn path(&self, id: &str) -> Option<String> {
        let mut out = String::new();
        for node in self.line(id)? {
            match node.iteration {
                Some(index) => out.push_str(&format!("[{index}]")),
                None if out.is_empty() => out.push_str(&node.name),
                None => {
                    out.push('/');
                    out.push_str(&node.name);
                }
            }
        }
        Some(out)
    }
}
