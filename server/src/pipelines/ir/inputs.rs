use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ParameterType, Pipeline, Refusal, types::plain};

/// A parameter of a pipeline run, for a form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// Its name.
    pub name: String,
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

impl Pipeline {
    /// The parameters that a run of it takes, by name.
    pub fn inputs(&self) -> Vec<Input> {
        self.root
            .parameters
            .iter()
            .map(|(name, p)| Input {
                name: name.clone(),
                kind: p.kind,
                default: p.default.clone().map(plain),
                optional: p.optional || p.default.is_some(),
                description: p.description.clone(),
                literals: p.literals.clone(),
            })
            .collect()
    }

    /// The parameters of a run as they are used: checked by name, type and allowed values, defaults filled in. What is optional and has no
    /// default is null.
    ///
    /// # Errors
    /// Everything wrong at once; a place is the parameter's name.
    pub fn parameters(&self, given: &serde_json::Map<String, Value>) -> Result<serde_json::Map<String, Value>, Vec<Refusal>> {
        let mut wrong = Vec::new();
        for name in given.keys().filter(|name| !self.root.parameters.contains_key(*name)) {
            let known: Vec<&str> = self.root.parameters.keys().map(String::as_str).collect();
            let hint = if known.is_empty() { "it takes none".to_owned() } else { format!("it takes {}", known.join(", ")) };
            wrong.push(Refusal::new(name, "the pipeline has no such parameter", hint));
        }
        let mut out = serde_json::Map::new();
        for (name, p) in &self.root.parameters {
            let value = match given.get(name).filter(|v| !v.is_null()) {
                Some(value) => match p.kind.convert(value.clone()) {
                    Ok(value) => value,
                    Err(why) => {
                        wrong.push(Refusal::new(name, why, "give a value of its type"));
                        continue;
                    }
                },
                None => match &p.default {
                    Some(default) => plain(default.clone()),
                    None if p.optional => Value::Null,
                    None => {
                        wrong.push(Refusal::new(name, "no value is given, and it has no default", format!("give {}", p.kind.words())));
                        continue;
                    }
                },
            };
            if !value.is_null() && !p.allows(&value) {
                let allowed: Vec<String> = p.literals.iter().map(ToString::to_string).collect();
                wrong.push(Refusal::new(name, format!("{value} is not one of its values"), format!("give one of {}", allowed.join(", "))));
                continue;
            }
            out.insert(name.clone(), value);
        }
        if wrong.is_empty() { Ok(out) } else { Err(wrong) }
    }
}

impl super::InputParameter {
    /// Whether a value is one of those allowed.
    pub fn allows(&self, value: &Value) -> bool {
        self.literals.is_empty() || self.literals.iter().any(|l| plain(l.clone()) == plain(value.clone()))
    }
}
