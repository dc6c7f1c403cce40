//! Reads a component: its interface, and the tasks of a DAG.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;

use super::{
    ArtifactType, Body, Component, Dag, InputArtifact, InputParameter, OutputArtifact, OutputParameter, ParameterType, Selector,
    reader::{Fields, Reader, place},
    task,
    types::plain,
};

const AGAIN: &str = "compile the pipeline again with the SDK";

impl Reader {
    pub(super) fn component(&mut self, name: &str, place_of: String, mut value: Value) -> Component {
        // Labels are numbered by the compiler; what they stand for is added later.
        let label = value.as_object_mut().and_then(|map| map.remove("executorLabel"));
        let digest = super::digest(&value);
        if let (Some(label), Some(map)) = (label, value.as_object_mut()) {
            map.insert("executorLabel".to_owned(), label);
        }
        let mut fields = self.fields(place_of, value);
        let mut component = Component {
            name: name.to_owned(),
            parameters: BTreeMap::new(),
            artifacts: BTreeMap::new(),
            output_parameters: BTreeMap::new(),
            output_artifacts: BTreeMap::new(),
            body: Body::Executor(String::new()),
            digest,
        };
        if let Some(mut inputs) = self.object(&mut fields, "inputDefinitions") {
            for (at, name, value) in self.entries(&mut inputs, "parameters") {
                let parameter = self.input_parameter(at, value);
                component.parameters.insert(name, parameter);
            }
            for (at, name, value) in self.entries(&mut inputs, "artifacts") {
                let mut f = self.fields(at, value);
                let artifact = InputArtifact {
                    kind: self.artifact_type(&mut f, "artifactType"),
                    list: self.flag(&mut f, "isArtifactList"),
                    optional: self.flag(&mut f, "isOptional"),
                    description: self.text(&mut f, "description").unwrap_or_default(),
                };
                self.done(f);
                component.artifacts.insert(name, artifact);
            }
            self.done(inputs);
        }
        if let Some(mut outputs) = self.object(&mut fields, "outputDefinitions") {
            for (at, name, value) in self.entries(&mut outputs, "parameters") {
                let mut f = self.fields(at, value);
                let kind = self.parameter_type(&mut f);
                let description = self.text(&mut f, "description").unwrap_or_default();
                self.done(f);
                component.output_parameters.insert(name, OutputParameter { kind, description });
            }
            for (at, name, value) in self.entries(&mut outputs, "artifacts") {
                let artifact = self.output_artifact(at, value);
                component.output_artifacts.insert(name, artifact);
            }
            self.done(outputs);
        }
        self.never(
            &mut fields,
            "singlePlatformSpecs",
            "platform settings inside a component are not supported",
            "set them on the task with kfp.kubernetes",
        );
        self.never(
            &mut fields,
            "taskConfigPassthroughs",
            "dsl.TaskConfig is not supported",
            "make the resources that the task creates take their settings as parameters",
        );
        component.body = match (self.object(&mut fields, "dag"), self.text(&mut fields, "executorLabel")) {
            (Some(dag), None) => Body::Dag(self.dag(dag)),
            (None, Some(label)) if !label.is_empty() => Body::Executor(label),
            (Some(_), Some(_)) => {
                self.refuse(fields.place.clone(), "has both dag and executorLabel", AGAIN);
                Body::Executor(String::new())
            }
            _ => {
                self.refuse(fields.place.clone(), "has neither dag nor executorLabel", AGAIN);
                Body::Executor(String::new())
            }
        };
        self.done(fields);
        component
    }

    fn input_parameter(&mut self, at: String, value: Value) -> InputParameter {
        let mut f = self.fields(at, value);
        let kind = self.parameter_type(&mut f);
        let default = f.take("defaultValue").map(plain);
        let default = default.and_then(|value| match kind.convert(value) {
            Ok(value) => Some(value),
            Err(why) => {
                self.refuse(f.at("defaultValue"), why, "make it fit the parameter's type");
                None
            }
        });
        let mut literals = Vec::new();
        for (at, value) in self.items(&mut f, "literals") {
            match kind.convert(value) {
                Ok(value) => literals.push(value),
                Err(why) => self.refuse(at, why, "make it fit the parameter's type"),
            }
        }
        let optional = self.flag(&mut f, "isOptional");
        let description = self.text(&mut f, "description").unwrap_or_default();
        let parameter = InputParameter { kind, default, optional, description, literals };
        if let Some(default) = parameter.default.as_ref().filter(|d| !parameter.allows(d)) {
            self.refuse(f.at("defaultValue"), format!("{default} is not one of its literals"), "choose one of them");
        }
        self.done(f);
        parameter
    }

    fn output_artifact(&mut self, at: String, value: Value) -> OutputArtifact {
        let mut f = self.fields(at, value);
        let artifact = OutputArtifact {
            kind: self.artifact_type(&mut f, "artifactType"),
            list: self.flag(&mut f, "isArtifactList"),
            metadata: f.take("metadata").map_or_else(|| Value::Object(Default::default()), plain),
            description: self.text(&mut f, "description").unwrap_or_default(),
        };
        if !artifact.metadata.is_object() {
            self.refuse(f.at("metadata"), "has to be an object", AGAIN);
        }
        for old in ["properties", "customProperties"] {
            self.never(&mut f, old, "is of an older format", "compile the pipeline with kfp 2");
        }
        self.done(f);
        artifact
    }

