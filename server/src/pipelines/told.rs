//! What a pipeline says, in words by which two of them are compared: of the whole, and of each of its tasks.

use super::{
    engine,
    ir::{
        ArtifactSource, Body, Component, Container, Dag, Executor, Expression, ImporterValue, Items, Iterator as Loop, ParameterFrom,
        ParameterSource, Pipeline, Resources, Task, json_text,
    },
    view,
};
use serde_json::Value;

/// What something is called, and what is said of it.
pub type Facts = Vec<(String, String)>;

/// A task, with what the pipeline says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Names from the top down, with slashes.
    pub path: String,
    /// Name for people.
    pub name: String,
    /// What is said of it.
    pub facts: Facts,
}

/// All tasks from the top down, and whether there are more than are told of.
pub fn tasks(pipeline: &Pipeline) -> (Vec<Told>, bool) {
    let mut out = Vec::new();
    // Not by recursion, and to an end: a component that is used twice in each of many within each other would be told of without one.
    let mut todo: Vec<(&Dag, String)> = pipeline.root.dag().map(|dag| (dag, String::new())).into_iter().collect();
    while let Some((dag, above)) = todo.pop() {
        for (key, task) in &dag.tasks {
            if out.len() == view::MOST_TASKS {
                return (out, true);
            }
            let path = if above.is_empty() { key.clone() } else { format!("{above}/{key}") };
            if let Some(inner) = pipeline.component_of(task).and_then(Component::dag) {
                todo.push((inner, path.clone()));
            }
            out.push(Told { path, name: task.name.clone(), facts: task_facts(pipeline, task) });
        }
    }
    out.sort_by(|a, b| a.path.cmp(&b.path));
    (out, false)
}

/// What is said of the pipeline as a whole.
pub fn whole(pipeline: &Pipeline) -> Facts {
    let mut facts = Said::default();
    facts.say("Name", &pipeline.name);
    facts.say("Name for people", &pipeline.display_name);
    facts.say("Description", &pipeline.description);
    facts.say("Compiled by", &pipeline.sdk_version);
    facts.say("Schema", &pipeline.schema_version);
    facts.say("Artifacts are to lie in", &pipeline.default_pipeline_root);
    facts.maybe("Time limit", pipeline.deadline_s.map(seconds));
    let root = &pipeline.root;
    for (name, p) in &root.parameters {
        facts.say(format!("Parameter {name}"), parameter(root, name));
        facts.say(format!("Description of {name}"), &p.description);
    }
    for (name, a) in &root.artifacts {
        facts.say(format!("Artifact {name}"), kind(&a.kind.schema_title, a.list, a.optional));
    }
    results(&mut facts, root);
    facts.0
}

/// Facts in their order; what is empty is not said.
#[derive(Default)]
struct Said(Facts);

impl Said {
    fn say(&mut self, what: impl Into<String>, text: impl AsRef<str>) {
        let text = text.as_ref();
        if !text.is_empty() {
            self.0.push((what.into(), text.to_owned()));
        }
    }

    fn maybe(&mut self, what: impl Into<String>, text: Option<String>) {
        self.say(what, text.unwrap_or_default());
    }
}

fn task_facts(pipeline: &Pipeline, task: &Task) -> Facts {
    let mut facts = Said::default();
    let Some(component) = pipeline.component_of(task) else { return facts.0 };
    facts.say(
        "Kind",
        match view::kind(pipeline, component, task.iterator.is_some()) {
            "loop" => "loop",
            "dag" => "nested pipeline",
            "importer" => "takes in an artifact",
            "approval" => "waits for an approval",
            _ => "container",
        },
    );
    facts.say("Waits for", task.upstream.iter().cloned().collect::<Vec<_>>().join(", "));
    facts.maybe("Runs if", task.condition.as_ref().map(|c| c.text().to_owned()));
    if task.exit {
        facts.say("Runs", "also when the run is canceled");
    } else if task.always {
        facts.say("Runs", "also when what it waits for did not succeed");
    }
    facts.maybe("Goes over", task.iterator.as_ref().map(goes_over));
    facts.maybe("Turns at once", task.parallelism.map(|n| format!("at most {n}")));
    facts.maybe(
        "Tried again",
        task.retry.map(|r| {
            let (first, longest) = (r.backoff_ms / 1000, r.longest_ms / 1000);
            let times = if r.times == 1 { "once".to_owned() } else { format!("{} times", r.times) };
            format!("{times}, first after {first} s, then after {} times as long, at most {longest} s", r.factor)
        }),
    );
    facts.say("Takes over what was made before", if task.cache { "yes" } else { "no" });
    facts.say("Key of what was made before", &task.cache_key);
    match pipeline.executor_of(component) {
        Some(Executor::Container(container)) => runs(&mut facts, container),
        Some(Executor::Importer(importer)) => {
            facts.say(
                "Address",
                match &importer.uri {
                    ImporterValue::Constant(uri) => uri.clone(),
                    ImporterValue::Input(name) => format!("input {name}"),
                },
            );
            facts.say("Type", &importer.kind.schema_title);
            facts.say("Metadata", object(&importer.metadata));
            facts.say("Taken in anew each time", if importer.reimport { "yes" } else { "no" });
        }
        None => {}
    }
    for name in component.parameters.keys() {
        let given = task.parameters.get(name).map(source);
        facts.say(format!("Input {name}"), with(parameter(component, name), given));
    }
    for (name, a) in &component.artifacts {
        let given = task.artifacts.get(name).map(|from| match from {
            ArtifactSource::Task(s) => format!("{} of {}", s.key, s.task),
            ArtifactSource::Input(name) => format!("input {name}"),
        });
        facts.say(format!("Input {name}"), with(kind(&a.kind.schema_title, a.list, a.optional), given));
    }
    for (name, p) in &component.output_parameters {
        facts.say(format!("Output {name}"), p.kind.words());
    }
    for (name, a) in &component.output_artifacts {
        let said = object(&a.metadata);
        facts.say(format!("Output {name}"), with(kind(&a.kind.schema_title, a.list, false), Some(said).filter(|s| !s.is_empty())));
    }
    results(&mut facts, component);
    facts.0
}

