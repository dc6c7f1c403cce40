//! What handlers take. An extractor is a proof: who holds one has passed the check.

use super::state::Web;
use crate::{
    access::{Known, PlatformAdmin, Principal, TeamEditor, TeamMaintainer, TeamMember, TeamViewer, Via},
    error::{Error, Kind},
};
use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, RawPathParams, Request, rejection::BytesRejection},
    http::{header, request::Parts},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::sync::Arc;

/// Names another field of the form, of which nothing typed is something said.
const EMPTY: &str = "empty";

/// The asker, known or not.
pub struct Anyone(pub Option<Principal>);

impl<S: Sync> FromRequestParts<S> for Anyone {
    type Rejection = Error;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        Ok(Self(parts.extensions.get::<Principal>().cloned()))
    }
}

/// The error where nobody knows who is asking.
pub fn who() -> Error {
    Error::new(Kind::Unauthenticated, "Nobody is signed in.").hint("Sign in, or send a token: Authorization: Bearer slip_…")
}

impl<S: Sync> FromRequestParts<S> for Principal {
    type Rejection = Error;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        parts.extensions.get::<Principal>().cloned().ok_or_else(who)
    }
}

async fn team(parts: &mut Parts, web: &Web) -> Result<TeamMember, Error> {
    let principal = parts.extensions.get::<Principal>().cloned().ok_or_else(who)?;
    let params = RawPathParams::from_request_parts(parts, web).await.map_err(|_| Error::not_found("team"))?;
    let name =
        params.iter().find(|(k, _)| *k == "team").map(|(_, v)| v.to_owned()).ok_or_else(|| Error::internal("a route without {team}"))?;
    match parts.extensions.get::<Arc<Known>>() {
        Some(known) => TeamMember::known(known, &name),
        None => TeamMember::check(&web.store, &principal, &name).await,
    }
}

macro_rules! proofs {
    ($($proof:ty: $allow:expr),*) => {$(
        impl FromRequestParts<Web> for $proof {
            type Rejection = Error;
            async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Error> {
                let member = team(parts, web).await?;
                $allow(&member)?;
                Self::from_member(member)
            }
        }
    )*};
}
proofs!(TeamViewer: anybody, TeamEditor: not_a_run, TeamMaintainer: not_a_run);

/// An editor, or the program of an editor's run: the room looks what that may.
pub struct EditorOrRun(pub TeamEditor);

impl FromRequestParts<Web> for EditorOrRun {
    type Rejection = Error;
    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Error> {
        TeamEditor::from_member(team(parts, web).await?).map(Self)
    }
}

const fn anybody(_: &TeamMember) -> Result<(), Error> {
    Ok(())
}

/// Code that trains changes nothing of the team through this API but for what takes an [`EditorOrRun`]; it logs through MLflow's, where its own
/// run is checked.
///
/// # Errors
/// It is the token of a run.
pub fn not_a_run(member: &TeamMember) -> Result<(), Error> {
    match member.principal.run() {
        Some(_) => Err(Error::forbidden("The token of a run reads here, and logs through MLflow's API.").hint("Use a token of your own.")),
        None => Ok(()),
    }
}

impl<S: Sync> FromRequestParts<S> for PlatformAdmin {
    type Rejection = Error;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        Self::check(&parts.extensions.get::<Principal>().cloned().ok_or_else(who)?)
    }
}

/// Somebody who is signed in, not a token.
pub struct SignedIn(pub Principal);

impl<S: Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Error;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let principal = parts.extensions.get::<Principal>().cloned().ok_or_else(who)?;
        match principal.via {
            Via::Session => Ok(Self(principal)),
            Via::Token { .. } => Err(Error::forbidden("A token may not do this.").hint("Sign in to do it.")),
        }
    }
}

/// A person, signed in or with a token of their own; not a workload.
pub struct Person(pub Principal);

