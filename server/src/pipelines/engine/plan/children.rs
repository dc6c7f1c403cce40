use std::collections::HashMap;

use crate::pipelines::engine::Node;

/// No node has this id.
const ROOT: &str = "";

/// The nodes of a run by what they belong to.
pub(in crate::pipelines::engine) struct Rows<'a> {
    children: HashMap<&'a str, Vec<&'a Node>>,
}

impl<'a> Rows<'a> {
    pub fn of(nodes: &'a [Node]) -> Self {
        let mut children: HashMap<&'a str, Vec<&'a Node>> = HashMap::with_capacity(nodes.len());
        for node in nodes {
            children.entry(node.parent.as_deref().unwrap_or(ROOT)).or_default().push(node);
        }
        Self { children }
    }

    /// The tasks of a DAG.
    pub fn children(&self, of: Option<&str>) -> &[&'a Node] {
        self.children.get(of.unwrap_or(ROOT)).map_or(&[], Vec::as_slice)
    }

    /// The iterations of a loop, in order.
    pub fn iterations(&self, of: &str) -> Vec<&'a Node> {
        let mut out = self.children(Some(of)).to_vec();
        out.sort_by_key(|node| node.iteration);
        out
    }
}
