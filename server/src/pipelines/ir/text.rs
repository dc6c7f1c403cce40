//! From the text of a document to a pipeline.

use serde_json::{Map, Value};
use std::thread;

use super::{
    Body, Component, Pipeline, Refusal, accelerator, canonical::hex, check::check, halves, loop_items, reader::Reader, unique, upload,
};

/// Bytes that a document may have.
pub const LARGEST: usize = 64 * 1024 * 1024;

/// So many components are worth a thread of their own.
const MANY: usize = 500;

const AGAIN: &str = "compile the pipeline with kfp 2";

/// Reads a pipeline: YAML or JSON of schema 2.1, with `platforms` as a second document, or both in `pipeline_spec` and `platform_spec`.
///
/// # Errors
/// Everything that is wrong or not supported, at once.
pub fn parse(text: &str) -> Result<Pipeline, Vec<Refusal>> {
    let plainly = |text: &str| serde_json::Deserializer::from_str(text).into_iter().collect();
    let (spec, platform) = documents(text, plainly).map_err(|refusal| vec![refusal])?;
    from_json(spec, platform)
}

/// The same of a pipeline that is uploaded, to run where accelerators are `gpu`.
///
/// # Errors
/// As [`parse`], and what can never run here. What was taken before is read for ever.
pub fn parse_for(text: &str, gpu: &str) -> Result<Pipeline, Vec<Refusal>> {
    let (spec, platform) = documents(text, unique::read).map_err(|refusal| vec![refusal])?;
    read(spec, platform, Some(gpu))
}

/// The two parts of a document. `json`: reads documents one after the other in JSON.
fn documents(text: &str, json: impl Fn(&str) -> serde_json::Result<Vec<Value>>) -> Result<(Value, Value), Refusal> {
    if text.len() > LARGEST {
        return Err(Refusal::new("", format!("it has {} bytes, at most {LARGEST} are taken", text.len()), "split the pipeline"));
    }
    let mut documents: Vec<Value> = if text.trim_start().starts_with('{') {
        let wrong = |e| Refusal::new("", format!("it is no JSON: {e}"), AGAIN);
        match json(text) {
            Ok(documents) => documents,
            // YAML may begin with a brace too, in flow style.
            Err(e) => yaml(text).map_err(|_| wrong(e))?,
        }
    } else {
        yaml(text)?
    };
    documents.retain(|document| !document.is_null());
    let mut documents = documents.into_iter();
    let (Some(Value::Object(mut first)), second, None) = (documents.next(), documents.next(), documents.next()) else {
        return Err(Refusal::new("", "it is not one object, or two with platforms in the second", AGAIN));
    };
    let spec = first.remove("pipeline_spec").or_else(|| first.remove("pipelineSpec"));
    match (spec, second) {
        (Some(spec), None) => {
            let platform = first.remove("platform_spec").or_else(|| first.remove("platformSpec")).unwrap_or(Value::Null);
            match first.keys().next() {
                None => Ok((spec, platform)),
                Some(key) => Err(Refusal::new(key, "this field is not known", "only pipeline_spec and platform_spec stand here")),
            }
        }
        (Some(_), Some(_)) => Err(Refusal::new("", "platforms stand in platform_spec or in a second document, not both", AGAIN)),
        (None, second) => Ok((Value::Object(first), second.unwrap_or(Value::Null))),
    }
}

fn yaml(text: &str) -> Result<Vec<Value>, Refusal> {
    let read = |text: &str| {
        let options = serde_saphyr::options! {
            strict_booleans: true,
            with_snippet: false,
            // Aliases are what makes a small document a large one; the SDK writes none.
            budget: serde_saphyr::budget! { max_nodes: 5_000_000, max_events: 10_000_000, max_depth: 128, max_documents: 4, max_aliases: 1_000 },
        };
        serde_saphyr::from_multiple_with_options(text, options)
    };
    if text.len() >= halves::LARGE
        && let Some(documents) = halves::read(text, |half| read(half).ok())
    {
        return Ok(documents);
    }
    read(text).map_err(|e| {
        let why = match e.without_snippet() {
            // What it says to those who write programs is of no use here.
            e @ serde_saphyr::Error::DuplicateMappingKey { .. } => e.render_with_formatter(&serde_saphyr::UserMessageFormatter),
            e => e.to_string(),
        };
        Refusal::new("", format!("it is no YAML: {why}"), AGAIN)
    })
}

