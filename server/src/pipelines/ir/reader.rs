//! Reads JSON by hand, so that everything wrong is told at once, each with its place, and no field is passed over in silence.

use serde_json::{Map, Value};

use super::Refusal;

/// What was found wrong so far.
#[derive(Default)]
pub(super) struct Reader {
    pub refusals: Vec<Refusal>,
}

/// The fields of one object that were not read yet.
pub(super) struct Fields {
    pub place: String,
    map: Map<String, Value>,
}

impl Fields {
    /// Takes a field; null is the same as none.
    pub fn take(&mut self, key: &str) -> Option<Value> {
        self.map.remove(key).filter(|value| !value.is_null())
    }

    /// The place of a field.
    pub fn at(&self, key: &str) -> String {
        place(&self.place, key)
    }
}

/// The place of a field of an object.
pub(super) fn place(of: &str, key: &str) -> String {
    if of.is_empty() { key.to_owned() } else { format!("{of}.{key}") }
}

/// No text, no field, no item: what the format writes where there is nothing.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Number(n) => n.as_f64() == Some(0.0),
        Value::Bool(true) => false,
    }
}

impl Reader {
    pub fn refuse(&mut self, place: impl Into<String>, reason: impl Into<String>, hint: impl Into<String>) {
        self.refusals.push(Refusal::new(place, reason, hint));
    }

    /// The fields of an object.
    pub fn fields(&mut self, place: String, value: Value) -> Fields {
        match value {
            Value::Object(map) => Fields { place, map },
            Value::Null => Fields { place, map: Map::new() },
            _ => {
                self.refuse(place.clone(), "has to be an object", "compile the pipeline again with the SDK");
                Fields { place, map: Map::new() }
            }
        }
    }

    /// The fields of an object in a field.
    pub fn object(&mut self, of: &mut Fields, key: &str) -> Option<Fields> {
        let value = of.take(key)?;
        let place = of.at(key);
        Some(self.fields(place, value))
    }

    /// The entries of an object whose keys are names, each with its place.
    pub fn entries(&mut self, of: &mut Fields, key: &str) -> Vec<(String, String, Value)> {
        let Some(fields) = self.object(of, key) else { return Vec::new() };
        let Fields { place: outer, map } = fields;
        map.into_iter().map(|(name, value)| (place(&outer, &name), name, value)).collect()
    }

    /// The items of a list, each with its place.
    pub fn items(&mut self, of: &mut Fields, key: &str) -> Vec<(String, Value)> {
        match of.take(key) {
            None => Vec::new(),
            Some(Value::Array(items)) => {
                let place = of.at(key);
                items.into_iter().enumerate().map(|(i, item)| (format!("{place}[{i}]"), item)).collect()
            }
            Some(_) => {
                self.refuse(of.at(key), "has to be a list", "compile the pipeline again with the SDK");
                Vec::new()
            }
        }
    }

    /// A list of texts.
    pub fn texts(&mut self, of: &mut Fields, key: &str) -> Vec<String> {
        let mut out = Vec::new();
        for (place, item) in self.items(of, key) {
            match item {
                Value::String(text) => out.push(text),
                _ => self.refuse(place, "has to be text", "put it in quotes"),
            }
        }
        out
    }

    pub fn text(&mut self, of: &mut Fields, key: &str) -> Option<String> {
        match of.take(key)? {
            Value::String(text) => Some(text),
            _ => {
                self.refuse(of.at(key), "has to be text", "put it in quotes");
                None
            }
        }
    }

    /// A text that has to be there and not be empty.
    pub fn name(&mut self, of: &mut Fields, key: &str) -> String {
        match self.text(of, key).filter(|text| !text.is_empty()) {
            Some(text) => text,
            None => {
                self.refuse(of.at(key), "is missing", "compile the pipeline again with the SDK");
                String::new()
            }
        }
    }

    pub fn flag(&mut self, of: &mut Fields, key: &str) -> bool {
        match of.take(key) {
            None => false,
            Some(Value::Bool(flag)) => flag,
            Some(_) => {
                self.refuse(of.at(key), "has to be true or false", "");
                false
            }
        }
    }

    /// A number; whole numbers of 64 bits are written as text in the format.
    pub fn number(&mut self, of: &mut Fields, key: &str) -> Option<f64> {
        let value = of.take(key)?;
        let number = match &value {
            Value::Number(n) => n.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        if number.is_none() {
            self.refuse(of.at(key), "has to be a number", "");
        }
        number
    }

    /// A whole number that is not negative.
    pub fn count(&mut self, of: &mut Fields, key: &str) -> Option<u64> {
        let number = self.number(of, key)?;
        if number < 0.0 || number.fract() != 0.0 || number > 1e15 {
            self.refuse(of.at(key), format!("has to be a whole number of 0 or more, not {number}"), "");
            return None;
        }
        Some(number as u64)
    }

    /// Seconds, as in `60s`, in milliseconds.
    pub fn duration_ms(&mut self, of: &mut Fields, key: &str) -> Option<u64> {
        let text = self.text(of, key)?;
        let seconds = text.strip_suffix('s').and_then(|n| n.parse::<f64>().ok()).filter(|n| (0.0..=1e9).contains(n));
        if seconds.is_none() {
            self.refuse(of.at(key), format!("{text:?} is no duration"), "write seconds, as in 60s");
        }
        seconds.map(|s| (s * 1000.0) as u64)
    }

    /// A field that is not supported: refused when anything stands in it.
    pub fn never(&mut self, of: &mut Fields, key: &str, reason: &str, hint: &str) {
        if of.take(key).is_some_and(|value| !is_empty(&value)) {
            self.refuse(of.at(key), reason, hint);
        }
    }

    /// A field that says nothing that matters here.
    pub fn skip(&mut self, of: &mut Fields, key: &str) {
        of.take(key);
    }

    /// Refuses what was not read.
    pub fn done(&mut self, fields: Fields) {
        for (key, value) in fields.map {
            if !value.is_null() {
                self.refuse(place(&fields.place, &key), "this field is not known", "it would be ignored: take it out");
            }
        }
    }
}
