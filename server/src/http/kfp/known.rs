//! The fields that a request may have: those of the schema, also what only answers say. Kubeflow Pipelines refuses others, and one that was misspelt
//! would be as good as left out.

use crate::error::{Error, Result};
use serde::{
    Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor},
};
use std::fmt;

/// Names of fields, in snake_case; `a.b` is field `b` of what `a` holds. Where nothing is named within one, it may hold anything.
pub type Fields = &'static [&'static str];

/// Something that a body says.
pub trait Message {
    /// The fields of its schema.
    const FIELDS: Fields;
}

/// Refuses a body with a field that is not in the schema.
///
/// # Errors
/// The first such field.
pub fn check(body: &[u8], fields: Fields) -> Result<()> {
    let mut unknown = None;
    let read = Within { fields, place: "", unknown: &mut unknown }.deserialize(&mut serde_json::Deserializer::from_slice(body));
    read.map_err(|e| Error::invalid("", format!("The body is not as expected: {e}.")))?;
    match unknown {
        None => Ok(()),
        Some(field) => {
            Err(Error::invalid(&field, format!("There is no field {field} here."))
                .hint("The fields are those of Kubeflow Pipelines' v2beta1."))
        }
    }
}

/// The object at a place, of which only the names are read.
struct Within<'a> {
    fields: Fields,
    place: &'a str,
    unknown: &'a mut Option<String>,
}

impl Within<'_> {
    /// The field of the schema, by either of the names that it may come by.
    fn field(&self, name: &str) -> Option<&'static str> {
        let last = |field: &&'static str| match field.rsplit_once('.') {
            Some((place, last)) if place == self.place => Some(last),
            None if self.place.is_empty() => Some(*field),
            _ => None,
        };
        self.fields.iter().find(|field| last(field).is_some_and(|last| last == name || camel(last) == name)).copied()
    }
}

/// protobuf's other name of a field.
fn camel(snake: &str) -> String {
    let mut parts = snake.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |name, part| {
        let (head, rest) = part.split_at(part.len().min(1));
        name + &head.to_ascii_uppercase() + rest
    })
}

impl<'de> DeserializeSeed<'de> for Within<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<(), D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de> Visitor<'de> for Within<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }
    fn visit_none<E>(self) -> std::result::Result<(), E> {
        Ok(())
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> std::result::Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            let field = self.field(&name);
            let inner = |field: &&str| self.fields.iter().any(|f| f.strip_prefix(field).is_some_and(|rest| rest.starts_with('.')));
            if let Some(place) = field.filter(inner) {
                map.next_value_seed(Within { fields: self.fields, place, unknown: &mut *self.unknown })?;
                continue;
            }
            map.next_value::<IgnoredAny>()?;
            if field.is_none() {
                let shown: String = name.chars().take(60).collect();
                let path = if self.place.is_empty() { shown } else { format!("{}.{shown}", self.place) };
                self.unknown.get_or_insert(path);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: Fields = &["display_name", "runtime_config", "runtime_config.pipeline_root", "runtime_config.parameters", "error"];

    #[test]
    fn a_field_is_known_by_both_names() {
        for body in [
            "{}",
            r#"{"display_name": "a", "error": {"anything": 1}, "runtime_config": {"parameters": {"x": 1}, "pipelineRoot": ""}}"#,
            r#"{"displayName": "a", "runtimeConfig": {"parameters": {"runtime_config": 1}}}"#,
            r#"{"runtime_config": null, "error": []}"#,
        ] {
            assert!(check(body.as_bytes(), FIELDS).is_ok(), "{body}");
        }
        for (body, field) in [
            (r#"{"foo": 1, "bar": {}}"#, "foo"),
            (r#"{"pipeline_root": "a"}"#, "pipeline_root"),
            (r#"{"display_Name": "a"}"#, "display_Name"),
            (r#"{"runtime_config.parameters": {}}"#, "runtime_config.parameters"),
            (r#"{"runtimeConfig": {"parameter": {}}, "foo": 1}"#, "runtime_config.parameter"),
        ] {
            assert_eq!(check(body.as_bytes(), FIELDS).unwrap_err().field.as_deref(), Some(field), "{body}");
        }
        assert!(check(br#"{"runtime_config": ["a"]}"#, FIELDS).is_err());
    }
}
