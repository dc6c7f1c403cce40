//! What goes into a task, and what comes out of a DAG or a loop.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

use serde_json::{Map, Value, json};

use super::{Artifact, Inputs, Node, Outputs, RunNames, Secret, State, placeholders};
use crate::pipelines::ir::{
    self, Address, ArtifactSource, Component, Container, Dag, Executor, Importer, ImporterValue, Iterator, ParameterFrom, ParameterSource,
    ParameterType, Pipeline, Selector, Task,
};

/// How a task of a DAG ended, and with what.
pub(super) struct Ended<'a> {
    pub state: State,
    pub outputs: Cow<'a, Outputs>,
    pub error: Option<String>,
}

/// What a task may take from: the inputs of the DAG that it is in, and the tasks that have ended in it.
pub(super) struct Scope<'a> {
    pub names: &'a RunNames,
    pub inputs: &'a Inputs,
    pub ended: HashMap<&'a str, Ended<'a>>,
}

impl Scope<'_> {
    fn good(&self, task: &str) -> Option<&Outputs> {
        self.ended.get(task).filter(|e| e.state.is_good()).map(|e| &*e.outputs)
    }

    /// The value of a source; none when it has none.
    fn parameter(&self, source: &ParameterSource) -> Result<Option<Value>, String> {
        let value = match &source.from {
            ParameterFrom::Constant(value) => Some(value.clone()),
            ParameterFrom::Input(name) => self.inputs.parameters.get(name).cloned(),
            ParameterFrom::Task(selector) => self.good(&selector.task).and_then(|o| o.parameters.get(&selector.key)).cloned(),
            ParameterFrom::FinalStatus(task) => self.ended.get(task.as_str()).map(|ended| self.final_status(task, ended)),
        };
        let value = value.filter(|v| !v.is_null());
        match (&source.selector, value) {
            (Some(selector), Some(value)) => selector.pick(&value).map(Some),
            (_, value) => Ok(value),
        }
    }

    /// As an exit task is told how another one ended.
    fn final_status(&self, task: &str, ended: &Ended<'_>) -> Value {
        let (state, code) = match ended.state {
            State::Succeeded | State::Cached => ("SUCCEEDED", None),
            State::Canceled => ("CANCELLED", Some(1)),
            State::Skipped => ("SKIPPED", None),
            // 2 is google.rpc.Code UNKNOWN.
            State::Failed | State::Waiting | State::Running => ("FAILED", Some(2)),
        };
        let error = match code {
            Some(code) => json!({"code": code, "message": ended.error.clone().unwrap_or_default()}),
            None => json!({}),
        };
        json!({"state": state, "error": error, "pipelineJobResourceName": self.names.resource_name, "pipelineTaskName": task})
    }

    /// What goes into a task that is about to start; of a loop without the item.
    pub fn inputs_of(&self, pipeline: &Pipeline, node: &Node, task: &Task, component: &Component) -> Result<Inputs, String> {
        let mut out = Inputs::default();
        for (name, source) in &task.parameters {
            let declared = component.parameters.get(name);
            match self.parameter(source).map_err(|why| format!("input {name}: {why}"))? {
                Some(value) => {
                    out.parameters.insert(name.clone(), value);
                }
                None if is_handed_on(component, name, source) => {}
                None if declared.is_some_and(|d| !d.optional && d.default.is_none()) => return Err(missing(name, &source.from)),
                // What the compiler puts in for placeholders is told as nothing.
                None if declared.is_none() => {
                    out.parameters.insert(name.clone(), Value::Null);
                }
                None => {}
            }
        }
        placeholders::own(task, &node.id, self.names, &mut out.parameters);
        for (name, value) in &mut out.parameters {
            if let Some(declared) = component.parameters.get(name) {
                let converted =
                    fit(declared.kind, value.take(), component.dag().is_some()).map_err(|why| format!("input {name}: {why}"))?;
                if !converted.is_null() && !declared.allows(&converted) {
                    return Err(format!("input {name}: {converted} is not one of its values"));
                }
                *value = converted;
            }
        }
        for (name, source) in &task.artifacts {
            let found = match source {
                ArtifactSource::Input(input) => self.inputs.artifacts.get(input),
                ArtifactSource::Task(selector) => self.good(&selector.task).and_then(|o| o.artifacts.get(&selector.key)),
            };
            match found {
                Some(artifacts) => {
                    out.artifacts.insert(name.clone(), artifacts.clone());
                }
                None if component.artifacts.get(name).is_some_and(|d| d.optional) => {}
                None => {
                    let from = match source {
                        ArtifactSource::Input(input) => ParameterFrom::Input(input.clone()),
                        ArtifactSource::Task(selector) => ParameterFrom::Task(selector.clone()),
                    };
                    return Err(missing(name, &from));
                }
            }
        }
        if component.dag().is_some() {
            defaults(component, task, &mut out);
        }
        if let Some(Executor::Container(container)) = pipeline.executor_of(component) {
            out.secrets = self.secrets(container)?;
        }
        Ok(out)
    }

    fn secrets(&self, container: &Container) -> Result<Vec<Secret>, String> {
        let mut out = Vec::new();
        for wanted in &container.kubernetes.secret_env {
            out.extend(self.secret(&wanted.secret, wanted.optional, &wanted.keys)?);
        }
        Ok(out)
    }

    fn secret(&self, source: &ParameterSource, optional: bool, env: &[(String, String)]) -> Result<Option<Secret>, String> {
        match self.parameter(source)? {
            Some(Value::String(name)) if !name.is_empty() => Ok(Some(Secret { name, env: env.to_vec(), optional })),
            Some(other) => Err(format!("the name of a secret has to be text, not {other}")),
            // As Kubeflow has it: a pipeline's optional input without a value means no secret.
            None => match &source.from {
                ParameterFrom::Input(_) => Ok(None),
                from => Err(missing("of a secret", from)),
            },
        }
    }
}

