//! Reads a task of a DAG.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    ArtifactSource, Expression, Items, Iterator, ParameterFrom, ParameterSource, Retry, Selector, Task,
    reader::{Fields, Reader},
    types::plain,
};

/// What the SDK's documentation says of the longest wait, and what a wait is without one.
const LONGEST_WAIT_MS: u64 = 3_600_000;

pub(super) fn read(r: &mut Reader, key: &str, at: String, value: Value) -> Task {
    let mut f = r.fields(at, value);
    let mut task = Task {
        name: key.to_owned(),
        component: String::new(),
        parameters: BTreeMap::new(),
        artifacts: BTreeMap::new(),
        upstream: BTreeSet::new(),
        dependent_tasks: Vec::new(),
        cache: false,
        cache_key: String::new(),
        condition: None,
        always: false,
        exit: false,
        iterator: None,
        parallelism: None,
        retry: None,
    };
    if let Some(mut info) = r.object(&mut f, "taskInfo") {
        if let Some(name) = r.text(&mut info, "name").filter(|name| !name.is_empty()) {
            task.name = name;
        }
        r.done(info);
    }
    if let Some(mut component) = r.object(&mut f, "componentRef") {
        task.component = r.name(&mut component, "name");
        r.done(component);
    } else {
        r.refuse(f.at("componentRef"), "is missing", "compile the pipeline again with the SDK");
    }
    if let Some(mut inputs) = r.object(&mut f, "inputs") {
        for (at, name, value) in r.entries(&mut inputs, "parameters") {
            if let Some(source) = r.parameter_source(at, value) {
                task.parameters.insert(name, source);
            }
        }
        for (at, name, value) in r.entries(&mut inputs, "artifacts") {
            if let Some(source) = artifact_source(r, at, value) {
                task.artifacts.insert(name, source);
            }
        }
        r.done(inputs);
    }
    if let Some(mut caching) = r.object(&mut f, "cachingOptions") {
        task.cache = r.flag(&mut caching, "enableCache");
        task.cache_key = r.text(&mut caching, "cacheKey").unwrap_or_default();
        r.done(caching);
    }
    trigger(r, &mut f, &mut task);
    iterator(r, &mut f, &mut task);
    task.retry = retry(r, &mut f);
    task.dependent_tasks = r.texts(&mut f, "dependentTasks");
    r.done(f);
    task.upstream = upstream(&task);
    // The SDK makes a DAG of this name for what stands in a dsl.ExitHandler, and the exit task waits for it.
    let status = task.parameters.values().any(|source| matches!(source.from, ParameterFrom::FinalStatus(_)));
    task.exit = task.always && (status || task.upstream.iter().any(|other| other.starts_with("exit-handler-")));
    task
}

/// Those it names, and those whose outputs it takes.
fn upstream(task: &Task) -> BTreeSet<String> {
    let mut out: BTreeSet<String> = task.dependent_tasks.iter().cloned().collect();
    for source in task.parameters.values() {
        match &source.from {
            ParameterFrom::Task(selector) => out.insert(selector.task.clone()),
            ParameterFrom::FinalStatus(task) => out.insert(task.clone()),
            ParameterFrom::Constant(_) | ParameterFrom::Input(_) => false,
        };
    }
    for source in task.artifacts.values() {
        if let ArtifactSource::Task(selector) = source {
            out.insert(selector.task.clone());
        }
    }
    out
}

fn trigger(r: &mut Reader, of: &mut Fields, task: &mut Task) {
    let Some(mut f) = r.object(of, "triggerPolicy") else { return };
    if let Some(text) = r.text(&mut f, "condition").filter(|text| !text.is_empty()) {
        match Expression::condition(&text) {
            Ok(condition) => task.condition = Some(condition),
            Err(why) => r.refuse(
                f.at("condition"),
                format!("the condition {text:?} is not understood: {why}"),
                "compare inputs.parameter_values with constants; a text with a quote cannot be compared",
            ),
        }
    }
    match r.text(&mut f, "strategy").as_deref() {
        None | Some("TRIGGER_STRATEGY_UNSPECIFIED" | "ALL_UPSTREAM_TASKS_SUCCEEDED" | "") => {}
        Some("ALL_UPSTREAM_TASKS_COMPLETED") => task.always = true,
        Some(other) => r.refuse(
            f.at("strategy"),
            format!("the strategy {other} is not known"),
            "use ALL_UPSTREAM_TASKS_SUCCEEDED or ALL_UPSTREAM_TASKS_COMPLETED",
        ),
    }
    r.done(f);
}

