//! MLflow's JSON and its habits: it is protobuf's, so whole numbers may come as text, numbers that JSON lacks come as words (or, from
//! Python, bare), `null` means left out, and `run_uuid` is an old name of `run_id`.

use super::error::MlflowError;
use crate::{
    error::{Error, Kind, Result},
    runs::validate,
};
use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
    http::{Method, StatusCode},
};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, Error as _},
};
use serde_json::{Map, Value};

/// The arguments of a call: a JSON body, or for a GET the query.
pub struct Args<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Args<T> {
    type Rejection = MlflowError;
    async fn from_request(request: Request, state: &S) -> std::result::Result<Self, MlflowError> {
        let query = request.uri().query().map(str::to_owned).filter(|q| !q.is_empty());
        if let (&Method::GET, Some(query)) = (request.method(), query) {
            return Ok(Self(from_query(&query)?));
        }
        let body = Bytes::from_request(request, state).await.map_err(|e| {
            if e.status() == StatusCode::PAYLOAD_TOO_LARGE {
                Error::new(Kind::TooLarge, "The body is larger than this server takes. Send less in one request.")
            } else {
                Error::invalid("", "The body could not be read to its end.")
            }
        })?;
        Ok(Self(from_body(&body)?))
    }
}

/// The arguments in a body.
///
/// # Errors
/// Not JSON, not an object, a field that is wrong.
pub fn from_body<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return typed(serde::de::value::MapDeserializer::<_, serde_json::Error>::new(std::iter::empty::<(String, String)>()));
    }
    let text = std::str::from_utf8(body).map_err(|_| Error::invalid("", "The body is not valid UTF-8."))?;
    if !text.trim_start().starts_with('{') {
        return Err(Error::invalid("", "The body is not a JSON object."));
    }
    // A database keeps no zero character; most bodies have none, even in disguise.
    if text.contains("\\u0000") {
        let value: Value = serde_json::from_str(text).map_err(|e| unreadable(&e))?;
        no_zero(&value)?;
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let first = serde_path_to_error::deserialize(&mut reader);
    match first {
        Ok(value) => {
            reader.end().map_err(|e| unreadable(&e))?;
            Ok(value)
        }
        // Python writes NaN and Infinity bare.
        Err(e) if e.inner().is_syntax() && (text.contains("NaN") || text.contains("Infinity")) => {
            let quoted = quote_bare_words(text);
            let mut reader = serde_json::Deserializer::from_str(&quoted);
            typed(&mut reader)
        }
        Err(e) => Err(wrong(&e)),
    }
}

/// Fields of a query that are lists, even where they come once.
const LISTS: [&str; 3] = ["order_by", "experiment_ids", "run_ids"];

fn from_query<T: DeserializeOwned>(query: &str) -> Result<T> {
    let pairs: Vec<(String, String)> =
        serde_urlencoded::from_str(query).map_err(|e| Error::invalid("", format!("The query cannot be read: {e}.")))?;
    let mut object = Map::new();
    for (key, text) in pairs {
        let value = Value::String(text);
        match object.get_mut(&key) {
            Some(Value::Array(items)) => items.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
            None => {
                let value = if LISTS.contains(&key.as_str()) { Value::Array(vec![value]) } else { value };
                object.insert(key, value);
            }
        }
    }
    let value = Value::Object(object);
    no_zero(&value)?;
    typed(value)
}

fn typed<'de, T: DeserializeOwned, D: Deserializer<'de, Error = serde_json::Error>>(reader: D) -> Result<T> {
    serde_path_to_error::deserialize(reader).map_err(|e| wrong(&e))
}

fn unreadable(e: &serde_json::Error) -> Error {
    Error::invalid("", format!("The body is not JSON: {e}."))
}

fn wrong(e: &serde_path_to_error::Error<serde_json::Error>) -> Error {
    let (path, inner) = (e.path().to_string(), e.inner());
    if inner.is_syntax() || inner.is_eof() {
        return unreadable(inner);
    }
    let text = inner.to_string();
    let text = text.split(" at line ").next().unwrap_or(&text);
    Error::invalid(
        &path,
        format!("Invalid value for parameter '{path}' supplied: {text}. See the API docs for more information about request parameters."),
    )
}