impl<S: Sync> FromRequestParts<S> for Person {
    type Rejection = Error;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let principal = parts.extensions.get::<Principal>().cloned().ok_or_else(who)?;
        match principal.via {
            Via::Token { subject: Some(_), .. } => {
                Err(Error::forbidden("The token of a workload may not do this.").hint("Sign in, or use a token of your own."))
            }
            _ => Ok(Self(principal)),
        }
    }
}

/// A path parameter as text, checked to be of a sane length.
pub struct At<const N: usize>(pub [String; N]);

impl<S: Send + Sync, const N: usize> FromRequestParts<S> for At<N> {
    type Rejection = Error;
    /// The path parameters after `{team}` (or all, where there is none), in order.
    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Error> {
        let params = RawPathParams::from_request_parts(parts, state)
            .await
            .map_err(|_| Error::new(Kind::NotFound, "This path is not valid UTF-8."))?;
        let values: Vec<String> = params.iter().filter(|(k, _)| *k != "team").map(|(_, v)| v.to_owned()).collect();
        if values.iter().any(|v| v.len() > 1000 || v.contains('\0')) {
            return Err(Error::not_found("object"));
        }
        values.try_into().map(Self).map_err(|_| Error::internal("a route with other parameters"))
    }
}

/// A query, with the field named where it is wrong.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Error;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs: Vec<(String, String)> =
            serde_urlencoded::from_str(query).map_err(|e| Error::invalid("", format!("The query cannot be read: {e}.")))?;
        form(&pairs).map(Self)
    }
}

/// A body as JSON or as a form, with the field named where it is wrong.
pub struct Payload<T>(pub T);

impl<T: DeserializeOwned + Serialize, S: Send + Sync> FromRequest<S> for Payload<T> {
    type Rejection = Error;
    async fn from_request(request: Request, state: &S) -> Result<Self, Error> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
        let body = Bytes::from_request(request, state).await.map_err(|e| unread(&e))?;
        if kind.starts_with("application/x-www-form-urlencoded") {
            let pairs: Vec<(String, String)> =
                serde_urlencoded::from_bytes(&body).map_err(|e| Error::invalid("", format!("The form cannot be read: {e}.")))?;
            return form(&pairs).map(Self);
        }
        if !kind.is_empty() && !kind.contains("json") {
            return Err(Error::invalid("", format!("A body of type {kind} is not taken here."))
                .hint("Send JSON with Content-Type: application/json."));
        }
        let value = json(&body)?;
        all_known(&body, &value)?;
        Ok(Self(value))
    }
}

fn unread(rejection: &BytesRejection) -> Error {
    if rejection.status() == axum::http::StatusCode::PAYLOAD_TOO_LARGE {
        Error::new(Kind::TooLarge, "The body is larger than this server takes.")
    } else {
        Error::invalid("", "The body could not be read to its end.").context(rejection.body_text())
    }
}

/// A typed value from JSON.
///
/// # Errors
/// Not JSON, or a wrong field, which is named.
pub fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    // Every request is an object; serde would take a list for one whose fields may all be left out.
    if body.trim_ascii_start().first().is_some_and(|b| *b != b'{') {
        return Err(Error::invalid("", "The body is not a JSON object."));
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|e| {
        let path = e.path().to_string();
        let inner = e.into_inner();
        if inner.is_syntax() || inner.is_eof() {
            return Error::invalid("", format!("The body is not JSON: {inner}."));
        }
        wrong(&path, &inner.to_string())
    })?;
    reader.end().map_err(|e| Error::invalid("", format!("The body has more than one JSON value: {e}.")))?;
    Ok(value)
}

