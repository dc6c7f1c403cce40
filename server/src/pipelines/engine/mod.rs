//! What runs a pipeline, without doing anything itself: from what there is (rows) follows what is to be done (steps). The same rows always give
//! the same steps, so that they may be asked for at any time and carried out again after a crash.

mod node;
mod step;

pub use self::{
    node::{Artifact, Inputs, Kind, Node, Outputs, RunInputs, Secret, State},
    step::{NewNode, RunState, Step},
};
