use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{ArtifactType, Expression, ParameterType};

/// A pipeline that can be run: everything in it is supported, and everything it names is there.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// `pipelineInfo.name`.
    pub name: String,
    /// Name for people; empty when it has none.
    pub display_name: String,
    /// What it is for; empty when nobody said.
    pub description: String,
    /// As in `2.1.0`.
    pub schema_version: String,
    /// As in `kfp-2.17.3`.
    pub sdk_version: String,
    /// Where artifacts were to lie by the author's wish; empty when it says nothing.
    pub default_pipeline_root: String,
    /// What is run.
    pub root: Component,
    /// By name, as in `comp-train`.
    pub components: BTreeMap<String, Component>,
    /// By label, as in `exec-train`.
    pub executors: BTreeMap<String, Executor>,
    /// Seconds after which the whole run is canceled.
    pub deadline_s: Option<u64>,
    /// The document as JSON: the pipeline specification alone.
    pub spec: Value,
    /// The `platforms` part of the document as JSON, null when there is none.
    pub platform: Value,
}

/// What a task does: its interface and what is behind it.
#[derive(Clone, Debug)]
pub struct Component {
    /// Name in the document; `root` for the root.
    pub name: String,
    /// What goes in: parameters.
    pub parameters: BTreeMap<String, InputParameter>,
    /// What goes in: artifacts.
    pub artifacts: BTreeMap<String, InputArtifact>,
    /// What comes out: parameters.
    pub output_parameters: BTreeMap<String, OutputParameter>,
    /// What comes out: artifacts.
    pub output_artifacts: BTreeMap<String, OutputArtifact>,
    /// What is behind it.
    pub body: Body,
    /// SHA-256, in hex, of interface and body with the executor; of a DAG's own text only.
    pub digest: String,
}

/// What is behind a component.
#[derive(Clone, Debug)]
pub enum Body {
    /// Tasks of its own.
    Dag(Dag),
    /// A label in `executors`.
    Executor(String),
}

/// A parameter that goes in.
#[derive(Clone, Debug)]
pub struct InputParameter {
    /// Its type.
    pub kind: ParameterType,
    /// Its value when none is given.
    pub default: Option<Value>,
    /// Whether it may be left out.
    pub optional: bool,
    /// What it is for; empty when nobody said.
    pub description: String,
    /// The values it may have; empty: any.
    pub literals: Vec<Value>,
}

/// An artifact that goes in.
#[derive(Clone, Debug)]
pub struct InputArtifact {
    /// Its type.
    pub kind: ArtifactType,
    /// Whether it is a list of artifacts.
    pub list: bool,
    /// Whether it may be left out.
    pub optional: bool,
    /// What it is for; empty when nobody said.
    pub description: String,
}

/// A parameter that comes out.
#[derive(Clone, Debug)]
pub struct OutputParameter {
    /// Its type.
    pub kind: ParameterType,
    /// What it is; empty when nobody said.
    pub description: String,
}

/// An artifact that comes out.
#[derive(Clone, Debug)]
pub struct OutputArtifact {
    /// Its type.
    pub kind: ArtifactType,
    /// Whether it is a list of artifacts.
    pub list: bool,
    /// What is noted with it from the start.
    pub metadata: Value,
    /// What it is; empty when nobody said.
    pub description: String,
}

/// Tasks that depend on each other.
#[derive(Clone, Debug)]
pub struct Dag {
    /// By key. Never a cycle.
    pub tasks: BTreeMap<String, Task>,
    /// Their keys, each after those it waits for.
    pub order: Vec<String>,
    /// Where its output parameters come from: the first of these tasks that has one.
    pub parameters: BTreeMap<String, Vec<Selector>>,
    /// Where its output artifacts come from: the first of these tasks that has one.
    pub artifacts: BTreeMap<String, Vec<Selector>>,
}

/// An output of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// Key of the task in the same DAG.
    pub task: String,
    /// Name of its output.
    pub key: String,
}

/// A task of a DAG.
#[derive(Clone, Debug)]
pub struct Task {
    /// `taskInfo.name`: for people.
    pub name: String,
    /// Name of its component.
    pub component: String,
    /// Where its parameters come from.
    pub parameters: BTreeMap<String, ParameterSource>,
    /// Where its artifacts come from.
    pub artifacts: BTreeMap<String, ArtifactSource>,
    /// Keys of the tasks it waits for: those it names and those whose outputs it takes.
    pub upstream: BTreeSet<String>,
    /// The tasks it names itself, in their order.
    pub dependent_tasks: Vec<String>,
    /// Whether what an equal task made before may be taken.
    pub cache: bool,
    /// What stands for the inputs in the cache's key; empty: the inputs.
    pub cache_key: String,
    /// Runs only when this is true of its inputs.
    pub condition: Option<Expression>,
    /// Runs also when what it waits for failed, was skipped or canceled (an exit task).
    pub always: bool,
    /// It is there to clean up: it runs also when the run is canceled.
    pub exit: bool,
    /// Runs once per item.
    pub iterator: Option<Iterator>,
    /// At most so many iterations at once.
    pub parallelism: Option<u32>,
    /// Whether and when it is tried again.
    pub retry: Option<Retry>,
}

/// Where a parameter comes from.
#[derive(Clone, Debug)]
pub struct ParameterSource {
    /// Its origin.
    pub from: ParameterFrom,
    /// A part of it, when set.
    pub selector: Option<Expression>,
}

