//! What is run for an executor, and what it is told: the contract of Kubeflow's launcher.

mod argv;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Artifact, Inputs, RunNames};
use crate::pipelines::ir::{Component, Container, ParameterType, Resources, Task, plain};

/// Where a task finds and puts things.
#[derive(Clone, Debug, Default)]
pub struct Places {
    /// Where input artifacts lie for the task: the path by the address. One that is not here keeps its address as its path.
    pub inputs: BTreeMap<String, String>,
    /// A folder of this attempt's own, as the task sees it, without a slash at its end.
    pub folder: String,
    /// The address under which this attempt's artifacts are kept, without a slash at its end.
    pub address: String,
}

/// What is run for an executor.
#[derive(Clone, Debug, PartialEq)]
pub struct Launch {
    /// The image.
    pub image: String,
    /// Command and arguments.
    pub argv: Vec<String>,
    /// Variables of the component.
    pub env: Vec<(String, String)>,
    /// What it asks for.
    pub resources: Resources,
    /// Seconds after which it is ended and has failed.
    pub timeout_s: Option<u64>,
    /// What it is told: `{{$}}`.
    pub executor_input: Value,
    /// Folders that have to be there before it starts.
    pub folders: Vec<String>,
    /// The file into which it writes its outputs, if it does.
    pub output_file: String,
    /// The files into which it writes output parameters, if it does: by name.
    pub parameter_files: BTreeMap<String, String>,
    /// Its output artifacts as they are before it ran, by name. Their addresses are those under which they are kept.
    pub artifacts: BTreeMap<String, Artifact>,
    /// Where it was told to put them.
    pub artifact_files: BTreeMap<String, String>,
}

/// Makes what is run.
///
/// `task_id` is the node's id. What is optional and was not given is not told; `inputs` are those of the step that started the node.
///
/// # Errors
/// When a placeholder names what is not there, or a command is not what it should be. The task has failed then.
pub fn launch(
    task: &Task,
    component: &Component,
    container: &Container,
    inputs: &Inputs,
    names: &RunNames,
    task_id: &str,
    places: &Places,
) -> Result<Launch, String> {
    let folder = &places.folder;
    let parameters = complete(component, &inputs.parameters);
    let output_file = format!("{folder}/executor_output.json");
    let parameter_files: BTreeMap<String, String> =
        component.output_parameters.keys().map(|name| (name.clone(), format!("{folder}/parameters/{}", file_name(name)))).collect();
    let mut artifacts = BTreeMap::new();
    let mut artifact_files = BTreeMap::new();
    for (name, declared) in &component.output_artifacts {
        let metadata = declared.metadata.as_object().cloned().unwrap_or_default();
        let uri = format!("{}/{}", places.address, file_name(name));
        artifacts.insert(name.clone(), Artifact { name: name.clone(), kind: declared.kind.clone(), uri, metadata, ..Artifact::default() });
        artifact_files.insert(name.clone(), format!("{folder}/artifacts/{}", file_name(name)));
    }
    let executor_input = json!({
        "inputs": {
            "parameterValues": parameters,
            "artifacts": inputs.artifacts.iter().map(|(name, list)| {
                let list: Vec<Value> = list.iter().map(|a| runtime(a, &path_of(a, places))).collect();
                (name.clone(), json!({"artifacts": list}))
            }).collect::<Map<_, _>>(),
        },
        "outputs": {
            "parameters": parameter_files.iter().map(|(name, file)| (name.clone(), json!({"outputFile": file}))).collect::<Map<_, _>>(),
            "artifacts": artifacts.iter().map(|(name, a)| {
                (name.clone(), json!({"artifacts": [runtime(a, &artifact_files[name])]}))
            }).collect::<Map<_, _>>(),
            "outputFile": output_file,
        },
    });
    let scope = argv::Scope { parameters: &parameters, executor_input: &executor_input, inputs, names, task_name: &task.name, task_id };
    let mut argv = Vec::new();
    for text in container.command.iter().chain(&container.args) {
        scope.argument(text, &mut argv)?;
    }
    if argv.is_empty() {
        return Err("the command is empty".to_owned());
    }
    let fill = |text: &String| scope.fill(text);
    let resources = Resources {
        cpu_limit: container.resources.cpu_limit.as_ref().map(fill),
        memory_limit: container.resources.memory_limit.as_ref().map(fill),
        cpu_request: container.resources.cpu_request.as_ref().map(fill),
        memory_request: container.resources.memory_request.as_ref().map(fill),
        accelerator_type: container.resources.accelerator_type.as_ref().map(fill),
        accelerator_count: container.resources.accelerator_count.as_ref().map(fill),
    };
    let env = container.env.iter().map(|(name, value)| (name.clone(), scope.fill(value))).collect();
    Ok(Launch {
        image: scope.fill(&container.image),
        argv,
        env,
        resources,
        timeout_s: container.kubernetes.timeout_s,
        executor_input,
        folders: vec![folder.clone(), format!("{folder}/parameters"), format!("{folder}/artifacts")],
        output_file,
        parameter_files,
        artifacts,
        artifact_files,
    })
}

/// The parameters as the program gets them: with the component's defaults, numbers as their type writes them, without what is null.
fn complete(component: &Component, given: &Map<String, Value>) -> Map<String, Value> {
    let mut out: Map<String, Value> = given.iter().filter(|(_, v)| !v.is_null()).map(|(k, v)| (k.clone(), plain(v.clone()))).collect();
    for (name, declared) in &component.parameters {
        // Null that was given on purpose is not the default: the program's own decides.
        if !given.contains_key(name)
            && let Some(default) = &declared.default
        {
            out.insert(name.clone(), plain(default.clone()));
        }
        if declared.kind == ParameterType::NumberDouble
            && let Some(value) = out.get_mut(name)
            && let Some(number) = value.as_f64()
        {
            *value = json!(number);
        }
    }
    out
}

/// An artifact as the program is told of it: its path stands for its address, because that is where the SDK looks.
fn runtime(artifact: &Artifact, path: &str) -> Value {
    json!({"name": artifact.name, "type": artifact.kind.to_json(), "uri": path, "metadata": artifact.metadata})
}

fn path_of(artifact: &Artifact, places: &Places) -> String {
    places.inputs.get(&artifact.uri).cloned().unwrap_or_else(|| artifact.uri.clone())
}

/// A name as one part of a path.
fn file_name(name: &str) -> String {
    let safe: String = name.chars().map(|c| if c.is_alphanumeric() || "-_. ".contains(c) { c } else { '_' }).collect();
    if safe.trim_matches('.').is_empty() { format!("_{safe}") } else { safe }
}
