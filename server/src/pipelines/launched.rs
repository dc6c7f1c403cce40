//! What is run for a task, worked out the same way whenever it is asked for: before it starts, when it delivers, and when it has ended.

use super::{
    engine::{self, Artifact, Inputs, Launch, Node, Places, RunNames, Written},
    ir::{Address, Component, Container, Executor, Pipeline, Task},
    places::Lines,
};
use crate::{
    artifacts::{ArtifactPath, ArtifactStore},
    clock::rfc3339,
    error::Result,
    launcher::{Input, WORK},
    models::location,
    store::{pipeline_runs::PipelineRunRow, tasks::TaskRow},
};
use app::api::pipeline_runs::TaskDelivery;
use std::collections::BTreeMap;

/// Folder of what goes in, below the working folder.
const INPUTS: &str = "inputs";
/// Folder of what comes out, below the working folder.
const OUTPUTS: &str = "outputs";
/// Name of the file of outputs among those that are delivered; no parameter is called so.
const OUTPUT_FILE: &str = "/executor_output.json";

/// A task in its pipeline.
#[derive(Clone, Copy)]
pub struct Of<'a> {
    /// What the pipeline says of it.
    pub task: &'a Task,
    /// Its component.
    pub component: &'a Component,
    /// What that runs.
    pub container: &'a Container,
}

/// Finds what a task runs; nothing where the pipeline does not say it.
pub fn of<'a>(pipeline: &'a Pipeline, lines: &Lines, task_id: &str) -> Option<Of<'a>> {
    found(pipeline, engine::task_of(pipeline, lines.find(task_id)?, |id| lines.find(id)))
}

/// The same, where the task is at hand with its component.
pub fn found<'a>(pipeline: &'a Pipeline, task: Option<(&'a Task, &'a Component)>) -> Option<Of<'a>> {
    let (task, component) = task?;
    match pipeline.executor_of(component)? {
        Executor::Container(container) => Some(Of { task, component, container }),
        Executor::Importer(_) => None,
    }
}

/// How a pipeline run is called.
pub fn names(run: &PipelineRunRow) -> RunNames {
    RunNames {
        name: run.name.clone(),
        resource_name: run.id.clone(),
        id: run.id.clone(),
        root: format!("mlflow-artifacts:/{}/{}/artifacts", run.experiment_id, run.run_id),
        created_at: rfc3339(run.created_at),
        scheduled_at: rfc3339(run.scheduled_at.unwrap_or(run.created_at)),
    }
}

/// What is run for a task with these inputs. `inputs`: where artifacts lie for it.
///
/// # Errors
/// Why it can never run.
pub fn launch(
    of: Of<'_>,
    run: &PipelineRunRow,
    row: &TaskRow,
    inputs: &Inputs,
    paths: BTreeMap<String, String>,
) -> std::result::Result<Launch, String> {
    let places = Places {
        inputs: paths,
        folder: format!("{WORK}/{OUTPUTS}"),
        address: format!("mlflow-artifacts:/{}/{}/artifacts", run.experiment_id, row.run_id.as_deref().unwrap_or("none")),
    };
    engine::launch(of.task, of.component, of.container, inputs, &names(run), &row.id, &places)
}

/// Where the artifacts that go in lie for the task, by their addresses, and which of them are to be brought there. Where the store is a folder
/// of the task's own machine, they are taken as they lie.
///
/// # Errors
/// An address of ours that is none.
pub fn paths(node: &Node, team_id: &str, store: Option<&ArtifactStore>) -> Result<(BTreeMap<String, String>, Vec<Input>)> {
    let (mut paths, mut brought) = (BTreeMap::new(), Vec::new());
    for artifact in node.inputs.artifacts.values().flatten() {
        if paths.contains_key(&artifact.uri) {
            continue;
        }
        let Some(path) = location::path_of(&artifact.uri)? else {
            elsewhere(&artifact.uri, &mut paths, &mut brought);
            continue;
        };
        let here = match store.and_then(|s| s.place(team_id, &path)) {
            Some(place) => place.display().to_string(),
            None => {
                let to = format!("{WORK}/{INPUTS}/{}/{}", brought.len(), path.name());
                brought.push(Input { artifact: path.to_string(), path: to.clone(), address: None });
                to
            }
        };
        paths.insert(artifact.uri.clone(), here);
    }
    Ok((paths, brought))
}

