//! Text with placeholders, as in `{{$.inputs.parameters['x']}}`.

use serde_json::{Map, Value};

use super::RunNames;
use crate::pipelines::ir::{ParameterFrom, Task, json_text};

/// The text with each placeholder that `find` knows replaced. `find` is given what stands between the braces: `$`, or `$.inputs…`. What it does
/// not know stays. What was put in is not looked at again.
pub(super) fn replace(text: &str, mut find: impl FnMut(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("{{$") {
        let Some(len) = rest[start..].find("}}") else { break };
        out.push_str(&rest[..start]);
        let whole = &rest[start..start + len + 2];
        match find(&whole[2..len]) {
            Some(value) => out.push_str(&value),
            None => out.push_str(whole),
        }
        rest = &rest[start + len + 2..];
    }
    out.push_str(rest);
    out
}

/// The name in `$.inputs.parameters['name']`, and what follows it: `keyed("$.inputs.parameters['x']", "$.inputs.parameters")` is `("x", "")`.
pub(super) fn keyed<'a>(inner: &'a str, place: &str) -> Option<(&'a str, &'a str)> {
    let rest = inner.strip_prefix(place)?;
    for quote in ["''", "'", "\""] {
        if let Some(rest) = rest.strip_prefix('[').and_then(|r| r.strip_prefix(quote)) {
            let end = rest.find(quote)?;
            return Some((&rest[..end], rest[end + quote.len()..].strip_prefix(']')?));
        }
    }
    None
}

/// The same with every text in a value, keys of objects too.
pub(super) fn in_value(value: &Value, find: &dyn Fn(&str) -> Option<String>) -> Value {
    match value {
        Value::String(text) => Value::String(replace(text, find)),
        Value::Array(items) => Value::Array(items.iter().map(|item| in_value(item, find)).collect()),
        Value::Object(map) => Value::Object(map.iter().map(|(key, value)| (replace(key, find), in_value(value, find))).collect()),
        other => other.clone(),
    }
}

/// What stands for an input parameter.
pub(super) fn parameter(inner: &str, parameters: &Map<String, Value>) -> Option<String> {
    match keyed(inner, "$.inputs.parameters") {
        Some((name, "")) => parameters.get(name).map(|value| if value.is_null() { String::new() } else { json_text(value) }),
        _ => None,
    }
}

/// A constant may name other inputs of the same task (the SDK writes an f-string so), the run and the task. They are filled in here.
pub(super) fn own(task: &Task, task_id: &str, names: &RunNames, parameters: &mut Map<String, Value>) {
    for (name, source) in &task.parameters {
        let ParameterFrom::Constant(constant) = &source.from else { continue };
        if !mentions(constant) {
            continue;
        }
        let value = in_value(constant, &|inner| parameter(inner, parameters).or_else(|| names.find(inner, &task.name, task_id)));
        parameters.insert(name.clone(), value);
    }
}

fn mentions(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("{{$."),
        Value::Array(items) => items.iter().any(mentions),
        Value::Object(map) => map.iter().any(|(key, value)| key.contains("{{$.") || mentions(value)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_put_in_is_not_looked_at_again() {
        let found =
            |inner: &str| keyed(inner, "$.inputs.parameters").map(|(name, _)| format!("{{{{$.inputs.parameters['{name}{name}']}}}}"));
        assert_eq!(replace("a {{$.inputs.parameters['x']}} b {{$}} {{$.x", found), "a {{$.inputs.parameters['xx']}} b {{$}} {{$.x");
    }

    #[test]
    fn names_are_read_in_each_way_of_quoting() {
        assert_eq!(keyed("$.inputs.artifacts['a'].path", "$.inputs.artifacts"), Some(("a", ".path")));
        assert_eq!(keyed("$.inputs.parameters[''a b'']", "$.inputs.parameters"), Some(("a b", "")));
        assert_eq!(keyed("$.inputs.parameters[\"a\"]", "$.inputs.parameters"), Some(("a", "")));
        assert_eq!(keyed("$.inputs.parameters['a", "$.inputs.parameters"), None);
        assert_eq!(keyed("$.pipeline_job_name", "$.inputs.parameters"), None);
    }

    #[test]
    fn values_are_filled_in_at_any_depth() {
        let parameters = json!({"n": 3, "s": "x", "l": [1, 2]});
        let value = json!({"{{$.inputs.parameters['s']}}": ["{{$.inputs.parameters['n']}}-{{$.inputs.parameters['l']}}", 1, null]});
        let find = |inner: &str| parameter(inner, parameters.as_object().unwrap());
        assert_eq!(in_value(&value, &find), json!({"x": ["3-[1,2]", 1, null]}));
    }
}
