//! What a program left behind becomes the outputs of its task.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{Artifact, Launch, Outputs};
use crate::pipelines::ir::{Component, ParameterType, plain};

/// The files that a program wrote, as far as it wrote them.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// `Launch::output_file`.
    pub output_file: Option<Vec<u8>>,
    /// `Launch::parameter_files`, by the parameter's name.
    pub parameters: BTreeMap<String, Vec<u8>>,
}

/// The outputs of a task, and where the files of its artifacts are.
#[derive(Clone, Debug, PartialEq)]
pub struct Collected {
    /// The outputs, with the addresses under which artifacts are kept.
    pub outputs: Outputs,
    /// Files or folders to be kept, as far as they are there: path and address. An artifact that lies elsewhere (at an address that is not a
    /// path) is not among them.
    pub files: Vec<(String, String)>,
}

/// Python writes some numbers that are no JSON, and nobody guesses that from the place alone.
fn no_json(bytes: &[u8], why: &serde_json::Error) -> String {
    let text = String::from_utf8_lossy(bytes);
    let number = ["NaN", "Infinity"].into_iter().find(|word| text.contains(word));
    let hint = number.map(|word| format!(" ({word} is no number in JSON: give text, or leave it out)")).unwrap_or_default();
    format!("executor_output.json is no JSON: {why}{hint}")
}

/// Reads what a program that ended well left behind.
///
/// # Errors
/// When an output parameter is missing or not of its type, or the file of outputs is not what it should be. The task has failed then.
pub fn collect(component: &Component, launch: &Launch, written: &Written) -> Result<Collected, String> {
    let said = match written.output_file.as_deref() {
        None => Map::new(),
        Some(bytes) if bytes.trim_ascii().is_empty() => Map::new(),
        Some(bytes) => match serde_json::from_slice(bytes) {
            Ok(Value::Object(map)) => map,
            Ok(_) => return Err("executor_output.json is no JSON object".to_owned()),
            Err(e) => return Err(no_json(bytes, &e)),
        },
    };
    let mut outputs = Outputs::default();
    for (name, declared) in &component.output_parameters {
        let value = parameter(name, declared.kind, &said, written).map_err(|why| format!("output {name}: {why}"))?;
        outputs.parameters.insert(name.clone(), value);
    }
    let mut files = Vec::new();
    for (name, declared) in &component.output_artifacts {
        let Some((before, path)) = launch.artifacts.get(name).zip(launch.artifact_files.get(name)) else { continue };
        let list = said.get("artifacts").and_then(|all| all.get(name)?.get("artifacts")?.as_array());
        let said: &[Value] = list.map_or(&[], Vec::as_slice);
        let count = if declared.list { said.len() } else { 1 };
        let mut artifacts = Vec::with_capacity(count);
        for at in 0..count {
            let mut artifact = before.clone();
            let place = said.get(at).map_or_else(|| path.clone(), |said| merge(&mut artifact, said, path));
            if let Some(address) = address(&place, launch, artifact.uri) {
                // Several in a list need addresses of their own.
                artifact.uri = if at > 0 && address == before.uri { format!("{address}-{at}") } else { address };
                if is_path(&place) {
                    files.push((place, artifact.uri.clone()));
                }
            } else {
                artifact.uri = place;
            }
            artifacts.push(artifact);
        }
        outputs.artifacts.insert(name.clone(), artifacts);
    }
    Ok(Collected { outputs, files })
}

fn parameter(name: &str, kind: ParameterType, said: &Map<String, Value>, written: &Written) -> Result<Value, String> {
    if let Some(value) = said.get("parameterValues").and_then(|all| all.get(name)).filter(|v| !v.is_null()) {
        return kind.convert(plain(value.clone()));
    }
    let Some(bytes) = written.parameters.get(name) else { return Err("the task did not write it".to_owned()) };
    let text = std::str::from_utf8(bytes).map_err(|_| "what the task wrote is not UTF-8".to_owned())?;
    kind.from_text(text)
}

/// Takes over what the program said of an artifact; gives where it says that it lies.
fn merge(artifact: &mut Artifact, said: &Value, path: &str) -> String {
    let text = |keys: [&str; 2]| keys.into_iter().find_map(|key| said.get(key)?.as_str()).filter(|text| !text.is_empty());
    if let Some(Value::Object(metadata)) = said.get("metadata") {
        artifact.metadata.extend(metadata.iter().map(|(key, value)| (key.clone(), plain(value.clone()))));
    }
    artifact.custom_path = text(["custom_path", "customPath"]).map(str::to_owned);
    artifact.custom_path.clone().or_else(|| text(["uri", "uri"]).map(str::to_owned)).unwrap_or_else(|| path.to_owned())
}

fn is_path(place: &str) -> bool {
    place.starts_with('/')
}

