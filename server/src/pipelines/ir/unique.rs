//! JSON in which no key stands twice: of two values one would be passed over, and nobody could say which was meant.

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};
use std::fmt;

/// Documents that stand one after the other.
pub(super) fn read(text: &str) -> serde_json::Result<Vec<Value>> {
    serde_json::Deserializer::from_str(text).into_iter().map(|document| document.map(|Unique(value)| value)).collect()
}

/// A value that is refused where a key stands twice in an object.
struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any).map(Self)
    }
}

struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(Unique(item)) = all.next_element()? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut all: A) -> Result<Value, A::Error> {
        let mut entries = Map::new();
        while let Some(key) = all.next_key::<String>()? {
            if entries.contains_key(&key) {
                return Err(A::Error::custom(format!("the key {key:?} stands twice")));
            }
            let Unique(value) = all.next_value()?;
            entries.insert(key, value);
        }
        Ok(Value::Object(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Result<Value, String> {
        read(text).map(|mut all| all.remove(0)).map_err(|e| e.to_string())
    }

    #[test]
    fn all_else_is_as_it_is() {
        for text in
            [r#"{"a":[1,-2,0.5,1e30,18446744073709551615,true,null,"\u00fc\ud83d\ude00"],"b":{"a":{}},"":[]}"#, "[]", "null", "\"a\""]
        {
            assert_eq!(one(text).unwrap(), serde_json::from_str::<Value>(text).unwrap());
        }
        assert!(one("{\"a\": }").is_err());
        assert!(one(&"[".repeat(10_000)).unwrap_err().contains("recursion limit"));
        assert_eq!(read("{} [1]\n").unwrap().len(), 2);
    }

    #[test]
    fn a_key_that_stands_twice() {
        assert_eq!(one("{\"a\": 1,\n \"b\": {\"c\": 1, \"\\u0063\": 1}}").unwrap_err(), "the key \"c\" stands twice at line 2 column 23");
        assert!(one(r#"[{"a": null, "a": 2}]"#).is_err());
    }
}
