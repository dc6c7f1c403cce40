//! Whether workloads run on nodes that can be chosen among.

use leptos::prelude::use_context;

/// Given by the server to every page.
#[derive(Debug, Clone, Copy)]
pub struct Nodes(pub bool);

impl Nodes {
    /// Whether they are.
    pub fn are_there() -> bool {
        use_context::<Self>().is_some_and(|nodes| nodes.0)
    }
}