fn no_zero(value: &Value) -> Result<()> {
    let fine = match value {
        Value::String(s) => !s.contains('\0'),
        Value::Array(items) => return items.iter().try_for_each(no_zero),
        Value::Object(map) => {
            map.values().try_for_each(no_zero)?;
            !map.keys().any(|k| k.contains('\0'))
        }
        _ => true,
    };
    if fine { Ok(()) } else { Err(Error::invalid("", "A text holds a zero character (\\u0000), which cannot be kept.")) }
}

/// `NaN`, `Infinity`, `-Infinity` outside of texts get quotes.
fn quote_bare_words(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let (mut rest, mut quoted) = (text, false);
    while let Some(c) = rest.chars().next() {
        if quoted {
            let n = if c == '\\' { 1 + rest[1..].chars().next().map_or(0, char::len_utf8) } else { c.len_utf8() };
            out.push_str(&rest[..n]);
            rest = &rest[n..];
            quoted = c != '"';
            continue;
        }
        match ["NaN", "Infinity", "-Infinity"].into_iter().find(|w| rest.starts_with(w)) {
            Some(word) => {
                out.push('"');
                out.push_str(word);
                out.push('"');
                rest = &rest[word.len()..];
            }
            None => {
                quoted = c == '"';
                out.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    out
}

/// A text that has to be there.
///
/// # Errors
/// It is not, or it is empty.
pub fn required(value: Option<String>, name: &str) -> Result<String> {
    value.filter(|v| !v.is_empty()).ok_or_else(|| validate::missing(name))
}

/// `run_id`, or its old name.
///
/// # Errors
/// Neither is there.
pub fn run_id(run_id: Option<String>, run_uuid: Option<String>) -> Result<String> {
    required(run_id.filter(|v| !v.is_empty()).or(run_uuid), "run_id")
}

/// A whole number, as number or as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Int(pub i64);

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(d: D) -> std::result::Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Int;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a whole number of 64 bits")
            }
            fn visit_i64<E: serde::de::Error>(self, n: i64) -> std::result::Result<Int, E> {
                Ok(Int(n))
            }
            fn visit_u64<E: serde::de::Error>(self, n: u64) -> std::result::Result<Int, E> {
                i64::try_from(n).map(Int).map_err(|_| E::custom(format!("{n} is greater than a whole number of 64 bits")))
            }
            fn visit_f64<E: serde::de::Error>(self, x: f64) -> std::result::Result<Int, E> {
                // Protobuf takes 1.0 and 1e3.
                if x.fract() == 0.0 && x.abs() < 9.2e18 { Ok(Int(x as i64)) } else { Err(E::custom(format!("{x} is not a whole number"))) }
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> std::result::Result<Int, E> {
                text.trim().parse().map(Int).map_err(|_| E::custom("a text that is not a whole number of 64 bits"))
            }
        }
        d.deserialize_any(Visitor)
    }
}

/// A number, as number, as text or as a word.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Float(pub f64);

impl<'de> Deserialize<'de> for Float {
    fn deserialize<D: Deserializer<'de>>(d: D) -> std::result::Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Float;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a valid double (64-bit floating point)")
            }
            fn visit_f64<E: serde::de::Error>(self, x: f64) -> std::result::Result<Float, E> {
                Ok(Float(x))
            }
            fn visit_i64<E: serde::de::Error>(self, n: i64) -> std::result::Result<Float, E> {
                Ok(Float(n as f64))
            }
            fn visit_u64<E: serde::de::Error>(self, n: u64) -> std::result::Result<Float, E> {
                Ok(Float(n as f64))
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> std::result::Result<Float, E> {
                match text.trim() {
                    "" => Err(E::custom("a text that is not a valid double (64-bit floating point)")),
                    "NaN" => Ok(Float(f64::NAN)),
                    "Infinity" => Ok(Float(f64::INFINITY)),
                    "-Infinity" => Ok(Float(f64::NEG_INFINITY)),
                    other => other.parse().map(Float).map_err(|_| E::custom("a text that is not a valid double (64-bit floating point)")),
                }
            }
        }
        d.deserialize_any(Visitor)
    }
}

impl Serialize for Float {
    fn serialize<S: Serializer>(&self, s: S) -> std::result::Result<S::Ok, S::Error> {
        if self.0.is_finite() { s.serialize_f64(self.0) } else { crate::runs::view::number(self.0).serialize(s) }
    }
}