/// Whether the compiler hands an input of the pipeline on to a DAG that it made (of an exit handler, a condition, a loop). It says of none of these
/// that they are optional; whether there has to be a value is for the task to say that takes it.
fn is_handed_on(component: &Component, name: &str, source: &ParameterSource) -> bool {
    component.dag().is_some() && name.starts_with("pipelinechannel--") && matches!(source.from, ParameterFrom::Input(_))
}

/// A value as the component takes it.
///
/// Inputs that the compiler gives to the DAGs it makes (of loops, of conditions) have a type that is only its guess: there a value passes as it
/// is, and one that became text on such a way is what the text says where it arrives.
fn fit(kind: ParameterType, value: Value, dag: bool) -> Result<Value, String> {
    match kind.convert(value.clone()) {
        Ok(value) => Ok(value),
        Err(_) if dag => Ok(value),
        Err(why) => value.as_str().and_then(|text| kind.from_text(text).ok()).ok_or(why),
    }
}

fn missing(name: &str, from: &ParameterFrom) -> String {
    match from {
        ParameterFrom::Task(s) => format!("input {name}: task {} has no output {}", s.task, s.key),
        ParameterFrom::Input(input) => format!("input {name}: the pipeline's input {input} has no value"),
        ParameterFrom::FinalStatus(task) => format!("input {name}: task {task} has not ended"),
        ParameterFrom::Constant(_) => format!("input {name} has no value"),
    }
}

/// A DAG resolves the inputs of its tasks itself, so that its own have to be there: the default, or null.
fn defaults(component: &Component, task: &Task, out: &mut Inputs) {
    let item = match &task.iterator {
        Some(Iterator::Parameter { item_input, .. }) => item_input.as_str(),
        _ => "",
    };
    for (name, declared) in &component.parameters {
        if name != item && !out.parameters.contains_key(name) {
            out.parameters.insert(name.clone(), declared.default.clone().unwrap_or(Value::Null));
        }
    }
}

/// What a loop goes over.
pub(super) struct Items<'a> {
    of: Of<'a>,
    /// Whether the iterations are given the whole list too.
    keep: bool,
}