/// A field that was misspelt would be as good as left out, and nobody would know. Serde cannot tell of structs within structs, so what was
/// read is written again: what was sent and is not in there was not read.
fn all_known<T: Serialize>(body: &[u8], value: &T) -> Result<(), Error> {
    // Also what was read past has to be JSON: a number beyond all numbers is none.
    let sent = serde_json::from_slice(body).map_err(|e| Error::invalid("", format!("The body is not JSON: {e}.")))?;
    let Ok(read) = serde_json::to_value(value) else { return Ok(()) };
    match unknown(&sent, &read) {
        None => Ok(()),
        Some(field) if read.get(field).is_some_and(|v| v.is_array() || v.is_object()) => {
            let what = if read[field].is_array() { "a list" } else { "an object" };
            Err(Error::invalid(field, format!("{field} is a text here; in JSON it is {what}.")))
        }
        Some(field) => {
            Err(Error::invalid(field, format!("There is no field {field} here."))
                .hint("/api/openapi.json lists the fields of each request."))
        }
    }
}

/// The first field of `sent` that `read` does not have, or has as a list or an object where a text was sent, as in a form. What is empty
/// may be left out of what is written.
fn unknown<'a>(sent: &'a Value, read: &Value) -> Option<&'a str> {
    let (Value::Object(sent), Value::Object(read)) = (sent, read) else { return None };
    let empty = |v: &Value| match v {
        Value::Null | Value::Bool(false) => true,
        Value::String(s) => s.is_empty(),
        Value::Array(a) => a.is_empty(),
        Value::Object(o) => o.is_empty(),
        _ => false,
    };
    sent.iter().find_map(|(key, value)| match read.get(key) {
        Some(Value::Array(_) | Value::Object(_)) if value.is_string() => Some(key.as_str()),
        Some(read) => unknown(value, read),
        None if empty(value) => None,
        None => Some(key.as_str()),
    })
}

/// A typed value from a form: empty fields count as left out, but for those that a field [`EMPTY`] names, which are empty texts; `env.NAME=x` fills a map, and so do lines of `NAME=value` in one field; a
/// field that comes several times is a list, and so are the lines of one.
///
/// # Errors
/// A wrong field, which is named.
fn form<T: DeserializeOwned>(pairs: &[(String, String)]) -> Result<T, Error> {
    use serde_json::{Map, Value};
    let mut object = Map::new();
    let counts = |key: &String| pairs.iter().any(|(k, v)| k == EMPTY && v == key);
    for (key, text) in pairs.iter().filter(|(k, v)| k != EMPTY && (!v.is_empty() || counts(k))) {
        // A plain browser ends the lines of a text as the mail of old does.
        let text = text.replace("\r\n", "\n");
        // A name that was pasted brings spaces along.
        let value = match key.rsplit('.').next() {
            Some("name") => Value::String(text.trim().to_owned()),
            // People write a command as for a shell.
            Some("command") => {
                let words = crate::runs::command::words(&text).map_err(|e| Error::invalid(key.as_str(), e))?;
                Value::Array(words.into_iter().map(Value::String).collect())
            }
            _ => Value::String(text),
        };
        if let Some((outer, inner)) = key.split_once('.') {
            if let Value::Object(map) = object.entry(outer).or_insert_with(|| Value::Object(Map::new())) {
                map.insert(inner.to_owned(), value);
            }
            continue;
        }
        match object.get_mut(key) {
            Some(Value::Array(items)) => items.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
            None => {
                object.insert(key.clone(), value);
            }
        }
    }
    let lenient = lenient::Lenient(Value::Object(object));
    serde_path_to_error::deserialize(lenient).map_err(|e| wrong(&e.path().to_string(), &e.inner().to_string()))
}

fn wrong(path: &str, message: &str) -> Error {
    let missing = message.strip_prefix("missing field `").and_then(|m| m.split('`').next());
    let field = missing.map_or(path, |m| m).trim_start_matches('.').trim_matches('?');
    let sentence = match missing {
        Some(name) => format!("{name} is missing."),
        None => {
            let text = message.split(" at line ").next().unwrap_or(message);
            if field.is_empty() || field == "." { format!("The request is not as expected: {text}.") } else { format!("{field}: {text}.") }
        }
    };
    Error::invalid(if field == "." { "" } else { field }, sentence)
}