/// A list; `null` is an empty one.
pub fn list<'de, D: Deserializer<'de>, T: DeserializeOwned>(d: D) -> std::result::Result<Vec<T>, D::Error> {
    struct Visitor<T>(std::marker::PhantomData<T>);
    impl<'de, T: DeserializeOwned> serde::de::Visitor<'de> for Visitor<T> {
        type Value = Vec<T>;
        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a list")
        }
        fn visit_unit<E: serde::de::Error>(self) -> std::result::Result<Vec<T>, E> {
            Ok(vec![])
        }
        fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<Vec<T>, A::Error> {
            let mut out = Vec::new();
            while let Some(item) = seq.next_element()? {
                out.push(item);
            }
            Ok(out)
        }
    }
    d.deserialize_any(Visitor(std::marker::PhantomData))
}

/// What to see: `ACTIVE_ONLY`, `DELETED_ONLY`, `ALL`, or its number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ViewType(pub crate::records::search::View);

impl<'de> Deserialize<'de> for ViewType {
    fn deserialize<D: Deserializer<'de>>(d: D) -> std::result::Result<Self, D::Error> {
        use crate::records::search::View;
        let value = Value::deserialize(d)?;
        let word = value.as_str().map(str::to_owned).unwrap_or_else(|| value.to_string());
        match word.as_str() {
            "ACTIVE_ONLY" | "1" | "null" | "" => Ok(Self(View::Active)),
            "DELETED_ONLY" | "2" => Ok(Self(View::Deleted)),
            "ALL" | "3" => Ok(Self(View::All)),
            _ => Err(D::Error::custom("expected ACTIVE_ONLY, DELETED_ONLY or ALL")),
        }
    }
}

/// A name with a value: a tag or a parameter.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Pair {
    /// Name.
    #[serde(default)]
    pub key: Option<String>,
    /// Value.
    #[serde(default)]
    pub value: Option<String>,
}

/// Names and values; a name has to be there.
///
/// # Errors
/// It is not.
pub fn pairs(list: Vec<Pair>, what: &str) -> Result<Vec<(String, String)>> {
    let one = |(i, p): (usize, Pair)| Ok((required(p.key, &format!("{what}[{i}].key"))?, p.value.unwrap_or_default()));
    list.into_iter().enumerate().map(one).collect()
}

/// An answer that says nothing: `{}`.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Empty {}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Metric {
        #[serde(default)]
        key: Option<String>,
        value: Option<Float>,
        timestamp: Option<Int>,
        #[serde(default, deserialize_with = "list")]
        tags: Vec<Pair>,
    }

    fn read(text: &str) -> Result<Metric> {
        from_body(text.as_bytes())
    }

    #[test]
    fn numbers_in_every_dress() {
        for (text, value) in
            [("1", 1.0), ("\"2.5\"", 2.5), ("\"Infinity\"", f64::INFINITY), ("-Infinity", f64::NEG_INFINITY), ("1e3", 1000.0)]
        {
            assert_eq!(read(&format!("{{\"value\": {text}}}")).unwrap().value.unwrap().0, value, "{text}");
        }
        let m = read("{\"key\": \"NaN in a \\\"text\\\" NaN\", \"value\": NaN, \"timestamp\": \"12\"}").unwrap();
        assert!(m.value.unwrap().0.is_nan());
        assert_eq!((m.key.as_deref(), m.timestamp.unwrap().0), (Some("NaN in a \"text\" NaN"), 12));
        assert_eq!(read("{\"timestamp\": 1.0}").unwrap().timestamp, Some(Int(1)));
        assert!(read("{\"tags\": null}").unwrap().tags.is_empty());
        assert!(read("").unwrap().key.is_none());
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, part) in [
            ("{", "not JSON"),
            ("[]", "not a JSON object"),
            ("{\"value\": true}", "parameter 'value'"),
            ("{\"value\": \"x\"}", "parameter 'value'"),
            ("{\"timestamp\": 1.5}", "parameter 'timestamp'"),
            ("{\"timestamp\": 99999999999999999999}", "parameter 'timestamp'"),
            ("{\"tags\": 5}", "parameter 'tags'"),
            ("{\"key\": 7}", "parameter 'key'"),
            ("{\"key\": \"a\\u0000b\"}", "zero character"),
            ("{\"value\": NaN", "not JSON"),
            ("{} {}", "not JSON"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.public.contains(part), "{text}: {}", error.public);
        }
        assert!(read("{\"key\": \"a\\\\u0000b\"}").is_ok(), "a backslash and digits are a text like any other");
    }
}
