use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Inputs;
use crate::pipelines::ir::{Component, Task, digest};

/// What two tasks have to have in common so that one may take the other's outputs: component, inputs by content, and what they run in.
///
/// `environment` names that (digest of an environment or image). `contents` are the digests of the input artifacts, by address. `since`: what
/// tells apart what was made before the cache was cleared from what was made after it; empty where it never was. None: the task does not want it, or an artifact's content is not known.
pub fn cache_key(
    task: &Task,
    component: &Component,
    inputs: &Inputs,
    environment: &str,
    contents: &BTreeMap<String, String>,
    since: &str,
) -> Option<String> {
    if !task.cache {
        return None;
    }
    if !task.cache_key.is_empty() {
        return Some(digest(&json!({"v": 1, "since": since, "component": component.name, "key": task.cache_key})));
    }
    let mut artifacts = serde_json::Map::new();
    for (name, list) in &inputs.artifacts {
        let mut known = Vec::with_capacity(list.len());
        for artifact in list {
            let content = contents.get(&artifact.uri)?;
            known.push(json!({"content": content, "type": artifact.kind.to_json(), "metadata": artifact.metadata}));
        }
        artifacts.insert(name.clone(), Value::Array(known));
    }
    Some(digest(&json!({
        "v": 1,
        "since": since,
        "component": component.digest,
        "environment": environment,
        "parameters": inputs.parameters,
        "artifacts": artifacts,
        "secrets": inputs.secrets.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(),
    })))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipelines::{
        engine::Artifact,
        ir::{Pipeline, parse, tests::small},
    };

    fn key(pipeline: &Pipeline, inputs: &Inputs, environment: &str, contents: &[(&str, &str)]) -> Option<String> {
        let contents = contents.iter().map(|(uri, digest)| ((*uri).to_owned(), (*digest).to_owned())).collect();
        cache_key(&pipeline.root.dag().unwrap().tasks["say"], &pipeline.components["comp-say"], inputs, environment, &contents, "")
    }

    fn given(text: &str, uri: &str) -> Inputs {
        let artifact = Artifact { uri: uri.to_owned(), ..Artifact::default() };
        Inputs {
            parameters: json!({"text": text}).as_object().cloned().unwrap(),
            artifacts: [("data".to_owned(), vec![artifact])].into(),
            ..Inputs::default()
        }
    }

    #[test]
    fn it_follows_the_content_and_not_the_address() {
        let pipeline = parse(&small().to_string()).unwrap();
        let first = key(&pipeline, &given("a", "kept:1"), "e", &[("kept:1", "d1")]).unwrap();
        assert_eq!(key(&pipeline, &given("a", "kept:2"), "e", &[("kept:2", "d1")]), Some(first.clone()));
        for other in [
            key(&pipeline, &given("b", "kept:1"), "e", &[("kept:1", "d1")]),
            key(&pipeline, &given("a", "kept:1"), "f", &[("kept:1", "d1")]),
            key(&pipeline, &given("a", "kept:1"), "e", &[("kept:1", "d2")]),
        ] {
            assert!(other.is_some_and(|other| other != first));
        }
        assert_eq!(key(&pipeline, &given("a", "kept:1"), "e", &[]), None, "content that is not known");
    }

    #[test]
    fn a_key_of_its_own_stands_for_the_inputs_and_without_caching_there_is_none() {
        let mut spec = small();
        spec["root"]["dag"]["tasks"]["say"]["cachingOptions"] = json!({"enableCache": true, "cacheKey": "mine"});
        let pipeline = parse(&spec.to_string()).unwrap();
        assert_eq!(key(&pipeline, &given("a", "x"), "e", &[]), key(&pipeline, &given("b", "y"), "f", &[]));
        spec["root"]["dag"]["tasks"]["say"]["cachingOptions"] = json!({});
        assert_eq!(key(&parse(&spec.to_string()).unwrap(), &given("a", "x"), "e", &[("x", "d")]), None);
    }
}
