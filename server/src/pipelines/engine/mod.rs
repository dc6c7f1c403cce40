//! What runs a pipeline, without doing anything itself: from what there is (rows) follows what is to be done (steps). The same rows always give
//! the same steps, so that they may be asked for at any time and carried out again after a crash.

mod approval;
mod cache_key;
mod collect;
#[cfg(test)]
mod compiled_tests;
mod launch;
mod node;
mod packages;
mod placeholders;
mod plan;
mod rerun;
#[cfg(test)]
mod rerun_tests;
mod resolve;
mod step;
mod tree;
#[cfg(test)]
pub(crate) mod trial;

pub use self::{
    approval::{Approval, Said, ask},
    cache_key::cache_key,
    collect::{Collected, Written, collect},
    launch::{Launch, Places, launch},
    node::{Artifact, Inputs, Kind, Node, Outputs, RunInputs, RunNames, Secret, State},
    packages::{Install, Packages, packages},
    plan::{plan, wake_ms},
    rerun::{Again, rerun},
    step::{NewNode, RunState, Step},
    tree::{Placed, Tree, task_of},
};
