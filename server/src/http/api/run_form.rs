//! A run as a form has it: the command is one line, maps are lines of `NAME=value`. JSON is taken as it is.

use crate::runs::command;
use app::api::{
    resources::ResourcesAsked,
    runs::{Code, NewRun},
    secrets::SecretUse,
};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, MapAccess, SeqAccess, Visitor, value},
    ser,
};
use std::{collections::BTreeMap, fmt, marker::PhantomData};

/// [`NewRun`] from JSON or from a form.
pub struct RunForm(pub NewRun);

#[derive(Deserialize)]
struct Fields {
    name: Option<String>,
    experiment: Option<String>,
    environment: Option<String>,
    #[serde(default, deserialize_with = "either")]
    command: Words,
    size: Option<String>,
    // Not flattened: that would take texts for numbers no more.
    cpu: Option<String>,
    memory: Option<String>,
    gpu: Option<String>,
    nodes: Option<i64>,
    code: Option<Code>,
    git_url: Option<String>,
    git_ref: Option<String>,
    #[serde(default, deserialize_with = "either")]
    params: Pairs,
    #[serde(default, deserialize_with = "either")]
    env: Pairs,
    #[serde(default, deserialize_with = "either")]
    secrets: Uses,
    max_attempts: Option<i64>,
    timeout_seconds: Option<i64>,
}

impl<'de> Deserialize<'de> for RunForm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let f = Fields::deserialize(deserializer)?;
        let from_git = f.git_url.map(|url| Code::Git {
            url: url.trim().to_owned(),
            reference: f.git_ref.map_or_else(|| "HEAD".to_owned(), |r| r.trim().to_owned()),
            commit: None,
        });
        Ok(Self(NewRun {
            name: f.name,
            experiment: f.experiment,
            environment: f.environment,
            command: f.command.0,
            size: f.size,
            amount: ResourcesAsked { cpu: f.cpu, memory: f.memory, gpu: f.gpu },
            nodes: f.nodes,
            code: f.code.or(from_git),
            params: f.params.0,
            env: f.env.0,
            secrets: f.secrets.0,
            max_attempts: f.max_attempts,
            timeout_seconds: f.timeout_seconds,
        }))
    }
}

/// As it was read: with the words that only a form has.
impl Serialize for RunForm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut json = serde_json::to_value(&self.0).map_err(ser::Error::custom)?;
        if let Some(Code::Git { url, reference, .. }) = &self.0.code {
            json["git_url"] = url.as_str().into();
            json["git_ref"] = reference.as_str().into();
        }
        json.serialize(serializer)
    }
}

/// A value that JSON has as a list or a map, and a form as a text.
trait Either: Sized {
    type Whole: for<'de> Deserialize<'de>;
    const WHAT: &'static str;
    fn whole(whole: Self::Whole) -> Self;
    fn text(text: &str) -> Result<Self, String>;
}

#[derive(Default)]
struct Words(Vec<String>);
#[derive(Default)]
struct Pairs(BTreeMap<String, String>);
#[derive(Default)]
struct Uses(Vec<SecretUse>);

impl Either for Words {
    type Whole = Vec<String>;
    const WHAT: &'static str = "a list of words";
    fn whole(whole: Vec<String>) -> Self {
        Self(whole)
    }
    fn text(text: &str) -> Result<Self, String> {
        command::words(text).map(Self)
    }
}

impl Either for Pairs {
    type Whole = BTreeMap<String, String>;
    const WHAT: &'static str = "an object of texts";
    fn whole(whole: BTreeMap<String, String>) -> Self {
        Self(whole)
    }
    fn text(text: &str) -> Result<Self, String> {
        command::pairs(text).map(Self)
    }
}

impl Either for Uses {
    type Whole = Vec<SecretUse>;
    const WHAT: &'static str = "a list of {env, secret}";
    fn whole(whole: Vec<SecretUse>) -> Self {
        Self(whole)
    }
    fn text(text: &str) -> Result<Self, String> {
        Ok(Self(command::pairs(text)?.into_iter().map(|(env, secret)| SecretUse { env, secret }).collect()))
    }
}

fn either<'de, D: Deserializer<'de>, T: Either>(deserializer: D) -> Result<T, D::Error> {
    struct Taker<T>(PhantomData<T>);
    impl<'de, T: Either> Visitor<'de> for Taker<T> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(T::WHAT)
        }
        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            T::text(text).map_err(|sentence| E::custom(sentence.trim_end_matches('.')))
        }
        fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<T, A::Error> {
            T::Whole::deserialize(value::SeqAccessDeserializer::new(seq)).map(T::whole)
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            T::Whole::deserialize(value::MapAccessDeserializer::new(map)).map(T::whole)
        }
    }
    deserializer.deserialize_any(Taker(PhantomData))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_taken_as_it_is() {
        let json = serde_json::json!({
            "command": ["python", "a b.py"], "params": { "lr": "0.1" }, "cpu": "1", "memory": "1Gi", "max_attempts": 2,
            "secrets": [{ "env": "KEY", "secret": "key" }],
            "code": { "type": "git", "url": "https://h/r.git", "ref": "main" },
        });
        let RunForm(run) = serde_json::from_value(json).unwrap();
        assert_eq!(run.command, ["python", "a b.py"]);
        assert_eq!((run.params["lr"].as_str(), run.amount.cpu.as_deref(), run.max_attempts), ("0.1", Some("1"), Some(2)));
        assert_eq!(run.secrets[0].secret, "key");
        assert!(matches!(run.code, Some(Code::Git { reference, .. }) if reference == "main"));
        for wrong in [serde_json::json!({ "command": 5 }), serde_json::json!({ "command": ["a"], "params": ["x"] })] {
            assert!(serde_json::from_value::<RunForm>(wrong).is_err());
        }
    }

    #[test]
    fn texts_of_a_form_become_lists_and_maps() {
        let form = serde_json::json!({
            "command": "python train.py --name 'two words'", "params": "lr=0.1\nepochs=5", "env": "A=1", "secrets": "KEY=warehouse",
            "git_url": "https://h/r.git",
        });
        let RunForm(run) = serde_json::from_value(form).unwrap();
        assert_eq!(run.command, ["python", "train.py", "--name", "two words"]);
        assert_eq!((run.params.len(), run.env["A"].as_str(), run.secrets[0].env.as_str()), (2, "1", "KEY"));
        assert!(matches!(run.code, Some(Code::Git { reference, .. }) if reference == "HEAD"));
        let open = serde_json::from_value::<RunForm>(serde_json::json!({ "command": "echo 'x" })).err().map(|e| e.to_string());
        assert!(open.is_some_and(|e| e.contains("not closed")));
    }
}
