//! What has to hold between the parts of a pipeline.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Address, ArtifactSource, Body, Component, Container, Dag, Executor, ImporterValue, Items, Iterator, ParameterFrom, ParameterSource,
    ParameterType, Pipeline, Refusal, Selector, Task, approval, loop_items, reader::place,
};

const AGAIN: &str = "compile the pipeline again with the SDK";
const OF_A_LOOP: &str = "the SDK lost an item of a loop: hand it to a task as an input, and use what that gives back";
const BROUGHT: &str = "give a (signed) https:// address, or hand the address to a component as a parameter and read it there";

/// DAGs in DAGs.
const DEEPEST: usize = 50;

pub(super) fn check(pipeline: &Pipeline) -> Vec<Refusal> {
    let mut check = Check { pipeline, refusals: Vec::new() };
    check.component(&pipeline.root, "root".to_owned());
    if pipeline.root.dag().is_none() {
        check.refuse("root", "has to be a DAG", AGAIN);
    }
    for (name, component) in &pipeline.components {
        check.component(component, place("components", name));
    }
    check.components_in_circles();
    check.refusals
}

struct Check<'a> {
    pipeline: &'a Pipeline,
    refusals: Vec<Refusal>,
}

impl Check<'_> {
    fn refuse(&mut self, place: impl Into<String>, reason: impl Into<String>, hint: &str) {
        self.refusals.push(Refusal::new(place, reason, hint));
    }

    fn component(&mut self, component: &Component, at: String) {
        match &component.body {
            Body::Dag(dag) => self.dag(component, dag, place(&at, "dag")),
            Body::Executor(label) if label.is_empty() => {}
            Body::Executor(label) => match self.pipeline.executors.get(label) {
                None => self.refuse(place(&at, "executorLabel"), format!("there is no executor {label}"), AGAIN),
                Some(Executor::Importer(importer)) => {
                    if let ImporterValue::Constant(uri) = &importer.uri
                        && let Address::Nowhere(why) = Address::of(uri)
                    {
                        self.refuse(format!("deploymentSpec.executors.{label}.importer.artifactUri"), why, BROUGHT);
                    }
                    if let ImporterValue::Input(input) = &importer.uri
                        && !component.parameters.contains_key(input)
                    {
                        let at = format!("deploymentSpec.executors.{label}.importer.artifactUri");
                        self.refuse(at, format!("the component has no input {input}"), AGAIN);
                    }
                    if component.output_artifacts.len() != 1 {
                        self.refuse(place(&at, "outputDefinitions"), "an importer has one output artifact", AGAIN);
                    }
                }
                Some(Executor::Container(container)) => self.container(component, container, label),
            },
        }
    }

    fn container(&mut self, component: &Component, container: &Container, label: &str) {
        let at = format!("deploymentSpec.executors.{label}.container");
        let env = container.env.iter().map(|(name, value)| (place(&at, &format!("env.{name}")), value));
        let texts = container.command.iter().chain(&container.args).map(|text| (at.clone(), text)).chain(env);
        for (at, text) in texts.chain([(place(&at, "image"), &container.image)]) {
            if text.contains("{{$.workspace_path}}") || text.contains("/kfp-workspace") {
                self.refuse(at, "there is no workspace volume", "pass data between tasks as artifacts");
            } else if text.contains(".json_escape[") {
                self.refuse(at, "placeholders with json_escape are understood by Vertex AI only", "escape in the program");
            }
        }
        self.approval(component, container, label, &at);
    }

    fn approval(&mut self, component: &Component, container: &Container, label: &str, at: &str) {
        const SEE: &str = "see Approvals in the documentation of pipelines";
        if !container.is_approval() {
            if container.image.starts_with(&format!("{}:", approval::IMAGE))
                || container.image.starts_with(&format!("{}@", approval::IMAGE))
            {
                self.refuse(place(at, "image"), format!("{} is no image to pull: it has neither tag nor digest", approval::IMAGE), SEE);
            }
            return;
        }
        for (of, why) in approval::wrong(component, container) {
            self.refuse(place(at, of), why, SEE);
        }
        if !container.kubernetes.secret_env.is_empty() || container.kubernetes.timeout_s.is_some() {
            let at = format!("platforms.kubernetes.deploymentSpec.executors.{label}");
            self.refuse(at, "nothing runs for an approval: it takes no secrets, and its time is --timeout", SEE);
        }
    }

    fn dag(&mut self, component: &Component, dag: &Dag, at: String) {
        if dag.tasks.is_empty() {
            self.refuse(place(&at, "tasks"), "there are no tasks", "give the pipeline a task");
        }
        for (key, task) in &dag.tasks {
            self.task(component, dag, task, key, &place(&place(&at, "tasks"), key));
        }
        for (outputs, artifacts) in [(&dag.parameters, false), (&dag.artifacts, true)] {
            for (name, selectors) in outputs {
                let at = place(&at, &format!("outputs.{}.{name}", if artifacts { "artifacts" } else { "parameters" }));
                for selector in selectors {
                    self.output(dag, selector, artifacts, &at);
                }
                let declared =
                    if artifacts { component.output_artifacts.contains_key(name) } else { component.output_parameters.contains_key(name) };
                if !declared {
                    self.refuse(at, "is not among outputDefinitions", AGAIN);
                }
            }
        }
        if dag.order.len() < dag.tasks.len() {
            let ordered: BTreeSet<&String> = dag.order.iter().collect();
            let circle: Vec<&str> = dag.tasks.keys().filter(|key| !ordered.contains(key)).map(String::as_str).take(10).collect();
            self.refuse(place(&at, "tasks"), format!("tasks wait for each other in a circle: {}", circle.join(", ")), "break the circle");
        }
    }

    /// An output that a task of a DAG names: the task and the output have to be there.
    fn output(&mut self, dag: &Dag, selector: &Selector, artifact: bool, at: &str) {
        if selector.task.is_empty() {
            return;
        }
        let Some(producer) = dag.tasks.get(&selector.task) else {
            self.refuse(at, format!("there is no task {} in this DAG", selector.task), AGAIN);
            return;
        };
        let Some(component) = self.pipeline.component_of(producer) else { return };
        let found = if artifact {
            component.output_artifacts.contains_key(&selector.key)
        } else {
            component.output_parameters.contains_key(&selector.key)
        };
        if !found {
            let what = if artifact { "artifact" } else { "parameter" };
            self.refuse(at, format!("{} has no output {what} {}", producer.component, selector.key), AGAIN);
        }
    }

    fn task(&mut self, outer: &Component, dag: &Dag, task: &Task, key: &str, at: &str) {
        let Some(component) = self.pipeline.component_of(task) else {
            if !task.component.is_empty() {
                self.refuse(place(at, "componentRef.name"), format!("there is no component {}", task.component), AGAIN);
            }
            return;
        };
        for other in &task.dependent_tasks {
            if !dag.tasks.contains_key(other) {
                self.refuse(place(at, "dependentTasks"), format!("there is no task {other} in this DAG"), AGAIN);
            } else if other == key {
                self.refuse(place(at, "dependentTasks"), "a task cannot wait for itself", AGAIN);
            }
        }
        for (name, source) in &task.parameters {
            let at = place(at, &format!("inputs.parameters.{name}"));
            self.parameter(outer, dag, source, &at);
            let Some(declared) = component.parameters.get(name) else { continue };
            if let (ParameterFrom::Constant(value), None) = (&source.from, &source.selector) {
                let placeholder = value.as_str().is_some_and(|text| text.contains("{{$."));
                match declared.kind.convert(value.clone()) {
                    Err(why) if !placeholder => self.refuse(at, why, "make it fit the parameter's type"),
                    Ok(value) if !placeholder && !value.is_null() && !declared.allows(&value) => {
                        self.refuse(at, format!("{value} is not one of the parameter's values"), "choose one of them");
                    }
                    _ => {}
                }
            }
        }
        for (name, source) in &task.artifacts {
            let at = place(at, &format!("inputs.artifacts.{name}"));
            match source {
                ArtifactSource::Task(selector) => self.output(dag, selector, true, &at),
                ArtifactSource::Input(input) if !outer.artifacts.contains_key(input) => {
                    self.refuse(at, format!("{} has no input artifact {input}", outer.name), AGAIN);
                }
                ArtifactSource::Input(_) => {}
            }
        }
        self.complete(task, component, at);
        if let Some(condition) = &task.condition {
            for name in condition.parameters() {
                if !task.parameters.contains_key(name) {
                    self.refuse(place(at, "triggerPolicy.condition"), format!("the task has no input {name}"), AGAIN);
                }
            }
        }
        self.iterator(task, component, at);
        if let Some(Executor::Container(container)) = self.pipeline.executor_of(component) {
            for source in container.kubernetes.secret_env.iter().map(|s| &s.secret) {
                self.parameter(outer, dag, source, &format!("platforms.kubernetes.deploymentSpec.executors.{}", label(component)));
            }
        }
        if task.retry.is_some() && component.dag().is_some() {
            self.refuse(place(at, "retryPolicy"), "a DAG is not tried again as a whole", "set_retry on its tasks");
        }
        if task.retry.is_some() && self.is_approval(component) {
            self.refuse(place(at, "retryPolicy"), "nobody is asked again by itself", "retry the run: it asks again");
        }
        if task.exit && self.asks(component) {
            self.refuse(at, "what cleans up waits for nobody, and there is an approval in it", "ask before, within dsl.ExitHandler");
        }
    }

    fn is_approval(&self, component: &Component) -> bool {
        matches!(self.pipeline.executor_of(component), Some(Executor::Container(container)) if container.is_approval())
    }

    /// Whether there is an approval in it, however deep.
    fn asks(&self, component: &Component) -> bool {
        let (mut left, mut seen) = (vec![component], BTreeSet::new());
        while let Some(component) = left.pop() {
            if self.is_approval(component) {
                return true;
            }
            if seen.insert(component.name.as_str()) {
                let tasks = component.dag().into_iter().flat_map(|dag| dag.tasks.values());
                left.extend(tasks.filter_map(|task| self.pipeline.component_of(task)));
            }
        }
        false
    }

    fn parameter(&mut self, outer: &Component, dag: &Dag, source: &ParameterSource, at: &str) {
        match &source.from {
            ParameterFrom::Task(selector) => self.output(dag, selector, false, at),
            ParameterFrom::Input(input) if !outer.parameters.contains_key(input) => {
                let hint = if loop_items::is_item(input) { OF_A_LOOP } else { AGAIN };
                self.refuse(at, format!("{} has no input {input}", outer.name), hint);
            }
            ParameterFrom::FinalStatus(task) if !dag.tasks.contains_key(task) => {
                self.refuse(at, format!("there is no task {task} in this DAG"), AGAIN);
            }
            _ => {}
        }
    }

    /// Every input that has to be given is given.
    fn complete(&mut self, task: &Task, component: &Component, at: &str) {
        let item = match &task.iterator {
            Some(Iterator::Parameter { item_input, .. } | Iterator::Artifact { item_input, .. }) => Some(item_input),
            None => None,
        };
        for (name, declared) in &component.parameters {
            let given = task.parameters.contains_key(name) || item == Some(name) || declared.optional || declared.default.is_some();
            if !given && declared.kind != ParameterType::TaskFinalStatus {
                self.refuse(place(at, &format!("inputs.parameters.{name}")), "is missing", AGAIN);
            }
        }
        for (name, declared) in &component.artifacts {
            if !task.artifacts.contains_key(name) && item != Some(name) && !declared.optional {
                self.refuse(place(at, &format!("inputs.artifacts.{name}")), "is missing", AGAIN);
            }
        }
    }

    fn iterator(&mut self, task: &Task, component: &Component, at: &str) {
        match &task.iterator {
            Some(Iterator::Parameter { items, item_input }) => {
                let at = place(at, "parameterIterator");
                if let Items::Input(input) = items
                    && !task.parameters.contains_key(input)
                {
                    self.refuse(place(&at, "items.inputParameter"), format!("the task has no input {input}"), AGAIN);
                }
                if !component.parameters.contains_key(item_input) {
                    self.refuse(place(&at, "itemInput"), format!("{} has no input {item_input}", component.name), AGAIN);
                }
            }
            Some(Iterator::Artifact { items, item_input }) => {
                let at = place(at, "artifactIterator");
                if !task.artifacts.contains_key(items) {
                    self.refuse(place(&at, "items.inputArtifact"), format!("the task has no input artifact {items}"), AGAIN);
                }
                if !component.artifacts.contains_key(item_input) {
                    self.refuse(place(&at, "itemInput"), format!("{} has no input artifact {item_input}", component.name), AGAIN);
                }
            }
            None => {}
        }
    }

    /// A component whose tasks lead back to it would run for ever.
    fn components_in_circles(&mut self) {
        let mut done: BTreeMap<&str, usize> = BTreeMap::new();
        let (mut found, mut too_deep) = (BTreeSet::new(), BTreeSet::new());
        for start in self.pipeline.components.keys() {
            // Depth first, without recursion: the document says how deep it goes.
            let mut path: Vec<(&str, Vec<&str>)> = vec![(start, self.used(start))];
            let mut on_path = BTreeSet::from([start.as_str()]);
            while let Some((name, left)) = path.last_mut() {
                match left.pop() {
                    Some(next) if on_path.contains(next) => {
                        found.insert(next.to_owned());
                    }
                    Some(next) if done.contains_key(next) => {}
                    Some(next) => {
                        on_path.insert(next);
                        path.push((next, self.used(next)));
                    }
                    None => {
                        let name = *name;
                        let depth = 1 + self.used(name).into_iter().filter_map(|inner| done.get(inner)).max().unwrap_or(&0);
                        if depth > DEEPEST {
                            too_deep.insert(name.to_owned());
                        }
                        done.insert(name, depth);
                        on_path.remove(name);
                        path.pop();
                    }
                }
            }
        }
        for name in found {
            self.refuse(place("components", &name), "contains itself, so it would run for ever", "break the circle");
        }
        for name in too_deep {
            self.refuse(place("components", &name), format!("DAGs are in each other more than {DEEPEST} deep"), "make it flatter");
        }
    }

    fn used(&self, name: &str) -> Vec<&str> {
        let dag = self.pipeline.components.get(name).and_then(Component::dag);
        let names: BTreeSet<&str> = dag.into_iter().flat_map(|dag| dag.tasks.values().map(|t| t.component.as_str())).collect();
        names.into_iter().collect()
    }
}

fn label(component: &Component) -> &str {
    match &component.body {
        Body::Executor(label) => label,
        Body::Dag(_) => "",
    }
}
