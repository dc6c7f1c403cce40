//! The file `MLmodel`: what a stored model says of itself.

use crate::{
    artifacts::{ArtifactPath, ArtifactStore},
    error::{Error, Kind, Result},
};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Name of the file in the folder of a model.
pub const FILE: &str = "MLmodel";
/// Largest `MLmodel` that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;
/// Largest input example that is read, in bytes.
const MAX_EXAMPLE: u64 = 4 << 20;

/// What a stored model says of itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MlModel {
    /// Settings by flavor: `python_function`, `sklearn`, ...
    pub flavors: BTreeMap<String, Value>,
    /// `inputs`, `outputs`, `params`, as JSON, without those that are absent.
    pub signature: Option<Value>,
    /// The input example, where it brings one.
    pub example: Option<ExampleInfo>,
    /// Version of MLflow that wrote it.
    pub mlflow_version: Option<String>,
    /// Version of Python it was made with.
    pub python_version: Option<String>,
}

/// Where the input example lies.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ExampleInfo {
    /// File in the folder of the model.
    pub artifact_path: String,
    /// `dataframe`, `ndarray`, `json_object`, ...
    #[serde(rename = "type", default)]
    pub kind: String,
    /// `split` for a data frame.
    #[serde(default)]
    pub pandas_orient: Option<String>,
    /// File with the same as the body of a request to MLflow's own server.
    #[serde(default)]
    pub serving_input_path: Option<String>,
}

#[derive(Deserialize)]
struct Wire {
    #[serde(default)]
    flavors: BTreeMap<String, Value>,
    #[serde(default)]
    signature: Option<WireSignature>,
    #[serde(default)]
    saved_input_example_info: Option<ExampleInfo>,
    #[serde(default)]
    mlflow_version: Option<String>,
}

/// MLflow writes each part as JSON in a string.
#[derive(Deserialize)]
struct WireSignature {
    #[serde(default)]
    inputs: Option<String>,
    #[serde(default)]
    outputs: Option<String>,
    #[serde(default)]
    params: Option<String>,
}

impl MlModel {
    /// Reads the text of an `MLmodel` file.
    ///
    /// # Errors
    /// It is not the YAML that MLflow writes.
    pub fn parse(yaml: &str) -> Result<Self> {
        let wire: Wire = serde_saphyr::from_str(yaml).map_err(|e| {
            Error::new(Kind::Invalid, "The model's MLmodel file cannot be read.").hint("Log the model again.").context(e.to_string())
        })?;
        let signature = wire.signature.map(|s| {
            let parts = [("inputs", s.inputs), ("outputs", s.outputs), ("params", s.params)];
            let parts = parts.into_iter().filter_map(|(k, v)| Some((k.to_owned(), serde_json::from_str(&v?).ok()?)));
            Value::Object(parts.filter(|(_, v): &(String, Value)| !v.is_null()).collect::<Map<_, _>>())
        });
        let python = wire.flavors.get("python_function").and_then(|f| f.get("python_version")).and_then(Value::as_str);
        Ok(Self {
            python_version: python.map(Into::into),
            flavors: wire.flavors,
            signature: signature.filter(|s| s.as_object().is_some_and(|o| !o.is_empty())),
            example: wire.saved_input_example_info,
            mlflow_version: wire.mlflow_version,
        })
    }

    /// Reads the `MLmodel` of the model in a folder; `None` where the folder has none.
    ///
    /// # Errors
    /// The file is too large or cannot be read; the store does not answer.
    pub async fn read(artifacts: &ArtifactStore, team_id: &str, folder: &ArtifactPath) -> Result<Option<Self>> {
        let path = folder.join(&ArtifactPath::parse(FILE)?);
        let Some(bytes) = artifacts.read(team_id, &path, MAX_BYTES).await? else { return Ok(None) };
        let text =
            std::str::from_utf8(&bytes).map_err(|e| Error::invalid("", "The model's MLmodel file is not text.").context(e.to_string()))?;
        Self::parse(text).map(Some)
    }

    /// The input example as the body of a request to MLflow's own server; `None` where there is none.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn serving_example(&self, artifacts: &ArtifactStore, team_id: &str, folder: &ArtifactPath) -> Result<Option<Value>> {
        let Some(file) = self.example.as_ref().and_then(|e| e.serving_input_path.as_deref()) else { return Ok(None) };
        let path = folder.join(&ArtifactPath::parse_file(file)?);
        let Some(bytes) = artifacts.read(team_id, &path, MAX_EXAMPLE).await? else { return Ok(None) };
        Ok(serde_json::from_slice(&bytes).ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IRIS: &str = r#"flavors:
  python_function:
    env:
      conda: conda.yaml
      virtualenv: python_env.yaml
    loader_module: mlflow.sklearn
    model_path: model.skops
    predict_fn: predict
    python_version: 3.11.7
  sklearn:
    code: null
    pickled_model: model.skops
    serialization_format: skops
    sklearn_version: 1.9.1
is_signature_from_type_hint: false
mlflow_version: 3.17.2
model_id: null
model_size_bytes: 11634
prompts: null
saved_input_example_info:
  artifact_path: input_example.json
  pandas_orient: split
  serving_input_path: serving_input_example.json
  type: dataframe
signature:
  inputs: '[{"type": "double", "name": "sepal length (cm)", "required": true}, {"type":
    "double", "name": "sepal width (cm)", "required": true}]'
  outputs: '[{"type": "tensor", "tensor-spec": {"dtype": "int64", "shape": [-1]}}]'
  params: null
utc_time_created: '2026-11-23 23:46:40.912861'
"#;

    #[test]
    fn as_mlflow_writes_it() {
        let model = MlModel::parse(IRIS).expect("parse");
        assert_eq!(model.flavors.keys().collect::<Vec<_>>(), ["python_function", "sklearn"]);
        let signature = model.signature.expect("signature");
        assert_eq!(signature["inputs"][1]["name"], "sepal width (cm)");
        assert_eq!(signature["outputs"][0]["tensor-spec"]["shape"][0], -1);
        assert!(signature.get("params").is_none());
        assert_eq!(model.example.expect("example").pandas_orient.as_deref(), Some("split"));
        assert_eq!(model.python_version.as_deref(), Some("3.11.7"));
    }

    #[test]
    fn little_or_nonsense() {
        let model = MlModel::parse("flavors:\n  python_function: {}\n").expect("little");
        assert_eq!((model.signature, model.example), (None, None));
        for bad in ["flavors: [", "flavors: 1", "- a\n- b", "\u{0}"] {
            assert_eq!(MlModel::parse(bad).expect_err(bad).kind, Kind::Invalid);
        }
        // a bomb of aliases must not eat the machine
        let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
        for i in 1..12 {
            bomb += &format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 9].join(","));
        }
        bomb += "flavors: {f: *a11}\n";
        assert!(MlModel::parse(&bomb).is_err());
    }
}