/// A JSON value whose texts also read as numbers and booleans: forms only have text.
mod lenient {
    use crate::runs::command;
    use serde::{
        Deserializer,
        de::{Error as _, IntoDeserializer, MapAccess, SeqAccess, Visitor, value::Error},
        forward_to_deserialize_any,
    };
    use serde_json::{Map, Value};

    pub struct Lenient(pub Value);

    macro_rules! numbers {
        ($($method:ident $visit:ident $t:ty),*) => {$(
            fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
                match &self.0 {
                    Value::String(s) => match s.trim().parse::<$t>() {
                        Ok(n) => visitor.$visit(n),
                        Err(_) => Err(told(format!("\"{s}\" is not a {}number", if stringify!($t) == "f64" { "" } else { "whole " }))),
                    },
                    _ => self.deserialize_any(visitor),
                }
            }
        )*};
    }

    impl<'de> IntoDeserializer<'de, Error> for Lenient {
        type Deserializer = Self;
        fn into_deserializer(self) -> Self {
            self
        }
    }

    impl<'de> Deserializer<'de> for Lenient {
        type Error = Error;

        fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self.0 {
                Value::Object(map) => visitor.visit_map(Fields(map.into_iter(), None)),
                Value::Array(items) => visitor.visit_seq(Items(items.into_iter())),
                Value::String(s) => visitor.visit_string(s),
                _ => visitor.visit_unit(),
            }
        }

        numbers!(deserialize_i64 visit_i64 i64, deserialize_i32 visit_i32 i32, deserialize_u32 visit_u32 u32, deserialize_u64 visit_u64 u64, deserialize_f64 visit_f64 f64);

        fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match &self.0 {
                Value::String(s) => visitor.visit_bool(matches!(s.as_str(), "true" | "on" | "1" | "yes")),
                _ => self.deserialize_any(visitor),
            }
        }

        fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            visitor.visit_some(self)
        }

        fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self.0 {
                Value::String(s) => {
                    let lines = s.lines().map(str::trim).filter(|l| !l.is_empty()).map(|l| Value::String(l.to_owned()));
                    visitor.visit_seq(Items(lines.collect::<Vec<_>>().into_iter()))
                }
                other => Lenient(other).deserialize_any(visitor),
            }
        }

        fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self.0 {
                Value::String(s) => {
                    let pairs = command::pairs(&s).map_err(told)?;
                    let map: Map<String, Value> = pairs.into_iter().map(|(k, v)| (k, Value::String(v))).collect();
                    visitor.visit_map(Fields(map.into_iter(), None))
                }
                other => Lenient(other).deserialize_any(visitor),
            }
        }

        /// A line `A=b` is a structure of two texts.
        fn deserialize_struct<V: Visitor<'de>>(
            self,
            _: &'static str,
            names: &'static [&'static str],
            visitor: V,
        ) -> Result<V::Value, Error> {
            match (self.0, names) {
                (Value::String(line), [first, second]) => {
                    let (a, b) = line.split_once('=').ok_or_else(|| told(format!("\"{line}\" is not NAME=value")))?;
                    let texts = [(*first, a), (*second, b)].map(|(name, text)| (name.to_owned(), Value::String(text.trim().to_owned())));
                    visitor.visit_map(Fields(Map::from_iter(texts).into_iter(), None))
                }
                (other, _) => Lenient(other).deserialize_any(visitor),
            }
        }

        fn deserialize_enum<V: Visitor<'de>>(
            self,
            name: &'static str,
            variants: &'static [&'static str],
            visitor: V,
        ) -> Result<V::Value, Error> {
            match self.0 {
                Value::String(s) => visitor.visit_enum(IntoDeserializer::<Error>::into_deserializer(s)),
                other => {
                    let _ = (name, variants);
                    Lenient(other).deserialize_any(visitor)
                }
            }
        }

        fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
            visitor.visit_newtype_struct(self)
        }

        forward_to_deserialize_any! { i8 i16 i128 u8 u16 u128 f32 char str string bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any }
    }

    fn told(sentence: String) -> Error {
        Error::custom(sentence.trim_end_matches('.'))
    }

    struct Fields(serde_json::map::IntoIter, Option<Value>);

    impl<'de> MapAccess<'de> for Fields {
        type Error = Error;
        fn next_key_seed<K: serde::de::DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
            let Some((key, value)) = self.0.next() else { return Ok(None) };
            self.1 = Some(value);
            seed.deserialize(IntoDeserializer::<Error>::into_deserializer(key)).map(Some)
        }
        fn next_value_seed<V: serde::de::DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
            seed.deserialize(Lenient(self.1.take().unwrap_or(Value::Null)))
        }
    }

    struct Items(std::vec::IntoIter<Value>);

    impl<'de> SeqAccess<'de> for Items {
        type Error = Error;
        fn next_element_seed<T: serde::de::DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
            self.0.next().map(|v| seed.deserialize(Lenient(v))).transpose()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::form;
    use app::api::{
        deployments::{NewDeployment, Redeploy},
        notebooks::NewNotebook,
        pipeline_runs::NewPipelineRun,
        runs::RunQuery,
        tokens::NewToken,
    };

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn forms_fill_typed_requests() {
        let n: NewNotebook = form(&pairs(&[("name", "a"), ("cpu", "2"), ("size", ""), ("env.A", "1"), ("extra", "x")])).unwrap();
        assert_eq!((n.name.as_str(), n.amount.cpu.as_deref(), n.size, n.env["A"].as_str()), ("a", Some("2"), None, "1"));
        let n: NewNotebook = form(&pairs(&[("name", "a"), ("env", "A=1\r\nB=x=y\r\n"), ("secrets", "KEY=warehouse\r\nPIN=door")])).unwrap();
        assert_eq!((n.env["A"].as_str(), n.env["B"].as_str(), n.secrets.len()), ("1", "x=y", 2));
        assert_eq!((n.secrets[1].env.as_str(), n.secrets[1].secret.as_str()), ("PIN", "door"));
        let d: NewDeployment =
            form(&pairs(&[("name", "a"), ("model", "m"), ("version", "2"), ("env", "A=1"), ("secrets", "KEY=s")])).unwrap();
        assert_eq!((d.version, d.env.len(), d.secrets[0].secret.as_str()), (Some(2), 1, "s"));
        let t: NewToken = form(&pairs(&[("name", "t"), ("team", "x"), ("role", "editor"), ("expires_in", "60")])).unwrap();
        assert_eq!(t.expires_in, Some(60));
        let q: RunQuery = form(&pairs(&[("page_size", "7")])).unwrap();
        assert_eq!(q.page_size, Some(7));
        let texts = [("texts.a", ""), ("texts.b", ""), ("empty", "texts.c"), ("empty", "texts.a"), ("name", "")];
        let p: NewPipelineRun = form(&pairs(&texts)).unwrap();
        assert_eq!((p.texts.get("a").map(String::as_str), p.texts.len(), p.name), (Some(""), 1, None));
        let r: Redeploy = form(&pairs(&[("version", "3"), ("memory", "1Gi")])).unwrap();
        assert_eq!((r.version, r.amount.memory.as_deref()), (Some(3), Some("1Gi")));
    }

    #[test]
    fn wrong_fields_are_named() {
        let e = form::<RunQuery>(&pairs(&[("page_size", "x")])).unwrap_err();
        assert_eq!(e.field.as_deref(), Some("page_size"));
        let e = form::<NewNotebook>(&pairs(&[("name", "x"), ("secrets", "KEY")])).unwrap_err();
        assert_eq!(e.field.as_deref().map(|f| &f[..7]), Some("secrets"));
        let e = form::<NewToken>(&pairs(&[("name", "x")])).unwrap_err();
        assert_eq!(e.field.as_deref(), Some("team"));
    }
}
