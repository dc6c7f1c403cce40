//! The placeholders of a command.

use serde_json::{Map, Value};

use crate::pipelines::{
    engine::{Inputs, RunNames, placeholders},
    ir::json_text,
};

/// What a placeholder may name.
pub(super) struct Scope<'a> {
    pub parameters: &'a Map<String, Value>,
    pub executor_input: &'a Value,
    pub inputs: &'a Inputs,
    pub names: &'a RunNames,
    pub task_name: &'a str,
    pub task_id: &'a str,
}

impl Scope<'_> {
    /// The arguments that one text of a command becomes: one, or as many as a condition in it says.
    pub fn argument(&self, text: &str, out: &mut Vec<String>) -> Result<(), String> {
        if !(text.starts_with("{\"Concat\"") || text.starts_with("{\"IfPresent\"")) {
            out.push(self.fill(text));
            return Ok(());
        }
        let tree = serde_json::from_str(text).map_err(|e| format!("the argument {text} is no JSON: {e}"))?;
        self.structure(&tree, out)
    }

    fn structure(&self, tree: &Value, out: &mut Vec<String>) -> Result<(), String> {
        let wrong = || format!("{tree} is no text, Concat or IfPresent");
        match tree {
            Value::String(text) => out.push(self.fill(text)),
            Value::Object(map) if map.len() == 1 => {
                if let Some(parts) = map.get("Concat").and_then(Value::as_array) {
                    let mut texts = Vec::new();
                    for part in parts {
                        self.structure(part, &mut texts)?;
                    }
                    out.push(texts.concat());
                } else if let Some(of) = map.get("IfPresent") {
                    let name = of.get("InputName").and_then(Value::as_str).ok_or_else(wrong)?;
                    match of.get(if self.is_given(name) { "Then" } else { "Else" }) {
                        Some(Value::Array(items)) => {
                            for item in items {
                                self.structure(item, out)?;
                            }
                        }
                        Some(item) => self.structure(item, out)?,
                        None => {}
                    }
                } else {
                    return Err(wrong());
                }
            }
            _ => return Err(wrong()),
        }
        Ok(())
    }

    fn is_given(&self, name: &str) -> bool {
        self.parameters.get(name).is_some_and(|v| !v.is_null()) || self.inputs.artifacts.contains_key(name)
    }

    /// A text with its placeholders filled in. An input that was not given is empty text; what is no placeholder of Kubeflow's stays.
    pub fn fill(&self, text: &str) -> String {
        placeholders::replace(text, |inner| self.find(inner))
    }

    fn find(&self, inner: &str) -> Option<String> {
        match inner {
            "$" => return Some(self.executor_input.to_string()),
            "$.outputs.output_file" | "$.outputMetadataUri" => {
                return self.executor_input["outputs"]["outputFile"].as_str().map(str::to_owned);
            }
            _ => {}
        }
        if let Some((name, "")) = placeholders::keyed(inner, "$.inputs.parameters") {
            return Some(self.parameters.get(name).filter(|v| !v.is_null()).map(json_text).unwrap_or_default());
        }
        if let Some((name, ".output_file")) = placeholders::keyed(inner, "$.outputs.parameters") {
            return self.executor_input["outputs"]["parameters"][name]["outputFile"].as_str().map(str::to_owned);
        }
        for (side, place) in [("inputs", "$.inputs.artifacts"), ("outputs", "$.outputs.artifacts")] {
            if let Some((name, rest)) = placeholders::keyed(inner, place) {
                return self.artifact(side, name, rest);
            }
        }
        self.names.find(inner, self.task_name, self.task_id)
    }

    fn artifact(&self, side: &str, name: &str, rest: &str) -> Option<String> {
        let list = &self.executor_input[side]["artifacts"][name];
        let first = &list["artifacts"][0];
        if first.is_null() {
            return Some(String::new());
        }
        Some(match rest {
            "" => list.to_string(),
            // Where a task runs beside its files, a path is its address.
            ".path" | ".uri" => json_text(&first["uri"]),
            ".name" => json_text(&first["name"]),
            ".metadata" => first["metadata"].to_string(),
            rest => {
                let (key, "") = placeholders::keyed(rest, ".metadata")? else { return None };
                json_text(first["metadata"].get(key).unwrap_or(&Value::String(String::new())))
            }
        })
    }
}