fn iterator(r: &mut Reader, of: &mut Fields, task: &mut Task) {
    if let Some(mut f) = r.object(of, "parameterIterator") {
        let item_input = r.name(&mut f, "itemInput");
        if let Some(mut items) = r.object(&mut f, "items") {
            let at = items.at("raw");
            match (r.text(&mut items, "raw"), r.text(&mut items, "inputParameter")) {
                (Some(raw), None) => match serde_json::from_str(&raw) {
                    Ok(Value::Array(values)) => {
                        let items = Items::Raw(values.into_iter().map(plain).collect());
                        task.iterator = Some(Iterator::Parameter { items, item_input });
                    }
                    _ => r.refuse(at, "has to be a JSON list", "write the items as a list"),
                },
                (None, Some(input)) => task.iterator = Some(Iterator::Parameter { items: Items::Input(input), item_input }),
                _ => r.refuse(items.place.clone(), "has to have either raw or inputParameter", "compile the pipeline again with the SDK"),
            }
            r.done(items);
        } else {
            r.refuse(f.at("items"), "is missing", "compile the pipeline again with the SDK");
        }
        r.done(f);
    }
    if let Some(mut f) = r.object(of, "artifactIterator") {
        let item_input = r.name(&mut f, "itemInput");
        let items = r.object(&mut f, "items").map(|mut items| {
            let input = r.name(&mut items, "inputArtifact");
            r.done(items);
            input
        });
        if task.iterator.is_some() {
            r.refuse(f.place.clone(), "a task goes over parameters or over artifacts, not both", "compile the pipeline again with the SDK");
        }
        task.iterator = Some(Iterator::Artifact { items: items.unwrap_or_default(), item_input });
        r.done(f);
    }
    if let Some(mut f) = r.object(of, "iteratorPolicy") {
        let limit = r.count(&mut f, "parallelismLimit").filter(|n| *n > 0);
        task.parallelism = limit.map(|n| u32::try_from(n).unwrap_or(u32::MAX));
        if task.iterator.is_none() && task.parallelism.is_some() {
            r.refuse(f.place.clone(), "limits iterations, and there are none", "put it on a loop");
        }
        r.done(f);
    }
}

fn retry(r: &mut Reader, of: &mut Fields) -> Option<Retry> {
    let mut f = r.object(of, "retryPolicy")?;
    let times = r.count(&mut f, "maxRetryCount").unwrap_or(0);
    let backoff_ms = r.duration_ms(&mut f, "backoffDuration").unwrap_or(0);
    let factor = r.number(&mut f, "backoffFactor").filter(|n| *n != 0.0).unwrap_or(2.0);
    if factor < 1.0 {
        r.refuse(f.at("backoffFactor"), format!("{factor} would shorten the wait"), "use 1 or more");
    }
    let longest_ms = r.duration_ms(&mut f, "backoffMaxDuration").filter(|ms| *ms > 0).unwrap_or(LONGEST_WAIT_MS);
    if times > 1000 {
        r.refuse(f.at("maxRetryCount"), format!("{times} tries are too many"), "use at most 1000");
    }
    r.done(f);
    (times > 0).then(|| Retry { times: times.min(1000) as u32, backoff_ms, factor, longest_ms })
}

fn artifact_source(r: &mut Reader, at: String, value: Value) -> Option<ArtifactSource> {
    let mut f = r.fields(at, value);
    let task = r.object(&mut f, "taskOutputArtifact").map(|mut f| {
        let selector = Selector { task: r.name(&mut f, "producerTask"), key: r.name(&mut f, "outputArtifactKey") };
        r.done(f);
        ArtifactSource::Task(selector)
    });
    let input = r.text(&mut f, "componentInputArtifact").map(ArtifactSource::Input);
    let source = match (task, input) {
        (Some(source), None) | (None, Some(source)) => Some(source),
        _ => {
            r.refuse(f.place.clone(), "has to name one origin", "use taskOutputArtifact or componentInputArtifact");
            None
        }
    };
    r.done(f);
    source
}

impl Reader {
    pub(super) fn parameter_source(&mut self, at: String, value: Value) -> Option<ParameterSource> {
        let mut f = self.fields(at, value);
        let mut origins = Vec::new();
        if let Some(mut task) = self.object(&mut f, "taskOutputParameter") {
            let selector = Selector { task: self.name(&mut task, "producerTask"), key: self.name(&mut task, "outputParameterKey") };
            self.done(task);
            origins.push(ParameterFrom::Task(selector));
        }
        if let Some(mut runtime) = self.object(&mut f, "runtimeValue") {
            origins.extend(self.constant(&mut runtime).map(ParameterFrom::Constant));
            self.done(runtime);
        }
        if let Some(input) = self.text(&mut f, "componentInputParameter") {
            origins.push(ParameterFrom::Input(input));
        }
        if let Some(mut status) = self.object(&mut f, "taskFinalStatus") {
            let task = self.name(&mut status, "producerTask");
            self.done(status);
            origins.push(ParameterFrom::FinalStatus(task));
        }
        let selector = self.text(&mut f, "parameterExpressionSelector").filter(|text| !text.is_empty());
        let selector = selector.and_then(|text| match Expression::selector(&text) {
            Ok(selector) => Some(selector),
            Err(why) => {
                let reason = format!("the selector {text:?} is not understood: {why}");
                self.refuse(f.at("parameterExpressionSelector"), reason, "select as in parseJson(string_value)[\"a\"]");
                None
            }
        });
        if origins.len() != 1 {
            self.refuse(
                f.place.clone(),
                "has to name one origin",
                "use taskOutputParameter, runtimeValue.constant, componentInputParameter or taskFinalStatus",
            );
        }
        self.done(f);
        origins.pop().map(|from| ParameterSource { from, selector })
    }

    /// `constant`, or `constantValue` of schema 2.0.
    pub(super) fn constant(&mut self, f: &mut Fields) -> Option<Value> {
        self.never(f, "runtimeParameter", "runtime parameters are of an older format", "compile the pipeline with kfp 2");
        if let Some(value) = f.take("constant") {
            return Some(plain(value));
        }
        let mut old = self.object(f, "constantValue")?;
        let value = old.take("stringValue").or_else(|| old.take("intValue")).or_else(|| old.take("doubleValue"));
        self.done(old);
        value.map(plain)
    }
}