enum Of<'a> {
    Values(Cow<'a, [Value]>),
    Artifacts(&'a [Artifact]),
}

impl<'a> Items<'a> {
    /// What a loop with these inputs goes over.
    pub fn of(task: &'a Task, component: &Component, inputs: &'a Inputs) -> Result<Self, String> {
        let of = match &task.iterator {
            Some(Iterator::Parameter { items: ir::Items::Raw(values), .. }) => Of::Values(Cow::Borrowed(values)),
            Some(Iterator::Parameter { items: ir::Items::Input(input), .. }) => match inputs.parameters.get(input) {
                Some(Value::Array(items)) => Of::Values(Cow::Borrowed(items)),
                // A list in a text, as it comes from a part of an item.
                Some(Value::String(text)) if serde_json::from_str::<Vec<Value>>(text).is_ok() => {
                    Of::Values(Cow::Owned(serde_json::from_str(text).unwrap_or_default()))
                }
                _ => return Err(format!("input {input} is no list to go over")),
            },
            Some(Iterator::Artifact { items, .. }) => Of::Artifacts(inputs.artifacts.get(items).map_or(&[], Vec::as_slice)),
            None => return Err("it is no loop".to_owned()),
        };
        let items = Self { of, keep: wants_the_list(task, component) };
        if u32::try_from(items.len()).is_err() {
            return Err("the list is too long".to_owned());
        }
        Ok(items)
    }

    /// How many iterations there are.
    pub fn len(&self) -> usize {
        match &self.of {
            Of::Values(values) => values.len(),
            Of::Artifacts(artifacts) => artifacts.len(),
        }
    }

    /// What goes into an iteration: what goes into the loop, with the item.
    pub fn inputs(&self, task: &Task, component: &Component, of: &Inputs, index: u32) -> Result<Inputs, String> {
        let (gone, at) = (|| format!("there is no item {index} any more"), index as usize);
        let list = match &task.iterator {
            Some(Iterator::Parameter { items: ir::Items::Input(input), .. } | Iterator::Artifact { items: input, .. }) => input.as_str(),
            _ => "",
        };
        // The list is left out before the copy is made: as many copies of it as it has items would be too much.
        let left = |name: &str| !self.keep && name == list;
        let mut out = Inputs {
            parameters: of.parameters.iter().filter(|(k, _)| !left(k)).map(|(k, v)| (k.clone(), v.clone())).collect(),
            artifacts: of.artifacts.iter().filter(|(k, _)| !left(k)).map(|(k, v)| (k.clone(), v.clone())).collect(),
            secrets: of.secrets.clone(),
        };
        match (&self.of, &task.iterator) {
            (Of::Values(values), Some(Iterator::Parameter { item_input, .. })) => {
                let mut item = values.get(at).cloned().ok_or_else(gone)?;
                if let Some(declared) = component.parameters.get(item_input) {
                    item = fit(declared.kind, item, component.dag().is_some()).map_err(|why| format!("item {index}: {why}"))?;
                }
                out.parameters.insert(item_input.clone(), item);
            }
            (Of::Artifacts(artifacts), Some(Iterator::Artifact { item_input, .. })) => {
                out.artifacts.insert(item_input.clone(), vec![artifacts.get(at).cloned().ok_or_else(gone)?]);
            }
            _ => return Err(gone()),
        }
        Ok(out)
    }
}

/// Whether a task in the loop takes the list that the loop goes over.
fn wants_the_list(task: &Task, component: &Component) -> bool {
    let tasks = component.dag().into_iter().flat_map(|dag| dag.tasks.values());
    match &task.iterator {
        Some(Iterator::Parameter { items: ir::Items::Input(list), .. }) => {
            tasks.flat_map(|t| t.parameters.values()).any(|s| matches!(&s.from, ParameterFrom::Input(input) if input == list))
        }
        Some(Iterator::Artifact { items: list, .. }) => {
            tasks.flat_map(|t| t.artifacts.values()).any(|s| matches!(s, ArtifactSource::Input(input) if input == list))
        }
        _ => false,
    }
}

/// What comes out of a DAG whose tasks have ended: of each output the first task that has it.
pub(super) fn dag_outputs(dag: &Dag, ended: &HashMap<&str, Ended<'_>>) -> Outputs {
    let good = |selector: &Selector| ended.get(selector.task.as_str()).filter(|e| e.state.is_good()).map(|e| &*e.outputs);
    let mut out = Outputs::default();
    for (name, selectors) in &dag.parameters {
        if let Some(value) = selectors.iter().find_map(|s| good(s)?.parameters.get(&s.key)) {
            out.parameters.insert(name.clone(), value.clone());
        }
    }
    for (name, selectors) in &dag.artifacts {
        if let Some(artifacts) = selectors.iter().find_map(|s| good(s)?.artifacts.get(&s.key)) {
            out.artifacts.insert(name.clone(), artifacts.clone());
        }
    }
    out
}

/// What comes out of a loop: of each output the values of its iterations in their order. Loops in loops make one flat list.
pub(super) fn loop_outputs<'a>(
    pipeline: &Pipeline,
    component: &Component,
    iterations: impl std::iter::Iterator<Item = &'a Outputs>,
) -> Outputs {
    let mut parameters: BTreeMap<&String, Vec<Value>> = component.output_parameters.keys().map(|name| (name, Vec::new())).collect();
    let mut artifacts: BTreeMap<String, Vec<Artifact>> = component.output_artifacts.keys().map(|name| (name.clone(), Vec::new())).collect();
    let flat: Vec<&String> = component.output_parameters.keys().filter(|name| comes_from_a_loop(pipeline, component, name)).collect();
    for outputs in iterations {
        for (name, values) in &mut parameters {
            match outputs.parameters.get(*name) {
                Some(Value::Array(items)) if flat.contains(name) => values.extend(items.iter().cloned()),
                Some(value) => values.push(value.clone()),
                None => {}
            }
        }
        for (name, all) in &mut artifacts {
            all.extend(outputs.artifacts.get(name).into_iter().flatten().cloned());
        }
    }
    let parameters: Map<String, Value> = parameters.into_iter().map(|(name, values)| (name.clone(), Value::Array(values))).collect();
    Outputs { parameters, artifacts }
}

