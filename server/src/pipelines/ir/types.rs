use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Type of a parameter, in the words of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ParameterType {
    /// Text.
    String,
    /// A whole number.
    NumberInteger,
    /// A number.
    NumberDouble,
    /// True or false.
    Boolean,
    /// A JSON array.
    List,
    /// A JSON object.
    Struct,
    /// How another task ended: the input of an exit task.
    TaskFinalStatus,
}

impl ParameterType {
    /// The type of this name in the format, also by the names of schema 2.0.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "STRING" => Self::String,
            "NUMBER_INTEGER" | "INT" => Self::NumberInteger,
            "NUMBER_DOUBLE" | "DOUBLE" => Self::NumberDouble,
            "BOOLEAN" => Self::Boolean,
            "LIST" => Self::List,
            "STRUCT" => Self::Struct,
            "TASK_FINAL_STATUS" => Self::TaskFinalStatus,
            _ => return None,
        })
    }

    /// Its name in the format.
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "STRING",
            Self::NumberInteger => "NUMBER_INTEGER",
            Self::NumberDouble => "NUMBER_DOUBLE",
            Self::Boolean => "BOOLEAN",
            Self::List => "LIST",
            Self::Struct => "STRUCT",
            Self::TaskFinalStatus => "TASK_FINAL_STATUS",
        }
    }

    /// Its name for people who fill in a form.
    pub fn words(self) -> &'static str {
        match self {
            Self::String => "text",
            Self::NumberInteger => "a whole number",
            Self::NumberDouble => "a number",
            Self::Boolean => "true or false",
            Self::List => "a JSON list",
            Self::Struct => "a JSON object",
            Self::TaskFinalStatus => "the final status of a task",
        }
    }

    /// Whether a value is of this type as it is.
    pub fn accepts(self, value: &Value) -> bool {
        match self {
            Self::String => value.is_string(),
            Self::NumberInteger => value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|n| n.fract() == 0.0),
            Self::NumberDouble => value.is_number(),
            Self::Boolean => value.is_boolean(),
            Self::List => value.is_array(),
            Self::Struct | Self::TaskFinalStatus => value.is_object(),
        }
    }

    /// The value as this type takes it: whole numbers without a fraction, anything as its JSON text where text is wanted. Null stays null.
    ///
    /// # Errors
    /// Says what was expected and what came.
    pub fn convert(self, value: Value) -> Result<Value, String> {
        match (self, value) {
            (_, Value::Null) => Ok(Value::Null),
            (Self::String, Value::String(text)) => Ok(Value::String(text)),
            (Self::String, other) => Ok(Value::String(json_text(&other))),
            (Self::NumberInteger, Value::Number(n)) => {
                whole(&n).map(Value::from).ok_or_else(|| format!("expected {}, got {n}", self.words()))
            }
            (_, value) if self.accepts(&value) => Ok(value),
            (_, value) => Err(format!("expected {}, got {}", self.words(), kind_of(&value))),
        }
    }

    /// The value that a text stands for: text as it is, everything else as JSON; `True` and `False` too.
    ///
    /// # Errors
    /// When the text is not of this type.
    pub fn from_text(self, text: &str) -> Result<Value, String> {
        let value = match self {
            Self::String => return Ok(Value::String(text.to_owned())),
            Self::Boolean => serde_json::from_str::<Value>(&text.trim().to_lowercase()),
            _ => serde_json::from_str::<Value>(text.trim()),
        };
        let shown: String = text.chars().take(60).collect();
        let value = value.map_err(|_| format!("expected {}, got the text {shown:?}", self.words()))?;
        if value.is_null() {
            return Err(format!("expected {}, got null", self.words()));
        }
        self.convert(value)
    }
}

/// A whole number, also written with `.0`.
fn whole(n: &serde_json::Number) -> Option<i64> {
    n.as_i64().or_else(|| n.as_f64().filter(|f| f.fract() == 0.0 && f.abs() < 9.0e18).map(|f| f as i64))
}

/// Numbers without a needless fraction: the format writes every number as a double.
pub(crate) fn plain(value: Value) -> Value {
    match value {
        Value::Number(n) if n.is_f64() => whole(&n).map_or(Value::Number(n), Value::from),
        Value::Array(items) => Value::Array(items.into_iter().map(plain).collect()),
        Value::Object(map) => Value::Object(map.into_iter().map(|(k, v)| (k, plain(v))).collect::<Map<_, _>>()),
        other => other,
    }
}

/// JSON as text; text as it is.
pub(crate) fn json_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => plain(other.clone()).to_string(),
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// Type of an artifact.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ArtifactType {
    /// As in `system.Dataset`; a type of one's own may be an instance schema instead.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub schema_title: String,
    /// A schema written out, in YAML.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub instance_schema: String,
    /// As in `0.0.1`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub schema_version: String,
}

impl ArtifactType {
    /// As the format writes it.
    pub fn to_json(&self) -> Value {
        let mut map = Map::new();
        for (key, text) in
            [("schemaTitle", &self.schema_title), ("instanceSchema", &self.instance_schema), ("schemaVersion", &self.schema_version)]
        {
            if !text.is_empty() {
                map.insert(key.to_owned(), Value::String(text.clone()));
            }
        }
        Value::Object(map)
    }
}