/// The same for what is not ours.
fn elsewhere(uri: &str, paths: &mut BTreeMap<String, String>, brought: &mut Vec<Input>) {
    let here = match Address::of(uri) {
        Address::Web(address) => {
            let path = address.split(['?', '#']).next().unwrap_or_default();
            let last = path.split_once("://").and_then(|(_, path)| path.trim_end_matches('/').split_once('/')?.1.rsplit('/').next());
            let name: String =
                last.unwrap_or("data").chars().map(|c| if c.is_alphanumeric() || "-_.".contains(c) { c } else { '_' }).collect();
            // No name of a folder that is there in each, and no longer than one may be.
            let name: String = name.trim_start_matches('.').chars().take(100).collect();
            let name = if name.is_empty() { "data" } else { name.as_str() };
            let to = format!("{WORK}/{INPUTS}/{}/{name}", brought.len());
            brought.push(Input { artifact: String::new(), path: to.clone(), address: Some(address.to_owned()) });
            to
        }
        Address::Path(path) => path,
        Address::Ours | Address::Nowhere(_) => return,
    };
    paths.insert(uri.to_owned(), here);
}

/// The files that the launcher delivers, by the names under which it does.
pub fn files(launch: &Launch) -> BTreeMap<String, String> {
    let parameters = launch.parameter_files.iter().map(|(name, path)| (name.clone(), path.clone()));
    parameters.chain([(OUTPUT_FILE.to_owned(), launch.output_file.clone())]).collect()
}

/// What the launcher delivered, as the engine takes it.
pub fn written(delivery: &TaskDelivery) -> Written {
    let mut parameters: BTreeMap<String, Vec<u8>> =
        delivery.files.iter().map(|(name, text)| (name.clone(), text.clone().into_bytes())).collect();
    let output_file = parameters.remove(OUTPUT_FILE);
    Written { output_file, parameters }
}

/// Digests by which the artifacts that go in are told apart, by their addresses. Of what lies in our store and has none the address is one, as it is
/// written once; of what lies elsewhere nobody knows the content.
pub fn contents(inputs: &Inputs) -> BTreeMap<String, String> {
    let known = |a: &Artifact| {
        let ours = || location::path_of(&a.uri).ok().flatten().map(|_| a.uri.clone());
        Some((a.uri.clone(), a.digest.clone().or_else(ours)?))
    };
    inputs.artifacts.values().flatten().filter_map(known).collect()
}

/// The path in the store that belongs to an address, as long as it is the task's own.
pub fn own(address: &str, run: &PipelineRunRow, row: &TaskRow) -> Option<ArtifactPath> {
    let path = location::path_of(address).ok().flatten()?;
    let folder = ArtifactPath::parse(&format!("{}/{}/artifacts", run.experiment_id, row.run_id.as_deref()?)).ok()?;
    path.below(&folder).filter(|below| !below.is_root())?;
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_is_known_by_its_digest_or_where_it_is_written_once() {
        let artifact =
            |uri: &str, digest: Option<&str>| Artifact { uri: uri.into(), digest: digest.map(str::to_owned), ..Artifact::default() };
        let (ours, elsewhere) = ("mlflow-artifacts:/1/2/artifacts/data", "s3://bucket/data");
        let all = [artifact(ours, None), artifact("mlflow-artifacts:/1/3/artifacts/data", Some("d")), artifact(elsewhere, None)];
        let inputs = Inputs { artifacts: [("data".to_owned(), all.to_vec())].into(), ..Inputs::default() };
        let known = contents(&inputs);
        assert_eq!(known.get(ours).map(String::as_str), Some(ours));
        assert_eq!(known.get("mlflow-artifacts:/1/3/artifacts/data").map(String::as_str), Some("d"));
        assert_eq!(known.get(elsewhere), None);
        let inputs = Inputs { artifacts: [("data".to_owned(), vec![artifact(elsewhere, Some("e"))])].into(), ..Inputs::default() };
        assert_eq!(contents(&inputs).get(elsewhere).map(String::as_str), Some("e"));
    }

    #[test]
    fn what_lies_elsewhere_is_fetched_once_and_paths_stay() {
        let (mut paths, mut brought) = (BTreeMap::new(), Vec::new());
        let all = ["https://host/a/b%20c.csv?sign=x#y", "http://host", "https://host/..", "file:///data/x", "/data/y", "s3://b/k"];
        for uri in all {
            elsewhere(uri, &mut paths, &mut brought);
        }
        let here: Vec<Option<&str>> = all.iter().map(|uri| paths.get(*uri).map(String::as_str)).collect();
        let inputs = |rest: &str| format!("{WORK}/{INPUTS}/{rest}");
        let web = [inputs("0/b_20c.csv"), inputs("1/data"), inputs("2/data")];
        assert_eq!(here, [Some(&*web[0]), Some(&*web[1]), Some(&*web[2]), Some("/data/x"), Some("/data/y"), None]);
        assert_eq!(brought.iter().map(|i| i.address.as_deref()).collect::<Vec<_>>(), [Some(all[0]), Some(all[1]), Some(all[2])]);
    }
}