/// The address under which what lies at a path is kept; none for what is no path.
fn address(place: &str, launch: &Launch, own: String) -> Option<String> {
    if !is_path(place) {
        return None;
    }
    // A place that the program chose beside those it was told, as dsl.get_uri() gives it, is kept beside them.
    let folder = launch.output_file.rsplit_once('/').map_or("", |(folder, _)| folder);
    let inside = place.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')).filter(|rest| !rest.split('/').any(|p| p == ".."));
    let root = own.rsplit_once('/').map_or("", |(root, _)| root);
    match inside {
        Some(rest) if !rest.starts_with("artifacts/") && !rest.is_empty() => Some(format!("{root}/{rest}")),
        Some(rest) if launch.artifact_files.values().all(|file| file != place) => {
            Some(format!("{root}/{}", rest.trim_start_matches("artifacts/")))
        }
        _ => Some(own),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pipelines::ir::{ArtifactType, Body, OutputArtifact, OutputParameter};

    fn component() -> Component {
        let parameter = |kind| OutputParameter { kind, description: String::new() };
        let artifact =
            |list| OutputArtifact { kind: ArtifactType::default(), list, metadata: json!({"from": "spec"}), description: String::new() };
        Component {
            name: "comp-x".to_owned(),
            parameters: BTreeMap::new(),
            artifacts: BTreeMap::new(),
            output_parameters: [
                ("n".to_owned(), parameter(ParameterType::NumberInteger)),
                ("b".to_owned(), parameter(ParameterType::Boolean)),
                ("s".to_owned(), parameter(ParameterType::String)),
            ]
            .into(),
            output_artifacts: [("data".to_owned(), artifact(false))].into(),
            body: Body::Executor("exec-x".to_owned()),
            digest: String::new(),
        }
    }

    fn launched() -> Launch {
        let artifact = Artifact {
            name: "data".to_owned(),
            uri: "kept:run/data".to_owned(),
            metadata: json!({"from": "spec"}).as_object().cloned().unwrap_or_default(),
            ..Artifact::default()
        };
        Launch {
            image: String::new(),
            argv: Vec::new(),
            env: Vec::new(),
            resources: Default::default(),
            timeout_s: None,
            executor_input: Value::Null,
            folders: Vec::new(),
            output_file: "/w/executor_output.json".to_owned(),
            parameter_files: BTreeMap::new(),
            artifacts: [("data".to_owned(), artifact)].into(),
            artifact_files: [("data".to_owned(), "/w/artifacts/data".to_owned())].into(),
        }
    }

    fn read(said: Value, parameters: &[(&str, &str)]) -> Result<Collected, String> {
        let parameters = parameters.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect();
        let written = Written { output_file: (!said.is_null()).then(|| said.to_string().into_bytes()), parameters };
        collect(&component(), &launched(), &written)
    }

    #[test]
    fn parameters_come_from_the_file_of_outputs_and_else_from_their_own_by_type() {
        let collected = read(json!({"parameterValues": {"n": 3.0, "other": 1}}), &[("b", "True\n"), ("s", " 5\n"), ("n", "9")]).unwrap();
        assert_eq!(Value::Object(collected.outputs.parameters), json!({"n": 3, "b": true, "s": " 5\n"}));
        for (said, files, part) in [
            (Value::Null, vec![("b", "true"), ("s", "")], "output n: the task did not write it"),
            (Value::Null, vec![("b", "true"), ("s", ""), ("n", "three")], "output n: expected a whole number"),
            (json!({"parameterValues": {"n": 3.5}}), vec![("b", "true"), ("s", "")], "output n: expected a whole number"),
            (json!({"parameterValues": {"n": 3}}), vec![("b", "maybe"), ("s", "")], "output b: expected true or false"),
            (json!([]), vec![], "no JSON object"),
        ] {
            let why = read(said, &files).unwrap_err();
            assert!(why.contains(part), "{why}");
        }
    }

    #[test]
    fn an_artifact_is_kept_under_its_address_wherever_it_was_put() {
        let all = [("b", "true"), ("s", ""), ("n", "1")];
        let of = |said: Value| {
            let said = if said.is_null() { said } else { json!({"artifacts": {"data": {"artifacts": [said]}}}) };
            let collected = read(said, &all).unwrap();
            (collected.outputs.artifacts["data"][0].clone(), collected.files)
        };
        let (artifact, files) = of(Value::Null);
        assert_eq!(files, [("/w/artifacts/data".to_owned(), "kept:run/data".to_owned())]);
        assert_eq!(artifact.uri, "kept:run/data");

        let (artifact, files) = of(json!({"name": "data", "uri": "/w/artifacts/data", "metadata": {"rows": 3.0}}));
        assert_eq!(Value::Object(artifact.metadata), json!({"from": "spec", "rows": 3}));
        assert_eq!(files.len(), 1);

        let (artifact, files) = of(json!({"uri": "/w/artifacts/data", "custom_path": "/elsewhere/file"}));
        assert_eq!((artifact.uri.as_str(), files[0].0.as_str()), ("kept:run/data", "/elsewhere/file"));

        let (artifact, files) = of(json!({"uri": "/w/made"}));
        assert_eq!((artifact.uri.as_str(), files[0].0.as_str()), ("kept:run/made", "/w/made"));

        let (artifact, files) = of(json!({"uri": "s3://bucket/model"}));
        assert_eq!((artifact.uri.as_str(), files.len()), ("s3://bucket/model", 0));
    }
}