fn comes_from_a_loop(pipeline: &Pipeline, component: &Component, name: &str) -> bool {
    let (mut component, mut name) = (component, name);
    // A pipeline's components are in each other without circles.
    loop {
        let Some(dag) = component.dag() else { return false };
        let Some(selector) = dag.parameters.get(name).and_then(|s| s.first()) else { return false };
        let Some(task) = dag.tasks.get(&selector.task) else { return false };
        if task.iterator.is_some() {
            return true;
        }
        let Some(inner) = pipeline.component_of(task) else { return false };
        (component, name) = (inner, &selector.key);
    }
}

/// What an importer takes into the run.
pub(super) fn imported(importer: &Importer, component: &Component, inputs: &Inputs) -> Result<Outputs, String> {
    let uri = match &importer.uri {
        ImporterValue::Constant(uri) => uri.clone(),
        ImporterValue::Input(input) => {
            let given = inputs.parameters.get(input).or_else(|| component.parameters.get(input)?.default.as_ref());
            given
                .and_then(Value::as_str)
                .map(str::to_owned)
                .filter(|uri| !uri.is_empty())
                .ok_or_else(|| format!("input {input} is no address"))?
        }
    };
    if let Address::Nowhere(why) = Address::of(&uri) {
        return Err(why);
    }
    let find = |inner: &str| placeholders::parameter(inner, &inputs.parameters);
    let Value::Object(metadata) = placeholders::in_value(&importer.metadata, &find) else {
        return Err("the metadata of the artifact is no object".to_owned());
    };
    let mut out = Outputs::default();
    for name in component.output_artifacts.keys() {
        // What is not taken in anew each time is the same as long as its address is.
        let digest = (!importer.reimport).then(|| format!("at {uri}"));
        let (name, kind, uri, metadata) = (name.clone(), importer.kind.clone(), uri.clone(), metadata.clone());
        let artifact = Artifact { name: name.clone(), kind, uri, metadata, custom_path: None, digest };
        out.artifacts.insert(name, vec![artifact]);
    }
    Ok(out)
}