/// What a container runs, and with what.
fn runs(facts: &mut Said, container: &Container) {
    facts.say("Image", &container.image);
    // The SDK compiles the installing in front of the command: it is told apart from it.
    let parts = engine::packages(&container.command);
    let command = parts.as_ref().map_or(&container.command, |p| &p.argv);
    let installs = parts.iter().flat_map(|p| &p.installs);
    // The SDK itself comes along with each; which one it is says the pipeline.
    let own = |r: &&String| !r.starts_with("kfp==") && !r.starts_with("typing-extensions");
    let packages: Vec<String> = installs.clone().flat_map(|i| i.requirements.iter().filter(own).cloned()).collect();
    facts.say("Packages", packages.join("\n"));
    let indexes: Vec<String> = installs.flat_map(|i| i.index_urls.iter().cloned()).collect();
    facts.say("Packages come from", indexes.join("\n"));
    // What a lightweight component is stands in one word of the command, which is a program.
    let is_code = |word: &&String| word.trim().lines().count() > 2 && !word.contains("executor_main");
    facts.say("Command", command.iter().filter(|w| !is_code(w)).map(|w| w.trim()).collect::<Vec<_>>().join("\n"));
    facts.say("Code", command.iter().filter(is_code).map(|w| w.trim()).collect::<Vec<_>>().join("\n\n"));
    facts.say("Arguments", container.args.join("\n"));
    for (name, value) in &container.env {
        facts.say(format!("Variable {name}"), if value.is_empty() { "empty" } else { value.as_str() });
    }
    let Resources { cpu_limit, memory_limit, cpu_request, memory_request, accelerator_type, accelerator_count } =
        container.resources.clone();
    let amounts =
        [("CPU at most", cpu_limit), ("Memory at most", memory_limit), ("CPU at least", cpu_request), ("Memory at least", memory_request)];
    for (what, amount) in amounts {
        facts.maybe(what, amount);
    }
    let accelerators = [accelerator_count, accelerator_type].into_iter().flatten().collect::<Vec<_>>().join(" ");
    facts.say("Accelerators", accelerators);
    facts.maybe("Time limit", container.kubernetes.timeout_s.map(seconds));
    for secret in &container.kubernetes.secret_env {
        let keys = secret.keys.iter().map(|(key, variable)| format!("{key} as {variable}")).collect::<Vec<_>>().join(", ");
        let optional = if secret.optional { "; may be missing" } else { "" };
        facts.say(format!("Secret {}", source(&secret.secret)), format!("{keys}{optional}"));
    }
}

/// Where what comes out of a nested pipeline comes from.
fn results(facts: &mut Said, component: &Component) {
    let Body::Dag(dag) = &component.body else { return };
    for (name, from) in dag.parameters.iter().chain(&dag.artifacts) {
        let from = from.iter().map(|s| format!("{} of {}", s.key, s.task)).collect::<Vec<_>>().join(", or ");
        facts.say(format!("Result {name}"), from);
    }
}

fn with(what: String, given: Option<String>) -> String {
    match given {
        Some(given) => format!("{what}: {given}"),
        None => what,
    }
}

fn parameter(component: &Component, name: &str) -> String {
    let Some(p) = component.parameters.get(name) else { return String::new() };
    let mut out = p.kind.words().to_owned();
    if let Some(default) = &p.default {
        out += &format!(", {default} by default");
    }
    if p.optional && p.default.is_none() {
        out += ", may be left out";
    }
    if !p.literals.is_empty() {
        out += &format!(", one of {}", p.literals.iter().map(Value::to_string).collect::<Vec<_>>().join(", "));
    }
    out
}

fn kind(title: &str, list: bool, optional: bool) -> String {
    let title = if title.is_empty() { "a type of its own" } else { title };
    format!("{}{title}{}", if list { "a list of " } else { "" }, if optional { ", may be left out" } else { "" })
}

fn source(from: &ParameterSource) -> String {
    let origin = match &from.from {
        ParameterFrom::Task(s) => format!("{} of {}", s.key, s.task),
        ParameterFrom::Constant(value) => json_text(value),
        ParameterFrom::Input(name) => format!("input {name}"),
        ParameterFrom::FinalStatus(task) => format!("how {task} ended"),
    };
    from.selector.as_ref().map_or(origin.clone(), |part: &Expression| format!("{} of {origin}", part.text()))
}

fn goes_over(of: &Loop) -> String {
    match of {
        Loop::Parameter { items: Items::Raw(values), .. } => Value::Array(values.clone()).to_string(),
        Loop::Parameter { items: Items::Input(name), .. } | Loop::Artifact { items: name, .. } => format!("input {name}"),
    }
}

fn object(value: &Value) -> String {
    value.as_object().filter(|o| !o.is_empty()).map(|_| value.to_string()).unwrap_or_default()
}

fn seconds(s: u64) -> String {
    format!("{s} s")
}
