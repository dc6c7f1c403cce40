//! What came out of a task.

use super::{
    engine::{self, Node, Outputs},
    launched::{self, Of},
};
use crate::{
    models::location,
    store::{pipeline_runs::PipelineRunRow, tasks::TaskRow},
};
use app::api::pipeline_runs::TaskDelivery;

/// From what its launcher delivered.
///
/// # Errors
/// What is wrong with it, for the reader.
pub fn of(of: Option<Of<'_>>, run: &PipelineRunRow, row: &TaskRow, node: &Node, delivery: &TaskDelivery) -> Result<Outputs, String> {
    let of = of.ok_or("The pipeline does not say what it runs.")?;
    let launch = launched::launch(of, run, row, &node.inputs, Default::default())?;
    let mut outputs = engine::collect(of.component, &launch, &launched::written(delivery))?.outputs;
    for artifact in outputs.artifacts.values_mut().flatten() {
        let path = location::path_of(&artifact.uri).ok().flatten();
        artifact.digest = path.and_then(|path| delivery.digests.get(path.as_str()).cloned());
    }
    Ok(outputs)
}