/// Origin of a parameter.
#[derive(Clone, Debug)]
pub enum ParameterFrom {
    /// An output of a task of the same DAG.
    Task(Selector),
    /// The value itself. Text in it may hold placeholders for other inputs of the same task.
    Constant(Value),
    /// An input of the component that the DAG belongs to.
    Input(String),
    /// How a task of the same DAG ended.
    FinalStatus(String),
}

/// Where an artifact comes from.
#[derive(Clone, Debug)]
pub enum ArtifactSource {
    /// An output of a task of the same DAG.
    Task(Selector),
    /// An input of the component that the DAG belongs to.
    Input(String),
}

/// What a loop goes over.
#[derive(Clone, Debug)]
pub enum Iterator {
    /// Values.
    Parameter {
        /// The values.
        items: Items,
        /// The input that is given one.
        item_input: String,
    },
    /// Artifacts of a list.
    Artifact {
        /// The input with the list.
        items: String,
        /// The input that is given one.
        item_input: String,
    },
}

/// The values of a loop.
#[derive(Clone, Debug)]
pub enum Items {
    /// Written in the pipeline.
    Raw(Vec<Value>),
    /// In an input of the task.
    Input(String),
}

/// Whether and when a failed task is tried again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Retry {
    /// Tries after the first.
    pub times: u32,
    /// Milliseconds before the first of them.
    pub backoff_ms: u64,
    /// By what the wait grows each time.
    pub factor: f64,
    /// Milliseconds that the wait never exceeds.
    pub longest_ms: u64,
}

impl Retry {
    /// Milliseconds to wait before the try after `failed` failed ones (1 is the first).
    pub fn wait_ms(&self, failed: u32) -> u64 {
        let grown = self.backoff_ms as f64 * self.factor.powi(failed.saturating_sub(1).min(1000) as i32);
        if grown.is_finite() { (grown as u64).min(self.longest_ms) } else { self.longest_ms }
    }
}

/// What runs a component.
#[derive(Clone, Debug)]
pub enum Executor {
    /// A command in an image.
    Container(Box<Container>),
    /// Takes an artifact that lies somewhere into the run, by its address.
    Importer(Importer),
}

/// A command in an image.
#[derive(Clone, Debug, Default)]
pub struct Container {
    /// The image; may hold placeholders.
    pub image: String,
    /// What is run, with placeholders.
    pub command: Vec<String>,
    /// What follows it, with placeholders.
    pub args: Vec<String>,
    /// Variables: name and value, which may hold placeholders.
    pub env: Vec<(String, String)>,
    /// What it asks for.
    pub resources: Resources,
    /// What `platforms.kubernetes` says of it.
    pub kubernetes: Kubernetes,
}

/// What a container asks for, in Kubernetes' quantities; each may be a placeholder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resources {
    /// As in `500m`.
    pub cpu_limit: Option<String>,
    /// As in `2Gi`.
    pub memory_limit: Option<String>,
    /// As in `500m`.
    pub cpu_request: Option<String>,
    /// As in `2Gi`.
    pub memory_request: Option<String>,
    /// As in `nvidia.com/gpu`.
    pub accelerator_type: Option<String>,
    /// As in `1`.
    pub accelerator_count: Option<String>,
}

/// What `platforms.kubernetes` says of a container.
#[derive(Clone, Debug, Default)]
pub struct Kubernetes {
    /// Secrets whose keys become variables.
    pub secret_env: Vec<SecretEnv>,
    /// Seconds after which it is ended and has failed.
    pub timeout_s: Option<u64>,
}

/// A secret whose keys become variables.
#[derive(Clone, Debug)]
pub struct SecretEnv {
    /// Its name.
    pub secret: ParameterSource,
    /// Key in the secret, and the variable it becomes.
    pub keys: Vec<(String, String)>,
    /// Whether the task runs without it.
    pub optional: bool,
}

/// Takes an artifact that lies somewhere into the run.
#[derive(Clone, Debug)]
pub struct Importer {
    /// Its address.
    pub uri: ImporterValue,
    /// Its type.
    pub kind: ArtifactType,
    /// What is noted with it; text may hold placeholders for the importer's inputs.
    pub metadata: Value,
    /// Whether it is to be taken in anew each time, also when it is known.
    pub reimport: bool,
}

/// The address that an importer is given.
#[derive(Clone, Debug)]
pub enum ImporterValue {
    /// Written in the pipeline.
    Constant(String),
    /// In an input of its component.
    Input(String),
}

impl Pipeline {
    /// The component of a task.
    pub fn component_of(&self, task: &Task) -> Option<&Component> {
        self.components.get(&task.component)
    }

    /// What runs a component that is no DAG.
    pub fn executor_of(&self, component: &Component) -> Option<&Executor> {
        match &component.body {
            Body::Executor(label) => self.executors.get(label),
            Body::Dag(_) => None,
        }
    }
}

impl Container {
    /// Whether somebody of the team is asked instead of running something.
    pub fn is_approval(&self) -> bool {
        self.image == super::approval::IMAGE
    }
}

impl Component {
    /// Its tasks, when it is a DAG.
    pub fn dag(&self) -> Option<&Dag> {
        match &self.body {
            Body::Dag(dag) => Some(dag),
            Body::Executor(_) => None,
        }
    }
}