    /// `parameterType`, or `type` of schema 2.0.
    fn parameter_type(&mut self, f: &mut Fields) -> ParameterType {
        let (key, name) = match (self.text(f, "parameterType"), self.text(f, "type")) {
            (Some(name), _) => ("parameterType", name),
            (None, Some(name)) => ("type", name),
            (None, None) => {
                self.refuse(f.at("parameterType"), "is missing", AGAIN);
                return ParameterType::String;
            }
        };
        ParameterType::named(&name).unwrap_or_else(|| {
            let (reason, hint) = match name.as_str() {
                "TASK_CONFIG" => ("dsl.TaskConfig is not supported".to_owned(), "give the settings as parameters"),
                _ => (format!("{name} is no type of a parameter"), "it is STRING, NUMBER_INTEGER, NUMBER_DOUBLE, BOOLEAN, LIST or STRUCT"),
            };
            self.refuse(f.at(key), reason, hint);
            ParameterType::String
        })
    }

    pub(super) fn artifact_type(&mut self, of: &mut Fields, key: &str) -> ArtifactType {
        let Some(mut f) = self.object(of, key) else {
            self.refuse(of.at(key), "is missing", AGAIN);
            return ArtifactType::default();
        };
        let kind = ArtifactType {
            schema_title: self.text(&mut f, "schemaTitle").unwrap_or_default(),
            instance_schema: self.text(&mut f, "instanceSchema").unwrap_or_default(),
            schema_version: self.text(&mut f, "schemaVersion").unwrap_or_default(),
        };
        self.never(&mut f, "schemaUri", "schemas by address are not supported", "use schemaTitle");
        self.done(f);
        kind
    }

    fn dag(&mut self, mut fields: Fields) -> Dag {
        let mut dag = Dag { tasks: BTreeMap::new(), order: Vec::new(), parameters: BTreeMap::new(), artifacts: BTreeMap::new() };
        for (at, name, value) in self.entries(&mut fields, "tasks") {
            let task = task::read(self, &name, at, value);
            dag.tasks.insert(name, task);
        }
        dag.order = order(&dag);
        if let Some(mut outputs) = self.object(&mut fields, "outputs") {
            for (at, name, value) in self.entries(&mut outputs, "parameters") {
                let selectors = self.parameter_selectors(at, value);
                dag.parameters.insert(name, selectors);
            }
            for (at, name, value) in self.entries(&mut outputs, "artifacts") {
                let mut f = self.fields(at, value);
                let mut selectors = Vec::new();
                for (at, value) in self.items(&mut f, "artifactSelectors") {
                    selectors.push(self.selector(at, value, "outputArtifactKey"));
                }
                if selectors.is_empty() {
                    self.refuse(f.place.clone(), "names no task", AGAIN);
                }
                self.done(f);
                dag.artifacts.insert(name, selectors);
            }
            self.done(outputs);
        }
        self.done(fields);
        dag
    }

    fn parameter_selectors(&mut self, at: String, value: Value) -> Vec<Selector> {
        let mut f = self.fields(at, value);
        let mut selectors = Vec::new();
        if let Some(value) = f.take("valueFromParameter") {
            let at = f.at("valueFromParameter");
            selectors.push(self.selector(at, value, "outputParameterKey"));
        }
        if let Some(mut one_of) = self.object(&mut f, "valueFromOneof") {
            for (at, value) in self.items(&mut one_of, "parameterSelectors") {
                selectors.push(self.selector(at, value, "outputParameterKey"));
            }
            self.done(one_of);
        }
        if selectors.is_empty() {
            self.refuse(f.place.clone(), "names no task", AGAIN);
        }
        self.done(f);
        selectors
    }

    fn selector(&mut self, at: String, value: Value, key: &str) -> Selector {
        let mut f = self.fields(at, value);
        let selector = Selector { task: self.name(&mut f, "producerSubtask"), key: self.name(&mut f, key) };
        self.done(f);
        selector
    }

    /// The components of the document.
    pub(super) fn components(&mut self, fields: &mut Fields) -> BTreeMap<String, Component> {
        let entries = self.entries(fields, "components");
        entries.into_iter().map(|(_, name, value)| (name.clone(), self.component(&name, place("components", &name), value))).collect()
    }
}

/// The keys of the tasks, each after those it waits for. Tasks in a circle are left out.
fn order(dag: &Dag) -> Vec<String> {
    let here = |task: &super::Task| task.upstream.iter().filter(|other| dag.tasks.contains_key(*other)).count();
    let mut waits: BTreeMap<&str, usize> = dag.tasks.iter().map(|(key, task)| (key.as_str(), here(task))).collect();
    let mut followers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (key, task) in &dag.tasks {
        for other in &task.upstream {
            followers.entry(other).or_default().push(key);
        }
    }
    let mut ready: VecDeque<&str> = waits.iter().filter(|(_, n)| **n == 0).map(|(key, _)| *key).collect();
    let mut out = Vec::with_capacity(dag.tasks.len());
    while let Some(key) = ready.pop_front() {
        out.push(key.to_owned());
        for follower in followers.get(key).into_iter().flatten() {
            if let Some(n) = waits.get_mut(follower) {
                *n -= 1;
                if *n == 0 {
                    ready.push_back(follower);
                }
            }
        }
    }
    out
}