/// Reads a pipeline from its two parts as JSON; `platform` may be null.
///
/// # Errors
/// As [`parse`].
pub fn from_json(spec: Value, platform: Value) -> Result<Pipeline, Vec<Refusal>> {
    read(spec, platform, None)
}

fn read(spec: Value, platform: Value, gpu: Option<&str>) -> Result<Pipeline, Vec<Refusal>> {
    if let Some(refusal) = foreign(&spec) {
        return Err(vec![refusal]);
    }
    let mut reader = Reader::default();
    let settings = reader.platform(platform.clone());
    let mut fields = reader.fields(String::new(), spec.clone());
    let schema_version = reader.text(&mut fields, "schemaVersion").unwrap_or_default();
    if !(schema_version.starts_with("2.1") || schema_version.starts_with("2.0")) {
        reader.refuse("schemaVersion", format!("{schema_version:?} is not 2.1"), AGAIN);
    }
    let sdk_version = reader.text(&mut fields, "sdkVersion").unwrap_or_default();
    let (mut name, mut display_name, mut description) = Default::default();
    if let Some(mut info) = reader.object(&mut fields, "pipelineInfo") {
        name = reader.name(&mut info, "name");
        display_name = reader.text(&mut info, "displayName").unwrap_or_default();
        description = reader.text(&mut info, "description").unwrap_or_default();
        reader.done(info);
    } else {
        reader.refuse("pipelineInfo.name", "is missing", AGAIN);
    }
    let components = reader.components(&mut fields);
    let executors = reader.executors(&mut fields, settings.executors);
    let root = match fields.take("root") {
        Some(value) => reader.component("root", "root".to_owned(), value),
        None => {
            reader.refuse("root", "is missing", AGAIN);
            return Err(reader.refusals);
        }
    };
    let default_pipeline_root = reader.text(&mut fields, "defaultPipelineRoot").unwrap_or_default();
    reader.done(fields);
    let mut pipeline = Pipeline {
        name,
        display_name,
        description,
        schema_version,
        sdk_version,
        default_pipeline_root,
        root,
        components,
        executors,
        deadline_s: settings.deadline_s,
        spec,
        platform,
    };
    loop_items::hand_down(&mut pipeline);
    // Neither needs the other, and in a large one both take a while.
    let (digests, wrong) = thread::scope(|scope| {
        let aside = || thread::Builder::new().spawn_scoped(scope, || digests(&pipeline)).ok();
        let digests = (pipeline.components.len() >= MANY).then(aside).flatten();
        let wrong = check(&pipeline);
        (digests.and_then(|d| d.join().ok()).unwrap_or_else(|| self::digests(&pipeline)), wrong)
    });
    for (component, digest) in pipeline.components.values_mut().zip(digests) {
        component.digest = digest;
    }
    let mut refusals = reader.refusals;
    refusals.extend(wrong);
    if let Some(gpu) = gpu {
        refusals.extend(accelerator::others(&pipeline, gpu));
        refusals.extend(upload::wrong(&pipeline));
    }
    if refusals.is_empty() {
        return Ok(pipeline);
    }
    refusals.sort();
    refusals.dedup();
    Err(refusals)
}

/// A document that is something else altogether.
fn foreign(spec: &Value) -> Option<Refusal> {
    let map: &Map<String, Value> = spec.as_object()?;
    if map.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("Workflow")) {
        return Some(Refusal::new("kind", "this is an Argo workflow, as kfp 1 made them", AGAIN));
    }
    if map.contains_key("implementation") {
        return Some(Refusal::new("implementation", "this is a component, not a pipeline", "use it in a pipeline and compile that"));
    }
    None
}

/// What a component that is no DAG runs is part of its digest.
fn digests(pipeline: &Pipeline) -> Vec<String> {
    let executors = pipeline.spec.pointer("/deploymentSpec/executors");
    let platforms = pipeline.platform.pointer("/platforms/kubernetes/deploymentSpec/executors");
    let digest = |component: &Component| match &component.body {
        Body::Executor(label) => {
            use sha2::{Digest, Sha256};
            let mut sha = Sha256::new();
            sha.update(&component.digest);
            for part in [executors, platforms].into_iter().flatten() {
                if let Some(value) = part.get(label) {
                    sha.update(super::canonical(value));
                }
            }
            hex(&sha.finalize())
        }
        Body::Dag(_) => component.digest.clone(),
    };
    pipeline.components.values().map(digest).collect()
}
